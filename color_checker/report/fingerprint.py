"""Names a finding so that it is known again after lines above it have moved."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable

from color_checker.findings import Finding
from color_checker.report.excerpt import source_line
from color_checker.report.options import Lines


def fingerprints(findings: Iterable[Finding], lines: Lines) -> list[str]:
    """One fingerprint for each finding, in order; equal findings on equal lines are numbered."""
    seen: Counter[str] = Counter()
    result = []
    for finding in findings:
        content = digest(finding, lines)
        seen[content] += 1
        result.append(f"{content}:{seen[content]}")
    return result


def digest(finding: Finding, lines: Lines) -> str:
    """A hash of what the finding is about; of its place, only what an edit elsewhere leaves alone."""
    chain = [frame.function for frame in finding.witness]
    line = " ".join(source_line(lines, finding.path, finding.line).split())
    parts = [finding.name, finding.path, finding.function, line, *chain]
    content = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(content).hexdigest()[:32]
