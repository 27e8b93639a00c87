"""Whatever the codec accepts comes back as it was, and what would not is refused with a path and advice."""

from __future__ import annotations

import collections
import collections.abc
import contextlib
import dataclasses
import datetime
import decimal
import fractions
import ipaddress
import math
import pathlib
import sys
import types
import typing
import uuid
import zlib
from typing import Annotated, Any, Literal, Optional, cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime_min.codec import Codec, JsonCodec, SealedCodec
from runtime_min.errors import NotReadable, NotStorable
from tests.runtime_min.codec_types import (
    Access,
    Bank,
    Cached,
    Card,
    Color,
    Constructed,
    Doubled,
    HalfTuple,
    Initial,
    Level,
    Line,
    LinePage,
    Loose,
    Model,
    Node,
    Odd,
    Opaque,
    Options,
    Order,
    OrderId,
    Page,
    Point,
    Secret,
    Shelf,
    Slotted,
    Struct,
    Summed,
    Text,
)

codec = JsonCodec()
UTC = datetime.timezone.utc  # noqa: UP017
BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime.datetime(2026, 3, 1, 12, 0, 0, 123456)
LINE = Line("a", decimal.Decimal("1.10"))


def same(one: object, other: object) -> bool:
    """Equal and of the same types all the way down; apart from the codec's own comparison."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return repr(one) == repr(other)
    if isinstance(one, decimal.Decimal):
        return str(one) == str(other)
    if isinstance(one, datetime.datetime | datetime.time):
        return repr(one) == repr(other)
    if isinstance(one, dict):
        assert isinstance(other, dict)
        return same(list(one.items()), list(other.items()))
    if isinstance(one, list | tuple):
        assert isinstance(other, list | tuple)
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, set | frozenset):
        assert isinstance(other, set | frozenset)
        return same(sorted(one, key=repr), sorted(other, key=repr))
    if dataclasses.is_dataclass(one):
        fields = dataclasses.fields(one)
        return all(same(getattr(one, field.name), getattr(other, field.name)) for field in fields)
    return one == other


KEPT: list[tuple[object, object]] = [
    (None, None),
    (1, int),
    (2**70, int),
    (-(2**200), Any),
    (True, int),
    (3, float),
    (True, float),
    (math.nan, float),
    (-math.inf, float),
    (-0.0, float),
    (-0.0, Any),
    ([1, 1.0, True, None, "a", {"b": [2**64]}], Any),
    ([1.5, 2, True], list[float]),
    ({1: "a", 2: "b"}, dict[int, str]),
    ({(1, 2): "a"}, dict[tuple[int, int], str]),
    ({uuid.UUID(int=1): 1}, dict[uuid.UUID, int]),
    ({Color.RED: 1}, dict[Color, int]),
    ({1.5: None, math.inf: None}, dict[float, None]),
    ({None: 1, True: 2, "x": 3}, dict[bool | str | None, int]),
    ((1, "a"), tuple[int, str]),
    ((), tuple[()]),
    ((1, 2, 3), tuple[int, ...]),
    ((1, "x"), tuple),
    ({1, 2}, set[int]),
    (frozenset({"a"}), frozenset[str]),
    ({"a", 1}, set),
    ((1,), collections.abc.Sequence[int]),
    ([1], collections.abc.Sequence[int]),
    (frozenset({1}), collections.abc.Set[int]),
    ({"a": 1}, collections.abc.Mapping[str, int]),
    (b"\x00\xff", bytes),
    (bytearray(b"ab"), bytearray),
    (NOON, datetime.datetime),
    (NOON.replace(tzinfo=UTC), datetime.datetime),
    (NOON.replace(tzinfo=BERLIN), datetime.datetime),
    (NOON.replace(fold=1), datetime.datetime),
    (datetime.datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1), datetime.datetime),
    (NOON.replace(tzinfo=datetime.timezone(datetime.timedelta(seconds=3601))), datetime.datetime),
    (NOON.date(), datetime.date),
    (datetime.time(1, 2, 3, 4, tzinfo=BERLIN), datetime.time),
    (datetime.timedelta(days=-3, microseconds=1), datetime.timedelta),
    (datetime.timedelta.max, datetime.timedelta),
    (BERLIN, ZoneInfo),
    (decimal.Decimal("1.10"), decimal.Decimal),
    (decimal.Decimal("NaN"), decimal.Decimal),
    (decimal.Decimal("-sNaN12"), decimal.Decimal),
    (decimal.Decimal("-0E+3"), decimal.Decimal),
    (fractions.Fraction(1, 3), fractions.Fraction),
    (ipaddress.IPv6Address("::1"), ipaddress.IPv6Address),
    (pathlib.Path("a/b"), pathlib.Path),
    (pathlib.PureWindowsPath("c:/b"), pathlib.PureWindowsPath),
    (Color.RED, Color),
    (Level.HIGH, Level),
    (Odd.PAIR, Odd),
    (Access.READ | Access.WRITE, Access),
    (Access(0), Access),
    ("a", Literal["a", 1]),
    (1, Literal["a", 1]),
    (True, Literal[True, 1]),
    (Color.RED, Literal[Color.RED, "red"]),
    ("red", Literal[Color.RED, "red"]),
    (OrderId("o"), OrderId),
    (Text("t"), Text),
    ("x", Annotated[str, []]),
    (None, Optional[int]),  # noqa: UP045
    (1, int | float),
    (1.0, int | float),
    (math.nan, float | str),
    ("nan", float | str),
    ({"float": "nan"}, float | dict[str, str]),
    (math.nan, float | dict[str, str]),
    (NOON.date(), datetime.date | datetime.datetime | str),
    (NOON, datetime.date | datetime.datetime | str),
    ("2026-03-01", datetime.date | datetime.datetime | str),
    (["a"], list[int] | list[str]),
    ([], list[int] | list[str]),
    ({"Card": 1}, Card | dict[str, int]),
    (Card("1"), Card | dict[str, int]),
    (Bank("1"), Card | Bank | None),
    ([Bank("1"), Card("2"), None], list[Card | Bank | None]),
    ({1}, set[int] | list[int]),
    ((1,), tuple[int] | list[int]),
    (LINE, Line),
    (Order(OrderId("1"), [LINE], Color.BLUE, NOON.replace(tzinfo=UTC), frozenset("ab")), Order),
    (LINE, Line | Order),
    (Node(1, Node(2), [Node(3, Node(4))]), Node),
    (Page([1], Page([2])), Page[int]),
    (Page([LINE]), Page[Line]),
    (LinePage([LINE], None, 4), LinePage),
    (Summed([1, 2]), Summed),
    (Slotted(1, [2]), Slotted),
    (Shelf("a", 4), Shelf),
    (Struct("a", NOON.date()), Struct),
    (Point(1, math.inf), Point),
    (Loose(1, "a"), Loose),
    ({"name": "a"}, Options),
    ({"name": "a", "limit": 3}, Options),
    (Model(at=NOON.replace(tzinfo=UTC), theAmount=decimal.Decimal("1.0")), Model),
    ([Model(at=NOON, theAmount=decimal.Decimal("1.0"), kind="b", more=[1])], list[Model | str]),
    (Card("x"), Card | Model),
    (Page([None]), Page[bool] | Page[None]),
    ({"a": [1]}, dict),
    ({1: "a", "b": 2}, dict),
    ({1: "a", "b": 2}, dict[int | str, int | str]),
    ([("a", 1)], list[tuple[str, int]] | dict[Any, Any]),
    ({3: 1}, list[tuple[str, int]] | dict[Any, Any]),
    (HalfTuple(1), HalfTuple),
    (Constructed("1"), Constructed),
    ([0, 2, "x", "y"], list[int | Literal["x", 2, "y"]]),
]


@pytest.mark.parametrize(("value", "type"), KEPT)
def test_a_value_comes_back_as_it_was(value: object, type: object) -> None:
    restored = codec.decode(codec.encode(value, type), type)
    assert same(restored, value)


REFUSED: list[tuple[object, object, str]] = [
    (math.nan, Any, "annotate it as float"),
    ([{"a": math.inf}], Any, r"value\[0\]\['a'\]: is the float inf"),
    ((1, 2), Any, r"annotate it as tuple\["),
    ({1}, Any, "annotate it as set"),
    ({"a": {1: 2}}, Any, r"value\['a'\]: has the key 1.*dict\[int"),
    (b"", Any, "annotate it as bytes"),
    (LINE, Any, "annotate it as Line"),
    (Color.RED, Any, "annotate it as Color"),
    (Level.LOW, Any, "annotate it as Level"),
    (Level.LOW, int, r"Level, or pass int"),
    (Text("a"), Any, "Text"),
    (Text("a"), str, r"pass str\(...\)"),
    (NOON, Any, "annotate it as datetime"),
    (NOON, datetime.date, "annotate it as datetime"),
    (object(), Any, "pass its id"),
    (object(), Opaque, "pass its id"),
    (Opaque(1), Opaque, "cannot be stored"),
    (1, str, "an int"),
    (collections.OrderedDict(a=1), dict[str, int], "OrderedDict"),
    (collections.OrderedDict(a=1), Any, "OrderedDict"),
    (collections.defaultdict(int), dict[str, int], "defaultdict"),
    ("a\ud800", str, "surrogate"),
    (pathlib.Path("\udcff"), pathlib.Path, "surrogate"),
    ({"k": ["\ud800"]}, Any, r"value\['k'\]\[0\]: has a lone surrogate"),
    ([10**5000], list[int], "bits"),
    (1j, complex, "complex"),
    (len, typing.Callable[..., int], "cannot be stored"),
    ((1, 2, 3), tuple[int, int], "has 3 items"),
    ({"name": "a", "extra": 1}, Options, "extra"),
    ("c", Literal["a", "b"], "declared"),
    (True, Literal[1], "declared"),
    (Doubled(2), Doubled, r"value.amount: is 4 and would come back as 8"),
    (Shelf("a", labels=()).__class__, Shelf, "declared"),
    (Secret(word="x"), Secret, "word"),  # type: ignore[arg-type]
    (Model(at=NOON.replace(tzinfo=BERLIN), theAmount=decimal.Decimal(1)), Model, r"value.at"),
    (Model(at=NOON, theAmount=decimal.Decimal(1), more=(1,)), Model, r"value.more"),
    (NOON.replace(tzinfo=datetime.timezone(datetime.timedelta(0), "Z")), datetime.datetime, "time zone"),
    (Order(OrderId("1"), [LINE, Line("b", 2)], None, NOON), Order, r"value.lines\[1\].price: is an int"),  # type: ignore[arg-type]
    (Slotted(1, {2}), Slotted, r"value.b: is a set"),
    (Slotted.__new__(Slotted), Slotted, "incomplete"),
    (HalfTuple.noted(1), HalfTuple, "'note', which is no field"),
    (Initial(1, 2), Initial, "InitVar"),
    (
        Model(at=NOON, theAmount=decimal.Decimal(1), more=math.nan),
        Model,
        "value.more: is the float nan and would come back as null",
    ),
]


@pytest.mark.parametrize(("value", "type", "message"), REFUSED)
def test_what_would_not_come_back_is_refused_with_a_path_and_advice(
    value: object, type: object, message: str
) -> None:
    with pytest.raises(NotStorable, match=message):
        codec.encode(value, type)


def test_a_subclass_of_the_declared_dataclass_is_refused() -> None:
    @dataclasses.dataclass
    class Express(Line):
        fee: int = 0

    with pytest.raises(NotStorable, match=r"annotate it as Express, or as Line \| Express"):
        codec.encode(Express("a", decimal.Decimal(1)), Line)
    value = [Express("a", decimal.Decimal(1), 3)]
    assert codec.decode(codec.encode(value, list[Line | Express]), list[Line | Express]) == value


def test_an_attribute_that_is_no_field_is_refused_and_a_cached_one_is_not() -> None:
    cached = Cached(2)
    assert cached.double == 4
    assert codec.decode(codec.encode(cached, Cached), Cached) == cached
    cached.more = 1  # type: ignore[attr-defined]
    with pytest.raises(NotStorable, match="'more', which is no field"):
        codec.encode(cached, Cached)


def test_the_order_of_a_set_does_not_change_the_bytes() -> None:
    names = [f"n{number}" for number in range(50)]
    assert codec.encode(set(names), set[str]) == codec.encode({*names[25:], *names[:25]}, set[str])
    assert codec.encode({"b", "a"}, set[str]) == b'["a","b"]'


def test_a_value_that_contains_itself_or_is_too_deep_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(NotStorable, match="contains itself"):
        codec.encode(loop)
    deep: object = 1
    for _ in range(101):
        deep = [deep]
    with pytest.raises(NotStorable, match="nested too deeply"):
        codec.encode(deep)
    assert codec.decode(codec.encode([[] for _ in range(500)])) == [[] for _ in range(500)]


def test_the_stored_form_is_readable() -> None:
    order = Order(OrderId("o-1"), [LINE], Color.BLUE, NOON.replace(tzinfo=BERLIN))
    assert codec.encode(order, Order) == (
        b'{"id":"o-1","lines":[{"sku":"a","price":"1.10","quantity":1}],"color":"blue",'
        b'"at":"2026-03-01T12:00:00.123456+01:00[Europe/Berlin]","tags":[]}'
    )
    assert codec.encode(Bank("x"), Card | Bank) == b'{"Bank":{"iban":"x"}}'
    assert codec.encode({"a": 1}, dict) == b'{"a":1}'
    assert codec.encode({1: 2}, dict) == b"[[1,2]]"
    assert codec.encode(Bank("x"), Bank | None) == b'{"iban":"x"}'


def test_what_was_recorded_under_an_older_annotation_is_read_if_it_is_clear() -> None:
    assert codec.decode(b'{"iban":"x"}', Card | Bank) == Bank("x")
    assert codec.decode(b'{"sku":"a","price":"1"}', Line) == Line("a", decimal.Decimal(1))
    with pytest.raises(NotReadable, match=r"2026-03-01.* is recorded"):
        codec.decode(b'"2026-03-01"', datetime.date | str)


@pytest.mark.parametrize(
    ("data", "type", "message"),
    [
        (b'"x"', int, '"x" is recorded, which is no int'),
        (b'{"lines":[{"sku":1}]}', Order, "lacks the field 'id'"),
        (b'[{"sku":1,"price":"1"}]', list[Line], r"value\[0\].sku: 1 is recorded"),
        (b'{"unheard":1}', Options, "unheard"),
        (b'"green"', Color, "which is no member of Color"),
        (b'"x"', decimal.Decimal, "no Decimal"),
        (b'"2026-01-01T00:00:00[../../etc/passwd]"', datetime.datetime, "no datetime"),
        (b'"2026-01-01T00:00:00[No/Where]"', datetime.datetime, "no datetime"),
        (b"[" * 100000, Any, "nested too deeply"),
        (b"{", Any, "not JSON"),
        (b"\xff", Any, "not JSON"),
        (b"[[1]]", dict[int, int], "no dict"),
        (b"[[[1],1]]", dict[Any, int], "no dict"),
        (b'{"other":1}', Struct, "lacks"),
        (b'{"at":1,"theAmount":"x"}', Model, "not accepted"),
    ],
)
def test_a_recorded_value_that_does_not_fit_is_an_error_with_its_path(
    data: bytes, type: object, message: str
) -> None:
    with pytest.raises(NotReadable, match=message):
        codec.decode(data, type)


@given(st.binary(max_size=60), st.sampled_from([one for _, one in KEPT]))
@settings(max_examples=300, deadline=None)
def test_hostile_bytes_give_a_value_or_not_readable(data: bytes, type: object) -> None:
    with contextlib.suppress(NotReadable):
        codec.decode(data, type)


def test_hooks_store_further_classes_and_are_checked() -> None:
    def enc_hook(value: Any) -> Any:
        if isinstance(value, Opaque):
            return {"v": value.value}
        raise NotImplementedError(type(value))

    hooked = JsonCodec(enc_hook=enc_hook, dec_hook=lambda kind, stored: kind(stored["v"]))
    restored = hooked.decode(hooked.encode([Opaque(3)], list[Opaque]), list[Opaque])
    assert restored[0].value == 3
    lossy = JsonCodec(enc_hook=lambda value: {"v": 0}, dec_hook=lambda kind, stored: kind(stored["v"]))
    with pytest.raises(NotStorable, match=r"value\[0\].value: is 3 and would come back as 0"):
        lossy.encode([Opaque(3)], list[Opaque])
    with pytest.raises(NotStorable, match="NotImplementedError"):
        hooked.encode(types.SimpleNamespace(), types.SimpleNamespace)


def test_a_sealed_codec_seals_what_is_stored_and_leaves_the_plain_bytes() -> None:
    sealed: Codec = SealedCodec(codec, seal=zlib.compress, open=zlib.decompress)
    twice: Codec = SealedCodec(sealed, seal=lambda data: data[::-1], open=lambda data: data[::-1])
    plain = twice.encode(LINE, Line)
    assert plain == codec.encode(LINE, Line)
    assert twice.seal(plain) == zlib.compress(plain)[::-1]
    assert twice.decode(twice.unseal(twice.seal(plain)), Line) == LINE


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the `type` statement")
def test_type_statements_and_recursive_aliases_work() -> None:
    names: dict[str, Any] = {}
    source = """
type Number = int | None
type Tree[T] = T | list[Tree[T]]
type Json = dict[str, Json] | list[Json] | str | None
"""
    exec(source, names)
    for value, kind in [
        (3, names["Number"]),
        ("x", names["Number"] | str),
        ([1, [2, [3]]], names["Tree"][int]),
        ({"a": ["b", None]}, names["Json"]),
    ]:
        assert same(codec.decode(codec.encode(value, kind), kind), value)
    with pytest.raises(NotStorable, match=r"value\[1\]"):
        codec.encode([1, ["x"]], names["Tree"][int])


# Random values of random types

Pair = tuple[Any, st.SearchStrategy[Any]]
# As values, so that they take arguments that are computed.
Lists, Tuples, Sets, Dicts, Pages = cast("tuple[Any, ...]", (list, tuple, set, dict, Page))

zones = st.sampled_from(
    [None, UTC, BERLIN, ZoneInfo("UTC"), datetime.timezone(datetime.timedelta(minutes=-90))]
)
LEAVES: list[Pair] = [
    (None, st.none()),
    (bool, st.booleans()),
    (int, st.integers()),
    (float, st.floats(allow_nan=False)),
    (str, st.text()),
    (bytes, st.binary()),
    (decimal.Decimal, st.decimals(allow_nan=False)),
    (uuid.UUID, st.uuids()),
    (datetime.date, st.dates()),
    (datetime.datetime, st.datetimes(timezones=zones, allow_imaginary=True)),
    (datetime.time, st.times()),
    (datetime.timedelta, st.timedeltas()),
    (Color, st.sampled_from(Color)),
    (Level, st.sampled_from(Level)),
    (Odd, st.sampled_from(Odd)),
    (Access, st.sampled_from([Access.READ, Access.WRITE, Access(3), Access(0)])),
    (fractions.Fraction, st.fractions()),
    (Card, st.builds(Card, st.text())),
    (Bank, st.builds(Bank, st.text())),
    (Point, st.builds(Point, st.floats(allow_nan=False), st.integers())),
    (Literal["x", 2], st.sampled_from(["x", 2])),
]


def grow(inner: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    def union(pairs: list[Pair]) -> Pair:
        return typing.Union[tuple(kind for kind, _ in pairs)], st.one_of(*(one for _, one in pairs))  # noqa: UP007

    def fixed(pairs: list[Pair]) -> Pair:
        return Tuples[tuple(kind for kind, _ in pairs)], st.tuples(*(one for _, one in pairs))

    hashable = st.sampled_from([pair for pair in LEAVES if pair[0] not in (Card, Bank)])
    return st.one_of(
        inner.map(lambda pair: (Lists[pair[0]], st.lists(pair[1], max_size=3))),
        inner.map(lambda pair: (Tuples[pair[0], ...], st.lists(pair[1], max_size=3).map(tuple))),
        hashable.map(lambda pair: (Sets[pair[0]], st.sets(pair[1], max_size=3))),
        inner.map(lambda pair: (Pages[pair[0]], st.builds(Page, st.lists(pair[1], max_size=2)))),
        st.tuples(hashable, inner).map(
            lambda two: (Dicts[two[0][0], two[1][0]], st.dictionaries(two[0][1], two[1][1], max_size=3))
        ),
        st.lists(inner, min_size=1, max_size=3).map(union),
        st.lists(inner, max_size=3).map(fixed),
    )


typed = st.recursive(st.sampled_from(LEAVES), grow, max_leaves=5)


@given(st.data(), typed)
@settings(max_examples=1000, deadline=None)
def test_random_values_come_back_under_their_random_type(data: st.DataObject, pair: Pair) -> None:
    kind, values = pair
    value = data.draw(values)
    stored = codec.encode(value, kind)
    assert same(codec.decode(stored, kind), value)
    assert codec.encode(codec.decode(stored, kind), kind) == stored


@given(st.data(), typed, typed)
@settings(max_examples=1000, deadline=None)
def test_a_value_under_any_other_type_comes_back_or_is_refused(
    data: st.DataObject, one: Pair, other: Pair
) -> None:
    value = data.draw(one[1])
    for kind in (other[0], Any, Lists[other[0]] | other[0]):
        try:
            stored = codec.encode(value, kind)
        except NotStorable:
            continue
        assert same(codec.decode(stored, kind), value)
