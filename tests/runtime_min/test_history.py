"""Histories as files."""

from __future__ import annotations

import json
import typing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from runtime_min import AlreadyStarted, JsonCodec, RuntimeMinError, SealedCodec, continue_as_new, workflow
from runtime_min.backend import Backend, State
from runtime_min.history import History, HistoryError, histories_of
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
from runtime_min.memory import MemoryBackend
from runtime_min.sqlite import SqliteBackend
from runtime_min.testing import Environment, replay

_FAILURE = Failure("app.Declined", ("app.Declined", "builtins.Exception"), "no\nfunds", "Traceback ...", 3)
_SAMPLE = History(
    "trial-7",
    "trial@2",
    "2",
    1,
    "completed",
    (
        Started("trial@2", "2", b'["ada",1.50]', 9_007_199_254_740_993, 1.7e9),
        Scheduled(0, "step", "charge", b"\x01\x02", b'[{"amount":499}]', where="flows.py:3", line="await x"),
        Scheduled(1, "timer", "", b"", b"", due=float("inf")),
        Attempted(0, 1, 1, _FAILURE, 1.7e9 + 1, 1.7e9 + 2.25),
        Resolved(0, 1.7e9 + 3, b"\xff\x00not json"),
        Received("signal", 1.7e9 + 4, "approved", b"true"),
        Patched("new mail"),
        Abandoned(1),
        Closed("completed", 1.7e9 + 5, b"null"),
    ),
)

_texts = st.text(max_size=8)
_times = st.floats(0, 4e9) | st.just(float("inf"))
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)
_values = (
    _json.map(lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())
    | _json.map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=12)
    | st.sampled_from([b"", b"1.50", b"1e999", b'"\\ud800"', b'{"a":1,"a":2}', b"1],[2", b"-0", b"1" * 40])
    | st.integers(1, 2000).map(lambda depth: b"[" * depth + b"]" * depth)
)
_failures = st.builds(
    Failure, _texts, st.lists(_texts, max_size=2).map(tuple), _texts, _texts, st.integers(1, 99)
)


@st.composite
def _histories(draw: st.DrawFn) -> History:
    events: list[Event] = [
        Started(draw(_texts), draw(_texts), draw(_values), draw(st.integers(0, 2**63 - 1)), draw(_times))
    ]
    positions = 0
    for _ in range(draw(st.integers(0, 6))):
        kinds = "srpt" if positions == 0 else "srptaf"
        kind = draw(st.sampled_from(kinds))
        position = draw(st.integers(0, max(positions - 1, 0)))
        if kind == "s":
            kind_of = draw(st.sampled_from(typing.get_args(Kind)))
            events.append(
                Scheduled(
                    positions,
                    kind_of,
                    draw(_texts),
                    draw(st.binary(max_size=8)),
                    draw(_values),
                    draw(_texts),
                    draw(_times),
                    draw(_texts),
                    draw(_texts),
                )
            )
            positions += 1
        elif kind == "r":
            events.append(
                Received(
                    draw(st.sampled_from(["signal", "cancel"])), draw(_times), draw(_texts), draw(_values)
                )
            )
        elif kind == "p":
            events.append(Patched(draw(_texts)))
        elif kind == "a":
            events.append(Abandoned(position))
        elif kind == "f":
            events.append(
                Attempted(position, draw(st.integers(1, 9)), 1, draw(_failures), draw(_times), draw(_times))
            )
        elif positions:
            failure = draw(st.none() | _failures)
            events.append(
                Resolved(
                    position,
                    draw(_times),
                    draw(_values),
                    failure,
                    draw(st.booleans()),
                    draw(st.integers(1, 9)),
                )
            )
    ending: State = draw(st.sampled_from(typing.get_args(State)))
    if ending != "running":
        events.append(Closed(ending, draw(_times), draw(_values), draw(st.none() | _failures)))
    return History(
        draw(_texts), draw(_texts), draw(_texts), draw(st.integers(0, 5)), ending, tuple(events), draw(_texts)
    )


@given(_histories())
def test_what_is_exported_comes_back_as_it_was(history: History) -> None:
    text = history.export()
    loaded = History.load(text)
    assert loaded == history
    assert loaded.export() == text
    json.loads(text)


def test_the_file_is_for_people_too() -> None:
    lines = _SAMPLE.export().splitlines()
    assert lines[0] == '{"format": "runtime_min history", "version": 1,'
    assert (
        lines[4] == '{"event":"scheduled","position":0,"kind":"step","name":"charge","digest":"0102",'
        '"arguments":[{"amount":499}],"where":"flows.py:3","line":"await x"},'
    )
    assert '"due":"inf"' in lines[5]
    assert lines[7] == (
        '{"event":"resolved","position":0,"at":1700000003.0,"value_base64":"/wBub3QganNvbg==",'
        '"time":"2023-11-14T22:13:23Z"},'
    )
    assert len(lines) == 3 + len(_SAMPLE.events) + 1


def test_a_file_that_another_program_indented_is_read_all_the_same() -> None:
    history = replace(_SAMPLE, events=(*_SAMPLE.events[:4], *_SAMPLE.events[5:]))
    # 1.50 becomes 1.5 there, so that value is not compared.
    text = json.dumps(json.loads(history.export()), indent=4)
    loaded = History.load(b"\xef\xbb\xbf" + text.encode())
    assert loaded.events[1:] == history.events[1:]
    assert loaded.started.seed == history.started.seed


@pytest.mark.parametrize(
    ("damage", "place"),
    [
        (lambda text: text[:200], "f.json:4:"),
        (lambda text: "", "f.json:1:1: "),
        (lambda text: "[]", 'f.json: it is no exported history, which would say "format"'),
        (lambda text: '{"format": "junit"}', "f.json: it is no exported history"),
        (lambda text: text.replace('"version": 1', '"version": 7'), "f.json: version 7 of the format"),
        (
            lambda text: text.replace('"position":0', '"position":"x"', 1),
            "f.json: events[1].position: Expected",
        ),
        (lambda text: text.replace('"0102"', '"zz"'), "f.json: events[1].digest: "),
        (lambda text: text.replace("9007199254740993", "9z"), "f.json: events[0].seed: "),
        (lambda text: text.replace("/wBub3Q", "/!Bub3Q"), "f.json: events[4].value: "),
        (lambda text: text.replace('"patched"', '"fixed"'), "f.json: events[6].event: Invalid value 'fixed'"),
        (
            lambda text: text.replace('"state":"completed"', '"state":"running"'),
            "f.json: run.state is `running`",
        ),
        (
            lambda text: text.replace('"position":1,"kind"', '"position":2,"kind"'),
            "f.json: events[2]: operation 2",
        ),
        (lambda text: text.replace('"event":"started"', '"event":"begun"'), "f.json: events[0].event: "),
        (lambda text: text.replace("\n", "\n,", 4), "f.json:2:"),
        (lambda text: b"\x00\xff" + text.encode(), "f.json:1:1: "),
        (lambda text: text.replace("ada", "\udcff"), "f.json: it is not UTF-8 text"),
        (lambda text: text.replace('"id":"trial-7"', '"id":7'), "f.json: run.id: Expected `str`"),
        (
            lambda text: text.replace("null", "[" * 100_000 + "]" * 100_000),
            "f.json: its values are nested too deep",
        ),
    ],
)
def test_a_damaged_file_is_one_clear_line(damage: object, place: str) -> None:
    broken = damage(_SAMPLE.export())  # type: ignore[operator]
    with pytest.raises(HistoryError) as caught:
        History.load(broken, "f.json")
    assert str(caught.value).startswith(place)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, RuntimeMinError)
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_each_lost_line_is_noticed() -> None:
    lines = _SAMPLE.export().splitlines(keepends=True)
    noticed = 0
    for index in range(3, 12):
        rest = "".join(lines[:index] + lines[index + 1 :]).replace("},\n]", "}\n]")
        try:
            History.load(rest)
        except HistoryError:
            noticed += 1
    # The loss of an attempt, a result, a signal, a patch or an abandoned operation leaves a possible history.
    assert noticed == 4


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match=r"nowhere\.json: cannot be read: No such file"):
        History.load_file(tmp_path / "nowhere.json")


@workflow
async def history_counting(left: int) -> str:
    if left:
        continue_as_new(left - 1)
    return "done"


@pytest.mark.parametrize("make", [MemoryBackend, None])
def test_histories_of_all_generations_are_taken_and_stored_elsewhere(
    make: type[MemoryBackend] | None, tmp_path: Path
) -> None:
    source = MemoryBackend()
    env = Environment(source)
    assert env.run(history_counting.options(id="c"), 2) == "done"
    env.close_now()
    taken = histories_of(source, "c")
    assert [(one.generation, one.state) for one in taken] == [
        (0, "continued"),
        (1, "continued"),
        (2, "completed"),
    ]
    assert histories_of(source, "other") == []
    target: Backend = make() if make is not None else SqliteBackend(str(tmp_path / "other.sqlite"))
    try:
        for one in taken:
            run = History.load(one.export()).store(target)
            assert run.wake is None
        assert histories_of(target, "c") == taken
        with pytest.raises(AlreadyStarted):
            taken[0].store(target)
        assert target.claim("a:1:x", [history_counting.key], 9e9, 10) == []
    finally:
        target.close()


def test_sealed_values_can_be_exported_in_plain() -> None:
    codec = SealedCodec(JsonCodec(), seal=lambda data: data[::-1] + b"\xff", open=lambda data: data[-2::-1])
    source = MemoryBackend()
    env = Environment(source, codec=codec)
    assert env.run(history_counting.options(id="s"), 0) == "done"
    env.close_now()
    (history,) = histories_of(source, "s")
    assert "value_base64" in history.export()
    assert '"value":"done"' in history.unsealed(codec).export()
    assert replay(history, codec=codec) == replay(history.unsealed(codec)) == "done"
