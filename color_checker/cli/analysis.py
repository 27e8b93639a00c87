"""Links the files for the commands that look at the program rather than at findings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from color_checker.cli.configuration import effective_config
from color_checker.cli.messages import complain_of_files
from color_checker.cli.paths import need_all

if TYPE_CHECKING:
    from color_checker.checking import Analysis


def whole_analysis(
    paths: Sequence[str], engines: Sequence[str], no_cache: bool, config_file: str | None, *, whole: bool
) -> Analysis:
    """Link the files; what could not be read is said on stderr.

    Raises UsageError for a path that does not exist.
    """
    from color_checker.checking import analyze
    from color_checker.report.progress import progress
    from color_checker.result_cache import discover_paths

    need_all(paths)
    config = effective_config(config_file, paths)
    total = len(discover_paths(paths or config.default_paths(), config).files)
    with progress(2 * total, "Reading") as advance:
        analysis = analyze(
            paths or config.default_paths(),
            config=config,
            engines=engines,
            cache=not no_cache,
            whole=whole,
            advance=advance,
        )
    complain_of_files(sorted(analysis.project.errors))
    return analysis
