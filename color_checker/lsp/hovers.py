"""What an editor says of the function or call under the pointer: color, effects, and the way to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from color_checker.errors import UsageError
from color_checker.findings import Finding
from color_checker.program import Program
from color_checker.why import Answer, Reached, explain

#: So many effects are shown with the way to them.
_MOST = 5


def function_hover(program: Program, target: str) -> str:
    """Markdown on a function, given by `FILE:LINE` or its dotted name; "" if nothing is known of it."""
    try:
        answer = explain(program, target)
    except UsageError:
        return ""
    return "\n\n".join(_function(answer))


def finding_hover(findings: Iterable[Finding]) -> str:
    """Markdown on the findings at a place."""
    return "\n\n".join(_finding(finding) for finding in findings)


def _function(answer: Answer) -> Iterator[str]:
    color = f"{answer.engine} {answer.color}".strip()
    yield f"**{color}** `{answer.function}`"
    if answer.because:
        yield f"Colored by {answer.because}."
    if answer.effects:
        shown = [_effect(reached) for reached in answer.effects[:_MOST]]
        more = len(answer.effects) - _MOST
        yield "\n".join([*shown, *([f"- and {more} more"] if more > 0 else [])])
    else:
        yield "No effects found."
    if answer.engine_calls:
        asked = dict.fromkeys(f"{call.kind} `{call.function}`" for call in answer.engine_calls)
        yield f"Asks the engine for {', '.join(list(asked)[:_MOST])}."
    if answer.unresolved:
        yield f"{len(answer.unresolved)} calls could not be resolved."


def _effect(reached: Reached) -> str:
    way = " → ".join(f"`{frame.function}`" for frame in reached.witness[1:])
    legal = ", which the engine records" if reached.legal else ""
    return f"- **{reached.effect}**{legal}: {way or f'`{reached.what}`'}"


def _finding(finding: Finding) -> str:
    way = " → ".join(f"`{frame.function}`" for frame in finding.witness)
    return f"**{finding.name}** ({finding.code}): {finding.message}\n\n{way}"
