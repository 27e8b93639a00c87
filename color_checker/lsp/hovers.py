"""What an editor says of the code under the pointer: findings, color, effects, and the way to them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from color_checker.checking import Analysis
from color_checker.errors import UsageError
from color_checker.findings import Finding
from color_checker.lsp.calls import Asked, call_at, function_at
from color_checker.lsp.checked import Checked
from color_checker.program import Program, shown_name
from color_checker.rules import all_rules
from color_checker.sources import shown_path
from color_checker.why import Answer, Reached, explain

#: So many effects are shown with the way to them.
_MOST = 5


def hover(analysis: Analysis, checked: Checked, path: str, line: int, column: int) -> str:
    """Markdown on a place; "" if there is nothing to say."""
    program, shown = analysis.program, shown_path(path)
    findings = [
        finding
        for finding in checked.findings(path)
        if (finding.line, finding.column) <= (line, column) < (finding.end_line, finding.end_column)
    ]
    parts = [_finding(finding) for finding in findings]
    call = call_at(program, shown, line, column)
    if call is not None:
        parts += _call(program, call)
    else:
        name = function_at(program, shown, line)
        answer = _explained(program, name) if name else None
        if answer is not None and answer.line == line:
            parts.append(_function(answer))
    return "\n\n---\n\n".join(part for part in parts if part)


def _finding(finding: Finding) -> str:
    way = " → ".join(f"`{frame.function}`" for frame in finding.witness)
    parts = [f"**{finding.name}** ({finding.code}): {finding.message}", way, _help(finding.name)]
    return "\n\n".join(part for part in parts if part)


def _help(name: str) -> str:
    """What to write instead, from the rule's explanation."""
    rule = next((rule for rule in all_rules() if rule.name == name), None)
    if rule is None:
        return ""
    instead = re.search(r"^## Use instead\n+(.*?)(?=\n+## |\Z)", rule.explanation(), re.DOTALL | re.MULTILINE)
    return f"*Instead:* {instead[1]}" if instead else ""


def _call(program: Program, call: Asked) -> Iterator[str]:
    for effect, dotted in call.effects:
        yield f"**{effect}** `{shown_name(dotted)}`"
    for dotted in call.operations:
        yield f"Asks the engine: `{shown_name(dotted)}`"
    for target in call.targets[:_MOST]:
        answer = _explained(program, target)
        if answer is not None:
            yield _function(answer)


def _explained(program: Program, name: str) -> Answer | None:
    try:
        return explain(program, name)
    except UsageError:
        return None


def _function(answer: Answer) -> str:
    return "\n\n".join(_about(answer))


def _about(answer: Answer) -> Iterator[str]:
    color = f"{answer.engine} {answer.color}".strip()
    reached = dict.fromkeys(effect.effect.value for effect in answer.effects if not effect.legal)
    summary = f": reaches {', '.join(reached)}" if reached else ""
    yield f"**{color}** `{answer.function}`{summary}"
    if answer.because:
        yield f"Colored by {answer.because}."
    if answer.effects:
        shown = [_effect(effect) for effect in answer.effects[:_MOST]]
        more = len(answer.effects) - _MOST
        yield "\n".join([*shown, *([f"- and {more} more"] if more > 0 else [])])
    else:
        yield "No effects found."
    if answer.engine_calls:
        asked = dict.fromkeys(f"{call.kind} `{call.function}`" for call in answer.engine_calls)
        yield f"Asks the engine for {', '.join(list(asked)[:_MOST])}."
    if answer.unresolved:
        yield f"{_count(len(answer.unresolved), 'call')} could not be resolved."


def _effect(reached: Reached) -> str:
    way = " → ".join(f"`{frame.function}`" for frame in reached.witness[1:])
    legal = ", which the engine records" if reached.legal else ""
    return f"- **{reached.effect}**{legal}: {way or f'`{reached.what}`'}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
