"""Carries an analysis and its report over edits that make no difference to them but where things stand.

Nobody asks a file that has to do with no workflow for more than its head, and a function that nothing
reaches and that names nothing of interest for its body. `relocation.py` tells whether that is all that has
changed; here the analysis is moved to the new facts, in place, and the findings with it.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from color_checker.changers import calls_the_same_at_import, changes_any, changes_nothing
from color_checker.checking import Analysis, find, suppressions_of
from color_checker.facts import Head, ModuleFacts, decode_body
from color_checker.findings import Report
from color_checker.inputs import Inputs
from color_checker.modules import ModuleInfo
from color_checker.program import Program
from color_checker.project import Failed
from color_checker.relocation import Relocation, moved, relocation
from color_checker.sources import SourceFile
from color_checker.suppressions import Pragmas
from color_checker.unchanged import MOST_FILES

_NOWHERE = Relocation({}, {}, ())
_NO_PRAGMAS = Pragmas()


def carried(
    analysis: Analysis, report: Report, inputs: Inputs, strict: bool
) -> tuple[Analysis, Report] | None:
    """The analysis and the report for files that have changed since; None if they have to be made anew.

    `inputs` are the same files. The old analysis is of no use after the new one has been made from it.
    """
    project = analysis.project
    changed = [path for path, digest in inputs.hashes.items() if project.hashes.get(path) != digest]
    if len(changed) > MOST_FILES:
        return None
    edits = []
    for path in changed:
        edit = _edit(analysis, project.source(path), inputs)
        if edit is None:
            return None
        edits.append(edit)
    return _move(analysis, report, edits, inputs, strict)


class _Edit(msgspec.Struct, frozen=True):
    """What a file says now."""

    source: SourceFile
    before: Head | None
    facts: ModuleFacts | Failed
    module: ModuleInfo | None
    relocation: Relocation

    @property
    def after(self) -> Head | None:
        """What the head says now."""
        return None if isinstance(self.facts, Failed) else self.facts.head


def _edit(analysis: Analysis, source: SourceFile, inputs: Inputs) -> _Edit | None:
    """The change of one file, if it makes no difference."""
    project = analysis.project
    before = project.head(source)
    facts = project.facts_of_text(source.path, inputs)
    module = analysis.program.linker.modules.get(source.path)
    if module is None:
        same = _stays_apart(analysis, source, before, facts)
        return _Edit(source, before, facts, None, _NOWHERE) if same else None
    if isinstance(facts, Failed):
        return None
    looked_at = {node.index for node in analysis.program.linker.activations.values() if node.module is module}
    where = relocation(module.facts, facts, looked_at.__contains__)
    if where is None or any(_matters(analysis, module, facts, index) for index in where.rewritten):
        return None
    return _Edit(source, before, facts, module, where)


def _stays_apart(
    analysis: Analysis, source: SourceFile, before: Head | None, facts: ModuleFacts | Failed
) -> bool:
    """Whether a file that was not linked has as little to do with workflows as before.

    While it cannot be parsed it has nothing to do with anything, and afterwards what it had before.
    """
    known = before or analysis.project.lost.get(source.path)
    if isinstance(facts, Failed):
        has_comments = known is not None and known.pragmas != _NO_PRAGMAS
        return before is None or not (has_comments or source.path in analysis.searched)
    if known is None or _unplaced(known) != _unplaced(facts.head):
        return False
    return not analysis.searched.get(source.path) or _is_of_no_use(analysis, source, facts)


def _unplaced(head: Head) -> Head:
    """What other files take from a head. Comments have to stay where they are."""
    imports = tuple(msgspec.structs.replace(fact, line=0, at=0) for fact in head.imports)
    return msgspec.structs.replace(head, lines=0, functions=0, imports=imports)


def _is_of_no_use(analysis: Analysis, source: SourceFile, facts: ModuleFacts) -> bool:
    """Whether a file that was searched for functions that change settings still has none."""
    before = analysis.project.facts(source)
    names = analysis.searched[source.path]
    return before is not None and calls_the_same_at_import(before, facts) and changes_nothing(facts, names)


def _matters(analysis: Analysis, module: ModuleInfo, facts: ModuleFacts, index: int) -> bool:
    """Whether a function that was not looked at would be, with its new body."""
    body = decode_body(facts.functions[index].raw)
    names = analysis.searched.get(module.key)
    if names and changes_any(body, names) != changes_any(
        decode_body(module.facts.functions[index].raw), names
    ):
        return True
    closures = analysis.program.linker.closures(module, index)
    return any(analysis.mentions.would_be_by(func, body) for func in closures)


def _move(
    analysis: Analysis, report: Report, edits: Iterable[_Edit], inputs: Inputs, strict: bool
) -> tuple[Analysis, Report]:
    """Put everything at its new place."""
    project, linker = analysis.project, analysis.program.linker
    lines = functions = 0
    for edit in edits:
        for head, sign in ((edit.before, -1), (edit.after, 1)):
            if head is not None:
                lines += sign * head.lines
                functions += sign * head.functions
        project.replace(edit.source, inputs.hashes[edit.source.path], edit.facts)
        if edit.module is not None and isinstance(edit.facts, ModuleFacts):
            linker.replace_facts(edit.module, edit.facts)
    program = Program(linker, analysis.config, suppressions_of(project))
    analysis = msgspec.structs.replace(analysis, program=program, lines=analysis.lines + lines)
    places = [(edit.source.shown, edit.relocation) for edit in edits]
    findings, gaps = moved(report.findings, places), moved(report.gaps, places)
    if findings is None or gaps is None:
        findings, gaps = find(analysis, strict, inputs.texts)
    summary = msgspec.structs.replace(
        report.summary, lines=report.summary.lines + lines, functions=report.summary.functions + functions
    )
    errors = tuple(sorted(project.errors))
    report = msgspec.structs.replace(report, findings=findings, gaps=gaps, errors=errors, summary=summary)
    return analysis, report
