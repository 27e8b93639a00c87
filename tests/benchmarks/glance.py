"""How a quick look at one file compares with the check of everything: the findings, and the time.

    python tests/benchmarks/glance.py DIRECTORY...

For each directory: in how many of the files that have to do with workflows a look shows what the check has
found there, which ones differ, and the processor time of a look beside that of linking everything anew.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TypeVar

from color_checker.findings import Finding
from color_checker.session import Session
from color_checker.sources import by_path

T = TypeVar("T")


def main(directories: list[str]) -> None:
    """Compare in each of the directories."""
    here = os.getcwd()
    for directory in directories:
        os.chdir(os.path.join(here, directory))
        compare(directory)


def compare(directory: str) -> None:
    """Compare the looks at all files of a project with the check."""
    session = Session(["."], cache=False)
    report = session.check()
    found = by_path(report.findings)
    relevant = sorted(session.analysis.relevant.files)
    times: list[float] = []
    differing: list[str] = []
    for path in relevant:
        glance, seconds = timed(lambda path=path: session.glance(path))  # type: ignore[misc]
        assert glance is not None
        times.append(seconds)
        if places(glance.findings) != places(found.get(path, ())):
            differing.append(os.path.relpath(path))
    whole = relinking(session, relevant[0]) if relevant else 0.0
    times.sort()
    shares = ", ".join(
        f"{name} {times[int(share * (len(times) - 1))] * 1000:.0f}"
        for name, share in (("p50", 0.5), ("p95", 0.95), ("most", 1.0))
        if times
    )
    print(f"{directory}: {len(relevant) - len(differing)} of {len(relevant)} files the same", end="; ")
    print(f"a look takes {shares} ms, everything {whole * 1000:.0f} ms (processor time)")
    for path in differing:
        print(f"    differs: {path}")


def relinking(session: Session, path: str) -> float:
    """The processor time of a check after an edit that makes a difference."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    session.overlay(path, f"{text}\nimport time\nx_ = time.time()\n\n\ndef f_():\n    return x_\n\n\nf_()\n")
    _, seconds = timed(session.check)
    return seconds


def places(findings: tuple[Finding, ...]) -> list[tuple[object, ...]]:
    """The findings, as far as a reader sees a difference."""
    return [(f.line, f.column, f.name, f.message, f.witness) for f in findings]


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What `work` gives, and the processor time that it takes."""
    started = time.process_time()
    result = work()
    return result, time.process_time() - started


if __name__ == "__main__":
    main(sys.argv[1:])
