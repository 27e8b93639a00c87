"""`MemoryBackend`: the protocol of `runtime_min.backend` in memory, for tests; gone with the process.

It does exactly what `SqliteBackend` does, but tells the owners that are gone by their registration alone.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from runtime_min.backend import (
    Claimed,
    Closing,
    Commit,
    Delivered,
    Filter,
    Message,
    NewRun,
    Outcome,
    Run,
    State,
    same_name,
)
from runtime_min.errors import AlreadyStarted

_IMPORTED = -1  # the token of runs that nobody runs and to which nothing is delivered


class MemoryBackend:
    """Runs in dictionaries."""

    def __init__(self) -> None:
        self._runs: dict[int, Run] = {}
        self._histories: dict[int, list[bytes]] = {}
        self._newest: dict[str, int] = {}
        # Those that are not closed, which alone are looked at often.
        self._running: set[int] = set()
        self._lost: set[int] = set()
        self._inbox: list[Delivered] = []
        # Rows of the inbox that were sent to that very run, so that they are not for the next generation.
        self._stay: set[int] = set()
        self._last_row = 0
        self._workers: dict[str, float] = {}

    def close(self) -> None:
        """There is nothing to free; what is stored stays, as it would in a file."""

    def create(self, new: NewRun, owner: str | None = None) -> tuple[Run, bool]:
        if new.id in self._newest:
            return self._runs[self._newest[new.id]], False
        return self._insert(new, owner), True

    def import_run(self, run: Run, history: Sequence[bytes]) -> Run:
        # An imported generation would stop a run of its id from continuing as new.
        if any(
            other.id == run.id and (other.generation == run.generation or other.token != _IMPORTED)
            for other in self._runs.values()
        ):
            raise AlreadyStarted(f"{run.id}: there is a run of this id already")
        imported = replace(
            run,
            number=len(self._runs) + 1,
            wake=None,
            owner=None,
            token=_IMPORTED,
            events=len(history),
            parent=None,
        )
        return self._keep(imported, history)

    def find(self, id: str, generation: int | None = None) -> Run | None:
        if generation is None:
            return self.run(self._newest.get(id, 0))
        return next(
            (run for run in self._runs.values() if (run.id, run.generation) == (id, generation)), None
        )

    def run(self, number: int) -> Run | None:
        return self._runs.get(number)

    def history(self, number: int, first: int = 0) -> list[bytes]:
        return self._histories.get(number, [])[first:]

    def runs(self, filter: Filter) -> list[Run]:
        found = (
            run
            for run in reversed(self._runs.values())
            if filter.state in (None, run.state)
            and filter.workflow in (None, run.workflow)
            and run.id.startswith(filter.id_prefix)
            and (filter.before is None or run.number < filter.before)
        )
        return [run for _, run in zip(range(filter.limit), found, strict=False)]

    def counts(self) -> dict[State, int]:
        return dict(Counter(run.state for run in self._runs.values()))

    def commit(self, commits: Sequence[Commit]) -> list[Outcome]:
        return [self._apply(commit) for commit in commits]

    def send(self, message: Message) -> bool:
        run = self._recipient(message)
        if run is None:
            return False
        self._put(run.number, message.data)
        if not message.id:
            self._stay.add(self._last_row)
        if run.owner is None and (run.wake is None or run.wake > message.at):
            self._runs[run.number] = replace(run, wake=message.at)
        return True

    def register(self, worker: str, expires: float) -> None:
        self._workers[worker] = expires

    def unregister(self, worker: str) -> None:
        self._workers.pop(worker, None)
        self._set_free([run for run in self._open() if run.owner == worker])

    def claim(self, worker: str, workflows: Sequence[str], now: float, limit: int) -> list[Claimed]:
        if limit <= 0:
            return []
        wake = self.next_wake(workflows)
        gone = [
            run for run in self._open() if run.owner not in (None, worker) and self._is_gone(run.owner, now)
        ]
        if (wake is None or wake > now) and not gone:
            return []
        self._set_free(gone)
        expired = [name for name, expires in self._workers.items() if expires <= now and name != worker]
        for name in expired:
            del self._workers[name]
        due = [
            (run.wake, run.number)
            for run in self._open()
            if run.workflow in workflows and run.owner is None and run.wake is not None and run.wake <= now
        ]
        return [self._take(number, worker) for _, number in heapq.nsmallest(limit, due)]

    def inbox(self, worker: str) -> list[Delivered]:
        return [one for one in self._inbox if self._runs[one.run].owner == worker]

    def changed(self) -> bool:
        """Nobody else can write."""
        return False

    def retry_problems(self, workflows: Sequence[str], now: float) -> None:
        for run in list(self._open()):
            if run.workflow in workflows and run.problem and run.owner is None:
                wake = now if run.wake is None else min(run.wake, now)
                self._runs[run.number] = replace(run, problem="", wake=wake)

    def next_wake(self, workflows: Sequence[str]) -> float | None:
        wakes = (
            run.wake
            for run in self._open()
            if run.workflow in workflows and run.owner is None and run.wake is not None
        )
        return min(wakes, default=None)

    def _apply(self, commit: Commit) -> Outcome:
        """Store one commit if its lease still holds."""
        run = self._runs.get(commit.run)
        if run is None or run.token != commit.token:
            return Outcome(False)
        length = commit.first + len(commit.events)
        if run.owner is None or run.events != commit.first:
            return self._apply_again(commit, run, length)
        closing = commit.closing
        self._runs[run.number] = replace(
            run,
            state="running" if closing is None else closing.ending,
            closed=None if closing is None else closing.at,
            wake=commit.wake if closing is None else None,
            owner=run.owner if closing is None and not commit.release else None,
            events=length,
            problem=commit.problem,
        )
        self._histories[run.number] += commit.events
        self._consume(run.number, commit.consumed)
        if closing is not None:
            self._close_run(run, closing)
        outcome = Outcome(True, self._conflicts(commit.starts), self._undelivered(commit.messages, self.send))
        if commit.release and not commit.problem and any(one.run == run.number for one in self._inbox):
            self._runs[run.number] = replace(self._runs[run.number], wake=0.0)
        return outcome

    def _apply_again(self, commit: Commit, run: Run, length: int) -> Outcome:
        """What to answer for a commit that does not fit: it was stored before, or its lease is lost."""
        if commit.events:
            there = self._histories[run.number]
            is_stored = 0 < length <= len(there) and there[length - 1] == commit.events[-1]
        else:
            # Without events only giving the run back can have made it unfit.
            is_stored = run.events == length and (commit.release or commit.closing is not None)
        if not is_stored:
            return Outcome(False)
        return Outcome(
            True, self._conflicts(commit.starts), self._undelivered(commit.messages, self._has_recipient)
        )

    def _close_run(self, run: Run, closing: Closing) -> None:
        """Deal with what a run that just ended leaves: its inbox, the next generation, the waiting parent."""
        self._running.discard(run.number)
        left = [one for one in self._inbox if one.run == run.number]
        if closing.next is not None:
            new = replace(closing.next, id=run.id, parent=run.parent)
            following = self._insert(new, None, run.generation + 1)
            for data in (*closing.carry, *(one.data for one in left if one.row not in self._stay)):
                self._put(following.number, data)
        self._consume(run.number, [one.row for one in left])
        if closing.notify and run.parent is not None:
            self.send(Message(data=closing.notify, at=closing.at, number=run.parent.run))

    def _conflicts(self, starts: Sequence[NewRun]) -> tuple[int, ...]:
        """Create runs, and name those that must be new and are not."""
        conflicts = []
        for new in starts:
            existing, created = self.create(new)
            # The same operation of the same run: this very start, done before.
            is_same = new.parent is not None and existing.parent == new.parent
            if not created and not is_same and (new.must_be_new or not same_name(existing, new.workflow)):
                conflicts.append(new.position)
        return tuple(conflicts)

    def _undelivered(
        self, messages: Sequence[Message], deliver: Callable[[Message], bool]
    ) -> tuple[int, ...]:
        positions = [message.position for message in messages if not deliver(message)]
        return tuple(position for position in positions if position >= 0)

    def _insert(self, new: NewRun, owner: str | None, generation: int = 0) -> Run:
        run = Run(
            number=len(self._runs) + 1,
            id=new.id,
            generation=generation,
            workflow=new.workflow,
            version=new.version,
            state="running",
            created=new.at,
            closed=None,
            wake=new.at,
            owner=owner,
            token=0 if owner is None else 1,
            events=1,
            problem="",
            parent=new.parent,
        )
        self._running.add(run.number)
        return self._keep(run, [new.started])

    def _keep(self, run: Run, history: Iterable[bytes]) -> Run:
        self._runs[run.number] = run
        self._histories[run.number] = list(history)
        newest = self.find(run.id)
        if newest is None or newest.generation < run.generation:
            self._newest[run.id] = run.number
        return run

    def _put(self, number: int, data: bytes) -> None:
        self._last_row += 1
        self._inbox.append(Delivered(self._last_row, number, data))

    def _consume(self, number: int, rows: Sequence[int]) -> None:
        if rows:
            self._stay.difference_update(rows)
            self._inbox = [one for one in self._inbox if one.run != number or one.row not in rows]

    def _take(self, number: int, worker: str) -> Claimed:
        run = self._runs[number]
        claimed = self._runs[number] = replace(run, owner=worker, token=run.token + 1)
        inbox = tuple(one for one in self._inbox if one.run == number)
        lost = number in self._lost
        self._lost.discard(number)
        return Claimed(claimed, tuple(self._histories[number]), inbox, lost)

    def _set_free(self, runs: Iterable[Run]) -> None:
        for run in runs:
            self._runs[run.number] = replace(run, owner=None, wake=0.0)
            self._lost.add(run.number)

    def _is_gone(self, owner: str | None, now: float) -> bool:
        return owner is None or self._workers.get(owner, now) <= now

    def _open(self) -> Iterable[Run]:
        return (self._runs[number] for number in self._running)

    def _has_recipient(self, message: Message) -> bool:
        return self._recipient(message) is not None

    def _recipient(self, message: Message) -> Run | None:
        run = self.find(message.id) if message.id else self.run(message.number)
        return run if run is not None and run.state == "running" and run.token != _IMPORTED else None
