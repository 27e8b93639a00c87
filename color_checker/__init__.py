"""Finds what breaks a durable workflow: nondeterminism that it can reach, and borders it violates."""

from __future__ import annotations

from color_checker.checking import check
from color_checker.findings import Color, Effect, Finding, Frame, InputError, Report, Summary

__all__ = ["Color", "Effect", "Finding", "Frame", "InputError", "Report", "Summary", "check"]
