"""The call graph that users see: colored nodes, edges with kinds, one node for all contexts of a function."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import networkx as nx
import pytest

from color_checker import graph as graphs
from color_checker.checking import analyze
from color_checker.program import Program
from color_checker.session import Session
from color_checker.why import explain
from tests import workflow_project


def program_of(directory: Path, *, whole: bool = True) -> Program:
    return analyze([directory], cache=False, whole=whole).program


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def program(project: Path) -> Program:
    workflow_project.write(project)
    return program_of(project)


def test_nodes_have_what_is_drawn(program: Program) -> None:
    nodes = graphs.call_graph(program).nodes
    assert nodes["app.flows.Trial.run"] == {
        "color": "workflow", "engine": "temporal", "path": "app/flows.py", "line": 20, "effects": (),
        "label": "Trial.run",
    }  # fmt: skip
    assert nodes["app.rates.today"]["effects"] == ("clock",)
    assert nodes["app.flows.double"]["color"] == "pure"
    assert nodes["app.steps.send"]["color"] == "step"
    assert nodes["time.time"] == {
        "color": "external", "engine": "", "path": "", "line": 0, "effects": ("clock",), "label": "time.time",
    }  # fmt: skip


def test_a_graph_is_made_once_for_a_program_and_nobody_may_change_it(program: Program) -> None:
    graph = graphs.call_graph(program)
    assert graphs.call_graph(program) is graph
    with pytest.raises(nx.NetworkXError):
        graph.add_node("of somebody else")


def test_a_graph_goes_with_its_program_and_is_not_left_to_the_collector(project: Path) -> None:
    workflow_project.write(project)
    session = Session(["."], cache=False)
    graph = graphs.call_graph(session.analysis.program)
    assert graphs.callers(graph, "app.rates.today")
    explain(session.analysis.program, "app.rates.today")
    gone = weakref.ref(graph)
    del graph
    gc.disable()
    try:
        session.close()
        assert gone() is None
    finally:
        gc.enable()


def test_edges_say_how_the_call_is_made(program: Program) -> None:
    edges = graphs.call_graph(program).edges
    assert {
        (source, target): data["kind"]
        for source, target, data in edges(data=True)
        if source in ("app.flows.Trial.run", "app.main.start") and target.startswith("app.")
    } == {
        ("app.flows.Trial.run", "app.flows.Trial.run.price"): "call",
        ("app.flows.Trial.run", "app.steps.send"): "step",
        ("app.flows.Trial.run", "app.flows.Child.run"): "child",
        ("app.main.start", "app.flows.Trial.run"): "start",
        ("app.main.start", "app.flows.Child.run"): "start",  # by its name in a string
    }
    call = edges["app.rates.today", "time.time"]
    assert (call["path"], call["line"]) == ("app/rates.py", 5)


def test_legal_effects_of_replayed_code_are_no_leaves(program: Program) -> None:
    assert "asyncio.sleep" not in graphs.call_graph(program)


def test_the_graph_around_workflows_leaves_the_rest_out(program: Program) -> None:
    around = set(graphs.workflow_graph(program))
    assert around >= {
        "app.flows.Trial.run", "app.flows.Child.run", "app.flows.Trial.run.price", "app.rates.today",
        "app.rates.rate", "time.time", "app.steps.send", "app.main.start",
    }  # fmt: skip
    # What only steps reach, who calls helpers and steps, and what nobody calls.
    assert not around & {"app.steps.connect", "app.rates.unused", "app.main.test", "app.flows.double"}


def test_callers_come_in_source_order(program: Program) -> None:
    graph = graphs.call_graph(program)
    assert graphs.callers(graph, "app.steps.send") == (
        graphs.Caller("app/flows.py", 26, "app.flows.Trial.run", "workflow", "step"),
        graphs.Caller("app/main.py", 12, "app.main.test", "plain", "call"),
    )
    assert graphs.callers(graph, "app.main.start") == ()


def test_the_shortest_chain_goes_through_any_color(program: Program) -> None:
    graph = graphs.call_graph(program)
    assert graphs.shortest_chain(graph, "app.main.start", "time.time") == (
        "app.main.start", "app.flows.Trial.run", "app.flows.Trial.run.price", "app.rates.today", "time.time",
    )  # fmt: skip
    assert graphs.shortest_chain(graph, "time.time", "app.main.start") == ()
    assert graphs.shortest_chain(graph, "nowhere", "app.main.start") == ()


def test_the_contexts_of_one_function_are_one_node(project: Path) -> None:
    (project / "flow.py").write_text(
        "import time\n\nfrom temporalio import workflow\n\n\ndef call(f): return f()\n\n\n"
        "@workflow.defn\nclass Trial:\n    @workflow.run\n    async def run(self) -> None:\n"
        "        call(time.time)\n        call(time.monotonic)\n"
        "        call(lambda: 1)\n        call(lambda: 2)\n"
    )
    graph = graphs.workflow_graph(program_of(project))
    assert [name for name in graph if name.startswith("flow.call")] == ["flow.call"]
    assert sorted(graph.successors("flow.call")) == [
        "flow.Trial.run.<lambda1>", "flow.Trial.run.<lambda2>", "time.monotonic", "time.time",
    ]  # fmt: skip


def test_functions_with_one_name_are_several_nodes(project: Path) -> None:
    (project / "twice.py").write_text("def f(): pass\ndef g(): f()\ndef f(): g()\n")
    assert {"twice.f", "twice.f:3", "twice.g"} <= set(graphs.call_graph(program_of(project)))


def test_a_module_that_is_called_like_an_external_thing_stays_apart(project: Path) -> None:
    (project / "print.py").write_text("print(1)\n")
    graph = graphs.call_graph(program_of(project))
    assert graph.nodes["print"]["color"] == "plain"
    assert graph.nodes["print (external)"]["color"] == "external"


def test_a_project_without_workflows_has_an_empty_graph(project: Path) -> None:
    (project / "plain.py").write_text("import time\ntime.sleep(1)\n")
    assert len(graphs.workflow_graph(program_of(project, whole=False))) == 0


def test_the_same_files_give_the_same_graph(program: Program, project: Path) -> None:
    first, second = graphs.call_graph(program), graphs.call_graph(program_of(project))
    assert list(first.nodes(data=True)) == list(second.nodes(data=True))
    assert list(first.edges(data=True)) == list(second.edges(data=True))
