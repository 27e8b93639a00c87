"""The colors as types: what the decorators make of a function.

A `Workflow` cannot be called, only started; a `Step` called in a workflow is an operation of that workflow,
and called anywhere else the function that it was. All type checkers show `Workflow[[Order], Receipt]`, and a
method's `self` is no parameter of it.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Any, Concatenate, Generic, NoReturn, ParamSpec, Self, TypeVar, overload

from runtime_min.calls import Asked, Call
from runtime_min.codec import Codec
from runtime_min.errors import ColorError, NotReadable, NotStorable, WorkflowNotFound
from runtime_min.execution import Execution, Where
from runtime_min.loop import WorkflowLoop, current, running
from runtime_min.parameters import Parameters
from runtime_min.policy import NO_RETRY, Duration, Retry, seconds
from runtime_min.profiles import active, switch_off, switch_on

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
T = TypeVar("T")
S = TypeVar("S")


class Workflow(Generic[P, R]):
    """A function that is replayed; made by `@workflow`.

    Attributes:
        fn: the function itself, for unit tests that run it by other means; its parameters have no types.
        name: under which its runs are recorded.
        version: what its runs say of their code; a worker runs only versions that it has.
        key: name and version as one string, `name` or `name@version`.
        place: the function's module and qualified name.
        owner: the class, for a method.
        id: under which the next start of this object runs, if `options` set it.
        heir: the class it was looked up in, if that only inherited it.
    """

    def __init__(self, fn: Callable[P, Coroutine[Any, Any, R]], name: str | None, version: str) -> None:
        if not inspect.iscoroutinefunction(fn):
            raise ColorError(
                f"`{fn.__qualname__}` cannot be a workflow: a workflow is an `async def` function"
            )
        functools.update_wrapper(self, fn)
        # That of a method takes the instance, which the parameters leave out.
        self.fn: Callable[..., Coroutine[Any, Any, R]] = fn
        self.place = f"{fn.__module__}.{fn.__qualname__}"
        self.name = name or public_name(fn)
        self.version = version
        self.owner: type | None = None
        self.id: str | None = None
        self.heir: type | None = None
        self.parameters = Parameters.of(fn, skip_first=_is_method(fn))
        if not _is_method(fn):
            _register(self)

    @property
    def key(self) -> str:
        """What the backend knows it by."""
        return f"{self.name}@{self.version}" if self.version else self.name

    def __set_name__(self, owner: type, name: str) -> None:
        if _is_method(self.fn):
            self.owner = owner
            _register(self)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> NoReturn:
        """Never runs the workflow: that would be a run which nothing records.

        Raises:
            ColorError: always; it says what to write.
        """
        call = f"{self.fn.__name__}, ..."
        if running() is not None:
            raise ColorError(f"a workflow is not called by another one; write `await child({call})`")
        raise ColorError(f"a workflow is started, not called; write `handle = await start({call})`")

    # For type checkers, the `self` of a method is a callable, since not all of them compare two workflows of
    # which one has its first parameter by position only. The last overload is that of a static method.
    @overload
    def __get__(
        self: Callable[Concatenate[S, Q], NoReturn], instance: None, owner: type[S]
    ) -> Workflow[Q, R]: ...
    @overload
    def __get__(
        self: Callable[Concatenate[S, Q], NoReturn], instance: S, owner: type[S]
    ) -> Workflow[Q, R]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Self: ...
    def __get__(self, instance: object, owner: type) -> Any:
        if self.owner is None or self.owner is owner:
            return self
        other = self.options(id=self.id)
        other.heir = owner
        return other

    def options(self, *, id: str | None = None) -> Workflow[P, R]:
        """The same workflow, to be started under this id: `await start(trial.options(id="trial-7"), user)`.

        Starting twice under one id starts once; the second gets the handle of the first.
        """
        other = Workflow.__new__(Workflow)
        other.__dict__.update(self.__dict__)
        other.id = id
        return other

    def __repr__(self) -> str:
        return f"<workflow {self.key}>"


class Step(Generic[P, R]):
    """A function that may do anything; made by `@step`.

    In a workflow, calling it makes an awaitable, and its result is recorded; a synchronous one then runs on a
    thread. Called elsewhere it is the function that it was: a synchronous one returns its result, whatever
    the types say (they describe the use in workflows); `fn` is that function, without types.

    Attributes:
        fn: the function.
        name: under which its calls are recorded.
        retry: what happens after an exception.
        timeout: seconds that one attempt may take; None for no limit.
        counts: whether it takes one of the places for concurrent steps.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        name: str | None,
        retry: Retry,
        timeout: Duration | None,
        instance: object = None,
    ) -> None:
        functools.update_wrapper(self, fn)
        self.fn = fn
        self.name = name or public_name(fn)
        self.retry = retry
        self.timeout = None if timeout is None else seconds(timeout)
        self.instance = instance
        self.is_async = inspect.iscoroutinefunction(fn)
        self.counts = True
        self.parameters = Parameters.of(fn, skip_first=_is_method(fn))

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Asked[R]:
        loop = current()
        if type(loop) is not WorkflowLoop:
            if self.instance is not None:
                return self.fn(self.instance, *args, **kwargs)  # type: ignore[no-any-return]
            return self.fn(*args, **kwargs)  # type: ignore[no-any-return]
        profile = loop.profile
        if profile is not None and active() is profile:
            switch_off()
        else:
            profile = None
        try:
            frame = sys._getframe(1)
            return Call(
                loop,
                f"step `{self.name}`",
                functools.partial(_schedule, self, args, kwargs, Where(frame.f_code, frame.f_lineno)),
            )
        finally:
            if profile is not None:
                switch_on(profile)

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self: Callable[Concatenate[S, Q], Asked[R]], instance: S, owner: type[S]) -> Step[Q, R]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Self: ...
    def __get__(self, instance: object, owner: type) -> Any:
        return self if instance is None else self._with(instance=instance)

    def options(self, *, retry: Retry | None = None, timeout: Duration | None = None) -> Step[P, R]:
        """The same step with another policy: `await charge.options(timeout=5)(order)`."""
        changes: dict[str, object] = {}
        if retry is not None:
            changes["retry"] = retry
        if timeout is not None:
            changes["timeout"] = seconds(timeout)
        return self._with(**changes)

    def _with(self, **changes: object) -> Step[P, R]:
        other: Step[P, R] = Step.__new__(Step)
        other.__dict__.update(self.__dict__, **changes)
        return other

    def run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call the function, with the instance it was called on."""
        return self.fn(*args, **kwargs) if self.instance is None else self.fn(self.instance, *args, **kwargs)

    def __repr__(self) -> str:
        return f"<step {self.name}>"


class Query(Generic[P, R_co]):
    """A function that answers from a workflow's state; made by `@query`."""

    def __init__(self, fn: Callable[P, R_co], name: str | None) -> None:
        functools.update_wrapper(self, fn)
        self.fn = fn
        self.name = name or fn.__name__
        self.is_method = _is_method(fn)
        self.parameters = Parameters.of(fn, skip_first=self.is_method)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        return self.fn(*args, **kwargs)

    @overload
    def __get__(self: Callable[Concatenate[S, Q], R], instance: None, owner: type[S]) -> Query[Q, R]: ...
    @overload
    def __get__(self: Callable[Concatenate[S, Q], R], instance: S, owner: type[S]) -> Callable[Q, R]: ...
    def __get__(self, instance: object, owner: type) -> Any:
        return self if instance is None else functools.partial(self.fn, instance)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        return f"<query {self.name}>"

    def answer(self, execution: Execution, args: tuple[Any, ...], kwargs: dict[str, Any]) -> R_co:
        """Ask it of a run."""
        if self.is_method:
            return self.fn(execution.instance, *args, **kwargs)
        return self.fn(*args, **kwargs)


class Signal(Generic[T]):
    """A typed message to a running workflow; made by `signal(name, type)`."""

    def __init__(self, name: str, type: type[T]) -> None:
        self.name = name
        self.type = type
        _signals[name] = self

    def __repr__(self) -> str:
        return f"<signal {self.name}>"


class _WorkflowDecorator:
    def __init__(self, name: str | None = None, version: str = "") -> None:
        self._name = name
        self._version = version

    @overload
    def __call__(self, fn: Callable[P, Coroutine[Any, Any, R]], /) -> Workflow[P, R]: ...
    @overload
    def __call__(self, /, *, name: str | None = None, version: str = "") -> _WorkflowDecorator: ...
    def __call__(self, fn: Any = None, /, *, name: str | None = None, version: str = "") -> Any:
        if fn is None:
            return _WorkflowDecorator(name, version)
        return Workflow(fn, self._name, self._version)


class _StepDecorator:
    def __init__(
        self, name: str | None = None, retry: Retry = NO_RETRY, timeout: Duration | None = None
    ) -> None:
        self._name = name
        self._retry = retry
        self._timeout = timeout

    # An asynchronous function's result is what it gives; the order of the overloads matters.
    @overload
    def __call__(self, fn: Callable[P, Coroutine[Any, Any, R]], /) -> Step[P, R]: ...
    @overload
    def __call__(self, fn: Callable[P, R], /) -> Step[P, R]: ...
    @overload
    def __call__(
        self, /, *, name: str | None = None, retry: Retry = NO_RETRY, timeout: Duration | None = None
    ) -> _StepDecorator: ...
    def __call__(
        self,
        fn: Any = None,
        /,
        *,
        name: str | None = None,
        retry: Retry = NO_RETRY,
        timeout: Duration | None = None,
    ) -> Any:
        if fn is None:
            return _StepDecorator(name, retry, timeout)
        return Step(fn, self._name, self._retry, self._timeout)


workflow = _WorkflowDecorator()
"""`@workflow` or `@workflow(name=..., version=...)` on an `async def` function or method."""

step = _StepDecorator()
"""`@step` or `@step(name=..., retry=..., timeout=...)` on a function or method, `async` or not."""


def pure(fn: Callable[P, R]) -> Callable[P, R]:
    """Declare a function deterministic, for color-checker and for readers; it stays what it is."""
    fn.__color__ = "pure"  # type: ignore[attr-defined]
    return fn


@overload
def query(fn: Callable[P, R], /) -> Query[P, R]: ...
@overload
def query(*, name: str | None = None) -> Callable[[Callable[P, R]], Query[P, R]]: ...
def query(fn: Any = None, /, *, name: str | None = None) -> Any:
    """`@query` on a method of a workflow's class, or on a function in a workflow: answers from its state.

    It must not change anything: it runs on a replay of the history, in the process that asks.
    """
    if fn is None:
        return functools.partial(_query, name)
    return _query(None, fn)


@overload
def signal(name: str, type: type[T]) -> Signal[T]: ...
@overload
def signal(name: str, type: object) -> Signal[Any]: ...
def signal(name: str, type: Any) -> Any:
    """Declare a signal: `approved = signal("approved", bool)`.

    What is no class to type checkers, such as a union, is named twice:
    `answer: Signal[int | None] = signal("answer", int | None)`.
    """
    return Signal(name, type)


def check_startable(flow: object) -> None:
    """Refuse what cannot be started.

    Raises:
        ColorError: it is no workflow, or a class only inherited it, and it would run as that of the base.
    """
    if isinstance(flow, Step):
        raise ColorError(
            f"`{flow.name}` is a step and no workflow, so it cannot be started; a workflow calls it: "
            f"`await {flow.name}(...)`"
        )
    if not isinstance(flow, Workflow):
        raise ColorError(f"{flow!r} is no workflow, so it cannot be started; decorate it with `@workflow`")
    if flow.heir is not None:
        raise ColorError(
            f"`{flow.name}` is a workflow of its own class only; to be started, "
            f"`{flow.heir.__qualname__}` has to define one: `@workflow` on a method that returns "
            f"`await {flow.name}.fn(self, ...)`"
        )


def workflows() -> Mapping[str, Workflow[..., Any]]:
    """All workflows that this process has defined, by key; a view that follows later definitions."""
    return MappingProxyType(_workflows)


def signals() -> Mapping[str, Signal[Any]]:
    """The signals that this process has declared, by name; of those with one name, the last."""
    return MappingProxyType(_signals)


def check_signal(signal: object) -> None:
    """Refuse what is no signal, such as its name.

    Raises:
        ColorError: always then; it says what to give.
    """
    if not isinstance(signal, Signal):
        raise ColorError(f"{signal!r} is no signal; give what `signal(name, type)` made")


def check_sending(codec: Codec, name: str, plain: bytes, *, declared: bool) -> None:
    """Refuse a signal that is sent by its name, with bytes for a value, if no run could take it.

    Args:
        declared: whether this process has the code of the workflows, and so declares all their signals.

    Raises:
        NotStorable: the value does not fit the signal's type.
        WorkflowNotFound: nobody declares a signal of this name.
    """
    signal = _signals.get(name)
    if signal is not None:
        try:
            codec.decode(plain, signal.type)
        except NotReadable as error:
            raise NotStorable(f"signal `{name}`: {error.problem}") from None
    elif declared:
        known = ", ".join(f"`{one}`" for one in sorted(_signals)) or "none"
        raise WorkflowNotFound(f"no signal is named `{name}`; there are: {known}")


def public_name(fn: Callable[..., Any]) -> str:
    """The name of a function without the functions around it."""
    return fn.__qualname__.rpartition("<locals>.")[2]


_workflows: dict[str, Workflow[..., Any]] = {}
_signals: dict[str, Signal[Any]] = {}


def _register(flow: Workflow[..., Any]) -> None:
    known = _workflows.get(flow.key)
    # The same function again is a module that was loaded again, as `__main__` or by a test.
    if known is not None and _origin(known) != _origin(flow):
        raise ColorError(
            f"two workflows are named `{flow.key}`: `{known.place}` and "
            f"`{flow.place}`; give one a name of its own, `@workflow(name=...)`"
        )
    _workflows[flow.key] = flow


def _origin(flow: Workflow[..., Any]) -> tuple[str, str]:
    return flow.fn.__code__.co_filename, flow.fn.__qualname__


def _query(name: str | None, fn: Callable[P, R]) -> Query[P, R]:
    made = Query(fn, name)
    loop = running()
    if loop is not None:
        loop.execution.queries[made.name] = made
    return made


def find_query(execution: Execution, name: str) -> Query[..., Any]:
    """The query of this name that a run has, in its class or among those its function defined.

    Raises:
        WorkflowNotFound: there is none.
    """
    owner = execution.flow.owner
    members = [] if owner is None else [getattr(owner, member, None) for member in dir(owner)]
    known: dict[str, Query[..., Any]] = {one.name: one for one in members if isinstance(one, Query)}
    known |= execution.queries
    if name not in known:
        names = ", ".join(f"`{one}`" for one in sorted(known)) or "none"
        raise WorkflowNotFound(
            f"workflow `{execution.flow.name}` has no query `{name}` at this point of its run; "
            f"there are: {names}"
        )
    return known[name]


def _is_method(fn: Callable[..., Any]) -> bool:
    """Whether a function is defined in a class body, as its qualified name tells, and takes the instance."""
    if "." not in public_name(fn):
        return False
    first = next(iter(inspect.signature(fn).parameters), "")
    if first == "cls":
        raise ColorError(
            f"`{fn.__qualname__}` is a class method; workflows, steps and queries take `self` or nothing"
        )
    return first == "self"


def _schedule(called: Step[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], where: Where) -> Any:
    loop = running()
    if loop is None:
        raise ColorError(f"`{called.name}` was called in a workflow, so it is awaited there")
    return loop.execution.schedule_step(called, args, kwargs, where)
