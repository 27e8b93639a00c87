"""The way through the house: from files to a report."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from color_checker.activation import Activation
from color_checker.catalog import Catalog, load_catalog
from color_checker.changers import Searched, link_changers
from color_checker.config import Config, load_config, validate_names
from color_checker.engines import engines_by_package, load_profiles
from color_checker.facts import NOTHING, Call
from color_checker.findings import Color, Finding, Report, Summary
from color_checker.fixable import with_fixable
from color_checker.garbage import uncollected
from color_checker.inputs import FACTS_VERSION, Inputs, read_inputs
from color_checker.installed import Installed
from color_checker.interruption import Interrupted, may_end_here
from color_checker.link import Linker
from color_checker.memory import Memory
from color_checker.mentions import Mentions
from color_checker.program import Program
from color_checker.project import Project
from color_checker.relevance import Relevant, colored_files
from color_checker.rules import Rule, all_rules
from color_checker.sources import SourceFile, discover
from color_checker.store import Store, Values
from color_checker.suppression_index import Suppressions
from color_checker.workflow_modules import workflow_modules

#: Rules whose findings come from the machinery around the other rules.
_GAP = "gap"
UNUSED = "unused-suppression"

Advance = Callable[[int], None]


Mark = Callable[[str], None]


@uncollected()
def check_inputs(
    inputs: Inputs, config: Config, store: Values, *, memory: Memory | None = None,
    engines: Collection[str] = (), strict: bool | None = None, advance: Advance = lambda count: None,
    mark: Mark = lambda phase: None,
) -> tuple[Report, Analysis]:  # fmt: skip
    """Check files that have been read; also gives the analysis, which knows what else was consulted."""
    analysis = analyze_inputs(
        inputs, config, store, memory=memory, engines=engines, advance=advance, mark=mark
    )
    with _left_if_interrupted(analysis.program.linker):
        findings, gaps = find(analysis, config.strict if strict is None else strict, inputs.texts)
    report = Report(
        findings=findings,
        errors=tuple(sorted(analysis.project.errors)),
        summary=_summary(analysis, len(gaps)),
        gaps=gaps,
    )
    mark("rules")
    return report, analysis


class Analysis(msgspec.Struct, frozen=True):
    """Everything between the files and the findings.

    Attributes:
        relevant: the files that were linked, apart from what they led to.
        mentions: what was asked about functions that nothing calls.
        searched: the files in which functions were looked for that change what workflows read.
    """

    config: Config
    project: Project
    program: Program
    relevant: Relevant
    lines: int
    mentions: Mentions
    searched: Searched


def analyze(
    paths: Sequence[Path | str], *, config: Config | None = None, engines: Collection[str] = (),
    cache: bool = True, whole: bool = False, advance: Advance = lambda count: None,
) -> Analysis:  # fmt: skip
    """Link and color the files below `paths`; with `whole`, code without workflows, too."""
    if config is None:
        config = load_config(Path.cwd())
    root = Path(config.root or os.getcwd())
    inputs = read_inputs(discover([Path(path) for path in paths], config, root), advance)
    with Store.open(config.resolve(config.cache_dir) if cache else None, FACTS_VERSION) as store:
        return analyze_inputs(inputs, config, store, engines=engines, whole=whole, advance=advance)


@uncollected()
def analyze_inputs(
    inputs: Inputs, config: Config, store: Values, *, memory: Memory | None = None,
    engines: Collection[str] = (), whole: bool = False, advance: Advance = lambda count: None,
    mark: Mark = lambda phase: None,
) -> Analysis:  # fmt: skip
    """`analyze` for files that have been read. `memory` holds facts from earlier analyses."""
    known = engines_by_package(_engine_files(config))
    validate_names(config, [rule.name for rule in all_rules()], sorted(set(known.values())))
    catalog = load_catalog()
    root = config.root or os.getcwd()
    mark("load")
    installed = Installed(config, root) if config.follow_imports else None
    covers = _covers(catalog, known)
    project = Project(inputs.sources, store, installed, covers, memory)
    project.load(project.take(inputs), advance)
    mark("extract")
    relevant = relevant_files(project, config, whole=whole)
    return analyze_files(project, relevant, config, engines=engines, whole=whole, mark=mark)


def relevant_files(project: Project, config: Config, *, whole: bool = False) -> Relevant:
    """The files of a loaded project that have to do with workflows; with `whole`, all."""
    known = engines_by_package(_engine_files(config))
    return colored_files(project, known, whole=whole, wanted=lambda source: _is_named(config, source))


def analyze_files(
    project: Project, relevant: Relevant, config: Config, *, engines: Collection[str] = (),
    whole: bool = False, mark: Mark = lambda phase: None,
) -> Analysis:  # fmt: skip
    """Link and color these files of a project that is loaded, and what they lead to."""
    wanted = set(engines) or set(config.engines) or relevant.engines
    profiles = load_profiles(_engine_files(config), only=wanted)
    project.fetch(relevant.files)
    linker = Linker(project, load_catalog(), profiles.values())
    with _left_if_interrupted(linker):
        mentions, searched = _link(linker, project, relevant.files, config, whole=whole)
    mark("link")
    program = Program(linker, config, suppressions_of(project))
    mark("color")
    heads = (project.head(source) for source in project.files)
    lines = sum(head.lines for head in heads if head is not None)
    return Analysis(config, project, program, relevant, lines, mentions, searched)


@contextmanager
def _left_if_interrupted(linker: Linker) -> Iterator[None]:
    try:
        yield
    except Interrupted as interrupted:
        interrupted.left = linker
        raise


def suppressions_of(project: Project) -> Suppressions:
    """The comments in all files."""
    suppressions = Suppressions()
    for source in project.files:
        head = project.head(source)
        if head is not None:
            suppressions.add(source.shown, head.pragmas.ignores, head.pragmas.problems)
    return suppressions


def _engine_files(config: Config) -> tuple[Path, ...]:
    return tuple(config.resolve(path) for path in config.engine_files)


def _covers(catalog: Catalog, engines: dict[str, str]) -> Callable[[str], bool]:
    def covers(module: str) -> bool:
        parts = module.split(".")
        names = {".".join(parts[: count + 1]) for count in range(len(parts))}
        return not names.isdisjoint(engines) or catalog.covers(module)

    return covers


def _is_named(config: Config, source: SourceFile) -> bool:
    return config.is_workflow_module(source.module, source.path)


def _link(
    linker: Linker, project: Project, relevant: Collection[str], config: Config, *, whole: bool
) -> tuple[Mentions, Searched]:
    """Link the files that have to do with workflows: what engines call, then what names any of it."""
    for source in project.files:
        if source.path in relevant:
            linker.module(source)
    linker.solve()
    mentions = Mentions(linker)
    while linker.activate_all(lambda func: func.module.key in relevant and (whole or mentions.by(func))):
        linker.solve()
    for module in workflow_modules(linker, config):
        linker.colors.declare_module(module)
    linker.solve()
    return mentions, link_changers(linker, project) if relevant else {}


# -- findings -------------------------------------------------------------------------------------


def find(
    analysis: Analysis, strict: bool, texts: Mapping[str, bytes] | None = None
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """The findings of all rules that are switched on, and the gaps.

    `texts`: absolute path → content, of files that had to be read already, or that an editor has.
    """
    program, config = analysis.program, analysis.config
    rules = [rule for rule in all_rules() if config.is_on(rule.name)]
    findings: list[Finding] = []
    gaps: list[Finding] = []
    for rule in sorted(rules, key=lambda rule: rule.name == UNUSED):
        may_end_here()
        found = [f for f in rule().check(program) if not _is_suppressed(f, program, rule)]
        if rule.name == _GAP:
            gaps = found
            findings += [msgspec.structs.replace(gap, severity="error") for gap in found] if strict else []
        else:
            findings += found
    return with_fixable(_finish(findings, config), analysis, texts or {}), tuple(_finish(gaps, config))


def _is_suppressed(finding: Finding, program: Program, rule: type[Rule]) -> bool:
    if rule.effect is not None:
        # Effects are suppressed where causes are found, since another way to the same one may remain.
        return False
    # A bare comment that suppresses nothing must not hide just that.
    bare = rule.name != UNUSED
    return program.suppressions.covers(finding.path, finding.line, finding.name, bare=bare)


def _finish(findings: Iterable[Finding], config: Config) -> list[Finding]:
    """Findings in order, each once, with the configured severity, where rules apply at all."""
    result: dict[tuple[object, ...], Finding] = {}
    ignored: dict[str, frozenset[str]] = {}
    for finding in sorted(findings, key=lambda f: f.sort_key):
        if finding.path not in ignored:
            ignored[finding.path] = config.ignored_at(os.path.abspath(finding.path))
        if finding.name in ignored[finding.path]:
            continue
        if finding.name in config.severity:
            finding = msgspec.structs.replace(finding, severity=config.severity[finding.name])
        # Several gaps behind one call look the same but for the ends of their witnesses, and all count.
        cause = finding.witness[-1:] if finding.name == _GAP else ()
        result.setdefault((*finding.sort_key, finding.end_line, finding.end_column, cause), finding)
    return list(result.values())


def _unit(program: Program, node: Activation, color: Color) -> tuple[str, int]:
    """What counts as one: a step is a function; handlers count with the workflow that they are in."""
    scope = node
    around = node.env
    if color is Color.WORKFLOW and around is not None:
        outer = program.code.get(around)
        if node.facts.owner != NOTHING or (outer is not None and outer.color is Color.WORKFLOW):
            scope = around
        elif (wrapped := program.linker.colors.class_wrapped_for(node)) is not None:
            # A decorator's wrapper is one function, but each class that uses it is a workflow of its own.
            scope = wrapped.activation
    return (scope.module.key, scope.index)


def _summary(analysis: Analysis, gaps: int) -> Summary:
    program = analysis.program
    colored = {
        _unit(program, node, code.color): code.color
        for node, code in program.code.items()
        if code.owner is node and not node.module.library and program.linker.colors.counts(node)
    }
    calls = {
        (node.module.key, node.index, position)
        for node in program.replayed_nodes
        for position, op in program.ops(node)
        if isinstance(op, Call)
    }
    heads = (analysis.project.head(source) for source in analysis.project.files)
    return Summary(
        files=len(analysis.project.files), lines=analysis.lines,
        functions=sum(head.functions for head in heads if head is not None),
        workflows=sum(color is Color.WORKFLOW for color in colored.values()),
        steps=sum(color is Color.STEP for color in colored.values()),
        calls=len(calls), gaps=gaps, suppressed=program.suppressions.suppressed,
    )  # fmt: skip
