"""What is left of messages when they are done."""

from __future__ import annotations

import asyncio
import gc
import logging
from concurrent.futures import Future

import pytest

from color_checker.lsp.server import ColorServer


def futures() -> int:
    gc.collect()
    return sum(isinstance(one, Future | asyncio.Future) for one in gc.get_objects())


async def sent(server: ColorServer, *messages: dict[str, object]) -> None:
    """As if they came from the editor."""
    protocol = server.protocol
    for message in messages:
        protocol.handle_message(protocol.structure_message({"jsonrpc": "2.0", **message}))
        await asyncio.sleep(0)
    await asyncio.sleep(0.1)


@pytest.mark.asyncio
async def test_nothing_is_left_of_notifications() -> None:
    server = ColorServer()
    document = {"uri": "file:///somewhere/else.py", "languageId": "python", "version": 1, "text": ""}
    opened = {"method": "textDocument/didOpen", "params": {"textDocument": document}}
    closed = {"method": "textDocument/didClose", "params": {"textDocument": document}}
    await sent(server, opened, closed)
    before = futures()
    await sent(server, *[opened, closed] * 50)
    assert futures() <= before + 2


@pytest.mark.asyncio
async def test_a_question_that_is_taken_back_too_late_is_not_worth_a_word(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        await sent(ColorServer(), {"method": "$/cancelRequest", "params": {"id": 12}})
    assert caplog.records == []
