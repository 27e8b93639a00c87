"""Any program, valid or broken, is checked without a traceback, and with the same bytes each time."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import sysconfig
import tempfile
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import color_checker
from color_checker.config import Config
from color_checker.findings import Report
from color_checker.report import json_report
from color_checker.rules import all_rules

hypothesmith = pytest.importorskip("hypothesmith")

#: More with `EXAMPLES=1000 pytest tests/test_properties.py`.
EXAMPLES = int(os.environ.get("EXAMPLES", "25"))
SLOW = settings(
    max_examples=EXAMPLES, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)  # fmt: skip

#: Makes anything that follows reachable from a workflow, so that it is linked and colored, too.
HEADER = """\
from __future__ import annotations
from temporalio import activity, workflow

@workflow.defn
class TheWorkflow:
    @workflow.run
    async def run(self, *args, **kwargs):
        import subject
        subject.main(*args, **kwargs)
        for value in vars(subject).values():
            value(subject)

"""
BIGGEST = 40_000


def check(*sources: str) -> Report:
    """The report on the modules `subject`, `subject1` …, and on a workflow that uses the first."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path("header.py").write_text(HEADER)
        for number, source in enumerate(sources):
            data = source.encode("utf-8", "surrogatepass")
            Path(f"subject{number or ''}.py").write_bytes(data)
        return color_checker.check(["."], config=Config(root=folder), cache=False)


def as_workflow(source: str) -> str:
    """The statements as the body of a workflow."""
    body = "".join(f"        {line}\n" for line in source.splitlines())
    return HEADER.replace("TheWorkflow", "Another") + body


def assert_is_sound(report: Report, *, files: int) -> None:
    """What holds for any report."""
    assert report.summary.files == files
    names = {rule.name for rule in all_rules()}
    for finding in (*report.findings, *report.gaps):
        assert finding.name in names
        assert finding.line >= 1
        assert finding.column >= 1
        assert (finding.end_line, finding.end_column) >= (finding.line, finding.column)
        assert finding.message
        assert finding.witness
    assert list(report.findings) == sorted(report.findings, key=lambda finding: finding.sort_key)


# -- programs from Python's grammar -----------------------------------------------------------------


@SLOW
@given(hypothesmith.from_grammar(auto_target=False))
def test_any_program_of_the_grammar_is_checked(source: str) -> None:
    assert_is_sound(check(source, as_workflow(source)), files=3)


@SLOW
@given(st.text(alphabet=st.sampled_from("abc \n\t:()[]{}=,.#'\"\\@*\x00\x0c\ufeff\ud800é→"), max_size=80))
def test_any_text_is_checked(source: str) -> None:
    assert_is_sound(check(source, as_workflow(source)), files=3)


# -- real programs with mistakes --------------------------------------------------------------------


def real_sources() -> list[Path]:
    """Modules of the standard library, and of what is installed beside it, of a moderate size."""
    folders = [Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib")]
    found = [
        path
        for folder in folders
        for pattern in ("*.py", "*/*.py", "test/test_*.py")
        for path in folder.glob(pattern)
    ]
    return sorted({path for path in found if 200 < path.stat().st_size < BIGGEST})


SOURCES = real_sources()


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A real module with some lines or tokens deleted, doubled or swapped."""
    path = draw(st.sampled_from(SOURCES), label="module")
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    pieces = text.splitlines(keepends=True) if draw(st.booleans()) else list(tokens(text))
    for _ in range(draw(st.integers(0, 4))):
        if len(pieces) < 2:
            break
        first = draw(st.integers(0, len(pieces) - 1))
        second = draw(st.integers(0, len(pieces) - 1))
        match draw(st.sampled_from(["delete", "double", "swap", "replace", "cut"])):
            case "delete":
                del pieces[first]
            case "double":
                pieces.insert(first, pieces[first])
            case "swap":
                pieces[first], pieces[second] = pieces[second], pieces[first]
            case "replace":
                pieces[first] = pieces[second]
            case "cut":
                del pieces[min(first, second) : min(first, second) + 20]
    return "".join(pieces)


def tokens(text: str) -> Iterator[str]:
    """The tokens of a text, each with the space before it."""
    lines = text.splitlines(keepends=True)
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line))
    end = 0
    with contextlib.suppress(tokenize.TokenError, SyntaxError, IndexError):
        for token in tokenize.generate_tokens(io.StringIO(text, newline="").readline):
            until = offsets[token.end[0] - 1] + token.end[1]
            if until > end:
                yield text[end:until]
                end = until
    yield text[end:]


@SLOW
@given(mutated(), mutated())
def test_any_real_module_with_mistakes_is_checked(source: str, other: str) -> None:
    report = check(source, other, as_workflow("from subject import *\nfrom subject1 import *\nmain()\nrun()"))
    assert_is_sound(report, files=4)


# -- the same bytes ---------------------------------------------------------------------------------

PRINT = (
    "import sys, color_checker; from color_checker.report import json_report\n"
    "report = color_checker.check(['.'], cache=False)\n"
    "sys.stdout.buffer.write(json_report.encode(report))"
)


def printed(folder: str, seed: str) -> bytes:
    environment = {
        **os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(color_checker.__file__).parents[1])
    }  # fmt: skip
    command = [sys.executable, "-c", PRINT]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True).stdout


@SLOW
@given(mutated(), mutated())
def test_the_same_input_gives_the_same_bytes(source: str, other: str) -> None:
    assert json_report.encode(check(source, other)) == json_report.encode(check(source, other))


@settings(SLOW, max_examples=max(2, EXAMPLES // 12))
@given(mutated(), mutated())
def test_the_bytes_do_not_depend_on_the_order_of_sets(source: str, other: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "header.py").write_text(HEADER)
        for name, text in (("subject.py", source), ("subject1.py", other)):
            Path(folder, name).write_bytes(text.encode("utf-8", "surrogateescape"))
        Path(folder, "pyproject.toml").write_text("[tool.color-checker]\n")
        assert printed(folder, "0") == printed(folder, "1") == printed(folder, "4242")


def test_the_bytes_for_the_examples_do_not_depend_on_the_order_of_sets(root: Path) -> None:
    outputs = {printed(str(root / "examples"), seed) for seed in ("0", "1", "2", "3")}
    assert len(outputs) == 1
    assert b"CC201" in outputs.pop()
