"""Sees calls by `sys.monitoring`, on watched code objects alone (Python 3.12 and later)."""

from __future__ import annotations

import builtins
import sys
import weakref
from threading import get_ident
from types import CodeType, FunctionType, ModuleType
from typing import Any

from runtime_min.guard.observer import Observer
from runtime_min.guard.sites import global_calls
from runtime_min.guard.verdict import MISSING
from runtime_min.guard.watchlist import Role, is_a

assert sys.version_info >= (3, 12)  # so that type checkers for 3.11 skip the rest

_monitoring = sys.monitoring
_NAME = "runtime_min"
_BUILTINS = vars(builtins)
# Those that are meant for debuggers, coverage and profilers are left to them.
_TOOL_IDS = (4, 3, 5)


class NoToolIdError(Exception):
    """Every tool id is taken."""


class Monitor(Observer):
    """Local events: calls of watched code, starts of candidates.

    A call of a global function, class or step that is known to be harmless is not looked at again: its event
    is disabled. So if that name is bound to something else later, only a new guard notices.
    """

    def __init__(self) -> None:
        super().__init__()
        self._calls: dict[int, tuple[weakref.ref[CodeType], dict[int, tuple[str, ...]]]] = {}
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
        judge, inside = self.judge, self.inside
        harmless, harmless_globals, kinds = judge.harmless, judge.harmless_globals, judge.harmless_kinds
        missing, disable = _monitoring.MISSING, _monitoring.DISABLE

        def on_call(code: CodeType, offset: int, callee: Any, first: Any) -> Any:
            if id(callee) in harmless:
                return None
            if id(callee) in harmless_globals or id(type(callee)) in kinds:
                names = self._global_calls(code).get(offset)
                if names and _resolved(names, sys._getframe(1).f_globals) is callee:
                    return disable
                return None
            report = inside.get(get_ident())
            if report is not None:
                entry = self.effect(code, offset, callee, MISSING if first is missing else first)
                if entry is not None:
                    report(entry, code, sys._getframe(1).f_lineno)
            return None

        return on_call

    def _global_calls(self, code: CodeType) -> dict[int, tuple[str, ...]]:
        known = self._calls.get(id(code))
        if known is not None and known[0]() is code:
            return known[1]
        if len(self._calls) >= 10_000:
            self._calls.clear()
        calls = global_calls(code)
        self._calls[id(code)] = (weakref.ref(code), calls)
        return calls

    def _on_start(self) -> Any:
        def on_start(code: CodeType, offset: int) -> Any:
            if get_ident() not in self.inside:
                return None
            self.start(code)
            return _monitoring.DISABLE

        return on_start


def _resolved(names: tuple[str, ...], scope: dict[str, Any]) -> object:
    """What a global name stands for, perhaps in a module, if it is what was defined under this name."""
    value: Any = scope.get(names[0], _BUILTINS.get(names[0]))
    for name in names[1:]:
        if not is_a(value, ModuleType):
            return None
        value = vars(value).get(name)
    is_variable = (is_a(value, FunctionType) or is_a(value, type)) and value.__name__ != names[-1]
    return None if is_variable else value


def _claim() -> int:
    for tool in _TOOL_IDS:
        if _monitoring.get_tool(tool) is None:
            _monitoring.use_tool_id(tool, _NAME)
            return tool
    raise NoToolIdError
