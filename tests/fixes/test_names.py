"""Names by which steps and child workflows are called: what fixes write, and what they bring out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixes.trying import fix, write


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


def test_an_unknown_name_that_a_fix_writes_is_a_new_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import msgspec

    from color_checker import fixing
    from color_checker.fixes import Fix, fixes_for

    def worse(*arguments: object, **options: bool) -> tuple[Fix, ...]:
        return tuple(
            msgspec.structs.replace(
                fix,
                edits=tuple(
                    msgspec.structs.replace(e, text=e.text.replace("(environ_activity,", '("environ",'))
                    for e in fix.edits
                ),
            )
            for fix in fixes_for(*arguments)  # type: ignore[arg-type]
        )

    write(tmp_path, {"app.py": ELSEWHERE})
    text = (tmp_path / "app.py").read_text()
    monkeypatch.setattr(fixing, "each_fix", worse)
    outcome = fix(tmp_path, unsafe=True)
    assert [item.reason for item in outcome.left] == ["its fix leads to another finding"]
    assert (tmp_path / "app.py").read_text() == text
