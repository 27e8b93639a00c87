"""The backend that keeps runs in one SQLite file."""

from __future__ import annotations

from runtime_min.sqlite.backend import SqliteBackend

__all__ = ["SqliteBackend"]
