"""The guard follows workflows into their helpers, however these come to be called."""

# The lambdas are the workflows.
# ruff: noqa: PLW0108

from __future__ import annotations

import asyncio
import functools
import itertools
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

import pytest

from runtime_min.guard import Guard
from tests.runtime_min.guard.running import refused, run
from tests.runtime_min.guard.shop import quotes, rates
from tests.runtime_min.guard.shop.rates import STANDARD, Late, Rate, Stamped, ticks


def through_two_modules() -> str:
    return quotes.quote(1)


async def through_async_helpers() -> float:
    return await quotes.fetch_quote()


async def through_a_task() -> float:
    return await asyncio.create_task(quotes.fetch_quote())


def through_map() -> list[float]:
    return list(map(rates.stamp, [1]))


def through_a_key() -> list[int]:
    return sorted([1, 2], key=rates.stamp)


def through_a_comprehension() -> list[float]:
    return [rates.stamp() for _ in range(1)]


def through_a_generator_expression() -> float:
    return sum(rates.stamp() for _ in range(1))


def through_a_generator() -> list[float]:
    return list(ticks())


def through_a_partial() -> float:
    return functools.partial(rates.stamp, 1)()


def through_a_cache() -> str:
    return rates.machine(1)


def through_a_decorator() -> float:
    return rates.decorated()


def through_a_context_manager() -> float:
    with rates.timed() as seconds:
        return seconds


def through_a_class_as_context_manager() -> float:
    with Rate(1) as seconds:
        return seconds


def through_single_dispatch() -> str:
    return rates.describe(1)


def through_a_property() -> float:
    return Rate(1).age


def through_a_property_of_an_argument(rate: Rate = STANDARD) -> float:
    return rate.age


def through_a_property_of_a_global() -> float:
    return STANDARD.age


def through_an_inherited_method() -> Rate:
    return Late.current()


def through_a_static_method() -> float:
    return Rate.clock()


def through_an_operator() -> Rate:
    return STANDARD + STANDARD


def through_an_object_that_is_called() -> float:
    return STANDARD()


def through_a_default_factory() -> Stamped:
    return Stamped()


def through_a_nested_function() -> float:
    def inner() -> float:
        return rates.stamp()

    return inner()


def through_a_lambda() -> float:
    stamp: Callable[[], float] = lambda: rates.stamp()  # noqa: E731
    return stamp()


def through_itertools() -> list[float]:
    return list(itertools.starmap(rates.stamp, [(1,)]))


def through_reduce() -> float:
    return functools.reduce(lambda total, _: total + rates.stamp(), [1, 2], 0.0)


def through_a_method() -> float:
    return Flow().run()


class Flow:
    def run(self) -> float:
        return self.helper()

    def helper(self) -> float:
        return rates.stamp()


THROUGH = [value for name, value in list(globals().items()) if name.startswith("through_")]


@pytest.mark.parametrize("flow", THROUGH, ids=lambda flow: flow.__name__)
def test_an_effect_in_a_helper_is_refused_where_the_helper_has_it(
    guard: Guard, flow: Callable[[], Any]
) -> None:
    if flow is through_a_task:
        text = _refused_in_a_loop(guard, through_a_task)
    else:
        text = refused(guard, flow)
    place = text.partition(": ")[0]
    expected = "<string>" if flow is through_a_default_factory else str(rates.__file__)
    assert place.startswith(f"{expected}:")


def _refused_in_a_loop(guard: Guard, flow: Callable[[], Any]) -> str:
    def drive() -> None:
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(loop.create_task(flow()))
        finally:
            loop.close()

    guard.watch(flow)
    with pytest.raises(Exception, match="called in workflow code") as caught, guard:
        drive()
    return str(caught.value)


def test_a_helper_is_refused_each_time(guard: Guard) -> None:
    first = refused(guard, through_two_modules)
    assert refused(guard, through_two_modules) == first
    assert refused(guard, lambda: quotes.quote(2)) == first


def test_a_bound_method_can_be_watched(guard: Guard) -> None:
    assert "(stamp)" in refused(guard, Flow().run)


def test_a_generator_that_was_made_elsewhere_is_guarded_while_a_workflow_runs_it(guard: Guard) -> None:
    numbers: Iterator[float] = ticks()

    def flow() -> list[float]:
        ticks()
        return list(numbers)

    assert "(ticks)" in refused(guard, flow)


class Odd(type):  # noqa: PLW1641
    """A metaclass whose classes cannot be hashed, and compare with nothing."""

    def __eq__(cls, other: object) -> bool:
        raise AssertionError("compared")


class Strange(metaclass=Odd):
    def __call__(self) -> float:
        return rates.stamp()


def test_classes_that_cannot_be_hashed_or_compared_are_followed(guard: Guard) -> None:
    assert "(stamp)" in refused(guard, lambda: Strange()())


def test_closures_of_the_same_code_are_watched_each(guard: Guard) -> None:
    def make(function: Callable[[], object]) -> Callable[[], object]:
        return lambda: function()

    assert run(guard, make(lambda: 1)) == 1
    assert "time.time" in refused(guard, make(rates.stamp))


def test_workflow_code_that_is_gone_is_forgotten(guard: Guard) -> None:
    import gc
    import weakref

    def define() -> weakref.ref[CodeType]:
        scope: dict[str, Any] = {"__name__": "generated"}
        exec("def flow():\n    return helper()\ndef helper():\n    return 1\n", scope)
        guard.watch(scope["flow"])
        return weakref.ref(scope["flow"].__code__)

    reference = define()
    gc.collect()
    assert reference() is None


def test_objects_that_load_when_they_are_asked_are_not_asked(guard: Guard) -> None:
    assert run(guard, lambda: lazy is not None) is True


class Lazy:
    @property  # type: ignore[misc]
    def __class__(self) -> type:
        raise AssertionError("asked")

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"asked for {name}")


lazy = Lazy()
