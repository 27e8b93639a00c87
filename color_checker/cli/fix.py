"""`color-checker fix`: changes the code so that findings go away."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from color_checker.cli.baselines import baseline_file
from color_checker.cli.configuration import effective_config, rule_names
from color_checker.cli.exit_codes import FAILED, FOUND, NOTHING_FOUND
from color_checker.cli.messages import complain, complain_of_files, counted
from color_checker.cli.options import analysis_options
from color_checker.cli.paths import need_all
from color_checker.errors import UsageError

if TYPE_CHECKING:
    from color_checker.config import Config
    from color_checker.findings import Report
    from color_checker.report import Lines


@click.command()
@analysis_options
@click.option("--diff", is_flag=True, help="Only show what would change; exit code 1 if anything would.")
@click.option("--rule", "rules", multiple=True, metavar="RULE,...", help="Fix only findings of these rules.")
@click.option("--unsafe", is_flag=True, help="Also what may change what the code means.")
@click.option(
    "--baseline", is_flag=False, flag_value="", metavar="[FILE]", help="Leave alone the findings in FILE."
)
@click.option("--no-baseline", is_flag=True, help="Fix all findings, whatever the configuration says.")
@click.option(
    "--whole-project", is_flag=True,
    help="Check the project, and change only the PATHs: for commit hooks.",
)  # fmt: skip
def fix(
    paths: tuple[str, ...], engines: tuple[str, ...], no_cache: bool, config_file: str | None, diff: bool,
    rules: tuple[str, ...], unsafe: bool, baseline: str | None, no_baseline: bool, whole_project: bool,
) -> int:  # fmt: skip
    """Fix what can be fixed in the files below each PATH (default: the working directory).

    What is written is checked again: a fix stays if its finding is gone and there is no other. Comments and
    formatting stay as they are.

    Exit code: 0 no errors or warnings are left, 1 some are, 2 the command or the configuration is wrong, or
    a file could not be read, parsed or written. With --diff: 0 nothing would change, 1 something would.

    \b
    Examples:
      color-checker fix src
      color-checker fix src --diff --rule clock,random
      color-checker fix src --unsafe
      color-checker fix --whole-project app.py   for a commit hook: changes app.py only
    """
    try:
        from color_checker import fixing
    except ModuleNotFoundError as missing:
        if missing.name != "libcst":
            raise
        raise UsageError("fix needs libcst: pip install 'color-checker[fix]'") from None

    need_all(paths)
    config = effective_config(config_file, paths)
    known_file = None if no_baseline else baseline_file(baseline, "--baseline", config, configured=True)
    wanted = paths if whole_project else None
    paths = () if whole_project else paths
    outcome = fixing.fix_files(
        paths or config.default_paths(), config=config, engines=engines, rules=rule_names(rules, "--rule"),
        unsafe=unsafe, cache=not no_cache, within=None if wanted is None else files_below(wanted, config),
        show=partial(to_fix, known_file, wanted),
    )  # fmt: skip
    complain_of_files(outcome.errors)
    if diff:
        click.echo("".join(change.diff() for change in outcome.changes), nl=False)
        if outcome.left:
            number = counted(len(outcome.left), "finding")
            click.echo(f"{number} would be left; without --diff, each is said with the reason.", err=True)
        return FAILED if outcome.errors else FOUND if outcome.changes else NOTHING_FOUND
    problems = fixing.write_changes(outcome.changes)
    for problem in problems:
        complain(problem)
    for line in fixing.summary(outcome):
        click.echo(line)
    if outcome.errors or problems:
        return FAILED
    return FOUND if any(left.finding.severity != "note" for left in outcome.left) else NOTHING_FOUND


def files_below(paths: Sequence[str], config: Config) -> frozenset[str]:
    """The absolute paths of the Python files."""
    from color_checker.result_cache import discover_paths

    return frozenset(source.path for source in discover_paths(paths, config).files)


def to_fix(file: Path | None, wanted: Sequence[str] | None, report: Report, lines: Lines) -> Report:
    """The report without the findings of the baseline, and without what has nothing to do with the paths."""
    from color_checker.baseline import read_baseline
    from color_checker.narrowing import narrowed

    if file is not None:
        new = read_baseline(file).split(report.findings, lines).new
        report = msgspec.structs.replace(report, findings=new)
    return report if wanted is None else narrowed(report, wanted)
