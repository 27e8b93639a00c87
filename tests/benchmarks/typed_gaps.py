"""Counts the gaps that mypy's types close: what the plugin resolves and the command line does not.

    python tests/benchmarks/typed_gaps.py programs                 # small typed programs, one for each feature
    python tests/benchmarks/typed_gaps.py pycg [DATA]              # PyCG's micro-benchmark (see pycg.py)
    python tests/benchmarks/typed_gaps.py project PATH...          # real projects

Types are taken from one run of mypy over the files, with `check_untyped_defs` as users have it who want to
know; the analyzer reads the same files. `--show` lists what is found by types only, and the gaps left.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import chdir
from pathlib import Path
from typing import NamedTuple

from mypy import build
from mypy.errors import CompileError
from mypy.find_sources import create_source_list
from mypy.nodes import Expression
from mypy.options import Options
from mypy.types import ProperType, get_proper_type

from color_checker.checking import analyze
from color_checker.config import Config, load_config
from color_checker.findings import Finding
from color_checker.resolving import Known, Resolver, Spot
from mypy_plugin.typed_places import types_in

Types = dict[str, dict[Spot, tuple[Known, ...]]]


class Count(NamedTuple):
    """What one run gives."""

    calls: int
    gaps: int
    closed: int
    learned: int
    found: int
    seconds: float
    slowest: float


def types_of(paths: Iterable[Path]) -> Types:
    """What mypy knows of all files, by absolute path."""
    options = Options()
    options.export_types = True
    options.preserve_asts = True
    options.incremental = False
    options.check_untyped_defs = True
    options.ignore_errors = True
    options.namespace_packages = True
    options.explicit_package_bases = True
    options.follow_untyped_imports = True
    sources = create_source_list([str(path) for path in paths], options)
    try:
        result = build.build(sources, options)
    except CompileError as error:
        print("\n".join(error.messages[:5]), file=sys.stderr)
        return {}

    def type_of(expression: Expression) -> ProperType | None:
        found = result.types.get(expression)
        return get_proper_type(found) if found is not None else None

    wanted = {os.path.abspath(source.path) for source in sources if source.path}
    return {
        path: types_in(file, type_of, _lines(path))
        for file in result.files.values()
        if (path := os.path.abspath(file.path)) in wanted
    }


def _lines(path: str) -> list[bytes] | None:
    data = Path(path).read_bytes()
    return None if data.isascii() else data.split(b"\n")


def measure(paths: list[Path], types: Types, config: Config) -> tuple[Count, Resolver, tuple[Finding, ...]]:
    """Learn file by file, as the plugin does."""
    resolver = Resolver(analyze(paths, config=config, cache=False))
    before = len(resolver.gaps)
    calls = len(resolver.program.replayed_nodes)
    found: list[Finding] = []
    times = [0.0]
    for path, known in types.items():
        start = time.perf_counter()
        found += resolver.learn(path, known)
        times.append(time.perf_counter() - start)
    closed = len(resolver.closed)
    count = Count(calls, before, closed, resolver.learned, len(found), sum(times), max(times))
    return count, resolver, tuple(found)


def show(resolver: Resolver, found: Iterable[Finding]) -> None:
    """What types show, and what they do not."""
    for title, findings in (("found", found), ("closed", resolver.closed), ("left", resolver.gaps)):
        for finding in findings:
            chain = " -> ".join(frame.function for frame in finding.witness)
            print(f"    {title}: {finding.path}:{finding.line} {finding.name}: {chain}")
            if title != "closed":
                print(f"        {finding.message[:140]}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=("programs", "pycg", "project"))
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    for path in options.paths:
        with chdir(path if path.is_dir() else path.parent):
            start = time.perf_counter()
            types = types_of([Path(".")])
            print(f"mypy: {time.perf_counter() - start:.1f} s, {len(types)} files")
            count, resolver, found = measure([Path(".")], types, load_config(Path.cwd()))
            print(path.name, count)
            if options.show:
                show(resolver, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
