"""Child processes that a plugin starts, whatever the size of the project, and which were started."""

from __future__ import annotations

import pytest

from color_checker import ahead, worthwhile


def always_started(monkeypatch: pytest.MonkeyPatch) -> list[ahead.Child]:
    """Makes children of use for any project; what has been started so far."""
    children: list[ahead.Child] = []

    class Seen(ahead.Child):
        def __init__(self, factory: str) -> None:
            super().__init__(factory)
            children.append(self)

    monkeypatch.setattr(worthwhile, "WORTH_A_CHILD", 0)
    monkeypatch.setattr(ahead, "is_of_use", lambda: True)
    monkeypatch.setattr(ahead, "Child", Seen)
    return children
