"""Writes an answer of `why` for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from color_checker.findings import Frame
from color_checker.report.safe import visible
from color_checker.why import Answer, Reached

_STYLES = {"workflow": "blue", "step": "green", "pure": "cyan"}
_MOST = 20


def lines(answer: Answer, *, unicode: bool = True) -> Iterator[str]:
    """The lines of the answer, with colors."""
    yield click.style(visible(answer.function), bold=True)
    yield f"  {_color(answer)}, {visible(answer.path)}:{answer.line}"
    if answer.because:
        yield visible(f"  Colored by {answer.because}.")
    for call in answer.calls:
        yield ""
        targets = visible(", ".join(call.targets)) or "something unknown"
        yield f"Line {call.line}, column {call.column} calls {targets}"
        yield from (visible(f"  {meaning}") for meaning in call.engine)
        if call.unresolved:
            yield f"  Unresolved: {visible(call.unresolved)}"
    yield from _effects(answer, "└ " if unicode else "-> ")
    yield from _section(
        "Asks the engine for",
        [
            f"{through.kind} {through.function}  {through.path}:{through.line}"
            for through in answer.engine_calls
        ],
    )
    yield from _section(
        "Unresolved calls",
        [f"{gap.path}:{gap.line}:{gap.column}  {gap.reason}" for gap in answer.unresolved],
    )
    yield from _section(
        "Called by",
        [
            f"{caller.function}  {caller.color}{_kind(caller.kind)}  {caller.path}:{caller.line}"
            for caller in answer.callers
        ],
        "nobody in the checked files",
    )
    yield from _section("Reached by the workflows", list(answer.workflows))


def _color(answer: Answer) -> str:
    text = f"{answer.engine} {answer.color}".strip()
    return click.style(text, fg=_STYLES.get(answer.color))


def _kind(kind: str) -> str:
    return "" if kind == "call" else f" ({kind})"


def _effects(answer: Answer, branch: str) -> Iterator[str]:
    yield ""
    yield click.style("Effects", bold=True)
    if not answer.effects:
        yield "  none known"
    for reached in answer.effects[:_MOST]:
        legal = "  (legal here)" if reached.legal else ""
        effect = click.style(reached.effect.value, fg=None if legal else "red")
        yield f"  {effect}  {visible(reached.what)}{legal}"
        yield from (f"    {line}" for line in _tree(reached, branch))
    yield from _more(len(answer.effects))


def _tree(reached: Reached, branch: str) -> Iterator[str]:
    for depth, frame in enumerate(reached.witness[:-1]):
        yield "  " * (depth - 1) + (branch if depth else "") + _frame(frame)


def _frame(frame: Frame) -> str:
    return visible(f"{frame.function}  {frame.path}:{frame.line}:{frame.column}")


def _section(title: str, rows: Sequence[str], otherwise: str = "") -> Iterator[str]:
    """A heading and its rows; nothing without rows, unless there is something to say of that."""
    if not rows and not otherwise:
        return
    yield ""
    yield click.style(title, bold=True)
    yield from (f"  {visible(row)}" for row in rows[:_MOST] or [otherwise])
    yield from _more(len(rows))


def _more(number: int) -> Iterator[str]:
    if number > _MOST:
        yield f"  and {number - _MOST} more (--format json has all)"
