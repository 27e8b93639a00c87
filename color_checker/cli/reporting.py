"""Shows the report of `check` as its options say."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import click
import msgspec

from color_checker.cli.baselines import baseline_file, without_known
from color_checker.cli.exit_codes import exit_code
from color_checker.cli.messages import complain_of_files, counted
from color_checker.cli.output import options_for, target

if TYPE_CHECKING:
    from color_checker.config import Config
    from color_checker.findings import Report
    from color_checker.report import Lines


class Telling(msgspec.Struct, frozen=True):
    """How a report is shown, by the options of `check`.

    Attributes:
        wanted: only what has to do with these paths is shown; None: everything.
    """

    form: str
    output: str
    color: str
    quiet: bool
    timings: bool
    strict: bool | None
    engines: tuple[str, ...]
    baseline: str | None
    no_baseline: bool
    wanted: tuple[str, ...] | None

    def tell(self, report: Report, config: Config, checked: Sequence[str]) -> int:
        """Show the report on the `checked` files; gives the exit code that it means."""
        from color_checker.texts import source_lines

        lines = lru_cache(maxsize=64)(source_lines)
        if not self.no_baseline:
            file = baseline_file(self.baseline, "--baseline", config, configured=True)
            report = without_known(report, file, checked, lines, config) if file is not None else report
        if self.wanted is not None:
            report = with_wanted(report, self.wanted)
        if not (self.quiet and self.form == "text" and not report.findings and not report.errors):
            show(
                report, self.form, self.output, self.color, lines, timings=self.timings,
                strict=config.strict if self.strict is None else self.strict,
                engines=self.engines or config.engines, typed=typed_rules(config),
            )  # fmt: skip
        return exit_code(report)


def typed_rules(config: Config) -> tuple[str, ...]:
    """Those of the selected rules of which nothing can be said here."""
    if not config.select:
        return ()
    from color_checker.rules import all_rules
    from color_checker.rules.base import TypedRule

    return tuple(rule.name for rule in all_rules() if issubclass(rule, TypedRule) and config.is_on(rule.name))


def with_wanted(report: Report, paths: Sequence[str]) -> Report:
    """What has to do with these paths; says on stderr how many other findings there are."""
    from color_checker.narrowing import narrowed

    narrow = narrowed(report, paths)
    others = len(report.findings) - len(narrow.findings)
    if others:
        click.echo(f"{counted(others, 'finding')} elsewhere not shown.", err=True)
    return narrow


def show(
    report: Report,
    form: str,
    output: str,
    color: str,
    lines: Lines,
    *,
    timings: bool,
    strict: bool,
    engines: Sequence[str],
    typed: tuple[str, ...],
) -> None:
    """Write the report where it is wanted."""
    from color_checker.report import render

    rules = {}
    if form == "sarif":
        from color_checker.rules import all_rules

        rules = {rule.name: rule for rule in all_rules()}
    if form == "text" and not report.summary.workflows and not engines:
        from color_checker.engines import engines_by_package

        engines = sorted(set(engines_by_package().values()))
    with target(output) as stream:
        options = options_for(stream, color)
        options = msgspec.structs.replace(
            options, seconds=timings, strict=strict, engines=tuple(engines), typed=typed
        )
        render(
            report, form, stream=stream, rules=rules, lines=lines, options=options,
            error_stream=sys.stderr if form == "text" else None,
        )  # fmt: skip
    if form in ("json", "sarif"):
        complain_of_files(report.errors)
