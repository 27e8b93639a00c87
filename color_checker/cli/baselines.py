"""The options about baselines: which file is meant, and what it hides."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from color_checker.cli.messages import complain_of_files, counted
from color_checker.errors import UsageError

if TYPE_CHECKING:
    from color_checker.config import Config
    from color_checker.findings import Report
    from color_checker.report import Lines

DEFAULT_BASELINE = "color-checker-baseline.json"


def baseline_file(given: str | None, option: str, config: Config, *, configured: bool = False) -> Path | None:
    """The file that an option means; the configured one if that is enough. None: no baseline."""
    if given is None and not (configured and config.baseline):
        return None
    if not given:
        return config.resolve(config.baseline or DEFAULT_BASELINE)
    if given.endswith(".py") or os.path.isdir(given):
        raise UsageError(f"{option} {given}: takes a file; name the paths to check before the option")
    return Path(given)


def remember(report: Report, file: Path, lines: Lines) -> None:
    """Write the baseline."""
    from color_checker.baseline import write_baseline

    number = write_baseline(file, report.findings, lines)
    complain_of_files(report.errors)
    unread = len({error.path for error in report.errors})
    without = f", without those of {counted(unread, 'file')}" if unread else ""
    click.echo(f"Wrote {counted(number, 'finding')} to {shown(file)}{without}.", err=True)


def without_known(report: Report, file: Path, checked: Sequence[str], lines: Lines, config: Config) -> Report:
    """The report without the findings of the baseline; says on stderr how many that are.

    While a file cannot be read nobody knows whether its entries are stale.
    """
    from color_checker.baseline import read_baseline

    split = read_baseline(file).split(report.findings, lines, checked, config.is_on)
    if split.known:
        known = counted(len(split.known), "known finding")
        click.echo(f"{known} not shown (baseline {shown(file)}).", err=True)
    if split.stale and not report.errors:
        stale = "1 entry is" if split.stale == 1 else f"{split.stale} entries are"
        click.echo(f"{stale} stale in the baseline {shown(file)}: write it again.", err=True)
    return msgspec.structs.replace(report, findings=split.new)


def shown(file: Path) -> str:
    """The path as users know it."""
    from color_checker.sources import shown_path

    return shown_path(os.path.abspath(file))
