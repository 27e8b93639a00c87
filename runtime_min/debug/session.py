"""A recorded run that is replayed, and the place that was reached in it."""

from __future__ import annotations

import asyncio
import contextlib
import math
import sys
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import click

from runtime_min.codec import Codec
from runtime_min.colors import Workflow
from runtime_min.debug.debugger import DebugError, Debugger, Leave
from runtime_min.debug.frames import Stack, chain, frames_of
from runtime_min.debug.prompt import Prompt
from runtime_min.execution import Execution, OperationFuture, Where
from runtime_min.guard import Guard
from runtime_min.history import History
from runtime_min.journal import Event, Incoming, Outgoing, Scheduled
from runtime_min.loop import WorkflowTask
from runtime_min.timeline import named, told


class Restart(Exception):  # noqa: N818 - what is wanted is the name
    """Go back: replay from the start."""


class Session:
    """A history, the place that was reached in it, and what happens when it is left.

    Attributes:
        at: the last event that has happened; -1 before the start.
        target: the event at which the prompt comes next.
        leaving: the user has quit.
        silent: replaying what was seen before: breakpoints are not heard.
        problem: what ended the replay, if it did not reach the end: a difference, or the user's Ctrl+C.
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
        self.problem: BaseException | None = None
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
            except Restart:
                raise
            except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - whatever ends it is to be looked at
                # A `finally` block that the user quit from may go on with anything.
                if self.leaving:
                    return False
                self.problem, self.differs = error, True
            if not self.differs:
                self.at = len(self.events) - 1
            self.ended = True
            self._prompt()
        except Restart:
            return True
        except Leave:
            return False
        finally:
            with contextlib.suppress(Leave):
                execution.dispose()
            self.execution = None
        return False

    # What the replay tells.

    def before(self, number: int) -> None:
        """The event of this number comes next; all before it is done."""
        if self.leaving:
            raise Leave(0)
        self.at = number - 1
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

    def _prompt(self) -> None:
        self.silent = False
        self.debugger.disarm()
        self.target = -1
        self.prompt.show_place()
        self.prompt.ask()

    # What the commands do.

    def go(self, target: float) -> None:
        """Go on to an event, forward or back."""
        if target < self.at or (self.ended and target <= self.at):
            self.target, self.silent = target, True
            raise Restart
        self.target = target

    def check_number(self, number: int) -> None:
        """Raises: DebugError: there is no event of this number."""
        if not 0 <= number < len(self.events):
            raise DebugError(f"there is no event {number}; the run has events 0 to {len(self.events) - 1}")

    def stop_of(self, number: int) -> int:
        """The stop that an event belongs to, as its index."""
        return bisect_right(self.stops, number) - 1

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
            found = frames_of(self.problem.__traceback__)
            if found:
                return found
        for task in self.tasks():
            found = chain(task.get_coro())
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


def _timer_position(future: object) -> int | None:
    position: int | None = getattr(getattr(future, "timer", None), "position", None)
    return position
