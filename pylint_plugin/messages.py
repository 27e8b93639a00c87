"""The message of pylint for each rule.

The id of a rule's message is the letter of its severity, a 7 and the digits of its code: `clock`, CC201, is
E7201. The symbol is the rule's name.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TypeAlias

from color_checker.rules import Rule, all_rules
from color_checker.rules.base import TypedRule

#: Text, symbol and description, as pylint wants them.
Message: TypeAlias = tuple[str, str, str]

_HEADING = re.compile(r"^## (.*)$", re.MULTILINE)
#: The one rule whose findings are notes, `gap`, has messages only where they are wanted as errors.
_LETTERS = {"error": "E", "warning": "W", "note": "E"}


def message_id(rule: type[Rule]) -> str:
    """The id of a rule's message: "E7201"."""
    return f"{_LETTERS[rule.severity]}7{rule.code.removeprefix('CC')}"


def messages_by_group() -> dict[str, dict[str, Message]]:
    """Message id → message, for each hundred of the rules' codes: pylint wants a checker for each.

    Rules that need a type checker have none: they would never be seen, and look as if all were well.
    """
    rules = [rule for rule in all_rules() if not issubclass(rule, TypedRule)]
    return {
        group: {message_id(rule): ("%s", rule.name, _description(rule)) for rule in members}
        for group, members in groupby(rules, key=lambda rule: rule.code[2])
    }


def _description(rule: type[Rule]) -> str:
    """The rule's explanation; pylint takes the headings for text, so they become the starts of paragraphs."""
    return _HEADING.sub(r"\1:", rule.explanation())
