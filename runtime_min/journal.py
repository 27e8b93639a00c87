"""The events of which a run's history is made.

A history alternates between what reaches the workflow (`Started`, `Resolved`, `Received`) and what the
workflow then asks for (`Scheduled`, `Abandoned`, `Patched`, `Closed`). Replay delivers the former one at a
time, lets the workflow run until it waits, and compares what it asks for with the latter. `Attempted` is the
worker's own note about a step and means nothing to the workflow.

Times are seconds since the epoch. Values are bytes as the codec made them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["step", "timer", "child", "start", "signal", "cancel"]
Ending: TypeAlias = Literal["completed", "failed", "cancelled", "continued"]


class Failure(msgspec.Struct, frozen=True, array_like=True):
    """An exception as it is recorded; the fields are those of `errors.OperationFailed`."""

    kind: str
    bases: tuple[str, ...]
    text: str
    trace: str = ""
    attempts: int = 1


class Parent(msgspec.Struct, frozen=True, array_like=True):
    """Who waits for a run: the operation at a position of another run."""

    run: int
    position: int


class Started(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """The first event: the workflow was started with these arguments, or went on as new with them."""

    workflow: str
    version: str
    arguments: bytes
    seed: int
    at: float


class Scheduled(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """The workflow asked for an operation.

    Attributes:
        position: counts the operations of the run from 0.
        kind: what it asked for.
        name: of the step, of the child's workflow, of the signal; empty for a timer.
        digest: of the arguments, so that a replay notices other ones without comparing them.
        arguments: of the step, child or signal, as the codec stored them.
        target: the id of the run that a child, start, signal or cancel is about.
        due: when a timer fires.
        where: module and line of the call, such as `app.flows:31`.
        line: the source line there.
    """

    position: int
    kind: Kind
    name: str
    digest: bytes
    arguments: bytes
    target: str = ""
    due: float = 0.0
    where: str = ""
    line: str = ""


class Attempted(msgspec.Struct, frozen=True, array_like=True, tag=3):
    """An attempt at a step ended without a result; the next one is due at `retry`.

    Attributes:
        failures: how many of the attempts so far raised; the others were lost with their process.
    """

    position: int
    attempt: int
    failures: int
    failure: Failure
    at: float
    retry: float


class Resolved(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """An operation ended: with a value, or with a failure."""

    position: int
    at: float
    value: bytes = b""
    failure: Failure | None = None
    cancelled: bool = False
    attempt: int = 1


class Received(msgspec.Struct, frozen=True, array_like=True, tag=5):
    """A message from outside: a signal with its value, or the wish to cancel."""

    kind: Literal["signal", "cancel"]
    at: float
    name: str = ""
    value: bytes = b""


class Abandoned(msgspec.Struct, frozen=True, array_like=True, tag=6):
    """The workflow no longer waits for an operation, since the task that did was cancelled."""

    position: int


class Patched(msgspec.Struct, frozen=True, array_like=True, tag=7):
    """`patched(id)` was asked for the first time, and the new code was taken."""

    id: str


class Closed(msgspec.Struct, frozen=True, array_like=True, tag=8):
    """The last event. The value is the result, or the arguments of the next generation."""

    ending: Ending
    at: float
    value: bytes = b""
    failure: Failure | None = None


Event: TypeAlias = Started | Scheduled | Attempted | Resolved | Received | Abandoned | Patched | Closed
Incoming: TypeAlias = Started | Resolved | Received
Outgoing: TypeAlias = Scheduled | Abandoned | Patched | Closed

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Event] = msgspec.msgpack.Decoder(Event)

encode = _encoder.encode
decode = _decoder.decode


def storable(text: str) -> str:
    """The text, with what is no Unicode (in the name of a file, say) as escapes."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def decode_all(data: Sequence[bytes]) -> list[Event]:
    """The events of a stored history."""
    return [_decoder.decode(one) for one in data]
