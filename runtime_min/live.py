"""One run as a worker holds it in memory, and what has to be noted when it is given back."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from runtime_min import journal
from runtime_min.backend import Message, Run
from runtime_min.execution import Execution
from runtime_min.journal import Abandoned, Attempted, Event, Failure, Outgoing, Resolved, Scheduled


class Live:
    """A run that a worker holds.

    Attributes:
        token: of the lease.
        events: the length of the history that is stored.
        incoming: events that were not delivered yet, each with its row in the inbox if it has one.
        rows: of the inbox, those that are in `incoming`, or in what is being stored.
        steps: the tasks of attempts that run, by position.
        begun: positions of steps that run or wait for a place, and of timers that fired: they do not begin
            again.
        children: the ids of those that were started, by position.
        more: what the last event led to and is not stored yet.
        idle_since: since when it only waits; None if it does not.
        gone: it is held no longer.
    """

    def __init__(self, run: Run, execution: Execution) -> None:
        self.run = run
        self.token = run.token
        self.events = run.events
        self.execution = execution
        self.incoming: deque[tuple[Event, int | None]] = deque()
        self.rows: set[int] = set()
        self.steps: dict[int, asyncio.Task[None]] = {}
        self.begun: set[int] = set()
        self.children: dict[int, str] = {}
        self.more: list[Outgoing] = []
        self.idle_since: float | None = None
        self.gone = False

    def outlook(self, now: float) -> tuple[float | None, bool]:
        """When the run has to be looked at if nobody holds it, and whether it has to stay in memory."""
        wake: float | None = None
        for position, operation in self.execution.operations.items():
            kind = operation.event.kind
            if kind == "timer":
                due = operation.event.due
            elif kind == "step":
                former = self.execution.attempts.get(position)
                due = now if position in self.begun or former is None else former.retry
            elif kind == "child":
                continue
            else:
                due = now
            if due <= now:
                return now, True
            wake = due if wake is None else min(wake, due)
        return wake, False

    def lost_attempts(self, now: float) -> list[Attempted]:
        """What to note of steps that run while their workflow is put aside."""
        running = [position for position, task in self.steps.items() if not task.done()]
        return [lost_attempt(position, self.execution.attempts.get(position), now) for position in running]

    def ended_attempts(self) -> list[Attempted]:
        """Attempts whose end was not noted yet."""
        return [event for event, _ in self.incoming if isinstance(event, Attempted)]

    def kept(self, now: float) -> list[Message]:
        """What came back and was not delivered: it goes into the inbox, as what is from outside still is."""
        return [
            Message(journal.encode(event), now, number=self.run.number)
            for event, row in self.incoming
            if row is None and isinstance(event, Resolved)
        ]


def lost_attempt(position: int, former: Attempted | None, now: float) -> Attempted:
    """What to note of an attempt that ended with its process or its lease."""
    attempt, failures = (1, 0) if former is None else (former.attempt + 1, former.failures)
    gone = Failure("runtime_min.Lost", (), "its process ended, or lost its lease, before the result")
    # Also one that waits, by our clock: by the other's, the attempt may have begun.
    due = now if former is None else max(now, former.retry)
    return Attempted(position, attempt, failures, gone, now, due)


def lost_steps(history: Sequence[Event], now: float) -> list[Attempted]:
    """What to note of all steps that are open in a history, when its replay cannot tell."""
    steps = {event.position for event in history if isinstance(event, Scheduled) and event.kind == "step"}
    steps -= {event.position for event in history if isinstance(event, Resolved | Abandoned)}
    attempts = {event.position: event for event in history if isinstance(event, Attempted)}
    return [lost_attempt(position, attempts.get(position), now) for position in sorted(steps)]
