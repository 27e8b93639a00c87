"""Both backends do the same, whatever is asked of them in whatever order."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from runtime_min.backend import Backend, Closing, Commit, Filter, Message, NewRun, Run
from runtime_min.errors import AlreadyStarted
from runtime_min.journal import Parent
from runtime_min.memory import MemoryBackend
from runtime_min.sqlite import SqliteBackend
from tests.runtime_min.backends.samples import ANN, BOB, EVE

WORKFLOWS = ["buy", "sell"]
STATES = ["running", "completed", "failed", "cancelled", "continued"]

workers = st.sampled_from([ANN, BOB, EVE])
ids = st.sampled_from(["a", "ab", "b", "é", "a%"])
prefixes = st.sampled_from(["", "a", "ab", "é", "z"])
numbers = st.integers(1, 6)
times = st.integers(0, 100).map(float)
data = st.binary(min_size=1, max_size=2)
parents = st.none() | st.builds(Parent, numbers, st.integers(0, 1))
served = st.lists(st.sampled_from(WORKFLOWS), unique=True)
new_runs = st.builds(
    NewRun,
    ids,
    st.sampled_from(WORKFLOWS),
    st.just("v"),
    data,
    times,
    parents,
    st.integers(-1, 3),
    st.booleans(),
)
messages = st.builds(Message, data, times, id=ids, position=st.integers(-1, 3)) | st.builds(
    Message, data, times, number=numbers, position=st.integers(-1, 3)
)
closings = st.builds(
    Closing, st.sampled_from(["completed", "failed", "cancelled"]), times, st.sampled_from([b"", b"told"])
) | st.builds(
    Closing, st.just("continued"), times, next=new_runs, carry=st.lists(data, max_size=2).map(tuple)
)
filters = st.builds(
    Filter,
    st.none() | st.sampled_from(STATES),
    st.none() | st.sampled_from(WORKFLOWS),
    prefixes,
    st.none() | numbers,
    st.integers(0, 4),
)


class Twins(RuleBasedStateMachine):
    """Does everything with both, and compares every answer."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.sqlite = SqliteBackend(self.directory / "runs.db", synchronous="NORMAL")
        self.memory = MemoryBackend()
        self.last: list[Commit] = []

    def teardown(self) -> None:
        self.sqlite.close()
        shutil.rmtree(self.directory)

    def both(self, method: str, *arguments: object) -> Any:
        answers = [_answer(backend, method, arguments) for backend in (self.sqlite, self.memory)]
        assert answers[0] == answers[1]
        return answers[0]

    @rule(new=new_runs, owner=st.none() | workers)
    def create(self, new: NewRun, owner: str | None) -> None:
        self.both("create", new, owner)

    @rule(message=messages)
    def send(self, message: Message) -> None:
        self.both("send", message)

    @rule(worker=workers, expires=times)
    def register(self, worker: str, expires: float) -> None:
        self.both("register", worker, expires)

    @rule(worker=workers)
    def unregister(self, worker: str) -> None:
        self.both("unregister", worker)

    @rule(worker=workers, workflows=served, now=times, limit=st.integers(0, 3))
    def claim(self, worker: str, workflows: list[str], now: float, limit: int) -> None:
        self.both("claim", worker, workflows, now, limit)

    @rule(workflows=served, now=times)
    def retry_problems(self, workflows: list[str], now: float) -> None:
        self.both("retry_problems", workflows, now)

    @rule(draw=st.data())
    def commit(self, draw: st.DataObject) -> None:
        """Mostly such that it fits."""
        runs = self.sqlite.runs(Filter())
        if runs:
            owned = [run for run in runs if run.owner is not None]
            batch = draw.draw(st.lists(st.sampled_from(owned * 5 + runs), min_size=1, max_size=3))
            self.last = [self._commit(draw, run) for run in batch]
            self.both("commit", self.last)

    @precondition(lambda self: self.last)
    @rule()
    def commit_again(self) -> None:
        self.both("commit", self.last)

    @rule(
        id=ids,
        generation=st.integers(0, 3),
        state=st.sampled_from(STATES),
        history=st.lists(data, max_size=3),
    )
    def import_run(self, id: str, generation: int, state: Any, history: list[bytes]) -> None:
        run = Run(9, id, generation, "buy", "v", state, 1.0, 2.0, 3.0, ANN, 5, 6, "problem", Parent(1, 1))
        self.both("import_run", run, history)

    @rule(filter=filters)
    def runs(self, filter: Filter) -> None:
        self.both("runs", filter)

    @rule(id=ids, generation=st.none() | st.integers(0, 3))
    def find(self, id: str, generation: int | None) -> None:
        self.both("find", id, generation)

    @rule(number=numbers, first=st.integers(0, 3))
    def history(self, number: int, first: int) -> None:
        self.both("history", number, first)

    @invariant()
    def both_hold_the_same(self) -> None:
        for run in self.both("runs", Filter()):
            assert len(self.both("history", run.number)) == run.events
        for worker in (ANN, BOB, EVE):
            self.both("inbox", worker)
        for workflow in WORKFLOWS:
            self.both("next_wake", [workflow])
        self.both("next_wake", WORKFLOWS)
        self.both("counts")

    def _commit(self, draw: st.DataObject, run: Run) -> Commit:
        inbox = [
            one.row
            for worker in (ANN, BOB, EVE)
            for one in self.sqlite.inbox(worker)
            if one.run == run.number
        ]
        off = st.sampled_from([0, 0, 0, 0, 0, 0, -1, 1])
        return Commit(
            run.number,
            run.token + draw.draw(off),
            run.events + draw.draw(off),
            draw.draw(st.lists(data, max_size=2).map(tuple)),
            draw.draw(st.lists(st.sampled_from(inbox), unique=True).map(tuple)) if inbox else (),
            draw.draw(st.none() | times),
            draw.draw(st.booleans()),
            draw.draw(st.sampled_from(["", "stuck"])),
            draw.draw(st.lists(new_runs, max_size=2).map(tuple)),
            draw.draw(st.lists(messages, max_size=2).map(tuple)),
            draw.draw(st.none() | closings),
        )


def _answer(backend: Backend, method: str, arguments: tuple[object, ...]) -> object:
    """What a method returns, or the error it raises."""
    try:
        answer = getattr(backend, method)(*arguments)
    except AlreadyStarted as error:
        return str(error)
    if method == "counts":
        # States without runs may be missing.
        return {state: count for state, count in answer.items() if count}
    return answer


TestTwins = Twins.TestCase
TestTwins.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
