"""The project as a child process sees it, which analyzes it while this one does something else."""

from __future__ import annotations

from collections.abc import Mapping

from color_checker import ahead
from color_checker.findings import Finding
from color_checker.places import Types
from pylint_plugin.analyzed import Known, Questions
from pylint_plugin.settings import Settings

_CHILD = "pylint_plugin.analyzed:Ahead"


class Remote:
    """`Analyzed` in a child; what is asked is waited for. Everything raises `ahead.GoneError`."""

    def __init__(self, settings: Settings) -> None:
        """Starts at once. Also raises OSError, if there can be no process."""
        self._child = ahead.Child(_CHILD)
        self._child.tell("check", settings)

    def known(self) -> Known:
        """What is found without astroid."""
        known: Known = self._child.ask("known")
        return known

    def questions(self) -> Questions:
        """What is to be known about the files with gaps."""
        questions: Questions = self._child.ask("questions")
        return questions

    def learn(self, types: Mapping[str, Types]) -> Questions:
        """Take all that is known about the files; what is asked then."""
        questions: Questions = self._child.ask("learn", types)
        return questions

    def findings(self) -> tuple[Finding, ...]:
        """All findings of all files, with what was learned."""
        findings: tuple[Finding, ...] = self._child.ask("findings")
        return findings

    def close(self) -> None:
        """Nothing more will be asked."""
        self._child.close()
