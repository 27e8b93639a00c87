"""Annotates the function that a piece of a workflow becomes."""

from __future__ import annotations

import libcst as cst

from color_checker.engines.rewriting import Extraction
from color_checker.fixes.edits import Edit
from color_checker.fixes.hints import Hints
from color_checker.fixes.imports import Imports
from color_checker.fixes.regions import Region, self_name
from color_checker.fixes.templates import render


class Annotations:
    """The parameters and the result of the new function, as they are written.

    What is not known is `Any` in code that is annotated, and has no annotation elsewhere.
    """

    def __init__(
        self, hints: Hints, imports: Imports, region: Region, extraction: Extraction, module: str
    ) -> None:
        """`module` is the one in which the function is."""
        self.hints = hints
        self.imports = imports
        self.region = region
        self.extraction = extraction
        self.module = module
        self.edits: list[Edit] = []
        code, first = hints.code, region.nodes[0]
        function = code.function(first)
        self._around = function if isinstance(function, cst.FunctionDef) else None
        self._is_annotated = self._around is not None and self._around.returns is not None
        self._top = next((node for node in code.module.body if node in (first, *code.around(first))), None)

    def leading(self) -> list[str]:
        """The parameters that the engine gives, with their classes where the code around has annotations."""
        return [self._given(parameter) for parameter in self.extraction.parameters]

    def _given(self, parameter: str) -> str:
        name, _, annotation = parameter.partition(":")
        written = self._rendered(annotation.strip()) if annotation and self._is_annotated else ""
        return f"{name}: {written}" if written else name

    def parameter(self, name: str) -> str:
        """A variable, or attribute of `self`, that is handed over."""
        written = self._text(self._hint(name))
        return f"{name}: {written}" if written else name

    def default(self, name: str) -> str:
        """A variable that a function inside takes as it is where that stands."""
        written = self._text(self._hint(name))
        return f"{name}: {written} = {name}" if written else f"{name}={name}"

    def packed(self, name: str) -> str:
        """The parameter for several values."""
        return f"{name}: list[{self._any()}]" if self._is_annotated else f"{name}: list"

    def unused(self, name: str) -> str:
        """The parameter that a step must have."""
        return f"{name}: None" if self._is_annotated else name

    def result(self) -> str:
        """` -> …`, or ""."""
        region = self.region
        if region.expression is None and not region.outputs and not region.returns:
            return " -> None"
        if region.expression is not None:
            hint = self.hints.result(region.expression)
        elif region.returns:
            hint = self.hints.returned(self._around) if self._around is not None else ""
        elif len(region.outputs) == 1:
            hint = self._hint(region.outputs[0])
        else:
            parts = [self._hint(name) for name in region.outputs]
            if not any(parts) or not (all(parts) or self._is_annotated):
                hint = ""
            else:
                hint = f"tuple[{', '.join(part or self._any() for part in parts)}]"
        written = self._text(hint)
        return f" -> {written}" if written else ""

    def _hint(self, name: str) -> str:
        first = self.region.nodes[0]
        if name in self.region.attributes and self._around is not None:
            return self.hints.attribute(self_name(self.hints.code, self._around), name, self.region.nodes)
        return self.hints.variable(name, first)

    def _text(self, hint: str) -> str:
        """The hint as written here; `Any`, or nothing, if there is none."""
        written = self._rendered(hint) if hint else ""
        return written or (self._any() if self._is_annotated else "")

    def _any(self) -> str:
        return self._rendered("<typing:Any>") or "object"

    def _rendered(self, hint: str) -> str:
        if self._top is not None:
            hint = self.hints.placed(hint, self.module, self._top)
        rendered = render(hint, {}, lambda wanted: self.imports.express(wanted, self.hints.code.module))
        if rendered is None:
            return ""
        self.edits += rendered.imports
        return rendered.text
