"""Remembers findings that are already known, so that a large project can start today and see only new ones.

A finding is recognized by its rule, file, function and the text of its line, not by the line's number.
Of equal ones, as many as the baseline counts are known. When a file in the baseline no longer exists,
its entries are recognized in any other file, so a rename does not bring old findings back.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from color_checker.config import Config
from color_checker.errors import ConfigError
from color_checker.findings import Finding
from color_checker.texts import source_lines

VERSION = 1
_LONGEST = 200
_Key = TypeVar("_Key")

#: Gives the lines of a file by the path that findings show; empty when it cannot be read.
Lines = Callable[[str], Sequence[str]]


class Entry(msgspec.Struct, frozen=True, order=True, forbid_unknown_fields=True):
    """One known finding, or several that cannot be told apart.

    Attributes:
        path: relative to the baseline file.
        source: the line's text, without indentation and with single spaces.
    """

    path: str
    name: str
    function: str
    source: str
    count: int = 1


class Split(msgspec.Struct, frozen=True):
    """Findings, divided.

    Attributes:
        stale: how many known findings were not found again.
    """

    new: tuple[Finding, ...]
    known: tuple[Finding, ...]
    stale: int


class Baseline(msgspec.Struct, frozen=True):
    """The known findings, and the directory that their paths are relative to."""

    entries: tuple[Entry, ...] = ()
    directory: str = "."

    def split(
        self, findings: Iterable[Finding], lines: Lines, checked: Collection[str] | None = None,
        applies: Callable[[str], bool] = lambda rule: True,
    ) -> Split:  # fmt: skip
        """Divide findings into new and known ones, both in the order given.

        Args:
            checked: the shown paths of the files that were checked: entries of other files that still
                exist are not stale. None: everything was.
            applies: says whether a rule was applied: entries of others are not stale.
        """
        exact, moved = self._counts()
        new: list[Finding] = []
        known: list[Finding] = []
        for finding in findings:
            key = _key(finding, lines, self.directory)
            if not (_take(exact, key) or _take(moved, _without_path(key))):
                new.append(finding)
            else:
                known.append(finding)
        places = None if checked is None else {_relative(path, self.directory) for path in checked}
        left = sum(
            count for key, count in exact.items() if applies(key[1]) and (places is None or key[0] in places)
        )
        left += sum(count for key, count in moved.items() if applies(key[0]))
        return Split(tuple(new), tuple(known), left)

    def _counts(self) -> tuple[Counter[tuple[str, str, str, str]], Counter[tuple[str, str, str]]]:
        """How many findings of each kind are known: in files that exist, and of files that are gone."""
        exact: Counter[tuple[str, str, str, str]] = Counter()
        moved: Counter[tuple[str, str, str]] = Counter()
        exists = {path: os.path.exists(os.path.join(self.directory, path)) for path in self._paths()}
        for entry in self.entries:
            key = (entry.path, entry.name, entry.function, entry.source)
            if exists[entry.path]:
                exact[key] += entry.count
            else:
                moved[_without_path(key)] += entry.count
        return exact, moved

    def _paths(self) -> set[str]:
        return {entry.path for entry in self.entries}


def write_baseline(path: Path, findings: Iterable[Finding], lines: Lines) -> int:
    """Write all findings to a file, one entry a line; give their number. Raises ConfigError."""
    directory = os.path.dirname(os.path.abspath(path))
    counts = Counter(_key(finding, lines, directory) for finding in findings)
    entries = sorted(Entry(*key, count) for key, count in counts.items())
    rows = ",\n".join("  " + msgspec.json.encode(entry).decode() for entry in entries)
    text = f'{{"version": {VERSION}, "findings": [\n{rows}\n]}}\n' if rows else _EMPTY
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError as error:
        raise ConfigError(f"{path}: the baseline cannot be written: {error.strerror}") from None
    return counts.total()


_EMPTY = f'{{"version": {VERSION}, "findings": []}}\n'


class _File(msgspec.Struct, frozen=True):
    version: int
    findings: tuple[Entry, ...]


def read_baseline(path: Path) -> Baseline:
    """The baseline in a file. Raises ConfigError."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: there is no such baseline; make it with `color-checker check --write-baseline`"
        ) from None
    except OSError as error:
        raise ConfigError(f"{path}: the baseline cannot be read: {error.strerror}") from None
    try:
        content = msgspec.json.decode(data, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}:{_line(data, str(error))}: is not a valid baseline: {error}") from None
    if content.version != VERSION:
        raise ConfigError(f"{path}: is a baseline of version {content.version}; write it again")
    return Baseline(content.findings, os.path.dirname(os.path.abspath(path)))


def baseline_of(config: Config) -> Baseline | None:
    """The one that the configuration names, if it does. Raises ConfigError."""
    return read_baseline(config.resolve(config.baseline)) if config.baseline else None


def without_known(findings: tuple[Finding, ...], baseline: Baseline | None) -> tuple[Finding, ...]:
    """The findings that are not in the baseline, if there is one, by what the files hold now."""
    return findings if baseline is None else baseline.split(findings, source_lines).new


def _line(data: bytes, message: str) -> int:
    """The line of an error in JSON: msgspec names the byte of a bad token, or the entry of a bad value."""
    _, _, position = message.partition("(byte ")
    if position:
        return data.count(b"\n", 0, int(position.rstrip(")"))) + 1
    _, _, index = message.partition("$.findings[")
    if index:
        return 2 + int(index.partition("]")[0])  # as written: the first entry is on the second line
    return data.count(b"\n") + 1 if "truncated" in message else 1


def _key(finding: Finding, lines: Lines, directory: str) -> tuple[str, str, str, str]:
    text = lines(finding.path)
    source = " ".join(text[finding.line - 1].split()) if 0 < finding.line <= len(text) else ""
    path = _relative(finding.path, directory)
    return _encodable(path), finding.name, _encodable(finding.function), _encodable(source[:_LONGEST])


def _encodable(text: str) -> str:
    """Names of files may hold bytes that are no UTF-8, as lone surrogates."""
    return text.encode(errors="backslashreplace").decode()


def _without_path(key: tuple[str, str, str, str]) -> tuple[str, str, str]:
    """What stays of a finding when its file is renamed: the module is part of the function's name."""
    _, name, function, source = key
    return name, function.rpartition(".")[2], source


def _relative(path: str, directory: str) -> str:
    try:
        return os.path.relpath(path, directory).replace(os.sep, "/")
    except ValueError:  # raised on Windows for another drive
        return path


def _take(counts: Counter[_Key], key: _Key) -> bool:
    if counts[key] > 0:
        counts[key] -= 1
        return True
    return False
