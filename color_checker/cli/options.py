"""The options and arguments that commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

paths_argument = click.argument("paths", nargs=-1, metavar="[PATH]...")


def analysis_options(command: F) -> F:
    """What decides how files are read."""
    for decorate in (
        click.option(
            "--config", "config_file", metavar="FILE",
            help="Read the configuration from FILE (a pyproject.toml or other TOML). "
            "Default: that of the working directory, or of the project in which all PATHs are.",
        ),
        click.option("--no-cache", is_flag=True, help="Neither read nor write .color_checker_cache."),
        click.option(
            "--engine", "engines", multiple=True, metavar="NAME",
            help="Check for this engine only (repeatable). Default: those that the files import.",
        ),
        paths_argument,
    ):  # fmt: skip
        command = decorate(command)
    return command


def output_option(command: F) -> F:
    """Where a document goes."""
    option = click.option(
        "--output", "-o", metavar="FILE", default="-", help="Write to FILE instead of standard output."
    )
    return option(command)


def color_option(command: F) -> F:
    """Whether to write colors."""
    option = click.option(
        "--color", type=click.Choice(["auto", "always", "never"]), default="auto",
        help="Colors in the output. auto: on a terminal.",
    )  # fmt: skip
    return option(command)
