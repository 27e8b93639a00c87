"""Scores the call graph on the PyCG micro-benchmark, beside PyCG itself in the same run.

    python tests/benchmarks/pycg.py                                  # fetches what it needs
    python tests/benchmarks/pycg.py --show decorators/assigned       # a case in full: code, edges

The benchmark's data comes from the sdist of `pycg` 0.0.8 (118 cases) and is never committed. `--data` may
name any folder that holds `micro-benchmark/snippets` (the project's git tree has one case more, 119).
PyCG does not run on the Python of this project, so it gets a virtual environment of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

REQUIREMENT = "pycg==0.0.8"
# Outside the checkout: what git ignores there, the checker does not read.
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "color-checker-benchmarks" / "pycg"
PYCG_PYTHONS = ("3.10", "3.9", "3.8")

Edge = tuple[str, str]
Graph = Mapping[str, Iterable[str]]

# Runs under PyCG's own interpreter: one JSON object, case → graph (null when PyCG failed), on stdout.
PYCG_DRIVER = """
import importlib.machinery, importlib.util, json, os, sys
import PyCG
sys.modules["pycg"] = PyCG  # the wheel installs as PyCG and imports itself as pycg
from pycg import utils
from pycg.pycg import CallGraphGenerator
result = {}
for folder in sys.argv[1:]:
    os.chdir(folder)
    generator = CallGraphGenerator(
        [os.path.join(folder, "main.py")], folder, -1, utils.constants.CALL_GRAPH_OP
    )
    try:
        generator.analyze()
        result[folder] = {name: sorted(called) for name, called in generator.output().items()}
    except Exception:
        generator.tearDown()
        result[folder] = None
json.dump(result, sys.stdout)
"""


class Score(NamedTuple):
    """How one tool's edges compare with the expected ones; scores add up."""

    cases: int = 0
    exact: int = 0
    right: int = 0
    extra: int = 0
    missing: int = 0

    def plus(self, other: Score) -> Score:
        return Score(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.extra)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missing)


def edges(graph: Graph) -> set[Edge]:
    """The graph as pairs of caller and callee."""
    return {(caller, called) for caller, targets in graph.items() for called in targets}


def compare(actual: set[Edge], expected: set[Edge]) -> Score:
    """The score of one case."""
    return Score(
        1, int(actual == expected), len(actual & expected), len(actual - expected), len(expected - actual)
    )


def find_cases(data: Path) -> dict[str, Path]:
    """Category/name → folder, for every case below `data`."""
    roots = [path for path in data.rglob("snippets") if path.parent.name == "micro-benchmark"]
    if len(roots) != 1:
        raise SystemExit(f"{data}: expected one micro-benchmark/snippets folder, found {len(roots)}")
    files = sorted(roots[0].glob("*/*/callgraph.json"))
    return {f"{file.parents[1].name}/{file.parent.name}": file.parent.resolve() for file in files}


def fetch(data: Path) -> None:
    """Downloads and unpacks the sdist into `data`, unless it is there already."""
    if any(data.rglob("callgraph.json")):
        return
    data.mkdir(parents=True, exist_ok=True)
    download = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*download, "-d", data, REQUIREMENT], check=True)
    for archive in data.glob("*.tar.gz"):
        with tarfile.open(archive) as tar:
            tar.extractall(data, filter="data")


def our_graphs(cases: Mapping[str, Path]) -> dict[str, set[Edge]]:
    """Our edges by case. Names are relative to the case's folder, also where that is a package itself."""
    from color_checker.call_graph import call_graph

    result = {}
    for name, folder in cases.items():
        prefix = f"{folder.name}." if (folder / "__init__.py").exists() else ""
        graph = call_graph([folder])
        result[name] = {
            (caller.removeprefix(prefix), called.removeprefix(prefix)) for caller, called in edges(graph)
        }
    return result


def pycg_graphs(cases: Mapping[str, Path], python: Path) -> dict[str, set[Edge]]:
    """PyCG's edges by case; none for a case on which it failed."""
    command: list[str | Path] = [python, "-c", PYCG_DRIVER, *cases.values()]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    graphs: dict[str, Any] = json.loads(output)
    return {name: edges(graphs[str(folder)] or {}) for name, folder in cases.items()}


def pycg_python(wanted: Path | None) -> Path | None:
    """An interpreter that can import PyCG: `wanted`, or a virtual environment made from an old enough one."""
    environment = CACHE / "venv" / "bin" / "python"
    for python in [wanted, environment]:
        if python is not None and _can_import_pycg(python):
            return python
    base = wanted or _find_base()
    if base is None:
        return None
    subprocess.run([base, "-m", "venv", environment.parents[1]], check=True)
    subprocess.run([environment, "-m", "pip", "install", "-q", REQUIREMENT], check=True)
    return environment if _can_import_pycg(environment) else None


def _can_import_pycg(python: Path) -> bool:
    return _runs([python, "-c", "import PyCG"])


def _runs(command: list[str | Path]) -> bool:
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def _find_base() -> Path | None:
    """A Python old enough for PyCG, on the path or among pyenv's."""
    for version in PYCG_PYTHONS:
        found = shutil.which(f"python{version}")
        if found and _runs([found, "-c", ""]):
            return Path(found)
        for path in sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python")):
            return path
    return None


def expected_graph(folder: Path) -> set[Edge]:
    """What the benchmark says is right."""
    graph: dict[str, list[str]] = json.loads((folder / "callgraph.json").read_text())
    return edges(graph)


def print_table(scores: Mapping[str, Mapping[str, Score]]) -> None:
    """`scores`: tool → case → score; a row a category, and the totals."""
    tools = list(scores)
    cases = next(iter(scores.values()))
    headings = (f"{tool + ' exact':>14}{'prec.':>8}{'recall':>8}" for tool in tools)
    print(f"{'category':<14}{'cases':>6}" + "".join(headings))
    categories = list(dict.fromkeys(case.split("/")[0] for case in cases))
    for category in [*categories, ""]:
        row = f"{category or 'total':<14}"
        for position, tool in enumerate(tools):
            total = Score()
            for case, score in scores[tool].items():
                if not category or case.startswith(f"{category}/"):
                    total = total.plus(score)
            row += f"{total.cases:>6}" if position == 0 else ""
            row += f"{total.exact:>14}{total.precision:>8.3f}{total.recall:>8.3f}"
        print(row)


def print_case(name: str, folder: Path, tools: Mapping[str, set[Edge]]) -> None:
    """The case's code, and each tool's edges against the expected ones."""
    for path in sorted(folder.rglob("*.py")):
        print(f"--- {path.relative_to(folder)}\n{path.read_text()}")
    expected = expected_graph(folder)
    for tool, actual in tools.items():
        print(f"=== {name}: {tool}")
        for caller, called in sorted(expected | actual):
            edge = (caller, called)
            mark = "+" if edge not in expected else " " if edge in actual else "-"
            print(f"  {mark} {caller} -> {called}")
    print("(- expected and not found, + found and not expected)")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=CACHE / "data", help="folder of the unpacked benchmark")
    parser.add_argument("--pycg-python", type=Path, help="a Python 3.10 or older, with or without PyCG")
    parser.add_argument("--no-pycg", action="store_true", help="only our own column")
    parser.add_argument("--only-pycg", action="store_true", help="only PyCG's column")
    parser.add_argument("--show", metavar="CASE", help="print one case in full; also a category, or 'misses'")
    options = parser.parse_args()

    fetch(options.data)
    cases = find_cases(options.data)
    graphs: dict[str, dict[str, set[Edge]]] = {}
    if not options.only_pycg:
        graphs["ours"] = our_graphs(cases)
    python = None if options.no_pycg else pycg_python(options.pycg_python)
    if python is not None:
        graphs["PyCG"] = pycg_graphs(cases, python)
    elif not options.no_pycg:
        print("PyCG is left out: no Python 3.10 found, name one with --pycg-python", file=sys.stderr)

    expected = {name: expected_graph(folder) for name, folder in cases.items()}
    if options.show:
        first = next(iter(graphs.values()))
        for name, folder in cases.items():
            missed = options.show == "misses" and first[name] != expected[name]
            if missed or name.startswith(options.show):
                print_case(name, folder, {tool: by_case[name] for tool, by_case in graphs.items()})
        return 0
    scores = {
        tool: {name: compare(by_case[name], expected[name]) for name in cases}
        for tool, by_case in graphs.items()
    }
    print_table(scores)
    for tool, scored in scores.items():
        misses = [name for name, score in scored.items() if not score.exact]
        print(f"{tool} misses: {', '.join(misses) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
