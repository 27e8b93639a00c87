"""Short ways to write runs, commits and messages, with what tests do not care about filled in."""

from __future__ import annotations

from runtime_min.backend import Backend, Claimed, Commit, Message, NewRun, Run
from runtime_min.journal import Parent

# Another host's, so that nobody looks for their processes.
ANN, BOB, EVE = "elsewhere:1:ann", "elsewhere:2:bob", "elsewhere:3:eve"
FOREVER = 1e12


def new(
    id: str = "order",
    workflow: str = "buy",
    at: float = 10.0,
    parent: Parent | None = None,
    position: int = -1,
    must_be_new: bool = False,
) -> NewRun:
    return NewRun(id, workflow, "v1", f"started {id}".encode(), at, parent, position, must_be_new)


def message(data: str, *, id: str = "", number: int = -1, at: float = 20.0, position: int = -1) -> Message:
    return Message(data.encode(), at, id, number, position)


def owned(backend: Backend, id: str = "order", owner: str = ANN, parent: Parent | None = None) -> Run:
    """A run that a living worker has."""
    backend.register(owner, FOREVER)
    run, created = backend.create(new(id, parent=parent), owner)
    assert created
    return run


def stored(backend: Backend, *commits: Commit) -> None:
    """Commit what must be possible."""
    assert all(outcome.stored for outcome in backend.commit(commits))


def claim(
    backend: Backend, worker: str, *workflows: str, now: float = 100.0, limit: int = 10
) -> list[Claimed]:
    return backend.claim(worker, workflows or ("buy",), now, limit)


def inbox(backend: Backend, worker: str) -> list[bytes]:
    return [one.data for one in backend.inbox(worker)]


def rows(backend: Backend, worker: str) -> tuple[int, ...]:
    return tuple(one.row for one in backend.inbox(worker))
