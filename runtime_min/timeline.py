"""A run's history as people look at it: what was going on from when to when."""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from runtime_min.codec import Codec
from runtime_min.errors import RuntimeMinError
from runtime_min.journal import (
    Abandoned,
    Attempted,
    Closed,
    Event,
    Failure,
    Kind,
    Patched,
    Received,
    Resolved,
    Scheduled,
    Started,
)

# The steps that the runtime makes of what a workflow asks of other runs, for people.
INTERNAL = {
    "runtime_min.result": "result of",
    "runtime_min.query": "query of",
    "runtime_min.describe": "description of",
}

Status = Literal["open", "completed", "failed", "cancelled", "abandoned"]


class Attempt(msgspec.Struct, frozen=True):
    """One attempt at a step that gave no result."""

    number: int
    ended: float
    next: float
    failure: Failure


class Span(msgspec.Struct, frozen=True):
    """One operation of the run.

    Attributes:
        begin, end: seconds since the epoch; `end` is None while it is open.
        due: when a timer fires, else 0.
        attempt: the number of the attempt that gave the result, or of the next one.
        arguments, result: as text, as far as they can be shown.
        where, line: the source that asked for it.
    """

    position: int
    kind: Kind
    name: str
    target: str
    begin: float
    end: float | None
    due: float
    status: Status
    attempt: int
    attempts: tuple[Attempt, ...]
    arguments: str
    result: str
    failure: Failure | None
    where: str
    line: str

    @property
    def title(self) -> str:
        """What it is, such as `step charge`, for people."""
        return title(self.kind, self.name, self.target, self.arguments)


class Mark(msgspec.Struct, frozen=True):
    """A moment of the run: its start, a message, a patch, its end."""

    at: float
    kind: Literal["started", "signal", "cancel", "patched", "closed"]
    name: str
    value: str
    failure: Failure | None = None


class Timeline(msgspec.Struct, frozen=True):
    """All of it, in the order in which it was recorded."""

    begin: float
    end: float | None
    spans: tuple[Span, ...]
    marks: tuple[Mark, ...]


def timeline(history: Sequence[Event], codec: Codec) -> Timeline:
    """What a history says, by operation."""
    builder = _Builder(codec)
    for event in history:
        builder.add(event)
    return builder.timeline()


def shown(codec: Codec, value: bytes) -> str:
    """A stored value as text; says so if it cannot be opened or read here."""
    if not value:
        return ""
    try:
        return codec.unseal(value).decode()
    except (RuntimeMinError, UnicodeDecodeError):
        return f"<{len(value)} bytes>"
    except Exception as error:  # noqa: BLE001 - a user's own unseal may raise anything; the rest is still worth seeing
        return f"<{len(value)} bytes: {error}>"


class _Builder:
    def __init__(self, codec: Codec) -> None:
        self.codec = codec
        self.time = 0.0
        self.begin = 0.0
        self.end: float | None = None
        self.spans: dict[int, Span] = {}
        self.marks: list[Mark] = []

    def add(self, event: Event) -> None:
        match event:
            case Started():
                self.begin = self.time = event.at
                self._mark("started", event.workflow, event.arguments)
            case Scheduled():
                self._open(event)
            case Attempted():
                attempt = Attempt(event.attempt, event.at, event.retry, event.failure)
                span = self.spans[event.position]
                self._change(event.position, attempts=(*span.attempts, attempt), attempt=event.attempt + 1)
            case Resolved():
                self.time = max(self.time, event.at)
                self._resolve(event)
            case Received():
                self.time = max(self.time, event.at)
                self._mark(event.kind, event.name, event.value)
            case Abandoned():
                self._change(event.position, end=self.time, status="abandoned")
            case Patched():
                self._mark("patched", event.id, b"")
            case Closed():
                self.end = event.at
                self._mark("closed", event.ending, event.value, event.failure)

    def timeline(self) -> Timeline:
        return Timeline(self.begin, self.end, tuple(self.spans.values()), tuple(self.marks))

    def _open(self, event: Scheduled) -> None:
        self.spans[event.position] = Span(
            position=event.position,
            kind=event.kind,
            name=event.name,
            target=event.target,
            begin=self.time,
            end=None,
            due=event.due,
            status="open",
            attempt=1,
            attempts=(),
            arguments=shown(self.codec, event.arguments),
            result="",
            failure=None,
            where=event.where,
            line=event.line,
        )

    def _resolve(self, event: Resolved) -> None:
        status = "cancelled" if event.cancelled else "failed" if event.failure is not None else "completed"
        self._change(
            event.position,
            end=event.at,
            status=status,
            result=_result(self.spans[event.position].name, event.value, self.codec),
            failure=event.failure,
            attempt=event.attempt,
        )

    def _change(self, position: int, **changes: object) -> None:
        self.spans[position] = msgspec.structs.replace(self.spans[position], **changes)

    def _mark(
        self,
        kind: Literal["started", "signal", "cancel", "patched", "closed"],
        name: str,
        value: bytes,
        failure: Failure | None = None,
    ) -> None:
        self.marks.append(
            Mark(
                self.time if kind != "closed" else (self.end or 0.0),
                kind,
                name,
                shown(self.codec, value),
                failure,
            )
        )


def told(event: Event, scheduled: Mapping[int, Scheduled], codec: Codec) -> str:
    """An event in one line; `scheduled` are the operations of the run by position."""
    match event:
        case Started():
            return f"started {event.workflow} {shown(codec, event.arguments)}"
        case Scheduled():
            return f"asks for {asked(event, codec)}"
        case Attempted():
            step = _numbered(event.position, scheduled, codec)
            return f"attempt {event.attempt} at {step} failed: {failed(event.failure)}"
        case Resolved():
            name = scheduled[event.position].name if event.position in scheduled else ""
            return f"{_numbered(event.position, scheduled, codec)} {_outcome(event, name, codec)}".rstrip()
        case Received():
            return f"received {event.kind} {event.name} {shown(codec, event.value)}".rstrip()
        case Abandoned():
            return f"no longer waits for {_numbered(event.position, scheduled, codec)}"
        case Patched():
            return f"patched {event.id!r}"
        case Closed():
            value = failed(event.failure) if event.failure is not None else shown(codec, event.value)
            return f"{event.ending}: {value}".rstrip(": ")


def details(event: Event, codec: Codec) -> Iterator[tuple[str, str]]:
    """All fields of an event that say something, by name, as text."""
    for name in event.__struct_fields__:
        value = getattr(event, name)
        if value in (b"", "", None) or (name == "due" and not value):
            continue
        if isinstance(value, Failure):
            yield name, failed(value)
            if value.trace:
                yield "trace", value.trace.rstrip()
        elif name == "digest":
            yield name, value.hex()
        elif isinstance(value, bytes):
            yield name, shown(codec, value)
        elif name in ("at", "due", "retry"):
            yield name, iso(value)
        else:
            yield name, str(value)


def named(event: Scheduled, codec: Codec) -> str:
    """What an operation is, such as `step charge`, or `result of trial-7` for the wait for another run."""
    return title(event.kind, event.name, event.target, shown(codec, event.arguments))


def asked(event: Scheduled, codec: Codec) -> str:
    """An operation with its position and arguments."""
    text = f"{named(event, codec)} #{event.position}"
    if event.kind == "timer":
        return f"{text} due {iso(event.due)}"
    return text if event.name in INTERNAL else f"{text} {shown(codec, event.arguments)}".rstrip()


def title(kind: Kind, name: str, target: str, arguments: str) -> str:
    """The name of an operation for people; `arguments` are as they are shown."""
    if kind == "step" and name in INTERNAL:
        return f"{INTERNAL[name]} {_first(arguments)}"
    if kind in ("signal", "cancel"):
        return f"{kind} {name}".rstrip() + f" to {target}"
    return f"{kind} {name}".rstrip()


def failed(failure: Failure) -> str:
    """A failure with its message, without the module of its class."""
    return f"{failure.kind.rpartition('.')[2]}: {failure.text}".rstrip(": ")


def visible(text: str) -> str:
    """Text of any origin, without what a terminal would obey: control characters are escaped."""
    return text if text.isprintable() else "".join(map(_visible_character, text))


def _visible_character(character: str) -> str:
    is_control = unicodedata.category(character) == "Cc" and character not in "\n\t"
    return character.encode("unicode_escape").decode() if is_control else character


def iso(at: float) -> str:
    """A moment as text, in UTC."""
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at)).isoformat().replace("+00:00", "Z")
    except (OverflowError, ValueError):
        return str(at)


def _first(arguments: str) -> str:
    """The id of the run that an operation of the runtime itself is about."""
    try:
        values = msgspec.json.decode(arguments)
    except msgspec.DecodeError:
        return arguments
    return str(values[0]) if isinstance(values, list) and values else arguments


def _result(name: str, value: bytes, codec: Codec) -> str:
    """The result of an operation; that of another run is stored as the bytes of its JSON."""
    text = shown(codec, value)
    if name == "runtime_min.result":
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
            return msgspec.json.decode(text, type=bytes).decode()
    return text


def _numbered(position: int, scheduled: Mapping[int, Scheduled], codec: Codec) -> str:
    found = scheduled.get(position)
    return f"{named(found, codec)} #{position}" if found is not None else f"operation #{position}"


def _outcome(event: Resolved, name: str, codec: Codec) -> str:
    if event.cancelled:
        return "was cancelled"
    if event.failure is not None:
        return f"failed: {failed(event.failure)}"
    return f"→ {_result(name, event.value, codec)}" if event.value else "is done"
