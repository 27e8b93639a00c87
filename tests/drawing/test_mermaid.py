"""The Mermaid drawing: exact, and every line within a strict grammar whatever the names."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from color_checker.drawing import mermaid
from color_checker.drawing.mermaid import text
from tests.drawing.graphs import any_graph, hostile, small

EXPECTED = """\
flowchart LR
  classDef workflow fill:#cfe5f5,stroke:#0072b2,color:#000000,stroke-width:3px
  classDef step fill:#cdece2,stroke:#009e73,color:#000000,stroke-width:2px
  classDef pure fill:#faf3c0,stroke:#8a7a00,color:#000000,stroke-width:1px
  classDef plain fill:#eeeeee,stroke:#777777,color:#000000,stroke-width:1px
  classDef external fill:#ffffff,stroke:#999999,color:#000000,stroke-dasharray:4
  classDef effect fill:#fbdcc8,stroke:#d55e00,color:#000000,stroke-width:3px
  n0{{"Trial.run"}}:::workflow
  n1(["app.mail"]):::step
  n2[["app.price"]]:::pure
  n3["app.quote"]:::plain
  n4>"datetime.datetime.now<br/>#33; clock"]:::effect
  n5[/"json.loads"/]:::external
  n6["main.main"]:::plain
  n0 ==>|"step"| n1
  n0 --> n3
  n1 --> n5
  n3 --> n2
  n3 --> n4
  n6 -.->|"start"| n0
"""

LABEL = r'"(?:[A-Za-z0-9_.,:/ ()-]|#\d+;|<br/>)*"'
CLASS = r"  classDef \w+ fill:#\w{6},stroke:#\w{6},color:#\w{6},stroke-[a-z]+:\w+"
NODE = rf"  n\d+(?:\{{\{{|\(\[|\[\[|\[/|\[|>){LABEL}(?:\}}\}}|\]\)|\]\]|/\]|\]):::\w+"
EDGE = rf"  n\d+ (?:-->|==>|-\.->)(?:\|{LABEL}\|)? n\d+"
LINE = re.compile(f"flowchart LR|{CLASS}|{NODE}|{EDGE}")


def outside_grammar(document: str) -> list[str]:
    return [line for line in document.removesuffix("\n").split("\n") if not LINE.fullmatch(line)]


def test_a_graph_is_drawn_like_this() -> None:
    assert mermaid(small()) == EXPECTED


def test_hostile_names_stay_inside_their_labels() -> None:
    assert outside_grammar(mermaid(hostile())) == []


@given(any_graph())
def test_any_graph_is_within_the_grammar(graph: object) -> None:
    assert outside_grammar(mermaid(graph)) == []  # type: ignore[arg-type]


@given(st.text())
def test_an_escaped_label_reads_back(label: str) -> None:
    decoded = re.sub(r"#(\d+);", lambda match: chr(int(match.group(1))), text(label))
    assert decoded == label
