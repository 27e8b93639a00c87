"""What one file says: which values a name may hold at each point, and where things stand."""

from __future__ import annotations

import sys
from textwrap import dedent
from typing import TypeVar

import pytest

from color_checker.extract import ExtractError, extract
from color_checker.facts import (
    KEYWORD_ONLY,
    KWARG,
    NOTHING,
    POSITIONAL,
    POSITIONAL_ONLY,
    VARARG,
    Attr,
    Body,
    Call,
    Const,
    Format,
    FunctionFacts,
    Import,
    Item,
    Iterate,
    Load,
    Merge,
    ModuleFacts,
    Operate,
    Return,
    StoreGlobal,
    decode_body,
    decode_module,
    encode_module,
)

Kind = TypeVar("Kind")


class Code:
    """The facts of a source text, with questions that tests ask."""

    def __init__(self, source: str) -> None:
        self.source = dedent(source)
        self.facts: ModuleFacts = extract(self.source)

    def function(self, qualname: str) -> FunctionFacts:
        return next(function for function in self.facts.functions if function.qualname == qualname)

    def body(self, qualname: str) -> Body:
        return decode_body(self.function(qualname).raw)

    def ops(self, qualname: str, kind: type[Kind]) -> list[Kind]:
        return [op for op in self.body(qualname).ops if isinstance(op, kind)]

    def returned(self, qualname: str = "f") -> set[object]:
        """What the function may return."""
        body = self.body(qualname)
        return {value for op in body.ops if isinstance(op, Return) for value in values(body, op.value)}

    def argument(self, number: int, qualname: str = "f") -> set[object]:
        """What the first argument of the call of that number, in source order, may be."""
        body = self.body(qualname)
        calls = [op for op in body.ops if isinstance(op, Call)]
        return values(body, calls[number].args[0])

    def text(self, at: int) -> str:
        """The text at a place."""
        line, column, end_line, end_column = self.facts.span(at)
        assert line == end_line
        return self.source.split("\n")[line - 1][column - 1 : end_column - 1]


def values(body: Body, slot: int) -> set[object]:
    """The constants, names from outside ("level:name"), parameters and other operations behind a slot."""
    found: set[object] = set()
    seen: set[int] = set()
    todo = [slot]
    while todo:
        current = todo.pop()
        if current in seen:
            continue
        seen.add(current)
        made = [op for op in body.ops if getattr(op, "dst", NOTHING) == current]
        for op in made:
            match op:
                case Merge(sources=sources):
                    todo += sources
                case Const(kind=kind, value=value):
                    found.add(kind if value is None else value)
                case Load(name=name, level=level):
                    found.add(f"{level}:{name}")
                case _:
                    found.add(type(op).__name__)
        if not made:
            found.add(f"slot {current}")
    return found


def returned(source: str) -> set[object]:
    return Code(source).returned()


# -- one value after another ------------------------------------------------------------------------


def test_a_name_means_what_was_assigned_last() -> None:
    assert returned("def f():\n x = 1\n x = 2\n return x") == {2}


def test_a_name_that_nothing_binds_is_looked_up_in_the_module() -> None:
    assert returned("def f(): return x") == {"0:x"}


def test_a_name_that_is_bound_further_down_is_a_local() -> None:
    assert returned("def f():\n while True:\n  if y: return x\n  x = 1") == {1}


def test_a_global_statement_makes_assignments_the_modules() -> None:
    code = Code("def f():\n global x\n x = 1\n return x")
    assert code.returned() == {"0:x"}
    assert [(op.name, op.level) for op in code.ops("f", StoreGlobal)] == [("x", 0)]


def test_tuples_are_unpacked_by_position() -> None:
    code = Code("def f(pair):\n a, b = pair\n return b")
    body = code.body("f")
    keys = [values(body, op.key) for op in body.ops if isinstance(op, Item)]
    assert keys == [{0}, {1}]
    assert code.returned() == {"Item"}


def test_a_position_behind_a_star_is_not_known() -> None:
    body = Code("def f(row):\n a, *b, c = row").body("f")
    assert [op.key == NOTHING for op in body.ops if isinstance(op, Item)] == [False, True]


def test_an_augmented_assignment_reads_and_rebinds() -> None:
    code = Code("def f():\n x = 1\n x += 2\n return x")
    assert [op.method for op in code.ops("f", Operate)] == ["__iadd__"]
    assert code.returned() == {"Operate"}


# -- branches ---------------------------------------------------------------------------------------


def test_branches_meet() -> None:
    assert returned("def f(c):\n if c: x = 1\n else: x = 2\n return x") == {1, 2}


def test_a_branch_without_else_may_be_skipped() -> None:
    assert returned("def f(c):\n x = 0\n if c: x = 1\n return x") == {0, 1}


def test_each_branch_of_a_long_chain_starts_from_the_same_state() -> None:
    branches = "".join(f" elif c == {n}: x = {n}\n" for n in range(1, 900))
    source = f"def f(c):\n x = 0\n if c == 0: pass\n{branches} return x"
    assert returned(source) == set(range(900))


def test_a_branch_that_returns_does_not_meet_the_others() -> None:
    assert Code("def f(c):\n if c:\n  x = 1\n  return 7\n else:\n  x = 2\n g(x)").argument(0) == {2}


def test_both_sides_of_a_conditional_expression_count() -> None:
    assert returned("def f(c): return 1 if c else 2") == {1, 2}


def test_any_operand_may_be_the_value_of_and_and_or() -> None:
    assert returned("def f(): return a and b or 3") == {"0:a", "0:b", 3}


# -- loops ------------------------------------------------------------------------------------------


def test_a_loop_sees_what_an_earlier_round_assigned() -> None:
    code = Code("def f(items):\n x = 0\n for item in items:\n  g(x)\n  x = 1\n return x")
    assert code.argument(0) == {0, 1}
    assert code.returned() == {0, 1}


def test_what_a_break_carries_out_counts() -> None:
    assert returned("def f(items):\n x = 0\n for i in items:\n  x = 1\n  break\n return x") == {0, 1}


def test_what_a_continue_carries_to_the_next_round_counts() -> None:
    source = "def f(items):\n x = 0\n for i in items:\n  g(x)\n  x = 1\n  if i: continue\n  x = 2"
    assert Code(source).argument(0) == {0, 1, 2}


def test_what_stands_behind_a_break_does_not_count() -> None:
    assert returned("def f():\n x = 0\n while c():\n  x = 1\n  break\n  x = 2\n return x") == {0, 1}


def test_only_loops_without_a_test_are_endless() -> None:
    def leaves(body: str) -> list[bool]:
        return [loop.leaves for loop in Code(f"def f():\n {body}").body("f").loops]

    assert leaves("while True: g()") == [False]
    assert leaves("while True:\n  return") == [True]
    assert leaves("while g(): pass") == []


def test_a_for_loop_over_an_endless_iterator_is_endless() -> None:
    code = Code("import itertools\ndef f():\n for n in itertools.count(): g(n)")
    assert [loop.iterable != NOTHING for loop in code.body("f").loops] == [True]


# -- exceptions and context managers ------------------------------------------------------------------


def test_in_a_handler_any_assignment_of_the_body_may_have_run() -> None:
    source = "def f():\n x = 0\n try:\n  x = 1\n  g()\n  x = 2\n except E:\n  return x"
    assert returned(source) == {0, 1, 2}


def test_after_a_try_its_end_and_the_handlers_meet() -> None:
    assert returned("def f():\n try: x = 1\n except E: x = 2\n else: x = 3\n return x") == {2, 3}


def test_finally_runs_after_a_return_too() -> None:
    assert Code("def f():\n x = 1\n try: return 0\n finally: g(x)").argument(0) == {1}


def test_a_caught_exception_is_an_instance_of_each_type() -> None:
    code = Code("def f():\n try: g()\n except (A, B) as error: return error")
    body = code.body("f")
    kinds = [values(body, op.left) for op in body.ops if isinstance(op, Operate)]
    assert kinds == [{"0:A"}, {"0:B"}]


def test_handlers_know_whether_they_raise_and_leave() -> None:
    code = Code(
        """
        def f():
            try:
                g()
            except A:
                raise
            except:
                return
        """
    )
    handlers = code.body("f").handlers
    assert [(handler.bare, handler.raises, handler.leaves) for handler in handlers] == [
        (False, True, False), (True, False, True)
    ]  # fmt: skip
    assert [len(handler.earlier) for handler in handlers] == [0, 1]


def test_the_lines_below_a_context_manager_are_a_region() -> None:
    regions = Code("def f():\n with g() as x:\n  a()\n  b()\n c()").body("f").regions
    assert [(region.kind, region.line, region.end_line) for region in regions] == [("with", 3, 4)]


# -- comprehensions -----------------------------------------------------------------------------------


def test_a_comprehension_does_not_change_names_around_it() -> None:
    assert returned("def f(items):\n x = 1\n y = [x for x in items]\n return x") == {1}


def test_a_walrus_in_a_comprehension_does() -> None:
    assert returned("def f(items):\n x = 1\n y = [(x := 2) for i in items]\n return x") == {2}


def test_a_walrus_binds_where_it_stands() -> None:
    assert returned("def f():\n if (x := 3): pass\n return x") == {3}


def test_a_set_is_built_in_an_order_that_cannot_be_seen() -> None:
    def ordered(source: str) -> list[bool]:
        return [op.ordered for op in Code(source).ops("f", Iterate)]

    assert ordered("def f(items): return [g(i) for i in items]") == [True]
    assert ordered("def f(items): return {g(i) for i in items}") == [False]
    assert ordered("def f(items): return sorted(g(i) for i in items)") == [False]
    assert ordered("def f(items): return list(g(i) for i in items)") == [True]


# -- scopes in scopes ---------------------------------------------------------------------------------


def test_a_closure_sees_every_value_of_a_captured_name() -> None:
    code = Code("def f():\n x = 1\n def g(): return x\n x = 2\n return g")
    body = code.body("f")
    assert set().union(*(values(body, slot) for slot in body.cells["x"])) == {1, 2}
    assert code.returned("f.g") == {"1:x"}


def test_names_that_nobody_captures_are_no_cells() -> None:
    assert Code("def f():\n x = 1\n def g(): return 1").body("f").cells == {}


def test_levels_count_functions_and_not_classes() -> None:
    code = Code("def f(x):\n class C:\n  def g(self):\n   def h(): return x\n   return h")
    assert code.returned("f.C.g.h") == {"2:x"}


def test_nonlocal_rebinds_in_the_scope_that_has_the_name() -> None:
    code = Code("def f():\n x = 1\n def g():\n  nonlocal x\n  x = 2\n return g")
    (store,) = code.ops("f.g", StoreGlobal)
    assert (store.name, store.level) == ("x", 1)


def test_methods_do_not_see_the_names_of_their_class() -> None:
    code = Code("x = 1\nclass C:\n x = 2\n def f(self): return x\n y = x")
    assert code.returned("C.f") == {"0:x"}
    body = code.body("C")
    assert values(body, body.cells["y"][0]) == {2}


def test_a_class_knows_its_methods_fields_and_bases() -> None:
    code = Code(
        """
        @frozen(slots=True)
        class C(base.Model, Generic[T], metaclass=Meta):
            name: str
            count: "int" = 0

            @property
            def size(self): ...

            @size.setter
            def size(self, value): ...
        """
    )
    (cls,) = code.facts.classes
    assert cls.bases == ("base.Model", "Generic")
    assert cls.decorators == ("frozen",)
    assert [(field.name, field.annotation.name, field.has_default) for field in cls.fields] == [
        ("name", "str", False), ("count", "int", True)
    ]  # fmt: skip
    assert [len(positions) for positions in cls.methods.values()] == [2]
    assert [code.facts.functions[p].decorators for p in cls.methods["size"]] == [
        ("property",),
        ("size.setter",),
    ]


def test_decorators_are_called_from_the_inside_out() -> None:
    code = Code("@outer\n@inner(1)\ndef f(): pass")
    body = code.body("")
    calls = [op for op in body.ops if isinstance(op, Call)]
    assert [values(body, call.func) for call in calls] == [{"0:inner"}, {"Call"}, {"0:outer"}]
    assert calls[2].args == (calls[1].dst,)
    assert body.cells["f"] == (calls[2].dst,)
    assert (code.function("f").first_line, code.function("f").line) == (1, 3)


def test_lambdas_are_numbered_in_their_scope() -> None:
    code = Code("def f(): return [lambda: 1, lambda: 2]")
    assert code.returned("f.<lambda1>") == {1}
    assert code.returned("f.<lambda2>") == {2}


def test_parameters_have_kinds_defaults_and_annotations() -> None:
    params = Code("def f(a, /, b: int = 1, *c, d=[], e, **g): pass").function("f").params
    assert [(p.name, p.kind) for p in params] == [
        ("a", POSITIONAL_ONLY), ("b", POSITIONAL), ("c", VARARG), ("d", KEYWORD_ONLY), ("e", KEYWORD_ONLY),
        ("g", KWARG),
    ]  # fmt: skip
    assert [p.default for p in params] == [NOTHING, 0, NOTHING, 1, NOTHING, NOTHING]
    assert [p.mutable_default for p in params] == [False, False, False, True, False, False]
    assert params[1].annotation is not None
    assert params[1].annotation.name == "int"


@pytest.mark.parametrize("body", ["g()", "return g", "h(g)", "g.x", "def inner(): g()"])
def test_a_function_that_uses_a_parameter_as_more_than_data_is_of_higher_order(body: str) -> None:
    assert Code(f"def f(self, g):\n {body}").function("f").higher_order


def test_a_function_that_calculates_with_its_parameters_is_not() -> None:
    assert not Code("def f(a, b):\n c = a + b\n print(1)").function("f").higher_order


@pytest.mark.parametrize(
    "body", ["...", "'Text.'", "raise NotImplementedError", "raise NotImplementedError('x')"]
)
def test_a_function_without_code_of_its_own_is_abstract(body: str) -> None:
    assert Code(f"def f(self):\n {body}").function("f").abstract


@pytest.mark.parametrize("body", ["return 1", "pass", "raise ValueError", "'Text.'\n return 1"])
def test_a_function_with_code_is_not(body: str) -> None:
    assert not Code(f"def f(self):\n {body}").function("f").abstract


# -- match ----------------------------------------------------------------------------------------------


def test_cases_bind_names_and_meet() -> None:
    source = """
        def f(event):
            found = 0
            match event:
                case {"kind": kind, **rest}:
                    found = 1
                case [first, *others] if first:
                    found = 2
                case Point(x=0, y=found) | (_ as found):
                    pass
            return found
        """
    assert returned(source) == {0, 1, 2, "Attr", "slot 0"}


def test_patterns_compare_with_values() -> None:
    code = Code("def f(x):\n match x:\n  case Color.RED | 5: return 1")
    body = code.body("f")
    compared = [values(body, op.right) for op in body.ops if isinstance(op, Operate)]
    assert compared == [{"Attr"}, {5}]


# -- imports --------------------------------------------------------------------------------------------


def test_imports_are_noted_with_what_they_name() -> None:
    code = Code(
        """
        import a.b, c as d
        from ..e import f, g as h
        from i import *
        if TYPE_CHECKING:
            from j import k
        """
    )
    assert [(fact.module, fact.level, fact.names, fact.type_checking) for fact in code.facts.imports] == [
        ("a.b", 0, (), False), ("c", 0, (), False), ("e", 2, ("f", "g"), False), ("i", 0, ("*",), False),
        ("j", 0, ("k",), True),
    ]  # fmt: skip
    assert code.facts.stars == (("i", 0),)
    assert sorted(code.body("").cells) == ["a", "d", "f", "h", "k"]


def test_importing_a_submodule_binds_the_package_and_loads_both() -> None:
    imports = [op.module for op in Code("import a.b").ops("", Import)]
    assert imports == ["a", "a.b"]


def test_exports_are_what_all_lists() -> None:
    assert Code("__all__ = ['a', 'b']").facts.exports == ("a", "b")
    assert Code("x = 1").facts.exports is None


# -- what is not used -----------------------------------------------------------------------------------


def test_results_of_calls_that_nobody_reads_are_known() -> None:
    code = Code("def f():\n a()\n x = b()\n y = c()\n return y")
    body = code.body("f")
    functions = {op.dst: values(body, op.func) for op in body.ops if isinstance(op, Call)}
    assert [functions[slot] for slot in body.unused] == [{"0:a"}, {"0:b"}]


# -- places ---------------------------------------------------------------------------------------------


def test_columns_count_characters_and_not_bytes() -> None:
    code = Code("def f():\n return 'ééé→😀', größe.wert(1)")
    ops = [op for op in code.body("f").ops if isinstance(op, Load | Attr | Call)]
    assert [code.text(op.at) for op in ops] == ["größe", "größe.wert", "größe.wert(1)"]


def test_columns_behind_tabs_and_form_feeds_are_right() -> None:
    code = Code("if x:\n\tα = 'é'; call(α)\n\x0c\ny = 'é'; call(y)")
    assert [code.text(op.at) for op in code.ops("", Call)] == ["call(α)", "call(y)"]


def test_the_place_of_a_definition_is_its_name() -> None:
    code = Code("class Größe:\n async def prüfe(self): pass\n")
    assert [code.text(function.at) for function in code.facts.functions[1:]] == ["Größe", "prüfe"]
    assert code.text(code.facts.classes[0].at) == "Größe"


@pytest.mark.parametrize(("source", "lines"), [("", 0), ("x", 1), ("x\n", 1), ("x\n\n", 2), ("x\ny", 2)])
def test_lines_are_counted_as_editors_do(source: str, lines: int) -> None:
    assert extract(source).lines == lines


# -- what only some versions of Python have -------------------------------------------------------------


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type parameters are new in Python 3.12")
def test_type_parameters_and_aliases_are_no_obstacle() -> None:
    code = Code(
        """
        type Pair[T] = tuple[T, T]
        class C[T: (int, str)]: pass
        def f[**P, *Ts](x: int) -> int: return x
        """
    )
    assert code.returned() == {"slot 0"}
    assert [cls.name for cls in code.facts.classes] == ["C"]


@pytest.mark.skipif(sys.version_info < (3, 14), reason="template strings are new in Python 3.14")
def test_template_strings_evaluate_their_parts() -> None:
    code = Code('def f(): return t"{g()} {h!r:>{w}}"')
    assert [len(op.parts) for op in code.ops("f", Format)][-1] == 2
    assert len(code.ops("f", Call)) == 1


def test_f_strings_evaluate_their_parts_and_formats() -> None:
    code = Code('def f(): return f"{g()} {h!r:>{w}}"')
    names = [op.name for op in code.ops("f", Load)]
    assert names == ["g", "h", "w"]
    assert code.returned() == {"Format"}


# -- errors and limits ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("source", "line"), [("x = (\n", 1), ("a\nb c\n", 2), ("x = '\ud800'\nb c", 2)])
def test_text_that_is_not_python_is_an_error_with_its_place(source: str, line: int) -> None:
    with pytest.raises(ExtractError) as error:
        extract(source)
    assert error.value.line in (1, line)
    assert error.value.reason


def test_nesting_has_no_practical_limit() -> None:
    deep = "def f(): return " + " + ".join(["a"] * 900)
    assert len(Code(deep).ops("f", Operate)) == 899
    with pytest.raises(ExtractError, match="nested"):
        extract("x = " + "(" * 150 + "[" * 1000 + "]" * 1000 + ")" * 150)


def test_the_limit_of_recursion_is_as_before_afterwards() -> None:
    limit = sys.getrecursionlimit()
    extract("x = 1")
    assert sys.getrecursionlimit() == limit


def test_facts_survive_the_way_to_the_store_and_back() -> None:
    source = "import a\nclass C(a.B):\n x: dict[str, int] = {}\n async def f(self): return [lambda: 1]"
    facts = extract(source)
    again = decode_module(encode_module(facts))
    assert encode_module(again) == encode_module(facts)
    assert again.head == facts.head
