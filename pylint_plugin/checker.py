"""The checkers that pylint runs: one for each hundred of the rules' codes, all named `color`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from astroid import nodes
from pylint.checkers import BaseChecker
from pylint.interfaces import HIGH, INFERENCE, Confidence

from color_checker.errors import ColorCheckerError
from color_checker.findings import Finding
from pylint_plugin.messages import messages_by_group
from pylint_plugin.placing import node_at
from pylint_plugin.project import Settings, project

if TYPE_CHECKING:
    from pylint.lint import PyLinter
    from pylint.typing import MessageDefinitionTuple, Options

NAME = "color"

#: Pylint's exit code for a usage error.
_USAGE_ERROR = 32

#: Longer witnesses are told in full by `color-checker why`.
_DIRECT = 2


class ColorChecker(BaseChecker):
    """Reports the findings of the rules whose messages it has."""

    name = NAME

    def __init__(self, linter: PyLinter, messages: dict[str, MessageDefinitionTuple]) -> None:
        self.msgs = messages
        super().__init__(linter)
        self._symbols = frozenset(message[1] for message in messages.values())

    def visit_module(self, node: nodes.Module) -> None:
        """Report what is found in a file."""
        for finding in self._findings(node):
            if finding.name in self._symbols:
                self._report(node, finding)

    def _findings(self, module: nodes.Module) -> list[Finding]:
        if not module.file or not os.path.exists(module.file):
            return []
        return _found(self.linter, os.path.abspath(module.file), _unsaved(module))

    def _report(self, module: nodes.Module, finding: Finding) -> None:
        self.add_message(
            finding.name,
            node=node_at(module, finding),
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
    """Analyze the project before pylint starts processes for `--jobs`, so that not each of them has to."""
    if any(linter.is_message_enabled(message) for group in messages_by_group().values() for message in group):
        _found(linter, "", None)


def _found(linter: PyLinter, path: str, unsaved: str | None) -> list[Finding]:
    config = linter.config
    settings = Settings(
        config=config.color_config,
        engines=tuple(config.color_engines),
        strict={"yes": True, "no": False}.get(config.color_strict),
    )
    try:
        return project(settings).findings(path, unsaved)
    except ColorCheckerError as error:
        # As pylint ends when its own configuration is wrong.
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
