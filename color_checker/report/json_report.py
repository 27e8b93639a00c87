"""The JSON format: a contract with other tools, see "Contracts other tools rely on" in the docs."""

from __future__ import annotations

from typing import Any

import msgspec

from color_checker.findings import Finding, InputError, Report, Summary
from color_checker.report.safe import encodable

VERSION = 1


class Document(msgspec.Struct, frozen=True):
    """The whole output. Keys are only ever added; `version` counts up if one has to change."""

    version: int
    findings: tuple[Finding, ...]
    summary: Summary
    errors: tuple[InputError, ...]
    gaps: tuple[Finding, ...]


def encode(report: Report, *, seconds: bool = False) -> bytes:
    """`report` as one line of JSON. Without `seconds`, the same report gives the same bytes."""
    document = Document(
        version=VERSION,
        findings=tuple(sorted(report.findings, key=lambda finding: finding.sort_key)),
        summary=report.summary if seconds else msgspec.structs.replace(report.summary, seconds=None),
        errors=tuple(sorted(report.errors)),
        gaps=tuple(sorted(report.gaps, key=lambda finding: finding.sort_key)),
    )
    return to_json(document)


def to_json(document: Any) -> bytes:
    """UTF-8 JSON with a newline at its end."""
    try:
        return msgspec.json.encode(document) + b"\n"
    except UnicodeEncodeError:
        return msgspec.json.encode(encodable(msgspec.to_builtins(document))) + b"\n"
