"""The SARIF 2.1.0 format, for code scanning on GitHub, GitLab, Azure DevOps and in editors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import metadata
from typing import Any, TypeAlias
from urllib.parse import quote

import msgspec

from color_checker.findings import Finding, Frame, InputError, Report, Summary
from color_checker.report.fingerprint import fingerprints
from color_checker.report.json_report import to_json
from color_checker.report.options import Lines, Rules, no_lines
from color_checker.report.rule_help import full_help

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "SRCROOT"
FINGERPRINT = "colorChecker/v1"

Object: TypeAlias = dict[str, Any]


class Tool(msgspec.Struct, frozen=True):
    """Which release wrote the file and where its rules are documented ("" when nowhere)."""

    version: str
    documentation: str = ""


def installed_tool() -> Tool:
    """What the metadata of the installed distribution says; a checkout without one has no version."""
    try:
        about = metadata.metadata("color-checker")
    except metadata.PackageNotFoundError:
        return Tool(version="0")
    urls = dict(url.split(", ", 1) for url in about.get_all("Project-URL") or [] if ", " in url)
    return Tool(version=about["Version"], documentation=urls.get("Documentation", ""))


def encode(report: Report, *, rules: Rules, lines: Lines = no_lines, tool: Tool | None = None) -> bytes:
    """`report` as a SARIF log with one run."""
    tool = tool or installed_tool()
    paths = sorted({path for path in mentioned(report) if path})
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [Run(report, rules, lines, tool, paths).object()]}
    return to_json(log)


def mentioned(report: Report) -> Iterable[str]:
    """Every path in the report."""
    for finding in report.findings:
        yield finding.path
        yield from (frame.path for frame in finding.witness)
    yield from (error.path for error in report.errors)


class Run:
    """Builds the one run of a log; it knows the indexes by which results refer to rules and files."""

    def __init__(self, report: Report, rules: Rules, lines: Lines, tool: Tool, paths: Sequence[str]) -> None:
        self.report = report
        self.rules = rules
        self.lines = lines
        self.tool = tool
        self.paths = paths
        self.path_index = {path: index for index, path in enumerate(paths)}
        self.descriptors = descriptors(report, rules, tool)
        self.rule_index = {rule["id"]: index for index, rule in enumerate(self.descriptors)}

    def object(self) -> Object:
        """The run object."""
        names = fingerprints(self.report.findings, self.lines)
        return {
            "tool": {"driver": self.driver()},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {ROOT: {"description": {"text": "The directory the checker ran in."}}},
            "artifacts": [
                {"location": self.artifact(path), "sourceLanguage": "python"} for path in self.paths
            ],
            "invocations": [self.invocation()],
            "results": [
                self.result(finding, name) for finding, name in zip(self.report.findings, names, strict=True)
            ],
            "properties": numbers(self.report.summary),
        }

    def driver(self) -> Object:
        """The tool and its rules."""
        about: Object = {"name": "color-checker", "version": self.tool.version, "rules": self.descriptors}
        if self.tool.documentation:
            about["informationUri"] = self.tool.documentation
        return about

    def result(self, finding: Finding, fingerprint: str) -> Object:
        """One finding, with its witness as a code flow."""
        result: Object = {
            "ruleId": finding.code,
            "ruleIndex": self.rule_index[finding.code],
            "level": finding.severity,
            "message": {"text": finding.message},
            "locations": [
                {
                    "physicalLocation": self.physical(
                        finding.path, finding.line, finding.column, finding.end_line, finding.end_column
                    ),
                    "logicalLocations": [function(finding.function)],
                }
            ],
            "partialFingerprints": {FINGERPRINT: fingerprint},
            "properties": {
                "color": finding.color,
                "engine": finding.engine,
                "effect": finding.effect,
                "fix": finding.fix,
                "workflows": list(finding.workflows),
            },
        }
        if finding.witness:
            result["codeFlows"] = [{"threadFlows": [{"locations": list(self.flow(finding.witness))}]}]
        if related := list(self.related(finding)):
            result["relatedLocations"] = related
        return result

    def flow(self, witness: Sequence[Frame]) -> Iterable[Object]:
        """The links of a witness in calling order."""
        for depth, frame in enumerate(witness):
            yield {
                "location": self.location(frame, chain_text(witness, depth)),
                "nestingLevel": depth,
                "executionOrder": depth + 1,
                "importance": "essential" if depth in (0, len(witness) - 1) else "important",
            }

    def related(self, finding: Finding) -> Iterable[Object]:
        """The calls on the way that stand elsewhere than the finding itself."""
        seen = {(finding.path, finding.line)}
        for depth, frame in enumerate(finding.witness):
            if (frame.path, frame.line) not in seen:
                seen.add((frame.path, frame.line))
                yield {"id": len(seen) - 1, **self.location(frame, chain_text(finding.witness, depth))}

    def location(self, frame: Frame, text: str) -> Object:
        """The place of one link."""
        place: Object = {"logicalLocations": [function(frame.function)], "message": {"text": text}}
        if frame.path:
            place["physicalLocation"] = self.physical(frame.path, frame.line, frame.column)
        return place

    def physical(
        self, path: str, line: int, column: int, end_line: int | None = None, end_column: int | None = None
    ) -> Object:
        """A region of a file; the end column is the first one after the region, in SARIF as here."""
        place: Object = {"artifactLocation": self.artifact(path)}
        if line > 0:
            place["region"] = {"startLine": line, "startColumn": max(1, column)}
            if end_line is not None and end_column is not None:
                place["region"] |= {"endLine": max(line, end_line), "endColumn": max(1, end_column)}
        return place

    def artifact(self, path: str) -> Object:
        """A file by its URI relative to the root, and its index."""
        location: Object = {"uri": uri(path)}
        if path in self.path_index:
            location["index"] = self.path_index[path]
        if not path.startswith("/"):
            location["uriBaseId"] = ROOT
        return location

    def invocation(self) -> Object:
        """Whether all files could be checked, what kept the others from it, and what stayed open."""
        notes = [self.not_checked(error) for error in self.report.errors]
        summary = self.report.summary
        if summary.gaps:
            text = f"{summary.gaps} of {summary.calls} calls in workflow code could not be resolved."
            notes.append({"level": "note", "message": {"text": text}})
        return {"executionSuccessful": not self.report.errors, "toolExecutionNotifications": notes}

    def not_checked(self, error: InputError) -> Object:
        """A file that could not be read or parsed."""
        place = {"physicalLocation": self.physical(error.path, error.line, error.column)}
        return {"level": "error", "message": {"text": error.reason}, "locations": [place]}


def descriptors(report: Report, rules: Rules, tool: Tool) -> list[Object]:
    """All rules by code, those of the findings included even if `rules` does not know them."""
    known = {rule.code: descriptor(rule.code, name, rules, tool) for name, rule in rules.items()}
    for finding in report.findings:
        if finding.code not in known:
            known[finding.code] = {"id": finding.code, "name": finding.name}
    return [known[code] for code in sorted(known)]


def descriptor(code: str, name: str, rules: Rules, tool: Tool) -> Object:
    """One rule, with the explanation that `color-checker explain` prints."""
    rule = rules[name]
    text = full_help(rule)
    about: Object = {
        "id": code,
        "name": name,
        "shortDescription": {"text": rule.summary() or name},
        "fullDescription": {"text": rule.explanation() or name},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": rule.severity},
        "properties": {"tags": ["durable-execution", "determinism" if rule.effect else "boundary"]},
    }
    if tool.documentation:
        about["helpUri"] = f"{tool.documentation.rstrip('/')}/rules/{name}"
    return about


def chain_text(witness: Sequence[Frame], depth: int) -> str:
    """What happens at a link: who calls whom."""
    if depth + 1 < len(witness):
        return f"{witness[depth].function} calls {witness[depth + 1].function}"
    return witness[depth].function


def function(name: str) -> Object:
    """A function as a logical location."""
    return {"fullyQualifiedName": name, "kind": "function"}


def uri(path: str) -> str:
    """`path` as a URI reference; whatever a file may be called."""
    quoted = quote(path.encode("utf-8", "surrogatepass"), safe="/")
    return f"file://{quoted}" if path.startswith("/") else quoted


def numbers(summary: Summary) -> Object:
    """The summary without the time, so that the same input gives the same bytes."""
    return {key: value for key, value in msgspec.to_builtins(summary).items() if key != "seconds"}
