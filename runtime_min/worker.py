"""Runs workflows: claims what is due, delivers events, stores what comes of them, and runs steps.

All of it happens on one event loop. What reached a run since the last time is delivered to its workflow in
one go, and what that asks for is stored together with it in one transaction, which is shared by all runs that
had something to deliver; steps start when it is stored. So a step costs one commit, and many runs share one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextvars import copy_context
from typing import Any, ClassVar, NamedTuple

from runtime_min import journal, processes
from runtime_min.attempts import Attempts
from runtime_min.backend import Backend, Claimed, Commit, Delivered, Outcome, Run
from runtime_min.clock import Clock
from runtime_min.codec import Codec
from runtime_min.colors import Workflow
from runtime_min.effects import closing, conflict, effects, told
from runtime_min.errors import StorageError
from runtime_min.execution import Execution, Guarding
from runtime_min.journal import Abandoned, Attempted, Event, Resolved, Scheduled
from runtime_min.live import Live, lost_steps
from runtime_min.reminders import Reminders
from runtime_min.resumption import Resumption

_log = logging.getLogger("runtime_min")

# How long a run that cannot go on is left alone, and how long the database, when it cannot be written.
_PAUSE_PROBLEM = 60.0
_PAUSE_STORAGE = (0.05, 2.0)
# How often the database is asked whether another process wrote to it.
_POLL = 0.05
# Who waits for a run of another process asks the database each time: the more do, the more rarely.
SECONDS_PER_WAIT = 0.0005
# How often it is looked for runs of processes that are gone.
_LOOK = 1.0
# Runs in memory: how many at most, how many of them may be waiting, and for how long.
_MOST_LIVE = 1000
_MOST_IDLE = 100
_IDLE_SECONDS = 5.0
# From this length of its history on, a replay costs more than the commit that puts another run aside.
_LONG_HISTORY = 1000
# How long replays may hold up everything else.
_REPLAY_SECONDS = 0.05


class _Advance(NamedTuple):
    """What a run did in one go, to be stored."""

    live: Live
    commit: Commit
    out: Sequence[Event]


class Worker:
    """One process's part in running workflows.

    Args:
        concurrency: how many steps run at once.
        lease: seconds after which others may take over the runs of a worker that gave no sign of life.

    Attributes:
        retried: whether it has tried again what was blocked before it came, as its code may be mended.
    """

    attempts_type: ClassVar[type[Attempts]] = Attempts

    def __init__(
        self,
        backend: Backend,
        *,
        workflows: Mapping[str, Workflow[..., Any]],
        codec: Codec,
        guard: Guarding,
        clock: Clock,
        concurrency: int,
        lease: float,
    ) -> None:
        self.name = processes.own_name()
        self.retried = False
        self._backend = backend
        self._workflows = workflows
        self._codec = codec
        self._guard = guard
        self._clock = clock
        self._lease = lease
        self._live: dict[int, Live] = {}
        self._dirty: dict[int, Live] = {}
        self._claimed: deque[Claimed] = deque()
        self._idle = 0
        self._reminders = Reminders(self._live)
        self._unstored: list[_Advance] = []
        self._pause = _PAUSE_STORAGE[0]
        self._paused_until = 0.0
        self._ending = False
        self._flush_wanted = False
        self._claim_wanted = True
        self._inbox_wanted = False
        self._tell_wanted = False
        self._tell_at = 0.0
        self._renew_at = 0.0
        self._look_at = 0.0
        self._wake = asyncio.Event()
        self._watchers: dict[str, set[asyncio.Future[None]]] = {}
        self._loop = asyncio.get_running_loop()
        self._context = copy_context()
        self._attempts = self.attempts_type(codec, clock, concurrency, self._add)
        self._resumption = Resumption(backend, self._reminders, self._attempts)

    # What a runtime does with it.

    async def run(self) -> None:
        """Work until cancelled; then give back what it holds."""
        try:
            while True:
                try:
                    timeout = self._tick()
                except StorageError as error:
                    self._storage_failed(error)
                    timeout = _POLL
                await self._rest(timeout)
        except Exception:
            _log.exception("the worker has ended")
            raise
        finally:
            try:
                await self._shut_down()
            finally:
                # At the very end, so that who is told sees that nobody works any more.
                self._tell_all()

    def nudge(self) -> None:
        """Something was written through this process's connection: a run was created, a message sent."""
        self._claim_wanted = self._inbox_wanted = True
        self._wake.set()

    async def progress(self, id: str) -> None:
        """Wait until a run of this id ended or got stuck here, or another process wrote something."""
        future: asyncio.Future[None] = self._loop.create_future()
        watchers = self._watchers.setdefault(id, set())
        watchers.add(future)
        try:
            await future
        finally:
            watchers.discard(future)
            if not watchers and self._watchers.get(id) is watchers:
                del self._watchers[id]

    def has_room(self, flow: Workflow[..., Any]) -> bool:
        """Whether it would go on with a new run of this workflow at once."""
        return flow.key in self._workflows and self._room() > 0

    def adopt(self, run: Run, started: bytes) -> None:
        """Go on with a run that was created as claimed by this worker."""
        self._admit(Claimed(run, (started,), (), lost=False))
        self._want_flush()

    def _room(self) -> int:
        """For how many more runs; those that wait for others must leave room for them."""
        return _MOST_LIVE + self._attempts.waits - len(self._live) - len(self._claimed)

    # One round.

    def _tick(self) -> float:
        """Do what is to be done now; returns the seconds until there is more, at most."""
        if self._loop.time() < self._paused_until:
            return _POLL
        now = self._clock.now()
        if now >= self._renew_at or self._renew_at - now > self._lease:
            self._backend.register(self.name, now + self._lease)
            self._renew_at = now + self._lease / 3
            self._claim_wanted = True
        if self._loop.time() >= self._look_at:
            # A process that was killed changes nothing that would be seen otherwise.
            self._look_at = self._loop.time() + _LOOK
            self._claim_wanted = self._inbox_wanted = True
        if not self.retried:
            self._backend.retry_problems(list(self._workflows), now)
            self.retried = True
            self._tell_all()
        if self._backend.changed():
            self._claim_wanted = self._inbox_wanted = self._tell_wanted = True
        if self._tell_wanted and self._loop.time() >= self._tell_at:
            self._tell_wanted = False
            waits = sum(map(len, self._watchers.values()))
            self._tell_at = self._loop.time() + waits * SECONDS_PER_WAIT
            self._tell_all()
        self._admit_claimed()
        self._fire(now)
        if self._inbox_wanted:
            self._inbox_wanted = False
            self._read_inbox()
        if self._claim_wanted and self._room() > 0 and not self._claimed:
            self._claim(now)
        if self._idle and not self._unstored:
            self._release_idle(now)
        self._flush()
        if self._claimed or (self._claim_wanted and self._room() > 0):
            return 0.0
        return min(self._until_due(), _POLL)

    async def _rest(self, timeout: float) -> None:
        if timeout <= 0:
            await asyncio.sleep(0)
        else:
            # Not `asyncio.wait_for`, which on Python 3.11 may lose a cancellation.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self._wake.wait()
        self._wake.clear()

    def _until_due(self) -> float:
        now = self._clock.now()
        due = self._reminders.next()
        # Without room, those that nobody owns must not keep it from resting.
        unowned = self._backend.next_wake(list(self._workflows)) if self._room() > 0 else None
        if unowned is not None:
            due = unowned if due is None else min(due, unowned)
        if due is None:
            due = math.inf
        busy = self._attempts.busy or self._dirty or self._unstored
        if due > now and not busy and self._clock.idle(due):
            self._claim_wanted = True
            return 0.0
        if due <= now:
            self._claim_wanted = self._claim_wanted or (unowned is not None and unowned <= now)
        return due - now

    def _claim(self, now: float) -> None:
        limit = min(200, self._room())
        claimed = self._backend.claim(self.name, list(self._workflows), now, limit)
        self._claim_wanted = len(claimed) == limit
        self._claimed += claimed
        self._admit_claimed()

    def _admit_claimed(self) -> None:
        until = self._loop.time() + _REPLAY_SECONDS
        # One that the database fails for is kept: it is ours, so nobody would claim it again.
        while self._claimed:
            self._admit(self._claimed[0])
            self._claimed.popleft()
            if self._claimed and self._loop.time() >= until:
                # The others come next; messages that reach them before that are not delivered yet.
                self._inbox_wanted = True
                return

    def _admit(self, claimed: Claimed) -> None:
        """Rebuild a run from its history."""
        run = claimed.run
        former = self._live.pop(run.number, None)
        if former is not None:
            self._forget(former)
        flow = self._workflows[run.workflow]
        live = Live(run, Execution(flow, run.id, self._codec, self._guard, run.generation))
        self._live[run.number] = live
        history: list[Event] = []
        try:
            history = journal.decode_all(claimed.history)
            seen = len(history) > 1 and not run.problem
            live.more = live.execution.replay(history, seen=seen)
        except Exception as error:  # noqa: BLE001 - of a codec, say; other runs must go on
            # Nobody is told a second time that the lease was lost.
            lost = lost_steps(history, self._clock.now()) if claimed.lost else []
            self._unstored.append(self._to_store(live, lost, [], [], error))
            return
        try:
            self._resumption.find_given_up(live, history)
            self._deliver(claimed.inbox)
            self._resumption.go_on(live, claimed.lost, self._clock.now())
        except BaseException:
            # It will be admitted again, from the same history: nothing of it may go on before that.
            self._drop(live)
            raise
        self._dirty[run.number] = live

    # Events on their way to workflows.

    def _read_inbox(self) -> None:
        self._deliver(self._backend.inbox(self.name))

    def _deliver(self, delivered: Iterable[Delivered]) -> None:
        for one in delivered:
            live = self._live.get(one.run)
            if live is not None and one.row not in live.rows:
                live.rows.add(one.row)
                self._add(live, journal.decode(one.data), one.row)

    def _add(self, live: Live, event: Event, row: int | None = None) -> None:
        live.incoming.append((event, row))
        self._dirty[live.run.number] = live
        self._want_flush()

    def _fire(self, now: float) -> None:
        """Timers and waits before another attempt that are over."""
        for live, operation in self._reminders.take(now):
            position = operation.event.position
            if operation.event.kind == "timer":
                live.begun.add(position)
                self._add(live, Resolved(position, now))
            else:
                former = live.execution.attempts.get(position)
                self._not_idle(live)
                self._attempts.begin(live, operation, 1 if former is None else former.attempt + 1)

    def _want_flush(self) -> None:
        if not self._flush_wanted:
            self._flush_wanted = True
            # In the worker's context: that of the caller, maybe a step, must not reach other steps.
            self._loop.call_soon(self._flush_soon, context=self._context)

    def _flush_soon(self) -> None:
        self._flush_wanted = False
        try:
            self._flush()
        except StorageError as error:
            self._storage_failed(error)

    def _flush(self) -> None:
        """Deliver what is there, store what came of it in one transaction, and act on it.

        What reaches a workflow by that is for the next time: one that asks and asks must not keep out others.
        """
        if self._ending or self._loop.time() < self._paused_until:
            return
        # What could not be stored the last time, and what was put aside.
        if self._unstored:
            self._store()
        dirty, self._dirty = self._dirty, {}
        self._unstored = [self._advance(live) for live in dirty.values() if not live.gone]
        self._store()

    def _store(self) -> None:
        if not self._unstored:
            return
        outcomes = self._backend.commit([one.commit for one in self._unstored])
        stored, self._unstored = self._unstored, []
        self._pause = _PAUSE_STORAGE[0]
        for advance, outcome in zip(stored, outcomes, strict=True):
            self._act(advance, outcome)

    def _storage_failed(self, error: Exception) -> None:
        """Nothing is lost: what could not be stored is kept, and no workflow goes on before it is."""
        _log.error("the database cannot be used, trying again in %.2f s: %s", self._pause, error)
        self._claim_wanted = self._inbox_wanted = True
        self._paused_until = self._loop.time() + self._pause
        self._loop.call_later(self._pause, self._flush_soon)
        self._pause = min(self._pause * 2, _PAUSE_STORAGE[1])

    def _advance(self, live: Live) -> _Advance:
        self._not_idle(live)
        events: list[Event] = list(live.more)
        out: list[Event] = list(live.more)
        live.more = []
        consumed: list[int] = []
        delivered: list[tuple[Event, int | None]] = []
        problem: Exception | None = None
        while live.incoming and live.execution.closed is None:
            event, row = live.incoming.popleft()
            delivered.append((event, row))
            events.append(event)
            if row is not None:
                consumed.append(row)
            if isinstance(event, Attempted):
                live.begun.discard(event.position)
                live.execution.note(event)
                out.append(event)
                continue
            try:
                asked = live.execution.activate(event)  # type: ignore[arg-type]
            except Exception as error:  # noqa: BLE001 - of a codec, say; other runs must go on
                # What the event led to is not recorded, so that it is handled again when the code is mended.
                problem = error
                break
            events += asked
            out += asked
        try:
            return self._to_store(live, events, out, consumed, problem)
        except Exception as error:  # noqa: BLE001 - what cannot be encoded must not stop the other runs
            live.incoming.extendleft(reversed(delivered))
            return self._to_store(live, [], [], [], error)

    def _to_store(
        self,
        live: Live,
        events: Sequence[Event],
        out: Sequence[Event],
        consumed: Sequence[int],
        problem: Exception | None = None,
    ) -> _Advance:
        now = self._clock.now()
        wake, busy = live.outlook(now)
        starts, messages = effects(live, out, self._workflows, now)
        # What became of a start or a message is known after the commit, and only here.
        settled = not busy and not starts and not messages and live.execution.closed is None
        release = settled and self._idle >= _MOST_IDLE and live.events < _LONG_HISTORY
        text = ""
        if problem is not None:
            text = journal.storable(f"{type(problem).__name__}: {problem}")
            _log.error("workflow %s cannot go on: %s", live.run.id, text)
            wake, release = now + _PAUSE_PROBLEM, True
            events = [*events, *live.ended_attempts(), *live.lost_attempts(now)]
            messages += live.kept(now)
        commit = Commit(
            run=live.run.number,
            token=live.token,
            first=live.events,
            events=tuple(map(journal.encode, events)),
            consumed=tuple(consumed),
            wake=wake,
            release=release,
            problem=text,
            starts=tuple(starts),
            messages=tuple(messages),
            closing=None if problem is not None or live.execution.closed is None else closing(live, now),
        )
        if not busy and not release and live.execution.closed is None:
            live.idle_since = now
            self._idle += 1
        return _Advance(live, commit, out)

    def _act(self, advance: _Advance, outcome: Outcome) -> None:
        """It is stored: start what was asked for."""
        live, commit, out = advance
        if not outcome.stored:
            _log.warning("the lease on workflow %s was lost; another worker has it", live.run.id)
            self._drop(live)
            return
        live.events += len(commit.events)
        live.rows.difference_update(commit.consumed)
        for event in out:
            self._act_on(live, event, outcome)
        if commit.messages or commit.starts or commit.closing is not None:
            self._claim_wanted = self._inbox_wanted = True
            self._wake.set()
        if commit.closing is not None or commit.problem:
            self._tell(live.run.id)
        if commit.closing is not None or commit.release:
            self._drop(live)

    def _act_on(self, live: Live, event: Event, outcome: Outcome) -> None:
        operations = live.execution.operations
        if isinstance(event, Scheduled):
            operation = operations.get(event.position)
            if operation is None:
                return
            if event.kind == "step":
                self._attempts.begin(live, operation, 1)
            elif event.kind == "timer":
                self._reminders.add(event.due, live, event.position)
                self._wake.set()
            elif event.position in outcome.conflicts:
                self._add(live, conflict(event, self._clock.now()))
            elif event.kind == "child":
                live.children[event.position] = event.target
            else:
                self._add(live, told(event, event.position in outcome.undelivered, self._clock.now()))
        elif isinstance(event, Attempted):
            self._reminders.add(event.retry, live, event.position)
            self._wake.set()
        elif isinstance(event, Abandoned):
            live.children.pop(event.position, None)
            task = live.steps.pop(event.position, None)
            if task is not None:
                task.cancel()

    # The end of it.

    def _release_idle(self, now: float) -> None:
        """Put those aside that wait longest; what they wait for is in the database."""
        idle = [live for live in self._live.values() if live.idle_since is not None and not live.incoming]
        idle.sort(key=lambda live: live.idle_since or 0.0)
        for index, live in enumerate(idle):
            if index >= len(idle) - _MOST_IDLE and now - (live.idle_since or 0.0) < _IDLE_SECONDS:
                break
            wake, _ = live.outlook(now)
            self._unstored.append(
                _Advance(live, Commit(live.run.number, live.token, live.events, wake=wake, release=True), [])
            )
            self._not_idle(live)

    def _not_idle(self, live: Live) -> None:
        if live.idle_since is not None:
            live.idle_since = None
            self._idle -= 1

    def _drop(self, live: Live) -> None:
        if self._live.get(live.run.number) is live:
            del self._live[live.run.number]
        self._forget(live)

    def _forget(self, live: Live) -> None:
        live.gone = True
        self._dirty.pop(live.run.number, None)
        self._not_idle(live)
        for task in live.steps.values():
            task.cancel()
        live.execution.dispose()

    def _tell(self, id: str) -> None:
        for future in self._watchers.pop(id, set()):
            if not future.done():
                future.set_result(None)

    def _tell_all(self) -> None:
        for watched in list(self._watchers):
            self._tell(watched)

    async def _shut_down(self) -> None:
        # Nothing new begins, also not in the places of what is cancelled here.
        self._ending = True
        self._attempts.begin_no_more()
        now = self._clock.now()
        lives = [(live, live.lost_attempts(now)) for live in self._live.values()]
        steps = [task for live, _ in lives for task in live.steps.values()]
        for task in steps:
            task.cancel()
        await asyncio.gather(*steps, return_exceptions=True)
        unstored = {advance.live.run.number for advance in self._unstored}
        commits = [
            self._giving_back(live, lost, now)
            for live, lost in lives
            if not live.gone and live.run.number not in unstored
        ]
        # Those that are `lost` have to stay so, which they do if they are not given back.
        commits += [_untouched(claimed.run) for claimed in self._claimed if not claimed.lost]
        for live in list(self._live.values()):
            self._drop(live)
        try:
            self._backend.commit(commits)
            self._backend.unregister(self.name)
        except StorageError as error:
            _log.warning("the database cannot be used at the end: %s", error)

    def _giving_back(self, live: Live, lost: list[Attempted], now: float) -> Commit:
        """Give a run back with a note of the steps that began, so that nothing of it counts as lost."""
        wake, busy = live.outlook(now)
        return Commit(
            run=live.run.number,
            token=live.token,
            first=live.events,
            events=tuple(journal.encode(event) for event in (*live.ended_attempts(), *lost)),
            wake=now if busy or live.more or live.incoming else wake,
            release=True,
            messages=tuple(live.kept(now)),
        )


def _untouched(run: Run) -> Commit:
    """Give a run back that was claimed and not even replayed."""
    return Commit(run.number, run.token, run.events, wake=0.0, release=True, problem=run.problem)
