"""What must hold of a database after any crash: nothing lost, doubled or left over, and all of it replays."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from runtime_min import Filter, journal
from runtime_min.backend import Run
from runtime_min.journal import Abandoned, Attempted, Closed, Event, Parent, Resolved, Scheduled
from runtime_min.sqlite import SqliteBackend
from tests.runtime_min.chaos.process import database
from tests.runtime_min.torture.compare import Recorded, difference, some_cuts

_CUTS = 3


class Attempt(NamedTuple):
    """A line that a step wrote."""

    key: str
    step: str
    number: int
    what: str
    process: int


class State(NamedTuple):
    """A database, read as a whole."""

    runs: list[Run]
    histories: dict[int, list[bytes]]
    ledger: list[Attempt]


def read(directory: str) -> State:
    """All of it."""
    backend = SqliteBackend(database(directory))
    try:
        runs = backend.runs(Filter(limit=1_000_000))
        histories = {run.number: backend.history(run.number) for run in runs}
    finally:
        backend.close()
    ledger = [
        Attempt(*json.loads(line))
        for path in sorted(Path(directory).glob("ledger-*"))
        for line in path.read_text().splitlines()
    ]
    return State(runs, histories, ledger)


def problems(directory: str, state: State) -> list[str]:
    """What does not hold."""
    found = list(_leftovers(directory, state.runs))
    keys: dict[str, tuple[Run, Scheduled, list[Event]]] = {}
    for run in state.runs:
        events = journal.decode_all(state.histories[run.number])
        found += [f"{run.id} generation {run.generation}: {problem}" for problem in _of_one(run, events)]
        recorded = Recorded(0, run.id, run.generation, run.workflow, state.histories[run.number])
        differs = difference(recorded, some_cuts(recorded, _CUTS))
        found += [differs] if differs is not None else []
        for event in events:
            if isinstance(event, Scheduled) and event.kind == "step":
                keys[key_of(run, event.position)] = (run, event, events)
    found += _of_steps(keys, state.ledger)
    found += _of_children(state)
    return found


def key_of(run: Run, position: int) -> str:
    """What `info().key` is in the step at this position."""
    return f"{run.id}/{position}" if not run.generation else f"{run.id}#{run.generation}/{position}"


def _leftovers(directory: str, runs: list[Run]) -> Iterator[str]:
    for run in runs:
        if run.state == "running" or run.owner is not None or run.wake is not None or run.problem:
            yield f"{run.id} is left over: {run}"
    connection = sqlite3.connect(database(directory))
    try:
        inbox = connection.execute("SELECT count(*) FROM inbox").fetchone()[0]
        tally = {
            state: amount for state, amount in connection.execute("SELECT state, runs FROM tally") if amount
        }
        verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
    finally:
        connection.close()
    if inbox:
        yield f"{inbox} messages are left in inboxes"
    if tally != Counter(run.state for run in runs):
        yield f"the tally is wrong: {tally}"
    if verdict != "ok":
        yield f"the file is damaged: {verdict}"


def _of_one(run: Run, events: list[Event]) -> Iterator[str]:
    scheduled: dict[int, Scheduled] = {}
    attempts: dict[int, int] = {}
    resolved: set[int] = set()
    if run.events != len(events):
        yield f"has {len(events)} events and says {run.events}"
    if not isinstance(events[-1], Closed) or sum(isinstance(event, Closed) for event in events) != 1:
        yield "does not end with the one event that says how"
    for event in events:
        if isinstance(event, Scheduled):
            if event.position != len(scheduled):
                yield f"position {event.position} after {len(scheduled)} others"
            scheduled[event.position] = event
        elif isinstance(event, Attempted | Resolved):
            asked = scheduled.get(event.position)
            if asked is None:
                yield f"an end of what was not asked for: {event}"
                continue
            if asked.kind == "step" and event.attempt <= attempts.get(event.position, 0):
                yield f"attempt {event.attempt} at position {event.position} again"
            attempts[event.position] = event.attempt
            if event.position in resolved:
                yield f"two ends of position {event.position}"
            if isinstance(event, Resolved):
                resolved.add(event.position)
                if asked.kind == "timer" and event.at < asked.due:
                    yield f"a timer that was due at {asked.due} fired at {event.at}"


def _of_steps(keys: dict[str, tuple[Run, Scheduled, list[Event]]], ledger: list[Attempt]) -> Iterator[str]:
    """What the steps wrote against what is recorded of them."""
    begun: dict[str, list[Attempt]] = defaultdict(list)
    ended: dict[str, set[int]] = defaultdict(set)
    for attempt in ledger:
        if attempt.what == "begin":
            begun[attempt.key].append(attempt)
        else:
            ended[attempt.key].add(attempt.number)
    for key, attempts in begun.items():
        if key not in keys or keys[key][1].name != attempts[0].step:
            yield f"a step ran that is not recorded: {attempts[0]}"
        if len({attempt.number for attempt in attempts}) != len(attempts):
            yield f"an attempt has a number twice: {attempts}"
    for key, (run, asked, events) in keys.items():
        if not asked.name.startswith("work_"):
            continue  # not one that writes
        for event in events:
            if isinstance(event, Resolved) and event.position == asked.position:
                known = ended[key] if event.failure is None else {attempt.number for attempt in begun[key]}
                if event.attempt not in known:
                    yield f"{run.id}: the result of attempt {event.attempt} at {key} comes from nowhere"


def _of_children(state: State) -> Iterator[str]:
    children: dict[Parent, set[str]] = defaultdict(set)
    asked: set[Parent] = set()
    for run in state.runs:
        if run.parent is not None:
            children[run.parent].add(run.id)
    for run in state.runs:
        events = journal.decode_all(state.histories[run.number])
        abandoned = {event.position for event in events if isinstance(event, Abandoned)}
        ended = {event.position for event in events if isinstance(event, Resolved)}
        for event in events:
            if isinstance(event, Scheduled) and event.kind == "child":
                parent = Parent(run.number, event.position)
                asked.add(parent)
                amount = len(children[parent])
                if amount > 1 or (
                    amount == 0 and event.position in ended and event.position not in abandoned
                ):
                    yield f"{run.id}: the child at position {event.position} ran {amount} times"
    for parent, ids in children.items():
        if parent not in asked:
            yield f"{ids} run as children of nobody"
