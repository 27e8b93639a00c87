"""The form of a union: which member a value is, and how that is told from the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from runtime_min.codec.forms import Form
from runtime_min.codec.refusals import RefusedError


class UnionForm(Form):
    """One of several types.

    Members that JSON keeps apart are written as they are; those that it does not, as `{"Card": ...}`.
    """

    def __init__(self, members: Sequence[Form], tagged: Iterable[Form] | None = None) -> None:
        super().__init__(" | ".join(member.name for member in members))
        self._members = members
        marked = list(_colliding(members) if tagged is None else tagged)
        self._tags = _tags(marked)
        self._tagged = {tag: member for member, tag in self._tags.items()}
        self._by_shape: dict[type, list[Form]] = {}
        for member in members:
            for shape in () if member in self._tags else member.shapes:
                self._by_shape.setdefault(shape, []).append(member)
        self.kinds = frozenset().union(*(member.kinds for member in members))
        self.shapes = frozenset(self._by_shape) | frozenset({dict} if self._tags else ())
        self.native = frozenset(
            shape
            for shape, found in self._by_shape.items()
            if all(shape in member.native for member in found)
        )
        self._by_kind = {kind: [one for one in members if kind in one.kinds] for kind in self.kinds}

    def lower(self, value: Any) -> Any:
        members = self._by_kind.get(type(value)) or self.refuse(value)
        for member in members[:-1]:
            try:
                return self._mark(member, member.lower(value))
            except RefusedError:
                continue
        return self._mark(members[-1], members[-1].lower(value))

    def _mark(self, member: Form, plain: Any) -> Any:
        tag = self._tags.get(member)
        return plain if tag is None else {tag: plain}

    def lift(self, plain: Any) -> Any:
        if self._tags and type(plain) is dict and len(plain) == 1:
            (tag,) = plain
            if tag in self._tagged:
                return self._tagged[tag].lift(plain[tag])
        found = self._by_shape.get(type(plain))
        if found is None:
            return self._guess(plain)
        for member in found[:-1]:  # if there are several, all lift it as it is, or not at all
            try:
                return member.lift(plain)
            except RefusedError:
                continue
        return found[-1].lift(plain)

    def _guess(self, plain: Any) -> Any:
        """Lift what was recorded when only one type was declared; only if it fits but one of those of now."""
        found = []
        for member in self._tags:
            try:
                found.append(member.lift(plain))
            except RefusedError:
                continue
        return found[0] if len(found) == 1 else self.misfit(plain)

    def parts(self) -> Iterable[Form]:
        return self._members


def _colliding(members: Sequence[Form]) -> list[Form]:
    """Members that JSON does not keep apart from each other, or from the tags that these need."""

    def collide(one: Form, other: Form) -> bool:
        return bool((one.shapes & other.shapes) - (one.native & other.native))

    found = [one for one in members if any(one is not other and collide(one, other) for other in members)]
    return [one for one in members if one in found or dict in one.shapes] if found else []


def _tags(marked: Sequence[Form]) -> dict[Form, str]:
    """A different name for each."""
    tags: dict[Form, str] = {}
    names = [form.name for form in marked]
    for number, form in enumerate(marked):
        tag = form.name
        if names.count(tag) > 1:
            tag = " | ".join(sorted(f"{kind.__module__}.{kind.__qualname__}" for kind in form.kinds))
        tags[form] = f"{tag}#{number}" if tag in tags.values() else tag
    return tags
