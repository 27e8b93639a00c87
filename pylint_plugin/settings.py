"""What pylint's options say about the project, and the configuration that this gives."""

from __future__ import annotations

from pathlib import Path

import msgspec

from color_checker.config import Config, load_config


class Settings(msgspec.Struct, frozen=True):
    """What pylint's own options say in place of `[tool.color-checker]`.

    Attributes:
        directory: where the project is: the one that pylint runs in, unless the files are elsewhere.
        config: the file to read the configuration from; "" to look for it.
        engines: names of the only engines to check for; empty: as configured.
        strict: unresolved calls are messages; None: as configured.
    """

    directory: str
    config: str = ""
    engines: tuple[str, ...] = ()
    strict: bool | None = None


def configuration(settings: Settings) -> Config:
    """The configuration as it counts. Raises ColorCheckerError."""
    config = load_config(Path(settings.directory), Path(settings.config) if settings.config else None)
    strict = config.strict if settings.strict is None else settings.strict
    return msgspec.structs.replace(config, strict=strict)
