"""Looks at the paths that a command is given before anything is searched."""

from __future__ import annotations

import os
from collections.abc import Iterable

from color_checker.errors import UsageError


def need_all(paths: Iterable[str]) -> None:
    """Raises UsageError for the first path that does not exist."""
    for path in paths:
        if not os.path.exists(path):
            raise UsageError(f"{path}: does not exist")
