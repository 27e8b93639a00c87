"""Runs real mypy, with the plugin, on small programs whose lines say what it has to report.

A line of a program may end in comments of these kinds, also in several of them:

    # E: clock, random "os.urandom"   errors of ours; quoted: a part of the message
    # M: arg-type "Argument 1"        errors of mypy itself, by their code
    # R: Workflow[[int], str]         what `reveal_type` shows, or a part of it
    # N: Proof:                       a note, or a part of it

Every error has to be announced, and what is announced has to come. Notes and revealed types may come
unannounced.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import pytest
from mypy import api
from mypy.version import __version__ as mypy_version

import color_checker
import mypy_plugin
import runtime_min
from mypy_plugin.codes import CODES

MYPY = tuple(int(part) for part in mypy_version.split(".")[:2])

#: path → source; a source alone is that of `app.py`.
Program = Mapping[str, str] | str

_PLAIN_OUTPUT = (
    "--show-column-numbers", "--show-error-codes", "--no-error-summary", "--no-pretty", "--no-color-output",
)  # fmt: skip
_LINE = re.compile(
    r"(?P<path>[^:\n]+):(?:(?P<line>\d+):(?:(?P<column>\d+):)?(?:\d+:\d+:)?)? "
    r"(?P<severity>error|note): (?P<text>.*?)(?:  \[(?P<code>[a-z0-9-]+)\])?"
)
_MARKER = re.compile(r"# (?P<kind>[EMRN]): (?P<body>.*?)\s*(?=# [EMRN]: |$)")
_EXPECTED = re.compile(r'\s*(?P<code>[a-z0-9-]+)(?: "(?P<text>(?:[^"\\]|\\.)*)")?\s*(?:,|$)')
#: Older versions of mypy print `builtins.str`, newer ones `str`.
_BUILTINS = re.compile(r"\bbuiltins\.")
_TARGET = re.compile(r"^.*fine-grained: +process(?: target with error)?: (\S+)$", re.MULTILINE)

_SDK = re.compile(
    r"^\s*(?:from|import) (temporalio|dbos|restate|aws_durable_execution_sdk_python|durabletask"
    r"|azure\.durable_functions|dapr\.ext\.workflow)\b",
    re.MULTILINE,
)

_times = itertools.count(1_000_000_000)

_runs = itertools.count(1)

#: It takes seconds.
_RUNS_A_COLLECTION = 12


class Message(msgspec.Struct, frozen=True, order=True):
    """One line of mypy's output."""

    path: str
    line: int
    column: int
    severity: str
    text: str
    code: str

    @property
    def place(self) -> tuple[str, int, str]:
        """Path, line and code: what a marker announces."""
        return self.path, self.line, self.code


class Result(msgspec.Struct, frozen=True):
    """What a run of mypy gave."""

    messages: tuple[Message, ...]
    stdout: str
    stderr: str
    exit_code: int

    @property
    def errors(self) -> tuple[Message, ...]:
        """All errors, of mypy and of ours."""
        return tuple(message for message in self.messages if message.severity == "error")

    @property
    def ours(self) -> tuple[Message, ...]:
        """The errors with codes of ours."""
        return tuple(message for message in self.errors if message.code in CODES)

    @property
    def notes(self) -> tuple[Message, ...]:
        """The notes, of mypy and of ours."""
        return tuple(message for message in self.messages if message.severity == "note")

    @property
    def places(self) -> frozenset[tuple[str, int, str]]:
        """Path, line and code of each error of ours."""
        return frozenset(message.place for message in self.ours)


class Expected(msgspec.Struct, frozen=True):
    """One announcement in a comment."""

    path: str
    line: int
    kind: str
    code: str
    text: str

    def is_met_by(self, message: Message) -> bool:
        """Whether mypy's message is what was announced."""
        if (self.path, self.line) != (message.path, message.line):
            return False
        match self.kind:
            case "E" | "M":
                wanted = message.severity == "error" and self.code == message.code
            case "R":
                wanted = message.text.startswith("Revealed type is ")
            case _:
                wanted = message.severity == "note"
        return wanted and _BUILTINS.sub("", self.text) in _BUILTINS.sub("", message.text)

    def __str__(self) -> str:
        text = f' "{self.text}"' if self.code and self.text else self.text
        return f"{self.path}:{self.line}: {self.kind}: {self.code}{text}"


def check(
    directory: Path, program: Program, *, mypy: str = "", color: str = "", toml: str = "",
    strict: bool = True, args: Iterable[str] = (".",),
) -> Result:  # fmt: skip
    """Run mypy on a program in an empty directory; fail if it reports something else than announced.

    Args:
        mypy: lines of `[tool.mypy]`, as TOML.
        color: lines of `[tool.color-checker]`.
        toml: further tables of `pyproject.toml`.
        strict: whether mypy runs with `--strict`.
        args: what else to tell mypy, above all which files to check.
    """
    write(directory, program)
    configure(directory, mypy=mypy, color=color, toml=toml, strict=strict)
    result = run_mypy(directory, *args)
    assert_as_announced(result, program)
    return result


def assert_as_announced(result: Result, program: Program) -> None:
    """Fail if the result differs from the program's markers."""
    announced = sorted(expectations(program), key=str)
    missing = []
    left = list(result.messages)
    for expected in announced:
        met = next((message for message in left if expected.is_met_by(message)), None)
        if met is None:
            missing.append(expected)
        else:
            left.remove(met)
    surplus = [message for message in left if message.severity == "error"]
    assert not missing, _explained("not reported", missing, result)
    assert not surplus, _explained("not announced", surplus, result)
    assert result.exit_code == (1 if result.errors else 0), result.stdout + result.stderr


def expectations(program: Program) -> Iterator[Expected]:
    """What the markers of a program announce."""
    for path, source in files_of(program).items():
        for number, line in enumerate(source.splitlines(), 1):
            for marker in _MARKER.finditer(line):
                kind, body = marker["kind"], marker["body"]
                if kind in "RN":
                    yield Expected(path, number, kind, "", body)
                    continue
                position = 0
                while position < len(body):
                    found = _EXPECTED.match(body, position)
                    assert found, f"{path}:{number}: not a marker: {body}"
                    if kind == "E":
                        assert found["code"] in CODES, f"{path}:{number}: no rule of ours: {found['code']}"
                    yield Expected(
                        path, number, kind, found["code"], (found["text"] or "").replace('\\"', '"')
                    )
                    position = found.end()


def files_of(program: Program) -> Mapping[str, str]:
    """The program by path."""
    return {"app.py": program} if isinstance(program, str) else program


def write(directory: Path, program: Program) -> None:
    """Write the files, each later than any before: mypy takes files of one second and size for the same.

    Skips the test if the program needs an SDK that is not installed.
    """
    for name, source in files_of(program).items():
        _need_sdks(source)
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
        time = next(_times)
        os.utime(path, (time, time))


def _need_sdks(source: str) -> None:
    for module in sorted(set(_SDK.findall(source))):
        with contextlib.suppress(ModuleNotFoundError):
            if find_spec(module) is not None:
                continue
        pytest.skip(f"needs {module}")


def configure(
    directory: Path,
    *,
    mypy: str = "",
    color: str = "",
    toml: str = "",
    strict: bool = True,
    plugin: bool = True,
) -> None:
    """Write `pyproject.toml`, if the program does not bring its own."""
    lines = [
        "[tool.mypy]",
        *(['plugins = ["mypy_plugin"]'] if plugin else []),
        *(["strict = true"] if strict else []),
        mypy,
        "[tool.color-checker]",
        color,
        toml,
    ]
    path = directory / "pyproject.toml"
    if not path.exists():
        path.write_text("\n".join(lines), encoding="utf-8")


def run_mypy(directory: Path, *args: str, cache: Path | str | None = None) -> Result:
    """Run mypy in this process, with `directory` as the working directory.

    `cache`: mypy's cache directory; None: one for the whole test session, so that SDKs are read once.
    """
    _offer_packages()
    arguments = [*_PLAIN_OUTPUT, "--cache-dir", str(shared_cache() if cache is None else cache), *args]
    stderr = io.StringIO()
    with contextlib.chdir(directory), contextlib.redirect_stderr(stderr):
        try:
            out, err, code = api.run(arguments)
        finally:
            _clean_up()
    return _without_failure(Result(parsed(out), out, err + stderr.getvalue(), code))


def _clean_up() -> None:
    """Collect what mypy leaves behind: 130 MB a run that the collector would not find by itself."""
    gc.enable()  # mypy leaves it off, and other tests in this process count on it
    if next(_runs) % _RUNS_A_COLLECTION == 0:
        gc.unfreeze()
        gc.collect()


def run_command(directory: Path, *command: str) -> Result:
    """Run mypy in a process of its own: `command` is what follows `python`, such as `-m mypy a.py`."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=directory,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    return _without_failure(Result(parsed(done.stdout), done.stdout, done.stderr, done.returncode))


def _without_failure(result: Result) -> Result:
    output = result.stdout + result.stderr
    for sign in ("INTERNAL ERROR", "color-checker) failed"):
        assert sign not in output, output
    return result


def parsed(output: str) -> tuple[Message, ...]:
    """The messages in mypy's output; other lines are left out."""
    return tuple(
        Message(
            path=found["path"].replace(os.sep, "/"),
            line=int(found["line"] or 0),
            column=int(found["column"] or 0),
            severity=found["severity"],
            text=found["text"],
            code=found["code"] or "",
        )
        for line in output.splitlines()
        if (found := _LINE.fullmatch(line))
    )


class Daemon:
    """A real dmypy process for one project: `with Daemon(directory) as daemon: daemon.check()`."""

    def __init__(self, directory: Path, *flags: str, targets: Iterable[str] = (".",)) -> None:
        self.directory = directory
        self._flags = flags
        self._targets = tuple(targets)
        self._status = directory / ".dmypy.json"
        self._log = directory / ".dmypy.log"
        self._read = 0
        #: The functions and modules that the last check has processed again.
        self.processed: Counter[str] = Counter()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process; `stop` ends it."""
        cache = self.directory / ".mypy_cache"
        result = self._run(
            "start", "--log-file", str(self._log), "--",
            *_PLAIN_OUTPUT, "--verbose", "--cache-dir", str(cache), *self._flags,
        )  # fmt: skip
        assert result.exit_code == 0, result.stdout + result.stderr

    def check(self, *targets: str) -> Result:
        """Check the targets, all of the project's if there are none, as they are now."""
        return self._checked(self._run("check", *(targets or self._targets)))

    def recheck(self, *args: str) -> Result:
        """Check again what was checked; `args`: such as `--update a.py --remove b.py`."""
        return self._checked(self._run("recheck", *args))

    def command(self, *args: str) -> Result:
        """Another command of dmypy: `suggest`, `status`, `inspect`."""
        return self._run(*args)

    def stop(self) -> None:
        """End the process."""
        self._run("stop")

    @property
    def log(self) -> str:
        """All that the process has written."""
        return self._log.read_text(encoding="utf-8") if self._log.exists() else ""

    def _run(self, *args: str) -> Result:
        result = run_command(self.directory, "-m", "mypy.dmypy", "--status-file", str(self._status), *args)
        assert "Traceback (most recent" not in result.stdout + result.stderr, result.stdout + result.stderr
        return result

    def _checked(self, result: Result) -> Result:
        # What mypy logs while it serves a command goes to the client, or to the log file in older versions.
        log = self.log
        self.processed = Counter(_TARGET.findall(log[self._read :] + result.stdout + result.stderr))
        self._read = len(log)
        return result


@cache
def shared_cache() -> Path:
    """mypy's cache for this test session: SDKs are parsed once."""
    directory = Path(tempfile.mkdtemp(prefix="mypy-cache-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return directory


@cache
def packages() -> Path:
    """A directory with our packages and nothing else, as `site-packages` has them when they are installed."""
    directory = Path(tempfile.mkdtemp(prefix="packages-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    for package in (color_checker, mypy_plugin, runtime_min):
        source = Path(str(package.__file__)).parent
        (directory / source.name).symlink_to(source, target_is_directory=True)
    return directory


def environment(**changes: str) -> dict[str, str]:
    """The environment for a process that has to find our packages."""
    return {**os.environ, "PYTHONPATH": str(packages()), **changes}


@cache
def _offer_packages() -> None:
    # mypy leaves out the first directory of sys.path: to it that is the script's own.
    sys.path.append(str(packages()))


def _explained(what: str, items: Iterable[object], result: Result) -> str:
    lines = "\n".join(str(item) for item in items)
    return f"{what}:\n{lines}\n\nmypy printed:\n{result.stdout}{result.stderr}"
