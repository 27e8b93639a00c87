"""What the command's exit codes mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from color_checker.findings import Report

NOTHING_FOUND, FOUND, FAILED, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 130, 141


def exit_code(report: Report) -> int:
    """What a report means for scripts. Notes alone do not fail."""
    if report.errors:
        return FAILED
    return FOUND if any(finding.severity != "note" for finding in report.findings) else NOTHING_FOUND
