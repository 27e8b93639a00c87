"""When timers fire and next attempts begin: a heap that forgets what nobody waits for any more."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from runtime_min.execution import Operation
from runtime_min.live import Live


class _Due(NamedTuple):
    """A timer, or the wait before another attempt."""

    at: float
    run: int
    position: int
    token: int


class Reminders:
    """What becomes due of the runs in `held`, which are those that a worker holds, by number."""

    def __init__(self, held: Mapping[int, Live]) -> None:
        self._held = held
        self._due: list[_Due] = []
        self._prune_at = 1000

    def __len__(self) -> int:
        return len(self._due)

    def add(self, at: float, live: Live, position: int) -> None:
        """A timer is to fire then, or the next attempt at a step to begin."""
        heapq.heappush(self._due, _Due(at, live.run.number, position, live.token))
        if len(self._due) > self._prune_at:
            # Those that were given up: a workflow with a timeout around each step makes many.
            self._due = [due for due in self._due if self._awaited(due) is not None]
            heapq.heapify(self._due)
            self._prune_at = 2 * len(self._due) + 1000

    def next(self) -> float | None:
        """When the next one is due."""
        while self._due and self._awaited(self._due[0]) is None:
            heapq.heappop(self._due)
        return self._due[0].at if self._due else None

    def take(self, now: float) -> Iterator[tuple[Live, Operation]]:
        """Those that are due, each when it is asked for."""
        while self._due and self._due[0].at <= now:
            awaited = self._awaited(heapq.heappop(self._due))
            if awaited is not None:
                yield awaited

    def _awaited(self, due: _Due) -> tuple[Live, Operation] | None:
        """What to do when it is due; None if nobody waits for it any more."""
        live = self._held.get(due.run)
        if live is None or live.token != due.token or due.position in live.begun:
            return None
        operation = live.execution.operations.get(due.position)
        return None if operation is None else (live, operation)
