"""The progress bar: late, on terminals only, gone at the end."""

from __future__ import annotations

import io

import pytest

from color_checker.report.progress import progress
from tests.report.samples import Terminal


class Clock:
    """A clock that is moved by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def interrupted(stream: Terminal) -> None:
    with progress(2, "files", stream=stream, delay=0.0) as advance:
        advance(1)
        raise RuntimeError


def test_work_that_ends_early_shows_nothing() -> None:
    stream, clock = Terminal(), Clock()
    with progress(10, "files", stream=stream, clock=clock) as advance:
        clock.now = 0.6
        advance(10)
    assert stream.getvalue() == ""


def test_long_work_shows_how_far_it_is_and_cleans_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream, clock = Terminal(), Clock()
    with progress(10, "files", stream=stream, clock=clock) as advance:
        advance(2)
        clock.now = 0.8
        advance(3)
    assert "files" in stream.getvalue()
    assert "5/10" in stream.getvalue()
    assert stream.getvalue().endswith(("\x1b[2K", "\x1b[?25h"))


def test_a_pipe_gets_no_bar() -> None:
    stream, clock = io.StringIO(), Clock()
    with progress(10, "files", stream=stream, clock=clock) as advance:
        clock.now = 9.0
        advance(5)
    assert stream.getvalue() == ""


def test_the_bar_is_gone_after_an_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with pytest.raises(RuntimeError):
        interrupted(stream)
    assert stream.getvalue().endswith(("\x1b[2K", "\x1b[?25h"))
