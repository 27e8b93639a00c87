"""Finds what breaks a durable workflow: nondeterminism that it can reach, and borders it violates."""

from __future__ import annotations

from color_checker.findings import Color, Effect, Finding, Frame, InputError, Report, Summary
from color_checker.result_cache import check

__all__ = ["Color", "Effect", "Finding", "Frame", "InputError", "Report", "Summary", "check"]
