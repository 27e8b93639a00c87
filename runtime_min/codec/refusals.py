"""How a value is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class RefusedError(Exception):
    """A value cannot be lowered or lifted; the steps of its path are added from the inside out.

    Attributes:
        reason: what is wrong, such as `is no int`.
        recorded: when it is lifted, what is stored there, as far as that says something; else "".
    """

    def __init__(self, reason: str, recorded: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.recorded = recorded
        self._steps: list[str] = []

    def at(self, step: str) -> RefusedError:
        """The same, one step further out."""
        self._steps.append(step)
        return self

    @property
    def path(self) -> str:
        """Where in the value it is."""
        path = "".join(reversed(self._steps)) or "value"
        return f"value{path}" if path[0] in ".[" else path

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


def made(make: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """What a constructor gives; whatever it raises, the value is not one that it takes."""
    try:
        return make(*arguments, **keywords)
    except RecursionError:
        raise
    except Exception as error:  # noqa: BLE001
        raise RefusedError(f"is not accepted: {type(error).__name__}: {error}") from None
