"""Runs fixes on small projects, for the tests here."""

from __future__ import annotations

import textwrap
from pathlib import Path

from color_checker.config import Config
from color_checker.fixes import Fix, fixes_for
from color_checker.fixing import Outcome, fix_files, write_changes
from color_checker.session import Session


def write(folder: Path, files: dict[str, str]) -> None:
    """Put the files into the folder; texts may be indented as a whole."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(textwrap.dedent(text).lstrip("\n").encode())


def fix(folder: Path, *, unsafe: bool = False, rules: tuple[str, ...] = ()) -> Outcome:
    """Fix the files below the folder, which is the working directory, and write them."""
    outcome = fix_files([folder], config=Config(root=str(folder)), unsafe=unsafe, rules=rules, cache=False)
    assert not write_changes(outcome.changes)
    return outcome


def fixed(folder: Path, text: str, *, unsafe: bool = False, rules: tuple[str, ...] = ()) -> str:
    """The text of a file after fixing it."""
    write(folder, {"app.py": text})
    fix(folder, unsafe=unsafe, rules=rules)
    return (folder / "app.py").read_text()


def offered(folder: Path) -> list[tuple[int, Fix]]:
    """The line of each finding below the folder, with each of its fixes."""
    session = Session([folder], config=Config(root=str(folder)), cache=False)
    report = session.check()
    return [
        (finding.line, one)
        for finding in report.findings
        for one in fixes_for(finding, session.analysis, lambda path: Path(path).read_text())
    ]
