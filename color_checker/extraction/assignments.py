"""Turns assignments of every form into operations, and says what names mean after them."""

from __future__ import annotations

import ast

from color_checker.annotations import type_expr
from color_checker.extraction.expressions import BINARY
from color_checker.extraction.visitor import Visitor
from color_checker.facts import NOTHING, Build, Item, Operate, StoreAttr, StoreGlobal, StoreItem, Update

#: Each update of a display is a display of its own; a long table filled line by line stays one.
_MOST_UPDATES = 6


class Assignments(Visitor):
    """Visits what binds names."""

    def assign(self, node: ast.Assign) -> None:
        value = self.expr(node.value)
        for target in node.targets:
            self.store(target, value, node.value)
        if self.scope.kind == "module" and isinstance(node.targets[0], ast.Name):
            self._note_exports(node.targets[0].id, node.value)

    def _note_exports(self, name: str, value: ast.expr) -> None:
        if name == "__all__" and isinstance(value, ast.List | ast.Tuple):
            names = (item.value for item in value.elts if isinstance(item, ast.Constant))
            self.exports = [*(self.exports or []), *(name for name in names if isinstance(name, str))]

    def ann_assign(self, node: ast.AnnAssign) -> None:
        annotation = type_expr(node.annotation)
        scope = self.scope
        if isinstance(node.target, ast.Name):
            name = node.target.id
            scope.declared[name] = annotation
            if node.value is not None:
                self.store(node.target, self.expr(node.value), node.value)
            elif scope.kind != "function":
                slot = scope.new()
                scope.bind(name, slot)
        elif isinstance(node.target, ast.Attribute):
            slot = self.expr(node.value) if node.value is not None else scope.new()
            holder = scope.merge([slot])
            typed = scope.new()
            self.emit_merge(typed, holder)
            scope.annotated.append((typed, annotation))
            self.store(node.target, typed)
        elif node.value is not None:
            self.store(node.target, self.expr(node.value))

    def aug_assign(self, node: ast.AugAssign) -> None:
        left = self.expr(node.target)
        right = self.expr(node.value)
        dst = self.scope.new()
        at = self.at(node)
        self.emit(Operate(dst, "__i" + BINARY[type(node.op)][2:], left, right, at))
        self.store(node.target, dst)

    def walrus(self, node: ast.NamedExpr) -> int:
        value = self.expr(node.value)
        self.store(node.target, value, node.value)
        return value

    def delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Attribute):
                self.emit(StoreAttr(self.expr(target.value), target.attr, NOTHING, self.at(target)))
            elif isinstance(target, ast.Subscript):
                obj = self.expr(target.value)
                self.emit(StoreItem(obj, self.expr(target.slice), NOTHING, self.at(target)))

    def global_statement(self, node: ast.Global) -> None:
        self.scope.globals.update(node.names)

    def nonlocal_statement(self, node: ast.Nonlocal) -> None:
        self.scope.nonlocals.update(node.names)

    def store(self, target: ast.expr, value: int, source: ast.expr | None = None) -> None:
        """Assign `value` to a target of any form."""
        if isinstance(target, ast.Name):
            self.store_name(target.id, value, target, source)
        elif isinstance(target, ast.Attribute):
            obj = self.expr(target.value)
            self.emit(StoreAttr(obj, target.attr, value, self.at(target)))
            self._note_self_store(obj, target.attr)
        elif isinstance(target, ast.Subscript):
            obj = self.expr(target.value)
            key = self.expr(target.slice)
            self.emit(StoreItem(obj, key, value, self.at(target)))
            if self._is_in_own_display(target):
                self._update(target, obj, key, value)
        elif isinstance(target, ast.Starred):
            rest = self.scope.new()
            self.emit(Build(rest, "list", (), (value,), self.at(target)))
            self.store(target.value, rest)
        elif isinstance(target, ast.Tuple | ast.List):
            self._unpack(target, value)

    def store_name(
        self, name: str, value: int, node: ast.expr | ast.stmt, source: ast.expr | None = None
    ) -> None:
        """`name` means `value` from here on; `node` says where, `source` what was evaluated."""
        scope = self.scope
        if name in scope.globals or name in scope.nonlocals:
            level = scope.level_of(name) if name in scope.nonlocals else 0
            self.emit(StoreGlobal(name, level, value, self._place_of_name(node)))
            scope.env.pop(name, None)
            return
        if isinstance(source, ast.Call):
            scope.assigned.add(value)
        if self.has_nonlocal and scope.kind == "function":
            # An inner function may rebind the name: its slot must not be shared with another one's.
            copy = scope.new()
            self.emit_merge(copy, value)
            scope.read.add(value)
            value = copy
        scope.bind(name, value)

    def _place_of_name(self, node: ast.expr | ast.stmt) -> int:
        if isinstance(node, ast.expr):
            return self.at(node)
        return self.place(node.lineno, node.col_offset, node.lineno, node.col_offset)

    def _note_self_store(self, obj: int, attr: str) -> None:
        scope = self.scope
        if scope.param_slots and obj == next(iter(scope.param_slots)):
            scope.stores_self[attr] = None

    def _is_in_own_display(self, target: ast.expr) -> bool:
        """Whether it is `d["key"]` or `d["a"]["b"]` of a display that this scope made and named `d`."""
        while isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
            target = target.value
        if not isinstance(target, ast.Name) or target.id not in self.scope.definitions:
            return False
        updates = self.scope.displays.get(self.scope.env.get(target.id, NOTHING))
        return updates is not None and updates < _MOST_UPDATES

    def _update(self, target: ast.Subscript, obj: int, key: int, value: int) -> None:
        """After `d["key"] = value` the name `d` means a display that holds only the new value there."""
        dst = self.scope.new()
        self.emit(Update(dst, obj, key, value))
        if isinstance(target.value, ast.Name):
            self.scope.displays[dst] = self.scope.displays[obj] + 1
            self.scope.bind(target.value.id, dst)
        elif isinstance(target.value, ast.Subscript):
            outer = self.expr(target.value.value)
            self._update(target.value, outer, self.expr(target.value.slice), dst)

    def _unpack(self, target: ast.Tuple | ast.List, value: int) -> None:
        starred = False
        for index, element in enumerate(target.elts):
            if isinstance(element, ast.Starred):
                starred = True
                self.store(element, value)
                continue
            dst = self.scope.new()
            key = NOTHING if starred else self.const("int", index)
            self.emit(Item(dst, value, key, self.at(element)))
            self.store(element, dst)
