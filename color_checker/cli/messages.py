"""Tells on stderr, in one line each, what is wrong."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from color_checker.findings import InputError


def complain(message: str) -> None:
    """One line on stderr, with paths relative to the working directory where they lie below it."""
    here = os.getcwd().rstrip(os.sep) + os.sep
    message = " ".join(message.split())
    click.echo(f"color-checker: {message if here == os.sep else message.replace(here, '')}", err=True)


def complain_of_files(errors: Iterable[InputError]) -> None:
    """Which files could not be read or parsed, and why."""
    for error in errors:
        complain(f"{error.path}:{error.line}:{error.column}: {error.reason}")


def counted(number: int, word: str) -> str:
    """`1 finding`, `2 findings`."""
    return f"{number} {word}{'' if number == 1 else 's'}"
