"""Rules are complete and consistent: names, explanations, messages and examples."""

from __future__ import annotations

import ast
import re

import pytest

from color_checker.engines.loader import load_profiles
from color_checker.findings import Effect
from color_checker.rules import all_rules, rule_named
from color_checker.rules.base import EXPECT, Example, Rule
from color_checker.rules.effect import EffectRule, use_instead

RULES = all_rules()
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)

#: The table of rules, as README and docs print it. CC401 and CC402 need types and live elsewhere.
TABLE = """\
CC101 workflow-called-directly error
CC102 step-bypasses-engine error
CC103 primitive-outside-workflow error
CC104 color-lost error
CC105 not-awaited error
CC106 effectful-import error
CC107 nested-operation error
CC201 clock error
CC202 random error
CC203 identity error
CC204 environment error
CC205 filesystem error
CC206 network error
CC207 process error
CC208 thread error
CC209 scheduling error
CC210 unordered error
CC211 blocking error
CC212 console warning
CC213 interpreter warning
CC214 dynamic-code warning
CC301 global-write error
CC302 global-read error
CC303 captured-write error
CC304 mutable-default warning
CC305 unstable-key error
CC401 not-serializable error
CC402 step-arguments error
CC403 unknown-name warning
CC601 swallows-control-flow warning
CC602 unbounded-history warning
CC901 unused-suppression warning
CC902 gap note
"""


def examples(rule: type[Rule]) -> tuple[Example, ...]:
    return rule.bad + rule.good


def test_the_table_of_rules_is_stable_and_sorted_by_code() -> None:
    assert "".join(f"{rule.code} {rule.name} {rule.severity}\n" for rule in RULES) == TABLE


def test_each_effect_has_one_rule_of_its_name() -> None:
    assert [rule.effect for rule in RULES if issubclass(rule, EffectRule)] == list(Effect)
    assert all(rule.effect in (None, rule.name) for rule in RULES)


@each_rule
def test_a_rule_is_found_by_name_and_by_code(rule: type[Rule]) -> None:
    assert rule_named(rule.name) is rule
    assert rule_named(rule.code) is rule
    assert rule_named(rule.code.lower()) is rule


def test_what_is_no_rule_is_not_found() -> None:
    assert rule_named("clokc") is None
    assert rule_named("") is None


@each_rule
def test_a_rule_stands_in_a_module_of_its_name(rule: type[Rule]) -> None:
    assert rule.__module__ == "color_checker.rules." + rule.name.replace("-", "_")


@each_rule
def test_an_explanation_has_a_summary_and_three_sections(rule: type[Rule]) -> None:
    text = rule.explanation()
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == [
        "What it does",
        "Why is this bad",
        "Use instead",
    ]
    summary, *sections = re.split(r"\n\n## .*\n\n", text)
    assert re.fullmatch(r"[A-Z].*\.", summary), "the summary is one line and ends in a full stop"
    assert all(len(section) > 50 for section in sections)
    assert not rule.summary().endswith(".")
    assert all(line.count("`") % 2 == 0 for line in text.splitlines()), "code stays on one line"


@each_rule
def test_a_rule_has_three_examples_of_either_kind_and_one_across_files(rule: type[Rule]) -> None:
    assert len(rule.bad) >= 3
    assert len(rule.good) >= 3
    assert any(len(example.files) > 1 for example in rule.bad) or rule.name == "effectful-import"


@each_rule
def test_the_titles_of_examples_are_clauses_that_differ(rule: type[Rule]) -> None:
    titles = [example.title for example in examples(rule)]
    assert len(set(titles)) == len(titles)
    assert all(title and not title.endswith(".") for title in titles)


@each_rule
def test_bad_examples_expect_their_own_rule_and_good_ones_nothing(rule: type[Rule]) -> None:
    for example in rule.bad:
        assert rule.name in {name for _, _, name in example.expected()}, example.title
    for example in rule.good:
        assert not example.expected(), example.title


@each_rule
def test_markers_name_rules_and_are_written_in_one_way(rule: type[Rule]) -> None:
    for example in examples(rule):
        assert all(rule_named(name) for _, _, name in example.expected()), example.title
        for source in example.files.values():
            assert source.count("expect:") == len(EXPECT.findall(source)), example.title


@each_rule
def test_examples_are_python_and_stay_so_without_markers(rule: type[Rule]) -> None:
    for example in examples(rule):
        for path, source in example.files.items():
            assert source.endswith("\n") or not source, path
            assert "\t" not in source
            compile(source, path, "exec", dont_inherit=True)
        for path, source in example.shown().items():
            assert "expect:" not in source
            assert ast.dump(ast.parse(source)) == ast.dump(ast.parse(example.files[path]))


def test_shown_examples_lose_the_marker_and_nothing_else() -> None:
    example = Example({"a.py": "x = now()  # expect: clock, random\ny = 1  # why\n"})
    assert example.shown() == {"a.py": "x = now()\ny = 1  # why\n"}
    assert example.expected() == {("a.py", 1, "clock"), ("a.py", 1, "random")}


def test_every_engine_is_met_in_the_examples() -> None:
    imported = {
        module
        for rule in RULES
        for example in examples(rule)
        for source in example.files.values()
        for module in re.findall(r"^(?:from|import) ([\w.]+)", source, re.MULTILINE)
    }
    engines = {"temporal", "dbos", "runtime_min", "restate", "aws", "durabletask", "azure"}
    profiles = load_profiles()
    met = {
        name
        for name in engines
        for package in profiles[name].packages
        if any(module == package or module.startswith(package + ".") for module in imported)
    }
    assert met == engines


@pytest.mark.parametrize(
    ("replacement", "sentence"),
    [
        ("workflow.now()", "Use `workflow.now()`."),
        ("DBOS.sleep(seconds)", "Use `DBOS.sleep(seconds)`."),
        ("await ctx.time()", "Use `await ctx.time()`."),
        ("yield task.when_any([...])", "Use `yield task.when_any([...])`."),
        ("ctx.current_utc_datetime", "Use `ctx.current_utc_datetime`."),
        ("do it in a step", "Do it in a step."),
        ("sorted(...), or keep a list", "Use sorted(...), or keep a list."),
        ("ctx.uuid(), or a key made of arguments", "Use ctx.uuid(), or a key made of arguments."),
        ("workflow.logger, which is silent on replay", "Use workflow.logger, which is silent on replay."),
        ("asyncio.create_task(...) for concurrency", "Use asyncio.create_task(...) for concurrency."),
        ("a signal and workflow.wait_condition(...)", "Use a signal and workflow.wait_condition(...)."),
    ],
)
def test_a_replacement_becomes_a_sentence(replacement: str, sentence: str) -> None:
    assert use_instead(replacement) == sentence


def test_every_replacement_of_every_profile_becomes_one_sentence() -> None:
    for profile in load_profiles().values():
        for replacement in profile.replacements.values():
            sentence = use_instead(replacement)
            assert sentence.endswith(".")
            assert sentence.count("`") in (0, 2)
            assert not sentence[0].islower(), sentence


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if issubclass(rule, EffectRule)], ids=lambda rule: rule.name
)
def test_an_effect_message_is_three_sentences_in_one_line(rule: type[EffectRule]) -> None:
    message = rule.message("some.call")
    assert message.startswith("`some.call` ")
    assert "\n" not in message
    assert len(re.findall(r"\.(?: |$)", message.replace("some.call", "call"))) == 3
    assert rule.message("some.call", "engine.instead()").endswith(" Use `engine.instead()`.")
