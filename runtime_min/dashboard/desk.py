"""Answers what the page asks, as data: which runs there are, what a run did, and a message sent to one.

It reads and sends, and never claims a run: the work is left to the workers, which may be busy on the same
file. Reading and sending have a connection each, so that a message which waits for the file's lock keeps no
reader waiting.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Annotated

import msgspec

from runtime_min import journal
from runtime_min.backend import Backend, Filter, Message, Run, State
from runtime_min.codec import Codec
from runtime_min.colors import check_sending, signals, workflows
from runtime_min.errors import NotStorable, WorkflowNotFound
from runtime_min.journal import Failure, Received
from runtime_min.timeline import Mark, Span, Timeline, failed, timeline

# What JavaScript can tell from its neighbors, and SQLite can store.
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_Limit = Annotated[int, msgspec.Meta(ge=1, le=500)]

_PREVIEW = 160
_LONGEST_TEXT = 256 * 1024
# Finished runs that are looked at again need not be decoded again.
_REMEMBERED = 4


class Problem(Exception):  # noqa: N818 - an answer, by what it is
    """A message that cannot be sent as things are; says why."""


class Missing(Problem):
    """What was asked for does not exist."""


class Unfit(Problem):
    """A signal that cannot be sent to any run, for its name or its value."""


class RunsQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which runs to list; empty texts stand for "any"."""

    state: State | None = None
    workflow: str = ""
    prefix: str = ""
    before: _Count | None = None
    limit: _Limit = 50


class RunQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which run, and which of its entries; without `first`, the last ones if it still runs."""

    id: str
    generation: _Count | None = None
    first: _Count | None = None
    limit: _Limit = 250


class EntryQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which entry of which run; `key` is one of `Entry.key`."""

    id: str
    generation: _Count
    key: str


class Card(msgspec.Struct, frozen=True):
    """A run in the list."""

    number: int
    id: str
    generation: int
    workflow: str
    version: str
    state: State
    created: float
    closed: float | None
    wake: float | None
    events: int
    problem: str
    held: bool
    imported: bool


class Page(msgspec.Struct, frozen=True):
    """A part of the list of runs; `more` is whether there are older ones."""

    now: float
    counts: dict[State, int]
    runs: list[Card]
    more: bool


class Entry(msgspec.Struct, frozen=True):
    """A row of the picture: an operation or a moment. The whole of its values is a `Details`.

    Attributes:
        key: `span N` for the operation at a position, `mark N` for the Nth moment.
        attempts: when each attempt without a result ended, and when the next one was due.
    """

    key: str
    kind: str
    name: str
    target: str
    begin: float
    end: float | None
    due: float
    status: str
    attempt: int
    attempts: list[tuple[float, float]]
    preview: str
    failure: str


class Whole(msgspec.Struct, frozen=True):
    """A run with a window of its entries, of which `first` is the first and `total` is the number of all."""

    now: float
    run: Card
    newest: int
    parent: Card | None
    begin: float
    end: float | None
    failure: str
    first: int
    total: int
    entries: list[Entry]


class Text(msgspec.Struct, frozen=True):
    """A value as text; `cut` is how many characters of it are left out."""

    text: str
    cut: int = 0


class Details(msgspec.Struct, frozen=True):
    """All that is recorded about an entry."""

    entry: Entry
    arguments: Text
    result: Text
    failure: Failure | None
    attempts: tuple[tuple[int, Failure], ...]
    where: str
    line: str


class About(msgspec.Struct, frozen=True):
    """What the forms of the page offer."""

    database: str
    signals: list[str]
    workflows: list[str]


class Sending(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A signal to send; the value is JSON as text, so that no digit of it is lost on the way here."""

    id: str
    name: Annotated[str, msgspec.Meta(min_length=1)]
    value: str = "null"


class Cancelling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run to cancel."""

    id: str


class Desk:
    """Answers from a database, for any number of threads.

    Args:
        name: of the database, for people.
        reading, sending: two backends on it.
        is_typed: only signals that this process defines are sent, and values that fit their types.
    """

    def __init__(
        self, name: str, reading: Backend, sending: Backend, codec: Codec, *, is_typed: bool = False
    ) -> None:
        self._name = name
        self._reading = reading
        self._sending = sending
        self._codec = codec
        self._is_typed = is_typed
        self._version = 0
        self._timelines: OrderedDict[tuple[int, int], Timeline] = OrderedDict()
        self._reader, self._sender, self._builder = threading.Lock(), threading.Lock(), threading.Lock()

    def close(self) -> None:
        """Close both connections, once whatever uses them has ended."""
        with self._reader, self._sender:
            self._reading.close()
            self._sending.close()

    def about(self) -> About:
        """What the forms of the page offer."""
        return About(self._name, sorted(signals()), sorted(workflows()))

    def version(self) -> str:
        """A text that changes whenever the database does; costs next to nothing."""
        with self._reader:
            if self._reading.changed():
                self._version += 1
            return str(self._version)

    def version_of(self, question: RunQuestion) -> str:
        """A text that changes whenever that run does, whatever else happens in the database."""
        with self._reader:
            run, newest = self._find(question.id, question.generation)
        return hashlib.sha256(msgspec.json.encode((run, newest))).hexdigest()[:24]

    def runs(self, question: RunsQuestion) -> Page:
        """A part of the list of runs, newest first."""
        wanted = Filter(
            state=question.state,
            workflow=question.workflow or None,
            id_prefix=question.prefix,
            before=question.before,
            limit=question.limit + 1,
        )
        with self._reader:
            found = self._reading.runs(wanted)
            counts = self._reading.counts()
        cards = [_card(run) for run in found[: question.limit]]
        return Page(time.time(), counts, cards, len(found) > question.limit)

    def run(self, question: RunQuestion) -> Whole:
        """A run and a window of what it did."""
        with self._reader:
            run, newest = self._find(question.id, question.generation)
            parent = None if run.parent is None else self._reading.run(run.parent.run)
        line = self._timeline(run)
        entries = _entries(line)
        first = question.first
        if first is None:
            first = max(len(entries) - question.limit, 0) if run.state == "running" else 0
        closed = line.marks[-1]
        return Whole(
            now=time.time(),
            run=_card(run),
            newest=newest,
            parent=None if parent is None else _card(parent),
            begin=line.begin,
            end=line.end,
            failure="" if closed.failure is None else _failure(closed.failure),
            first=first,
            total=len(entries),
            entries=[_entry(*each) for each in entries[first : first + question.limit]],
        )

    def entry(self, question: EntryQuestion) -> Details:
        """All that is recorded about one entry."""
        with self._reader:
            run, _ = self._find(question.id, question.generation)
        for key, each in _entries(self._timeline(run)):
            if key == question.key:
                return _details(key, each)
        raise Missing(f"`{question.id}` has no entry `{question.key}`")

    def signal(self, order: Sending) -> None:
        """Put a signal into a run's inbox."""
        try:
            plain = msgspec.json.format(order.value.encode(), indent=-1)
            msgspec.json.decode(plain)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
            raise Unfit(f"the value is not JSON ({error}); text is written in quotes") from None
        try:
            check_sending(self._codec, order.name, plain, declared=self._is_typed)
        except (NotStorable, WorkflowNotFound) as error:
            raise Unfit(str(error)) from None
        self._send(order.id, Received("signal", time.time(), order.name, self._codec.seal(plain)))

    def cancel(self, order: Cancelling) -> None:
        """Ask a run to stop."""
        self._send(order.id, Received("cancel", time.time()))

    def _send(self, id: str, event: Received) -> None:
        with self._sender:
            if self._sending.send(Message(journal.encode(event), event.at, id=id)):
                return
            run = self._sending.find(id)
        if run is None:
            raise Missing(f"no workflow has the id `{id}`")
        state = "imported" if run.state == "running" else run.state
        raise Problem(f"`{id}` is {state}, so nothing reaches it any more")

    def _find(self, id: str, generation: int | None) -> tuple[Run, int]:
        """A run, and the newest generation of its id."""
        newest = self._reading.find(id)
        if newest is None:
            raise Missing(f"no workflow has the id `{id}`")
        if generation is None or generation == newest.generation:
            return newest, newest.generation
        run = self._reading.find(id, generation)
        if run is None:
            raise Missing(f"workflow `{id}` has no generation {generation}")
        return run, newest.generation

    def _timeline(self, run: Run) -> Timeline:
        key = run.number, run.events
        # One at a time: several pages that look at the same long run need it made once.
        with self._builder:
            line = self._timelines.get(key)
            if line is None:
                with self._reader:
                    events = self._reading.history(run.number)
                # What was added since the run was looked at comes with the next look.
                line = timeline(journal.decode_all(events[: run.events]), self._codec)
                for old in [other for other in self._timelines if other[0] == run.number]:
                    del self._timelines[old]
                self._timelines[key] = line
            self._timelines.move_to_end(key)
            while len(self._timelines) > _REMEMBERED:
                self._timelines.popitem(last=False)
            return line


def _card(run: Run) -> Card:
    return Card(
        number=run.number,
        id=run.id,
        generation=run.generation,
        workflow=run.workflow,
        version=run.version,
        state=run.state,
        created=run.created,
        closed=run.closed,
        wake=run.wake,
        events=run.events,
        problem=run.problem,
        held=run.owner is not None,
        imported=run.token < 0,
    )


def _entries(line: Timeline) -> Sequence[tuple[str, Span | Mark]]:
    """In the order of time; of one moment first what reached the run, then what that led to."""
    found: list[tuple[float, bool, int, str, Span | Mark]] = [
        (mark.at, mark.kind == "closed", -1, f"mark {index}", mark) for index, mark in enumerate(line.marks)
    ]
    found += [(span.begin, False, span.position, f"span {span.position}", span) for span in line.spans]
    found.sort(key=lambda each: each[:3])
    return [(key, each) for *_, key, each in found]


def _entry(key: str, each: Span | Mark) -> Entry:
    if isinstance(each, Mark):
        failure = "" if each.failure is None else _failure(each.failure)
        return Entry(
            key, each.kind, each.name, "", each.at, each.at, 0.0, "", 1, [], _short(each.value), failure
        )
    arrow = f" → {_short(each.result)}" if each.result else ""
    return Entry(
        key=key,
        kind=each.kind,
        name=each.name,
        target=each.target,
        begin=each.begin,
        end=each.end,
        due=each.due,
        status=each.status,
        attempt=each.attempt,
        attempts=[(attempt.ended, attempt.next) for attempt in each.attempts],
        preview=_short(each.arguments) + arrow,
        failure=_span_failure(each),
    )


def _span_failure(span: Span) -> str:
    """How it ended, or why it is tried again."""
    if span.failure is not None:
        return _failure(span.failure)
    return _failure(span.attempts[-1].failure) if span.attempts and span.status == "open" else ""


def _details(key: str, each: Span | Mark) -> Details:
    if isinstance(each, Mark):
        return Details(_entry(key, each), _text(each.value), Text(""), each.failure, (), "", "")
    return Details(
        entry=_entry(key, each),
        arguments=_text(each.arguments),
        result=_text(each.result),
        failure=each.failure,
        attempts=tuple((attempt.number, attempt.failure) for attempt in each.attempts),
        where=each.where,
        line=each.line,
    )


def _failure(failure: Failure) -> str:
    return _short(failed(failure))


def _short(value: str) -> str:
    return value if len(value) <= _PREVIEW else value[: _PREVIEW - 1] + "…"


def _text(value: str) -> Text:
    """Indented here, since JavaScript would round the numbers."""
    if len(value) <= _LONGEST_TEXT:
        try:
            value = msgspec.json.format(value, indent=2) if value else value
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            return Text(value)
    return Text(value[:_LONGEST_TEXT], max(len(value) - _LONGEST_TEXT, 0))
