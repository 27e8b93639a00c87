"""Checks small programs whose lines say what is to be found in them."""

from __future__ import annotations

import re
from pathlib import Path

import color_checker

_EXPECT = re.compile(r"# expect: ([\w, -]+)$")


def surprises(folder: Path, **files: str) -> set[str]:
    """`file:line name` of what is found and not expected, or expected and not found.

    Lines announce findings with `# expect: clock, random`.
    """
    expected: set[str] = set()
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
        for number, line in enumerate(text.splitlines(), 1):
            if (found := _EXPECT.search(line)) is not None:
                expected |= {f"{name}.py:{number} {rule.strip()}" for rule in found[1].split(",")}
    report = color_checker.check([folder], cache=False)
    assert report.errors == ()
    gaps = {f"{Path(gap.path).name}:{gap.line} {gap.name}" for gap in report.gaps}
    reported = {f"{Path(finding.path).name}:{finding.line} {finding.name}" for finding in report.findings}
    return (reported | gaps) ^ expected
