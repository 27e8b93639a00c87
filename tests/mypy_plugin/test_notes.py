"""Below an error stand the proof and the place where the rule is explained, each once."""

from __future__ import annotations

from pathlib import Path

from tests.mypy_plugin.runner import check, configure, run_mypy, write

CHAIN = {
    "rates.py": """\
import datetime


def today() -> datetime.date:
    return datetime.date.today()
""",
    "prices.py": "import rates\n\n\ndef quote() -> int:\n    return rates.today().day\n",
    "flows.py": """\
import datetime

from prices import quote
from runtime_min import workflow


@workflow
async def trial() -> int:
    return quote()  # E: clock "datetime.date.today"


@workflow
async def renewal() -> int:
    return datetime.date.today().day  # E: clock "datetime.date.today"
""",
}


def test_the_witness_leads_from_the_call_to_the_effect(tmp_path: Path) -> None:
    result = check(tmp_path, CHAIN)
    notes = [note.text for note in result.notes if note.line == 9]
    assert notes == [
        "Proof: flows.trial -> prices.quote -> rates.today -> datetime.date.today",
        "  flows.py:9: flows.trial reaches prices.quote",
        "  prices.py:5: prices.quote reaches rates.today",
        "  rates.py:5: rates.today reaches datetime.date.today",
        'See "color-checker explain clock"',
    ]


def test_a_rule_is_explained_once_in_a_module(tmp_path: Path) -> None:
    result = check(tmp_path, CHAIN)
    assert [note.line for note in result.notes if "explain" in note.text] == [9]


def test_each_module_says_where_its_rules_are_explained(tmp_path: Path) -> None:
    other = """\
import time

from runtime_min import workflow


@workflow
async def flow() -> float:
    return time.time()  # E: clock
"""
    result = check(tmp_path, {**CHAIN, "others.py": other})
    places = [(note.path, note.line) for note in result.notes if "explain" in note.text]
    assert sorted(places) == [("flows.py", 9), ("others.py", 8)]


def test_what_is_ignored_is_not_explained_in_its_stead_the_next_is(tmp_path: Path) -> None:
    source = CHAIN["flows.py"].replace('# E: clock "datetime.date.today"', "# type: ignore[clock]", 1)
    result = check(tmp_path, {**CHAIN, "flows.py": source})
    assert [note.line for note in result.notes if "explain" in note.text] == [14]


def test_a_disabled_code_leaves_no_notes(tmp_path: Path) -> None:
    write(tmp_path, CHAIN)
    configure(tmp_path)
    result = run_mypy(tmp_path, "--disable-error-code", "clock", ".")
    assert result.messages == ()


def test_the_context_of_an_error_is_the_users_function(tmp_path: Path) -> None:
    write(tmp_path, {
        "app.py": """\
import time

from temporalio import workflow


@workflow.defn
class Trial:
    @workflow.run
    async def run(self) -> float:
        return time.time()

    @workflow.signal
    def poke(self) -> None:
        def inner() -> None:
            time.time()

        inner()


class Plain:
    # color: pure
    def price(self) -> float:
        return time.time()


if True:

    def season() -> float:  # color: pure
        return time.time()


x = 1  # color: ignore[clock]
"""
    })  # fmt: skip
    configure(tmp_path)
    result = run_mypy(tmp_path, "--show-error-context", ".")
    contexts = [line for line in result.stdout.splitlines() if ": note: In " in line or "top level" in line]
    assert [line.partition("note: ")[2] for line in contexts] == [
        'In member "run" of class "Trial":',
        'In function "poke":',
        'In member "price" of class "Plain":',
        'In function "season":',
        "At top level:",
    ]
    assert "__color" not in result.stdout


def test_pretty_output_marks_the_call(tmp_path: Path) -> None:
    write(tmp_path, CHAIN)
    configure(tmp_path)
    result = run_mypy(tmp_path, "--pretty", ".")
    lines = result.stdout.splitlines()
    source = lines.index('        return quote()  # E: clock "datetime.date.today"')
    assert lines[source + 1].strip() == "^~~~~~~"
