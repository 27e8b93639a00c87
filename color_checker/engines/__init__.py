"""What each durable-execution engine calls a workflow, a step, and a legal call."""

from __future__ import annotations

from color_checker.engines.loader import (
    ColorSource,
    Operation,
    Profile,
    ProfileError,
    load_profiles,
)

__all__ = ["ColorSource", "Operation", "Profile", "ProfileError", "load_profiles"]
