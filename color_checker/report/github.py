"""The GitHub Actions format: workflow commands that annotate the lines of a pull request."""

from __future__ import annotations

from color_checker.findings import Finding, InputError, Report
from color_checker.report.options import Options
from color_checker.report.safe import visible
from color_checker.report.summary import sentences

LEVELS = {"error": "error", "warning": "warning", "note": "notice"}


def commands(report: Report, options: Options) -> str:
    """One command a line for each input error and finding, then the summary as plain text."""
    written = [
        *(of_error(error, options.encoding) for error in report.errors),
        *(of_finding(finding, options.encoding) for finding in report.findings),
        *(visible(sentence, options.encoding) for sentence in sentences(report, options)),
    ]
    return "".join(f"{line}\n" for line in written)


def of_finding(finding: Finding, encoding: str) -> str:
    """The annotation of one finding, its witness below the message."""
    properties: dict[str, str | int] = {
        "file": finding.path,
        "line": max(1, finding.line),
        "col": max(1, finding.column),
        "endLine": max(1, finding.line, finding.end_line),
        "endColumn": max(1, finding.end_column),
        "title": f"{finding.code} {finding.name}",
    }
    text = [finding.message, *witness(finding)]
    return command(LEVELS[finding.severity], properties, text, encoding)


def witness(finding: Finding) -> list[str]:
    """The call chain, one link a line, and the workflows that share it."""
    chain = [f"{frame.function} ({frame.path}:{frame.line})" for frame in finding.witness]
    links = [f"→ {link}" if position else link for position, link in enumerate(chain)]
    if len(finding.workflows) > 1:
        links.append(f"Reached by {', '.join(finding.workflows)}")
    return links


def of_error(error: InputError, encoding: str) -> str:
    """The annotation of a file that could not be checked."""
    properties: dict[str, str | int] = {"file": error.path}
    if error.line > 0:
        properties |= {"line": error.line, "col": max(1, error.column)}
    properties["title"] = "not checked"
    return command("error", properties, [error.reason], encoding)


def command(level: str, properties: dict[str, str | int], text: list[str], encoding: str) -> str:
    """`::error file=a.py,line=3::message`, as the runner reads it back."""
    pairs = ",".join(
        f"{key}={in_property(visible(str(value), encoding))}" for key, value in properties.items()
    )
    message = "\n".join(visible(line, encoding) for part in text for line in part.splitlines())
    return f"::{level} {pairs}::{in_message(message)}"


def in_message(text: str) -> str:
    """The runner's escapes for the text of a command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def in_property(text: str) -> str:
    """The runner's escapes for the value of a property."""
    return in_message(text).replace(":", "%3A").replace(",", "%2C")
