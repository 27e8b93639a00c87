"""What each durable-execution engine calls a workflow, a step, and a legal call."""

from __future__ import annotations

from color_checker.engines.loader import (
    ColorSource,
    Injection,
    Operation,
    Passing,
    Profile,
    ProfileError,
    engines_by_package,
    load_profiles,
)

__all__ = [
    "ColorSource",
    "Injection",
    "Operation",
    "Passing",
    "Profile",
    "ProfileError",
    "engines_by_package",
    "load_profiles",
]
