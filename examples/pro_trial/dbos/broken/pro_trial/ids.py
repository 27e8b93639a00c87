"""Identifiers of trials."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field


@dataclass
class Ticket:
    """A handle on one trial, for support."""

    user: str
    number: str = field(default_factory=lambda: uuid.uuid4().hex)
