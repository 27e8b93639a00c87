"""Sees calls by a profile function while workflow code runs (Python 3.11)."""

from __future__ import annotations

import asyncio
import gc
import warnings
from inspect import CO_COROUTINE
from threading import get_ident
from types import CellType, CodeType, FrameType, FunctionType
from typing import Any

from runtime_min.guard.observer import Observer, Report
from runtime_min.guard.verdict import MISSING
from runtime_min.guard.watchlist import is_ours
from runtime_min.loop import WorkflowLoop
from runtime_min.profiles import Profile, active, switch_off

# What calls the C code of tasks.
_TASK_STEPS = (asyncio.Handle._run.__code__, WorkflowLoop._run_ready.__code__)


class Profiler(Observer):
    """A profile function of the thread, which who enters sets while workflow code runs.

    Where another profiler is active it is left alone, and nothing is seen. Python drops a profile function
    that raises: a workflow that swallows `EffectInWorkflow` is not seen until it is set again.
    """

    def __init__(self) -> None:
        super().__init__()
        self.profile = self._make()
        self._has_warned = False

    def step_back(self) -> None:
        if not self._has_warned:
            self._has_warned = True
            text = (
                "a profiler is active, so runtime_min's guard is off (on Python 3.11 there can be only one)"
            )
            warnings.warn(text, RuntimeWarning, stacklevel=4)

    def unset(self) -> None:
        if active() is self.profile and get_ident() not in self.inside:
            switch_off()

    def _make(self) -> Profile:
        watched, candidates = self.watchlist.watched, self.watchlist.candidates
        harmless, harmless_globals, inside = self.judge.harmless, self.judge.harmless_globals, self.inside

        def profile(frame: FrameType, event: str, arg: Any) -> None:
            if event == "call":
                code = frame.f_code
                # Nobody calls a finalizer: the garbage of plain code may be collected while a workflow runs.
                if id(code) in harmless or code.co_name == "__del__":
                    return
                if id(code) in candidates:
                    self.start(code)
                caller = frame.f_back
                if caller is None:
                    return
                if id(caller.f_code) in watched:
                    if gc.callbacks and _is_of_collector(code):
                        return
                    self._examine(inside.get(get_ident()), caller, *_callee(frame))
                elif id(code) in watched:
                    return
                elif is_ours(frame.f_globals.get("__name__")):
                    self.judge.passes(code)
                elif code.co_flags & CO_COROUTINE and caller.f_code in _TASK_STEPS:
                    # Made by the workflow, started by its event loop.
                    self._examine(inside.get(get_ident()), frame, *_callee(frame))
            elif event == "c_call" and id(frame.f_code) in watched and id(arg) not in harmless_globals:
                self._examine(inside.get(get_ident()), frame, arg, MISSING)

        return profile

    def _examine(self, report: Report | None, caller: FrameType, callee: Any, first: Any) -> None:
        if report is not None:
            entry = self.effect(caller.f_code, caller.f_lasti, callee, first)
            if entry is not None:
                report(entry, caller.f_code, caller.f_lineno)


def _is_of_collector(code: CodeType) -> bool:
    """Whether the garbage collector calls it, whatever code it interrupts."""
    return any(getattr(one, "__code__", None) is code for one in gc.callbacks)


def _callee(frame: FrameType) -> tuple[FunctionType, Any]:
    """The function that starts in `frame`, or one like it, and its first argument."""
    code, local = frame.f_code, frame.f_locals
    first = local.get(code.co_varnames[0], MISSING) if code.co_argcount else MISSING
    function = _by_name(frame)
    if function is None:
        cells = tuple(CellType(local[name]) if name in local else CellType() for name in code.co_freevars)
        function = FunctionType(code, frame.f_globals, code.co_name, None, cells)
        function.__qualname__ = code.co_qualname
    return function, first


def _by_name(frame: FrameType) -> FunctionType | None:
    value: Any = frame.f_globals
    for name in frame.f_code.co_qualname.split("."):
        value = (value if isinstance(value, dict) else getattr(value, "__dict__", {})).get(name)
    return value if isinstance(value, FunctionType) and value.__code__ is frame.f_code else None
