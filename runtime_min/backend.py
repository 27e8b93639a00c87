"""The protocol between the runtime and what stores its runs: all that an implementation has to do.

A run is owned by at most one worker at a time. Claiming it raises its `token`, and whatever is committed for
it carries the token that the worker claimed it with, so that a worker which lost its lease without noticing
(it was suspended, its clock jumped) changes nothing any more. Everything that one activation of a workflow
changes is one `Commit`, and is stored wholly or not at all.

Methods are called from one thread, the event loop's, and block for as long as the disk takes.
Times are seconds since the epoch, and always come from the caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

import msgspec

from runtime_min.journal import Ending, Failure, Parent

State: TypeAlias = Literal["running", "completed", "failed", "cancelled", "continued"]


class Run(msgspec.Struct, frozen=True):
    """One generation of one workflow id.

    Attributes:
        number: the backend's own key of the run.
        id: the caller's; all generations of a workflow share it.
        generation: 0, and one more each time it continues as new.
        wake: when a worker has to look at it; None for "when a message comes".
        owner: the worker that holds it, or None.
        token: raised by each claim; -1 for an imported run.
        events: the length of its history.
        problem: why it cannot go on at present, such as a replay that does not match; "" if nothing.
    """

    number: int
    id: str
    generation: int
    workflow: str
    version: str
    state: State
    created: float
    closed: float | None
    wake: float | None
    owner: str | None
    token: int
    events: int
    problem: str
    parent: Parent | None


def same_name(run: Run, workflow: str) -> bool:
    """Whether it is a run of this workflow, maybe of another version."""
    return run.workflow.partition("@")[0] == workflow.partition("@")[0]


class NewRun(msgspec.Struct, frozen=True):
    """A run to be created. `started` is its encoded `Started` event.

    Attributes:
        position: of the operation of the creating run, for `Outcome.conflicts`; -1 when there is none.
        must_be_new: an existing run of that id is a conflict and not the answer; one of another workflow
            always is.
    """

    id: str
    workflow: str
    version: str
    started: bytes
    at: float
    parent: Parent | None = None
    position: int = -1
    must_be_new: bool = False


class Message(msgspec.Struct, frozen=True):
    """An encoded `Received` or `Resolved` for another run.

    Attributes:
        id, number: whose it is: the newest generation of an id, or if that is empty the run of a number.
        position: of the operation of the sending run, for `Outcome.undelivered`; -1 when there is none.
    """

    data: bytes
    at: float
    id: str = ""
    number: int = -1
    position: int = -1


class Delivered(msgspec.Struct, frozen=True):
    """A message in the inbox of a run; `row` grows with the order of arrival."""

    row: int
    run: int
    data: bytes


class Closing(msgspec.Struct, frozen=True):
    """How a run ends.

    Attributes:
        notify: the encoded `Resolved` for the parent's inbox, if the run has a parent that still runs.
        next: for `continued`, the next generation: same id and parent, the generation one higher. Messages
            to the id that are still in the inbox move to it, after those of `carry`; those to the run's
            number end with it.
        carry: encoded `Received` events that the workflow got but did not use.
    """

    ending: Ending
    at: float
    notify: bytes = b""
    next: NewRun | None = None
    carry: tuple[bytes, ...] = ()


class Commit(msgspec.Struct, frozen=True):
    """All that one activation changes.

    Attributes:
        run, token: whose, and under which lease.
        first: how many events the history has before this commit.
        events: to be appended.
        consumed: rows of the inbox that are now in the events.
        wake: as in `Run`, from now on.
        release: the worker gives the run back (`owner` becomes None); due at once if its inbox is not empty.
        problem: as in `Run`.
        starts: runs to be created; see `NewRun.position`.
        messages: to be put into the inboxes of other runs, which become due if nobody owns them.
    """

    run: int
    token: int
    first: int
    events: tuple[bytes, ...] = ()
    consumed: tuple[int, ...] = ()
    wake: float | None = None
    release: bool = False
    problem: str = ""
    starts: tuple[NewRun, ...] = ()
    messages: tuple[Message, ...] = ()
    closing: Closing | None = None


class Outcome(msgspec.Struct, frozen=True):
    """What became of a commit.

    Attributes:
        stored: False if the lease was lost: nothing of it was stored.
        conflicts: positions of `starts` that were not created and whose id is not that of such a run.
        undelivered: positions of `messages` whose run does not exist or is closed.
    """

    stored: bool
    conflicts: tuple[int, ...] = ()
    undelivered: tuple[int, ...] = ()


class Claimed(msgspec.Struct, frozen=True):
    """A run that the worker now owns, with its history and inbox.

    Attributes:
        lost: another worker owned it and did not give it back, so its steps may have run without a result.
    """

    run: Run
    history: tuple[bytes, ...]
    inbox: tuple[Delivered, ...]
    lost: bool = False


class Filter(msgspec.Struct, frozen=True):
    """Which runs to list, newest first.

    Attributes:
        before: only runs with a smaller number, for paging.
    """

    state: State | None = None
    workflow: str | None = None
    id_prefix: str = ""
    before: int | None = None
    limit: int = 100


class Backend(Protocol):
    """Storage and scheduling. Every method is one transaction.

    What it cannot do raises `StorageError`: `StorageUnavailable` if nothing has changed and it may be asked
    again.
    """

    def close(self) -> None:
        """Free what it holds; harmless when done twice."""

    def create(self, new: NewRun, owner: str | None = None) -> tuple[Run, bool]:
        """Create a run that is due at once, or return the newest of that id; and whether it was created.

        With `owner`, a new run is created as claimed by that worker (token 1).
        """

    def send(self, message: Message) -> bool:
        """Put a message into a run's inbox; False if there is no such run or it is closed."""

    def register(self, worker: str, expires: float) -> None:
        """Say that a worker lives until then; also renews.

        `worker` is `HOST:PID:RANDOM`, as `processes.own_name()` makes it.
        """

    def unregister(self, worker: str) -> None:
        """The worker is gone: what it still owned is due at once, as `lost`."""

    def claim(self, worker: str, workflows: Sequence[str], now: float, limit: int) -> list[Claimed]:
        """Take up to `limit` runs of these workflows that are due, those due longest first.

        Due are running ones without owner whose `wake` has come, and those whose owner's registration
        expired, is missing, or names a process of this host that does not exist any more. The runs of such an
        owner are set free, whatever their workflow: from then on its commits are those of a lost lease.
        """

    def commit(self, commits: Sequence[Commit]) -> list[Outcome]:
        """Store all of them in one transaction; one whose lease is lost leaves the others alone.

        Idempotent: a commit whose events are already there under the same token counts as stored. One without
        events is not recognized: so messages and starts come with the events that ask for them.
        """

    def inbox(self, worker: str) -> list[Delivered]:
        """All messages for runs that this worker owns, in order of arrival."""

    def changed(self) -> bool:
        """Whether somebody else (another process or connection) wrote since this was last asked."""

    def retry_problems(self, workflows: Sequence[str], now: float) -> None:
        """Runs of these workflows with a `problem` and no owner lose it and are due: the code may be new."""

    def next_wake(self, workflows: Sequence[str]) -> float | None:
        """When the next run of these workflows that nobody owns is due."""

    def find(self, id: str, generation: int | None = None) -> Run | None:
        """The newest run of an id, or that of a generation."""

    def run(self, number: int) -> Run | None:
        """A run by its number."""

    def runs(self, filter: Filter) -> list[Run]:
        """Runs, newest first."""

    def counts(self) -> dict[State, int]:
        """How many runs are in each state; states without runs may be missing."""

    def history(self, number: int, first: int = 0) -> list[bytes]:
        """The encoded events of a run in order, from the position `first` on."""

    def import_run(self, run: Run, history: Sequence[bytes]) -> Run:
        """Store a run that was exported elsewhere, under a new number and never due.

        It has no owner and no parent, and gets no messages. Raises `AlreadyStarted` if its generation exists,
        or if the id is that of a run that was started here.
        """


__all__ = [
    "Backend",
    "Claimed",
    "Closing",
    "Commit",
    "Delivered",
    "Failure",
    "Filter",
    "Message",
    "NewRun",
    "Outcome",
    "Run",
    "State",
]
