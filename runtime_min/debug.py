"""`runtime-min debug`: replays a recorded run under pdb, event by event, without running any step.

How it works:

- The history is read, and the database closed again, before anything is replayed: nothing is ever written.
  An `Execution` is the run in memory; it only asks for steps, and what runs them, the worker, is not there.
  The guard is off, so that `print`, `breakpoint()` and pdb work in workflow code.
- `Execution.replay` delivers the events that reached the workflow one by one through `activate`. `_Replay`
  stops there, before an event is delivered, when all that the events before led to has been compared. The
  prompt runs in that place; `next` lets the replay go on.
- No coroutine can be made to run backwards: `back` and `goto` put the execution aside and replay the events
  up to the place, with breakpoints unheard.
- Between events all coroutines of the workflow are suspended; their frames are found through `cr_frame` and
  `cr_await`. `pdb` opens pdb on them: what it says of the stack and of variables is as usual, and `next` or
  `step` there stop when that code goes on, however many events later. pdb's trace function is installed only
  while an event is delivered, and never stops in this package or asyncio.
- At a difference, the frames are those of the exception's traceback; pdb then is a post-mortem one.
- With `--listen`, breakpoints are those of the IDE that is attached by debugpy, and pdb keeps out of its way.

Events are counted from 0, as in the file that `runtime-min history` writes. An event that reached the
workflow (its start, a result, a message) and those that it led to (what the workflow asked for) are one stop.
"""

from __future__ import annotations

import asyncio
import asyncio.tasks
import cmd
import contextlib
import dis
import importlib
import inspect
import linecache
import math
import os
import pdb
import reprlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any, NoReturn

import click

from runtime_min.codec import Codec
from runtime_min.colors import Workflow
from runtime_min.errors import RuntimeMinError
from runtime_min.execution import Execution, OperationFuture, Where
from runtime_min.guard import Guard
from runtime_min.history import History
from runtime_min.journal import Event, Incoming, Outgoing, Received, Resolved, Scheduled
from runtime_min.loop import WorkflowTask
from runtime_min.timeline import asked, details, named, shown, told

Stack = list[tuple[FrameType, int]]

_SKIPPED = ("runtime_min", "asyncio", "contextvars", "concurrent", "msgspec", "logging")
_COROUTINES = inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
_WIDTH = 110
_AROUND = 10


class DebugError(RuntimeMinError):
    """Something that cannot be debugged in this way; the message says why."""


class _Leave(SystemExit):
    """`quit`. A `SystemExit`, which asyncio lets pass where it is raised within workflow code."""


class _Restart(Exception):  # noqa: N818 - what is wanted is the name
    """Go back: replay from the start."""


def debug(
    history: History,
    flow: Workflow[..., Any],
    codec: Codec,
    *,
    event: int | None = None,
    pdb_on_event: int | None = None,
    breakpoints: Sequence[str] = (),
    listen: tuple[str, int] | None = None,
) -> bool:
    """Replay a history and let the user look at it, by commands on standard input.

    Args:
        event: where to stop first; at the first difference or at the end if None.
        pdb_on_event: enter pdb where the workflow handles this event, or asks for it.
        breakpoints: as for the command `break`.
        listen: where debugpy waits for an IDE first.

    Returns:
        Whether no difference between history and code was met.

    Raises:
        DebugError: there is no such event, no such place, or no debugpy.
    """
    session = Session(history, flow, codec)
    for number in (event, pdb_on_event):
        if number is not None:
            session.check_number(number)
    if pdb_on_event is not None and not isinstance(history.events[pdb_on_event], Incoming | Outgoing):
        raise DebugError(f"event {pdb_on_event} is the worker's note; the workflow does not see it")
    for place in breakpoints:
        session.debugger.add(place)
    if listen is not None:
        session.tracing = False
        _attach(*listen)
    session.target = math.inf if event is None else event
    session.pdb_on = pdb_on_event
    session.run()
    return session.problem is None


def _attach(host: str, port: int) -> None:
    try:
        debugpy = importlib.import_module("debugpy")
    except ImportError:
        raise DebugError("--listen needs debugpy: pip install debugpy") from None
    try:
        host, port = debugpy.listen((host, port))
    except (OSError, RuntimeError) as error:
        raise DebugError(f"--listen {host}:{port}: {error}") from error
    click.echo(f"waiting for an IDE to attach to {host}:{port}")
    debugpy.wait_for_client()


class Session:
    """A history, the place that was reached in it, and what happens when it is left.

    Attributes:
        at: the last event that has happened; -1 before the start.
        target: the event at which the prompt comes next.
        leaving: the user has quit.
        silent: replaying what was seen before: breakpoints are not heard.
        problem: the difference, if it was reached.
        more: what the workflow asks for at the end, beyond the history.
        ended: the last event has happened.
    """

    def __init__(self, history: History, flow: Workflow[..., Any], codec: Codec) -> None:
        self.history = history
        self.events: Sequence[Event] = history.events
        self.flow = flow
        self.codec = codec
        self.scheduled = {one.position: one for one in self.events if isinstance(one, Scheduled)}
        # The events that reach the workflow, where stops are; each goes on to the next one.
        self.stops = [number for number, one in enumerate(self.events) if isinstance(one, Incoming)]
        self.debugger = Debugger(self)
        self.prompt = Prompt(self)
        self.tracing = True
        self.silent = False
        self.leaving = False
        self.target: float = math.inf
        self.pdb_on: int | None = None
        self.problem: Exception | None = None
        self.execution: Execution | None = None
        self._reset()

    def _reset(self) -> None:
        self.at = -1
        self.more: list[Outgoing] = []
        self.ended = False
        self.differs = False

    def run(self) -> None:
        """Replay, and prompt, until the user leaves."""
        hook, sys.breakpointhook = sys.breakpointhook, self.debugger.hook
        try:
            while self._replayed():
                pass
        finally:
            sys.breakpointhook = hook
            self.debugger.clear_all_breaks()

    def _replayed(self) -> bool:
        """Replay once; True if it is to be done again."""
        self._reset()
        execution = self.execution = _Replay(self)
        try:
            try:
                self.more = execution.replay(self.events)
            except _Restart:
                raise
            except Exception as error:  # noqa: BLE001 - whatever ends the replay is what has to be looked at
                # A `finally` block that the user quit from may go on with anything.
                if self.leaving:
                    return False
                self.problem, self.differs = error, True
            self._reached(len(self.events) - 1 if not self.differs else self.at)
            self.ended = True
            self._prompt()
        except _Restart:
            return True
        except _Leave:
            return False
        finally:
            with contextlib.suppress(_Leave):
                execution.dispose()
            self.execution = None
        return False

    # What the replay tells.

    def before(self, number: int) -> None:
        """The event of this number comes next; all before it is done."""
        if self.leaving:
            raise _Leave(0)
        self._reached(number - 1)
        if self.at >= self.target:
            self.silent = False
            if not self.debugger.armed:
                self._prompt()
        if self.pdb_on == number and not self.silent:
            self.pdb_on = None
            self.debugger.set_step()
            self.target = math.inf
        if self.debugger.armed and not self.silent:
            click.echo(f"[event {number}] {self.text(number)}")

    def _reached(self, number: int) -> None:
        self.at = number

    def _prompt(self) -> None:
        self.silent = False
        self.debugger.disarm()
        self.target = -1
        self.prompt.show_place()
        self.prompt.cmdloop()

    # What the commands do.

    def go(self, target: float) -> None:
        """Go on to an event, forward or back."""
        if target < self.at or (self.ended and target <= self.at):
            self.target, self.silent = target, True
            raise _Restart
        self.target = target

    def check_number(self, number: int) -> None:
        """Raises: DebugError: there is no event of this number."""
        if not 0 <= number < len(self.events):
            raise DebugError(f"there is no event {number}; the run has events 0 to {len(self.events) - 1}")

    def stop_of(self, number: int) -> int:
        """The stop that an event belongs to, as its index."""
        return max((index for index, stop in enumerate(self.stops) if stop <= number), default=-1)

    def last_of(self, stop: int) -> int:
        """The last event of a stop; -1 before the first."""
        if stop < 0:
            return -1
        return self.stops[stop + 1] - 1 if stop + 1 < len(self.stops) else len(self.events) - 1

    def text(self, number: int) -> str:
        """An event in one line."""
        return told(self.events[number], self.scheduled, self.codec)

    def stack(self) -> Stack:
        """The innermost code of the workflow that is known, outermost frame first."""
        if self.problem is not None and self.differs:
            found = _frames_of(self.problem.__traceback__)
            if found:
                return found
        for task in self.tasks():
            found = _chain(task.get_coro())
            if found:
                return found
        return []

    def tasks(self) -> list[WorkflowTask[Any]]:
        """The tasks that have not ended, oldest first."""
        execution = self.execution
        return [] if execution is None else [task for task in execution.loop._tasks if not task.done()]

    def waits_for(self, task: WorkflowTask[Any]) -> str:
        """What a task waits for, in words."""
        future = getattr(task, "_fut_waiter", None)
        assert self.execution is not None, "there are tasks only of an execution"
        position = future._position if isinstance(future, OperationFuture) else _timer_position(future)
        if position is not None:
            scheduled = self.scheduled.get(position)
            what = named(scheduled, self.codec) if scheduled is not None else "operation"
            return f"{what} #{position}"
        if isinstance(future, asyncio.Task):
            return future.get_name()
        for name, queue in self.execution._signals.items():
            if future in queue._getters:  # type: ignore[attr-defined]
                return f"signal {name}"
        parts = getattr(future, "_children", None)
        return f"{len(parts)} tasks" if parts else "" if future is None else "another task"


class _Replay(Execution):
    """Stops between events, and has pdb listen while one is handled."""

    def __init__(self, session: Session) -> None:
        history = session.history
        super().__init__(session.flow, history.id, session.codec, Guard("off"), history.generation)
        self.session = session
        self._stop = -1
        self._number = 0  # of the next outgoing event

    def activate(self, event: Incoming) -> list[Outgoing]:
        session = self.session
        self._stop += 1
        self._number = session.stops[self._stop] + 1
        session.before(session.stops[self._stop])
        with session.debugger.listening(sys._getframe()):
            return super().activate(event)

    def _emit(self, event: Outgoing, where: Where | None = None) -> Outgoing:
        events, session = self.session.events, self.session
        while self._number < len(events) and not isinstance(events[self._number], Outgoing | Incoming):
            self._number += 1
        if session.pdb_on == self._number and not session.silent:
            session.pdb_on = None
            click.echo(f"[event {self._number}] {session.text(self._number)}")
            session.debugger.stop_now(sys._getframe(1))
        self._number += 1
        return super()._emit(event, where)


class Debugger(pdb.Pdb):
    """pdb, on workflow code that is replayed.

    It waits silently while the workflow is suspended, and leaves the workflow alone when the user quits.
    """

    def __init__(self, session: Session) -> None:
        skip = [pattern for name in _SKIPPED for pattern in (name, f"{name}.*")]
        super().__init__(skip=skip, nosigint=True, readrc=sys.stdin.isatty())
        self.session = session
        self.prompt = "(pdb) "
        self.listens = False
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
        self.listens = True
        former = sys.gettrace()
        sys.settrace(self.trace_dispatch)
        try:
            yield
        finally:
            sys.settrace(former)
            self.listens = False

    def hook(self, *_: object, **__: object) -> None:
        """What `breakpoint()` does in workflow code."""
        if self.session.tracing and not self.session.silent:
            self.stop_now(sys._getframe(1))

    def stop_now(self, frame: FrameType | None) -> None:
        """Let the user look at running workflow code, innermost first."""
        while frame is not None and _is_internal(frame):
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
            with _inside(execution):
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
        stack = [entry for entry in stack if entry[0] is current or not _is_internal(entry[0])]
        return stack, next(number for number, entry in enumerate(stack) if entry[0] is current)

    def stop_here(self, frame: FrameType) -> bool:
        return super().stop_here(frame) and _is_of_workflow(frame)

    # Awaiting is no call and no return.

    def dispatch_return(self, frame: FrameType, arg: Any) -> Any:
        if frame is self.stopframe and frame.f_code.co_flags & _COROUTINES and not _is_yielding(frame):
            # pdb itself never stops again after `next` or `return` at the end of a coroutine.
            self.set_step()
        return super().dispatch_return(frame, arg)

    def user_call(self, frame: FrameType, argument_list: None) -> None:
        if not frame.f_code.co_flags & _COROUTINES:
            super().user_call(frame, argument_list)

    def user_return(self, frame: FrameType, return_value: Any) -> None:
        if not _is_yielding(frame):
            super().user_return(frame, return_value)

    def user_exception(self, frame: FrameType, exc_info: Any) -> None:
        # That a coroutine ended well is told to the one that awaits it by an exception.
        if exc_info[0] is not StopIteration:
            super().user_exception(frame, exc_info)

    # Commands.

    def precmd(self, line: str) -> str:
        if not line.startswith("_pdbcmd"):
            _echo(line)
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
        raise _Leave(0)

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
        file, line = self._place(place)
        source = linecache.getline(file, line).strip()
        if line not in _lines_of_functions(file):
            raise DebugError(f"{place}: no function has code in that line of {os.path.relpath(file)}")
        problem = self.set_break(file, line, cond=condition or None)
        if problem:
            raise DebugError(f"{place}: {problem}")
        return f"breakpoint at {os.path.relpath(file)}:{line}: {source}"

    def _place(self, place: str) -> tuple[str, int]:
        code: CodeType = self.session.flow.fn.__code__
        file, _, number = place.rpartition(":")
        if number.isdigit():
            return (self._file(file) if file else code.co_filename), int(number)
        if file:
            raise DebugError(f"{place}: a breakpoint is FILE:LINE, LINE or FUNCTION")
        found = self.session.flow.fn.__globals__.get(place)
        function = getattr(found, "fn", found)
        if not inspect.isfunction(function):
            known = f"`{self.session.flow.fn.__module__}` has no function `{place}`"
            raise DebugError(f"{known}; a breakpoint is FILE:LINE, LINE or FUNCTION")
        return function.__code__.co_filename, _first_line(function.__code__)

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


class Prompt(cmd.Cmd):
    """The commands between events."""

    prompt = "(debug) "
    doc_header = "Commands (help COMMAND says more):"

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    # How commands are read.

    def precmd(self, line: str) -> str:
        _echo(line)
        return line

    def onecmd(self, line: str) -> bool:
        try:
            return bool(super().onecmd(line))
        except DebugError as error:
            click.echo(f"*** {error}")
            return False

    def emptyline(self) -> bool:
        return self.onecmd(self.lastcmd) if self.lastcmd in ("next", "n", "back") else False

    def default(self, line: str) -> None:
        if line == "EOF":
            self.do_quit("")
        click.echo(f"*** there is no command `{line.split(maxsplit=1)[0]}`; `help` lists them")

    # Going.

    def do_next(self, argument: str) -> bool:
        """n(ext) [COUNT]: deliver the next event (or so many) and stop after what it led to."""
        session = self.session
        if session.ended:
            click.echo("*** the replay is at its end; `back`, `goto N` or `restart`")
            return False
        stop = session.stop_of(session.at) + _number(argument, 1)
        session.go(session.last_of(min(stop, len(session.stops) - 1)))
        return True

    def do_back(self, argument: str) -> bool:
        """back [COUNT]: replay again, up to the event before this one (or so many before)."""
        session = self.session
        # A difference is met before its stop is complete.
        here = session.stop_of(session.at) + (1 if session.differs else 0)
        if here < 0:
            click.echo("*** this is before the first event")
            return False
        session.go(session.last_of(max(here - _number(argument, 1), -1)))
        return True

    def do_goto(self, argument: str) -> bool:
        """g(oto) N: go to event N, forward or back. Breakpoints are heard on the way forward only."""
        session = self.session
        number = _number(argument)
        session.check_number(number)
        target = session.last_of(session.stop_of(number))
        if target == session.at and not session.differs:
            self.show_place()
            return False
        session.go(target)
        return True

    def do_continue(self, _: str) -> bool:
        """c(ontinue): go on to a breakpoint, the first difference or the end of the history."""
        if self.session.ended:
            return self.do_next("")
        self.session.go(math.inf)
        return True

    def do_restart(self, _: str) -> bool:
        """restart: go back to before the first event; from there, breakpoints are heard."""
        self.session.go(-1.5)
        return True

    def do_quit(self, _: str) -> NoReturn:
        """q(uit): leave."""
        raise _Leave(0)

    # Looking.

    def show_place(self) -> None:
        """What has just happened."""
        session = self.session
        stop, count = session.stop_of(session.at), len(session.events)
        if session.differs:
            there = min(stop + 1, len(session.stops) - 1)
            self._events(session.stops[there], session.last_of(there))
            click.echo(f"!!! {type(session.problem).__name__}: {session.problem}")
            return
        if session.at < 0:
            click.echo(f"before the first of {count} events of `{session.history.id}`")
            return
        self._events(session.stops[stop], session.at)
        if session.ended:
            self._show_end()

    def _show_end(self) -> None:
        session = self.session
        assert session.execution is not None, "the prompt is there during a replay"
        closed = session.execution.closed
        for event in session.more:
            click.echo(f"      then: {_cut(told(event, session.scheduled, session.codec))}")
        if closed is not None:
            click.echo(f"end of the history: the workflow is {closed.ending}")
            return
        click.echo("end of the history: the workflow waits here")
        for line in self._places():
            click.echo(line)

    def _places(self) -> Iterator[str]:
        session = self.session
        for task in session.tasks():
            stack = _chain(task.get_coro())
            if stack:
                frame, line = stack[-1]
                waits = session.waits_for(task)
                yield f"  {task.get_name()}: {_place(frame, line)}" + (f"  (for {waits})" if waits else "")

    def do_events(self, argument: str) -> None:
        """e(vents) [FIRST [LAST]]: list recorded events, by default those around this one; `>` is here."""
        session = self.session
        numbers = [_number(part) for part in argument.split()]
        first = numbers[0] if numbers else max(session.at - _AROUND, 0)
        last = numbers[1] if len(numbers) > 1 else first + 2 * _AROUND
        session.check_number(first)
        self._events(first, min(last, len(session.events) - 1))

    def _events(self, first: int, last: int) -> None:
        for number in range(first, last + 1):
            mark = ">" if number == self.session.at else " "
            indent = "" if isinstance(self.session.events[number], Incoming) else "  "
            click.echo(f"{mark}{number:5} {indent}{_cut(self.session.text(number))}")

    def do_event(self, argument: str) -> None:
        """event [N]: all that is recorded of event N, by default of the last one that happened."""
        session = self.session
        number = _number(argument, max(session.at, 0))
        session.check_number(number)
        click.echo(f"event {number}: {session.text(number)}")
        for name, value in details(session.events[number], session.codec):
            click.echo(f"  {name}: {value}".replace("\n", "\n    "))

    def do_open(self, _: str) -> None:
        """o(pen): the operations that the workflow has asked for and not got yet, and what they will give."""
        session = self.session
        assert session.execution is not None, "the prompt is there during a replay"
        ends = {
            one.position: number
            for number, one in enumerate(session.events)
            if number > session.at and isinstance(one, Resolved)
        }
        for position, operation in session.execution.operations.items():
            event = operation.event
            click.echo(_cut(asked(event, session.codec)))
            if event.where:
                click.echo(f"    asked for at {event.where}: {event.line}")
            end = ends.get(position)
            click.echo(f"    event {end}: {session.text(end)}" if end else "    its end is not recorded")
        if not session.execution.operations:
            click.echo("nothing is open")

    def do_signals(self, _: str) -> None:
        """signals: the messages that have arrived so far, and which of them the workflow has not taken."""
        session = self.session
        assert session.execution is not None, "the prompt is there during a replay"
        arrived = [number for number in range(session.at + 1) if isinstance(session.events[number], Received)]
        for number in arrived:
            click.echo(f" {number:5} {_cut(session.text(number))}")
        for one in session.execution.leftover():
            click.echo(f"not taken yet: {_cut(f'{one.name} {shown(session.codec, one.value)}')}")
        if not arrived:
            click.echo("no message has arrived")

    def do_where(self, _: str) -> None:
        """w(here): the stack of each task of the workflow, innermost code last, with local variables."""
        session = self.session
        found = False
        if session.differs and session.problem is not None:
            stack = _frames_of(session.problem.__traceback__)
            found = bool(stack)
            if stack:
                click.echo("where it differs:")
                _print_stack(stack)
        for task in session.tasks():
            stack = _chain(task.get_coro())
            if stack:
                found = True
                waits = session.waits_for(task)
                click.echo(f"{task.get_name()}:" + (f"  (waits for {waits})" if waits else ""))
                _print_stack(stack)
        if not found:
            click.echo("no code of the workflow is running")

    def do_p(self, argument: str) -> None:
        """p EXPRESSION: evaluate it in the innermost code of the workflow."""
        stack = self.session.stack()
        if not stack:
            raise DebugError("no code of the workflow is running")
        frame = stack[-1][0]
        try:
            with _inside(self.session.execution):
                value = eval(argument, frame.f_globals, frame.f_locals)
                _drop(value)
            click.echo(repr(value))
        except Exception as error:  # noqa: BLE001 - the user's expression may raise anything
            click.echo(f"*** {type(error).__name__}: {error}")

    # pdb.

    def do_pdb(self, _: str) -> bool:
        """pdb: enter pdb in the workflow's code, where it waits (or where it differs).

        `next`, `step` and `continue` there go on with the replay, over as many events as it takes; `event`
        leaves pdb when the present event is done.
        """
        session = self.session
        self._need_tracing()
        stack = session.stack()
        session.target = math.inf
        if not stack and not session.ended:
            session.debugger.set_step()
            return True
        if not stack:
            raise DebugError("no code of the workflow is running any more; go `back`, `goto N` or `restart`")
        session.debugger.look(stack, dead=session.ended)
        if session.ended:
            return False
        # `event` sets the target to here.
        if session.target < session.at + 1 and not session.debugger.armed:
            self.show_place()
            return False
        return True

    def do_break(self, argument: str) -> None:
        """b(reak) [FILE:LINE | LINE | FUNCTION [, CONDITION]]: set a breakpoint, or list them."""
        self._need_tracing()
        if argument:
            click.echo(self.session.debugger.add(argument))
            return
        places = [(file, line) for file, lines in self.session.debugger.breaks.items() for line in lines]
        for file, line in sorted(places):
            click.echo(f"{os.path.relpath(file)}:{line}: {linecache.getline(file, line).strip()}")
        if not places:
            click.echo("there are no breakpoints")

    def do_clear(self, argument: str) -> None:
        """clear [FILE:LINE | LINE | FUNCTION]: remove a breakpoint; without argument, all."""
        debugger = self.session.debugger
        if not argument:
            debugger.clear_all_breaks()
        elif problem := debugger.clear_break(*debugger._place(argument)):
            raise DebugError(problem)
        click.echo("cleared")

    def _need_tracing(self) -> None:
        if not self.session.tracing:
            raise DebugError("with --listen, the IDE has the breakpoints and the stepping")

    do_n = do_next
    do_g = do_goto
    do_c = do_continue
    do_q = do_quit
    do_e = do_events
    do_o = do_open
    do_w = do_stack = do_where
    do_b = do_break
    do_r = do_restart

    def do_help(self, arg: str) -> None:
        """help [COMMAND]"""
        if arg:
            method = getattr(self, f"do_{arg}", None)
            text = inspect.getdoc(method) if method is not None else None
            click.echo(text or f"*** there is no command `{arg}`")
            return
        click.echo("An empty line repeats `next` and `back`. Commands:")
        for name in (
            *("next", "back", "goto", "continue", "restart", "events", "event", "open", "signals"),
            *("where", "p", "pdb", "break", "clear", "quit"),
        ):
            click.echo(f"  {(inspect.getdoc(getattr(self, f'do_{name}')) or '').partition(chr(10))[0]}")


def _echo(line: str) -> None:
    """Make the output readable where the commands are not typed."""
    if not sys.stdin.isatty():
        click.echo("" if line == "EOF" else line)


def _number(text: str, default: int | None = None) -> int:
    if not text and default is not None:
        return default
    if not text.isdigit():
        raise DebugError(f"`{text}` is no number of an event" if text else "a number is needed")
    return int(text)


def _cut(text: str) -> str:
    line = text.replace("\n", " ")
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"


def _drop(value: object) -> None:
    """A step that was called at the prompt is a call that nobody awaits."""
    if asyncio.iscoroutine(value):
        value.close()


@contextlib.contextmanager
def _inside(execution: Execution | None) -> Iterator[None]:
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


def _is_internal(frame: FrameType) -> bool:
    """Whether it is code of the runtime and not of the user."""
    name = frame.f_globals.get("__name__", "")
    return name in _SKIPPED or name.startswith(tuple(f"{one}." for one in _SKIPPED))


def _is_of_workflow(frame: FrameType) -> bool:
    """Whether the workflow calls this code, and not the runtime or asyncio, to decode a result, say."""
    outer: FrameType | None = frame
    while outer is not None and not _is_internal(outer):
        frame, outer = outer, outer.f_back
    if outer is None:
        return False
    if outer.f_code in (asyncio.Handle._run.__code__, Execution._body.__code__):
        return True
    # `asyncio.wait_for` and others await what the workflow gave them.
    is_asyncio = outer.f_globals.get("__name__", "").startswith("asyncio.")
    return is_asyncio and bool(frame.f_code.co_flags & _COROUTINES)


def _chain(coroutine: Any) -> Stack:
    """The frames of suspended code, from what awaits to what is awaited."""
    stack: Stack = []
    while coroutine is not None:
        frame = next(
            (
                found
                for name in ("cr_frame", "gi_frame", "ag_frame")
                if (found := getattr(coroutine, name, None)) is not None
            ),
            None,
        )
        if frame is None:
            break
        if not _is_internal(frame):
            stack.append((frame, frame.f_lineno))
        awaited = ("cr_await", "gi_yieldfrom", "ag_await")
        coroutine = next(
            (found for name in awaited if (found := getattr(coroutine, name, None)) is not None), None
        )
    return stack


def _frames_of(trace: TracebackType | None) -> Stack:
    """The workflow's part of a traceback."""
    stack: Stack = []
    while trace is not None:
        if not _is_internal(trace.tb_frame):
            stack.append((trace.tb_frame, trace.tb_lineno))
        trace = trace.tb_next
    return stack


def _timer_position(future: object) -> int | None:
    position: int | None = getattr(getattr(future, "timer", None), "position", None)
    return position


def _is_yielding(frame: FrameType) -> bool:
    """Whether what looks like a return is a coroutine that begins to wait."""
    code = frame.f_code
    if not code.co_flags & _COROUTINES or frame.f_lasti < 0:
        return False
    # Python 3.13 is already at the instruction behind it.
    return dis.opname[code.co_code[frame.f_lasti]] in ("YIELD_VALUE", "RESUME")


def _lines_of_functions(file: str) -> set[int]:
    """Where replayed code of a file can stop; what is outside of functions ran when it was imported."""
    try:
        outer = compile("".join(linecache.getlines(file)), file, "exec")
    except (SyntaxError, ValueError):
        return set()
    codes = [outer]
    for code in codes:
        codes += [one for one in code.co_consts if isinstance(one, CodeType)]
    functions = [code for code in codes if code.co_flags & inspect.CO_NEWLOCALS]
    return {
        line for code in functions for _, _, line in code.co_lines() if line and line > code.co_firstlineno
    } | {code.co_firstlineno for code in functions if len({line for _, _, line in code.co_lines()}) == 1}


def _first_line(code: CodeType) -> int:
    """The first line of a function's body, where all its arguments are known."""
    lines = [line for _, _, line in code.co_lines() if line is not None and line > code.co_firstlineno]
    body = [line for line in lines if not linecache.getline(code.co_filename, line).lstrip().startswith("@")]
    signature = _line_of_def(code)
    return next((line for line in body if line > signature), code.co_firstlineno)


def _line_of_def(code: CodeType) -> int:
    for line in range(code.co_firstlineno, code.co_firstlineno + 100):
        if linecache.getline(code.co_filename, line).lstrip().startswith(("def ", "async def ")):
            return line
    return code.co_firstlineno


def _place(frame: FrameType, line: int) -> str:
    code = frame.f_code
    source = linecache.getline(code.co_filename, line, frame.f_globals).strip()
    return f"{os.path.basename(code.co_filename)}:{line} {code.co_name}: {source}"


def _print_stack(stack: Iterable[tuple[FrameType, int]]) -> None:
    for frame, line in stack:
        click.echo(f"  {_place(frame, line)}")
        for name, value in frame.f_locals.items():
            if not name.startswith("__"):
                click.echo(f"      {name} = {_shown.repr(value)}")


_shown = reprlib.Repr()
_shown.maxstring = _shown.maxother = 80
_shown.maxdict = _shown.maxlist = _shown.maxtuple = 8


__all__ = ["DebugError", "Session", "debug"]
