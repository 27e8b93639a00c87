"""Turns a `Report` into what people and tools read; nothing else in the project prints findings.

`render` is the one way in. Formats are imported when they are asked for, so that JSON never
pays for rich.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from color_checker.report.options import Lines, Options, Rules, no_lines

if TYPE_CHECKING:
    from color_checker.findings import Report

__all__ = ["FORMATS", "Lines", "Options", "Rules", "render"]

FORMATS: tuple[str, ...] = ("text", "json", "sarif", "github")


def render(
    report: Report,
    format: str,
    *,
    stream: TextIO,
    rules: Rules | None = None,
    lines: Lines = no_lines,
    options: Options | None = None,
    error_stream: TextIO | None = None,
) -> None:
    """Write `report` to `stream` in one of `FORMATS`.

    Args:
        rules: rule name → rule class; SARIF describes them all.
        lines: the source lines of a shown path; an OSError from it means that there are none.
        options: how to write; by default what fits `stream` (`Options.for_stream`).
        error_stream: where the text format shows files that could not be checked; by default
            first in `stream`.
    """
    options = options or Options.for_stream(stream)
    if format == "json":
        from color_checker.report import json_report

        write_bytes(stream, json_report.encode(report, seconds=options.seconds))
    elif format == "sarif":
        from color_checker.report import sarif

        write_bytes(stream, sarif.encode(report, rules=rules or {}, lines=lines))
    elif format == "github":
        from color_checker.report import github

        stream.write(github.commands(report, options))
    elif format == "text":
        from color_checker.report import text

        text.render_errors(report, error_stream or stream, options)
        text.render_findings(report, stream, lines, options)
    else:
        raise ValueError(f"no format {format!r}; there are {', '.join(FORMATS)}")


def write_bytes(stream: TextIO, data: bytes) -> None:
    """Write UTF-8 whatever the locale says, for formats that are defined to be UTF-8."""
    buffer = getattr(stream, "buffer", None)
    if buffer is None:
        stream.write(data.decode())
        return
    stream.flush()
    buffer.write(data)
    buffer.flush()
