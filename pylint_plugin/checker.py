"""The checkers that pylint runs: one for each hundred of the rules' codes, all named `color`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from astroid import MANAGER, nodes
from pylint.checkers import BaseChecker
from pylint.interfaces import HIGH, INFERENCE, Confidence

from color_checker.errors import ColorCheckerError
from color_checker.findings import Finding
from pylint_plugin.messages import messages_by_group
from pylint_plugin.placing import Places
from pylint_plugin.project import (
    Found,
    directory_of,
    end,
    forget,
    is_project,
    look_ahead,
    project,
    start,
    take,
)
from pylint_plugin.settings import Settings

if TYPE_CHECKING:
    from pylint.lint import PyLinter
    from pylint.typing import MessageDefinitionTuple, Options

NAME = "color"

_PLUGIN = __name__.partition(".")[0]

#: Pylint's exit code for a usage error.
_USAGE_ERROR = 32

#: The attribute of pylint's linter by which its other processes get what was found.
_FOUND = "_color_checker_found"

#: Longer witnesses are told in full by `color-checker why`.
_DIRECT = 2


class ColorChecker(BaseChecker):
    """Reports the findings of the rules whose messages it has."""

    name = NAME

    def __init__(self, linter: PyLinter, messages: dict[str, MessageDefinitionTuple]) -> None:
        self.msgs = messages
        super().__init__(linter)
        self._symbols = frozenset(message[1] for message in messages.values())

    def open(self) -> None:
        """Pylint is about to parse what it is given; in the processes of `--jobs`, one file."""
        config = self.linter.config
        if not config.from_stdin:  # else nothing counts before it is read
            with _wrong_configuration():
                look_ahead(config.files, is_alone=_is_alone(self.linter))

    def close(self) -> None:
        """All files have been checked."""
        end()

    def visit_module(self, node: nodes.Module) -> None:
        """Report what is found in a file."""
        if not node.file or not os.path.exists(node.file):
            return
        places = Places(node)
        with _wrong_configuration():
            settings = _settings(self.linter, directory_of(node.file))
            found = project(settings).findings(node, _unsaved(node), lambda: _parsed(self.linter, settings))
        for finding in found:
            if finding.name in self._symbols:
                self._report(places, finding)

    def _report(self, places: Places, finding: Finding) -> None:
        self.add_message(
            finding.name,
            node=places.node_at(finding),
            args=(" ".join((finding.message, *_proof(finding))),),
            confidence=_confidence(finding),
            line=finding.line,
            col_offset=finding.column - 1,
            end_lineno=finding.end_line,
            end_col_offset=finding.end_column - 1,
        )


class OptionsChecker(ColorChecker):
    """The first of them, which has the options of all."""

    options: Options = (
        (
            "color-config",
            {
                "default": "",
                "type": "string",
                "metavar": "<file>",
                "help": "File with the configuration, in place of [tool.color-checker] in pyproject.toml.",
            },
        ),
        (
            "color-engines",
            {
                "default": (),
                "type": "csv",
                "metavar": "<names>",
                "help": "Durable-execution engines to check for, in place of those that the files import.",
            },
        ),
        (
            "color-strict",
            {
                "default": "",
                "type": "choice",
                "choices": ("", "yes", "no"),
                "metavar": "<yes or no>",
                "help": "Whether unresolved calls are messages (gap), in place of what is configured.",
            },
        ),
    )


def register_checkers(linter: PyLinter) -> None:
    """Register one checker for each group of rules."""
    for position, messages in enumerate(messages_by_group().values()):
        kind = ColorChecker if position else OptionsChecker
        linter.register_checker(kind(linter, dict(messages)))


def prepare(linter: PyLinter) -> None:
    """Look at the project once for all processes that pylint starts for `--jobs`.

    Those get the linter, and what was found with it.
    """
    found: Found | None = getattr(linter, _FOUND, None)
    if found is not None:
        take(found)
        return
    forget()
    # Elsewhere it is the files that say where the project is.
    if is_project(Path.cwd()) and any(
        linter.is_message_enabled(message) for group in messages_by_group().values() for message in group
    ):
        with _wrong_configuration():
            checked = start(_settings(linter, os.getcwd()))
            if linter.config.jobs != 1:
                setattr(linter, _FOUND, checked.found(linter.config.source_roots))


def _is_alone(linter: PyLinter) -> bool:
    """Whether astroid infers little that we do not ask for, and nobody's plugin has changed how."""
    plugins = linter.config.load_plugins
    return all(name == _PLUGIN or name.startswith("pylint.extensions.") for name in plugins) and all(
        checker is linter or isinstance(checker, ColorChecker) for checker in linter.prepare_checkers()
    )


def _parsed(linter: PyLinter, settings: Settings) -> Iterator[str]:
    """The files of a project that pylint has parsed to check them, and not only to infer something."""
    checked = [module for name, module in MANAGER.astroid_cache.items() if name in linter.stats.by_module]
    for module in checked:
        if module.file and os.path.isfile(module.file) and directory_of(module.file) == settings.directory:
            yield os.path.abspath(module.file)


def _settings(linter: PyLinter, directory: str) -> Settings:
    config = linter.config
    return Settings(
        directory=directory,
        config=config.color_config,
        engines=tuple(config.color_engines),
        strict={"yes": True, "no": False}.get(config.color_strict),
    )


@contextmanager
def _wrong_configuration() -> Iterator[None]:
    """End as pylint does when its own configuration is wrong."""
    try:
        yield
    except ColorCheckerError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(_USAGE_ERROR) from None


def _unsaved(module: nodes.Module) -> str | None:
    """The text that pylint got on standard input in place of the file's."""
    data = module.file_bytes
    return data.decode("utf-8", "replace") if isinstance(data, bytes) else data


def _proof(finding: Finding) -> Iterator[str]:
    if len(finding.witness) > _DIRECT:
        yield f"({' -> '.join(frame.function for frame in finding.witness)})"


def _confidence(finding: Finding) -> Confidence:
    return INFERENCE if len(finding.witness) > _DIRECT else HIGH
