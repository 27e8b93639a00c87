"""What the workflow, its steps and its callers say to each other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """Where a trial stands."""

    STARTING = "starting"
    RUNNING = "running"
    UPGRADED = "upgraded"
    ENDED = "ended"


@dataclass(frozen=True)
class Trial:
    """Who tries what, and for how long."""

    user: str
    email: str
    country: str = "US"
    features: tuple[str, ...] = ("export", "api", "sso")
    length_seconds: float = 30 * 24 * 60 * 60


@dataclass(frozen=True)
class Permission:
    """One feature that one user may use."""

    user: str
    feature: str


@dataclass(frozen=True)
class Mail:
    """A message; two with the same key are sent once."""

    key: str
    to: str
    subject: str
    body: str


@dataclass(frozen=True)
class Outcome:
    """How a trial went."""

    user: str
    status: Status
    ends_on: str
    coupon: str
