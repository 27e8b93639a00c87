"""What follows when it becomes known what an expression is of which the analysis did not know it.

A type checker knows the types of expressions where flow and annotations alone tell nothing: the attributes of
a class in a stub, elements of a generic container, what is left behind a test. Constraints are only ever
added, so what is learned is added to the solved program, which is then solved on. What is known of one place
is given to the operation there and to no other, since it may hold only there (behind `if x.kind == "a":`).

Everything that is known of a file is kept: code in it may turn out to be reached from a workflow only when
something is learned in another file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from color_checker.arguments import Args
from color_checker.attributes import has_member
from color_checker.checking import find
from color_checker.facts import (
    NOTHING,
    Attr,
    Await,
    Build,
    Call,
    Enter,
    Item,
    Iterate,
    Merge,
    Op,
    Operate,
    StoreAttr,
    StoreItem,
)
from color_checker.findings import Finding, Report
from color_checker.mutations import MUTATOR_NAMES
from color_checker.places import Kind, Known, Spot, Types
from color_checker.program import Program
from color_checker.sites import EffectSite
from color_checker.solver import Var
from color_checker.values import DATA, NONE, Box, Class, Const, Ext, ExtBound, ExtInst, Inst, Value

if TYPE_CHECKING:
    from color_checker.activation import Activation
    from color_checker.checking import Analysis
    from color_checker.link import Linker
    from color_checker.modules import ModuleInfo

#: What a type checker knows these by, and what they are.
_SINGLETONS = {"os._Environ": "os.environ"}

_SETS = frozenset({"builtins.set", "builtins.frozenset"})

#: What is learned of an element may show something that is learned next; no chain is longer than this.
_MOST_ROUNDS = 40

#: All rules look at the whole program again when something learned may matter: at so many activations in all,
#: however often. What is learned after that is not looked at.
_MOST_LOOKED_AT = 40_000

_Fingerprint = tuple[int, int, int, int, int]


class Resolver:
    """Adds what is learned to an analysis, which is of no use any more without what was learned."""

    def __init__(
        self, analysis: Analysis, findings: Iterable[Finding] | None = None,
        gaps: Iterable[Finding] | None = None,
    ) -> None:  # fmt: skip
        """`findings` and `gaps`: what is found without types; looked for if not given."""
        self._analysis = analysis
        self._linker: Linker = analysis.program.linker
        if findings is None or gaps is None:
            findings, gaps = find(analysis, analysis.config.strict)
        self._findings = self._report_before = tuple(findings)
        self._gaps: tuple[Finding, ...] | None = tuple(gaps)
        self._gaps_before = self._gaps
        self._types: dict[str, Types] = {}
        self._spots: dict[Activation, list[tuple[Spot | None, int, int]]] = {}
        self._done: set[tuple[Activation, int, Kind, str]] = set()
        self._settled: set[Activation] = set()
        self._used: dict[str, set[Spot]] = {}
        self._fingerprints: dict[Activation, _Fingerprint] = {}
        self._effects: dict[Activation, list[EffectSite]] = {}
        self._named: dict[tuple[str, str], Var | None] = {}
        self._nodes_of: tuple[Program, list[Activation]] | None = None
        self._nodes_by_path: dict[str, list[Activation]] | None = None
        self._looked_at = 0
        #: How many places have become known.
        self.learned = 0

    def continues(self, analysis: Analysis, report: Report) -> bool:
        """Whether `analysis` is the one that was learned for, moved over edits that make no difference.

        If so it is taken up, with the report that was moved with it. What is known of files has to be said
        again.
        """
        if analysis.program.linker is not self._linker:
            return False
        learned = set(self._findings) != set(self._report_before)
        self._report_before = report.findings
        self._analysis = analysis
        self._gaps_before = report.gaps
        self._gaps = None
        self._spots, self._settled, self._effects = {}, set(), {}
        self._used, self._types = {}, {}
        if learned:
            self._findings, self._gaps = find(analysis, analysis.config.strict)
        else:
            self._findings = report.findings
        return True

    # -- questions ------------------------------------------------------------------------------

    @property
    def program(self) -> Program:
        """The program with all that was learned."""
        return self._analysis.program

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings of all files, as far as is known now."""
        return self._findings

    @property
    def gaps(self) -> tuple[Finding, ...]:
        """The gaps that are left."""
        if self._gaps is None:
            self._look_for_gaps()
        assert self._gaps is not None
        return self._gaps

    @property
    def closed(self) -> tuple[Finding, ...]:
        """The gaps that are none any more."""
        left = {_gap_place(gap) for gap in self.gaps}
        return tuple(gap for gap in self._gaps_before if _gap_place(gap) not in left)

    def unknowns(self, path: str) -> tuple[Spot, ...]:
        """The places in one file (by its absolute path) of which it matters what they are, and is not known.

        They are those in colored code and in what replayed code reaches. Others may come when something is
        learned.
        """
        return self._unknowns(self._nodes_in.get(path, ()))

    def all_unknowns(self) -> dict[str, tuple[Spot, ...]]:
        """`unknowns` of all files that have any."""
        found = ((path, self._unknowns(nodes)) for path, nodes in self._nodes_in.items())
        return {path: spots for path, spots in found if spots}

    def _unknowns(self, nodes: Iterable[Activation]) -> tuple[Spot, ...]:
        found = {
            spot
            for node in nodes
            for spot, position, slot in self._spots_of(node)
            if spot is not None and self._is_unknown(node, spot, position, slot)
        }
        return tuple(sorted(found))

    # -- learning -------------------------------------------------------------------------------

    def contradicts(self, path: str, known: Types) -> bool:
        """Whether something was learned of a file that is not so (any more): nothing can be unlearned."""
        before = self._types.get(path, {})
        return any(known.get(spot) != before[spot] for spot in self._used.get(path, ()))

    def learn(self, path: str, known: Types) -> tuple[Finding, ...]:
        """Take what is known of a file in place of what was; the findings, in any file, that were not there.

        `known` may say more than was asked for.
        """
        return self.learn_all({path: known})

    def learn_all(self, known: Mapping[str, Types]) -> tuple[Finding, ...]:
        """`learn` for several files at once."""
        self._types.update(known)
        self._settled = {node for node in self._settled if node.module.key not in known}
        return self._settle()

    def _settle(self) -> tuple[Finding, ...]:
        if self._looked_at > _MOST_LOOKED_AT:
            return ()
        nodes = self._nodes
        before: frozenset[Activation] = frozenset()
        touched: set[Activation] = set()
        for _ in range(_MOST_ROUNDS):
            todo = [node for node in nodes if node not in self._settled and node.module.key in self._types]
            if todo and not touched:
                before = frozenset(nodes)
                self._remember(nodes)
            learning = [node for node in todo if self._learn_in(node)]
            if not learning:
                break
            touched.update(learning)
            self._linker.solve()
            self._refresh()
            nodes = self._nodes
        if not touched:
            return ()
        self._gaps = None
        if not self._matters(before, nodes, touched):
            return ()
        return self._find()

    def _find(self) -> tuple[Finding, ...]:
        old = set(self._findings)
        self._looked_at += len(self._linker.activations)
        self._findings, self._gaps = find(self._analysis, self._analysis.config.strict)
        return tuple(finding for finding in self._findings if finding not in old)

    def _refresh(self) -> None:
        """What is derived from the linked program is looked at anew."""
        program = self._analysis.program
        self._analysis = msgspec.structs.replace(
            self._analysis, program=Program(self._linker, program.config, program.suppressions)
        )

    def _look_for_gaps(self) -> None:
        _, self._gaps = find(self._analysis, strict=False)

    # -- whether anything may be found that was not ---------------------------------------------------

    def _remember(self, nodes: Iterable[Activation]) -> None:
        """Note what the code does before something is learned."""
        for node in nodes:
            if node not in self._effects:
                self._fingerprints[node] = _fingerprint(node)
                self._effects[node] = self.program.effects(node)

    def _matters(
        self, before: frozenset[Activation], nodes: list[Activation], touched: set[Activation]
    ) -> bool:  # fmt: skip
        """Whether rules have to look again: more code is reached, or what is reached does other things."""
        matters = any(node not in before for node in nodes)
        for node in before:
            now, known = _fingerprint(node), self._fingerprints[node]
            if node in touched or now != known:
                self._fingerprints[node] = now
                other = self._has_other_effects(node)
                matters = matters or other or self._does_more(node, now, known)
        return matters

    def _has_other_effects(self, node: Activation) -> bool:
        effects = self.program.effects(node)
        same = self._effects.get(node) == effects
        self._effects[node] = effects
        return not same

    def _does_more(self, node: Activation, now: _Fingerprint, before: _Fingerprint) -> bool:
        """Whether there are other calls that rules ask about, or objects that are changed."""
        if now[1:4] != before[1:4]:
            return True
        names = (name for known in node.external.values() for name in known)
        return now[0] != before[0] and any(map(self._linker.is_sdk, names))

    # -- places ---------------------------------------------------------------------------------

    @property
    def _nodes(self) -> list[Activation]:
        """The project's code that has a color, or that replayed code reaches."""
        program = self.program
        if self._nodes_of is not None and self._nodes_of[0] is program:
            return self._nodes_of[1]
        found = dict.fromkeys(program.replayed_nodes)
        found.update(dict.fromkeys(program.code))
        nodes = [node for node in found if not node.module.library]
        self._nodes_of = program, nodes
        self._nodes_by_path = None
        return nodes

    @property
    def _nodes_in(self) -> dict[str, list[Activation]]:
        """The same by the file's path."""
        nodes = self._nodes
        if self._nodes_by_path is None:
            self._nodes_by_path = {}
            for node in nodes:
                self._nodes_by_path.setdefault(node.module.key, []).append(node)
        return self._nodes_by_path

    def _spots_of(self, node: Activation) -> list[tuple[Spot | None, int, int]]:
        """Each with its operation's position and its value's slot; no spot where values only meet."""
        known = self._spots.get(node)
        if known is None:
            span = node.module.facts.span
            known = self._spots[node] = []
            for position, op in enumerate(node.body.ops):
                known += [(Spot(kind, *span(at), part), position, slot) for kind, slot, at, part in _uses(op)]
                if isinstance(op, Merge):
                    known += [(None, position, slot) for slot in op.sources]
        return known

    def _is_unknown(self, node: Activation, spot: Spot, position: int, slot: int) -> bool:
        values = self.program.values(node, slot)
        if spot.kind == "callee":
            known = position in node.targets or position in node.operations
            return not known and all(value is NONE for value in values)
        op = node.body.ops[position]
        name = op.name if isinstance(op, Attr) else ""
        return all(self._says_nothing(value, spot.kind, name) for value in values)

    def _says_nothing(self, value: Value, kind: Kind, name: str) -> bool:
        """Whether a value leaves open what is done with it: data, attributes of something unlisted."""
        if value is DATA or value is NONE:
            return True
        if isinstance(value, ExtBound) and kind != "argument":
            return isinstance(value.receiver, ExtInst | Inst) and not self._linker.is_sdk(value.dotted)
        if isinstance(value, Ext):
            return kind != "argument" and not self._is_described(value.dotted, name)
        if not name:
            return False
        if isinstance(value, Box | Const):
            return not has_member(value.kind, name)
        return isinstance(value, ExtInst) and not self._is_described(value.dotted, name)

    # -- into the program -----------------------------------------------------------------------

    def _learn_in(self, node: Activation) -> bool:
        """Learn what is known of places in `node`, save those that may follow. Whether there were any."""
        types = self._types.get(node.module.key)
        if not types:
            return False
        learning: set[int] = set()
        for spot, position, slot in self._spots_of(node):
            if slot in learning:
                learning.add(getattr(node.body.ops[position], "dst", NOTHING))
            elif spot is not None and (known := types.get(spot)):
                key = (node, position, spot.kind, spot.part)
                if key not in self._done and self._is_unknown(node, spot, position, slot):
                    self._done.add(key)
                    self._used.setdefault(node.module.key, set()).add(spot)
                    self.learned += 1
                    learning.add(getattr(node.body.ops[position], "dst", NOTHING))
                    for one in known:
                        self._learn(node, position, spot, slot, one)
        if not learning:
            self._settled.add(node)
        return bool(learning)

    def _learn(self, node: Activation, position: int, spot: Spot, slot: int, known: Known) -> None:
        op = node.body.ops[position]
        name = op.name if isinstance(op, Attr | StoreAttr) else ""
        var = Var()
        self._add(known, name, node, var)
        if known.name in _SETS or spot.kind == "callee":
            # Rules ask the variable for sets, and for what is called.
            self._linker.solver.flow(var, node.var(slot))
            return
        if known.name in _SINGLETONS and isinstance(op, Attr | Item):
            self._linker.solver.watch(var, node.read_from.setdefault(position, {}).setdefault)
        self._use(node, position, spot, op, var)

    def _use(self, node: Activation, position: int, spot: Spot, op: Op, var: Var) -> None:
        """Let the operation have `var` in place of what it has."""
        linker = self._linker
        watch = linker.solver.watch
        dst = node.var(op.dst) if hasattr(op, "dst") else Var()
        match op:
            case Attr():
                read = linker.attributes.read
                watch(var, lambda value: read(node, position, value, op.name, dst))
            case StoreAttr() if op.value != NOTHING:
                store = linker.attributes.store
                source = node.var(op.value)
                watch(var, lambda value: store(node, position, value, op.name, source))
            case Item():
                key = node.var(op.key) if op.key != NOTHING else None
                read_item = linker.containers.read
                watch(var, lambda value: read_item(node, position, value, key, dst))
            case StoreItem():
                index = node.var(op.key)
                stored = node.var(op.value) if op.value != NOTHING else None
                store_item = linker.containers.store_item
                watch(var, lambda value: store_item(node, position, value, index, stored))
            case Iterate():
                linker.containers.iterate(node, position, var, dst, is_async=op.is_async)
            case Enter():
                linker.containers.enter(node, position, var, dst, is_async=op.is_async)
            case Await():
                watch(var, lambda value: linker.unwrap(node, position, value, dst))
            case Operate(right=right):
                left = var if spot.kind == "left" else node.var(op.left)
                other = var if spot.kind == "right" else node.var(right) if right != NOTHING else None
                linker.calls.operate(node, position, op.method, left, other, dst)
            case Call():
                self._pass(node, position, op, spot.part, var)

    def _pass(self, node: Activation, position: int, op: Call, part: str, var: Var) -> None:
        """Call again, with one argument that is known better now."""
        linker = self._linker
        positional = list(node.vars(op.args))
        keywords = {name: node.var(slot) for name, slot in op.keywords}
        if part.isdigit():
            positional[int(part)] = var
        else:
            keywords[part] = var
        result = Var()
        linker.solver.flow(result, node.var(op.dst))
        args = Args(tuple(positional), keywords, node.vars(op.stars), node.vars(op.double_stars))
        linker.calls.call_all(node, position, node.var(op.func), args, result)

    # -- from names to values -------------------------------------------------------------------------

    def _add(self, known: Known, name: str, node: Activation, var: Var) -> None:
        """Let `var` be what is known, of which the attribute `name` is wanted (if any)."""
        linker = self._linker
        meant = self._in_project(known.name, node.module)
        if meant is None:
            if not known.protocol:
                linker.solver.add(var, self._external(known, name, node))
            return

        def arrived(value: Value) -> None:
            if known.what == "function":
                linker.solver.add(var, value)
            elif isinstance(value, Class):
                instance = known.what == "instance"
                linker.solver.add(var, linker.instance(value.info, is_open=True) if instance else value)

        linker.solver.watch(meant, arrived)

    def _external(self, known: Known, name: str, node: Activation) -> Value:
        linker = self._linker
        if known.what != "instance":
            return linker.ext(linker.canonical(known.name))
        if known.name in _SETS:
            return self._set(known, node)
        if known.name in _SINGLETONS:
            return linker.ext(_SINGLETONS[known.name])
        names = [linker.canonical(one) for one in (known.name, *known.bases)]
        described = (one for one in names if self._is_described(one, name))
        return linker.ext_inst(next(described, names[0]))

    def _set(self, known: Known, node: Activation) -> Box:
        linker = self._linker
        box = linker.containers.box(node, ("known", known), known.name.rpartition(".")[2])
        for element in known.elements:
            self._add(element, "", node, box.elements)
        return box

    def _is_described(self, cls: str, name: str) -> bool:
        """Whether it is known what the class, or its attribute, does."""
        linker = self._linker
        if cls.startswith("builtins."):
            return not name or has_member(cls.removeprefix("builtins."), name)
        if linker.is_sdk(cls):
            return True
        if linker.catalog.lookup(f"{cls}.{name}" if name else cls) is not None:
            return True
        return linker.sources.installed(cls.rpartition(".")[0]) is not None

    def _in_project(self, dotted: str, importer: ModuleInfo) -> Var | None:
        """What a name of the project means; None if it is none of the project's."""
        key = (dotted, importer.key)
        if key not in self._named:
            self._named[key] = self._look_up(dotted, importer)
        return self._named[key]

    def _look_up(self, dotted: str, importer: ModuleInfo) -> Var | None:
        linker = self._linker
        parts = dotted.split(".")
        for count in range(len(parts) - 1, 0, -1):
            module = linker.project_module(".".join(parts[:count]), importer)
            if module is None or module.activation is None:
                continue
            if "@" in dotted:
                return self._local_class(module, parts[-1])
            var = Var()
            linker.member(module, parts[count], var)
            for name in parts[count + 1 :]:
                var = self._attribute(module.activation, var, name)
            return var
        return None

    def _attribute(self, scope: Activation, var: Var, name: str) -> Var:
        result = Var()
        read = self._linker.attributes.read
        self._linker.solver.watch(var, lambda value: read(scope, 0, value, name, result))
        return result

    def _local_class(self, module: ModuleInfo, name: str) -> Var:
        """A class inside of a function: `Name@line`."""
        short, _, line = name.partition("@")
        var = Var()
        for info in list(self._linker.classes.values()):
            if info.module is module and (info.facts.name, str(info.facts.line)) == (short, line):
                self._linker.solver.add(var, self._linker.class_value(info))
        return var


def _uses(op: Op) -> Iterator[tuple[Kind, int, int, str]]:
    """The values that an operation does something with: kind, slot, place, part."""
    match op:
        case Attr() | StoreAttr():
            yield "receiver", op.obj, op.at, ""
        case Call():
            yield "callee", op.func, op.at, ""
            for index, slot in enumerate(op.args):
                yield "argument", slot, op.at, str(index)
            for name, slot in op.keywords:
                yield "argument", slot, op.at, name
        case Item() | StoreItem():
            yield "subscripted", op.obj, op.at, ""
        case Iterate():
            yield "iterated", op.obj, op.at, ""
        case Build():
            for index, slot in enumerate(op.stars):
                yield "spread", slot, op.at, str(index)
        case Enter():
            yield "entered", op.obj, op.at, ""
        case Await():
            yield "awaited", op.obj, op.at, ""
        case Operate() if op.left != NOTHING:
            yield "left", op.left, op.at, ""
            if op.right != NOTHING:
                yield "right", op.right, op.at, ""


def _changed(op: Op) -> int:
    """The slot of the object that an operation changes, or may give the means to change."""
    if isinstance(op, StoreAttr | StoreItem) or (isinstance(op, Attr) and op.name in MUTATOR_NAMES):
        return op.obj
    return NOTHING


def _fingerprint(node: Activation) -> _Fingerprint:
    """Changes when what the code does, or what its values may be, does: nothing is ever taken away."""
    changed = {_changed(op) for op in node.body.ops} - {NOTHING}
    return (
        sum(map(len, node.external.values())),
        sum(map(len, node.targets.values())),
        sum(map(len, node.operations.values())),
        sum(len(node.var(slot).values) for slot in changed),
        sum(len(var.values) for var in node.slots),
    )


def _gap_place(gap: Finding) -> tuple[object, ...]:
    last = gap.witness[-1]
    return (last.function, last.path, last.line, last.column)
