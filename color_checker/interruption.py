"""Lets a check be given up in its middle, when nobody wants its result any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from color_checker.link import Linker


class Interrupted(Exception):  # noqa: N818 - nothing is wrong
    """The check was given up. What it worked on is as it was before.

    Attributes:
        left: a program that it was about to make, to be dissolved at leisure.
    """

    left: Linker | None = None


def _never() -> bool:
    return False


#: A variable of the context, so that it does not have to be handed through everything.
_is_unwanted: ContextVar[Callable[[], bool]] = ContextVar("is_unwanted", default=_never)


@contextmanager
def interruptible(is_unwanted: Callable[[], bool] = _never) -> Iterator[None]:
    """Inside, `may_end_here` raises Interrupted as soon as that says so; as it stands, never."""
    token = _is_unwanted.set(is_unwanted)
    try:
        yield
    finally:
        _is_unwanted.reset(token)


def may_end_here() -> None:
    """To be called every now and then by what takes long, where it leaves nothing half done.

    Raises Interrupted.
    """
    if _is_unwanted.get()():
        raise Interrupted
