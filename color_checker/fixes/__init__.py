"""Changes of the code that make findings go away."""

from __future__ import annotations

from color_checker.fixes.edits import Edit, Fix, apply, overlap
from color_checker.fixes.problem import Known
from color_checker.fixes.registry import FIXERS, each_fix, fixes_for

__all__ = ["FIXERS", "Edit", "Fix", "Known", "apply", "each_fix", "fixes_for", "overlap"]
