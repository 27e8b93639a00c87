"""What has effects, two modules away from the workflows of the tests."""

from __future__ import annotations

import datetime
import functools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def today() -> datetime.date:
    return datetime.datetime.now().date()


def stamp(_: object = None) -> float:
    return time.time()


async def fetch() -> float:
    return time.time()


def ticks() -> Iterator[float]:
    yield 0.0
    yield time.monotonic()


@functools.cache
def machine(_: int) -> str:
    return os.uname().nodename


def logged(function: Callable[P, R]) -> Callable[P, R]:
    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(*args, **kwargs)

    return wrapper


@logged
def decorated() -> float:
    return time.time()


@contextmanager
def timed() -> Iterator[float]:
    yield time.perf_counter()


@functools.singledispatch
def describe(value: object) -> str:
    return str(value)


@describe.register
def _(value: int) -> str:
    return f"{value} at {time.time()}"


@dataclass
class Rate:
    percent: int
    since: float = field(default_factory=lambda: 0.0)

    @property
    def age(self) -> float:
        return time.time() - self.since

    @classmethod
    def current(cls) -> Rate:
        return cls(5, time.time())

    @staticmethod
    def clock() -> float:
        return time.time()

    def __add__(self, other: Rate) -> Rate:
        return Rate(self.percent + other.percent, time.time())

    def __enter__(self) -> float:
        return time.time()

    def __exit__(self, *exception: object) -> None:
        pass

    def __call__(self) -> float:
        return time.time()


@dataclass
class Stamped:
    at: float = field(default_factory=time.time)


class Late(Rate):
    pass


STANDARD = Rate(7)
