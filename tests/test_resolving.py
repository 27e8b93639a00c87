"""What follows when it becomes known what an expression is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from color_checker.checking import analyze
from color_checker.config import Config
from color_checker.places import Known, Spot
from color_checker.resolving import Resolver
from color_checker.session import Session

_WORKFLOW = """\
from acme import shop
from runtime_min import workflow

from helper import read


@workflow
async def run() -> str:
    return read(shop)
"""
_HELPER = """\
def read(shop):
    return shop.base.read_text()
"""
_PATH = Known("pathlib.Path", bases=("pathlib.PurePath",))


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _resolver(files: Mapping[str, str]) -> Resolver:
    for name, text in files.items():
        Path(name).write_text(text)
    return Resolver(analyze([Path(name) for name in files], config=Config(root=os.getcwd()), cache=False))


def _spot(resolver: Resolver, path: str, kind: str, line: int, column: int) -> Spot:
    found = [
        spot
        for spot in resolver.unknowns(os.path.abspath(path))
        if (spot.kind, spot.line, spot.end_column) == (kind, line, column)
    ]
    assert len(found) == 1, resolver.unknowns(os.path.abspath(path))
    return found[0]


def test_what_is_learned_in_a_helper_is_found_at_the_call_in_the_workflow() -> None:
    resolver = _resolver({"flows.py": _WORKFLOW, "helper.py": _HELPER})
    spot = _spot(resolver, "helper.py", "receiver", 2, 31)

    (finding,) = resolver.learn(os.path.abspath("helper.py"), {spot: (_PATH,)})

    assert (finding.name, finding.path, finding.line) == ("filesystem", "flows.py", 9)
    assert [frame.function for frame in finding.witness] == [
        "flows.run", "helper.read", "pathlib.Path.read_text",
    ]  # fmt: skip
    assert [gap.witness[-1].function for gap in resolver.closed] == ["shop.base.read_text"]
    assert resolver.gaps == ()
    assert finding in resolver.findings


def test_what_was_found_before_is_not_new_also_if_it_has_a_fix() -> None:
    workflow = _WORKFLOW.replace("from acme", "import time\n\nfrom acme").replace(
        "    return", "    print(time.time())\n    return"
    )
    Path("flows.py").write_text(workflow)
    Path("helper.py").write_text(_HELPER)
    session = Session(["."], config=Config(root=os.getcwd()), cache=False)
    report = session.check()
    assert {finding.name: finding.fix for finding in report.findings}["clock"]
    resolver = Resolver(session.analysis, report.findings, report.gaps)
    spot = _spot(resolver, "helper.py", "receiver", 2, 31)

    found = resolver.learn(os.path.abspath("helper.py"), {spot: (_PATH,)})

    assert [finding.name for finding in found] == ["filesystem"]
    assert set(report.findings) < set(resolver.findings)


def test_a_protocol_is_no_class_that_does_anything() -> None:
    resolver = _resolver({"flows.py": _WORKFLOW, "helper.py": _HELPER})
    spot = _spot(resolver, "helper.py", "receiver", 2, 31)

    found = resolver.learn(os.path.abspath("helper.py"), {spot: (Known("acme.Reads", protocol=True),)})

    assert found == ()
    assert len(resolver.gaps) == 1


def test_every_class_of_a_union_counts() -> None:
    resolver = _resolver({"flows.py": _WORKFLOW, "helper.py": _HELPER})
    spot = _spot(resolver, "helper.py", "receiver", 2, 31)

    found = resolver.learn(os.path.abspath("helper.py"), {spot: (Known("builtins.str"), _PATH)})

    assert [finding.name for finding in found] == ["filesystem"]


def test_what_holds_at_one_place_is_not_taken_to_hold_at_another() -> None:
    helper = """\
def read(shop):
    if shop.kind:
        return shop.read_text()
    return shop.unlink()
"""
    resolver = _resolver({"flows.py": _WORKFLOW, "helper.py": helper})
    spot = _spot(resolver, "helper.py", "receiver", 3, 30)

    (finding,) = resolver.learn(os.path.abspath("helper.py"), {spot: (_PATH,)})

    assert finding.witness[-1].function == "pathlib.Path.read_text"
    assert [gap.witness[-1].function for gap in resolver.gaps] == ["shop.unlink"]


def test_a_class_of_the_project_is_followed_into_its_methods() -> None:
    clocks = "import time\n\n\nclass Clock:\n    def read_text(self):\n        return str(time.time())\n"
    resolver = _resolver({"flows.py": _WORKFLOW, "helper.py": _HELPER, "clocks.py": clocks})
    spot = _spot(resolver, "helper.py", "receiver", 2, 31)

    (finding,) = resolver.learn(os.path.abspath("helper.py"), {spot: (Known("clocks.Clock"),)})

    assert finding.name == "clock"
    assert [frame.function for frame in finding.witness][1:] == [
        "helper.read", "clocks.Clock.read_text", "time.time",
    ]  # fmt: skip


def test_what_was_known_before_the_code_was_reached_counts_when_it_is() -> None:
    files = {
        "flows.py": _WORKFLOW,
        "helper.py": _HELPER,
        "shops.py": "class Base:\n    def read_text(self):\n        return self.path.read_text()\n",
    }
    resolver = _resolver(files)
    inner = Spot("receiver", 3, 16, 3, 35)
    assert resolver.learn(os.path.abspath("shops.py"), {inner: (_PATH,)}) == ()
    spot = _spot(resolver, "helper.py", "receiver", 2, 31)

    (finding,) = resolver.learn(os.path.abspath("helper.py"), {spot: (Known("shops.Base"),)})

    assert finding.name == "filesystem"
    assert finding.path == "flows.py"


def test_the_order_in_which_files_are_learned_makes_no_difference() -> None:
    clocks = "class Base:\n    def read_text(self):\n        return self.path.read_text()\n"
    files = {"flows.py": _WORKFLOW, "helper.py": _HELPER, "shops.py": clocks}
    known = {
        os.path.abspath("shops.py"): {Spot("receiver", 3, 16, 3, 35): (_PATH,)},
        os.path.abspath("helper.py"): {Spot("receiver", 2, 12, 2, 31): (Known("shops.Base"),)},
    }
    results = []
    for paths in (list(known), list(known)[::-1]):
        resolver = _resolver(files)
        for path in paths:
            resolver.learn(path, known[path])
        results.append((resolver.findings, resolver.gaps))
    at_once = _resolver(files)
    at_once.learn_all(known)

    assert results[0] == results[1] == (at_once.findings, at_once.gaps)
    assert results[0][0]


def test_a_suppressed_finding_stays_suppressed() -> None:
    helper = "def read(shop):\n    return shop.base.read_text()  # color: ignore[filesystem]\n"
    resolver = _resolver({"flows.py": _WORKFLOW, "helper.py": helper})
    spot = _spot(resolver, "helper.py", "receiver", 2, 31)

    assert resolver.learn(os.path.abspath("helper.py"), {spot: (_PATH,)}) == ()
    assert resolver.findings == ()


def test_a_set_is_unordered_only_where_order_matters() -> None:
    helper = """\
def read(shop):
    for name in shop.names:
        print(name)
    return sorted(shop.others)
"""
    resolver = _resolver({"flows.py": _WORKFLOW, "helper.py": helper})
    path = os.path.abspath("helper.py")
    names = Known("builtins.set", elements=(Known("builtins.str"),))
    spots = [spot for spot in resolver.unknowns(path) if spot.kind in ("iterated", "argument")]

    found = resolver.learn(path, dict.fromkeys(spots, (names,)))

    assert [(finding.name, finding.witness[-1].line) for finding in found] == [("unordered", 2)]


def test_numbers_come_in_the_same_order_from_every_set() -> None:
    helper = "def read(shop):\n    return [name for name in shop.names]\n"
    resolver = _resolver({"flows.py": _WORKFLOW, "helper.py": helper})
    path = os.path.abspath("helper.py")
    (spot,) = (spot for spot in resolver.unknowns(path) if spot.kind == "iterated")

    numbers = Known("builtins.set", elements=(Known("builtins.int"),))

    assert resolver.learn(path, {spot: (numbers,)}) == ()


def test_the_environment_is_known_by_its_type() -> None:
    helper = "def read(shop):\n    return shop.env['HOME']\n"
    resolver = _resolver({"flows.py": _WORKFLOW, "helper.py": helper})
    spot = _spot(resolver, "helper.py", "subscripted", 2, 28)

    (finding,) = resolver.learn(os.path.abspath("helper.py"), {spot: (Known("os._Environ"),)})

    assert finding.name == "environment"


def test_what_is_not_known_is_asked_for_only_in_code_that_matters() -> None:
    plain = "def plain(shop):\n    return shop.base.read_text()\n"
    resolver = _resolver({"flows.py": _WORKFLOW, "helper.py": _HELPER, "plain.py": plain})

    assert resolver.unknowns(os.path.abspath("plain.py")) == ()
    assert {spot.kind for spot in resolver.unknowns(os.path.abspath("helper.py"))} == {"receiver"}


def test_another_type_at_a_place_that_was_learned_is_a_contradiction() -> None:
    resolver = _resolver({"flows.py": _WORKFLOW, "helper.py": _HELPER})
    path = os.path.abspath("helper.py")
    spot = _spot(resolver, "helper.py", "receiver", 2, 31)
    resolver.learn(path, {spot: (_PATH,)})

    assert not resolver.contradicts(path, {spot: (_PATH,), Spot("callee", 1, 1, 1, 2): (_PATH,)})
    assert resolver.contradicts(path, {spot: (Known("builtins.str"),)})
    assert resolver.contradicts(path, {})
