"""What astroid knows of expressions, in the words of the analyzer."""

from __future__ import annotations

import sys
from pathlib import Path

import astroid
import pytest

from color_checker.places import Known, Spot
from pylint_plugin.inference import inferred

START = """\
import collections
import enum
import time
from pathlib import Path
from typing import Protocol


class Clock:
    class Hand:
        pass

    def read(self):
        return time.time()


class Reads(Protocol):
    pass


class Mode(enum.Enum):
    FAST = Clock()


def function():
    class Local:
        pass

    return Local()


def unknown(it):
    return it
"""
LINE = START.count("\n") + 1
LOCAL = f"app.Local@{START.splitlines().index('    class Local:') + 1}"
PATH = Known("pathlib.Path")


def known(expression: str, kind: str = "receiver", part: str = "") -> tuple[Known, ...]:
    """What is known of an expression in that role."""
    sources = {
        "receiver": ("({}).x", ""),
        "callee": ("({})()", ""),
        "argument": ("print({})", "0"),
        "iterated": ("[0 for _ in {}]", ""),
        "spread": ("[*{}]", "0"),
        "subscripted": ("({})[0]", ""),
        "left": ("({}) + 1", ""),
        "right": ("1 + ({})", ""),
    }
    source, part = sources[kind]
    line = source.format(expression)
    module = astroid.parse(f"{START}{line}\n", "app")
    first, end = 1, len(line) + 1
    if kind == "iterated":
        first = line.index(expression) + 1
        end = first + len(expression)
    spot = Spot(kind, LINE, first, LINE, end, part)  # type: ignore[arg-type]
    return inferred(module, [spot]).get(spot, ())


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("Clock()", (Known("app.Clock"),)),
        ("Clock", (Known("app.Clock", "class"),)),
        ("Clock.Hand()", (Known("app.Clock.Hand"),)),
        ("function()", (Known(LOCAL),)),
        ("Mode.FAST.value", (Known("app.Clock"),)),
        ("{'a': Clock()}['a']", (Known("app.Clock"),)),
        ("Clock() if missing else Path('x')", (Known("app.Clock"), PATH)),
        ("Clock() if missing else None", (Known("app.Clock"),)),
        ("'a' + 'b'", (Known("builtins.str"),)),
        ("Reads()", (Known("app.Reads", protocol=True),)),
        ("None", ()),
        ("time", ()),
        ("unknown", ()),
        ("unknown(missing)", ()),
        ("missing", ()),
        ("(lambda: 1)", ()),
        ("object()", ()),
        ("type('Made', (Clock,), {})()", ()),
        ("collections.namedtuple('Row', 'a')(1)", ()),
        ("(i for i in [])", ()),
    ],
)
def test_what_a_receiver_is_known_by(expression: str, expected: tuple[Known, ...]) -> None:
    assert [_plain(one) for one in known(expression)] == [_plain(one) for one in expected]


def _plain(one: Known) -> tuple[str, str, bool]:
    return one.name.replace("pathlib._local", "pathlib"), one.what, one.protocol


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("getattr(time, 'mono' + 'tonic')", [("time.monotonic", "function")]),
        ("function", [("app.function", "function")]),
        ("Clock", [("app.Clock", "class")]),
        ("Clock.read", [("app.Clock.read", "function")]),
        ("Clock().read", []),  # of what it is bound to nothing could be said
        ("Path('x').read_text", [("pathlib.Path.read_text", "function")]),
        ("'x'", []),  # is not callable
        ("function()", [(LOCAL, "instance")]),
    ],
)
def test_what_is_called(expression: str, expected: list[tuple[str, str]]) -> None:
    found = [(_plain(one)[0], one.what) for one in known(expression, "callee")]
    assert found == expected


@pytest.mark.parametrize("kind", ["argument", "iterated", "spread", "subscripted", "left", "right"])
def test_each_way_of_use_has_its_place(kind: str) -> None:
    assert known("Clock()", kind) == (Known("app.Clock"),)


def test_the_elements_of_a_set_are_known_if_all_are() -> None:
    (some,) = known("{Clock(), 1}", "iterated")
    assert {one.name for one in some.elements} == {"app.Clock", "builtins.int"}
    (others,) = known("{Clock(), missing}", "iterated")
    assert (others.name, others.elements) == ("builtins.set", ())


def test_columns_count_characters() -> None:
    module = astroid.parse("import time\n\nx = 'äöü日本'; getattr(time, 'ti' + 'me')()\n", "app")
    line = "x = 'äöü日本'; getattr(time, 'ti' + 'me')()"
    spot = Spot("callee", 3, line.index("getattr") + 1, 3, len(line) + 1)
    assert [one.name for one in inferred(module, [spot])[spot]] == ["time.time"]


@pytest.mark.parametrize("folder", [Path(astroid.__file__).parent, Path(sys.prefix, "lib")])
def test_astroid_is_asked_about_anything_without_harm(folder: Path) -> None:
    """Every expression in real files: none raises."""
    from pylint_plugin.columns import Columns
    from pylint_plugin.inference import _spot, _uses

    files = sorted(folder.rglob("*.py"))[:: max(1, len(list(folder.rglob("*.py"))) // 4)][:4]
    asked = 0
    for path in files:
        try:
            module = astroid.MANAGER.ast_from_file(str(path), f"some_{path.stem}", source=True)
        except astroid.AstroidError:
            continue
        columns = Columns(module)
        spots = [spot for use in _uses(module) if (spot := _spot(use, columns)) is not None][:300]
        asked += len(spots)
        assert inferred(module, spots).keys() <= set(spots)
    assert asked > 20
