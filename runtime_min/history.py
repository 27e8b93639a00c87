"""The history of a run as a value: taken from a backend, written as JSON, read again and stored elsewhere.

The file is for people as much as for programs: one event a line, values as the JSON that they are, digests in
hexadecimal, and each time twice, as seconds (which is what is read) and as text.

    {"format": "runtime_min history", "version": 1,
    "run": {"id":"trial-7","workflow":"pro_trial","version":"","generation":0,"state":"completed"},
    "events": [
    {"event":"started","workflow":"pro_trial","arguments":["ada"],"seed":"81985529216486895","at":1.0,...},
    {"event":"scheduled","position":0,"kind":"step","name":"charge","digest":"0011223344556677",...},
    {"event":"resolved","position":0,"at":1.5,"value":499,"time":"1970-01-01T00:00:01.500000Z"}
    ]}
"""

from __future__ import annotations

import base64
import functools
import math
import operator
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec

from runtime_min import journal
from runtime_min.backend import Backend, Run, State
from runtime_min.codec import Codec
from runtime_min.errors import NotReadable, RuntimeMinError
from runtime_min.journal import (
    Abandoned,
    Attempted,
    Closed,
    Event,
    Failure,
    Patched,
    Received,
    Resolved,
    Scheduled,
    Started,
)

FORMAT = "runtime_min history"
VERSION = 1


class HistoryError(RuntimeMinError):
    """A file that is no history, or a damaged one; the message is one line with its name and the place."""


class History(msgspec.Struct, frozen=True):
    """What happened to one generation of a run.

    Attributes:
        id: of the run.
        workflow: the key of its workflow, `name` or `name@version`.
        version: of its workflow; "" if it has none.
        generation: how often it had gone on as new before.
        state: how it stood when this was taken.
        events: as in `runtime_min.journal`, oldest first.
        problem: why it could not go on, "" if nothing.
    """

    id: str
    workflow: str
    version: str
    generation: int
    state: State
    events: tuple[Event, ...]
    problem: str = ""

    @classmethod
    def of(cls, backend: Backend, run: Run) -> History:
        """The history of a run that is stored."""
        events = tuple(journal.decode_all(backend.history(run.number)))
        return cls(run.id, run.workflow, run.version, run.generation, run.state, events, run.problem)

    @classmethod
    def load(cls, text: str | bytes, name: str = "history") -> History:
        """Read what `export` wrote; `name` is what messages call it.

        Raises:
            HistoryError: it is something else, or damaged.
        """
        return _read(text, name)

    @classmethod
    def load_file(cls, path: str | os.PathLike[str]) -> History:
        """Read a file that `export` wrote.

        Raises:
            HistoryError: it cannot be read, is something else, or is damaged.
        """
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise HistoryError(f"{os.fspath(path)}: cannot be read: {error.strerror or error}") from None
        return _read(data, os.fspath(path))

    @property
    def started(self) -> Started:
        """The first event."""
        first = self.events[0]
        assert isinstance(first, Started), "a history begins with its start"
        return first

    @property
    def closed(self) -> Closed | None:
        """The last event, if it says how the run ended."""
        last = self.events[-1]
        return last if isinstance(last, Closed) else None

    def export(self) -> str:
        """As JSON, with a newline at the end; the same history always gives the same text."""
        run = _RunForm(self.id, self.workflow, self.version, self.generation, self.state, self.problem)
        events = ",\n".join(_json(_event_form(event)) for event in self.events)
        head = f'"format": "{FORMAT}", "version": {VERSION}'
        return f'{{{head},\n"run": {_json(run)},\n"events": [\n{events}\n]}}\n'

    def unsealed(self, codec: Codec) -> History:
        """The same with plain values, to be read by people, or to be replayed where the key is not.

        Raises:
            NotReadable: the codec cannot open one; it is not the one that stored them, or lacks the key.
        """
        events: list[Event] = []
        for index, event in enumerate(self.events):
            try:
                events.append(_unsealed(event, codec))
            except Exception as error:
                place = f"{self.id}: events[{index}]"
                problem = f"the codec cannot open it: {type(error).__name__}: {error}"
                raise NotReadable(f"{problem}; name the one that stored it", place) from error
        return msgspec.structs.replace(self, events=tuple(events))

    def store(self, backend: Backend) -> Run:
        """Put it into a backend, where it can be looked at and debugged and is never run.

        Raises:
            AlreadyStarted: this generation of the id is there.
            HistoryError: its start, or its end, has no time.
        """
        closed = self.closed
        if math.isnan(self.started.at) or (closed is not None and math.isnan(closed.at)):
            raise HistoryError(f"{self.id}: a run whose start or end has the time `nan` cannot be stored")
        run = Run(
            number=0,
            id=self.id,
            generation=self.generation,
            workflow=self.workflow,
            version=self.version,
            state=self.state,
            created=self.started.at,
            closed=closed.at if closed is not None else None,
            wake=None,
            owner=None,
            token=0,
            events=len(self.events),
            problem=self.problem,
            parent=None,
        )
        return backend.import_run(run, [journal.encode(event) for event in self.events])


def histories_of(backend: Backend, id: str) -> list[History]:
    """The histories of all generations of an id, oldest first; none if there is no such run."""
    newest = backend.find(id)
    if newest is None:
        return []
    runs = (backend.find(id, generation) for generation in range(newest.generation + 1))
    return [History.of(backend, run) for run in runs if run is not None]


# The file's structs, made of the journal's. Values are `Raw`, which keeps their bytes.

_VALUES = ("arguments", "value")
_TIMES = ("at", "due", "retry")
_TAGS: dict[Any, str] = {
    kind: kind.__name__.lower()
    for kind in (Started, Scheduled, Attempted, Resolved, Received, Abandoned, Patched, Closed)
}


# What SQLite can store.
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class _RunForm(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    id: str
    workflow: str
    version: str
    generation: _Count
    state: State
    problem: str = ""


class _FailureForm(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    kind: str
    bases: tuple[str, ...]
    text: str
    trace: str = ""
    attempts: _Count = 1


def _form(kind: type) -> Any:
    """The struct that stands in the file for a kind of event."""
    fields: list[tuple[str, Any, Any]] = []
    for one in msgspec.structs.fields(kind):
        if one.name in _VALUES:
            fields += [(one.name, msgspec.Raw, msgspec.Raw()), (f"{one.name}_base64", str, "")]
        elif one.name in _TIMES:
            # Text for what JSON has no number for.
            fields.append((one.name, float | str, one.default))
        elif one.name in ("digest", "seed"):
            # Programs that read all numbers as floats would damage a seed.
            fields.append((one.name, str, one.default))
        elif one.name == "failure":
            required = one.default is msgspec.NODEFAULT
            fields.append((one.name, _FailureForm if required else _FailureForm | None, one.default))
        else:
            fields.append((one.name, _Count if one.type is int else one.type, one.default))
    return msgspec.defstruct(
        f"_{kind.__name__}Form",
        [*fields, ("time", str, "")],
        frozen=True,
        kw_only=True,
        omit_defaults=True,
        forbid_unknown_fields=True,
        tag_field="event",
        tag=_TAGS[kind],
    )


_FORMS = {kind: _form(kind) for kind in _TAGS}
_KINDS = {form: kind for kind, form in _FORMS.items()}


class _Head(msgspec.Struct, frozen=True):
    format: str = ""
    version: int = 0


_File: Any = msgspec.defstruct(
    "_File",
    [
        ("format", str),
        ("version", int),
        ("run", _RunForm),
        ("events", list[functools.reduce(operator.or_, _KINDS)]),  # type: ignore[misc]
    ],
    frozen=True,
    forbid_unknown_fields=True,
)
_head = msgspec.json.Decoder(_Head)
_file: Any = msgspec.json.Decoder(_File)


def _json(form: object) -> str:
    return msgspec.json.encode(form).decode()


def _event_form(event: Event) -> object:
    found: dict[str, object] = {}
    for name in event.__struct_fields__:
        value = getattr(event, name)
        if name in _VALUES:
            if _is_json(value):
                found[name] = msgspec.Raw(value)
            else:
                found[f"{name}_base64"] = base64.b64encode(value).decode()
        elif name in _TIMES:
            found[name] = value if math.isfinite(value) else str(value)
        elif isinstance(value, Failure):
            found[name] = _FailureForm(*msgspec.structs.astuple(value))
        else:
            found[name] = value.hex() if name == "digest" else str(value) if name == "seed" else value
    shown = getattr(event, "at", None) or getattr(event, "due", 0.0)
    return _FORMS[type(event)](**found, time=_time_text(shown) if shown else "")


def _is_json(value: bytes) -> bool:
    """Whether these bytes, as a part of the file, come back as they are."""
    try:
        if msgspec.json.format(value, indent=-1) != value:
            return False
        msgspec.json.decode(b"[[[[" + value + b"]]]]")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _time_text(seconds: float) -> str:
    try:
        time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return ""
    return time.isoformat().replace("+00:00", "Z")


def _read(text: str | bytes, name: str) -> History:
    try:
        data = text.encode() if isinstance(text, str) else text
        data = data.removeprefix(b"\xef\xbb\xbf")
        _check_head(data, name)
        file = _file.decode(data)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at ")
        raise HistoryError(f"{name}: {_place(place)}{problem}") from None
    except msgspec.DecodeError as error:
        raise HistoryError(_malformed(data, name, str(error))) from None
    except UnicodeError:
        raise HistoryError(f"{name}: it is not UTF-8 text") from None
    except RecursionError:
        raise HistoryError(f"{name}: its values are nested too deep") from None
    events = tuple(_event(form, f"{name}: events[{index}]") for index, form in enumerate(file.events))
    _check_order(events, name)
    run = file.run
    ending = events[-1].ending if isinstance(events[-1], Closed) else "running"
    if run.state != ending:
        raise HistoryError(f"{name}: run.state is `{run.state}`, but by its events the run is `{ending}`")
    return History(run.id, run.workflow, run.version, run.generation, run.state, events, run.problem)


def _check_head(data: bytes, name: str) -> None:
    try:
        head = _head.decode(data)
    except msgspec.ValidationError:
        head = _Head()
    if head.format != FORMAT:
        raise HistoryError(f'{name}: it is no exported history, which would say "format": "{FORMAT}"')
    if head.version != VERSION:
        raise HistoryError(
            f"{name}: version {head.version} of the format, and this runtime_min reads version {VERSION}"
        )


def _malformed(data: bytes, name: str, problem: str) -> str:
    problem, _, at = problem.partition(" (byte ")
    before = data[: int(at.rstrip(")"))] if at else data
    line = before.count(b"\n") + 1
    column = len(before) - before.rfind(b"\n")
    return f"{name}:{line}:{column}: {problem}"


def _place(place: str) -> str:
    place = place.strip("`").removeprefix("$").removeprefix(".")
    return f"{place}: " if place else ""


def _event(form: Any, place: str) -> Event:
    kind = _KINDS[type(form)]
    found: dict[str, object] = {}
    for name in kind.__struct_fields__:
        value = getattr(form, name)
        try:
            if name in _VALUES:
                found[name] = _value(value, getattr(form, f"{name}_base64"))
            elif name == "failure":
                found[name] = value and Failure(*msgspec.structs.astuple(value))
            elif name in _TIMES:
                found[name] = float(value)
            elif name == "digest":
                found[name] = bytes.fromhex(value)
            else:
                found[name] = _seed(value) if name == "seed" else value
        except ValueError as error:
            raise HistoryError(f"{place}.{name}: {error}") from None
    made: Event = kind(**found)
    return made


def _seed(text: str) -> int:
    seed = int(text)
    if not 0 <= seed < 2**64:
        raise ValueError("a seed has 64 bits")
    return seed


def _value(value: msgspec.Raw, coded: str) -> bytes:
    """The bytes of a value; without the spaces that a program which rewrote the file may have put in."""
    if coded:
        return base64.b64decode(coded, validate=True)
    raw = bytes(value)
    return msgspec.json.format(raw, indent=-1) if raw else b""


def _check_order(events: tuple[Event, ...], name: str) -> None:
    """Whether this can have happened at all: a lost or doubled line shows here."""
    if not events:
        raise HistoryError(f"{name}: events: there are none, not even the start")
    scheduled = 0
    for index, event in enumerate(events):
        problem = ""
        if isinstance(event, Started) != (index == 0):
            problem = "`started` is the first event, and only the first"
        elif isinstance(event, Closed) and index != len(events) - 1:
            problem = "`closed` is followed by other events"
        elif isinstance(event, Scheduled):
            if event.position != scheduled:
                problem = f"operation {event.position} is scheduled where {scheduled} is next"
            scheduled += 1
        elif isinstance(event, Resolved | Attempted | Abandoned) and not 0 <= event.position < scheduled:
            problem = f"operation {event.position} was not scheduled before"
        if problem:
            raise HistoryError(f"{name}: events[{index}]: {problem}")


def _unsealed(event: Event, codec: Codec) -> Event:
    changes = {name: codec.unseal(value) for name in _VALUES if (value := getattr(event, name, b""))}
    return msgspec.structs.replace(event, **changes) if changes else event
