"""The pages about runtime_min: their programs run and print what is shown, and what they name exists.

A Python block after `<!-- runs -->` is part of the page's program, which consists of all of them in their order.
A text block after `<!-- prints -->` is what the block before it prints.
`python -m tests.test_docs_runtime PAGE` shows what a page's blocks print today.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(ROOT.glob("docs/runtime*.md"))
BLOCK = re.compile(r"<!-- (?P<kind>runs|prints) -->\n```(?:python|text)\n(?P<text>.*?)```\n", re.DOTALL)
BORDER = "- - -"


class Program(NamedTuple):
    """The blocks of a page, and what each of them has to print."""

    blocks: list[str]
    prints: list[str]

    @classmethod
    def of(cls, page: Path) -> Program:
        blocks: list[str] = []
        prints: list[str] = []
        for match in BLOCK.finditer(page.read_text(encoding="utf-8")):
            if match["kind"] == "runs":
                blocks.append(match["text"])
                prints.append("")
            else:
                prints[-1] = match["text"]
        return cls(blocks, prints)

    def run(self, directory: Path) -> tuple[list[str], str]:
        """What each block prints, and what goes wrong."""
        text = f"\nprint({BORDER!r}, flush=True)\n".join(self.blocks)
        (directory / "shop.py").write_text(text, encoding="utf-8")
        completed = subprocess.run(
            [sys.executable, "-W", "error::SyntaxWarning", "shop.py"],
            cwd=directory,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return completed.stdout.split(f"{BORDER}\n"), completed.stderr if completed.returncode else ""


PROGRAMS = {page.name: program for page in PAGES if (program := Program.of(page)).blocks}


@pytest.mark.parametrize("page", sorted(PROGRAMS))
def test_the_program_of_a_page_runs_and_prints_what_the_page_shows(page: str, tmp_path: Path) -> None:
    printed, trouble = PROGRAMS[page].run(tmp_path)
    assert not trouble
    assert printed == PROGRAMS[page].prints


def test_the_page_for_newcomers_has_a_program() -> None:
    assert len(PROGRAMS["runtime.md"].blocks) >= 8


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        for number, shown in enumerate(zip(*Program.of(Path(sys.argv[1])).run(Path(place)), strict=False)):
            print(number, *shown)
