"""Sees calls by `sys.monitoring`, on watched code objects alone (Python 3.12 and later)."""

from __future__ import annotations

import sys
from threading import get_ident
from types import CodeType
from typing import Any

from runtime_min.guard.observer import Observer
from runtime_min.guard.verdict import MISSING
from runtime_min.guard.watchlist import Role

assert sys.version_info >= (3, 12)  # so that type checkers for 3.11 skip the rest

_monitoring = sys.monitoring
_NAME = "runtime_min"
# Those that are meant for debuggers, coverage and profilers are left to them.
_TOOL_IDS = (4, 3, 5)


class NoToolIdError(Exception):
    """Every tool id is taken."""


class Monitor(Observer):
    """Local events: calls of watched code, starts of candidates."""

    def __init__(self) -> None:
        super().__init__()
        self._tool = _claim()
        events = _monitoring.events
        self._events = {"watched": events.CALL, "candidate": events.PY_START}
        _monitoring.register_callback(self._tool, events.CALL, self._on_call())
        _monitoring.register_callback(self._tool, events.PY_START, self._on_start())

    def change(self, code: CodeType, role: Role) -> None:
        _monitoring.set_local_events(self._tool, code, self._events[role])

    def close(self) -> None:
        super().close()
        for code in self.watchlist.codes():
            _monitoring.set_local_events(self._tool, code, 0)
        for event in self._events.values():
            _monitoring.register_callback(self._tool, event, None)
        _monitoring.free_tool_id(self._tool)

    def _on_call(self) -> Any:
        harmless, kinds, inside = self.judge.harmless, self.judge.harmless_kinds, self.inside
        missing = _monitoring.MISSING

        def on_call(code: CodeType, offset: int, callee: Any, first: Any) -> None:
            if id(callee) in harmless or id(type(callee)) in kinds:
                return
            report = inside.get(get_ident())
            if report is None:
                return
            entry = self.effect(code, offset, callee, MISSING if first is missing else first)
            if entry is not None:
                report(entry, code, sys._getframe(1).f_lineno)

        return on_call

    def _on_start(self) -> Any:
        def on_start(code: CodeType, offset: int) -> Any:
            if get_ident() not in self.inside:
                return None
            self.start(code)
            return _monitoring.DISABLE

        return on_start


def _claim() -> int:
    for tool in _TOOL_IDS:
        if _monitoring.get_tool(tool) is None:
            _monitoring.use_tool_id(tool, _NAME)
            return tool
    raise NoToolIdError
