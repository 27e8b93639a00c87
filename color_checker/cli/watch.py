"""`color-checker check --watch`: checks again whenever a file changes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import click

from color_checker.cli.messages import complain
from color_checker.errors import UsageError

if TYPE_CHECKING:
    from color_checker.cli.reporting import Telling
    from color_checker.config import Config
    from color_checker.findings import Report


def keep_watching(load: Callable[[], Config], telling: Telling, paths: Sequence[str], *, cache: bool) -> int:
    """Check again and again; see `watching`."""
    from color_checker.session import Session
    from color_checker.sources import shown_path

    try:
        from color_checker import watching
    except ModuleNotFoundError as error:
        if error.name != "watchfiles":
            raise
        raise UsageError("--watch needs watchfiles: pip install 'color-checker[watch]'") from None

    def tell(report: Report, config: Config, files: Iterable[str]) -> int:
        click.clear()  # does nothing but on a terminal
        return telling.tell(report, config, [shown_path(path) for path in files])

    def wait() -> None:
        click.echo(time.strftime("%H:%M:%S: watching for changes; Ctrl-C ends."))
        sys.stdout.flush()

    return watching.watch(
        watching.Front(
            load=load,
            open=lambda config: Session(
                paths or config.default_paths(), config=config, engines=telling.engines,
                strict=telling.strict, cache=cache,
            ),
            paths=lambda config: paths or config.default_paths(),
            tell=tell,
            wait=wait,
            complain=complain,
        )
    )  # fmt: skip
