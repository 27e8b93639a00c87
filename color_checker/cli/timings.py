"""Measures how long each phase of a run takes."""

from __future__ import annotations

import time

import click


class Timer:
    """How long each phase took."""

    def __init__(self, started: float) -> None:
        self.last = self.started = started
        self.phases: dict[str, float] = {}

    def mark(self, phase: str) -> None:
        """The phase has ended."""
        now = time.perf_counter()
        self.phases[phase] = self.phases.get(phase, 0.0) + now - self.last
        self.last = now

    def show(self) -> None:
        """A table on stderr."""
        for phase, seconds in (*self.phases.items(), ("total", self.last - self.started)):
            click.echo(f"{phase:<12}{seconds * 1000:>10.1f} ms", err=True)
