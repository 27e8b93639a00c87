"""Histories as people look at them: spans, marks, and events in one line."""

from __future__ import annotations

import base64

import msgspec
import pytest

from runtime_min import JsonCodec, RuntimeMinError
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
from runtime_min.timeline import details, iso, shown, timeline, told

CODEC = JsonCodec()
LOST = Failure(
    "app.errors.Lost", ("app.errors.Lost", "builtins.Exception"), "the parcel", "Traceback:\n  ..."
)
CHARGE = Scheduled(0, "step", "charge", b"\x01", b"[5]", where="app.py:3", line="await charge(5)")
HISTORY: list[Event] = [
    Started("buy", "", b'["ada"]', 7, 100.0),
    CHARGE,
    Scheduled(1, "timer", "", b"", b"", due=160.0),
    Attempted(0, 1, 1, LOST, 101.0, 102.0),
    Resolved(0, 103.0, b"9", attempt=2),
    Patched("new price"),
    Scheduled(2, "child", "receipt", b"\x02", b"[]", target="buy/2"),
    Received("signal", 104.0, "approved", b"true"),
    Abandoned(1),
    Resolved(2, 105.0, failure=LOST),
    Received("cancel", 106.0),
    Closed("failed", 106.0, failure=LOST),
]
SCHEDULED = {event.position: event for event in HISTORY if isinstance(event, Scheduled)}


def waited(value: bytes) -> list[Event]:
    """A workflow that waits for another one, whose result this is."""
    return [
        Started("buy", "", b"[]", 7, 100.0),
        Scheduled(0, "step", "runtime_min.result", b"", b'["trial-7"]'),
        Resolved(0, 101.0, value),
    ]


def test_each_operation_is_a_span_from_the_event_that_led_to_it_to_its_end() -> None:
    found = timeline(HISTORY, CODEC)
    assert [(one.title, one.begin, one.end, one.status) for one in found.spans] == [
        ("step charge", 100.0, 103.0, "completed"),
        ("timer", 100.0, 104.0, "abandoned"),
        ("child receipt", 103.0, 105.0, "failed"),
    ]
    assert (found.begin, found.end) == (100.0, 106.0)


def test_a_span_has_its_attempts_values_and_source() -> None:
    charge, timer, child = timeline(HISTORY, CODEC).spans
    assert (charge.arguments, charge.result, charge.attempt) == ("[5]", "9", 2)
    assert [(one.number, one.ended, one.failure.text) for one in charge.attempts] == [
        (1, 101.0, "the parcel")
    ]
    assert (charge.where, charge.line) == ("app.py:3", "await charge(5)")
    assert timer.due == 160.0
    assert (child.target, child.failure) == ("buy/2", LOST)


def test_what_is_open_has_no_end() -> None:
    found = timeline(HISTORY[:4], CODEC)
    assert found.end is None
    assert [(one.end, one.status, one.attempt) for one in found.spans] == [
        (None, "open", 2),
        (None, "open", 1),
    ]


def test_starts_messages_patches_and_ends_are_marks() -> None:
    marks = timeline(HISTORY, CODEC).marks
    assert [(mark.at, mark.kind, mark.name, mark.value) for mark in marks] == [
        (100.0, "started", "buy", '["ada"]'),
        (103.0, "patched", "new price", ""),
        (104.0, "signal", "approved", "true"),
        (106.0, "cancel", "", ""),
        (106.0, "closed", "failed", ""),
    ]
    assert marks[-1].failure == LOST


def test_an_event_is_told_in_one_line() -> None:
    assert [told(event, SCHEDULED, CODEC) for event in HISTORY] == [
        'started buy ["ada"]',
        "asks for step charge #0 [5]",
        "asks for timer #1 due 1970-01-01T00:02:40Z",
        "attempt 1 at step charge #0 failed: Lost: the parcel",
        "step charge #0 → 9",
        "patched 'new price'",
        "asks for child receipt #2 []",
        "received signal approved true",
        "no longer waits for timer #1",
        "child receipt #2 failed: Lost: the parcel",
        "received cancel",
        "failed: Lost: the parcel",
    ]


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (Resolved(1, 1.0), "timer #1 is done"),
        (Resolved(2, 1.0, cancelled=True), "child receipt #2 was cancelled"),
        (Resolved(9, 1.0, b"1"), "operation #9 → 1"),
        (
            Scheduled(3, "signal", "approved", b"", b"true", "trial-7"),
            "asks for signal approved to trial-7 #3 true",
        ),
        (Scheduled(3, "cancel", "", b"", b"", "trial-7"), "asks for cancel to trial-7 #3"),
        (Closed("completed", 1.0, b"null"), "completed: null"),
        (Closed("cancelled", 1.0), "cancelled"),
        (Closed("failed", 1.0, failure=Failure("E", ("E",), "")), "failed: E"),
    ],
)
def test_other_events_are_told_in_one_line(event: Event, text: str) -> None:
    assert told(event, SCHEDULED, CODEC) == text


def test_waiting_for_another_run_is_named_after_it_and_shows_its_result() -> None:
    history = waited(msgspec.json.encode(b'{"total": 5}'))
    (span,) = timeline(history, CODEC).spans
    assert (span.title, span.result) == ("result of trial-7", '{"total": 5}')
    scheduled = {0: history[1]}
    assert told(history[1], scheduled, CODEC) == "asks for result of trial-7 #0"  # type: ignore[arg-type]
    assert told(history[2], scheduled, CODEC) == 'result of trial-7 #0 → {"total": 5}'  # type: ignore[arg-type]


@pytest.mark.parametrize("stored", [b'"no base64!"', b"5", base64.b64encode(b"\xff\xfe").join([b'"', b'"'])])
def test_a_result_of_another_form_is_shown_as_it_is(stored: bytes) -> None:
    (span,) = timeline(waited(stored), CODEC).spans
    assert span.result == stored.decode()


def test_the_fields_of_an_event_are_told_with_moments_and_traces() -> None:
    assert dict(details(HISTORY[-1], CODEC)) == {
        "ending": "failed",
        "at": "1970-01-01T00:01:46Z",
        "failure": "Lost: the parcel",
        "trace": "Traceback:\n  ...",
    }
    assert dict(details(CHARGE, CODEC)) == {
        "position": "0",
        "kind": "step",
        "name": "charge",
        "digest": "01",
        "arguments": "[5]",
        "where": "app.py:3",
        "line": "await charge(5)",
    }


def test_moments_out_of_the_calendar_are_numbers() -> None:
    assert iso(1e300) == "1e+300"
    assert iso(float("inf")) == "inf"


class Locked(JsonCodec):
    """A codec whose key is missing."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def unseal(self, data: bytes) -> bytes:
        raise self.error


def test_a_value_that_cannot_be_opened_shows_its_size_and_why() -> None:
    assert shown(Locked(KeyError("k1")), b"12345") == "<5 bytes: 'k1'>"
    assert shown(Locked(RuntimeMinError("no")), b"12345") == "<5 bytes>"
    assert shown(CODEC, b"\xff\xfe") == "<2 bytes>"
    assert shown(CODEC, b"") == ""
