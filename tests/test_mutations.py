"""Who changes what: through aliases, calls and classes, and when it does not count."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

import color_checker

RULES = ("global-write", "global-read", "captured-write")

HEAD = "from dbos import DBOS\n"


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Checks files given by name; gives (path, text of the line, rule) of each finding of the three rules."""

    def run(**files: str) -> set[tuple[str, str, str]]:
        lines: dict[str, list[str]] = {}
        for name, text in files.items():
            path = tmp_path / f"{name}.py"
            path.write_text(HEAD + dedent(text), encoding="utf-8")
            lines[path.name] = path.read_text(encoding="utf-8").splitlines()
        monkeypatch.chdir(tmp_path)
        report = color_checker.check([tmp_path], cache=False)
        return {
            (finding.path, lines[finding.path][finding.line - 1].strip(), finding.name)
            for finding in report.findings
            if finding.name in RULES
        }

    return run


def test_a_write_through_a_function_that_returns_a_global_is_found(found) -> None:  # type: ignore[no-untyped-def]
    assert found(app="""
        CACHE: dict[str, int] = {}

        def cache() -> dict[str, int]:
            return CACHE

        @DBOS.workflow()
        def order(item: str) -> None:
            cache()[item] = 1
    """) == {("app.py", "cache()[item] = 1", "global-write")}  # fmt: skip


def test_a_global_mutated_by_functions_that_call_each_other_is_found(found) -> None:  # type: ignore[no-untyped-def]
    assert found(app="""
        SEEN: list[int] = []

        def even(rows: list[int], n: int) -> None:
            if n:
                odd(rows, n - 1)

        def odd(rows: list[int], n: int) -> None:
            rows.append(n)
            even(rows, n - 1)

        @DBOS.workflow()
        def order(n: int) -> None:
            even(SEEN, n)
            even([], n)
    """) == {("app.py", "even(SEEN, n)", "global-write")}  # fmt: skip


def test_the_same_helper_may_change_what_the_workflow_made(found) -> None:  # type: ignore[no-untyped-def]
    assert not found(
        app="""
        TABLE = {"a": [1]}

        def note(rows: list[int]) -> None:
            rows.append(1)

        @DBOS.workflow()
        def order() -> int:
            rows = list(TABLE["a"])
            note(rows)
            copied = dict(TABLE)
            copied.update(b=[2])
            return len(rows)

        note(TABLE["a"])
    """
    )


def test_state_kept_on_self_that_is_a_modules_object_is_found(found) -> None:  # type: ignore[no-untyped-def]
    assert found(app="""
        CACHE: dict[str, int] = {}

        class Prices:
            def __init__(self) -> None:
                self.cache = CACHE
                self.own: dict[str, int] = {}

            def keep(self, item: str) -> None:
                self.own[item] = 1
                self.cache[item] = 1

        @DBOS.workflow()
        def order(item: str) -> None:
            Prices().keep(item)
    """) == {("app.py", "Prices().keep(item)", "global-write")}  # fmt: skip


def test_a_setter_method_of_a_modules_object_changes_what_a_getter_method_reads(found) -> None:  # type: ignore[no-untyped-def]
    assert found(app="""
        class Settings:
            def __init__(self) -> None:
                self.limit = 1
                self.name = "x"

            def get_limit(self) -> int:
                return self.limit

            def get_name(self) -> str:
                return self.name

        SETTINGS = Settings()

        def raise_limit() -> None:
            SETTINGS.limit = 5

        @DBOS.workflow()
        def order() -> str:
            low = SETTINGS.get_limit()
            return SETTINGS.get_name() * low
    """) == {("app.py", "low = SETTINGS.get_limit()", "global-read")}  # fmt: skip


def test_a_function_elsewhere_that_only_decorators_call_changes_nothing_later(found) -> None:  # type: ignore[no-untyped-def]
    assert not found(
        table="""
        NAMES: list[str] = []

        def register(function):
            NAMES.append(function.__name__)
            return function
        """,
        plugin="""
        from table import register

        @register
        def one() -> None:
            return None
        """,
        app="""
        from table import NAMES

        @DBOS.workflow()
        def order() -> int:
            return len(NAMES)
        """,
    )


def test_what_main_sets_before_the_workflow_runs_is_a_change(found) -> None:  # type: ignore[no-untyped-def]
    assert found(app="""
        debug = False

        def main() -> None:
            global debug
            debug = True

        @DBOS.workflow()
        def order() -> bool:
            return debug

        if __name__ == "__main__":
            main()
    """) == {("app.py", "return debug", "global-read")}  # fmt: skip


def test_a_class_given_to_an_unknown_call_is_not_the_object_that_comes_back(found) -> None:  # type: ignore[no-untyped-def]
    assert not found(
        app="""
        from unknown_agents import Agent

        class Answer:
            text: str = ""

        @DBOS.workflow()
        def order() -> None:
            agent = Agent(output_type=Answer)
            agent.output_type = None
    """
    )


def test_loggers_may_be_changed(found) -> None:  # type: ignore[no-untyped-def]
    assert not found(
        app="""
        import logging

        logger = logging.getLogger("x")

        @DBOS.workflow()
        def order() -> None:
            logger.disabled = False
            logger.handlers.append(None)
    """
    )


def test_a_step_that_changes_what_its_workflow_got_is_found(found) -> None:  # type: ignore[no-untyped-def]
    assert found(app="""
        @DBOS.workflow()
        def order(items: list[str]) -> None:
            def work() -> list[str]:
                own = list(items)
                own.append("x")
                items.append("y")
                return own

            DBOS.run_step(None, work)
    """) == {("app.py", 'items.append("y")', "captured-write")}  # fmt: skip


def test_an_object_made_from_a_class_that_a_call_got_is_not_the_class(found) -> None:  # type: ignore[no-untyped-def]
    assert not found(
        app="""
        from dataclasses import dataclass

        @dataclass
        class Part:
            count: int = 0

        @dataclass
        class Action:
            part: Part | None = None

        def convert(hint, value):
            if value is None:
                return hint
            return hint(**value)

        def lower(action: Action) -> None:
            action.part.count -= 1

        @DBOS.workflow()
        def order(raw: dict) -> None:
            lower(convert(Action, raw))
    """
    )


def test_what_a_function_for_tests_resets_does_not_change_for_workflows(found) -> None:  # type: ignore[no-untyped-def]
    assert not found(
        app="""
        limit = 10

        def reset_for_tests() -> None:
            global limit
            limit = 10

        @DBOS.workflow()
        def order() -> int:
            return limit
    """
    )


def test_what_makes_a_field_is_not_the_object_that_has_the_field(found) -> None:  # type: ignore[no-untyped-def]
    assert found(
        app="""
        from dataclasses import dataclass, field
        from functools import partial

        DEFAULTS: list[str] = ["bag"]

        @dataclass
        class Basket:
            owner: str = ""
            items: list[str] = field(default_factory=lambda: DEFAULTS)

        def assign(basket: Basket) -> None:
            basket.owner = "me"

        @DBOS.workflow()
        def order() -> str:
            basket = Basket()
            basket.owner = "you"
            assign(basket)
            return basket.owner

        made = partial(Basket, owner="he")

        @DBOS.workflow()
        def partially() -> str:
            basket = made()
            basket.owner = "she"
            return basket.owner

        @DBOS.workflow()
        def add(item: str) -> None:
            Basket().items.append(item)
    """
    ) == {("app.py", "Basket().items.append(item)", "global-write")}


def test_an_object_that_new_takes_from_a_module_is_the_modules(found) -> None:  # type: ignore[no-untyped-def]
    assert found(
        app="""
        class Settings:
            limit = 1

            def __new__(cls) -> "Settings":
                return SETTINGS

        SETTINGS = object.__new__(Settings)

        @DBOS.workflow()
        def order() -> None:
            Settings().limit = 2
    """
    ) == {("app.py", "Settings().limit = 2", "global-write")}


def test_changes_below_many_callers_are_found_in_reasonable_time(found) -> None:  # type: ignore[no-untyped-def]
    layers, width = 12, 8
    lines = ["class Store:", "    def __init__(self) -> None:", "        self.rows: list[int] = []", ""]
    lines += [f"def f0_{i}(store: Store) -> None:\n    store.rows.append({i})\n" for i in range(width)]
    for layer in range(1, layers):
        calls = "".join(f"\n    f{layer - 1}_{i}(store)" for i in range(width))
        lines += [f"def f{layer}_{i}(store: Store) -> None:{calls}\n" for i in range(width)]
    lines += [
        "STORE = Store()",
        "",
        "@DBOS.workflow()",
        "def order() -> None:",
        f"    f{layers - 1}_0(STORE)",
    ]
    assert found(app="\n".join(lines)) == {("app.py", f"f{layers - 1}_0(STORE)", "global-write")}
