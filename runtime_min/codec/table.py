"""The forms of all types without parts, by type; `building` fills it, as only there all of them are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runtime_min.codec.forms import Form

LEAVES: dict[object, Form] = {}
