"""Names by which steps and child workflows are called: what fixes write, and what they bring out."""

from __future__ import annotations

from pathlib import Path

import pytest

from color_checker import fixing
from color_checker.fixes.naming import is_slip
from tests.fixes.changed import with_texts
from tests.fixes.trying import fix, fixed, offered, write


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


ELSEWHERE = """
    import os
    from datetime import timedelta

    from temporalio import workflow


    @workflow.defn
    class Trial:
        @workflow.run
        async def run(self, name: str) -> object:
            await workflow.execute_activity("greet", name, start_to_close_timeout=timedelta(seconds=5))
            return os.environ["HOME"]
"""


def test_the_first_step_of_a_project_stays_although_older_names_are_then_unknown(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": ELSEWHERE})
    outcome = fix(tmp_path, unsafe=True)
    assert "def environ_activity(" in (tmp_path / "app.py").read_text()
    assert [item.finding.name for item in outcome.fixed] == ["environment"]
    assert [(item.finding.name, item.reason) for item in outcome.left] == [
        ("unknown-name", "is not new: it is told of now that the project has a step of its own")
    ]
    assert not fix(tmp_path, unsafe=True).changes


def test_older_names_may_stand_in_files_in_which_nothing_else_is_found(tmp_path: Path) -> None:
    other = ELSEWHERE.replace("class Trial", "class Other").replace('os.environ["HOME"]', "name")
    write(tmp_path, {"app.py": ELSEWHERE, "other.py": other})
    outcome = fix(tmp_path, unsafe=True)
    assert [item.finding.name for item in outcome.fixed] == ["environment"]
    assert {item.finding.path for item in outcome.left} == {"app.py", "other.py"}
    assert not fix(tmp_path, unsafe=True).changes


def test_an_unknown_name_that_a_fix_writes_is_a_new_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worse = with_texts(lambda edit: edit.text.replace("(environ_activity,", '("environ",'))
    write(tmp_path, {"app.py": ELSEWHERE})
    text = (tmp_path / "app.py").read_text()
    monkeypatch.setattr(fixing, "each_fix", worse)
    outcome = fix(tmp_path, unsafe=True)
    assert [item.reason for item in outcome.left] == ["its fix leads to another finding"]
    assert (tmp_path / "app.py").read_text() == text


CALLS = """
    from datetime import timedelta

    from temporalio import activity, workflow

    NAME = "chrage"


    @activity.defn
    async def charge(order: str) -> str:
        return order


    @activity.defn(name="it's sent")
    async def send(order: str) -> str:
        return order


    @workflow.defn(name="Trial Period")
    class Trial:
        @workflow.run
        async def run(self, order: str) -> None:
            limit = timedelta(seconds=5)
            {call}
"""
REST = ", order, start_to_close_timeout=limit)"


@pytest.mark.parametrize(
    ("call", "after"),
    [
        (
            f'await workflow.execute_activity("chrage"{REST}',
            f'await workflow.execute_activity("charge"{REST}',
        ),
        (
            f"await workflow.execute_activity('Charge'{REST}",
            f"await workflow.execute_activity('charge'{REST}",
        ),
        (
            "await workflow.start_activity(args=['chrage'], activity='chrage', start_to_close_timeout=limit)",
            "await workflow.start_activity(args=['chrage'], activity='charge', start_to_close_timeout=limit)",
        ),
        (
            f"await workflow.execute_activity('its_sent'{REST}",
            f'await workflow.execute_activity("it\'s sent"{REST}',
        ),
        (
            'await workflow.execute_child_workflow("trial_period", order, id="trial")',
            'await workflow.execute_child_workflow("Trial Period", order, id="trial")',
        ),
    ],
)
def test_a_name_that_is_nearly_a_registered_one_becomes_it(tmp_path: Path, call: str, after: str) -> None:
    text = fixed(tmp_path, CALLS.format(call=call), unsafe=True)
    assert text.endswith(f"        {after}\n")
    assert offered(tmp_path) == []
    assert not fix(tmp_path, unsafe=True).changes


@pytest.mark.parametrize("name", ["NAME", '"charge_later"', '"charge2"', '"refund"', '"cha" "rgee"'])
def test_other_names_are_left_for_somebody_to_look_at(tmp_path: Path, name: str) -> None:
    before = CALLS.format(call=f"await workflow.execute_activity({name}{REST}")
    text = fixed(tmp_path, before, unsafe=True)
    assert f"execute_activity({name}, order" in text
    assert offered(tmp_path) == []


def test_a_name_is_never_changed_without_being_asked(tmp_path: Path) -> None:
    text = CALLS.format(call=f'await workflow.execute_activity("chrage"{REST}')
    assert '"chrage", order' in fixed(tmp_path, text)
    assert [one.title for _, one in offered(tmp_path)] == ["Call it `charge`"]


def test_a_name_in_a_helper_is_changed_where_it_stands(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": CALLS.format(call="await later(order, limit)") + """

    async def later(order: str, limit: timedelta) -> None:
        await workflow.execute_activity("chrage", order, start_to_close_timeout=limit)
"""})  # fmt: skip
    outcome = fix(tmp_path, unsafe=True)
    assert [item.finding.name for item in outcome.fixed] == ["unknown-name"]
    assert 'workflow.execute_activity("charge", order' in (tmp_path / "app.py").read_text()


def test_of_two_names_that_are_as_near_none_is_chosen(tmp_path: Path) -> None:
    text = CALLS.format(call=f'await workflow.execute_activity("chargeC"{REST}').replace(
        "def charge(", "def chargeA("
    )
    assert '"chargeA", order' in fixed(tmp_path, text, unsafe=True)
    assert '"chargeC", order' in fixed(tmp_path, text.replace("it's sent", "chargeB"), unsafe=True)


@pytest.mark.parametrize(
    ("written", "meant", "expected"),
    [
        ("chrage", "charge", True),
        ("charg", "charge", True),
        ("Charge", "charge", True),
        ("send-mail", "sendMail", True),
        ("send_mial_now", "send_mail_noww", True),
        ("send_mail", "send_mail_activity", False),
        ("charge_v1", "charge_v2", False),
        ("pay", "say", False),
        ("send", "sned", True),
        ("lock", "unlock", False),
    ],
)
def test_what_counts_as_a_slip(written: str, meant: str, expected: bool) -> None:
    assert is_slip(written, meant) is expected
    assert is_slip(meant, written) is expected
