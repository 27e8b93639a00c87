"""Installed modules are found by looking at files, never by importing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from color_checker.config import Config
from color_checker.installed import Installed


def tree(root: Path, *files: str) -> None:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def installed(root: Path, *python_path: str) -> Installed:
    return Installed(Config(python_path=python_path), str(root), environ={})


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """The site-packages of a virtual environment in a project."""
    path = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages"
    path.mkdir(parents=True)
    return path


def test_packages_modules_and_submodules_are_found(tmp_path: Path, packages: Path) -> None:
    tree(packages, "pkg/__init__.py", "pkg/m.py", "pkg/sub/__init__.py", "single.py")
    modules = installed(tmp_path)
    found = modules.find("pkg.m")
    assert found is not None
    assert (found.path, found.module, found.package) == (str(packages / "pkg" / "m.py"), "pkg.m", False)
    assert found.root == str(packages)
    package = modules.find("pkg.sub")
    assert package is not None
    assert (package.path, package.package) == (str(packages / "pkg" / "sub" / "__init__.py"), True)
    assert modules.find("single") is not None
    for name in ("none", "pkg.none", "single.none", "none.none", "", "pkg.", ".pkg", "..", "pkg/m", "a b"):
        assert modules.find(name) is None
        assert not modules.has(name)


def test_namespace_packages_are_put_together(tmp_path: Path, packages: Path) -> None:
    tree(packages, "space/one/__init__.py", "empty/.keep")
    tree(tmp_path, "more/space/two.py")
    modules = installed(tmp_path, "more")
    assert modules.find("space") is None
    assert modules.has("space")
    assert modules.find("space.one") is not None
    assert modules.find("space.two") is not None
    assert modules.submodules("space") == ("one", "two")


def test_an_extension_has_no_source_but_is_there(tmp_path: Path, packages: Path) -> None:
    tree(packages, "fast.cpython-311-x86_64-linux-gnu.so", "pkg/__init__.py", "pkg/_c.pyd", "pkg/_c.pyi")
    modules = installed(tmp_path)
    for name in ("fast", "pkg._c"):
        assert modules.find(name) is None
        assert modules.has(name)
    assert modules.submodules("pkg") == ("_c",)


def test_a_package_comes_before_a_module_and_both_before_a_directory(tmp_path: Path, packages: Path) -> None:
    tree(tmp_path, "more/m/x.py", "more/p/x.py")
    tree(packages, "m.py", "p/__init__.py", "p.py")
    modules = installed(tmp_path, "more")
    found = [modules.find("m"), modules.find("p")]
    assert [file and os.path.relpath(file.path, packages) for file in found] == ["m.py", "p/__init__.py"]


def test_directories_in_pth_files_are_searched_and_their_code_is_not_run(
    tmp_path: Path, packages: Path
) -> None:
    tree(tmp_path, "dev/editable/__init__.py", "dev2/other.py")
    code = f"import os; open({str(tmp_path / 'ran')!r}, 'w')"
    places = f"{tmp_path / 'dev'}\n/none\n../../../../dev2\n\n\0\n"
    (packages / "a.pth").write_text(f"# comment\n{code}\n{places}")
    modules = installed(tmp_path)
    assert modules.find("editable") is not None
    assert modules.find("other") is not None
    assert not (tmp_path / "ran").exists()


def test_the_tables_of_editable_installs_are_read(tmp_path: Path, packages: Path) -> None:
    tree(tmp_path, "dev/code/__init__.py", "dev/code/m.py", "dev/one.py", "dev/tests/__init__.py")
    mapping = {"proj": str(tmp_path / "dev" / "code"), "one": str(tmp_path / "dev" / "one.py")}
    finder = f"import sys\nMAPPING: dict[str, str] = {mapping!r}\nNAMESPACES = {{}}\nraise SystemExit\n"
    (packages / "__editable___proj_1_0_finder.py").write_text(finder)
    (packages / "__editable___bad_1_0_finder.py").write_text("MAPPING = {open('x')}\n")
    modules = installed(tmp_path)
    found = modules.find("proj.m")
    assert found is not None
    assert (found.path, found.module) == (str(tmp_path / "dev" / "code" / "m.py"), "proj.m")
    assert modules.find("one") is not None
    assert modules.find("tests") is None


def test_the_active_environment_comes_before_the_projects(tmp_path: Path, packages: Path) -> None:
    tree(packages, "here.py")
    tree(tmp_path, "active/lib/python3.12/site-packages/there.py")
    active = Installed(Config(), str(tmp_path), environ={"VIRTUAL_ENV": str(tmp_path / "active")})
    assert (active.has("there"), active.has("here")) == (True, False)
    gone = Installed(Config(), str(tmp_path), environ={"VIRTUAL_ENV": str(tmp_path / "none")})
    assert gone.has("here")


def test_without_an_environment_the_running_interpreters_packages_are_found(tmp_path: Path) -> None:
    modules = installed(tmp_path)
    found = modules.find("pytest")
    assert found is not None
    assert found.path == os.path.abspath(pytest.__file__)
    assert modules.has("msgspec._core")
    assert modules.find("msgspec._core") is None


def test_an_editable_package_of_a_real_environment_is_found(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / ".venv")], check=True)
    tree(tmp_path, "code/mine/__init__.py")
    (site,) = (tmp_path / ".venv").glob("lib/python3*/site-packages")
    (site / "mine.pth").write_text(str(tmp_path / "code"))
    python = tmp_path / ".venv" / "bin" / "python"
    code = "import mine; print(mine.__file__)"
    real = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    found = installed(tmp_path).find("mine")
    assert found is not None
    assert found.path == real


def test_each_directory_is_listed_once(
    tmp_path: Path, packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(packages, "pkg/__init__.py", "pkg/m.py")
    listed: list[str] = []
    real = os.listdir

    def listdir(path: str) -> list[str]:
        listed.append(path)
        return real(path)

    monkeypatch.setattr(os, "listdir", listdir)
    modules = installed(tmp_path)
    for _ in range(3):
        for name in ("pkg", "pkg.m", "pkg.none", "none"):
            modules.find(name)
    assert len(listed) == len(set(listed))
    assert str(packages / "pkg") in listed


def test_paths_outside_the_working_directory_are_shown_whole(
    tmp_path: Path, packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(packages, "m.py")
    monkeypatch.chdir(tmp_path)
    inside = installed(tmp_path).find("m")
    assert inside is not None
    assert inside.shown == ".venv/lib/python3.11/site-packages/m.py"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    outside = installed(tmp_path).find("m")
    assert outside is not None
    assert outside.shown == str(packages / "m.py")
