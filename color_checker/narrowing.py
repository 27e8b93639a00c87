"""Of what was found in a whole project, keeps what has to do with some of its files.

A commit hook knows the files that a commit changes. A finding has to do with one of them if it stands in it,
if the way from the workflow to its cause leads through it, or if a workflow in it reaches the cause. Whoever
lets a helper read the clock has to hear of it, though the finding stands in the workflow that calls it; and
so has who calls such a helper, though it is reported where another workflow does.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence

import msgspec

from color_checker.errors import UsageError
from color_checker.findings import Finding, Report


def narrowed(report: Report, paths: Sequence[str]) -> Report:
    """The report without what has nothing to do with `paths`, files or directories.

    A file that is not Python, such as the configuration or an engine profile, may have to do with everything:
    all is kept. Raises UsageError for a path that does not exist.
    """
    for path in paths:
        if not os.path.exists(path):
            raise UsageError(f"{path}: does not exist")
    if any(os.path.isfile(path) and not path.endswith((".py", ".pyi")) for path in paths):
        return report
    wanted = _Wanted({os.path.abspath(path) for path in paths})
    return msgspec.structs.replace(
        report,
        findings=tuple(finding for finding in report.findings if wanted.has_to_do_with(finding)),
        gaps=tuple(gap for gap in report.gaps if wanted.has_to_do_with(gap)),
        errors=tuple(error for error in report.errors if error.path in wanted),
    )


class _Wanted:
    """Whether paths, as reports show them, are in a set of absolute files and directories."""

    def __init__(self, paths: Collection[str]) -> None:
        self._paths = paths
        self._known: dict[str, bool] = {}
        self._modules = tuple(f"{name}." for path in paths for name in _module_names(path))

    def __contains__(self, shown: str) -> bool:
        if shown not in self._known:
            path = os.path.abspath(shown)
            self._known[shown] = path in self._paths or any(
                path[:end] in self._paths for end in range(1, len(path)) if path[end] == os.sep
            )
        return self._known[shown]

    def has_to_do_with(self, finding: Finding) -> bool:
        return (
            finding.path in self
            or any(frame.path in self for frame in finding.witness)
            or any(workflow.startswith(self._modules) for workflow in finding.workflows)
        )


def _module_names(path: str) -> Iterator[str]:
    """What a file or directory may be called as a module, whatever its source root is."""
    parts = os.path.splitext(path)[0].split(os.sep)
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return (".".join(parts[start:]) for start in range(len(parts)))
