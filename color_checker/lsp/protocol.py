"""What pygls does with messages, but for two things that matter to a server that runs for days."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pygls.protocol import LanguageServerProtocol


class Protocol(LanguageServerProtocol):
    """Forgets messages when they are done.

    pygls 2.1 keeps what becomes of each notification for good, 1.5 KB for a key. And it logs a warning when
    the editor takes back a question that was answered in the meantime, which is nobody's mistake.
    """

    def _execute_handler(
        self, msg_id: str | int, handler: Any, callback: Callable[[Any], None],
        args: tuple[Any, ...] | None = None, kwargs: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        def done(future: Any) -> None:
            self._request_futures.pop(msg_id, None)
            callback(future)

        super()._execute_handler(msg_id, handler, done, args, kwargs)

    def _handle_cancel_notification(self, msg_id: str | int) -> None:
        if msg_id in self._request_futures:
            super()._handle_cancel_notification(msg_id)
