"""What a type becomes: how its values are stored and read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

from runtime_min.codec.messages import advice, brief, described
from runtime_min.codec.refusals import RefusedError


class Form:
    """How the values of one type are stored.

    Attributes:
        name: the type, for messages and for tags.
        kinds: the exact classes of the values that may be accepted.
        shapes: the classes of what they are lowered to.
        native: those of the shapes that are lifted as they are.
        proven: whether whatever is lowered comes back equal; if not, it is compared each time.
    """

    kinds: frozenset[type]
    shapes: frozenset[type]
    native: frozenset[type] = frozenset()
    proven = True

    def __init__(self, name: str) -> None:
        self.name = name

    def lower(self, value: Any) -> Any:
        """What JSON holds for a value; `RefusedError` if lifting that would not give it back."""
        raise NotImplementedError

    def lift(self, plain: Any) -> Any:
        """The value for what JSON holds; `RefusedError` if it is of no such value."""
        raise NotImplementedError

    def parts(self) -> Iterable[Form]:
        """The forms of what its values are made up of."""
        return ()

    def refuse(self, value: object) -> NoReturn:
        """Say that a value is not of this type."""
        raise RefusedError(f"is {described(value)}, but {self.name} is declared; {advice(value, self.kinds)}")

    def misfit(self, plain: object) -> NoReturn:
        """Say that what is recorded is not of this type."""
        raise RefusedError(f"is no {self.name}", brief(plain))


class UnsupportedForm(Form):
    """A class that nobody knows how to store."""

    kinds = shapes = frozenset()

    def lower(self, value: Any) -> Any:
        return self.refuse(value)

    def lift(self, plain: Any) -> Any:
        return self.misfit(plain)

    def refuse(self, value: object) -> NoReturn:
        raise RefusedError(
            f"is {described(value)}, and is declared as {self.name}, which cannot be stored; pass its id or "
            "what it is made from, annotate it as a dataclass, or give the codec hooks for it"
        )


class LaterForm(Form):
    """A type that is being made: an alias that contains itself."""

    form: Form

    def lower(self, value: Any) -> Any:
        return self.form.lower(value)

    def lift(self, plain: Any) -> Any:
        return self.form.lift(plain)

    def parts(self) -> Iterable[Form]:
        return (self.form,)


def reachable(form: Form) -> Iterable[Form]:
    """A form, its parts, their parts and so on, each once."""
    seen = {form}
    todo = [form]
    while todo:
        yield (one := todo.pop())
        new = set(one.parts()) - seen
        seen |= new
        todo += new
