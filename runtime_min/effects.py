"""What a run does to others: the runs and messages that are stored with its commit, and how it is told."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from runtime_min import journal
from runtime_min.backend import Closing, Message, NewRun
from runtime_min.colors import Workflow
from runtime_min.errors import AlreadyStarted, WorkflowNotFound
from runtime_min.execution import failure_of
from runtime_min.journal import Abandoned, Closed, Event, Parent, Received, Resolved, Scheduled, Started
from runtime_min.live import Live


def effects(
    live: Live, out: Sequence[Event], workflows: Mapping[str, Workflow[..., Any]], now: float
) -> tuple[list[NewRun], list[Message]]:
    """What has to be stored for others with what a run asked for."""
    starts: list[NewRun] = []
    messages: list[Message] = []
    if all(map(_is_step, out)):  # as is the case nearly always
        return starts, messages
    # A child that was given up before it was started need not be.
    given_up = {event.position for event in out if isinstance(event, Abandoned)}
    ends = any(isinstance(event, Closed) for event in out)
    for event in out:
        if isinstance(event, Scheduled) and event.kind in ("child", "start"):
            if event.kind == "start" or not (ends or event.position in given_up):
                starts.append(_new_run(live, event, workflows, now))
        elif isinstance(event, Scheduled) and event.kind == "signal":
            data = journal.encode(Received("signal", now, event.name, event.arguments))
            messages.append(Message(data, now, id=event.target, position=event.position))
        elif isinstance(event, Scheduled) and event.kind == "cancel":
            data = journal.encode(Received("cancel", now))
            messages.append(Message(data, now, id=event.target, position=event.position))
        elif isinstance(event, Abandoned) and event.position in live.children:
            messages.append(_cancellation(live.children[event.position], now))
        elif isinstance(event, Closed):
            open_children = live.children.keys() & live.execution.operations.keys()
            messages += [_cancellation(live.children[position], now) for position in open_children]
    return starts, messages


def closing(live: Live, now: float) -> Closing:
    """How it ends: with a next generation, or with an answer for its parent."""
    closed = live.execution.closed
    assert closed is not None
    if closed.ending == "continued":
        started = Started(live.run.workflow, live.run.version, closed.value, secrets.randbits(63), now)
        run = live.run
        following = NewRun(run.id, run.workflow, run.version, journal.encode(started), now, run.parent)
        carry = tuple(journal.encode(event) for event in live.execution.leftover())
        return Closing(closed.ending, now, next=following, carry=carry)
    if live.run.parent is None:
        return Closing(closed.ending, now)
    answer = Resolved(
        live.run.parent.position,
        now,
        closed.value,
        closed.failure,
        cancelled=closed.ending == "cancelled",
    )
    return Closing(closed.ending, now, notify=journal.encode(answer))


def told(event: Scheduled, undelivered: bool, now: float) -> Resolved:
    """What became of a start, a signal or a cancellation."""
    if undelivered:
        missing = WorkflowNotFound(f"no running workflow has the id `{event.target}`")
        return Resolved(event.position, now, failure=failure_of(missing))
    return Resolved(event.position, now)


def conflict(event: Scheduled, now: float) -> Resolved:
    """A child, or another run, could not be started."""
    whose = "a run" if event.kind == "child" else "a run of another workflow"
    taken = AlreadyStarted(f"{whose} with the id `{event.target}` exists already")
    return Resolved(event.position, now, failure=failure_of(taken))


def _is_step(event: Event) -> bool:
    return type(event) is Scheduled and event.kind == "step"


def _new_run(live: Live, event: Scheduled, workflows: Mapping[str, Workflow[..., Any]], now: float) -> NewRun:
    flow = workflows.get(event.name)
    version = flow.version if flow is not None else ""
    started = Started(event.name, version, event.arguments, secrets.randbits(63), now)
    is_child = event.kind == "child"
    parent = Parent(live.run.number, event.position) if is_child else None
    return NewRun(
        event.target, event.name, version, journal.encode(started), now, parent, event.position, is_child
    )


def _cancellation(id: str, now: float) -> Message:
    return Message(journal.encode(Received("cancel", now)), now, id=id)
