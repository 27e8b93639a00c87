"""What goes wrong is said in one clear line, and is never a crash of mypy."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import mypy_plugin
from tests.mypy_plugin.runner import configure, run_mypy, write

CLOCK = "import time\n\n\ndef flow() -> float:  # color: pure\n    return time.time()\n"
FOUND = frozenset({("app.py", 5, "clock")})


@pytest.mark.parametrize(
    ("color", "named"),
    [
        ('ignore = ["clok"]', "clok"),
        ("strict = 3", "strict"),
        ("colour = true", "colour"),
        ('severity = { clock = "fatal" }', "fatal"),
        ('engine-files = ["missing.toml"]', "missing.toml"),
        ('engines = ["tempral"]', "tempral"),
    ],
)
def test_a_wrong_configuration_is_one_line_and_exit_code_two(tmp_path: Path, color: str, named: str) -> None:
    write(tmp_path, {"app.py": CLOCK})
    configure(tmp_path, color=color)
    result = run_mypy(tmp_path, ".")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert named in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("version", ["1.17.1", "0.991", "3.0.0", "3.1.0+dev", "unknown"])
def test_a_version_of_mypy_that_is_not_known_is_one_line_and_exit_code_two(
    version: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        mypy_plugin.plugin(version)
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "1.18" in said
    assert version in said


@pytest.mark.parametrize("version", ["1.18.2", "1.19.0+dev.abc", "2.4.1"])
def test_a_version_that_is_known_gets_the_plugin_each_time(version: str) -> None:
    first, second = mypy_plugin.plugin(version), mypy_plugin.plugin(version)
    assert first is second
    assert isinstance(first, type)


def test_the_oldest_version_that_is_known_is_the_one_that_is_tested() -> None:
    wanted = "mypy=={}.{}.*".format(*mypy_plugin.OLDEST)
    root = Path(__file__).parent.parent.parent
    assert [wanted in (root / name).read_text(encoding="utf-8") for name in (".ci/run", "noxfile.py")] == [
        True,
        True,
    ]


def test_a_cache_directory_that_is_a_file_costs_time_and_no_finding(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": CLOCK, "taken": ""})
    configure(tmp_path, color='cache-dir = "taken"')
    assert run_mypy(tmp_path, ".").places == FOUND


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_working_directory_that_cannot_be_written_costs_no_finding(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": CLOCK})
    configure(tmp_path)
    tmp_path.chmod(0o500)
    try:
        assert run_mypy(tmp_path, ".").places == FOUND
    finally:
        tmp_path.chmod(0o700)


def test_a_cache_full_of_rubbish_costs_no_finding(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": CLOCK})
    configure(tmp_path)
    assert run_mypy(tmp_path, ".").places == FOUND
    for path in tmp_path.rglob("*"):
        if path.is_file() and "cache" in str(path.relative_to(tmp_path)).partition(os.sep)[0]:
            path.write_bytes(b"rubbish")
    write(tmp_path, {"app.py": "# moved\n" + CLOCK})
    assert run_mypy(tmp_path, ".").places == {("app.py", 6, "clock")}


def test_a_file_that_mypy_can_read_and_color_checker_cannot(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": CLOCK})
    (tmp_path / "latin.py").write_bytes(b"# coding: latin-1\nx = '\xe4'\n")
    (tmp_path / "broken.py").write_bytes(b"x = '\xff'\n")
    configure(tmp_path)
    assert run_mypy(tmp_path, "app.py", "latin.py").places == FOUND


def test_a_failure_of_color_checker_is_said_once_and_mypy_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr("color_checker.session.Session.check", fail)
    write(tmp_path, {"app.py": CLOCK + "\n\nx: int = ''\n", "other.py": "y: int = ''\n"})
    configure(tmp_path)
    with pytest.raises(
        AssertionError, match="failed, findings may be missing: RuntimeError: a mistake"
    ) as told:
        run_mypy(tmp_path, ".")
    assert str(told.value).count("a mistake of ours") == 1
    assert str(told.value).count("[assignment]") == 2
    assert "INTERNAL ERROR" not in str(told.value)


def test_a_failure_while_a_module_is_checked_is_said_once_and_mypy_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr("mypy_plugin.topics.Topics.check", fail)
    write(tmp_path, {"app.py": CLOCK + "\n\nx: int = ''\n", "other.py": "y: int = ''\n"})
    configure(tmp_path)
    with pytest.raises(AssertionError, match="a mistake of ours") as told:
        run_mypy(tmp_path, "--no-incremental", ".")
    assert str(told.value).count("a mistake of ours") == 1
    assert str(told.value).count("[assignment]") == 2


@pytest.mark.parametrize(
    "place",
    [
        "mypy_plugin.project.Project.digest",
        "mypy_plugin.project.Project.holds",
        "mypy_plugin.project.Project.keep",
        "mypy_plugin.topics.Topics.dependencies",
        "mypy_plugin.coloring._decoration",
        "mypy_plugin.coloring._called",
        "mypy_plugin.turns.Turns.next",
    ],
)
def test_a_failure_anywhere_in_the_plugin_leaves_mypy_its_own_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(place, fail)
    flow = "from dbos import DBOS\n\n\n@DBOS.step()\ndef charge(order: str) -> int:\n    return order\n"
    write(tmp_path, {"app.py": flow})
    configure(tmp_path)
    with pytest.raises(AssertionError, match="a mistake of ours") as told:
        run_mypy(tmp_path, ".")
    assert str(told.value).count("a mistake of ours") == 1
    assert str(told.value).count("[return-value]") == 1
    assert "INTERNAL ERROR" not in str(told.value)
