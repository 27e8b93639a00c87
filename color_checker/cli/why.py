"""`color-checker why`: what one function is, does, and who calls it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from color_checker.cli.analysis import whole_analysis
from color_checker.cli.exit_codes import FAILED, NOTHING_FOUND
from color_checker.cli.options import analysis_options, color_option
from color_checker.cli.output import options_for

if TYPE_CHECKING:
    from color_checker.why import Answer


@click.command()
@click.argument("target_", metavar="FILE:LINE|DOTTED.NAME")
@analysis_options
@click.option("--format", "-f", "form", type=click.Choice(["text", "json"]), default="text")
@color_option
def why(
    target_: str, paths: tuple[str, ...], engines: tuple[str, ...], no_cache: bool, config_file: str | None,
    form: str, color: str,
) -> int:  # fmt: skip
    """Say what color a function has and why, which effects it reaches by which calls, which of its
    calls could not be resolved, and who calls it.

    The function is named by its dotted name (the end of it is enough) or by a line in it; then the
    calls on that line are resolved, too. All files below each PATH (default: the working directory)
    are looked at.

    \b
    Examples:
      color-checker why app.pricing.monthly_price
      color-checker why src/app/workflows.py:42
    """
    from color_checker import why as answers

    analysis = whole_analysis(paths, engines, no_cache, config_file, whole=True)
    answer = answers.explain(analysis.program, target_)
    if form == "json":
        from color_checker.report import write_bytes
        from color_checker.report.json_report import to_json

        write_bytes(sys.stdout, to_json(answer))
    else:
        show_answer(answer, color)
    return FAILED if analysis.project.errors else NOTHING_FOUND


def show_answer(answer: Answer, color: str) -> None:
    """Write an answer for people."""
    from color_checker import why_text

    options = options_for(sys.stdout, color)
    for line in why_text.lines(answer, unicode=options.can_show("│└")):
        click.echo(line, color=options.color)
