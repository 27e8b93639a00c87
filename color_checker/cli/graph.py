"""`color-checker graph`: draws the calls around workflows."""

from __future__ import annotations

import os

import click

from color_checker.cli.analysis import whole_analysis
from color_checker.cli.exit_codes import FAILED, NOTHING_FOUND
from color_checker.cli.options import analysis_options, output_option
from color_checker.cli.output import target


@click.command()
@analysis_options
@click.option(
    "--format", "-f", "form", type=click.Choice(["dot", "mermaid", "html"]), default="dot",
    help="dot for Graphviz, mermaid for Markdown, html for one page to pan, zoom and search.",
)  # fmt: skip
@output_option
@click.option("--all", "everything", is_flag=True, help="Also what no workflow reaches.")
def graph(
    paths: tuple[str, ...], engines: tuple[str, ...], no_cache: bool, config_file: str | None, form: str,
    output: str, everything: bool,
) -> int:  # fmt: skip
    """Draw the workflows below each PATH (default: the working directory) with all that they reach,
    their steps and children, and who starts them.

    \b
    Examples:
      color-checker graph src --format html --output graph.html
      color-checker graph src --format dot | dot -Tsvg > graph.svg
    """
    from color_checker import drawing
    from color_checker.graph import call_graph, workflow_graph

    analysis = whole_analysis(paths, engines, no_cache, config_file, whole=everything)
    drawn = call_graph(analysis.program) if everything else workflow_graph(analysis.program)
    if form == "html":
        text = drawing.html(
            drawn, f"{' '.join(paths) or os.path.basename(os.getcwd())}: calls around workflows"
        )
    else:
        text = {"dot": drawing.dot, "mermaid": drawing.mermaid}[form](drawn)
    with target(output) as stream:
        from color_checker.report import write_bytes

        write_bytes(stream, text.encode())
    return FAILED if analysis.project.errors else NOTHING_FOUND
