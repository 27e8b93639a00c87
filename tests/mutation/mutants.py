"""Makes mutants: workflow files into which a call has been injected that reaches an effect in some way."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.mutation.templates import Effect, Way

INJECTED = "  # INJECTED"
HARMLESS_PER_WAY = 4
FUNCTION, DIRECT = "function", "direct"

# The last part of a decorator that marks a workflow's entry, and what the file must import for it.
ENTRY_DECORATORS = {
    "run": "temporalio",
    "workflow": "",
    "main": "restate",
    "handler": "restate",
    "durable_execution": "aws_durable_execution_sdk_python",
    "orchestration_trigger": "azure.durable_functions",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Host(NamedTuple):
    """A workflow file and the function in it that is mutated."""

    name: str
    source: str
    imports_line: int
    body_line: int
    indent: int
    is_async: bool
    class_end: int
    class_indent: int

    @property
    def has_class(self) -> bool:
        return self.class_end > 0

    @property
    def is_temporal(self) -> bool:
        return "temporalio" in self.source

    @property
    def is_restate(self) -> bool:
        """Only with the context under its usual name, which the statements use."""
        return "import restate" in self.source and "ctx: restate." in self.source


class Mutant(NamedTuple):
    """One injection: `way` leads from `host` to `effect`, which is a function's body or called directly.

    `package` is where it is written; it has none yet when it is planned.
    """

    package: str
    way: Way
    effect: Effect
    host: Host
    variant: str

    @property
    def host_file(self) -> str:
        return f"{self.package}/{self.host.name}.py"

    @property
    def title(self) -> str:
        form = "" if self.variant == FUNCTION else f" ({self.variant})"
        return f"{self.way.name} -> {self.effect.name}{form} in {self.host.name}"


def make_host(name: str, source: str) -> Host | None:
    """The host of a file, or None when no workflow in it can take a statement at its start."""
    tree = ast.parse(source)
    for function, owner in _functions(tree):
        if not any(_is_entry(decorator, source) for decorator in function.decorator_list):
            continue
        body = _without_docstring(function.body)
        if not body or not _starts_its_line(body[0], source):
            continue
        return Host(
            name=name,
            source=source,
            imports_line=_imports_line(tree),
            body_line=_first_line(body[0]),
            indent=body[0].col_offset,
            is_async=isinstance(function, ast.AsyncFunctionDef),
            class_end=owner.end_lineno or 0 if owner else 0,
            class_indent=owner.body[0].col_offset if owner else 0,
        )
    return None


def find_hosts(folder: Path, limit: int) -> list[Host]:
    """Hosts from real code: at most `limit`, spread evenly over the workflow files below `folder`."""
    hosts: list[Host] = []
    for path in sorted(folder.rglob("*.py")):
        try:
            source = path.read_text(encoding="utf-8")
            host = make_host("host", source) if len(source) < 40_000 else None
        except (SyntaxError, UnicodeDecodeError, OSError):
            continue
        if host is not None:
            hosts.append(host._replace(name=f"{path.stem}_{len(hosts)}".replace("-", "_").replace(".", "_")))
    return hosts[:: max(1, len(hosts) // limit)][:limit]


def fits(way: Way, host: Host) -> bool:
    """Whether the way's statements can stand in the host."""
    return (
        (host.is_async or not way.needs_async)
        and (host.has_class or not way.needs_class)
        and (host.is_temporal or "temporal" not in way.flags)
        and (host.is_restate or "restate" not in way.flags)
    )


def plan(ways: Sequence[Way], effects: Sequence[Effect], hosts: Sequence[Host]) -> Iterator[Mutant]:
    """Every way with every rule and several harmless effects; effects of a rule and hosts take turns."""
    by_rule: dict[str, list[Effect]] = {}
    for number, effect in enumerate(effects):
        by_rule.setdefault(effect.rule or f"harmless {number % HARMLESS_PER_WAY}", []).append(effect)
    number = 0
    for row, way in enumerate(ways):
        possible = [host for host in hosts if fits(way, host)]
        if not possible:
            raise ValueError(f"no host fits the way {way.name}")
        for column, candidates in enumerate(by_rule.values()):
            direct = [effect for effect in candidates if effect.callable]
            chosen = [(candidates[(row + column) % len(candidates)], FUNCTION)]
            if direct:
                chosen.append((direct[(row + column) % len(direct)], DIRECT))
            for effect, variant in chosen:
                yield Mutant("", way, effect, possible[number % len(possible)], variant)
                number += 1


def plan_statements(statements: Sequence[tuple[str, Way]], hosts: Sequence[Host]) -> Iterator[Mutant]:
    """Every statement in every host that it fits."""
    for rule, way in statements:
        for host in hosts:
            if fits(way, host):
                yield Mutant("", way, Effect(rule, way.name, "1"), host, FUNCTION)


def write(mutant: Mutant, tree: Path) -> None:
    """Writes the mutant's package below `tree`."""
    folder = tree / mutant.package
    folder.mkdir()
    files = {"__init__": "", "effects": _effects_module(mutant.effect, mutant.variant), **mutant.way.modules}
    files[mutant.host.name] = mutated_source(mutant)
    for name, text in files.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.replace("PKG", mutant.package), encoding="utf-8")


def mutated_source(mutant: Mutant) -> str:
    """The host's text with the way's imports, method and statements in it; lines that are new are marked."""
    host, way = mutant.host, mutant.way
    lines = host.source.splitlines()
    insertions = [
        (host.body_line - 1, _marked(way.body, host.indent)),
        (host.imports_line - 1, _marked(way.host, 0)),
    ]
    if way.method:
        insertions.append((host.class_end, _marked("\n" + way.method, host.class_indent)))
    for position, new in sorted(insertions, key=lambda item: item[0], reverse=True):
        lines[position:position] = new
    return "\n".join(lines) + "\n"


def _marked(text: str, indent: int) -> list[str]:
    block = textwrap.indent(text.rstrip(), " " * indent)
    return [line + INJECTED if line.strip() else line for line in block.splitlines()]


def _effects_module(effect: Effect, variant: str) -> str:
    head = "\n".join(part for part in (effect.imports, effect.setup) if part)
    if variant == DIRECT:
        return f"{head}\nleaf = {effect.callable}\nasync def aleaf(*args):\n    return leaf()\n"
    functions = (
        f"{prefix}def {name}(*args, **kwargs):\n    return {effect.expression}\n"
        for prefix, name in (("", "leaf"), ("async ", "aleaf"))
    )
    return f"{head}\n" + "".join(functions)


def _functions(tree: ast.Module) -> Iterator[tuple[Function, ast.ClassDef | None]]:
    """Functions of the module, and methods of its classes."""
    for node in tree.body:
        if isinstance(node, Function):
            yield node, None
        elif isinstance(node, ast.ClassDef):
            for member in node.body:
                if isinstance(member, Function):
                    yield member, node


def _is_entry(decorator: ast.expr, source: str) -> bool:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = ast.unparse(target).rpartition(".")[2]
    return name in ENTRY_DECORATORS and ENTRY_DECORATORS[name] in source


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0]
    is_docstring = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    return body[1:] if is_docstring else body


def _starts_its_line(statement: ast.stmt, source: str) -> bool:
    return not source.splitlines()[statement.lineno - 1][: statement.col_offset].strip()


def _first_line(statement: ast.stmt) -> int:
    if isinstance(statement, Function | ast.ClassDef):
        return min([statement.lineno, *(decorator.lineno for decorator in statement.decorator_list)])
    return statement.lineno


def _imports_line(tree: ast.Module) -> int:
    """The line before which imports may be inserted: after the docstring and `from __future__`."""
    for node in _without_docstring(tree.body):
        if not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            return _first_line(node)
    raise ValueError("a module without statements")
