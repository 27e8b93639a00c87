"""Runtimes and what they are made of: databases, codecs, policies, errors."""

from __future__ import annotations

from pathlib import Path
from typing import reveal_type

from models import Receipt, User

from runtime_min import (
    AlreadyStarted,
    Backend,
    Codec,
    ColorError,
    ContinueAsNew,
    EffectInWorkflow,
    Filter,
    JsonCodec,
    NonDeterminismError,
    NotStorable,
    Retry,
    Runtime,
    RuntimeMinError,
    SealedCodec,
    Step,
    StepFailed,
    StorageError,
    Workflow,
    WorkflowBlocked,
    WorkflowCancelled,
    WorkflowFailed,
    WorkflowNotFound,
    workflow,
)
from runtime_min.memory import MemoryBackend
from runtime_min.sqlite import SqliteBackend
from runtime_min.testing import environment


@workflow
async def buy(user: User) -> Receipt:
    return Receipt(len(user.name))


async def open_some(backend: Backend, codec: Codec) -> None:
    async with Runtime() as runtime:
        reveal_type(runtime)  # is: Runtime
        reveal_type(await runtime.start(buy, User("ada")))  # is: Handle[Receipt]
        reveal_type(runtime.handle("buy-1"))  # is: Handle[Any]
        reveal_type(runtime.handle("buy-1", buy))  # is: Handle[Receipt]
        reveal_type(runtime.list(Filter(state="running")))  # is: list[Description]
        reveal_type(runtime.backend)  # is: Backend
        await runtime.start(buy, "ada")  # error: User
        await runtime.start(User, "ada")  # error: Workflow
        runtime.list(Filter(state="sleeping"))  # error: sleeping
    async with Runtime(backend, codec=codec, guard="off", concurrency=8, lease=5, work=False, only=[buy]):
        ...
    Runtime(MemoryBackend())
    Runtime(SqliteBackend(Path("app.sqlite")))
    Runtime(Path("app.sqlite"), codec=SealedCodec(JsonCodec(), seal=bytes, open=bytes))
    Runtime(1)  # error: Backend
    Runtime(guard="on")  # error: on
    Runtime(only=[open_some])  # error: Workflow
    Runtime(codec=1)  # error: Codec
    SealedCodec(JsonCodec(), seal=str, open=bytes)  # error: str


def policies() -> None:
    reveal_type(Retry())  # is: Retry
    Retry(attempts=None, delay=0.5, backoff=1, maximum=60, jitter=0, never=(ValueError, KeyError))
    Retry(3)  # error:
    Retry(attempts="3")  # error: int
    Retry(never=("ValueError",))  # error:


def errors(error: StepFailed | WorkflowFailed) -> list[type[RuntimeMinError]]:
    reveal_type(error.kind)  # is: str
    reveal_type(error.attempts)  # is: int
    reveal_type(error.is_a(ValueError))  # is: bool
    error.is_a("ValueError")  # error:
    assert not issubclass(ContinueAsNew, Exception)
    return [
        AlreadyStarted,
        ColorError,
        EffectInWorkflow,
        NonDeterminismError,
        NotStorable,
        StorageError,
        WorkflowBlocked,
        WorkflowCancelled,
        WorkflowNotFound,
    ]


async def in_tests(flow: Workflow[[User], Receipt], charge: Step[[User], Receipt]) -> None:
    async with environment() as env:
        reveal_type(env)  # is: Environment
        env.replace(charge, lambda user: Receipt(1))
        env.replace(charge, lambda user: "paid")  # error: Receipt
        handle = await env.start(flow, User("ada"))
        reveal_type(await handle.result())  # is: Receipt
