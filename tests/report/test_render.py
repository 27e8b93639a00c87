"""What holds for every format: nothing makes it raise, whatever the stream can take."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from color_checker.findings import Report
from color_checker.report import FORMATS, Options, render
from tests.report.samples import REPORT, Terminal, lines
from tests.report.strategies import TEXT, reports


def written(report: Report, format: str, encoding: str, sources: list[str] | None = None) -> bytes:
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding=encoding, newline="")
    source = lines if sources is None else lambda path: sources
    render(report, format, stream=stream, lines=source)
    stream.flush()
    return buffer.getvalue()


@pytest.mark.parametrize("format", FORMATS)
@settings(max_examples=60, deadline=None)
@given(
    report=reports(),
    sources=st.lists(TEXT, max_size=30),
    encoding=st.sampled_from(["utf-8", "ascii", "cp1252"]),
)
def test_no_text_makes_a_format_raise(format: str, report: Report, sources: list[str], encoding: str) -> None:
    assert written(report, format, encoding, sources).endswith(b"\n")


@settings(max_examples=100, deadline=None)
@given(reports())
def test_github_output_has_one_command_a_line(report: Report) -> None:
    output = written(report, "github", "utf-8").decode().split("\n")
    expected = len(report.errors) + len(report.findings)
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in output[:expected])
    assert not any(line.startswith("::") for line in output[expected:])


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_report_gives_the_same_bytes(format: str) -> None:
    assert written(REPORT, format, "utf-8") == written(REPORT, format, "utf-8")


@pytest.mark.parametrize("format", ["json", "sarif"])
def test_json_is_utf_8_whatever_the_locale(format: str) -> None:
    assert written(REPORT, format, "ascii") == written(REPORT, format, "utf-8")


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="text, json, sarif, github"):
        render(REPORT, "xml", stream=io.StringIO())


@pytest.mark.parametrize(
    ("terminal", "environ", "color"),
    [
        (True, {}, True),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_color_follows_the_terminal_and_the_conventions(
    terminal: bool, environ: dict[str, str], color: bool
) -> None:
    stream = Terminal() if terminal else io.StringIO()
    assert Options.for_stream(stream, environ=environ).color is color
