"""The colors of functions as types, for annotations and for what mypy shows of decorated functions.

    def twice(flow: Workflow[P, R]) -> Callable[P, R]: ...

Nothing makes objects of these classes: at run time a decorated function is what its engine has made of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Self, TypeVar

if TYPE_CHECKING:
    # Type checkers have it: what every function is.
    from builtins import function as _Function  # noqa: N812
else:
    _Function = object

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)


# Functions are final, to all but the plugin.
class Colored(Generic[P, R_co], _Function):  # type: ignore[misc]
    """A function with a color: it is called as it was, and has all that functions have."""

    if TYPE_CHECKING:

        def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...

        # Else that of functions makes Any of what a dataclass field or an instance attribute holds.
        def __get__(self, instance: object, owner: type | None = None, /) -> Self: ...


class Workflow(Colored[P, R_co]):  # type: ignore[misc]
    """A function that its engine replays."""


class Step(Colored[P, R_co]):  # type: ignore[misc]
    """A function whose result its engine records."""


# What follows is what mypy has for the functions themselves: callables, of which it knows the call already. A
# second one in what they have in common would only confuse its inference.


class WorkflowFunction(Workflow[P, R_co]):  # type: ignore[misc]
    """What a workflow has in common with other workflows."""

    if TYPE_CHECKING:
        __call__: None  # type: ignore[assignment]


class StepFunction(Step[P, R_co]):  # type: ignore[misc]
    """What a step has in common with other steps."""

    if TYPE_CHECKING:
        __call__: None  # type: ignore[assignment]


class OpaqueWorkflow(WorkflowFunction[P, R_co]):  # type: ignore[misc]
    """The same, where an untyped decorator has made something of it that may have any attributes."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


class OpaqueStep(StepFunction[P, R_co]):  # type: ignore[misc]
    """The same, where an untyped decorator has made something of it that may have any attributes."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


T = TypeVar("T")


def as_shown(value: T) -> T:
    """The value; for the plugin, which lets `reveal_type` show the color of it."""
    return value
