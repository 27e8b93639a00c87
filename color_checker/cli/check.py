"""`color-checker check`: reports what is found in files."""

from __future__ import annotations

import time
from contextlib import nullcontext
from functools import lru_cache, partial

import click
import msgspec

from color_checker.cli.baselines import DEFAULT_BASELINE, baseline_file, remember
from color_checker.cli.configuration import effective_config
from color_checker.cli.exit_codes import exit_code
from color_checker.cli.options import analysis_options, color_option, output_option
from color_checker.cli.reporting import Telling
from color_checker.cli.timings import Timer
from color_checker.errors import UsageError


@click.command()
@analysis_options
@click.option(
    "--format", "-f", "form", type=click.Choice(["text", "json", "sarif", "github"]), default="text",
    help="text for people; json and sarif for tools; github annotates a pull request.",
)  # fmt: skip
@output_option
@click.option(
    "--strict", is_flag=True, default=None, help="Report calls that could not be resolved as errors."
)
@click.option("--select", multiple=True, metavar="RULE,...", help="Apply only these rules (names or codes).")
@click.option("--ignore", multiple=True, metavar="RULE,...", help="Do not apply these rules.")
@click.option(
    "--write-baseline", is_flag=False, flag_value="", metavar="[FILE]",
    help=f"Remember today's findings in FILE (default: {DEFAULT_BASELINE}) instead of reporting them.",
)  # fmt: skip
@click.option(
    "--baseline", is_flag=False, flag_value="", metavar="[FILE]",
    help="Report only findings that are not in FILE.",
)  # fmt: skip
@click.option("--no-baseline", is_flag=True, help="Report all findings, whatever the configuration says.")
@click.option(
    "--timings", is_flag=True, help="Say on stderr how long each phase took, and in JSON the whole."
)
@click.option(
    "--whole-project", is_flag=True,
    help="Check the project, and show what has to do with the PATHs: for commit hooks.",
)  # fmt: skip
@click.option("--watch", is_flag=True, help="Check again whenever a file changes, until Ctrl-C.")
@color_option
@click.option("--quiet", "-q", is_flag=True, help="No progress bar, and no output when nothing was found.")
def check(
    paths: tuple[str, ...], engines: tuple[str, ...], no_cache: bool, config_file: str | None, form: str,
    output: str, strict: bool | None, select: tuple[str, ...], ignore: tuple[str, ...],
    write_baseline: str | None, baseline: str | None, no_baseline: bool, timings: bool, whole_project: bool,
    watch: bool, color: str, quiet: bool,
) -> int:  # fmt: skip
    """Check all Python files below each PATH (default: the working directory).

    Exit code: 0 nothing found (or only notes), 1 errors or warnings were found, 2 the command or the
    configuration is wrong, or a file could not be read or parsed (the others are checked all the same).

    \b
    Examples:
      color-checker check src
      color-checker check src --select clock,random --strict
      color-checker check src --format sarif --output findings.sarif
      color-checker check src --write-baseline     remember what is there today
      color-checker check src --baseline           from now on: only what is new
      color-checker check --whole-project app.py   for a commit hook: what app.py has to do with
      color-checker check --watch                  again whenever a file changes
    """
    started = time.perf_counter()
    if write_baseline is not None and whole_project:
        raise UsageError("--write-baseline takes all findings, --whole-project shows some")
    if whole_project:
        from color_checker.cli.paths import need_all

        need_all(paths)
    wanted = paths if whole_project else None
    paths = () if whole_project else paths
    telling = Telling(form, output, color, quiet, timings, strict, engines, baseline, no_baseline, wanted)
    load = partial(effective_config, config_file, wanted or paths, select, ignore)
    if watch:
        if form != "text" or output != "-" or write_baseline is not None:
            raise UsageError("--watch writes text to the terminal, and no --format, --output or baseline")
        from color_checker.cli.watch import keep_watching

        return keep_watching(load, telling, paths, cache=not no_cache)
    from color_checker.report.progress import progress
    from color_checker.result_cache import check_sources, discover_paths
    from color_checker.texts import source_lines

    config = load()
    known_file = baseline_file(write_baseline, "--write-baseline", config)
    timer = Timer(started)
    sources = discover_paths(paths or config.default_paths(), config)
    timer.mark("find files")
    bar = nullcontext(no_progress) if quiet else progress(2 * len(sources.files), "Checking")
    with bar as advance:
        report = check_sources(
            sources, config, engines=engines, strict=strict, cache=not no_cache, advance=advance,
            mark=timer.mark, started=started,
        )  # fmt: skip
    if known_file is not None:
        remember(report, known_file, lru_cache(maxsize=64)(source_lines))
        return exit_code(msgspec.structs.replace(report, findings=()))
    code = telling.tell(report, config, [source.shown for source in sources.files])
    timer.mark("report")
    if timings:
        timer.show()
    return code


def no_progress(count: int) -> None:
    """What is called in place of a progress bar."""
