"""Prints runs for people."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from runtime_min.backend import Run, State
from runtime_min.client import Description
from runtime_min.timeline import INTERNAL, Mark, Span, Timeline, failed, visible

_STYLES = {
    "running": "yellow",
    "open": "yellow",
    "completed": "green",
    "failed": "red",
    "cancelled": "magenta",
    "abandoned": "magenta",
    "continued": "cyan",
}
# Where the output goes to no terminal, and COLUMNS does not say how wide it is.
_PIPED = 100
_WIDE = 110
_CENTURIES = 1e11


def print_list(runs: Sequence[Description], counts: dict[State, int], now: float) -> None:
    """A table of runs, how many there are in each state, and why those that are blocked are."""
    console = _console()
    wide = console.width >= _WIDE
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("id", "workflow"):
        table.add_column(title, overflow="fold")
    for title in ("state", "started", "took", "events"):
        table.add_column(title, no_wrap=True, justify="right" if title == "events" else "left")
    for run in runs:
        table.add_row(
            Text(visible(f"{run.id} #{run.generation}" if run.generation else run.id)),
            Text(visible(run.workflow)),
            Text("blocked", "bold red") if run.problem else Text(run.state, _STYLES[run.state]),
            _moment(run.created) if wide else _short_moment(run.created, now),
            duration((run.closed or now) - run.created),
            str(run.events),
        )
    if runs:
        console.print(table)
    for run in runs:
        if run.problem:
            problem = Text.assemble(
                (f"{visible(run.id)} is blocked: ", "bold red"), visible(run.problem.partition("\n")[0])
            )
            console.print(problem, soft_wrap=True)
    total = sum(counts.values())
    parts = [f"{number} {state}" for state, number in counts.items() if number]
    console.print(
        f"{len(runs)} of {total} shown" + (f": {', '.join(parts)}" if parts else ""), highlight=False
    )


def print_run(run: Run, timeline: Timeline, now: float, *, values: bool) -> None:
    """One run, what it did, and how long each part took."""
    console = _console()
    title = Text.assemble(
        (visible(run.id), "bold"), "  ", visible(run.workflow), "  ", (run.state, _STYLES[run.state])
    )
    if run.generation:
        title.append(f"  generation {run.generation}")
    title.append(f"  {_moment(timeline.begin)}  {duration((timeline.end or now) - timeline.begin)}")
    console.print(title, soft_wrap=True)
    if run.problem:
        console.print(Text(visible(run.problem), "red"), soft_wrap=True)
    rows = _rows(timeline, now)
    wide = console.width >= _WIDE
    at, took = _longest(row.at for row in rows), max(_longest(row.took for row in rows), len("took"))
    bar = 24 if wide else 12
    places = max(_longest(row.where for row in rows), len("where")) if wide else 0
    room = console.width - at - bar - took - places - (5 if wide else 4)
    what = min(
        _longest(row.what.plain for row in rows), max(room // (2 if wide else 3), 24) if values else room
    )
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column("at", width=at, no_wrap=True)
    table.add_column("", width=bar, no_wrap=True)
    table.add_column("what", width=what, overflow="fold")
    table.add_column("took", width=took, no_wrap=True)
    if values:
        table.add_column("value", width=max(room - what, 8), overflow="fold")
    if wide:
        table.add_column("where", width=places, no_wrap=True)
    for row in rows:
        table.add_row(
            row.at,
            _bar(row.begin, row.end, timeline, now, row.style, bar),
            row.what,
            row.took,
            *([_value(row, max(room - what, 8))] if values else []),
            *([Text(visible(row.where), "dim")] if wide else []),
        )
    console.print(table)


def _console() -> Console:
    is_sized = sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit()
    return Console(width=None if is_sized else _PIPED, highlight=False)


class _Row(msgspec.Struct, frozen=True):
    """A line of a run's table; its failure is shown as a whole, its values as far as there is room."""

    at: str
    begin: float
    end: float | None
    what: Text
    took: str
    arguments: str
    result: str
    failure: str
    where: str
    style: str


def _rows(timeline: Timeline, now: float) -> list[_Row]:
    """In the order of time; of one moment first what reached the run, then what that led to."""
    rows = [(mark.at, mark.kind == "closed", -1, _mark_row(mark, timeline)) for mark in timeline.marks]
    rows += [(span.begin, False, span.position, _span_row(span, timeline, now)) for span in timeline.spans]
    return [row for *_, row in sorted(rows, key=lambda row: row[:3])]


def _mark_row(mark: Mark, timeline: Timeline) -> _Row:
    return _Row(
        at=_offset(mark.at - timeline.begin),
        begin=mark.at,
        end=mark.at,
        what=Text(
            visible(f"{mark.kind} {mark.name}".strip()), "bold red" if mark.failure is not None else "bold"
        ),
        took="",
        arguments=visible(mark.value),
        result="",
        failure=visible(failed(mark.failure)) if mark.failure is not None else "",
        where="",
        style="white",
    )


def _span_row(span: Span, timeline: Timeline, now: float) -> _Row:
    style = _STYLES[span.status]
    what = Text(visible(span.title), style)
    if span.attempt > 1:
        what.append(f"  attempt {span.attempt}", "yellow")
    if span.status != "completed":
        what.append(f"  {span.status}", style)
    failure = span.failure or (span.attempts[-1].failure if span.attempts and span.status == "open" else None)
    due = f"due {_moment(span.due)}" if span.kind == "timer" and span.status == "open" else ""
    return _Row(
        at=_offset(span.begin - timeline.begin),
        begin=span.begin,
        end=span.end,
        what=what,
        took=duration((span.end if span.end is not None else now) - span.begin),
        arguments=due or ("" if span.name in INTERNAL else visible(span.arguments)),
        result="" if span.result == "null" else visible(span.result),
        failure=visible(failed(failure)) if failure is not None else "",
        where=span.where,
        style=style,
    )


def _value(row: _Row, room: int) -> Text:
    arguments = " ".join(row.arguments.split())
    if row.failure:
        arguments = _cut(arguments, max(room // 3, room - cell_len(row.failure) - 3))
        return Text(f"{arguments} → {row.failure}" if arguments else row.failure, "red")
    result = f"→ {' '.join(row.result.split())}" if row.result else ""
    if arguments and result:
        # The result is what people look for: the arguments make room for it.
        result = _cut(result, max(room // 2, room - len(arguments) - 1))
        arguments = _cut(arguments, room - len(result) - 1)
    return Text(_cut(f"{arguments} {result}".strip(), room), no_wrap=True)


def _longest(texts: Iterable[str]) -> int:
    return max((cell_len(text) for text in texts), default=1)


def _bar(begin: float, end: float | None, timeline: Timeline, now: float, style: str, width: int) -> Text:
    """Where in the run's time this is."""
    whole = max((timeline.end or now) - timeline.begin, 1e-9)
    first = _column((begin - timeline.begin) / whole, width)
    last = _column(((now if end is None else end) - timeline.begin) / whole, width)
    bar = " " * first + ("·" if begin == end else "━" * max(last - first + 1, 1))
    return Text(bar.ljust(width), style)


def _column(share: float, width: int) -> int:
    return min(int(min(max(share, 0.0), 1.0) * width), width - 1) if math.isfinite(share) else 0


def _cut(text: str, room: int) -> str:
    return text if cell_len(text) <= room else f"{set_cell_size(text, max(room - 1, 0))}…"


def _offset(seconds: float) -> str:
    return f"+{duration(seconds)}"


def _moment(at: float) -> str:
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return str(at)


def _short_moment(at: float, now: float) -> str:
    """Without the date for what is of today, and without the time for what is of another year."""
    moment, today = _moment(at), _moment(now)
    if moment[:10] == today[:10]:
        return moment[11:]
    return moment[5:16] + "Z" if moment[:4] == today[:4] else moment[:10]


def duration(seconds: float) -> str:
    """Such as `3.2 ms`, `4.1 s`, `2 h 5 min` or `30 d`."""
    if not seconds < _CENTURIES:
        return f"{seconds:.3g} s"  # a time that nobody's clock says, from a file
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
