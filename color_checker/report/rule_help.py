"""The explanation of a rule with its first bad and its first good example, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from color_checker.rules.base import Example, Rule

MARKER = re.compile(r"[ \t]*# expect: .*$", re.MULTILINE)


def full_help(rule: type[Rule]) -> str:
    """What `explain`, the editor's hover and SARIF show of `rule`."""
    parts = [rule.explanation() or rule.name]
    if rule.bad:
        parts += ["## Example", *files(rule.bad[0])]
    if rule.good:
        parts += ["## Instead", *files(rule.good[0])]
    return "\n\n".join(parts) + "\n"


def files(example: Example) -> Iterator[str]:
    """Each file of an example as a block of code, without the markers for the tests."""
    for path, source in example.files.items():
        code = MARKER.sub("", source).strip("\n")
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", code)), default=0))
        name = f"# {path}\n" if len(example.files) > 1 else ""
        yield f"{fence}python\n{name}{code}\n{fence}"
