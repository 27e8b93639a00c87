"""A helper with an effect becomes a step, and workflows call it through the engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixes.trying import fix, fixed, offered, write

FETCH = '''
    import requests


    # Knows the prices.
    async def fetch(path: str, times: int = 1) -> int:
        """Ask for it."""
        return times * len(requests.get(path).text)
'''

WORKFLOW = """
    from temporalio import workflow

    import prices


    @workflow.defn
    class Trial:
        @workflow.run
        async def run(self, path: str) -> int:
            first = await prices.fetch(path)
            return first + await prices.fetch(times=2, path=path)
"""

PLAIN = """
    from prices import fetch


    async def main() -> None:
        print(await fetch("a"))
"""


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_coroutine_function_becomes_an_activity_of_all_workflows(tmp_path: Path) -> None:
    write(tmp_path, {"prices.py": FETCH, "main.py": PLAIN})
    text = fixed(tmp_path, WORKFLOW, unsafe=True)
    prices = (tmp_path / "prices.py").read_text()
    assert (
        "# Knows the prices.\n@activity.defn\nasync def fetch(path: str, times: int = 1) -> int:\n" in prices
    )
    assert "from temporalio import activity\n" in prices
    timeout = "start_to_close_timeout=timedelta(minutes=1)"
    assert f"first = await workflow.execute_activity(prices.fetch, path, {timeout})\n" in text
    assert f"+ await workflow.execute_activity(prices.fetch, args=[path, 2], {timeout})\n" in text
    assert (tmp_path / "main.py").read_text() == PLAIN.replace("\n    ", "\n").lstrip()
    assert offered(tmp_path) == []


def test_a_plain_function_becomes_a_coroutine_function_only_if_no_others_call_it(tmp_path: Path) -> None:
    prices = FETCH.replace("async def", "def")
    workflow = WORKFLOW.replace("await prices", "prices")
    write(tmp_path, {"prices.py": prices})
    text = fixed(tmp_path, workflow, unsafe=True)
    assert "@activity.defn\nasync def fetch(" in (tmp_path / "prices.py").read_text()
    assert "execute_activity(prices.fetch, path," in text

    write(tmp_path, {"prices.py": prices, "main.py": PLAIN.replace("await ", "")})
    text = fixed(tmp_path, workflow, unsafe=True)
    assert "@activity" not in (tmp_path / "prices.py").read_text()
    assert "def fetch_activity(path: str) -> int:\n    return prices.fetch(path)\n" in text


def test_under_dbos_the_decorator_is_enough(tmp_path: Path) -> None:
    write(tmp_path, {"prices.py": FETCH.replace("async def", "def")})
    before = """
        from dbos import DBOS
        from prices import fetch

        @DBOS.workflow()
        def run(path: str) -> int:
            return fetch(path) + 1
    """
    text = fixed(tmp_path, before, unsafe=True)
    assert text == before.replace("\n        ", "\n").lstrip().rstrip(" ")
    assert "@DBOS.step()\ndef fetch(" in (tmp_path / "prices.py").read_text()


def test_a_function_that_calls_the_engine_is_no_step(tmp_path: Path) -> None:
    helper = """
        import requests
        from temporalio import workflow

        async def fetch(path: str, times: int = 1) -> int:
            await workflow.sleep(1)
            return times * len(requests.get(path).text)
    """
    write(tmp_path, {"prices.py": helper})
    text = fixed(tmp_path, WORKFLOW, unsafe=True)
    assert "await prices.fetch(path)" in text
    prices = (tmp_path / "prices.py").read_text()
    assert (
        "    return times * await workflow.execute_activity(len_activity, " in prices
        or "get_activity" in prices
    )
    assert offered(tmp_path) == []


def test_nothing_outside_of_the_given_paths_is_touched(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"lib/prices.py": FETCH, "app/flow.py": WORKFLOW.replace("import prices", "from lib import prices")},
    )
    fix(tmp_path / "app", unsafe=True)
    assert (tmp_path / "lib/prices.py").read_text() == FETCH.replace("\n    ", "\n").lstrip()


def test_a_call_that_stays_as_it_is_is_no_edit(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "helpers.py": "def load(path: str) -> str:\n    return open(path).read()\n",
            "app.py": """
                from dbos import DBOS

                from helpers import load


                @DBOS.workflow()
                def sell(path: str) -> str:
                    return load(path)
            """,
        },
    )
    titles = {fix.title: {Path(edit.path).name for edit in fix.edits} for _, fix in offered(tmp_path)}
    assert titles["Make `load` a step"] == {"helpers.py"}


def test_the_import_comes_before_a_function_in_the_first_line_of_its_file(tmp_path: Path) -> None:
    helper = """
        def fetch(path: str) -> int:
            import requests
            return len(requests.get(path).text)
    """
    workflow = WORKFLOW.replace("await prices.fetch(path)", "prices.fetch(path)").replace(
        "await prices.fetch(times=2, path=path)", "1"
    )
    write(tmp_path, {"prices.py": helper})
    fixed(tmp_path, workflow, unsafe=True)
    assert (
        (tmp_path / "prices.py")
        .read_text()
        .startswith(
            "from temporalio import activity\n\n\n@activity.defn\nasync def fetch(path: str) -> int:\n"
        )
    )
