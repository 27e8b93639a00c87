"""Small typed programs, one for each way in which mypy knows a type and flow alone does not.

Each has one workflow, `run`, whose last line has an effect (or is to stay a gap). `acme` is a package of
which only a stub is at hand; `Clock` and `Holder` are classes of the project.
"""

from __future__ import annotations

#: A package that is installed without source, as far as the analyzer can tell.
STUB = """\
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, AsyncIterator, Callable, Generic, Iterator, NamedTuple, Protocol, TypedDict
from typing import TypeVar, overload
from functools import cached_property
import httpx
import requests
import os

T = TypeVar("T")
K = TypeVar("K")
D = TypeVar("D")
P = TypeVar("P", bound=Path)

class Base:
    folder: Path
    environment: os._Environ[str]
    names: set[str]
    @property
    def home(self) -> Path: ...
    @cached_property
    def cached(self) -> Path: ...
    def parent(self) -> Path: ...
    @classmethod
    def make(cls) -> "Base": ...
    @staticmethod
    def static() -> Path: ...
    def __enter__(self) -> Path: ...
    def __exit__(self, *error: object) -> None: ...
    def __getitem__(self, name: str) -> Path: ...
    def __iter__(self) -> Iterator[Path]: ...
    def __add__(self, other: int) -> Path: ...
    def __call__(self) -> Path: ...

class Derived(Base): ...
class Client(requests.Session): ...

class Row(NamedTuple):
    path: Path
    seats: int

class Options(TypedDict):
    path: Path

class Field(Generic[T]):
    @overload
    def __get__(self, instance: None, owner: Any) -> "Field[T]": ...
    @overload
    def __get__(self, instance: object, owner: Any) -> T: ...

class Model:
    path: Field[Path]

class Reads(Protocol):
    def read_text(self) -> str: ...

@overload
def load(name: str) -> Path: ...
@overload
def load(name: int) -> int: ...
def first(items: list[T]) -> T: ...
def identity(item: T) -> T: ...
def bounded(item: P) -> P: ...
def maybe() -> Path | None: ...
def either() -> Path | int: ...
def rows() -> list[Row]: ...
def table() -> dict[str, Path]: ...
def stream() -> AsyncIterator[Path]: ...
def opened() -> AbstractContextManager[Path]: ...
def aopened() -> AbstractAsyncContextManager[Path]: ...
def options() -> Options: ...
def anything() -> Any: ...
def reads() -> Reads: ...
def callback() -> Callable[[], int]: ...
def names() -> set[str]: ...
def frozen() -> frozenset[str]: ...
def numbers() -> set[int]: ...
def pair() -> tuple[Path, int]: ...
def nested() -> dict[str, list[Path]]: ...
async def fetch() -> Path: ...
async def fetch_row() -> Row: ...
def environment() -> os._Environ[str]: ...
def client() -> Client: ...
"""

_HEAD = """\
from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Generic, Protocol, TypeVar

import acme
from runtime_min import workflow

T = TypeVar("T")


class Clock:
    now: float

    def read(self) -> float:
        return time.time()


class Holder(Generic[T]):
    def __init__(self, item: T) -> None:
        self.items: list[T] = acme.identity([item])

    def first(self) -> T:
        return self.items[0]


def clocks() -> Holder[Clock]:
    return acme.anything()  # type: ignore[no-any-return]


def show(clock: object) -> None: ...


"""

#: name → (definitions, lines of `run`, what is found there: "" for a gap that stays, None for nothing at all)
_PROGRAMS: dict[str, tuple[str, str, str | None]] = {
    "attribute of a base class in a package": (
        "class Mine(acme.Base): ...", "Mine().folder.read_text()", "filesystem",
    ),
    "attribute of an object from a package": ("", "acme.Base.make().folder.read_text()", "filesystem"),
    "inherited attribute": ("", "acme.Derived().folder.read_text()", "filesystem"),
    "property": ("", "acme.Base().home.read_text()", "filesystem"),
    "cached property": ("", "acme.Base().cached.read_text()", "filesystem"),
    "result of a method": ("", "acme.Base().parent().read_text()", "filesystem"),
    "static method": ("", "acme.Base.static().read_text()", "filesystem"),
    "class method": ("", "acme.Base.make().parent().read_text()", "filesystem"),
    "context manager with a class": (
        "", "with acme.Base() as folder:\n    folder.read_text()", "filesystem",
    ),
    "context manager": ("", "with acme.opened() as folder:\n    folder.read_text()", "filesystem"),
    "async context manager": (
        "", "async with acme.aopened() as folder:\n    folder.read_text()", "filesystem",
    ),
    "subscript": ("", "acme.Base()['rates'].read_text()", "filesystem"),
    "iteration over an object": ("", "for folder in acme.Base():\n    folder.read_text()", "filesystem"),
    "async iterator": ("", "async for folder in acme.stream():\n    folder.read_text()", "filesystem"),
    "operator": ("", "(acme.Base() + 1).read_text()", "filesystem"),
    "call of an object": ("", "acme.Base()().read_text()", "filesystem"),
    "named tuple": ("", "acme.rows()[0].path.read_text()", "filesystem"),
    "unpacked tuple": ("", "folder, seats = acme.pair()\nfolder.read_text()", "filesystem"),
    "unpacked named tuple": ("", "folder, seats = acme.rows()[0]\nfolder.read_text()", "filesystem"),
    "typed dict": ("", "acme.options()['path'].read_text()", "filesystem"),
    "value of a dict": ("", "acme.table()['x'].read_text()", "filesystem"),
    "item of a dict": (
        "", "for name, folder in acme.table().items():\n    folder.read_text()", "filesystem",
    ),
    "nested containers": ("", "acme.nested()['x'][0].read_text()", "filesystem"),
    "comprehension": ("", "[folder.read_text() for folder in acme.table().values()]", "filesystem"),
    "descriptor": ("", "acme.Model().path.read_text()", "filesystem"),
    "overload": ("", "acme.load('x').read_text()", "filesystem"),
    "generic function": ("", "acme.first([Path('x')][:1]).read_text()", "filesystem"),
    "bound type variable": (
        "P = TypeVar('P', bound=acme.Base)\n\n\ndef read(base: P) -> str:\n    return base.home.read_text()",
        "read(acme.Base())", "filesystem",
    ),
    "narrowed by isinstance": (
        "", "it = acme.either()\nif isinstance(it, Path):\n    it.read_text()", "filesystem",
    ),
    "narrowed by None": ("", "it = acme.maybe()\nif it is not None:\n    it.read_text()", "filesystem"),
    "optional chain": ("", "(acme.maybe() or acme.Base().home).read_text()", "filesystem"),
    "awaited": ("", "(await acme.fetch()).read_text()", "filesystem"),
    "attribute of what is awaited": ("", "(await acme.fetch_row()).path.read_text()", "filesystem"),
    "lambda": ("", "(lambda: acme.Base().home.read_text())()", "filesystem"),
    "generic class of the project": ("", "clocks().first().read()", "clock"),
    "class of the project in a generic container": ("", "acme.first([Clock()]).read()", "clock"),
    "argument of an unannotated helper": (
        "def peek(clock):  # type: ignore[no-untyped-def]\n    return clock.read()",
        "peek(clocks().first())", "clock",
    ),
    "field of a dataclass": (
        "@dataclass\nclass Shop:\n    base: acme.Base", "Shop(acme.Base()).base.folder.read_text()",
        "filesystem",
    ),
    "set": ("", "kept = []\nfor name in acme.names():\n    kept.append(name)", "unordered"),
    "set in a list": ("", "list(acme.names())", "unordered"),
    "set unpacked into a list": ("", "[*acme.frozen()]", "unordered"),
    "set attribute": ("", "[name for name in acme.Base().names]", "unordered"),
    "environment": ("", "acme.environment()['HOME']", "environment"),
    "environment attribute": ("", "acme.Base().environment.get('HOME')", "environment"),
    "subclass of a class in the catalog": ("", "acme.client().get('https://x')", "network"),
    "set of numbers": ("", "[number for number in acme.numbers()]", None),
    "sorted set": ("", "sorted(acme.names())", None),
    "Path against Protocol: Protocol": ("", "acme.reads().read_text()", ""),
    "Callable": ("", "acme.callback()()", ""),
    "Any": ("", "acme.anything().read_text()", ""),
}  # fmt: skip


def programs() -> dict[str, tuple[dict[str, str], str | None]]:
    """Name → files, and what is found with types only."""
    return {name: (_files(*parts[:2]), parts[2]) for name, parts in _PROGRAMS.items()}


def _files(definitions: str, lines: str) -> dict[str, str]:
    body = "".join(f"    {line}\n" for line in lines.split("\n"))
    end = f"\n\n\n@workflow\nasync def run() -> None:\n{body}"
    return {"app.py": f"{_HEAD}{definitions}{end}", "stubs/acme/__init__.pyi": STUB}
