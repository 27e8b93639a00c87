"""The walk over mypy's syntax tree comes to every node, in the order of the source."""

from __future__ import annotations

import os
from pathlib import Path

from mypy.build import BuildSource, build
from mypy.nodes import CallExpr, Expression, FuncDef, LambdaExpr, MypyFile, NameExpr
from mypy.options import Options

from mypy_plugin.walk import children_of, walk

PROGRAM = """\
@first(second)
def outer(a=third(), *b: int) -> None:
    if fourth() and fifth():
        [sixth(x) for x in seventh() if eighth()]
    else:
        ninth(tenth(), key=eleventh())

    def inner() -> None:
        (lambda y=twelfth(): thirteenth(y))()

    with fourteenth() as c, fifteenth():
        c[sixteenth()] = {seventeenth(): f"{eighteenth()}"}


class A(nineteenth()):
    b = twentieth().c
"""


def tree_of(directory: Path, source: str) -> MypyFile:
    options = Options()
    options.preserve_asts, options.incremental, options.cache_dir = True, False, os.devnull
    options.ignore_errors = True
    path = directory / "app.py"
    path.write_text(source, encoding="utf-8")
    return build([BuildSource(str(path), "app", source)], options).files["app"]


def test_every_call_comes_in_the_order_of_the_source(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, PROGRAM)
    names = [
        node.callee.name
        for node, _ in walk(tree, {CallExpr})
        if isinstance(node, CallExpr) and isinstance(node.callee, NameExpr)
    ]
    ordered = ["fourth", "fifth", "ninth", "tenth", "eleventh", "fourteenth", "fifteenth", "twentieth"]
    assert [name for name in names if name in ordered] == ordered
    assert len(names) == 19


def test_a_node_comes_with_the_functions_around_it(tmp_path: Path) -> None:
    around = {
        node.callee.name: [function.name for function in functions]
        for node, functions in walk(tree_of(tmp_path, PROGRAM))
        if isinstance(node, CallExpr) and isinstance(node.callee, NameExpr)
    }
    assert around["first"] == around["third"] == []
    assert around["fourth"] == ["outer"]
    assert around["twelfth"] == ["outer", "inner"]
    assert around["thirteenth"] == ["outer", "inner", "<lambda>"]
    assert around["twentieth"] == []


def test_only_wanted_nodes_come(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, PROGRAM)
    kinds = {type(node) for node, _ in walk(tree, (FuncDef, LambdaExpr))}
    assert kinds == {FuncDef, LambdaExpr}
    everything = [node for node, _ in walk(tree)]
    assert len(everything) == len(set(map(id, everything)))
    assert [node for node, _ in walk(tree, {CallExpr})] == [
        node for node in everything if type(node) is CallExpr
    ]


def test_children_are_direct(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, "x = first(second(third))\n")
    (call,) = [
        node
        for node, _ in walk(tree, {CallExpr})
        if isinstance(node, CallExpr) and isinstance(node.callee, NameExpr) and node.callee.name == "first"
    ]
    names = [child.name for child in children_of(call) if isinstance(child, NameExpr)]
    assert names == ["first"]
    assert all(isinstance(child, Expression) for child in children_of(call))
