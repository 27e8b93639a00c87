"""Prints runs for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from runtime_min.backend import Run, State
from runtime_min.client import Description
from runtime_min.journal import Failure
from runtime_min.timeline import Mark, Span, Timeline

_STYLES = {
    "running": "yellow",
    "open": "yellow",
    "completed": "green",
    "failed": "red",
    "cancelled": "magenta",
    "abandoned": "magenta",
    "continued": "cyan",
}
_BAR = 24
_LONGEST_VALUE = 60


def print_list(runs: Sequence[Description], counts: dict[State, int], now: float) -> None:
    """A table of runs, and how many there are in each state."""
    console = Console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("id", "workflow", "state", "started", "took", "events", "problem"):
        table.add_column(title, overflow="fold")
    for run in runs:
        table.add_row(
            escape(run.id),
            escape(run.workflow),
            f"[{_STYLES[run.state]}]{run.state}[/]",
            _moment(run.created),
            _duration((run.closed or now) - run.created),
            str(run.events),
            escape(run.problem.partition("\n")[0]),
        )
    if runs:
        console.print(table)
    total = sum(counts.values())
    parts = [f"{number} {state}" for state, number in counts.items() if number]
    console.print(
        f"{len(runs)} of {total} shown" + (f": {', '.join(parts)}" if parts else ""), highlight=False
    )


def print_run(run: Run, timeline: Timeline, now: float, *, values: bool) -> None:
    """One run, what it did, and how long each part took."""
    console = Console()
    end = timeline.end or now
    title = f"[bold]{escape(run.id)}[/]  {escape(run.workflow)}  [{_STYLES[run.state]}]{run.state}[/]"
    generation = f"  generation {run.generation}" if run.generation else ""
    console.print(
        f"{title}{generation}  {_moment(timeline.begin)}  {_duration(end - timeline.begin)}", highlight=False
    )
    if run.problem:
        console.print(Text(run.problem, "red"))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("at", "", "what", "took", *(("value",) if values else ()), "where"):
        table.add_column(name, overflow="fold", no_wrap=name in ("at", "", "took"))
    for row in _rows(timeline, now, values=values):
        table.add_row(*row)
    console.print(table)


def _rows(timeline: Timeline, now: float, *, values: bool) -> list[list[Text | str]]:
    """In the order of time; of one moment first what reached the run, then what that led to."""
    rows = [
        (mark.at, mark.kind == "closed", -1, _mark_row(mark, timeline, now, values))
        for mark in timeline.marks
    ]
    rows += [
        (span.begin, False, span.position, _span_row(span, timeline, now, values)) for span in timeline.spans
    ]
    return [row for *_, row in sorted(rows, key=lambda row: row[:3])]


def _mark_row(mark: Mark, timeline: Timeline, now: float, values: bool) -> list[Text | str]:
    style = "red" if mark.failure is not None else "bold"
    value = Text(
        _failure(mark.failure) if mark.failure is not None else _short(mark.value),
        "red" if mark.failure else "",
    )
    row: list[Text | str] = [
        _offset(mark.at - timeline.begin),
        _bar(mark.at, mark.at, timeline, now, "white"),
        Text(f"{mark.kind} {mark.name}".strip(), style),
        "",
    ]
    return [*row, *([value] if values else []), ""]


def _span_row(span: Span, timeline: Timeline, now: float, values: bool) -> list[Text | str]:
    style = _STYLES[span.status]
    what = Text(f"{span.kind} {span.name or span.target}".rstrip(), style)
    if span.attempt > 1:
        what.append(f"  attempt {span.attempt}", "yellow")
    if span.status != "completed":
        what.append(f"  {span.status}", style)
    row: list[Text | str] = [
        _offset(span.begin - timeline.begin),
        _bar(span.begin, span.end, timeline, now, style),
        what,
        _duration((span.end if span.end is not None else now) - span.begin)
        if span.kind != "timer" or span.end
        else f"due {_moment(span.due)}",
    ]
    return [*row, *([_span_value(span)] if values else []), Text(span.where, "dim")]


def _span_value(span: Span) -> Text:
    failure = span.failure or (span.attempts[-1].failure if span.attempts and span.status == "open" else None)
    if failure is not None:
        return Text(f"{_short(span.arguments)} → {_failure(failure)}", "red")
    arrow = f" → {_short(span.result)}" if span.result else ""
    return Text(_short(span.arguments) + arrow)


def _bar(begin: float, end: float | None, timeline: Timeline, now: float, style: str) -> Text:
    """Where in the run's time this is."""
    whole = max((timeline.end or now) - timeline.begin, 1e-9)
    first = min(int((begin - timeline.begin) / whole * _BAR), _BAR - 1)
    last = min(int(((now if end is None else end) - timeline.begin) / whole * _BAR), _BAR - 1)
    bar = " " * first + ("·" if begin == end else "━" * max(last - first + 1, 1))
    return Text(bar.ljust(_BAR), style)


def _failure(failure: Failure) -> str:
    return f"{failure.kind.rpartition('.')[2]}: {failure.text}"


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST_VALUE else value[: _LONGEST_VALUE - 1] + "…"


def _offset(seconds: float) -> str:
    return f"+{_duration(seconds)}"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _duration(seconds: float) -> str:
    """Such as `3.2 ms`, `4.1 s`, `2 h 5 min` or `30 d`."""
    if seconds < 0.9995:
        return f"{max(seconds, 0.0) * 1000:.1f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if minutes < 60:
        return f"{minutes} min {int(seconds % 60)} s"
    if hours < 24:
        return f"{hours} h {minutes % 60} min"
    return f"{days} d {hours % 24} h"
