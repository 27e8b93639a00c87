"""Proposes a `[tool.color-checker]` table for a project, with what its files show, and appends it."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import msgspec

from color_checker.config import TABLE, Config, load_config
from color_checker.errors import ConfigError, UsageError
from color_checker.inputs import FACTS_VERSION, read_inputs
from color_checker.sources import discover
from color_checker.store import Store

PRE_COMMIT = """\
repos:
  - repo: local
    hooks:
      - id: color-checker
        name: color-checker
        entry: color-checker check --whole-project
        language: system
        types_or: [python, toml]
        require_serial: true
"""


class Proposal(msgspec.Struct, frozen=True):
    """What `init` would write and suggest.

    Attributes:
        file: the `pyproject.toml`, existing or not.
        before: its text, "" if it does not exist.
        table: the text to append.
        engines: the engines that the project's files import.
        roots: its source roots, relative.
    """

    file: Path
    before: str
    table: str
    engines: tuple[str, ...]
    roots: tuple[str, ...]

    @property
    def after(self) -> str:
        """The text of the whole file, with the line ends it had."""
        newline = "\r\n" if "\r\n" in self.before else "\n"
        gap = "" if not self.before else "\n" if self.before.endswith("\n") else "\n\n"
        return self.before + (gap + self.table).replace("\n", newline)

    @property
    def checked(self) -> str:
        """The paths to name on the command line."""
        return " ".join(self.roots) or "."

    @property
    def pre_commit(self) -> str:
        """A file `.pre-commit-config.yaml`, or what to add to it."""
        return PRE_COMMIT

    @property
    def ci(self) -> str:
        """The command for CI."""
        return f"color-checker check {self.checked} --format github"


def propose(directory: Path) -> Proposal:
    """Look at the project in `directory`. Raises ColorCheckerError if it has a table already."""
    file = Path(os.path.abspath(directory)) / "pyproject.toml"
    config = load_config(directory)
    if config.file == str(file):
        raise UsageError(f"{file.name}: already has {TABLE}; nothing was changed")
    before = _read(file)
    here = msgspec.structs.replace(
        Config(root=str(file.parent)), package_roots=config.package_roots if before else ()
    )
    roots, engines = _detect(directory, here)
    proposal = Proposal(file, before, _table(roots, engines), engines, roots)
    try:
        tomllib.loads(proposal.after)
    except tomllib.TOMLDecodeError:
        raise ConfigError(f"{file.name}: `tool` is no open table, so add {TABLE} by hand") from None
    return proposal


def write(proposal: Proposal) -> None:
    """Append the table; the file is made if there is none."""
    try:
        with open(proposal.file, "w", encoding="utf-8", newline="") as file:
            file.write(proposal.after)
    except OSError as error:
        raise ConfigError(f"{proposal.file.name}: cannot be written: {error.strerror}") from None


def _read(file: Path) -> str:
    try:
        with open(file, encoding="utf-8", newline="") as stream:
            return stream.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file.name}: cannot be read: {error}") from None


def _detect(directory: Path, config: Config) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The source roots, and the engines that files import."""
    from color_checker.engines import engines_by_package
    from color_checker.project import Project
    from color_checker.relevance import colored_files

    sources = discover([directory], config, Path(config.root))
    project = Project(sources, Store.open(None, FACTS_VERSION), None, lambda name: False)
    project.load(project.take(read_inputs(sources)))
    engines = colored_files(project, engines_by_package()).engines
    relative = (os.path.relpath(root, config.root).replace(os.sep, "/") for root in sources.roots)
    return tuple(root for root in relative if root != "."), tuple(sorted(engines))


def _table(roots: tuple[str, ...], engines: tuple[str, ...]) -> str:
    lines = [TABLE]
    if engines:
        lines.append(f"# Found by what the files import: {', '.join(engines)}. `engines` narrows or adds.")
        lines.append(f"# engines = {_list(engines)}")
    if roots:
        lines.append(f"source-roots = {_list(roots)}")
    lines.append("strict = false  # true: calls in workflow code that cannot be resolved are errors")
    return "\n".join(lines) + "\n"


def _list(items: tuple[str, ...]) -> str:
    return msgspec.json.encode(items).decode().replace('","', '", "')
