"""A minimal replay runtime: workflows, steps and timers that survive any crash, on one SQLite file."""

from __future__ import annotations

from runtime_min.backend import Backend, Filter
from runtime_min.client import Description, Handle, Runtime, start
from runtime_min.codec import Codec, JsonCodec, SealedCodec
from runtime_min.colors import Query, Signal, Step, Workflow, pure, query, signal, step, workflow
from runtime_min.context import Info, info, logger
from runtime_min.errors import (
    AlreadyStarted,
    ColorError,
    ContinueAsNew,
    EffectInWorkflow,
    NonDeterminismError,
    NotStorable,
    RuntimeMinError,
    StepFailed,
    StorageError,
    WorkflowBlocked,
    WorkflowCancelled,
    WorkflowFailed,
    WorkflowNotFound,
)
from runtime_min.policy import Retry
from runtime_min.primitives import child, continue_as_new, now, patched, random, sleep, uuid4, wait_signal

__all__ = [
    "AlreadyStarted",
    "Backend",
    "Codec",
    "ColorError",
    "ContinueAsNew",
    "Description",
    "EffectInWorkflow",
    "Filter",
    "Handle",
    "Info",
    "JsonCodec",
    "NonDeterminismError",
    "NotStorable",
    "Query",
    "Retry",
    "Runtime",
    "RuntimeMinError",
    "SealedCodec",
    "Signal",
    "Step",
    "StepFailed",
    "StorageError",
    "Workflow",
    "WorkflowBlocked",
    "WorkflowCancelled",
    "WorkflowFailed",
    "WorkflowNotFound",
    "child",
    "continue_as_new",
    "info",
    "logger",
    "now",
    "patched",
    "pure",
    "query",
    "random",
    "signal",
    "sleep",
    "start",
    "step",
    "uuid4",
    "wait_signal",
    "workflow",
]
