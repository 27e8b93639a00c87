"""Reports that hypothesis makes up: any text in any field, any numbers."""

from __future__ import annotations

from hypothesis import strategies as st

from color_checker.findings import Color, Effect, Finding, Frame, InputError, Report, Summary

# Surrogates included: Python shows undecodable file names with them.
TEXT = st.text(st.characters(categories=None), max_size=12) | st.sampled_from(
    ["a::b,c%0A", "\r\n::error::x", "\u2028", "\x1b[31m", "日本語", "\udcff", "[bold]", ":smile:", ""]
)
NUMBER = st.integers(min_value=0, max_value=200)


def reports() -> st.SearchStrategy[Report]:
    """Any report."""
    frames = st.builds(Frame, function=TEXT, path=TEXT, line=NUMBER, column=NUMBER)
    findings = st.builds(
        Finding,
        code=TEXT,
        name=TEXT,
        severity=st.sampled_from(["error", "warning", "note"]),
        path=TEXT,
        line=NUMBER,
        column=NUMBER,
        end_line=NUMBER,
        end_column=NUMBER,
        message=TEXT,
        function=TEXT,
        color=st.sampled_from(Color),
        engine=TEXT,
        effect=st.none() | st.sampled_from(Effect),
        witness=st.lists(frames, max_size=3).map(tuple),
        fix=st.booleans(),
        workflows=st.lists(TEXT, max_size=9).map(tuple),
    )
    errors = st.builds(InputError, path=TEXT, line=NUMBER, column=NUMBER, reason=TEXT)
    summaries = st.builds(
        Summary,
        files=NUMBER,
        lines=NUMBER,
        workflows=NUMBER,
        gaps=NUMBER,
        seconds=st.none() | st.floats(min_value=0, max_value=1e6),
    )
    return st.builds(
        Report,
        findings=st.lists(findings, max_size=3).map(tuple),
        errors=st.lists(errors, max_size=2).map(tuple),
        summary=summaries,
        gaps=st.lists(findings, max_size=1).map(tuple),
    )
