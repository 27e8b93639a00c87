"""What only mypy's types show, on real mypy: cold, with its cache, and in the daemon."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.typed_programs import programs
from tests.mypy_plugin.runner import Daemon, Result, check, configure, run_mypy, write

_CASES = programs()
_STUBS = 'mypy_path = "stubs"'

_FLOW = """\
from helper import read, shop
from runtime_min import workflow


@workflow
async def run() -> str:
    return read(shop())  # E: filesystem "pathlib.Path.read_text"  # N: helper.read reaches pathlib.Path
"""
_HELPER = """\
import acme


def read(base: acme.Base) -> str:
    return base.folder.read_text()


def shop() -> acme.Base:
    return acme.Base.make()
"""
_STUB = """\
from pathlib import Path
from typing import Protocol


class Reads(Protocol):
    def read_text(self) -> str: ...


class Base:
    folder: Path
    @staticmethod
    def make() -> "Base": ...
"""
_PROTOCOL = _STUB.replace("folder: Path", "folder: Reads")
_FILES = {"flow.py": _FLOW, "helper.py": _HELPER, "stubs/acme/__init__.pyi": _STUB}
_FOUND = frozenset({("flow.py", 7, "filesystem")})


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """All programs in one run of mypy."""
    directory = tmp_path_factory.mktemp("programs")
    for number, (files, _) in enumerate(_CASES.values()):
        write(directory, {f"p{number}/app.py": files["app.py"], f"p{number}/__init__.py": ""})
        write(directory, {name: text for name, text in files.items() if name != "app.py"})
    configure(
        directory, mypy=f"{_STUBS}\ncheck_untyped_defs = true\nignore_missing_imports = true", strict=False
    )
    return run_mypy(directory, *(f"p{number}" for number in range(len(_CASES))))


@pytest.mark.parametrize("name", _CASES)
def test_types_show(name: str, results: Result) -> None:
    number = list(_CASES).index(name)
    expected = _CASES[name][1]

    found = {message.code for message in results.ours if message.path == f"p{number}/app.py"}

    assert found == ({expected} if expected else set())


def test_a_path_and_a_protocol_are_told_apart(tmp_path: Path) -> None:
    program = """\
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import acme
from runtime_min import workflow

T = TypeVar("T")


class Reads(Protocol):
    def read_text(self) -> str: ...


@workflow
async def run() -> None:
    path: Path = acme.anything()
    reads: Reads = acme.anything()
    path.read_text()  # E: filesystem
    reads.read_text()
    acme.first([path]).read_text()  # E: filesystem
    acme.first([reads]).read_text()
"""
    stub = "from typing import Any, TypeVar\nT = TypeVar('T')\ndef anything() -> Any: ...\n"
    stub += "def first(items: list[T]) -> T: ...\n"
    check(tmp_path, {"app.py": program, "stubs/acme/__init__.pyi": stub}, mypy=_STUBS, args=("app.py",))


def test_what_is_known_in_a_helper_is_found_in_the_workflow(tmp_path: Path) -> None:
    check(tmp_path, _FILES, mypy=_STUBS, args=("flow.py", "helper.py"))


def test_a_suppression_for_what_only_types_show_is_used(tmp_path: Path) -> None:
    flow = _FLOW.partition("  # E:")[0] + "  # color: ignore[filesystem]\n"
    check(tmp_path, {**_FILES, "flow.py": flow}, mypy=_STUBS, args=("flow.py", "helper.py"))


def test_runs_with_the_cache_come_to_the_same_as_cold_ones(tmp_path: Path) -> None:
    _prepare(tmp_path)
    assert _run(tmp_path) == _FOUND
    assert _run(tmp_path) == _FOUND

    # The helper comes from mypy's cache: its types are those that were kept.
    write(tmp_path, {"flow.py": _FLOW.replace("@workflow", "# A comment.\n@workflow")})
    assert _run(tmp_path) == {("flow.py", 8, "filesystem")}

    # Other types, in a file that is not the project's: the helper is checked again.
    write(tmp_path, {"stubs/acme/__init__.pyi": _PROTOCOL})
    assert _run(tmp_path) == frozenset()
    assert _run(tmp_path) == frozenset()

    write(tmp_path, {"stubs/acme/__init__.pyi": _STUB, "flow.py": _FLOW})
    assert _run(tmp_path) == _FOUND
    assert _run(tmp_path) == _FOUND


def test_the_daemon_comes_to_the_same(tmp_path: Path) -> None:
    _prepare(tmp_path)
    with Daemon(tmp_path, targets=("flow.py", "helper.py")) as daemon:
        assert daemon.check().places == _FOUND
        write(tmp_path, {"helper.py": _HELPER.replace("base.folder.read_text()", "str(base)")})
        assert daemon.check().places == frozenset()
        write(tmp_path, {"helper.py": _HELPER})
        assert daemon.check().places == _FOUND
        write(tmp_path, {"helper.py": _HELPER.replace("base.folder.read_text()", "str(base)")})
        assert daemon.check().places == frozenset()
        write(tmp_path, {"helper.py": _HELPER.replace("return base", "return 'never seen' + base")})
        assert daemon.check().places == _FOUND


def test_a_project_without_workflows_keeps_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"plain.py": "def double(number: int) -> int:\n    return number * 2\n"})
    configure(tmp_path)

    result = run_mypy(tmp_path, "plain.py")

    assert result.exit_code == 0, result.stdout


def _prepare(directory: Path) -> None:
    write(directory, _FILES)
    configure(directory, mypy=_STUBS)


def _run(directory: Path) -> frozenset[tuple[str, int, str]]:
    return run_mypy(directory, "flow.py", "helper.py", cache=directory / ".mypy_cache").places
