"""Reads what mutants are made of: ways of calling, effects to inject, workflows to inject them into."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent

DEFAULT_HELPER = """\
from .effects import leaf
def mut_work(*args, **kwargs):
    return leaf()
"""


class Way(NamedTuple):
    """One way in which workflow code can come to call `leaf`; `PKG` stands for the package's name."""

    name: str
    flags: frozenset[str]
    modules: dict[str, str]
    host: str
    method: str
    body: str

    @property
    def needs_class(self) -> bool:
        return "class" in self.flags

    @property
    def needs_async(self) -> bool:
        return "async" in self.flags


class Effect(NamedTuple):
    """An expression with the effect of `rule`, or a harmless one (`rule` is empty)."""

    rule: str
    name: str
    expression: str
    imports: str = ""
    setup: str = ""
    accept: tuple[str, ...] = ()
    callable: str = ""

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that count as found."""
        return (self.rule, *self.accept)


def read_ways(path: Path = FOLDER / "ways.txt") -> list[Way]:
    """All ways, in the file's order."""
    return [_way(title, text) for title, text in _sections(path)]


def read_statements(path: Path = FOLDER / "statements.txt") -> list[tuple[str, Way]]:
    """Rule (empty for none) and what is injected as it stands."""
    result = []
    for title, text in _sections(path):
        rule, _, name = title.partition(" ")
        result.append(("" if rule == "none" else rule, _way(name, text)))
    return result


def read_hosts(path: Path = FOLDER / "hosts.txt") -> dict[str, str]:
    """The built-in workflows: name → source text."""
    return dict(_sections(path))


def read_effects(path: Path = FOLDER / "effects.toml") -> tuple[list[Effect], list[Effect]]:
    """The effects, and the harmless expressions."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    return [_effect(item) for item in data["effect"]], [_effect(item) for item in data["harmless"]]


def _sections(path: Path) -> list[tuple[str, str]]:
    """The parts that start with `=== title`."""
    parts = re.split(r"^=== (.+)\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def _way(title: str, text: str) -> Way:
    match = re.fullmatch(r"([\w-]+)(?: \[([\w: -]+)\])?", title)
    if match is None:
        raise ValueError(f"not a way's title: {title!r}")
    parts = re.split(r"^--- (.+)\n", text, flags=re.MULTILINE)
    named = dict(zip(parts[1::2], parts[2::2], strict=True))
    modules = {
        name.removeprefix("module "): part for name, part in named.items() if name.startswith("module ")
    }
    modules["helper"] = named.get("helper", DEFAULT_HELPER)
    return Way(
        name=match[1],
        flags=frozenset((match[2] or "").split()),
        modules=modules,
        host=named.get("host", ""),
        method=named.get("method", ""),
        body=named["body"].rstrip() + "\n",
    )


def _effect(item: dict[str, object]) -> Effect:
    expression = str(item["expression"])
    accept = item.get("accept", [])
    assert isinstance(accept, list)
    return Effect(
        rule=str(item.get("rule", "")),
        name=str(item.get("name", expression)),
        expression=expression,
        imports=str(item.get("import", "")).strip(),
        setup=str(item.get("setup", "")).strip(),
        accept=tuple(str(rule) for rule in accept),
        callable=str(item.get("callable", "")),
    )
