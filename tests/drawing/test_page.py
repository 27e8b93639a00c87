"""The HTML drawing: one file, nothing loaded, nothing injected; it works in a real browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import networkx as nx
import pytest

from color_checker.drawing import html
from tests.drawing.graphs import HOSTILE, hostile, small

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=2000",
    "--window-size=1200,800",
)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


class Elements(HTMLParser):
    """Collects the tags of a page, their attributes, and the text of its scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.in_script = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self.in_script = tag == "script"
        if self.in_script:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.in_script = False

    def handle_data(self, data: str) -> None:
        if self.in_script:
            self.scripts[-1] += data


def dom(page: str, folder: Path, address: str = "") -> str:
    """What the page has become in a browser."""
    file = folder / "graph.html"
    file.write_text(page, "utf-8")
    command = [
        str(CHROMIUM),
        *FLAGS,
        f"--user-data-dir={folder / 'profile'}",
        "--dump-dom",
        file.as_uri() + address,
    ]
    return subprocess.run(command, capture_output=True, check=True, timeout=120).stdout.decode()


def panel(page: str) -> str:
    """The text of the panel with the details of the selected node."""
    match = re.search(r"<aside id=\"panel\"([^>]*)>(.*?)</aside>", page, re.DOTALL)
    assert match is not None
    return "" if "hidden" in match.group(1) else re.sub(r"<[^>]+>", " ", match.group(2))


def test_the_page_loads_nothing() -> None:
    page = html(small(), "Trial")
    assert not re.search(r"https?://|@import|url\(|\bimport\b", page)
    assert not [tag for tag, attrs in Elements(page).found if "src" in attrs or "href" in attrs]
    assert "default-src 'none'" in page


def test_names_cannot_add_elements_to_the_page() -> None:
    tags = [tag for tag, _ in Elements(html(small(), "Trial")).found]
    for title in HOSTILE:
        assert [tag for tag, _ in Elements(html(hostile(), title)).found] == tags


def test_the_data_reads_back() -> None:
    data = json.loads(Elements(html(small(), "Trial")).scripts[0])
    assert [node["name"] for node in data["nodes"]] == sorted(small().nodes)
    now = next(node for node in data["nodes"] if node["name"] == "datetime.datetime.now")
    assert (now["look"], now["effects"]) == ("effect", ["clock"])
    ends = {
        (data["nodes"][edge["from"]]["name"], data["nodes"][edge["to"]]["name"]) for edge in data["edges"]
    }
    assert ends == set(small().edges)


def test_the_same_graph_gives_the_same_page() -> None:
    graph = small()
    backwards = nx.DiGraph()
    backwards.add_nodes_from(reversed(list(graph.nodes(data=True))))
    backwards.add_edges_from(reversed(list(graph.edges(data=True))))
    assert html(backwards, "Trial") == html(graph, "Trial")


@needs_chromium
def test_a_search_selects_and_explains_a_node(tmp_path: Path) -> None:
    page = dom(html(small(), "Trial"), tmp_path, "#q=quote")
    assert "1 of 1" in page
    text = panel(page)
    assert "app.quote" in text
    assert "app.py:20" in text
    assert "clock" in text
    called_by, calls = text.split("Called by (1)")[1].split("Calls (2)")
    assert "app.Trial.run" in called_by
    assert "datetime.datetime.now" in calls
    assert "app.price" in calls


@needs_chromium
def test_the_panel_tells_replayed_code_from_recorded_code(tmp_path: Path) -> None:
    page = html(small(), "Trial")
    replayed = panel(dom(page, tmp_path, "#q=datetime.datetime.now"))
    assert "Replayed in a workflow (2)" in replayed
    assert replayed.index("app.Trial.run") < replayed.index("app.quote")
    assert "Reached through a step (2)" in panel(dom(page, tmp_path, "#q=json.loads"))


@needs_chromium
def test_without_a_search_nothing_is_selected(tmp_path: Path) -> None:
    page = dom(html(small(), "Trial"), tmp_path)
    assert panel(page) == ""
    legend = re.search(r'<ul id="legend".*?</ul>', page, re.DOTALL)
    assert legend is not None
    assert legend.group().count("<li>") == 9


@needs_chromium
def test_the_page_finds_by_effect_and_says_when_it_finds_nothing(tmp_path: Path) -> None:
    page = html(small(), "Trial")
    assert "1 of 2" in dom(page, tmp_path, "#q=CLOCK")
    assert "0 found" in dom(page, tmp_path, "#q=nowhere")


@needs_chromium
def test_hostile_names_do_nothing_in_a_browser(tmp_path: Path) -> None:
    page = dom(html(hostile(), HOSTILE[0]), tmp_path, "#q=alert")
    assert "1 of 1" in page
    assert page.count("<script") == 2
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in page
