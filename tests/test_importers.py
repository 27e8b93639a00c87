"""Who imports a file is found without resolving all imports, and is the same as if all were resolved."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from color_checker.config import Config
from color_checker.importers import Importers, imported
from color_checker.project import Project
from color_checker.result_cache import discover_paths
from color_checker.store import Store

FILES = {
    "pkg/__init__.py": "from .deep import thing\nfrom . import sibling\n",
    "pkg/sibling.py": "import pkg\nimport pkg.deep.thing as t\n",
    "pkg/deep/__init__.py": "from .. import sibling\nfrom ..sibling import *\n",
    "pkg/deep/thing.py": "from . import other\nfrom . import missing\n",
    "pkg/deep/other.py": "from pkg.deep import thing, other\nfrom .thing import x\n",
    "space/mod.py": "import space.more\n",
    "space/more.py": "from space import mod\nfrom .mod import y\n",
    "script.py": "import mod_beside\nfrom pkg import deep, sibling\nimport os, json\n",
    "mod_beside.py": "def f():\n    import script\n",
    "src/app/__init__.py": "",
    "src/app/main.py": "from app import main\nimport app\nimport linked, linked.thing\n",
}


def project_of(directory: Path) -> Project:
    config = Config(root=str(directory))
    project = Project(discover_paths([directory], config), Store.open(None, ""), None, lambda name: False)
    project.load(project.read())
    return project


def check_against_all(project: Project) -> int:
    """Compare with resolving every import; gives the number of pairs."""
    expected: dict[str, set[str]] = {}
    importers = Importers(project)
    for source in project.files:
        facts = project.facts(source)
        for fact in facts.imports if facts is not None else ():
            for target in imported(project, source, fact):
                expected.setdefault(target, set()).add(source.path)
        importers.add(source, facts.imports if facts is not None else ())
    for source in project.files:
        assert set(importers.of(source.path)) == expected.get(source.path, set())
    return sum(map(len, expected.values()))


def test_all_forms_of_imports_lead_back(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "src" / "linked").symlink_to(tmp_path / "pkg" / "deep", target_is_directory=True)
    assert check_against_all(project_of(tmp_path)) >= 18


@pytest.mark.parametrize("package", ["networkx", "msgspec", "rich"])
def test_real_packages_give_the_same(package: str, tmp_path: Path) -> None:
    module = pytest.importorskip(package)
    # A copy: from Python 3.13 on, a virtual environment has a .gitignore that excludes all of it.
    copy = shutil.copytree(
        Path(module.__file__).parent, tmp_path / package, ignore=shutil.ignore_patterns("*.pyc")
    )
    assert check_against_all(project_of(copy)) > 10
