"""The DOT drawing: exact, and quoted so that neither our own reader nor Graphviz is misled."""

from __future__ import annotations

import re
import shutil
import subprocess
from xml.etree import ElementTree

import networkx as nx
import pytest

from color_checker.drawing import dot
from color_checker.report.safe import visible
from tests.drawing.graphs import HOSTILE, hostile, small

EXPECTED = """\
digraph "color-checker" {
  rankdir=LR;
  node [fontname="Helvetica", fontsize=11];
  edge [fontname="Helvetica", fontsize=9, color="#666666"];
  "app.Trial.run" [label="Trial.run", shape=hexagon, style="filled,bold", fillcolor="#cfe5f5", \
color="#0072b2", tooltip="temporal workflow app.py:3"];
  "app.quote" [label="app.quote", shape=box, style="filled", fillcolor="#eeeeee", color="#777777", \
tooltip="plain app.py:20"];
  "datetime.datetime.now" [label="datetime.datetime.now\\n! clock", shape=octagon, style="filled,bold", \
fillcolor="#fbdcc8", color="#d55e00", tooltip="external"];
  "app.Trial.run" -> "app.quote" [style=solid, tooltip="app.py:4"];
  "app.quote" -> "datetime.datetime.now" [style=solid, tooltip="app.py:4"];
}
"""

STRING = r'"(?:[^"\\]|\\.)*"'
ATTRIBUTE = rf"\w+=(?:{STRING}|\w+)"
ATTRIBUTES = rf"\[{ATTRIBUTE}(?:, {ATTRIBUTE})*\]"
STATEMENT = re.compile(rf"  (?:node|edge|{STRING}(?: -> {STRING})?) {ATTRIBUTES};|  rankdir=LR;")


def test_a_graph_is_drawn_like_this() -> None:
    names = ["app.Trial.run", "app.quote", "datetime.datetime.now"]
    assert dot(small().subgraph(names)) == EXPECTED


def test_the_order_of_building_does_not_matter() -> None:
    graph = small()
    backwards = nx.DiGraph()
    backwards.add_nodes_from(reversed(list(graph.nodes(data=True))))
    backwards.add_edges_from(reversed(list(graph.edges(data=True))))
    assert dot(backwards) == dot(graph)


def test_each_kind_of_edge_is_told_apart() -> None:
    text = dot(small())
    assert '"app.Trial.run" -> "app.mail" [style=bold, label="step", tooltip="app.py:4"];' in text
    assert '"main.main" -> "app.Trial.run" [style=dashed, label="start", tooltip="app.py:4"];' in text


def test_hostile_names_stay_inside_their_strings() -> None:
    head, *statements, last = dot(hostile()).splitlines()
    assert head == 'digraph "color-checker" {'
    assert last == "}"
    assert [line for line in statements if not STATEMENT.fullmatch(line)] == []
    assert len(statements) == 3 + len(HOSTILE) + len(HOSTILE) - 1


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_shows_hostile_labels_as_they_are() -> None:
    drawn = subprocess.run(["dot", "-Tsvg"], input=dot(hostile()).encode(), capture_output=True, check=True)
    assert drawn.stderr == b""
    shown = [
        element.text or "" for element in ElementTree.fromstring(drawn.stdout).iter() if "text" in element.tag
    ]
    for text in HOSTILE:
        assert visible(text) in [line.replace("\u00a0", " ") for line in shown]
