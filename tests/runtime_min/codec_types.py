"""Types that the codec's tests store; with annotations as strings, as many programs have them."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import functools
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    Self,
    TypedDict,
    TypeVar,
)

import attrs
import msgspec
import pydantic

if TYPE_CHECKING:
    from somewhere import Unknown  # type: ignore[import-not-found]

T = TypeVar("T")
OrderId = NewType("OrderId", str)


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Odd(enum.Enum):
    PAIR = (1, 2)
    TEXT = "text"


class Access(enum.Flag):
    READ = 1
    WRITE = 2


@dataclasses.dataclass
class Line:
    sku: str
    price: decimal.Decimal
    quantity: int = 1


@dataclasses.dataclass(frozen=True)
class Order:
    id: OrderId
    lines: list[Line]
    color: Color | None
    at: datetime.datetime
    tags: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True)
class RushOrder(Order):
    fee: int = 0


@dataclasses.dataclass
class Node:
    value: int
    next: Self | None = None
    children: list[Node] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Page(Generic[T]):
    items: list[T]
    after: Page[T] | None = None


@dataclasses.dataclass
class LinePage(Page[Line]):
    total: int = 0


@dataclasses.dataclass
class Doubled:
    amount: int

    def __post_init__(self) -> None:
        self.amount *= 2


@dataclasses.dataclass
class Summed:
    parts: list[int]
    total: int = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.total = sum(self.parts)
        self.note = "made"


@dataclasses.dataclass(slots=True)
class Slotted:
    a: int
    b: Any = None


@dataclasses.dataclass
class Cached:
    a: int

    @functools.cached_property
    def double(self) -> int:
        return self.a * 2


@attrs.define
class Shelf:
    name: str
    _secret: int = 3
    labels: tuple[str, ...] = attrs.field(default=(), converter=tuple)


class Struct(msgspec.Struct, rename="camel", tag=True):
    first_name: str
    born: datetime.date | None = None


class Point(NamedTuple):
    x: float
    y: float = 0.0


class Half(NamedTuple):
    a: int


class HalfTuple(Half):
    @classmethod
    def noted(cls, a: int) -> Self:
        made = cls(a)
        made.note = "x"  # type: ignore[attr-defined]
        return made


@dataclasses.dataclass
class Constructed:
    a: int

    def __init__(self, text: str) -> None:
        self.a = int(text)


@dataclasses.dataclass
class Initial:
    a: int
    b: dataclasses.InitVar[int]


Loose = collections.namedtuple("Loose", "a b")


class Options(TypedDict):
    name: str
    limit: NotRequired[int]


class Model(pydantic.BaseModel):
    at: datetime.datetime
    amount: decimal.Decimal = pydantic.Field(alias="theAmount")
    kind: Literal["a", "b"] = "a"
    more: Any = None


class Secret(pydantic.BaseModel):
    word: pydantic.SecretStr


class Text(str):
    __slots__ = ()


@dataclasses.dataclass
class Card:
    number: str


@dataclasses.dataclass
class Bank:
    iban: str


class Opaque:
    def __init__(self, value: int) -> None:
        self.value = value


class Service:
    def charge(self, order: Order, amount: int = 1) -> Self:
        return self


def known_to_checkers_only(order: Unknown, amount: int) -> None: ...
