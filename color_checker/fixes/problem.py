"""A finding together with what the program and the files say about it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cached_property
from typing import TYPE_CHECKING

import libcst as cst

from color_checker import fixable
from color_checker.causes import Cause
from color_checker.engines import Profile
from color_checker.facts import Op
from color_checker.findings import Color, Finding
from color_checker.fixes.code import Code, parsed
from color_checker.fixes.edits import Edit, Fix, Lines, Read, apply
from color_checker.fixes.imports import Imports, unneeded
from color_checker.fixes.storing import JSON_CLASSES, Storing
from color_checker.program import shown_name
from color_checker.registry import Registry

if TYPE_CHECKING:
    from color_checker.activation import Activation
    from color_checker.checking import Analysis


_OF_THE_LOOP = frozenset({"asyncio.all_tasks", "asyncio.current_task"})


#: A call that lists steps: the keyword under which it does, the file and its tree.
Registration = tuple[str, str, Code, cst.Call]


class Known:
    """What fixes of one analysis ask again and again: looked for once, as long as no text changes."""

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        #: Function → span in the text → the operations there.
        self.spans: dict[Activation, dict[tuple[int, int], list[Op]]] = {}
        #: Key of a module → where it calls the engine.
        self.operations: dict[str, list[tuple[int, int]]] = {}
        self.imports: dict[str, Imports] = {}
        #: Engine → the calls that list its steps.
        self.registrations: dict[str, list[Registration]] = {}
        self._registries: dict[str, Registry] = {}

    def registered(self, engine: str, color: Color) -> frozenset[str]:
        """The names that the project registers."""
        profile = self.analysis.program.profile(engine)
        if profile is None:
            return frozenset()
        if engine not in self._registries:
            self._registries[engine] = Registry(self.analysis.program, profile)
        return self._registries[engine].names(color)

    @cached_property
    def causes(self) -> dict[tuple[object, ...], list[Cause]]:
        """The effects by file and place of what leads to them."""
        program = self.analysis.program
        found: dict[tuple[object, ...], list[Cause]] = {}
        for cause in program.causes:
            place = program.place_of(cause.anchor, cause.position)
            found.setdefault((place.path, *place.span), []).append(cause)
        return found

    @cached_property
    def paths(self) -> dict[str, str]:
        """Path as shown → absolute, of the files that are checked."""
        return {source.shown: source.path for source in self.analysis.project.files}

    @cached_property
    def nodes(self) -> dict[str, Activation]:
        """The functions of the program by name."""
        return {node.name: node for node in self.analysis.program.nodes}

    @cached_property
    def first_party(self) -> frozenset[str]:
        """The packages of the project."""
        return frozenset(source.module.partition(".")[0] for source in self.analysis.project.files)


class Problem:
    """What a fixer asks."""

    def __init__(
        self, finding: Finding, analysis: Analysis, read: Read, *, tidy: bool = True,
        known: Known | None = None, taken: Collection[str] = (),
    ) -> None:  # fmt: skip
        """
        Args:
            tidy: fixes also remove imports that nothing needs after them, and are tried: none leaves a text
                that cannot be parsed.
            known: what is known of the analysis from other findings.
            taken: names that new functions may not have.
        """
        self.finding = finding
        self.analysis = analysis
        self.program = analysis.program
        self.known = known or Known(analysis)
        self.taken = taken
        self._read = read
        self._tidy = tidy

    @property
    def paths(self) -> dict[str, str]:
        """Path as shown → absolute, of the files that are checked."""
        return self.known.paths

    @cached_property
    def path(self) -> str:
        """The absolute path of the finding's file; "" if it is none of the project."""
        return self.paths.get(self.finding.path, "")

    @cached_property
    def profile(self) -> Profile | None:
        """The engine of the code that the finding is about."""
        return self.program.profile(self.finding.engine)

    @cached_property
    def span(self) -> tuple[int, int, int, int]:
        """Where the finding is."""
        finding = self.finding
        return finding.line, finding.column, finding.end_line, finding.end_column

    # -- files ----------------------------------------------------------------------------------

    def text(self, path: str) -> str:
        """What the file holds; "" if it cannot be read."""
        try:
            return self._read(path)
        except (OSError, ValueError):
            return ""

    def code(self, path: str) -> Code | None:
        """The tree of the file."""
        return parsed(self.text(path)) if path else None

    def imports(self, code: Code, path: str) -> Imports:
        """The imports of the file."""
        found = self.known.imports.get(path)
        if found is None or found.code is not code:
            found = self.known.imports[path] = Imports(code, path, self.known.first_party)
        return found

    # -- program --------------------------------------------------------------------------------

    def storing(
        self, code: Code, node: Activation, stored: Iterable[str] = (), json: frozenset[str] = JSON_CLASSES
    ) -> Storing:
        """What is known of the values in a function; `stored` and `json` as for `Storing`."""
        return Storing(self.program, code, node, stored, json, self.known.spans)

    @cached_property
    def cause(self) -> Cause | None:
        """The effect that the finding is about."""
        finding = self.finding
        for cause in self.known.causes.get((finding.path, *self.span), ()):
            if cause.site.effect is finding.effect and self._ends(cause) == finding.witness[-1:]:
                return cause
        return None

    def _ends(self, cause: Cause) -> tuple[object, ...]:
        return self.program.witness((), cause.node, cause.site.at, shown_name(cause.site.dotted))[-1:]

    @cached_property
    def anchor(self) -> Activation | None:
        """The function in which the finding stands."""
        if self.cause is not None:
            return self.cause.anchor
        finding = self.finding
        for node in self.program.nodes:
            facts = node.facts
            around = facts.kind == "module" or facts.first_line <= finding.line <= facts.end_line
            if around and node.module.path == finding.path and node.name == finding.function:
                return node
        return None

    def is_workflow(self, node: Activation) -> bool:
        """Whether the node is workflow code of the finding's engine itself, not only reached by it."""
        return fixable.is_workflow(self.program, node, self.finding.engine)

    def is_of_the_loop(self) -> bool:
        """Whether the effect asks for what runs in the workflow's own event loop: a step has another one."""
        return self.cause is not None and self.cause.site.dotted in _OF_THE_LOOP

    def is_read_only(self) -> bool:
        """Whether the finding stands in a function that may only read, such as the handler of a query."""
        node, profile = self.anchor, self.profile
        return node is not None and profile is not None and fixable.is_read_only(self.program, profile, node)

    def is_in_coroutine(self, node: Activation) -> bool:
        """Whether a coroutine function of a workflow leads to the function, which is none itself perhaps."""
        return fixable.is_in_coroutine(self.program, node)

    def is_only_replayed(self, node: Activation) -> bool:
        """Whether all that is known to call the function is replayed, too."""
        replayed = set(self.program.replayed_nodes)
        return node in replayed and all(
            caller in replayed
            for caller in self.program.linker.activations.values()
            if caller not in replayed
            for targets in caller.targets.values()
            if any(target.index == node.index and target.module is node.module for target in targets)
        )

    def context(self, node: Activation) -> str | None:
        """The name by which the node's code knows what the engine gave to the workflow."""
        return fixable.context_of(self.program, self.profile, node) if self.profile is not None else None

    # -- results --------------------------------------------------------------------------------

    def fix(self, title: str, edits: tuple[Edit, ...], *, safe: bool) -> Fix | None:
        """The fix with those edits; None if they leave a file that cannot be parsed.

        An import that only the replaced code needed goes with it. What changes nothing is left out: to some
        engines a step is called like any function.
        """
        edits = tuple(edit for edit in edits if self._is_change(edit))
        if not self._tidy:
            return Fix(title, self.finding.name, safe, tuple(sorted(dict.fromkeys(edits), key=_place)))
        try:
            texts = apply(edits, self.text)
        except ValueError:
            return None
        extra: list[Edit] = []
        for path, text in texts.items():
            if not _compiles(text):
                return None
            before, after = parsed(self.text(path)), parsed(text)
            if before is not None and after is not None:
                extra += self._removals(path, before, after, edits)
        return Fix(title, self.finding.name, safe, tuple(sorted(dict.fromkeys((*edits, *extra)), key=_place)))

    def _is_change(self, edit: Edit) -> bool:
        code = self.code(edit.path)
        lines = code.lines if code is not None else Lines(self.text(edit.path))
        return lines.text[lines.offset(*edit.start) : lines.offset(*edit.end)] != edit.text

    def _removals(self, path: str, before: Code, after: Code, edits: tuple[Edit, ...]) -> list[Edit]:
        """The removal of imports, as edits of the text before; none where it would touch the others."""
        gone = list(unneeded(before, after, path))
        if not gone:
            return []
        texts = [after.text[after.lines.offset(*e.start) : after.lines.offset(*e.end)] for e in gone]
        found = []
        for text in texts:
            start = before.text.find(text)
            if start < 0 or before.text.find(text, start + 1) >= 0:
                continue
            edit = before.lines.edit(path, start, start + len(text), "")
            if not any(edit.start <= other.end and other.start <= edit.end for other in edits):
                found.append(edit)
        return found


def _place(edit: Edit) -> tuple[object, ...]:
    """Where an edit is: texts put in at one place keep their order, an import before what is decorated."""
    return edit.path, edit.start, edit.end


def _compiles(text: str) -> bool:
    """Whether Python takes the text."""
    import ast
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "<fix>", "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
