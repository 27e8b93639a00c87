"""pdb, on workflow code that is replayed."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import linecache
import os
import pdb
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

import click

from runtime_min.colors import Step
from runtime_min.debug.frames import (
    COROUTINES,
    INTERNAL,
    Stack,
    first_line,
    is_internal,
    is_of_workflow,
    is_yielding,
    lines_of_functions,
)
from runtime_min.errors import RuntimeMinError
from runtime_min.execution import Execution

if TYPE_CHECKING:
    from runtime_min.debug.session import Session


class DebugError(RuntimeMinError):
    """Something that cannot be debugged in this way; the message says why."""


class Leave(SystemExit):
    """`quit`. A `SystemExit`, which asyncio lets pass where it is raised within workflow code."""


class Debugger(pdb.Pdb):
    """pdb, on workflow code that is replayed.

    It waits silently while the workflow is suspended, and leaves the workflow alone when the user quits.
    """

    def __init__(self, session: Session) -> None:
        skip = [pattern for name in INTERNAL for pattern in (name, f"{name}.*")]
        super().__init__(skip=skip, nosigint=True, readrc=sys.stdin.isatty())
        self.session = session
        self.prompt = "(pdb) "
        self._given: Stack | None = None
        self.reset()
        self.disarm()

    @property
    def armed(self) -> bool:
        """Whether it waits to stop at a next line of workflow code, be it some events later."""
        return self.stopframe is not self.botframe or self.stoplineno != -1

    def disarm(self) -> None:
        """Stop at breakpoints only."""
        # Without any frame to stop at, it would stop everywhere.
        self.botframe = self.botframe or sys._getframe()
        self.set_continue()

    def set_continue(self) -> None:
        self._set_stopinfo(self.botframe, None, -1)  # type: ignore[attr-defined]

    @contextlib.contextmanager
    def listening(self, frame: FrameType) -> Iterator[None]:
        """Hear what the workflow does within; `frame` is where its code is called."""
        session = self.session
        armed = self.armed
        self.botframe = frame
        if not armed:
            self.disarm()
        if not session.tracing or session.silent or not (armed or self.breaks or session.pdb_on is not None):
            # What `back` replays again would stop at each breakpoint.
            yield
            return
        former = sys.gettrace()
        sys.settrace(self.trace_dispatch)
        try:
            yield
        finally:
            sys.settrace(former)

    def hook(self, *_: object, **__: object) -> None:
        """What `breakpoint()` does in workflow code."""
        if self.session.tracing and not self.session.silent:
            self.stop_now(sys._getframe(1))

    def stop_now(self, frame: FrameType | None) -> None:
        """Let the user look at running workflow code, innermost first."""
        while frame is not None and is_internal(frame):
            frame = frame.f_back
        if frame is None:
            return
        traced: FrameType | None = frame
        while traced is not None and traced is not self.botframe:
            traced.f_trace = self.trace_dispatch
            traced = traced.f_back
        self.interaction(frame, None)
        if self.armed or self.breaks:
            sys.settrace(self.trace_dispatch)

    def look(self, stack: Stack, dead: bool) -> None:
        """pdb on frames that do not run now."""
        execution = self.session.execution
        self._given = stack
        try:
            with inside(execution):
                self.interaction(stack[-1][0], None)
        finally:
            self._given = None
        if dead and self.armed:
            self.disarm()
            self.message("This is the end of the replay: go `back`, `goto N` or `restart`.")

    def get_stack(self, f: FrameType | None, t: TracebackType | None) -> tuple[Stack, int]:
        if self._given is not None:
            return self._given, len(self._given) - 1
        stack, index = super().get_stack(f, t)
        current = stack[index][0]
        stack = [entry for entry in stack if entry[0] is current or not is_internal(entry[0])]
        return stack, next(number for number, entry in enumerate(stack) if entry[0] is current)

    def stop_here(self, frame: FrameType) -> bool:
        return super().stop_here(frame) and is_of_workflow(frame)

    # Awaiting is no call and no return.

    def dispatch_return(self, frame: FrameType, arg: Any) -> Any:
        if frame is self.stopframe and frame.f_code.co_flags & COROUTINES and not is_yielding(frame):
            # pdb itself never stops again after `next` or `return` at the end of a coroutine.
            self.set_step()
        return super().dispatch_return(frame, arg)

    def user_call(self, frame: FrameType, argument_list: None) -> None:
        if not frame.f_code.co_flags & COROUTINES:
            super().user_call(frame, argument_list)

    def user_return(self, frame: FrameType, return_value: Any) -> None:
        if not is_yielding(frame):
            super().user_return(frame, return_value)

    def user_exception(self, frame: FrameType, exc_info: Any) -> None:
        # That a coroutine ended well is told to the one that awaits it by an exception.
        if exc_info[0] is not StopIteration:
            super().user_exception(frame, exc_info)

    # Commands.

    def precmd(self, line: str) -> str:
        if not line.startswith("_pdbcmd"):
            echo(line)
        return super().precmd(line)

    def do_event(self, _: str) -> bool:
        """event
        Leave pdb; stop when the event that is handled now is done.
        """
        self.disarm()
        self.session.target = -1
        return True

    def do_quit(self, _: str) -> NoReturn:
        """q(uit) | exit
        Quit.
        """
        self.session.leaving = True
        raise Leave(0)

    do_q = do_exit = do_EOF = do_quit  # type: ignore[assignment]  # noqa: N815 - the names are pdb's

    def do_restart(self, _: str) -> None:
        """restart
        Only at the debug prompt, which `event` leads to.
        """
        self.error("leave pdb with `event` first; then `restart`, `back` or `goto N`")

    do_run = do_restart  # type: ignore[assignment]

    def add(self, text: str) -> str:
        """Set a breakpoint: `FILE:LINE`, `LINE` or `FUNCTION` (of the workflow's module) and `, CONDITION`.

        Returns:
            Where it is.

        Raises:
            DebugError: there is no such place, or no code there.
        """
        place, _, condition = (part.strip() for part in text.partition(","))
        file, line = self.place(place)
        source = linecache.getline(file, line).strip()
        if line not in lines_of_functions(file):
            raise DebugError(f"{place}: no function has code in that line of {os.path.relpath(file)}")
        problem = self.set_break(file, line, cond=condition or None)
        if problem:
            raise DebugError(f"{place}: {problem}")
        return f"breakpoint at {os.path.relpath(file)}:{line}: {source}"

    def place(self, place: str) -> tuple[str, int]:
        code: CodeType = self.session.flow.fn.__code__
        file, _, number = place.rpartition(":")
        if number.isdecimal() and len(number) < 10:
            return (self._file(file) if file else code.co_filename), int(number)
        if file:
            raise DebugError(f"{place}: a breakpoint is FILE:LINE, LINE or FUNCTION")
        found = self._named(place)
        if isinstance(found, Step):
            raise DebugError(f"`{place}` is a step, and no step runs in a replay; break where it is called")
        function = getattr(found, "fn", found)
        if not inspect.isfunction(function):
            known = f"`{self.session.flow.fn.__module__}` has no function `{place}`"
            raise DebugError(f"{known}; a breakpoint is FILE:LINE, LINE or FUNCTION")
        return function.__code__.co_filename, first_line(function.__code__)

    def _named(self, name: str) -> object:
        """What a name means where the workflow is defined, or in its class."""
        flow = self.session.flow
        first, *rest = name.split(".")
        found = flow.fn.__globals__.get(first, getattr(flow.owner, first, None))
        for part in rest:
            found = getattr(found, part, None)
        return found

    def _file(self, name: str) -> str:
        """A source file by its path, or by the end of the path of a module that is loaded."""
        if Path(name).is_file():
            return self.canonic(name)
        tail = Path(name).parts
        loaded = {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}
        found = sorted(path for path in loaded if Path(path).parts[-len(tail) :] == tail)
        if not found:
            raise DebugError(f"{name}: there is no such file, and no module of that name is loaded")
        near = [path for path in found if Path(path).is_relative_to(Path.cwd())]
        return self.canonic((near or found)[0])


def echo(line: str) -> None:
    """Make the output readable where the commands are not typed."""
    if not sys.stdin.isatty():
        click.echo("" if line == "EOF" else line)


@contextlib.contextmanager
def inside(execution: Execution | None) -> Iterator[None]:
    """As within workflow code: there, a step that the user calls at the prompt does not run."""
    outer = asyncio._get_running_loop()
    if execution is None:
        yield
        return
    asyncio._set_running_loop(execution.loop)
    try:
        yield
    finally:
        asyncio._set_running_loop(outer)
