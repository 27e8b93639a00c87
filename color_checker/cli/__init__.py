"""The command line: `color-checker check`, `why`, `explain`, `graph`, `fix`, `lsp`, `init`."""

from __future__ import annotations

import click

from color_checker.cli.running import Commands

__all__ = ["main"]


def print_version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    """The version of the installed distribution."""
    if not value:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        click.echo(f"color-checker {version('color-checker')}")
    except PackageNotFoundError:
        click.echo("color-checker, not installed")
    ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=print_version,
    help="Show the version and exit.",
)  # fmt: skip
def main() -> None:
    """Find what breaks a durable workflow: clocks, random numbers, requests and other side effects
    that replayed code can reach, and calls across the border between workflow and step.

    Your code is read, never imported or run. Start with:

    \b
      color-checker check            check the working directory
      color-checker explain clock    what a rule is about
      color-checker why app.py:42    what the function there is, does and who calls it
      color-checker init             write a first configuration
    """
