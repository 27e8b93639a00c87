"""A line for everything that happens."""

from __future__ import annotations

from pathlib import Path

LOG = Path("audit.log")


def write(line: str) -> None:
    """Add one line."""
    with LOG.open("a", encoding="utf-8") as log:
        log.write(line + "\n")
