"""Counts the gaps that mypy's types close: what the plugin resolves and the command line does not.

    python tests/benchmarks/typed_gaps.py programs          # those in typed_programs.py
    python tests/benchmarks/typed_gaps.py pycg DATA         # PyCG's micro-benchmark, unpacked by pycg.py
    python tests/benchmarks/typed_gaps.py project PATH...   # real projects

Types are taken from one run of mypy over the files, with `check_untyped_defs` as users have it who want to
know; the analyzer reads the same files. `--show` lists what is found by types only, and the gaps left.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
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
from color_checker.places import Known, Spot
from color_checker.resolving import Resolver
from mypy_plugin.typed_places import types_at

Types = dict[str, dict[Spot, tuple[Known, ...]]]


class Count(NamedTuple):
    """What one run gives; seconds are those of learning."""

    functions: int
    gaps: int
    closed: int
    learned: int
    found: int
    seconds: float
    slowest: float


def types_of(paths: Iterable[Path], stubs: str = "") -> Types:
    """What mypy knows of all files, by absolute path. `stubs`: a folder with stubs of packages."""
    options = Options()
    options.mypy_path = [stubs] if stubs else []
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
        path: types_at(None, file, type_of, _lines(path))
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
    functions = len(resolver.program.replayed_nodes)
    found: list[Finding] = []
    times = [0.0]
    for path, known in types.items():
        start = time.perf_counter()
        found += resolver.learn(path, known)
        times.append(time.perf_counter() - start)
    closed = len(resolver.closed)
    count = Count(functions, before, closed, resolver.learned, len(found), sum(times), max(times))
    return count, resolver, tuple(found)


def write(files: Mapping[str, str], folder: Path) -> None:
    """Write a program."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def run_programs(options: argparse.Namespace) -> None:
    """Each program: is the effect found, and what had the command line to say?"""
    from typed_programs import programs

    gaps = closed = right = 0
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        cases = programs()
        for number, (files, _) in enumerate(cases.values()):
            write({f"p{number}/app.py": files["app.py"]}, Path(folder))
            write({name: text for name, text in files.items() if name != "app.py"}, Path(folder))
        apps = [Path(f"p{number}/app.py") for number in range(len(cases))]
        types = types_of(apps, "stubs")
        for app, (name, (_, expected)) in zip(apps, cases.items(), strict=True):
            known = types[os.path.abspath(app)]
            count, resolver, found = measure([app], {os.path.abspath(app): known}, Config(root=folder))
            names = {finding.name for finding in found}
            as_expected = names == ({expected} if expected else set()) and (
                expected != "" or bool(resolver.gaps)
            )
            gaps, closed, right = gaps + count.gaps, closed + count.closed, right + as_expected
            print(f"{'' if as_expected else 'NOT AS EXPECTED':<16}{name}: {', '.join(sorted(names)) or '-'}")
            if options.show and not as_expected:
                show(resolver, found)
    print(f"{len(cases)} programs, {right} as expected; {gaps} gaps of the command line, {closed} closed")


def run_pycg(data: Path) -> None:
    """PyCG's programs have no workflows: everything in them is taken for workflow code."""
    from pycg import find_cases

    total = Count(0, 0, 0, 0, 0, 0.0, 0.0)
    for folder in find_cases(data).values():
        with chdir(folder):
            types = types_of([Path(".")])
            config = Config(root=str(folder), workflow_modules=("*", "**/*.py"))
            count, _, _ = measure([Path(".")], types, config)
            total = Count(
                total.functions + count.functions, total.gaps + count.gaps, total.closed + count.closed,
                total.learned + count.learned, total.found + count.found,
                total.seconds + count.seconds, max(total.slowest, count.slowest),
            )  # fmt: skip
    print(total)


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
    if options.what == "programs":
        run_programs(options)
        return 0
    for path in options.paths:
        if options.what == "pycg":
            run_pycg(path)
            continue
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
