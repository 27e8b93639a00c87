"""The arguments of a call are stored as they are passed, and come back typed by the annotations."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NotRequired, Required, TypedDict, Unpack

import pytest

from runtime_min.codec import JsonCodec
from runtime_min.errors import NotReadable, NotStorable
from runtime_min.parameters import Parameters
from tests.runtime_min.codec_types import Line, Order, OrderId, Service, known_to_checkers_only

codec = JsonCodec()
LINE = Line("a", decimal.Decimal("1.10"))


class Extras(TypedDict, total=False):
    at: Required[datetime.date]
    note: NotRequired[str]


def charge(order: str, amount: int = 0) -> decimal.Decimal:
    return decimal.Decimal(amount)


def many(
    first: int, /, line: Line, *rest: decimal.Decimal, key: bytes = b"", **more: datetime.date
) -> None: ...


def extras(**more: Unpack[Extras]) -> None: ...


def bare(a, b=1, *args, **kwargs):  # type: ignore[no-untyped-def]
    return a


def keyword_only(*, at: datetime.date) -> None: ...


CALLS: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any], bytes]] = [
    (charge, ("order-17", 499), {}, b'["order-17",499]'),
    (charge, ("order-17",), {}, b'["order-17"]'),
    (charge, ("a",), {"amount": 2}, b'{"args":["a"],"kwargs":{"amount":2}}'),
    (charge, (), {"order": "a"}, b'{"args":[],"kwargs":{"order":"a"}}'),
    (
        many,
        (1, LINE, decimal.Decimal("2.0")),
        {"key": b"k", "day": datetime.date(2026, 1, 1)},
        b'{"args":[1,{"sku":"a","price":"1.10","quantity":1},"2.0"],"kwargs":{"key":"aw==","day":"2026-01-01"}}',
    ),
    (many, (1,), {"line": LINE, "first": datetime.date.max}, b""),
    (
        extras,
        (),
        {"at": datetime.date.min, "note": "n"},
        b'{"args":[],"kwargs":{"at":"0001-01-01","note":"n"}}',
    ),
    (bare, (1, [2], {"a": None}), {"c": "d"}, b'{"args":[1,[2],{"a":null}],"kwargs":{"c":"d"}}'),
    (keyword_only, (), {"at": datetime.date.min}, b'{"args":[],"kwargs":{"at":"0001-01-01"}}'),
]


@pytest.mark.parametrize(("fn", "args", "kwargs", "stored"), CALLS)
def test_arguments_come_back_as_they_were_passed(
    fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], stored: bytes
) -> None:
    parameters = Parameters.of(fn)
    data = parameters.encode(codec, args, kwargs)
    assert not stored or data == stored
    assert parameters.decode(codec, data) == (args, kwargs)


@pytest.mark.parametrize(
    ("fn", "args", "kwargs", "message"),
    [
        (charge, (), {}, r"charge\(\) missing a required argument: 'order'"),
        (charge, ("a", 1, 2), {}, r"charge\(\) too many positional arguments"),
        (charge, ("a",), {"order": "b"}, r"charge\(\) multiple values for argument 'order'"),
        (charge, ("a",), {"sum": 1}, r"charge\(\) got an unexpected keyword argument 'sum'"),
        (keyword_only, (), {}, r"keyword_only\(\) missing a required.*'at'"),
    ],
)
def test_wrong_arguments_are_a_type_error_like_pythons(
    fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        Parameters.of(fn).encode(codec, args, kwargs)


@pytest.mark.parametrize(
    ("fn", "args", "kwargs", "message"),
    [
        (charge, ("a", "b"), {}, r"^amount: is a str, but int is declared"),
        (charge, ("a",), {"amount": 1.5}, r"^amount: is the float 1.5"),
        (many, (1, Line("a", 3)), {}, r"^line.price: is an int"),  # type: ignore[arg-type]
        (many, (1, LINE, LINE.price, 3), {}, r"^args\[1\]: is an int"),
        (many, (1, LINE), {"day": 3}, r"^day: is an int"),
        (bare, ({"k": [0, (1,)]},), {}, r"^a\['k'\]\[1\]: is a tuple, and has no type"),
        (charge, ("\ud800",), {}, r"^order: has a lone surrogate"),
        (known_to_checkers_only, (LINE, 1), {}, r"^order: is a Line, but the annotation 'Unknown' cannot be"),
    ],
)
def test_what_cannot_be_stored_is_refused_under_the_name_of_its_parameter(
    fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], message: str
) -> None:
    with pytest.raises(NotStorable, match=message):
        Parameters.of(fn).encode(codec, args, kwargs)


def test_an_annotation_that_cannot_be_evaluated_counts_as_any_and_leaves_the_others_alone() -> None:
    parameters = Parameters.of(known_to_checkers_only)
    assert parameters.decode(codec, parameters.encode(codec, ({"a": 1}, 2), {})) == (({"a": 1}, 2), {})
    with pytest.raises(NotStorable, match=r"^amount"):
        parameters.encode(codec, (1, "2"), {})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'["a","b"]', r'charge\(\): amount: "b" is recorded, which is no int'),
        (b'{"args":[],"kwargs":{"order":1}}', r"charge\(\): order: 1 is recorded, which is no str"),
        (b'{"args":["a"],"kwargs":{"sum":1}}', r"charge\(\): sum: there is no parameter of this name"),
        (b'["a",1,2]', r"charge\(\): charge: more arguments are recorded than the 2 that it takes"),
        (
            b"[]",
            r"charge\(\) missing a required argument: 'order'; the call was recorded with other parameters",
        ),
        (b"3", r"charge\(\): charge: 3 is recorded, which is no list of arguments"),
        (b"{}", "no list of arguments"),
        (b'{"args":[],"kwargs":[]}', "no list of arguments"),
        (b"\x80", r"charge\(\): .*not JSON"),
    ],
)
def test_a_recorded_call_that_no_longer_fits_names_function_and_parameter(data: bytes, message: str) -> None:
    with pytest.raises(NotReadable, match=message):
        Parameters.of(charge).decode(codec, data)


def test_a_parameter_added_with_a_default_leaves_recorded_calls_readable() -> None:
    def charge(order: OrderId, amount: int, currency: str = "EUR") -> None: ...

    assert Parameters.of(charge).decode(codec, b'["order-17",499]') == (("order-17", 499), {})


def test_self_is_not_stored() -> None:
    parameters = Parameters.of(Service.charge, skip_first=True)
    order = Order(OrderId("o"), [], None, datetime.datetime(2026, 1, 1))
    assert parameters.decode(codec, parameters.encode(codec, (order, 2), {})) == ((order, 2), {})
    with pytest.raises(TypeError, match="'order'"):
        parameters.encode(codec, (), {})
    with pytest.raises(NotStorable, match=r"^order: is an int"):
        parameters.encode(codec, (1,), {})


def test_parameters_are_made_once_for_a_function() -> None:
    assert Parameters.of(charge) is Parameters.of(charge)
    assert Parameters.of(Service.charge, skip_first=True) is not Parameters.of(Service.charge)


def test_the_result_is_what_awaiting_gives() -> None:
    async def plain() -> list[int]:
        return []

    def awaitable() -> Awaitable[int]:
        raise NotImplementedError

    def coroutine() -> Coroutine[Any, Any, str]:
        raise NotImplementedError

    async def twice() -> Awaitable[int]:
        raise NotImplementedError

    assert Parameters.of(plain).result == list[int]
    assert Parameters.of(awaitable).result is int
    assert Parameters.of(coroutine).result is str
    assert Parameters.of(twice).result == Awaitable[int]
    assert Parameters.of(charge).result is decimal.Decimal
    assert Parameters.of(many).result is type(None)
    assert Parameters.of(bare).result is Any


def test_an_enclosing_functions_class_is_found_if_it_is_used_in_the_function() -> None:
    class Local(TypedDict):
        at: datetime.date

    def used(it: Local) -> object:
        return Local

    parameters = Parameters.of(used)
    value = {"at": datetime.date.max}
    assert parameters.decode(codec, parameters.encode(codec, (value,), {})) == ((value,), {})


def takes_what_is_below(it: DefinedBelow) -> None: ...


early = Parameters.of(takes_what_is_below)


class DefinedBelow(TypedDict):
    at: datetime.date


def test_an_annotation_may_name_what_is_defined_below() -> None:
    value = {"at": datetime.date.max}
    assert early.decode(codec, early.encode(codec, (value,), {})) == ((value,), {})


def test_the_parts_of_the_message_can_be_had_apart() -> None:
    with pytest.raises(NotReadable) as caught:
        Parameters.of(charge).decode(codec, b'["a","b"]')
    error = caught.value
    assert (error.owner, error.path, error.recorded, error.reason) == (
        "charge()",
        "amount",
        '"b"',
        "is no int",
    )
    assert error.problem == 'amount: "b" is no int'
