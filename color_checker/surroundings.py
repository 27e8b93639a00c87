"""Which project a file belongs to, for tools that are given files and not projects."""

from __future__ import annotations

from pathlib import Path


def project_around(folder: Path) -> Path | None:
    """The innermost folder, from this one up, with a `pyproject.toml` or a repository, if there is one."""
    for candidate in (folder, *folder.parents):
        if (candidate / "pyproject.toml").is_file() or (candidate / ".git").exists():
            return candidate
    return None
