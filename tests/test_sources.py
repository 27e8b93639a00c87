"""Which files are found, what their modules are called, and how they find each other."""

from __future__ import annotations

import codecs
import inspect
import os
import socket
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from color_checker.config import Config, load_config
from color_checker.errors import SourceError
from color_checker.sources import (
    MAX_BYTES,
    ModuleIndex,
    SourceFile,
    Sources,
    absolute_name,
    content_hash,
    decode,
    discover,
    read_source,
)


def tree(root: Path, *files: str) -> None:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def found(root: Path, *paths: str, config: Config | None = None) -> list[str]:
    """The paths found, relative to the root; no error is expected."""
    sources = discover([root / path for path in paths or (".",)], config or Config(), root)
    assert sources.errors == ()
    return [os.path.relpath(file.path, root) for file in sources.files]


def modules(root: Path, *paths: str, config: Config | None = None) -> dict[str, tuple[str, str]]:
    """File → its root, relative to the project's, and its module."""
    sources = discover([root / path for path in paths or (".",)], config or Config(), root)
    return {
        os.path.relpath(file.path, root): (os.path.relpath(file.root, root), file.module)
        for file in sources.files
    }


# Which files


def test_only_python_files_are_found_in_sorted_order(tmp_path: Path) -> None:
    tree(tmp_path, "b.py", "a/z.py", "a/x.pyi", "note.ipynb", "a.txt", "c.pyc", "a.py/inside.py")
    assert found(tmp_path) == ["a.py/inside.py", "a/z.py", "b.py"]


def test_directories_that_hold_no_code_of_the_project_are_left_out(tmp_path: Path) -> None:
    tree(
        tmp_path,
        *(f"{name}/x.py" for name in (".git", ".venv", "venv", "node_modules", "__pycache__", ".tox")),
    )
    tree(tmp_path, *(f"p/{name}/x.py" for name in (".nox", "build", "dist", "site-packages", "a.egg-info")))
    tree(tmp_path, "p/x.py", "p/build.py")
    assert found(tmp_path) == ["p/build.py", "p/x.py"]


def test_exclude_leaves_out_and_brings_back(tmp_path: Path) -> None:
    tree(tmp_path, "a/gen/x.py", "a/x_pb2.py", "a/x.py", "build/x.py", "dist/x.py")
    assert found(tmp_path, config=Config(exclude=("gen/", "*_pb2.py", "!build"))) == ["a/x.py", "build/x.py"]


def test_exclude_is_relative_to_the_project_wherever_the_walk_starts(tmp_path: Path) -> None:
    tree(tmp_path, "a/b/x.py", "a/c/x.py", "b/x.py")
    assert found(tmp_path, "a", config=Config(exclude=("/a/b", "/b"))) == ["a/c/x.py"]


def test_nested_gitignore_files_are_honored(tmp_path: Path) -> None:
    tree(tmp_path, ".git/HEAD", "a/x.py", "a/keep.py", "a/b/x.py", "c/out/x.py", "c/x.py")
    (tmp_path / ".gitignore").write_text("x.py\n/c/out\n")
    (tmp_path / "a" / ".gitignore").write_text("!x.py\nb/\n")
    (tmp_path / "c" / ".gitignore").write_text("!/x.py\n")
    assert found(tmp_path) == ["a/keep.py", "a/x.py", "c/x.py"]
    assert found(tmp_path, "a") == ["a/keep.py", "a/x.py"]
    assert found(tmp_path, "c") == ["c/x.py"]


def test_what_is_given_by_name_is_taken_even_if_it_is_ignored(tmp_path: Path) -> None:
    tree(tmp_path, "build/x.py", "script", "a.pyi")
    (tmp_path / ".gitignore").write_text("script\nbuild\n")
    assert found(tmp_path, "build/x.py", "script", "a.pyi") == ["a.pyi", "build/x.py", "script"]
    assert found(tmp_path, "build") == ["build/x.py"]


def test_nothing_is_found_twice(tmp_path: Path) -> None:
    tree(tmp_path, "a/x.py", "b/y.py")
    (tmp_path / "a" / "again.py").symlink_to("x.py")
    (tmp_path / "0").symlink_to("a")
    assert found(tmp_path, "a/x.py", ".", "a", "b/../a") == ["a/x.py", "b/y.py"]
    assert found(tmp_path, "0") == ["0/x.py"]


def test_links_that_lead_out_of_the_tree_are_followed(tmp_path: Path) -> None:
    tree(tmp_path, "far/x.py", "far/more/y.py", "here/z.py")
    (tmp_path / "here" / "far").symlink_to("../far")
    assert found(tmp_path, "here") == ["here/far/more/y.py", "here/far/x.py", "here/z.py"]


def test_a_link_to_a_directory_above_ends_the_walk(tmp_path: Path) -> None:
    tree(tmp_path, "a/b/x.py")
    (tmp_path / "a" / "b" / "up").symlink_to("..")
    (tmp_path / "a" / "b" / "other").symlink_to("up")
    assert found(tmp_path) == ["a/b/x.py"]


def test_links_in_a_circle_and_links_to_nothing_are_errors(tmp_path: Path) -> None:
    tree(tmp_path, "x.py")
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    (tmp_path / "gone.py").symlink_to("nowhere")
    (tmp_path / "gone.txt").symlink_to("nowhere")
    (tmp_path / ".#lock.py").symlink_to("user@host")
    sources = discover([tmp_path], Config(), tmp_path)
    assert [Path(file.path).name for file in sources.files] == ["x.py"]
    assert [(Path(error.path).name, error.reason) for error in sources.errors] == [
        ("gone.py", "cannot be read: no such file or directory"),
        ("one", "cannot be read: too many levels of symbolic links"),
        ("two", "cannot be read: too many levels of symbolic links"),
    ]


def test_a_path_that_cannot_be_checked_is_an_error_and_the_others_are_found(tmp_path: Path) -> None:
    tree(tmp_path, "x.py", "n.ipynb")
    os.mkfifo(tmp_path / "pipe.py")
    paths = [tmp_path / name for name in ("none", "x.py", "n.ipynb", "pipe.py")]
    sources = discover(paths, Config(), tmp_path)
    assert [Path(file.path).name for file in sources.files] == ["x.py"]
    assert {Path(error.path).name: error.reason for error in sources.errors} == {
        "none": "cannot be read: no such file or directory",
        "n.ipynb": "is a notebook; notebooks are not checked",
        "pipe.py": "is not a regular file",
    }


def test_a_directory_that_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, "shut/x.py", "open/y.py")
    real = os.scandir

    def scandir(path: str) -> object:
        if path.endswith("shut"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(
        os, "scandir", scandir
    )  # permissions do not hold for root, who runs tests in containers
    monkeypatch.chdir(tmp_path)
    sources = discover([tmp_path], Config(), tmp_path)
    assert [file.shown for file in sources.files] == ["open/y.py"]
    assert [(error.path, error.reason) for error in sources.errors] == [
        ("shut", "cannot be read: permission denied")
    ]


def test_paths_are_shown_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, "a/x.py", "b/y.py", "b/c/z.py")
    monkeypatch.chdir(tmp_path / "b")
    sources = discover([Path("."), Path("../a/x.py")], Config(), tmp_path)
    assert [file.shown for file in sources.files] == ["../a/x.py", "c/z.py", "y.py"]


def test_a_name_that_is_no_utf8_is_shown_escaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkdir(b"d\xff")
    Path(os.fsdecode(b"d\xff/\xe9.py")).touch()
    (file,) = discover([Path(".")], Config(), tmp_path).files
    assert (file.shown, os.fsencode(file.path)) == (
        "d\\xff/\\xe9.py",
        os.fsencode(tmp_path) + b"/d\xff/\xe9.py",
    )


def test_a_tree_deeper_than_the_stack_is_walked(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(300):
        deep = deep / "d"
        deep.mkdir()
    (deep / "x.py").touch()
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 100)
    try:
        (file,) = discover([tmp_path], Config(), tmp_path).files
    finally:
        sys.setrecursionlimit(limit)
    assert file.module == "d." * 300 + "x"


def test_three_thousand_files_are_found_quickly(tmp_path: Path) -> None:
    for folder in range(100):
        tree(tmp_path, *(f"pkg{folder % 10}/sub{folder}/m{number}.py" for number in range(30)))
    (tmp_path / ".gitignore").write_text("".join(f"*.ext{number}\nname{number}/\n" for number in range(60)))
    times = []
    for _ in range(3):
        start = time.perf_counter()
        assert len(discover([tmp_path], Config(), tmp_path).files) == 3000
        times.append(time.perf_counter() - start)
    assert min(times) < 0.3  # 25 ms when the machine is quiet


# Module names


def test_scripts_are_named_from_the_project_whatever_was_given(tmp_path: Path) -> None:
    tree(tmp_path, "main.py", "examples/a/workflows.py", "examples/b/workflows.py")
    expected = {
        "examples/a/workflows.py": (".", "examples.a.workflows"),
        "examples/b/workflows.py": (".", "examples.b.workflows"),
        "main.py": (".", "main"),
    }
    assert modules(tmp_path) == expected
    assert modules(tmp_path, "main.py", "examples/a", "examples/b/workflows.py") == expected


def test_a_src_directory_is_a_root(tmp_path: Path) -> None:
    tree(tmp_path, "src/pkg/__init__.py", "src/pkg/m.py", "src/space/part/__init__.py", "src/space/n.py")
    assert modules(tmp_path) == {
        "src/pkg/__init__.py": ("src", "pkg"),
        "src/pkg/m.py": ("src", "pkg.m"),
        "src/space/n.py": ("src", "space.n"),
        "src/space/part/__init__.py": ("src", "space.part"),
    }


def test_a_src_directory_that_is_a_package_is_none(tmp_path: Path) -> None:
    tree(tmp_path, "src/__init__.py", "src/m.py")
    assert modules(tmp_path)["src/m.py"] == (".", "src.m")


def test_the_outermost_package_lies_in_its_root(tmp_path: Path) -> None:
    tree(
        tmp_path,
        "services/one/app/__init__.py",
        "services/one/app/db/__init__.py",
        "services/one/app/db/m.py",
    )
    assert modules(tmp_path)["services/one/app/db/m.py"] == ("services/one", "app.db.m")
    assert modules(tmp_path, "services/one/app/db/m.py")["services/one/app/db/m.py"] == (
        "services/one",
        "app.db.m",
    )


def test_a_project_that_is_itself_a_package_is_named_from_above(tmp_path: Path) -> None:
    tree(tmp_path, "proj/__init__.py", "proj/m.py")
    assert modules(tmp_path / "proj") == {"__init__.py": ("..", "proj"), "m.py": ("..", "proj.m")}


def test_a_directory_that_is_no_identifier_starts_names_anew(tmp_path: Path) -> None:
    tree(tmp_path, "my-app/flows/m.py", "my-app/pkg/__init__.py", "1st/m.py")
    assert modules(tmp_path) == {
        "1st/m.py": ("1st", "m"),
        "my-app/flows/m.py": ("my-app", "flows.m"),
        "my-app/pkg/__init__.py": ("my-app", "pkg"),
    }


def test_configured_roots_replace_those_that_are_found(tmp_path: Path) -> None:
    tree(tmp_path, "src/a/x.py", "lib/deep/b/x.py", "lib/y.py")
    (tmp_path / "pyproject.toml").write_text("[tool.color-checker]\nsource-roots = ['lib', 'lib/deep']\n")
    assert modules(tmp_path, config=load_config(tmp_path)) == {
        "lib/deep/b/x.py": ("lib/deep", "b.x"),
        "lib/y.py": ("lib", "y"),
        "src/a/x.py": (".", "src.a.x"),
    }


def test_roots_of_the_build_system_are_roots(tmp_path: Path) -> None:
    tree(tmp_path, "python/space/m.py", "src/n.py")
    (tmp_path / "pyproject.toml").write_text("[tool.setuptools.packages.find]\nwhere = ['python']\n")
    config = load_config(tmp_path)
    assert modules(tmp_path, config=config) == {
        "python/space/m.py": ("python", "space.m"),
        "src/n.py": ("src", "n"),
    }


def test_outside_the_project_names_start_where_the_user_pointed(tmp_path: Path) -> None:
    tree(tmp_path, "far/space/m.py", "far/pkg/__init__.py", "home/x.py")
    sources = discover([tmp_path / "far"], Config(), tmp_path / "home")
    assert [(file.module, os.path.basename(file.root)) for file in sources.files] == [
        ("pkg", "far"),
        ("space.m", "far"),
    ]
    (script,) = discover([tmp_path / "far/space/m.py"], Config(), tmp_path / "home").files
    assert (script.module, os.path.basename(script.root)) == ("m", "space")


NAMESPACE = ("proj/space/temporal/__init__.py", "proj/space/temporal/clock.py", "proj/tests/flow.py")


@pytest.mark.parametrize(
    ("below", "given"), [("", "."), ("", "proj"), ("other", "../proj"), ("proj", "."), ("proj/tests", "..")]
)
def test_a_project_is_the_same_from_wherever_it_is_checked(below: str, given: str, tmp_path: Path) -> None:
    tree(tmp_path, *NAMESPACE, "proj/lib/deep/m.py", "other/x.py")
    (tmp_path / "proj" / "pyproject.toml").write_text("[tool.setuptools.packages.find]\nwhere = ['lib']\n")
    start = tmp_path / below
    config = load_config(start)
    sources = discover([start / given], config, Path(config.root or start))
    files = {os.path.relpath(file.path, tmp_path / "proj"): file for file in sources.files}
    assert {file: (source.module, os.path.relpath(source.root, tmp_path)) for file, source in files.items()
            if not file.startswith("..")} == {
        "lib/deep/m.py": ("deep.m", "proj/lib"),
        "space/temporal/__init__.py": ("temporal", "proj/space"),
        "space/temporal/clock.py": ("temporal.clock", "proj/space"),
        "tests/flow.py": ("tests.flow", "proj"),
    }  # fmt: skip
    modules = ModuleIndex(sources, foreign=lambda name: name.startswith("space"))
    importer = files["space/temporal/__init__.py"]
    assert modules.find("space.temporal.clock", importer) is files["space/temporal/clock.py"]
    assert modules.find("deep.m", importer) is files["lib/deep/m.py"]


def test_roots_named_in_a_project_below_are_its_roots(tmp_path: Path) -> None:
    tree(tmp_path, "proj/a/m.py", "proj/src/n.py")
    (tmp_path / "proj" / "pyproject.toml").write_text("[tool.color-checker]\nsource-roots = ['a']\n")
    assert modules(tmp_path) == {"proj/a/m.py": ("proj/a", "m"), "proj/src/n.py": ("proj", "src.n")}


@pytest.mark.parametrize("text", ["[tool", "tool = 1", "[tool]\ncolor-checker = 1", "\udc80"])
def test_a_project_below_whose_file_is_damaged_is_still_one(text: str, tmp_path: Path) -> None:
    tree(tmp_path, "proj/src/n.py", "proj/m.py")
    (tmp_path / "proj" / "pyproject.toml").write_bytes(text.encode(errors="surrogateescape"))
    assert modules(tmp_path) == {"proj/m.py": ("proj", "m"), "proj/src/n.py": ("proj/src", "n")}


def test_no_two_files_have_one_name(tmp_path: Path) -> None:
    tree(tmp_path, "a.py", "a/__init__.py", "tool.py", "b.c.py", "b-c.py", "bin/tool", "bin/tool.py")
    names = modules(tmp_path, ".", "bin/tool")
    assert names["a/__init__.py"] == (".", "a")
    assert names["a.py"] == (".", "a#2")
    assert names["bin/tool.py"] == (".", "bin.tool")
    assert names["bin/tool"] == (".", "bin.tool#2")
    assert len(set(names.values())) == len(names) == 7


# Finding modules


def index(root: Path, config: Config | None = None) -> tuple[ModuleIndex, dict[str, SourceFile]]:
    sources = discover([root], config or Config(), root)
    return ModuleIndex(sources), {os.path.relpath(file.path, root): file for file in sources.files}


def test_a_package_a_module_and_a_submodule_are_found(tmp_path: Path) -> None:
    tree(tmp_path, "src/p/__init__.py", "src/p/m.py", "src/q.py", "tests/test_q.py", "space/n.py")
    modules, files = index(tmp_path)
    for importer in (None, files["tests/test_q.py"], files["src/q.py"]):
        assert modules.find("p", importer) is files["src/p/__init__.py"]
        assert modules.find("p.m", importer) is files["src/p/m.py"]
        assert modules.find("q", importer) is files["src/q.py"]
        assert modules.find("space.n", importer) is files["space/n.py"]
        assert modules.find("space", importer) is None
        assert modules.find("p.none", importer) is None
        assert modules.find("none", importer) is None


def test_each_script_finds_its_own_sibling(tmp_path: Path) -> None:
    tree(tmp_path, *(f"examples/{name}/{file}.py" for name in "ab" for file in ("run", "steps")))
    modules, files = index(tmp_path)
    for name in "ab":
        importer = files[f"examples/{name}/run.py"]
        assert modules.find("steps", importer) is files[f"examples/{name}/steps.py"]
        assert modules.find("examples.b.steps", importer) is files["examples/b/steps.py"]


def test_the_importers_root_comes_before_its_folder(tmp_path: Path) -> None:
    tree(tmp_path, "steps.py", "a/steps.py", "a/run.py")
    modules, files = index(tmp_path)
    assert modules.find("steps", files["a/run.py"]) is files["steps.py"]


def test_folders_above_a_script_are_searched(tmp_path: Path) -> None:
    tree(tmp_path, "service/app/flows/m.py", "service/app/steps.py", "service/shared/__init__.py")
    modules, files = index(tmp_path)
    importer = files["service/app/flows/m.py"]
    assert modules.find("app.steps", importer) is files["service/app/steps.py"]
    assert modules.find("shared", importer) is files["service/shared/__init__.py"]


def test_the_standard_library_is_not_hidden_by_a_file_elsewhere(tmp_path: Path) -> None:
    tree(
        tmp_path,
        "app/queue.py",
        "app/main.py",
        "lib/pkg/__init__.py",
        "lib/types.py",
        "email.py",
        "platform/m.py",
    )
    modules, files = index(tmp_path)
    main = files["app/main.py"]
    assert modules.find("queue", main) is None
    assert modules.find("types", main) is None
    assert modules.find("email", main) is files["email.py"]  # as Python would, with the root on its path
    assert modules.find("platform.m", main) is files["platform/m.py"]
    assert modules.find("email", files["email.py"]) is None


def test_a_foreign_package_is_not_hidden_by_a_file_of_its_name(tmp_path: Path) -> None:
    tree(
        tmp_path,
        "redis.py",
        "app/requests.py",
        "app/main.py",
        "vendor/boto3/__init__.py",
        "httpx/__init__.py",
    )
    sources = discover([tmp_path], Config(), tmp_path)
    files = {os.path.relpath(file.path, tmp_path): file for file in sources.files}
    foreign = {"redis", "requests", "boto3", "httpx"}
    modules = ModuleIndex(sources, foreign=lambda name: name.partition(".")[0] in foreign)
    main = files["app/main.py"]
    assert modules.find("redis", files["redis.py"]) is None
    assert modules.find("redis", main) is files["redis.py"]
    assert modules.find("requests", main) is None
    assert modules.find("boto3", main) is None
    assert modules.find("httpx", main) is files["httpx/__init__.py"]
    assert modules.find("httpx", files["httpx/__init__.py"]) is files["httpx/__init__.py"]
    assert ModuleIndex(sources).find("boto3", main) is files["vendor/boto3/__init__.py"]


def test_installed_packages_do_not_import_the_project(tmp_path: Path) -> None:
    tree(tmp_path, "utils.py", "lib/site-packages/dep/__init__.py")
    modules, files = index(tmp_path)
    site = str(tmp_path / "lib" / "site-packages")
    library = SourceFile(f"{site}/dep/__init__.py", "dep/__init__.py", "dep", True, site)
    assert modules.find("utils", library) is None
    assert modules.find("utils") is files["utils.py"]


def test_a_checked_file_is_known_by_its_path(tmp_path: Path) -> None:
    tree(tmp_path, "src/p/__init__.py", "lib")
    (tmp_path / "link").symlink_to("src")
    modules, files = index(tmp_path)
    assert modules.at(str(tmp_path / "src/p/__init__.py")) is files["src/p/__init__.py"]
    assert modules.at(str(tmp_path / "link/p/__init__.py")) is files["src/p/__init__.py"]
    assert modules.at(str(tmp_path / "src/p")) is None


def test_submodules_of_packages_with_and_without_init(tmp_path: Path) -> None:
    tree(
        tmp_path,
        "p/__init__.py",
        "p/b.py",
        "p/a/__init__.py",
        "p/space/x/y.py",
        "space/n.py",
        "src/space/m.py",
    )
    modules, files = index(tmp_path)
    assert modules.submodules("p") == ("a", "b", "space")
    assert modules.submodules("p.space") == ("x",)
    assert modules.submodules("space", files["p/b.py"]) == ("m", "n")
    assert modules.submodules("p.b") == ()
    assert modules.submodules("none") == ()


def test_a_file_behind_a_link_is_found_by_both_names(tmp_path: Path) -> None:
    tree(tmp_path, "common/shared.py", "common/deep/m.py", "a/__init__.py")
    (tmp_path / "a" / "shared.py").symlink_to("../common/shared.py")
    (tmp_path / "a" / "deep").symlink_to("../common/deep")
    modules, files = index(tmp_path)
    assert sorted(files) == ["a/__init__.py", "common/deep/m.py", "common/shared.py"]
    assert modules.find("a.shared") is files["common/shared.py"]
    assert modules.find("a.deep.m") is files["common/deep/m.py"]
    assert modules.submodules("a") == ("deep", "shared")


@pytest.mark.parametrize(
    ("module", "package", "level", "name", "expected"),
    [
        ("a.b.c", False, 0, "x.y", "x.y"),
        ("a.b.c", False, 1, "x", "a.b.x"),
        ("a.b.c", False, 1, "", "a.b"),
        ("a.b.c", False, 2, "x", "a.x"),
        ("a.b", True, 1, "x", "a.b.x"),
        ("a.b", True, 1, "", "a.b"),
        ("a.b", True, 2, "", "a"),
        ("a.b.c", False, 4, "x", None),
        ("m", False, 1, "steps", "steps"),
        ("m", False, 1, "", None),
        ("m", False, 2, "steps", None),
    ],
)
def test_relative_names_become_absolute(
    module: str, package: bool, level: int, name: str, expected: str | None
) -> None:
    assert absolute_name(SourceFile("/x", "x", module, package, "/"), level, name) == expected


# Reading


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_bytes(b"x = 1\r\n")
    assert read_source(str(tmp_path / "x.py")) == b"x = 1\r\n"


def test_what_is_no_readable_file_of_sane_size_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    with open(tmp_path / "big.py", "wb") as file:
        file.truncate(MAX_BYTES + 1)
    socket.socket(socket.AF_UNIX).bind(str(tmp_path / "socket.py"))
    for name, reason in {
        "pipe.py": "is not a regular file",
        "big.py": r"is too big to check \(21 MB; the limit is 20 MB\)",
        "none.py": "cannot be read: no such file or directory",
        ".": "cannot be read: is a directory|is not a regular file",
        "socket.py": "cannot be read: no such device or address",
    }.items():
        with pytest.raises(SourceError, match=reason):
            read_source(str(tmp_path / name))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("é = 1\n".encode(), "é = 1\n"),
        (codecs.BOM_UTF8 + "é".encode(), "é"),
        ("# -*- coding: latin-1 -*-\né".encode("latin-1"), "# -*- coding: latin-1 -*-\né"),
        (
            "#!/bin/x\n# vim: set fileencoding=cp1252 :\n€".encode("cp1252"),
            "#!/bin/x\n# vim: set fileencoding=cp1252 :\n€",
        ),
        ("\n\n# coding: latin-1\né".encode(), "\n\n# coding: latin-1\né"),
        ("# coding: euc_jp\n日".encode("euc_jp"), "# coding: euc_jp\n日"),
        (b"", ""),
    ],
)
def test_text_is_decoded_as_python_does(data: bytes, text: str) -> None:
    assert decode(data) == text


@pytest.mark.parametrize(
    ("data", "reason", "line", "column"),
    [
        (b"a = 1\nb = '\0'", "contains a NUL byte", 2, 6),
        ("a\né = '".encode() + b"\xff'", "is not valid utf-8: invalid start byte", 2, 6),
        (b"\xff\xfe", "is not valid utf-8", 1, 1),
        (codecs.BOM_UTF8 + b"x\n\xff", "is not valid utf-8", 2, 1),
        (b"# coding: klingon\n", "has a wrong encoding declaration: unknown encoding: klingon", 1, 1),
        (
            codecs.BOM_UTF8 + b"# coding: latin-1\n",
            "has a wrong encoding declaration: encoding problem",
            1,
            1,
        ),
        (b"# coding: rot13\n", "cannot be decoded as rot13", 1, 1),
        (b"# coding: utf-7\n+AAA-", "contains a NUL character", 1, 1),
        (b"# coding: unicode_escape\n\\ud800", "cannot be decoded as unicode_escape", 1, 1),
        (b"# coding: ascii\nx\n\xe9", "is not valid ascii", 3, 1),
    ],
)
def test_bytes_that_are_no_text_are_refused_with_their_place(
    data: bytes, reason: str, line: int, column: int
) -> None:
    with pytest.raises(SourceError) as caught:
        decode(data)
    assert caught.value.reason.startswith(reason)
    assert (caught.value.line, caught.value.column) == (line, column)


COOKIES = st.sampled_from(
    [b"", codecs.BOM_UTF8, b"# coding: latin-1\n", b"#coding=utf-7\n", b"\n# coding: hex\n"]
)


@given(cookie=COOKIES, data=st.binary())
def test_any_bytes_are_decoded_or_refused(cookie: bytes, data: bytes) -> None:
    text, line, column = "", 1, 1
    try:
        text = decode(cookie + data)
    except SourceError as error:
        line, column = error.line, error.column
    assert min(line, column) >= 1
    assert "\0" not in text
    assert text.encode().decode() == text


def test_the_hash_is_of_the_content() -> None:
    assert content_hash(b"a") == content_hash(b"a") != content_hash(b"b")
    assert len(content_hash(b"")) == 16


def test_no_sources_make_an_empty_index() -> None:
    assert ModuleIndex(Sources()).find("a") is None
