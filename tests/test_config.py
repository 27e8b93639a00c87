"""The configuration: where it is found, what it may say, and how mistakes are reported."""

from __future__ import annotations

import string
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from color_checker.config import Config, load_config, validate_names
from color_checker.errors import ColorCheckerError, ConfigError
from color_checker.surroundings import configuration_for


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def error_of(directory: Path, table: str) -> str:
    write(directory / "pyproject.toml", f"[tool.color-checker]\n{table}\n")
    with pytest.raises(ConfigError) as caught:
        load_config(directory)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{directory / 'pyproject.toml'}")
    return message.removeprefix(f"{directory / 'pyproject.toml'}")


def test_every_key_of_the_table_is_read(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    file = write(
        tmp_path / "pyproject.toml",
        """
        [tool.color-checker]
        exclude = ["gen/"]
        source-roots = ["lib"]
        engines = ["temporal"]
        engine-files = ["own.toml"]
        strict = true
        select = ["clock"]
        ignore = ["random"]
        severity = { clock = "warning" }
        workflow-modules = ["app.workflows.*"]
        per-path-ignores = { "tests/" = ["network", "clock"] }
        baseline = "known.json"
        cache-dir = "/var/cache"
        follow-imports = false
        python-path = ["lib"]
        """,
    )
    assert load_config(tmp_path) == Config(
        exclude=("gen/",),
        source_roots=("lib",),
        engines=("temporal",),
        engine_files=("own.toml",),
        strict=True,
        select=("clock",),
        ignore=("random",),
        severity={"clock": "warning"},
        workflow_modules=("app.workflows.*",),
        per_path_ignores={"tests/": ("network", "clock")},
        baseline="known.json",
        cache_dir="/var/cache",
        follow_imports=False,
        python_path=("lib",),
        file=str(file),
        root=str(tmp_path),
    )


def test_the_nearest_file_with_the_table_counts(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[tool.color-checker]\nstrict = true\n")
    write(tmp_path / "service" / "pyproject.toml", "[project]\nname = 'service'\n")
    (tmp_path / "service" / "src").mkdir()
    config = load_config(tmp_path / "service" / "src")
    assert (config.strict, config.root) == (True, str(tmp_path))


def test_a_project_without_the_table_still_has_a_root_and_package_directories(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[tool.setuptools.packages.find]\nwhere = ['lib']\n")
    (tmp_path / "lib" / "deep").mkdir(parents=True)
    config = load_config(tmp_path / "lib" / "deep")
    assert (config.file, config.root, config.package_roots) == ("", str(tmp_path), ("lib",))


def test_without_any_pyproject_the_repository_is_the_root(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert load_config(tmp_path / "a" / "b").root == str(tmp_path)


@pytest.mark.parametrize(
    ("table", "roots"),
    [
        ("[tool.setuptools]\npackage-dir = {'' = 'python'}", ("python",)),
        ("[tool.setuptools]\npackage-dir = {'a.b' = 'lib/a/b', c = 'c', odd = 'other'}", ("lib", ".")),
        ("[tool.setuptools.packages.find]\nwhere = ['src', 'more/']", ("src", "more")),
        ("[tool.hatch.build.targets.wheel]\npackages = ['src/one', 'two']", ("src", ".")),
        ("[tool.hatch.build.targets.wheel]\nsources = ['src']", ("src",)),
        ("[tool.poetry]\npackages = [{include = 'a', from = 'code'}, {include = 'b'}]", ("code", ".")),
        ("[tool.setuptools]\npackage-dir = 3\npackages = ['a']", ()),
    ],
)
def test_the_build_systems_tables_say_where_packages_lie(
    tmp_path: Path, table: str, roots: tuple[str]
) -> None:
    write(tmp_path / "pyproject.toml", table)
    assert load_config(tmp_path).package_roots == roots


def test_a_file_named_on_the_command_line_holds_the_keys_at_its_top_level(tmp_path: Path) -> None:
    write(
        tmp_path / "pyproject.toml",
        "[tool.setuptools]\npackage-dir = {'' = 'lib'}\n[tool.color-checker]\nx = 1",
    )
    file = write(tmp_path / "color-checker.toml", "strict = true")
    config = load_config(Path("/"), file)
    assert (config.strict, config.root, config.package_roots) == (True, str(tmp_path), ("lib",))


def test_a_pyproject_named_on_the_command_line_may_lack_the_table(tmp_path: Path) -> None:
    file = write(tmp_path / "pyproject.toml", "[project]\nname = 'x'\n")
    assert load_config(Path("/"), file).file == str(file)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("exlude = []", ': [tool.color-checker] exlude: there is no such key; did you mean "exclude"?'),
        ("exclude = 'a'", ": [tool.color-checker] exclude: expected a list, got a string"),
        ("exclude = [1]", ": [tool.color-checker] exclude[0]: expected a string, got a number"),
        ("strict = 'yes'", ": [tool.color-checker] strict: expected true or false, got a string"),
        ("per-path-ignores = 1", ": [tool.color-checker] per-path-ignores: expected a table, got a number"),
        (
            "severity = {clock = 'bad'}",
            ': [tool.color-checker] severity.clock: "bad" is none of error, warning, note; '
            "`ignore` switches a rule off",
        ),
        (
            "source-roots = ['no']",
            ': [tool.color-checker] source-roots: there is no directory "no" beside this file',
        ),
        ("strict = tru", ":2: is not valid TOML: Invalid value"),
        ("exclude = [", ":3: is not valid TOML: Invalid value"),
    ],
)
def test_a_mistake_is_reported_with_file_and_place(tmp_path: Path, table: str, message: str) -> None:
    assert error_of(tmp_path, table) == message


def test_an_unknown_key_that_is_close_to_nothing_gets_the_list_of_keys(tmp_path: Path) -> None:
    message = error_of(tmp_path, "zzz = 1")
    assert "the keys are paths, exclude, source-roots, engines," in message
    assert "package-roots" not in message


@pytest.mark.parametrize("key", ["file", "root", "package-roots"])
def test_what_the_program_fills_in_cannot_be_set(tmp_path: Path, key: str) -> None:
    assert "there is no such key" in error_of(tmp_path, f"{key} = 'x'")


def test_a_file_that_is_missing_or_no_utf8_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_config(tmp_path, tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"strict = true\n# \xff\n")
    with pytest.raises(ConfigError, match=r"bad\.toml:2: is not UTF-8"):
        load_config(tmp_path, tmp_path / "bad.toml")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (Config(select=("clok",)), 'select: there is no rule "clok"; did you mean "clock"?'),
        (Config(ignore=("x",)), 'ignore: there is no rule "x"'),
        (Config(severity={"randm": "note"}), 'severity: there is no rule "randm"; did you mean "random"?'),
        (Config(per_path_ignores={"t/*": ("y",)}), 'per-path-ignores."t/*": there is no rule "y"'),
        (Config(engines=("temporl",)), 'engines: there is no engine "temporl"; did you mean "temporal"?'),
    ],
)
def test_names_that_do_not_exist_are_reported_with_their_key(config: Config, message: str) -> None:
    config = msgspec.structs.replace(config, file="/p/pyproject.toml")
    with pytest.raises(ConfigError) as caught:
        validate_names(config, {"clock", "random"}, {"temporal", "dbos"})
    assert str(caught.value) == f"/p/pyproject.toml: [tool.color-checker] {message}"


def test_names_that_exist_pass() -> None:
    validate_names(Config(select=("clock",), engines=("dbos",)), ["clock"], ["dbos"])


def test_workflow_modules_are_named_by_module_or_by_path() -> None:
    config = Config(workflow_modules=("app.flows.*", "jobs/*_flow.py", "**/workflows/"), root="/p")
    assert config.is_workflow_module("app.flows.trial", "/p/app/flows/trial.py")
    assert config.is_workflow_module("jobs.a_flow", "/p/jobs/a_flow.py")
    assert config.is_workflow_module("x", "/p/deep/workflows/x.py")
    assert config.is_workflow_module("x", "/p/workflows/x.py")
    assert not config.is_workflow_module("app.flowsy", "/p/app/flowsy.py")


def test_rules_are_ignored_by_path() -> None:
    config = Config(per_path_ignores={"tests/": ("clock",), "*.gen.py": ("random",)}, root="/p")
    assert config.ignored_at("/p/tests/deep/a.gen.py") == {"clock", "random"}
    assert config.ignored_at("/p/src/tests.py") == frozenset()


TOML_TEXT = st.one_of(
    st.text(max_size=60),
    st.text(alphabet=string.ascii_lowercase + "-=[]{}\"'. \n1", max_size=80),
    st.builds(
        lambda key, value: f"{key} = {value}", st.sampled_from(["exclude", "strict", "severity"]), st.text()
    ),
)


@given(text=TOML_TEXT)
def test_any_text_is_a_configuration_or_a_configuration_error(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.getbasetemp() / "fuzz.toml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        outcome = load_config(file.parent, file).file
    except ColorCheckerError as error:
        outcome = str(error)
    assert outcome.startswith(str(file))


def test_paths_say_what_is_checked_where_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "pyproject.toml").write_text('[tool.color-checker]\npaths = ["app"]\n')
    assert load_config(tmp_path).default_paths() == (str(tmp_path / "app"),)


def test_without_paths_the_working_directory_is_checked(tmp_path: Path) -> None:
    assert load_config(tmp_path).default_paths() == (".",)


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.color-checker]\npaths = ["ap"]\n')
    with pytest.raises(ConfigError, match='paths: there is no file or directory "ap"'):
        load_config(tmp_path)


def table_in(directory: Path) -> str:
    file = write(directory / "pyproject.toml", "[tool.color-checker]\nstrict = true\n")
    write(directory / "src" / "flows.py", "")
    return str(file)


def test_of_mistakes_in_several_projects_the_first_one_is_said(tmp_path: Path) -> None:
    paths = []
    for number in range(12):
        folder = tmp_path / f"project{number}"
        write(folder / "pyproject.toml", "[tool.color-checker]\nno-such-key = 1\n")
        paths.append(str(folder))
    (tmp_path / "here").mkdir()
    for order in (paths, paths[::-1]):
        with pytest.raises(ConfigError) as caught:
            configuration_for(order, tmp_path / "here")
        assert str(caught.value).startswith(str(Path(order[0], "pyproject.toml")))


def test_paths_in_a_project_elsewhere_have_its_configuration(tmp_path: Path) -> None:
    file = table_in(tmp_path / "shop")
    (tmp_path / "away").mkdir()
    for path in ("shop", "shop/src", "shop/src/flows.py", "shop/src/missing.py"):
        found = configuration_for([str(tmp_path / path)], tmp_path / "away")
        assert (found.config.file, found.passed_over) == (file, ())
        assert found.config.root == str(tmp_path / "shop")
        assert found.config.default_paths() == (str(tmp_path / "shop"),)


def test_the_configuration_of_the_working_directory_counts_for_all_that_lies_in_it(tmp_path: Path) -> None:
    outer = table_in(tmp_path)
    table_in(tmp_path / "shop")
    found = configuration_for([str(tmp_path / "shop" / "src")], tmp_path)
    assert (found.config.file, found.passed_over) == (outer, ())
    assert configuration_for([], tmp_path / "shop").config.root == str(tmp_path / "shop")


def test_another_project_than_that_of_the_working_directory_has_its_own_configuration(tmp_path: Path) -> None:
    table_in(tmp_path / "bank")
    file = table_in(tmp_path / "shop")
    assert configuration_for([str(tmp_path / "shop")], tmp_path / "bank").config.file == file


def test_of_several_configurations_none_counts_and_all_are_named(tmp_path: Path) -> None:
    files = (table_in(tmp_path / "bank"), table_in(tmp_path / "shop"))
    write(tmp_path / "loose.py", "")
    paths = [str(tmp_path / name) for name in ("bank", "shop")]
    found = configuration_for(paths, tmp_path)
    assert (found.config.file, found.passed_over) == ("", files)
    found = configuration_for([paths[0], str(tmp_path / "loose.py")], tmp_path)
    assert (found.config.file, found.passed_over) == ("", files[:1])
    found = configuration_for(paths, tmp_path / "bank")
    assert (found.config.file, found.passed_over) == (files[0], files[1:])


def test_paths_that_nobody_has_configured_change_nothing(tmp_path: Path) -> None:
    file = table_in(tmp_path / "shop")
    write(tmp_path / "loose.py", "")
    assert configuration_for([str(tmp_path / "loose.py")], tmp_path / "shop").config.file == file


def test_seen_from_no_project_a_project_without_the_table_is_still_the_root(tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    write(tmp_path / "shop" / "pyproject.toml", '[tool.setuptools.package-dir]\n"" = "lib"\n')
    write(tmp_path / "shop" / "lib" / "flows.py", "")
    config = configuration_for([str(tmp_path / "shop" / "lib" / "flows.py")], away).config
    assert (config.root, config.package_roots) == (str(tmp_path / "shop"), ("lib",))
    (away / ".git").mkdir()
    assert configuration_for([str(tmp_path / "shop")], away).config.root == str(away)


@pytest.mark.parametrize("name", ["color_checker", "colorchecker", "colour-checker"])
def test_a_table_with_nearly_the_right_name_is_a_mistake(tmp_path: Path, name: str) -> None:
    write(tmp_path / "pyproject.toml", f"[tool.{name}]\nstrict = true\n")
    with pytest.raises(ConfigError, match=rf"tool.{name}: the table is called \[tool.color-checker\]"):
        load_config(tmp_path)


def test_a_rules_code_is_answered_with_where_its_name_is_said() -> None:
    with pytest.raises(ConfigError) as caught:
        validate_names(Config(select=("CC201",)), {"clock"}, ())
    assert str(caught.value).endswith(
        'select: "CC201" is a code: write the rule\'s name, which `color-checker explain CC201` says'
    )
