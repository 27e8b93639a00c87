"""What every backend does."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from runtime_min.backend import Backend, Closing, Commit, Filter, Message, Outcome, Run
from runtime_min.errors import AlreadyStarted
from runtime_min.journal import Ending, Parent
from tests.runtime_min.backends.samples import (
    ANN,
    BOB,
    EVE,
    FOREVER,
    claim,
    inbox,
    message,
    new,
    owned,
    rows,
    stored,
)

# The kinds of commits, each of which has to check the lease.
KINDS = pytest.mark.parametrize(
    "kind",
    [{}, {"release": True}, {"closing": Closing("completed", 50.0)}],
    ids=["advance", "release", "close"],
)


def finish(backend: Backend, run: Run, ending: Ending = "completed", first: int = 1, **closing: Any) -> None:
    """End a run with one last event."""
    end = Closing(ending, 50.0, **closing)
    stored(backend, Commit(run.number, run.token, first, (b"closed",), closing=end))


def state_of(backend: Backend, run: Run) -> Run:
    found = backend.run(run.number)
    assert found is not None
    return found


class TestCreate:
    def test_a_new_run_is_due_at_once_and_has_its_first_event(self, backend: Backend) -> None:
        run, created = backend.create(new("order", at=10.0, parent=Parent(7, 3)))
        assert created
        assert run == Run(
            number=run.number,
            id="order",
            generation=0,
            workflow="buy",
            version="v1",
            state="running",
            created=10.0,
            closed=None,
            wake=10.0,
            owner=None,
            token=0,
            events=1,
            problem="",
            parent=Parent(7, 3),
        )
        assert backend.history(run.number) == [b"started order"]
        assert backend.find("order") == run == backend.run(run.number)

    def test_an_id_that_exists_is_not_created_again(self, backend: Backend) -> None:
        run, _ = backend.create(new("order", workflow="buy"))
        assert backend.create(new("order", workflow="sell", at=99.0), ANN) == (run, False)
        assert len(backend.runs(Filter())) == 1

    def test_a_run_that_ended_keeps_its_id(self, backend: Backend) -> None:
        run = owned(backend)
        finish(backend, run)
        again, created = backend.create(new("order"))
        assert (again.number, again.state, created) == (run.number, "completed", False)

    def test_a_run_created_by_a_worker_is_already_claimed(self, backend: Backend) -> None:
        run = owned(backend, owner=ANN)
        assert (run.owner, run.token) == (ANN, 1)
        assert claim(backend, BOB) == []
        stored(backend, Commit(run.number, 1, 1, (b"more",)))

    def test_the_newest_generation_answers(self, backend: Backend) -> None:
        run = owned(backend)
        finish(backend, run, "continued", next=new())
        newest, created = backend.create(new("order"))
        assert (newest.generation, created) == (1, False)


class TestClaim:
    def test_a_claimed_run_comes_with_history_and_inbox(self, backend: Backend) -> None:
        run, _ = backend.create(new())
        backend.send(message("a", id="order"))
        backend.send(message("b", id="order"))
        [claimed] = claim(backend, ANN)
        assert (claimed.run.number, claimed.run.owner, claimed.run.token) == (run.number, ANN, 1)
        assert claimed.history == (b"started order",)
        assert [one.data for one in claimed.inbox] == [b"a", b"b"]
        assert not claimed.lost
        assert state_of(backend, run) == claimed.run

    def test_it_is_claimed_once(self, backend: Backend) -> None:
        backend.register(ANN, FOREVER)
        backend.create(new())
        assert len(claim(backend, ANN)) == 1
        assert claim(backend, ANN) == claim(backend, BOB) == []

    def test_only_what_is_due_is_claimed(self, backend: Backend) -> None:
        backend.create(new(at=30.0))
        assert claim(backend, ANN, now=29.9) == []
        assert len(claim(backend, ANN, now=30.0)) == 1

    def test_those_due_longest_come_first_whatever_their_workflow(self, backend: Backend) -> None:
        for name, workflow, at in [
            ("a", "buy", 3.0),
            ("b", "sell", 1.0),
            ("c", "buy", 2.0),
            ("d", "rent", 0.0),
        ]:
            backend.create(new(name, workflow, at))
        assert [one.run.id for one in claim(backend, ANN, "buy", "sell", limit=2)] == ["b", "c"]
        assert [one.run.id for one in claim(backend, ANN, "buy", "sell", "buy")] == ["a"]

    def test_workflows_that_a_worker_does_not_have_are_left(self, backend: Backend) -> None:
        backend.create(new())
        assert backend.claim(ANN, ["sell"], 100.0, 10) == backend.claim(ANN, [], 100.0, 10) == []

    def test_no_room_means_no_claim(self, backend: Backend) -> None:
        backend.create(new())
        assert claim(backend, ANN, limit=0) == []

    @pytest.mark.parametrize("registered", [True, False], ids=["expired", "missing"])
    def test_the_runs_of_a_worker_that_is_gone_are_due(self, backend: Backend, registered: bool) -> None:
        if registered:
            backend.register(ANN, 50.0)
        run, _ = backend.create(new(), ANN)
        stored(backend, Commit(run.number, 1, 1, (b"scheduled",), wake=None))
        if registered:
            assert claim(backend, BOB, now=49.9) == []
        [claimed] = claim(backend, BOB, now=50.0)
        assert claimed.lost
        assert claimed.run.owner == BOB
        assert claimed.run.token > run.token

    def test_a_worker_that_renews_keeps_its_runs(self, backend: Backend) -> None:
        owned(backend)
        backend.register(ANN, 50.0)
        backend.register(ANN, 150.0)
        assert claim(backend, BOB, now=100.0) == []

    def test_a_worker_never_takes_itself_for_gone(self, backend: Backend) -> None:
        run, _ = backend.create(new(), ANN)
        assert claim(backend, ANN) == []
        backend.register(ANN, 50.0)
        assert claim(backend, ANN, now=100.0) == []
        stored(backend, Commit(run.number, 1, 1, (b"more",)))

    def test_what_an_unregistered_worker_owned_is_due_at_once(self, backend: Backend) -> None:
        run = owned(backend)
        stored(backend, Commit(run.number, 1, 1, wake=500.0))
        assert backend.next_wake(["buy"]) is None
        backend.unregister(ANN)
        due = backend.next_wake(["buy"])
        assert due is not None
        assert due <= 0.0
        [claimed] = claim(backend, BOB, now=5.0)
        assert claimed.lost

    def test_a_lost_run_is_lost_once(self, backend: Backend) -> None:
        backend.create(new(), ANN)
        [claimed] = claim(backend, BOB)
        stored(backend, Commit(claimed.run.number, claimed.run.token, 1, release=True, wake=60.0))
        [again] = claim(backend, EVE)
        assert not again.lost

    def test_a_run_of_another_workflow_stays_lost_until_it_is_claimed(self, backend: Backend) -> None:
        backend.create(new(), ANN)
        assert claim(backend, BOB, "sell") == []
        [claimed] = claim(backend, EVE)
        assert claimed.lost

    def test_next_wake_is_the_earliest_of_the_workflows_asked_for(self, backend: Backend) -> None:
        for name, workflow, at in [("a", "buy", 30.0), ("b", "buy", 20.0), ("c", "sell", 10.0)]:
            backend.create(new(name, workflow, at))
        assert backend.next_wake(["buy"]) == 20.0
        assert backend.next_wake(["buy", "sell"]) == 10.0
        assert backend.next_wake(["rent"]) is None
        assert backend.next_wake([]) is None

    def test_runs_with_a_problem_are_due_again_when_asked_for(self, backend: Backend) -> None:
        for name in ("stuck", "owned", "fine", "ended"):
            owned(backend, name)
        stored(
            backend,
            Commit(1, 1, 1, problem="bad", release=True),
            Commit(2, 1, 1, problem="bad"),
            Commit(3, 1, 1, release=True),
            Commit(4, 1, 1, problem="bad", closing=Closing("failed", 50.0)),
        )
        backend.retry_problems(["sell"], 60.0)
        assert backend.next_wake(["buy"]) is None
        backend.retry_problems(["sell", "buy"], 60.0)
        assert backend.next_wake(["buy"]) == 60.0
        assert [run.problem for run in backend.runs(Filter())] == ["bad", "", "bad", ""]
        assert [one.run.id for one in claim(backend, BOB, now=60.0)] == ["stuck"]

    def test_a_problem_does_not_put_off_what_is_due_earlier(self, backend: Backend) -> None:
        run = owned(backend)
        stored(backend, Commit(run.number, 1, 1, wake=30.0, problem="bad", release=True))
        backend.retry_problems(["buy"], 60.0)
        assert backend.next_wake(["buy"]) == 30.0


class TestCommit:
    def test_events_wake_and_problem_are_stored(self, backend: Backend) -> None:
        run = owned(backend)
        stored(backend, Commit(run.number, 1, 1, (b"a", b"b"), wake=70.0, problem="stuck"))
        found = state_of(backend, run)
        assert (found.events, found.wake, found.problem, found.owner) == (3, 70.0, "stuck", ANN)
        assert backend.history(run.number) == [b"started order", b"a", b"b"]
        assert backend.history(run.number, 1) == [b"a", b"b"]
        assert backend.history(run.number, 3) == []

    def test_a_lost_lease_changes_nothing_while_the_others_are_stored(self, backend: Backend) -> None:
        mine, other = owned(backend, "mine"), owned(backend, "other")
        lost, _ = backend.create(new("lost"), BOB)
        [claimed] = claim(backend, ANN)
        assert claimed.run.number == lost.number
        before = state_of(backend, lost)
        outcomes = backend.commit(
            [
                Commit(mine.number, 1, 1, (b"one",)),
                Commit(
                    *(lost.number, lost.token, 1, (b"two",)),
                    starts=(new("child"),),
                    messages=(message("hello", id="mine"),),
                    closing=Closing("completed", 50.0),
                ),
                Commit(other.number, 1, 1, (b"three",)),
            ]
        )
        assert [outcome.stored for outcome in outcomes] == [True, False, True]
        assert state_of(backend, lost) == before
        assert backend.history(lost.number) == [b"started lost"]
        assert backend.find("child") is None
        assert inbox(backend, ANN) == []
        assert backend.history(mine.number)[1:] == [b"one"]
        assert backend.history(other.number)[1:] == [b"three"]

    def test_a_lease_is_lost_as_soon_as_the_run_is_set_free(self, backend: Backend) -> None:
        backend.register(ANN, 50.0)
        run, _ = backend.create(new(), ANN)
        assert claim(backend, BOB, "sell") == []
        backend.register(ANN, 200.0)
        [outcome] = backend.commit([Commit(run.number, 1, 1, (b"late",), wake=None)])
        assert not outcome.stored
        assert len(claim(backend, BOB)) == 1

    @pytest.mark.parametrize("first", [0, 2, 3])
    def test_events_must_continue_the_history(self, backend: Backend, first: int) -> None:
        run = owned(backend)
        assert backend.commit([Commit(run.number, 1, first, (b"odd",))]) == [Outcome(False)]
        assert backend.history(run.number) == [b"started order"]

    def test_a_run_that_does_not_exist_has_no_lease(self, backend: Backend) -> None:
        assert backend.commit([Commit(999, 1, 1, (b"a",)), Commit(999, 1, 1)]) == [
            Outcome(False),
            Outcome(False),
        ]

    def test_nothing_to_commit_is_nothing(self, backend: Backend) -> None:
        assert backend.commit([]) == []

    def test_the_same_commits_again_count_as_stored_and_change_nothing(self, backend: Backend) -> None:
        run, other = owned(backend), owned(backend, "other")
        commits = [
            Commit(
                *(run.number, 1, 1, (b"a", b"b")),
                wake=70.0,
                starts=(new("child", parent=Parent(run.number, 0), position=0, must_be_new=True),),
                messages=(
                    message("hello", id="other", position=1),
                    message("hello", id="nobody", position=2),
                ),
            ),
            Commit(run.number, 1, 3, (b"c",), release=True, wake=80.0),
            Commit(other.number, 1, 1, (b"closed",), closing=Closing("failed", 50.0)),
        ]
        first = backend.commit(commits)
        before = (backend.runs(Filter()), backend.inbox(ANN), backend.history(run.number))
        again = backend.commit(commits)
        assert [outcome.stored for outcome in first + again] == [True] * 6
        assert first[0] == Outcome(True, (), (2,))
        assert (backend.runs(Filter()), backend.inbox(ANN), backend.history(run.number)) == before

    def test_other_events_under_the_same_token_are_not_taken_for_stored(self, backend: Backend) -> None:
        run = owned(backend)
        stored(backend, Commit(run.number, 1, 1, (b"a",)))
        assert backend.commit([Commit(run.number, 1, 1, (b"b",))]) == [Outcome(False)]

    def test_a_released_run_can_be_claimed_when_its_wake_comes(self, backend: Backend) -> None:
        run = owned(backend)
        stored(backend, Commit(run.number, 1, 1, (b"a",), wake=70.0, release=True))
        assert state_of(backend, run).owner is None
        assert backend.next_wake(["buy"]) == 70.0
        assert claim(backend, BOB, now=69.0) == []
        [claimed] = claim(backend, BOB, now=70.0)
        assert (claimed.run.token, claimed.lost) == (2, False)

    @KINDS
    def test_a_released_run_is_not_its_former_owner_s(self, backend: Backend, kind: dict[str, Any]) -> None:
        run = owned(backend)
        stored(backend, Commit(run.number, 1, 1, (b"a",), release=True))
        before = state_of(backend, run)
        assert backend.commit([Commit(run.number, 1, 2, (b"b",), **kind)]) == [Outcome(False)]
        assert state_of(backend, run) == before

    @KINDS
    def test_a_token_of_before_is_worth_nothing(self, backend: Backend, kind: dict[str, Any]) -> None:
        run, _ = backend.create(new(), BOB)
        [claimed] = claim(backend, ANN)
        assert backend.commit([Commit(run.number, 1, 1, (b"b",), **kind)]) == [Outcome(False)]
        assert state_of(backend, run) == claimed.run
        assert backend.history(run.number) == [b"started order"]

    def test_a_message_that_the_worker_did_not_see_wakes_the_run_it_releases(self, backend: Backend) -> None:
        run = owned(backend)
        backend.send(message("seen", id="order"))
        seen = rows(backend, ANN)
        backend.send(message("unseen", id="order"))
        stored(backend, Commit(run.number, 1, 1, (b"seen",), consumed=seen, release=True))
        [claimed] = claim(backend, BOB, now=21.0)
        assert [one.data for one in claimed.inbox] == [b"unseen"]

    def test_a_run_with_an_empty_inbox_sleeps_when_released(self, backend: Backend) -> None:
        run = owned(backend)
        backend.send(message("seen", id="order"))
        stored(backend, Commit(run.number, 1, 1, (b"seen",), consumed=rows(backend, ANN), release=True))
        assert state_of(backend, run).wake is None
        assert claim(backend, BOB) == []


class TestStarts:
    def test_runs_are_started_with_the_commit(self, backend: Backend) -> None:
        run = owned(backend)
        parent = Parent(run.number, 0)
        start = new("child", at=40.0, parent=parent, position=0, must_be_new=True)
        assert backend.commit([Commit(run.number, 1, 1, (b"a",), starts=(start,))]) == [Outcome(True)]
        child = backend.find("child")
        assert child is not None
        assert (child.owner, child.token, child.wake, child.parent) == (None, 0, 40.0, parent)
        assert backend.history(child.number) == [b"started child"]

    def test_an_id_in_use_is_a_conflict_if_it_must_be_new(self, backend: Backend) -> None:
        run = owned(backend)
        backend.create(new("taken"))
        parent = Parent(run.number, 4)
        starts = (
            new("taken", parent=parent, position=4, must_be_new=True),
            new("taken", position=5, must_be_new=True),
            new("taken", position=6),
            new("free", position=7, must_be_new=True),
        )
        assert backend.commit([Commit(run.number, 1, 1, (b"a",), starts=starts)]) == [Outcome(True, (4, 5))]
        assert backend.find("free") is not None

    def test_the_very_same_start_is_no_conflict(self, backend: Backend) -> None:
        run = owned(backend)
        start = new("child", parent=Parent(run.number, 0), position=0, must_be_new=True)
        stored(backend, Commit(run.number, 1, 1, (b"a",), starts=(start,)))
        assert backend.commit([Commit(run.number, 1, 2, (b"b",), starts=(start,))]) == [Outcome(True)]


class TestMessages:
    def test_a_message_makes_a_run_without_owner_due(self, backend: Backend) -> None:
        run = owned(backend)
        stored(backend, Commit(run.number, 1, 1, release=True, wake=None))
        assert backend.send(message("a", id="order", at=30.0))
        assert backend.send(message("b", number=run.number, at=40.0))
        assert state_of(backend, run).wake == 30.0
        assert backend.send(message("c", number=run.number, at=25.0))
        assert state_of(backend, run).wake == 25.0

    def test_a_message_does_not_touch_the_wake_of_an_owner_s_run(self, backend: Backend) -> None:
        run = owned(backend)
        stored(backend, Commit(run.number, 1, 1, wake=70.0))
        backend.send(message("a", id="order"))
        assert state_of(backend, run).wake == 70.0
        assert inbox(backend, ANN) == [b"a"]

    def test_each_worker_sees_the_messages_of_its_own_runs_in_order(self, backend: Backend) -> None:
        owned(backend, "a", ANN)
        owned(backend, "b", BOB)
        owned(backend, "c", ANN)
        for data, name in [("1", "c"), ("2", "b"), ("3", "a"), ("4", "c")]:
            assert backend.send(message(data, id=name))
        assert inbox(backend, ANN) == [b"1", b"3", b"4"]
        assert inbox(backend, BOB) == [b"2"]
        assert inbox(backend, EVE) == []

    def test_messages_of_one_commit_keep_their_order(self, backend: Backend) -> None:
        run, other = owned(backend, owner=ANN), owned(backend, "other", BOB)
        sent = tuple(message(str(number), number=other.number) for number in range(5))
        stored(backend, Commit(run.number, 1, 1, (b"a",), messages=sent))
        assert inbox(backend, BOB) == [b"0", b"1", b"2", b"3", b"4"]

    def test_a_row_is_never_used_twice(self, backend: Backend) -> None:
        run = owned(backend)
        backend.send(message("a", id="order"))
        before = rows(backend, ANN)
        stored(backend, Commit(run.number, 1, 1, (b"a",), consumed=before))
        backend.send(message("b", id="order"))
        assert rows(backend, ANN) > before

    def test_only_messages_of_the_run_itself_are_consumed(self, backend: Backend) -> None:
        run = owned(backend)
        owned(backend, "other")
        backend.send(message("a", id="other"))
        stored(backend, Commit(run.number, 1, 1, (b"a",), consumed=rows(backend, ANN)))
        assert inbox(backend, ANN) == [b"a"]

    def test_nobody_gets_a_message_for_a_run_that_is_closed_or_unknown(self, backend: Backend) -> None:
        run, closed = owned(backend), owned(backend, "closed")
        finish(backend, closed)
        assert not backend.send(message("a", id="closed"))
        assert not backend.send(message("a", number=closed.number))
        assert not backend.send(message("a", id="unknown"))
        assert not backend.send(message("a", number=999))
        assert not backend.send(Message(b"a", 1.0))
        sent = (
            message("a", id="unknown", position=3),
            message("b", id="order", position=4),
            message("c", number=closed.number, position=5),
            message("d", id="unknown"),
        )
        assert backend.commit([Commit(run.number, 1, 1, (b"a",), messages=sent)]) == [
            Outcome(True, (), (3, 5))
        ]
        assert inbox(backend, ANN) == [b"b"]

    def test_a_message_by_id_goes_to_the_newest_generation(self, backend: Backend) -> None:
        run = owned(backend)
        finish(backend, run, "continued", next=new())
        assert backend.send(message("a", id="order"))
        assert not backend.send(message("b", number=run.number))
        [claimed] = claim(backend, BOB)
        assert (claimed.run.generation, [one.data for one in claimed.inbox]) == (1, [b"a"])

    def test_a_message_to_a_run_started_in_the_same_commit_arrives(self, backend: Backend) -> None:
        run = owned(backend)
        commit = Commit(
            *(run.number, 1, 1, (b"a",)),
            starts=(new("child"),),
            messages=(message("hi", id="child", position=1),),
        )
        assert backend.commit([commit]) == [Outcome(True)]


class TestClosing:
    @pytest.mark.parametrize("ending", ["completed", "failed", "cancelled"])
    def test_a_closed_run_is_nobody_s_and_never_due(self, backend: Backend, ending: Ending) -> None:
        run = owned(backend)
        backend.send(message("a", id="order"))
        finish(backend, run, ending)
        found = state_of(backend, run)
        assert (found.state, found.closed, found.wake, found.owner) == (ending, 50.0, None, None)
        assert backend.inbox(ANN) == []
        assert claim(backend, ANN, now=FOREVER) == []
        assert backend.next_wake(["buy"]) is None
        assert backend.commit([Commit(run.number, 1, 2, (b"more",))]) == [Outcome(False)]

    def test_the_parent_is_told(self, backend: Backend) -> None:
        parent = owned(backend, "parent")
        child = owned(backend, "child", BOB, Parent(parent.number, 0))
        stored(backend, Commit(parent.number, 1, 1, release=True, wake=None))
        finish(backend, child, notify=b"resolved")
        [claimed] = claim(backend, ANN, now=50.0)
        assert [one.data for one in claimed.inbox] == [b"resolved"]

    def test_a_parent_that_is_closed_is_not_told(self, backend: Backend) -> None:
        parent = owned(backend, "parent")
        child = owned(backend, "child", BOB, Parent(parent.number, 0))
        finish(backend, parent)
        finish(backend, child, notify=b"resolved")
        assert state_of(backend, parent).wake is None
        assert claim(backend, ANN) == []

    def test_the_next_generation_goes_on_with_what_was_not_consumed(self, backend: Backend) -> None:
        run = owned(backend, parent=Parent(77, 2))
        for data in ("consumed", "left", "over"):
            backend.send(message(data, id="order"))
        end = Closing("continued", 50.0, next=new(workflow="sell", at=51.0), carry=(b"carried", b"too"))
        stored(backend, Commit(run.number, 1, 1, (b"closed",), consumed=rows(backend, ANN)[:1], closing=end))
        assert state_of(backend, run).state == "continued"
        following = backend.find("order")
        assert following is not None
        assert backend.find("order", 1) == following
        assert backend.find("order", 0) == state_of(backend, run)
        assert backend.find("order", 2) is None
        assert (following.generation, following.workflow, following.wake) == (1, "sell", 51.0)
        assert (following.owner, following.token, following.parent) == (None, 0, Parent(77, 2))
        assert backend.history(following.number) == [b"started order"]
        [claimed] = claim(backend, BOB, "sell")
        assert [one.data for one in claimed.inbox] == [b"carried", b"too", b"left", b"over"]

    def test_a_run_that_signals_its_own_id_and_goes_on_gets_it_next(self, backend: Backend) -> None:
        run = owned(backend)
        end = Closing("continued", 50.0, next=new())
        commit = Commit(
            run.number, 1, 1, (b"closed",), messages=(message("me", id="order", position=0),), closing=end
        )
        assert backend.commit([commit]) == [Outcome(True)]
        [claimed] = claim(backend, BOB)
        assert [one.data for one in claimed.inbox] == [b"me"]


class TestLook:
    def some(self, backend: Backend) -> None:
        for name, workflow in [("a1", "buy"), ("a2", "sell"), ("b1", "buy"), ("b2", "sell"), ("a%", "buy")]:
            backend.register(ANN, FOREVER)
            run, _ = backend.create(new(name, workflow), ANN)
            if name.endswith("2"):
                finish(backend, run)

    @pytest.mark.parametrize(
        ("filter", "expected"),
        [
            (Filter(), ["a%", "b2", "b1", "a2", "a1"]),
            (Filter(limit=2), ["a%", "b2"]),
            (Filter(before=3), ["a2", "a1"]),
            (Filter(state="completed"), ["b2", "a2"]),
            (Filter(state="failed"), []),
            (Filter(workflow="buy"), ["a%", "b1", "a1"]),
            (Filter(workflow="buy", state="completed"), []),
            (Filter(workflow="sell", state="completed"), ["b2", "a2"]),
            (Filter(id_prefix="a"), ["a%", "a2", "a1"]),
            (Filter(id_prefix="a%"), ["a%"]),
            (Filter(id_prefix="a", workflow="buy", state="running", before=5), ["a1"]),
            (Filter(id_prefix="b", state="completed"), ["b2"]),
            (Filter(workflow="sell", before=4, limit=1), ["a2"]),
        ],
        ids=repr,
    )
    def test_runs_are_listed_newest_first(
        self, backend: Backend, filter: Filter, expected: list[str]
    ) -> None:
        self.some(backend)
        assert [run.id for run in backend.runs(filter)] == expected

    def test_states_are_counted(self, backend: Backend) -> None:
        self.some(backend)
        finish(backend, owned(backend, "x"), "continued", next=new("x"))
        counts = {state: count for state, count in backend.counts().items() if count}
        assert counts == {"running": 4, "completed": 2, "continued": 1}

    def test_what_does_not_exist_is_none_or_empty(self, backend: Backend) -> None:
        assert backend.run(1) is backend.find("order") is backend.find("order", 0) is None
        assert backend.history(1) == []
        assert backend.runs(Filter()) == []
        assert sum(backend.counts().values()) == 0

    def test_own_writes_are_not_changes(self, backend: Backend) -> None:
        owned(backend)
        assert not backend.changed()

    def test_it_may_be_closed_twice(self, backend: Backend) -> None:
        backend.close()
        backend.close()


class TestImport:
    def exported(self, backend: Backend) -> Run:
        run = owned(backend, "order", parent=Parent(5, 5))
        stored(backend, Commit(run.number, 1, 1, (b"a",), wake=20.0))
        return replace(state_of(backend, run), id="copy", generation=3)

    def test_an_imported_run_has_its_history_and_is_never_due(self, backend: Backend) -> None:
        exported = self.exported(backend)
        imported = backend.import_run(exported, [b"x", b"y", b"z"])
        assert imported.number != exported.number
        assert (imported.id, imported.generation, imported.state, imported.events) == (
            "copy",
            3,
            "running",
            3,
        )
        assert (imported.wake, imported.owner, imported.parent) == (None, None, None)
        assert backend.history(imported.number) == [b"x", b"y", b"z"]
        assert backend.find("copy") == backend.run(imported.number) == imported
        assert claim(backend, BOB, now=FOREVER - 1) == []

    def test_nothing_is_delivered_to_it(self, backend: Backend) -> None:
        imported = backend.import_run(self.exported(backend), [b"x"])
        assert not backend.send(message("a", id="copy"))
        assert not backend.send(message("a", number=imported.number))
        assert backend.next_wake(["buy"]) is None

    def test_nothing_can_be_committed_for_it(self, backend: Backend) -> None:
        imported = backend.import_run(self.exported(backend), [b"x"])
        assert backend.commit([Commit(imported.number, imported.token, 1, (b"y",))]) == [Outcome(False)]

    def test_it_does_not_replace_a_run(self, backend: Backend) -> None:
        exported = self.exported(backend)
        backend.import_run(exported, [b"x"])
        with pytest.raises(AlreadyStarted, match="copy"):
            backend.import_run(exported, [b"x"])
        owned(backend, "usable")

    def test_all_generations_of_a_run_can_be_imported(self, backend: Backend) -> None:
        exported = self.exported(backend)
        for generation in (1, 0, 2):
            backend.import_run(replace(exported, generation=generation), [b"x"])
        newest = backend.find("copy")
        assert newest is not None
        assert newest.generation == 2

    def test_it_does_not_get_in_the_way_of_a_run_that_continues_as_new(self, backend: Backend) -> None:
        exported = self.exported(backend)
        run = owned(backend, "usable")
        with pytest.raises(AlreadyStarted, match="usable"):
            backend.import_run(replace(exported, id="usable", generation=1), [b"x"])
        finish(backend, run, "continued", next=new("usable"))
