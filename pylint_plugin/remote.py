"""The project as a child process sees it, which analyzes it while this one does something else."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Thread

from color_checker import ahead
from color_checker.findings import Finding
from color_checker.places import Types
from pylint_plugin.analyzed import Checked, Questions
from pylint_plugin.astroid_state import AstroidState
from pylint_plugin.settings import Settings

_CHILD = "pylint_plugin.analyzed:Ahead"


class Remote:
    """`Analyzed` in a child; what is asked is waited for. Everything raises `ahead.GoneError`."""

    def __init__(self, settings: Settings, state: AstroidState | None) -> None:
        """Starts at once. Also raises OSError, if there can be no process.

        `state`: how astroid is set up here, if the child can ask its own.
        """
        self._child = ahead.Child(_CHILD)
        self._child.tell("check", settings)
        if state is not None:
            self._child.tell("infer", state)

    def checked(self) -> Checked:
        """What is found without astroid."""
        checked: Checked = self._child.ask("checked")
        return checked

    def inferred(self) -> tuple[Finding, ...] | None:
        """What is found with it, unless it has to be asked here."""
        findings: tuple[Finding, ...] | None = self._child.ask("inferred")
        return findings

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
        """Nothing more will be asked. What is in the child's memory takes it a moment to give back."""
        Thread(target=self._child.close).start()
