"""The commands between events."""

from __future__ import annotations

import asyncio
import cmd
import inspect
import linecache
import math
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

import click

from runtime_min.debug.debugger import DebugError, Leave, echo, inside
from runtime_min.debug.frames import chain, frames_of, place_of, print_stack
from runtime_min.journal import Incoming, Received, Resolved
from runtime_min.timeline import asked, details, shown, told, visible

if TYPE_CHECKING:
    from runtime_min.debug.session import Session

_WIDTH = 110
_AROUND = 10


class Prompt(cmd.Cmd):
    """The commands between events."""

    prompt = "(debug) "
    doc_header = "Commands (help COMMAND says more):"

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    # How commands are read.

    def ask(self) -> None:
        """Do what the user says, until that is to go on. Ctrl+C gives up a command, as in pdb."""
        while True:
            try:
                return self.cmdloop()
            except KeyboardInterrupt:
                click.echo("\n--KeyboardInterrupt-- (`q` quits)")

    def precmd(self, line: str) -> str:
        echo(line)
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
        raise Leave(0)

    # Looking.

    def show_place(self) -> None:
        """What has just happened."""
        session = self.session
        stop, count = session.stop_of(session.at), len(session.events)
        if session.differs:
            there = min(stop + 1, len(session.stops) - 1)
            self._events(session.stops[there], session.last_of(there))
            click.echo(f"!!! {type(session.problem).__name__}: {session.problem}".rstrip(": "))
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
            stack = chain(task.get_coro())
            if stack:
                frame, line = stack[-1]
                waits = session.waits_for(task)
                yield f"  {task.get_name()}: {place_of(frame, line)}" + (f"  (for {waits})" if waits else "")

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
        click.echo(f"event {number}: {visible(session.text(number))}")
        for name, value in details(session.events[number], session.codec):
            click.echo(visible(f"  {name}: {value}").replace("\n", "\n    "))

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
            stack = frames_of(session.problem.__traceback__)
            found = bool(stack)
            if stack:
                click.echo("where it differs:")
                print_stack(stack)
        for task in session.tasks():
            stack = chain(task.get_coro())
            if stack:
                found = True
                waits = session.waits_for(task)
                click.echo(f"{task.get_name()}:" + (f"  (waits for {waits})" if waits else ""))
                print_stack(stack)
        if not found:
            click.echo("no code of the workflow is running")

    def do_p(self, argument: str) -> None:
        """p EXPRESSION: evaluate it in the innermost code of the workflow."""
        stack = self.session.stack()
        if not stack:
            raise DebugError("no code of the workflow is running")
        frame = stack[-1][0]
        try:
            with inside(self.session.execution):
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
        elif problem := debugger.clear_break(*debugger.place(argument)):
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


def _number(text: str, default: int | None = None) -> int:
    if not text and default is not None:
        return default
    if not text.isdecimal() or len(text) > 18:
        raise DebugError(f"`{text[:40]}` is no number of an event" if text else "a number is needed")
    return int(text)


def _cut(text: str) -> str:
    line = visible(text.replace("\n", " "))
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"


def _drop(value: object) -> None:
    """A step that was called at the prompt is a call that nobody awaits."""
    if asyncio.iscoroutine(value):
        value.close()
