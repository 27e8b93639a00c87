"""Reads `[tool.color-checker]` into a `Config`.

The table is looked for in the `pyproject.toml` of the working directory and of the directories above
it; the nearest file that has the table counts. Without any, the nearest `pyproject.toml` still says
where the project's root is and where its packages lie. (`surroundings` says when that of another
directory counts.) A file named with `--config` is a `pyproject.toml`, or any other TOML file
(`color-checker.toml`) that holds the keys at its top level. All paths in the file are relative to it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, get_args

import msgspec

from color_checker.errors import ConfigError, did_you_mean
from color_checker.findings import Severity

TABLE = "[tool.color-checker]"


class Config(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """What the user has configured. In the file, keys have dashes for underscores.

    Attributes:
        paths: what is checked where no path is named: by the command without one, by plugins and editors;
            empty: the working directory.
        exclude: gitignore patterns, relative to `root`, of files and directories not to be checked.
            `!name` brings back what is excluded by default or by a `.gitignore`.
        source_roots: directories from which modules are imported (`src`); empty: found.
        engines: names of engine profiles; empty: the engines that the files import.
        engine_files: further profiles.
        strict: unresolved calls in workflow-reachable code are errors.
        select: names of the only rules to apply; empty: all.
        ignore: names of rules not to apply.
        severity: rule name → severity, instead of the rule's own.
        workflow_modules: glob patterns of module names (`app.workflows.*`) or paths
            (`app/workflows/*.py`) that are treated as if they said `# color: workflow` at their top.
        per_path_ignores: glob pattern of paths → names of rules not to apply there.
        baseline: the file with the findings already known; "" for none.
        cache_dir: where facts are kept.
        follow_imports: read the source of installed packages, too.
        python_path: further directories with installed packages.
        file: the file all this was read from, absolute; "" for none. Not a key.
        root: the directory of the project, absolute; "" if it was never looked for. Not a key.
        package_roots: where the build system's tables in `pyproject.toml` say that packages lie,
            relative to `root`. Not a key.
    """

    paths: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    source_roots: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()
    engine_files: tuple[str, ...] = ()
    strict: bool = False
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: dict[str, Severity] = {}
    workflow_modules: tuple[str, ...] = ()
    per_path_ignores: dict[str, tuple[str, ...]] = {}
    baseline: str = ""
    cache_dir: str = ".color_checker_cache"
    follow_imports: bool = True
    python_path: tuple[str, ...] = ()
    file: str = ""
    root: str = ""
    package_roots: tuple[str, ...] = ()

    def resolve(self, path: str) -> Path:
        """A path of the configuration file as an absolute one."""
        return Path(self.root or os.getcwd(), path)

    def default_paths(self) -> tuple[str, ...]:
        """What is checked where no path is named."""
        return tuple(str(self.resolve(path)) for path in self.paths) or (".",)

    def is_workflow_module(self, module: str, path: str) -> bool:
        """Whether `workflow-modules` names this module, by its dotted name or its absolute path."""
        relative = self._relative(path)
        return any(
            fnmatchcase(module, pattern) or _path_matches(relative, pattern)
            for pattern in self.workflow_modules
        )

    def is_on(self, rule: str) -> bool:
        """Whether the rule of this name is to be applied at all."""
        return (not self.select or rule in self.select) and rule not in self.ignore

    def ignored_at(self, path: str) -> frozenset[str]:
        """The names of the rules that `per-path-ignores` switches off for the file at this absolute path."""
        relative = self._relative(path)
        return frozenset(
            name
            for pattern, names in self.per_path_ignores.items()
            if _path_matches(relative, pattern)
            for name in names
        )

    def _relative(self, path: str) -> str:
        prefix = (self.root or os.getcwd()).rstrip(os.sep) + os.sep
        return path.removeprefix(prefix).replace(os.sep, "/")


def load_config(start: Path, file: Path | None = None) -> Config:
    """The configuration for a run in the directory `start`, or from `file`. Raises ConfigError."""
    if file is not None:
        return _load_given(Path(os.path.abspath(file)))
    nearest: tuple[Path, dict[str, Any]] | None = None
    for candidate in _pyprojects(Path(os.path.abspath(start))):
        data = _read_toml(candidate)
        table = _table(data, candidate)
        if table is not None:
            return _convert(table, candidate, data)
        nearest = nearest or (candidate, data)
    if nearest is None:
        return Config(root=str(_repository(Path(os.path.abspath(start)))))
    return Config(root=str(nearest[0].parent), package_roots=_package_roots(nearest[1]))


def source_roots_of(file: Path) -> tuple[str, ...]:
    """Where a `pyproject.toml` says that packages lie, relative to it. One that is damaged says nothing."""
    try:
        data = _read_toml(file)
        table = _table(data, file) or {}
    except ConfigError:
        return ("src",)
    return tuple(_strings(table.get("source-roots"))) or (*_package_roots(data), "src")


def validate_names(config: Config, rules: Collection[str], engines: Collection[str]) -> None:
    """Check the names of rules and engines in `config` against those that exist. Raises ConfigError."""
    where = _where(config.file or "configuration")
    for key, name in _rule_names(config):
        if _RULE_CODE.fullmatch(name):
            how = f"write the rule's name, which `color-checker explain {name}` says"
            raise ConfigError(f'{where}{key}: "{name}" is a code: {how}')
        if name not in rules:
            raise ConfigError(f'{where}{key}: there is no rule "{name}"{did_you_mean(name, sorted(rules))}')
    for name in config.engines:
        if name not in engines:
            raise ConfigError(
                f'{where}engines: there is no engine "{name}"{did_you_mean(name, sorted(engines))}'
            )


_RULE_CODE = re.compile(r"CC[0-9]{3}")


def _rule_names(config: Config) -> Iterator[tuple[str, str]]:
    yield from (("select", name) for name in config.select)
    yield from (("ignore", name) for name in config.ignore)
    yield from (("severity", name) for name in config.severity)
    for pattern, names in config.per_path_ignores.items():
        yield from ((f'per-path-ignores."{pattern}"', name) for name in names)


def _load_given(file: Path) -> Config:
    data = _read_toml(file)
    if file.name == "pyproject.toml":
        return _convert(_table(data, file) or {}, file, data)
    beside = file.parent / "pyproject.toml"
    return _convert(data, file, _read_toml(beside) if beside.is_file() else {})


def _pyprojects(start: Path) -> Iterator[Path]:
    for directory in (start, *start.parents):
        candidate = directory / "pyproject.toml"
        if candidate.is_file():
            yield candidate


def _repository(start: Path) -> Path:
    """The nearest directory that holds a `.git`, else `start` itself."""
    return next((directory for directory in (start, *start.parents) if (directory / ".git").exists()), start)


def _read_toml(file: Path) -> dict[str, Any]:
    import tomllib  # many runs find no file

    try:
        return tomllib.loads(file.read_bytes().decode())
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{file}:{line}: is not UTF-8, as TOML must be") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(toml_message(file, str(error))) from None
    except RecursionError:
        raise ConfigError(f"{file}: is nested too deeply") from None


def toml_message(file: Path, message: str) -> str:
    """Move the place that tomllib puts at the end of its message to where editors look for it."""
    place = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    reason = message[: place.start()] if place else message
    line = place.group(1) if place else None
    if line is None:
        line = str(file.read_bytes().count(b"\n") + 1)
    return f"{file}:{line}: is not valid TOML: {reason}"


#: Names of tables that were certainly meant for us.
_MISSPELLED = re.compile(r"(?!color-checker$)(?i:colou?r[-_]?checker)")


def _table(data: Mapping[str, Any], file: Path) -> dict[str, Any] | None:
    tool = data.get("tool")
    if not isinstance(tool, dict):
        return None
    for name in tool:
        if _MISSPELLED.fullmatch(name):
            raise ConfigError(f"{file}: tool.{name}: the table is called {TABLE}")
    table = tool.get("color-checker")
    if table is not None and not isinstance(table, dict):
        raise ConfigError(f"{file}: tool.color-checker must be a table")
    return table


_NOT_KEYS = frozenset({"file", "root", "package-roots"})


def _where(file: str) -> str:
    return f"{file}: {TABLE} " if os.path.basename(file) == "pyproject.toml" else f"{file}: "


def _convert(table: dict[str, Any], file: Path, pyproject: Mapping[str, Any]) -> Config:
    where = _where(str(file))
    known = [
        field.encode_name for field in msgspec.structs.fields(Config) if field.encode_name not in _NOT_KEYS
    ]
    for key in table:
        if key not in known:
            hint = did_you_mean(key, known) or f"; the keys are {', '.join(known)}"
            raise ConfigError(f"{where}{key}: there is no such key{hint}")
    try:
        config = msgspec.convert(table, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(where + (_severity_message(table) or _validation_message(str(error)))) from None
    for path in config.paths:
        if not (file.parent / path).exists():
            raise ConfigError(f'{where}paths: there is no file or directory "{path}" beside this file')
    for key, paths in (("source-roots", config.source_roots), ("python-path", config.python_path)):
        for path in paths:
            if not (file.parent / path).is_dir():
                raise ConfigError(f'{where}{key}: there is no directory "{path}" beside this file')
    return msgspec.structs.replace(
        config, file=str(file), root=str(file.parent), package_roots=_package_roots(pyproject)
    )


_TOML_WORDS = {
    "array": "a list",
    "bool": "true or false",
    "float": "a number",
    "int": "a number",
    "object": "a table",
    "str": "a string",
}


def _severity_message(table: Mapping[str, Any]) -> str:
    """What is wrong with `severity`, which msgspec says without the rule; "" if it is something else."""
    severities = table.get("severity")
    for rule, severity in severities.items() if isinstance(severities, dict) else ():
        if severity not in get_args(Severity):
            choices = ", ".join(get_args(Severity))
            return f'severity.{rule}: "{severity}" is none of {choices}; `ignore` switches a rule off'
    return ""


def _validation_message(message: str) -> str:
    """Turn msgspec's "Expected `array`, got `str` - at `$.x`" into "x: expected a list, got a string"."""
    reason, _, place = message.partition(" - at ")
    key = place.strip("`").removeprefix("$.")
    reason = toml_words(reason)
    reason = reason[:1].lower() + reason[1:]
    return f"{key}: {reason}" if key else reason


def toml_words(reason: str, **others: str) -> str:
    """msgspec's message with what users of TOML call its `types`; `others`: other words for some of them."""
    words = {**_TOML_WORDS, **others}
    return re.sub(r"`(\w+)`", lambda match: words.get(match[1], match[1]), reason)


def _package_roots(pyproject: Mapping[str, Any]) -> tuple[str, ...]:
    """The directories from which the build systems' tables take packages. Odd tables are passed over."""
    roots = [
        *_setuptools_roots(_dig(pyproject, "tool", "setuptools")),
        *_hatch_roots(_dig(pyproject, "tool", "hatch", "build")),
        *_poetry_roots(_dig(pyproject, "tool", "poetry", "packages")),
        *_strings(_dig(pyproject, "tool", "uv", "build-backend", "module-root")),
        *_strings(_dig(pyproject, "tool", "pdm", "build", "package-dir")),
    ]
    return tuple(dict.fromkeys(os.path.normpath(root) for root in roots))


def _setuptools_roots(table: object) -> Iterator[str]:
    package_dir = _dig(table, "package-dir")
    if isinstance(package_dir, dict):
        # {"": "src"} moves all packages; {"pkg": "lib/pkg"} one, under the directory above it.
        for package, directory in package_dir.items():
            if isinstance(directory, str):
                suffix = "/" + package.replace(".", "/") if package else ""
                normal = "/" + directory.rstrip("/")
                if normal.endswith(suffix):
                    yield normal[1 : len(normal) - len(suffix)] or "."
    yield from _strings(_dig(table, "packages", "find", "where"))


def _hatch_roots(table: object) -> Iterator[str]:
    for target in (table, _dig(table, "targets", "wheel")):
        packages = _strings(_dig(target, "packages"))
        yield from (os.path.dirname(package.rstrip("/")) or "." for package in packages)
        yield from _strings(_dig(target, "sources"))
        sources = _dig(target, "sources")
        if isinstance(sources, dict):
            yield from (path for path, new in sources.items() if new == "")


def _poetry_roots(packages: object) -> Iterator[str]:
    if isinstance(packages, list):
        for package in packages:
            if isinstance(package, dict) and "include" in package:
                yield from _strings(package.get("from", "."))


def _dig(value: object, *keys: str) -> object:
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [item for item in value if isinstance(item, str)]
    return []


def _path_matches(path: str, pattern: str) -> bool:
    """Whether a glob names this path or a directory above it. `*` also matches `/`."""
    pattern = pattern.removeprefix("./").rstrip("/")
    candidates = {pattern, pattern.removeprefix("**/")}
    return any(fnmatchcase(path, glob) or fnmatchcase(path, glob + "/*") for glob in candidates)
