"""The configuration of a folder, and where in the file a problem with it stands."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from color_checker.config import TABLE, Config, load_config
from color_checker.session import Session
from color_checker.sources import State
from color_checker.surroundings import state_of_configuration

_PLACE = re.compile(r"(?P<file>.+?\.(?:toml|json))(?::(?P<line>\d+))?: (?P<rest>.+)", re.DOTALL)
_KEY = re.compile(r"(?:\[tool\.color-checker\] )?(?P<key>[\w-]+)")
_QUOTED = re.compile(r"""["']([^"']+)["']""")


class Problem(msgspec.Struct, frozen=True):
    """Why the configuration cannot be used, and where it says so: an absolute path, if known, and a line."""

    message: str
    path: str = ""
    line: int = 1


def configuration_of(folder: str) -> Config:
    """The configuration for a folder, or a single file, as the command takes it there. Raises ConfigError."""
    target = Path(folder)
    return load_config(target if target.is_dir() else target.parent)


def state_of_files(folder: str, wrong: str = "") -> tuple[State | None, ...]:
    """What the file system says of the files that may hold the configuration, to see whether they change.

    `wrong`: a file that it names, a profile perhaps, with which something was wrong.
    """
    target = Path(folder)
    return state_of_configuration(target if target.is_dir() else target.parent, wrong)


def open_session(folder: str, config: Config) -> Session:
    """A session for a folder or a single file."""
    paths = [config.resolve(path) for path in config.paths] if os.path.isdir(folder) else []
    return Session(paths or [Path(folder)], config=config)


def problem_of(message: str) -> Problem:
    """The problem that an error's message is about."""
    place = _PLACE.fullmatch(message)
    if place is None or not Path(place["file"]).is_file():
        return Problem(message)
    line = int(place["line"]) if place["line"] else _line_of(Path(place["file"]), place["rest"])
    return Problem(message, str(Path(place["file"]).absolute()), line)


def _line_of(file: Path, reason: str) -> int:
    """The line of a key, or better of the value that is wrong with it; 1 if it cannot be found."""
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    first = _first(lines, 0, re.escape(TABLE)) if reason.startswith(TABLE) else 0
    key = _KEY.match(reason)
    at = _first(lines, first, rf'[\["\'\w.-]*\b{re.escape(key["key"])}\b') if key is not None else first
    quoted = _QUOTED.search(reason)
    if quoted is not None:
        at = _first(lines, at, rf""".*["']{re.escape(quoted[1])}["']""")
    return at + 1


def _first(lines: Sequence[str], start: int, pattern: str) -> int:
    """The index of the first line from `start` on that begins so; `start` if there is none."""
    begins = re.compile(rf"\s*{pattern}")
    return next((index for index in range(start, len(lines)) if begins.match(lines[index])), start)
