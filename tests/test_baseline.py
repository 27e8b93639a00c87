"""A baseline knows old findings again after the code around them has moved."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from color_checker.baseline import Baseline, Split, read_baseline, write_baseline
from color_checker.errors import ConfigError
from color_checker.findings import Color, Effect, Finding


def finding(path: str, line: int, function: str = "app.trial", name: str = "clock") -> Finding:
    return Finding(
        code="CC201",
        name=name,
        severity="error",
        path=path,
        line=line,
        column=5,
        end_line=line,
        end_column=9,
        message="reads the clock",
        function=function,
        color=Color.WORKFLOW,
        engine="temporal",
        effect=Effect.CLOCK,
        witness=(),
    )


def lines(path: str) -> Sequence[str]:
    try:
        return Path(path).read_text().split("\n")
    except OSError:
        return ()


@pytest.fixture(autouse=True)
def _in_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("app.py").write_text("def trial():\n    now()\n    x = 1\n    now()\n")


BASELINE = Path("baseline.json")


def split(*findings: Finding, checked: Sequence[str] | None = None) -> Split:
    return read_baseline(BASELINE).split(findings, lines, checked)


def test_what_was_written_is_known_and_the_rest_is_new() -> None:
    old, new = finding("app.py", 2), finding("app.py", 3)
    assert write_baseline(BASELINE, [old], lines) == 1
    assert split(old, new) == Split(new=(new,), known=(old,), stale=0)


def test_a_finding_whose_line_moved_or_was_indented_is_known() -> None:
    write_baseline(BASELINE, [finding("app.py", 3)], lines)
    Path("app.py").write_text("# more\n\n\ndef trial():\n    if y:\n        x  =  1\n")
    assert split(finding("app.py", 6)).new == ()


def test_of_equal_findings_as_many_are_known_as_were_written() -> None:
    write_baseline(BASELINE, [finding("app.py", 2)], lines)
    assert split(finding("app.py", 2), finding("app.py", 4)) == Split(
        new=(finding("app.py", 4),), known=(finding("app.py", 2),), stale=0
    )
    write_baseline(BASELINE, [finding("app.py", 2), finding("app.py", 4)], lines)
    assert split(finding("app.py", 2), finding("app.py", 4)).new == ()
    assert split(finding("app.py", 4)).stale == 1


@pytest.mark.parametrize(
    "changed",
    [finding("app.py", 2, name="random"), finding("app.py", 2, function="app.other"), finding("app.py", 3)],
)
def test_another_rule_function_or_line_is_new(changed: Finding) -> None:
    write_baseline(BASELINE, [finding("app.py", 2)], lines)
    assert split(changed) == Split(new=(changed,), known=(), stale=1)


def test_a_renamed_file_keeps_its_known_findings() -> None:
    write_baseline(BASELINE, [finding("app.py", 2)], lines)
    os.rename("app.py", "moved.py")
    assert split(
        finding("moved.py", 2, function="moved.trial"), finding("moved.py", 4, function="moved.trial")
    ) == Split(
        new=(finding("moved.py", 4, function="moved.trial"),),
        known=(finding("moved.py", 2, function="moved.trial"),),
        stale=0,
    )


def test_a_copied_file_does_not_share_known_findings() -> None:
    write_baseline(BASELINE, [finding("app.py", 2)], lines)
    Path("copy.py").write_text(Path("app.py").read_text())
    assert split(finding("copy.py", 2)).known == ()


def test_the_working_directory_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_baseline(BASELINE, [finding("app.py", 2)], lines)
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    baseline = read_baseline(tmp_path / BASELINE)
    assert baseline.split([finding("../app.py", 2)], lines).new == ()


def test_entries_of_rules_that_were_not_applied_are_not_stale() -> None:
    write_baseline(BASELINE, [finding("app.py", 2), finding("gone.py", 1, name="random")], lines)
    baseline = read_baseline(BASELINE)
    assert baseline.split([], lines, applies=lambda rule: rule == "clock").stale == 1
    assert baseline.split([], lines, applies=lambda rule: rule == "random").stale == 1
    assert baseline.split([], lines).stale == 2


def test_files_whose_names_are_no_utf_8_are_known_again() -> None:
    name = os.fsdecode(b"caf\xe9.py")
    Path(name).write_text("now()\n")
    found = finding(name, 1, function=f"{name[:-3]}.trial")
    write_baseline(BASELINE, [found], lines)
    assert split(found) == Split(new=(), known=(found,), stale=0)
    assert split().stale == 1


def test_entries_of_files_that_were_not_checked_are_not_stale() -> None:
    Path("other.py").write_text("now()\n")
    write_baseline(BASELINE, [finding("app.py", 2), finding("other.py", 1)], lines)
    assert split(checked=["app.py"]).stale == 1
    assert split(checked=[]).stale == 0
    assert split().stale == 2


def test_the_file_is_sorted_json_with_an_entry_a_line() -> None:
    write_baseline(BASELINE, [finding("app.py", line) for line in (4, 3, 2)], lines)
    text = BASELINE.read_text()
    assert text == (
        '{"version": 1, "findings": [\n'
        '  {"path":"app.py","name":"clock","function":"app.trial","source":"now()","count":2},\n'
        '  {"path":"app.py","name":"clock","function":"app.trial","source":"x = 1","count":1}\n'
        "]}\n"
    )
    assert json.loads(text)["version"] == 1


def test_an_empty_baseline_is_a_baseline() -> None:
    assert write_baseline(BASELINE, [], lines) == 0
    assert split(finding("app.py", 2)).new == (finding("app.py", 2),)
    assert Baseline().split([], lines) == Split((), (), 0)


def test_a_finding_beyond_the_end_of_its_file_is_kept_by_its_function() -> None:
    write_baseline(BASELINE, [finding("gone.py", 9)], lines)
    assert split(finding("gone.py", 3)).new == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "baseline.json:1: is not a valid baseline"),
        ("{", "baseline.json:1: is not a valid baseline"),
        ('{"version": 1, "findings": [\n  {"path"; 1}\n]}', "baseline.json:2: is not a valid baseline"),
        ('{"version": 1, "findings": [\n  {"path": 1}\n]}', "baseline.json:2: is not a valid baseline"),
        ('{"version": 9, "findings": []}', "baseline.json: is a baseline of version 9; write it again"),
        ("[]", "baseline.json:1: is not a valid baseline"),
    ],
)
def test_a_bad_file_is_reported_with_its_line(content: str, message: str) -> None:
    BASELINE.write_text(content)
    with pytest.raises(ConfigError) as caught:
        read_baseline(BASELINE)
    assert str(caught.value).startswith(message)


def test_a_missing_file_and_one_that_cannot_be_written_are_reported() -> None:
    with pytest.raises(ConfigError, match="there is no such baseline; make it with `color-checker check --w"):
        read_baseline(BASELINE)
    with pytest.raises(ConfigError, match="cannot be written: No such file"):
        write_baseline(Path("none/baseline.json"), [], lines)
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_baseline(Path("."))


BEGINNING = st.from_regex(rb'\{"version": 1, "findings": \[.*', fullmatch=True)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # the working directory, which may stay
@given(content=st.one_of(st.binary(), st.text().map(str.encode), BEGINNING))
def test_any_bytes_are_a_baseline_or_a_configuration_error(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.getbasetemp() / "fuzz.json"
    file.write_bytes(content)
    message = str(file)
    try:
        read_baseline(file)
    except ConfigError as error:
        message = str(error)
    assert message.startswith(str(file))
    assert "\n" not in message
