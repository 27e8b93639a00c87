"""The configuration of a run, with the options of the command line in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from color_checker.cli.messages import complain
from color_checker.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from color_checker.config import Config


def effective_config(
    file: str | None, paths: Sequence[str], select: Sequence[str] = (), ignore: Sequence[str] = ()
) -> Config:
    """The configuration for these paths, with the options of the command line in it."""
    from color_checker.config import load_config

    if file is not None or not paths:
        config = load_config(Path.cwd(), Path(file) if file is not None else None)
    else:
        from color_checker.surroundings import configuration_for

        config, passed_over = configuration_for(paths, Path.cwd())
        if passed_over:
            tell_passed_over(passed_over, config)
    if select:
        config = msgspec.structs.replace(config, select=rule_names(select, "--select"))
    if ignore:
        config = msgspec.structs.replace(config, ignore=(*config.ignore, *rule_names(ignore, "--ignore")))
    return config


def tell_passed_over(files: Sequence[str], config: Config) -> None:
    """Say that some of the paths have a configuration, and which one counts."""
    from color_checker.sources import shown_path

    counts = f"that of {shown_path(config.file)} counts" if config.file else "none of them counts"
    complain(
        f"{', '.join(map(shown_path, files))}: there is one configuration for each run, and {counts}; "
        "check one project after the other, or choose with --config"
    )


def rule_names(values: Sequence[str], option: str) -> tuple[str, ...]:
    """Names out of names and codes, separated by commas."""
    from color_checker.rules import all_rules, rule_named

    names = []
    for word in filter(None, (word.strip() for value in values for word in value.split(","))):
        rule = rule_named(word)
        if rule is None:
            hint = did_you_mean(word, [rule.name for rule in all_rules()])
            raise UsageError(f'{option}: there is no rule "{word}"{hint}')
        names.append(rule.name)
    return tuple(names)
