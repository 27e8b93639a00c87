"""Color is checked in every kind of module and every way to name it, and mypy's other tools do not notice."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.mypy_plugin.runner import check, configure, parsed, run_command, run_mypy, write

CLOCK = """\
import time


def flow() -> float:  # color: pure
    return time.time()  # E: clock
"""
FOUND = frozenset({("app.py", 5, "clock")})


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("a module that ends in an exit", CLOCK + "\n\nraise SystemExit\n"),
        ("a module that begins with an exit", 'raise SystemExit\nx: int = ""  # M: unreachable\n'),
        ("a docstring and future imports", '"""Doc."""\n\nfrom __future__ import annotations\n\n' + CLOCK),
        ("other line ends", CLOCK.replace("\n", "\r\n")),
        ("a byte order mark", "\ufeff" + CLOCK),
        ("an empty module", ""),
        ("a comment alone", "# color: workflow\n"),
        ("__all__", '__all__ = ["flow"]\n' + CLOCK),
        ("a function of the same name", CLOCK + "\n\ndef check() -> None: ...\n"),
        ("a module-level name of a builtin", "None_ = None\n\n\nclass function: ...\n\n\n" + CLOCK),
        ("a platform that is not ours", 'import sys\n\nif sys.platform == "win32":\n    x = 1\n' + CLOCK),
        ("a finding in no function", "x = 1  # color: ignore[clock]  # E: unused-suppression\n"),
        ("a nested function", "import time\n\n\ndef flow() -> float:  # color: pure\n"
         "    def inner() -> float:\n        return time.time()  # E: clock\n\n    return inner()\n"),
        ("an unannotated function", "import time\n\n\ndef flow():  # color: pure  # M: no-untyped-def\n"
         "    return time.time()  # E: clock\n"),
        ("a class body", "import time\n\n\nclass A:\n    def flow(self) -> float:  # color: pure\n"
         "        return time.time()  # E: clock\n"),
    ],
    ids=lambda value: value if len(value) < 40 and "\n" not in value else "",
)  # fmt: skip
def test_a_finding_in(tmp_path: Path, name: str, source: str) -> None:
    assert name
    check(tmp_path, source, mypy="warn_unreachable = true")


def test_a_module_whose_errors_are_ignored_is_quiet(tmp_path: Path) -> None:
    check(tmp_path, "# mypy: ignore-errors\n" + CLOCK.replace("  # E: clock", ""))


def test_a_module_that_is_imported_but_not_named_is_checked_too(tmp_path: Path) -> None:
    check(tmp_path, {"app.py": CLOCK, "main.py": "import app\n\napp.flow()\n"}, args=["main.py"])


def test_a_module_that_is_imported_silently_is_quiet(tmp_path: Path) -> None:
    program = {"app.py": CLOCK.replace("  # E: clock", ""), "main.py": "import app\n\napp.flow()\n"}
    check(tmp_path, program, args=["--follow-imports", "silent", "main.py"])


def test_no_name_of_ours_leaks_through_a_star_import(tmp_path: Path) -> None:
    program = {
        "app.py": CLOCK,
        "main.py": "from app import *\nfrom data import *\n\nflow()\n",
        "data.pyi": "x: int\n",
        "again.py": "import data\nfrom main import *\n\nflow()\n"
        'data.__color_check__()  # M: attr-defined "__color_check__"\n',
    }
    check(tmp_path, program)


def test_stub_files_are_left_alone(tmp_path: Path) -> None:
    program = {"lib.pyi": "def moment() -> float: ...\n", "lib.py": CLOCK.replace("  # E: clock", "")}
    check(tmp_path, {**program, "app.py": CLOCK})


def test_files_of_one_name_in_namespace_packages(tmp_path: Path) -> None:
    program = {"one/space/app.py": CLOCK, "two/space/app.py": CLOCK}
    check(tmp_path, program, mypy="explicit_package_bases = true\nnamespace_packages = true")


def test_packages_in_a_source_directory(tmp_path: Path) -> None:
    program = {
        "src/pack/__init__.py": "",
        "src/pack/helpers.py": "import time\n\n\ndef moment() -> float:\n    return time.time()\n",
        "src/pack/flows.py": "from pack.helpers import moment\n\n\n"
        "def flow() -> float:  # color: pure\n    return moment()  # E: clock\n",
    }
    check(tmp_path, program, mypy='mypy_path = "src"', args=["-p", "pack"])


@pytest.mark.parametrize("args", [["-m", "app"], ["app.py"], ["./app.py"], ["{directory}/app.py"], ["."]])
def test_each_way_to_name_a_module(tmp_path: Path, args: list[str]) -> None:
    write(tmp_path, {"app.py": CLOCK})
    configure(tmp_path)
    result = run_mypy(tmp_path, *(arg.format(directory=tmp_path) for arg in args))
    assert [(error.line, error.code) for error in result.errors] == [(5, "clock")]


def test_a_program_on_the_command_line_is_no_file_of_the_project(tmp_path: Path) -> None:
    configure(tmp_path)
    result = run_mypy(tmp_path, "-c", "import time\ntime.time()")
    assert (result.exit_code, result.messages) == (0, ())


def test_a_program_on_the_command_line_that_imports_one(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": CLOCK})
    configure(tmp_path)
    assert run_mypy(tmp_path, "-c", "import app").places == FOUND


def test_files_outside_of_the_working_directory_are_checked_by_mypy_alone(tmp_path: Path) -> None:
    write(tmp_path, {"other/lib.py": "import time\n\n\nx: int = ''\n", "here/app.py": CLOCK})
    configure(tmp_path / "here")
    result = run_mypy(tmp_path / "here", "../other/lib.py", "app.py")
    assert {(error.path, error.code) for error in result.errors} == {
        ("../other/lib.py", "assignment"),
        ("app.py", "clock"),
    }


def test_a_module_under_two_names_is_mypys_error_and_no_crash(tmp_path: Path) -> None:
    write(tmp_path, {"pack/app.py": CLOCK, "main.py": "import pack.app\n"})
    configure(tmp_path)
    result = run_mypy(tmp_path, "pack/app.py", "main.py")
    assert result.exit_code == 2
    assert "found twice under different module names" in result.stdout


def test_symbolic_links_to_files_and_directories(tmp_path: Path) -> None:
    write(tmp_path, {"real/app.py": CLOCK, "work/main.py": "import app\n\napp.flow()\n"})
    (tmp_path / "work/app.py").symlink_to("../real/app.py")
    configure(tmp_path / "work")
    result = run_mypy(tmp_path / "work", ".")
    assert result.places == FOUND
    (tmp_path / "link").symlink_to("work")
    assert run_mypy(tmp_path / "link", ".").places == FOUND


@pytest.mark.parametrize(
    "kind", ["--txt-report", "--html-report", "--linecount-report", "--any-exprs-report"]
)
def test_reports_do_not_count_what_we_put_in(tmp_path: Path, kind: str) -> None:
    if kind in ("--txt-report", "--html-report"):
        pytest.importorskip("lxml")
    texts = []
    for plugin in (True, False):
        directory = tmp_path / str(plugin)
        write(directory, {"app.py": CLOCK})
        configure(directory, plugin=plugin)
        result = run_mypy(directory, kind, "out", ".", cache=os.devnull)
        assert "INTERNAL ERROR" not in result.stderr
        files = sorted(path for path in (directory / "out").rglob("*") if path.is_file())
        texts.append({path.name: path.read_bytes() for path in files})
    assert texts[0].keys() == texts[1].keys()
    assert texts[0] == texts[1]


def test_stubgen_does_not_see_us(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": CLOCK})
    configure(tmp_path)
    stubgen = "from mypy.stubgen import main; main(['app.py', '-o', 'out'])"
    assert run_command(tmp_path, "-c", stubgen).exit_code == 0
    assert (tmp_path / "out/app.pyi").read_text(encoding="utf-8") == "def flow() -> float: ...\n"


def test_installing_types_works_with_the_plugin(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": CLOCK})
    configure(tmp_path)
    result = run_command(
        tmp_path, "-m", "mypy", "--show-column-numbers", "--install-types", "--non-interactive", "."
    )
    # In this mode mypy writes what it finds to standard error.
    assert {error.place for error in parsed(result.stderr) if error.severity == "error"} == FOUND


@pytest.mark.slow
def test_findings_are_the_same_for_each_version_of_python_and_platform(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": CLOCK})
    configure(tmp_path)
    for args in (["--python-version", "3.13"], ["--platform", "win32"], ["--always-true", "X"]):
        assert run_mypy(tmp_path, *args, ".").places == FOUND


def test_a_checked_environment_without_the_plugin(tmp_path: Path) -> None:
    """mypy runs apart from the program, as with pipx: there is no `mypy_plugin.colors` to import."""
    write(tmp_path, {"app.py": CLOCK, "flows.py": """\
from temporalio import workflow  # M: import-not-found


@workflow.defn  # M: untyped-decorator
class Trial:
    pass
"""})  # fmt: skip
    configure(tmp_path)
    made = run_command(tmp_path, "-m", "venv", "--without-pip", "bare")
    assert made.exit_code == 0, made.stderr
    python = tmp_path / "bare" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    flags = (
        "--python-executable",
        str(python),
        "--exclude",
        "bare",
        "--show-column-numbers",
        "--no-incremental",
    )
    # As if installed: our packages can be imported by mypy, and not by the other Python.
    result = run_command(
        tmp_path, "-c",
        "import os, sys; os.environ.pop('PYTHONPATH', None); from mypy.main import main; "
        f"sys.argv[1:] = {[*flags, '.']!r}; main()",
    )  # fmt: skip
    assert result.places == FOUND, result.stdout + result.stderr
    assert "mypy_plugin" not in result.stdout + result.stderr
    assert {error.code for error in result.errors} <= {
        "clock",
        "import-not-found",
        "untyped-decorator",
        "misc",
    }
