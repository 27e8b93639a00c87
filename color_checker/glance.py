"""A quick look at one file of a project while somebody is editing it: what its own workflows show.

A check links the workflows of all files together, so that each sees what others put into shared state; after
an edit all of that is done again. What is found in one file, though, hardly ever depends on the workflows of
other files: in 800 files of Temporal's SDK and samples and of DBOS, linking each alone gave what the check
had found in it (`tests/benchmarks/glance.py`). That takes milliseconds, so an editor can show it at once. It
is no verdict: the next check may find otherwise, and what a file does to others is not seen.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from color_checker.checking import UNUSED, Analysis, analyze_files, find, relevant_files
from color_checker.dissolve import dissolve
from color_checker.facts import Head, ModuleFacts
from color_checker.findings import Finding, Report
from color_checker.garbage import uncollected
from color_checker.project import Project
from color_checker.relevance import Relevant
from color_checker.store import Values


class Glance(msgspec.Struct, frozen=True):
    """What a look at one file has shown.

    Attributes:
        findings: those that stand in the file, in the order of reports.
        linked: the absolute paths of the project's files that took part. Edits of others change nothing here.
    """

    findings: tuple[Finding, ...]
    linked: frozenset[str]


class Glances:
    """Looks at the files of a project as they were checked, or as they are by now."""

    def __init__(self, analysis: Analysis, report: Report, *, engines: Collection[str], strict: bool) -> None:
        """Start from a check: its analysis, which may be dissolved later, its report, and its options."""
        self.config = analysis.config
        self._project = analysis.project
        self._relevant = analysis.relevant
        self._unused = {(f.path, f.message) for f in report.findings if f.name == UNUSED}
        self._engines = engines
        self._strict = strict
        self._last: tuple[dict[str, bytes], tuple[Project, Relevant]] | None = None

    @uncollected()
    def look(self, path: str, texts: Mapping[str, tuple[bytes, bytes]], store: Values) -> Glance | None:
        """Look at one file, with other texts than those that were checked.

        Args:
            path: absolute, of one of the files that were checked.
            texts: absolute path → hash and content of files that somebody edits. One that cannot be parsed is
                taken as it was checked.
            store: for the facts of files that nobody has asked for so far.

        Returns None if it is none of the files, or cannot be parsed.
        """
        project, relevant = self._edited(texts)
        project.use(store)
        if path not in project.hashes or (path in texts and project.hashes[path] != texts[path][0]):
            return None
        if path not in relevant.files:
            return Glance((), frozenset())
        alone = Relevant(frozenset({path}), relevant.engines)
        analysis = analyze_files(project, alone, self.config, engines=self._engines)
        linker = analysis.program.linker
        shown = project.source(path).shown
        try:
            found, _ = find(analysis, self._strict, {path: text for path, (_, text) in texts.items()})
            findings = tuple(f for f in found if f.path == shown and self._is_telling(f))
            linked = frozenset(key for key, module in linker.modules.items() if not module.library)
        finally:
            dissolve(linker)
        return Glance(findings, linked)

    def _edited(self, texts: Mapping[str, tuple[bytes, bytes]]) -> tuple[Project, Relevant]:
        """The project with these texts: made once for each state of them, whatever file is looked at."""
        hashes = {path: digest for path, (digest, _) in texts.items()}
        if self._last is None or self._last[0] != hashes:
            self._last = hashes, self._with(texts)
        return self._last[1]

    def _with(self, texts: Mapping[str, tuple[bytes, bytes]]) -> tuple[Project, Relevant]:
        project, is_other = self._project, False
        for path, (digest, text) in texts.items():
            if path not in project.hashes or project.hashes[path] == digest:
                continue
            facts = project.facts_of(digest, text, is_saved=False)
            if isinstance(facts, ModuleFacts):
                source = project.source(path)
                is_other |= _asks(project.head(source)) != _asks(facts.head)
                project = project.having(source, digest, facts)
        return project, relevant_files(project, self.config) if is_other else self._relevant

    def _is_telling(self, finding: Finding) -> bool:
        """Whether a file alone can tell. A comment may be there for the workflows of other files."""
        return finding.name != UNUSED or (finding.path, finding.message) in self._unused


def _asks(head: Head | None) -> object:
    """What of a head decides which files have to do with workflows."""
    if head is None:
        return None
    imports = {(fact.module, fact.level, fact.names) for fact in head.imports}
    return imports, bool(head.pragmas.colors), head.pragmas.module_color
