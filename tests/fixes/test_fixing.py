"""The command: what it writes, what it says, and that it leaves alone what it should."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from color_checker import fixing
from color_checker.cli import main
from color_checker.config import Config
from color_checker.fixes.code import parsed
from color_checker.fixing import fix_files, write_changes
from tests.fixes.changed import with_texts

SOURCE = """\
import time

from temporalio import workflow


@workflow.defn
class Trial:
    @workflow.run
    async def run(self) -> float:
        return time.time()  # ä
"""
AFTER = SOURCE.replace("import time\n\n", "").replace("time.time()", "workflow.time()")


@pytest.fixture(autouse=True)
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_bytes(SOURCE.encode())
    return tmp_path / "app.py"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["fix", "--no-cache", *arguments], catch_exceptions=False)


def test_what_was_fixed_is_said_and_nothing_is_left(app: Path) -> None:
    result = run("app.py")
    assert result.stdout == (
        "app.py:8:16: fixed clock: Use `workflow.time()`\nFixed 1 finding in 1 file, 0 left.\n"
    )
    assert result.exit_code == 0
    assert app.read_text() == AFTER
    assert run("app.py").stdout == "Fixed 0 findings in 0 files, 0 left.\n"


def test_places_are_those_in_the_files_as_they_are_afterwards(app: Path) -> None:
    app.write_text(
        SOURCE.replace("import time", "import os\nimport time").replace(
            "return", 'print(1); x = os.getpid(), os.environ["A"]\n        eval("x")\n        return'
        )
    )
    result = run("--unsafe", "--rule", "clock,console,environment,dynamic-code,global-write,process")
    lines = app.read_text().splitlines()
    told = [line.split(": ") for line in result.stdout.splitlines()[:-1]]
    assert [rule for _, rule, _ in told] == [
        "fixed console", "fixed process (unsafe)", "fixed environment (unsafe)",
        "fixed dynamic-code (unsafe)", "fixed clock",
    ]  # fmt: skip
    starts = []
    for place, _, _ in told:
        _, line, column = place.split(":")
        starts.append(lines[int(line) - 1][int(column) - 1 :][:20])
    step = "await workflow.execu"
    assert starts == ["workflow.logger.info", step, step, step, "workflow.time()  # ä"]


def test_what_is_left_is_said_with_the_reason(app: Path) -> None:
    app.write_text(SOURCE.replace("time.time()", "[time.monotonic(), open('a')]"))
    result = run()
    assert result.exit_code == 1
    assert (
        "app.py:10:17: left clock: Use `workflow.time()`: may change what the code means; fixed with --unsafe"
        in (result.stdout)
    )
    assert "left filesystem: has no fix\nFixed 0 findings in 0 files, 2 left.\n" in result.stdout


def test_diff_shows_the_change_and_makes_none(app: Path) -> None:
    result = run("--diff")
    assert result.exit_code == 1
    assert result.stdout.startswith(
        "--- a/app.py\n+++ b/app.py\n@@ -1,5 +1,3 @@\n-import time\n-\n from temporalio"
    )
    assert "-        return time.time()  # ä\n+        return workflow.time()  # ä\n" in result.stdout
    assert app.read_text() == SOURCE
    app.write_text(AFTER)
    result = run("--diff")
    assert (result.exit_code, result.stdout) == (0, "")


def test_a_diff_says_how_many_findings_would_be_left(app: Path) -> None:
    app.write_text(SOURCE.replace("time.time()", "open('file')"))
    result = run("--diff")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "1 finding would be left; without --diff" in result.stderr


def test_only_the_rules_that_are_named_are_fixed(app: Path) -> None:
    app.write_text(SOURCE.replace("return", "print(1)\n        return"))
    assert run("--rule", "console,CC202").exit_code == 0
    assert "workflow.logger.info(1)\n        return time.time()" in app.read_text()
    result = run("--rule", "nonsense")
    assert result.exit_code == 2
    assert result.stderr == 'color-checker: --rule: there is no rule "nonsense"\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (SOURCE.replace("\n", "\r\n").encode(), AFTER.replace("\n", "\r\n").encode()),
        (SOURCE.replace("    ", "\t").encode(), AFTER.replace("    ", "\t").encode()),
        (b"\xef\xbb\xbf" + SOURCE.encode(), b"\xef\xbb\xbf" + AFTER.encode()),
        (
            ("# coding: latin-1\n\f\n" + SOURCE).encode("latin-1"),
            ("# coding: latin-1\n\f\n" + AFTER).encode("latin-1"),
        ),
        (SOURCE.rstrip("\n").encode(), AFTER.rstrip("\n").encode()),
        (
            SOURCE.replace("# ä", "# \U0001f600 \u2028").encode(),
            AFTER.replace("# ä", "# \U0001f600 \u2028").encode(),
        ),
    ],
    ids=["crlf", "tabs", "bom", "latin-1 and form feed", "no last line end", "other line separators"],
)
def test_bytes_outside_of_the_change_stay_as_they_are(app: Path, before: bytes, after: bytes) -> None:
    app.write_bytes(before)
    assert run().exit_code == 0
    assert app.read_bytes() == after


def test_a_file_that_is_read_only_is_left_alone(app: Path) -> None:
    app.chmod(0o444)
    result = run()
    assert result.exit_code == 1
    assert "left clock: app.py is read-only" in result.stdout
    assert app.read_text() == SOURCE


def test_a_file_that_has_changed_meanwhile_is_left_alone(app: Path) -> None:
    outcome = fix_files([app], config=Config(root=str(app.parent)), cache=False)
    app.write_text("changed = 1\n")
    assert write_changes(outcome.changes) == ["app.py: has changed meanwhile, and is left as it is"]
    assert app.read_text() == "changed = 1\n"


def test_mode_and_links_stay(app: Path) -> None:
    app.chmod(0o755)
    target = app.rename(app.with_name("real.txt"))
    app.symlink_to("real.txt")
    assert run().exit_code == 0
    assert app.is_symlink()
    assert target.read_text() == AFTER
    assert target.stat().st_mode & 0o777 == 0o755


def test_a_file_that_cannot_be_parsed_is_said_and_the_others_are_fixed(app: Path) -> None:
    app.with_name("other.py").write_text("def (\n")
    result = run()
    assert result.exit_code == 2
    assert result.stderr.startswith("color-checker: other.py:1:5: ")
    assert app.read_text() == AFTER
    app.with_name("other.py").write_bytes(b"x = '\xff'\n")
    assert "other.py:1:6: is not valid utf-8" in run().stderr


def test_a_fix_that_leads_to_another_finding_is_taken_back(
    app: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worse = with_texts(lambda edit: "print(time.time())" if edit.text else None)
    monkeypatch.setattr(fixing, "each_fix", worse)
    result = run()
    assert "left clock: its fix leads to another finding" in result.stdout
    assert app.read_text() == SOURCE


def test_many_findings_of_many_files_are_fixed_together(tmp_path: Path) -> None:
    body = "\n".join(f"        x{n} = time.time() + random.random()" for n in range(20))
    for number in range(5):
        text = SOURCE.replace("import time", "import random\nimport time").replace(
            "        return", f"{body}\n        return"
        )
        (tmp_path / f"flow{number}.py").write_text(text)
    result = run()
    assert result.exit_code == 0
    assert result.stdout.endswith(f"Fixed {5 * 41 + 1} findings in 6 files, 0 left.\n")
    assert "import random" not in (tmp_path / "flow3.py").read_text()
    assert sorted(os.listdir(tmp_path)) == ["app.py", *(f"flow{number}.py" for number in range(5))]


def test_new_functions_of_one_kind_are_made_together_each_with_a_name_of_its_own(app: Path) -> None:
    count = fixing.MOST_ROUNDS + 10
    lines = "\n".join(f"        x{n} = os.environ['A{n}']" for n in range(count))
    app.write_text(SOURCE.replace("import time", "import os").replace("        return time.time()", lines))
    outcome = fix_files([app], config=Config(root=str(app.parent)), unsafe=True, cache=False)
    assert (len(outcome.fixed), len(outcome.left)) == (count, 0)
    text = outcome.changes[0].after.decode()
    assert text.count("async def environ_activity") == count
    assert f"async def environ_activity_{count}(" in text


@pytest.mark.parametrize("unsafe", [False, True])
def test_more_findings_in_a_file_are_no_reason_to_parse_it_more_often(app: Path, unsafe: bool) -> None:
    parses = []
    for count in (3, 30):
        lines = "\n".join(f"        x{n} = os.environ['A{n}']; print({n})" for n in range(count))
        app.write_text(
            SOURCE.replace("import time", "import os").replace("        return time.time()", lines)
        )
        parsed.cache_clear()
        fix_files([app], config=Config(root=str(app.parent)), unsafe=unsafe, cache=False)
        parses.append(parsed.cache_info().misses)
    assert parses[0] == parses[1]
