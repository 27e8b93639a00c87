"""All rules, by code and by name; one module defines each."""

from __future__ import annotations

from color_checker.rules.base import Example, Rule
from color_checker.rules.blocking import Blocking
from color_checker.rules.captured_write import CapturedWrite
from color_checker.rules.clock import Clock
from color_checker.rules.color_lost import ColorLost
from color_checker.rules.console import Console
from color_checker.rules.dynamic_code import DynamicCode
from color_checker.rules.effectful_import import EffectfulImport
from color_checker.rules.environment import Environment
from color_checker.rules.filesystem import Filesystem
from color_checker.rules.gap import Gap
from color_checker.rules.global_read import GlobalRead
from color_checker.rules.global_write import GlobalWrite
from color_checker.rules.identity import Identity
from color_checker.rules.interpreter import Interpreter
from color_checker.rules.mutable_default import MutableDefault
from color_checker.rules.nested_operation import NestedOperation
from color_checker.rules.network import Network
from color_checker.rules.not_awaited import NotAwaited
from color_checker.rules.not_serializable import NotSerializable
from color_checker.rules.primitive_outside_workflow import PrimitiveOutsideWorkflow
from color_checker.rules.process import Process
from color_checker.rules.random import Random
from color_checker.rules.scheduling import Scheduling
from color_checker.rules.step_arguments import StepArguments
from color_checker.rules.step_bypasses_engine import StepBypassesEngine
from color_checker.rules.swallows_control_flow import SwallowsControlFlow
from color_checker.rules.thread import Thread
from color_checker.rules.unbounded_history import UnboundedHistory
from color_checker.rules.unknown_name import UnknownName
from color_checker.rules.unordered import Unordered
from color_checker.rules.unstable_key import UnstableKey
from color_checker.rules.unused_suppression import UnusedSuppression
from color_checker.rules.workflow_called_directly import WorkflowCalledDirectly

__all__ = ["Example", "Rule", "all_rules", "rule_named"]

RULES: tuple[type[Rule], ...] = (
    WorkflowCalledDirectly,
    StepBypassesEngine,
    PrimitiveOutsideWorkflow,
    ColorLost,
    NotAwaited,
    EffectfulImport,
    NestedOperation,
    Clock,
    Random,
    Identity,
    Environment,
    Filesystem,
    Network,
    Process,
    Thread,
    Scheduling,
    Unordered,
    Blocking,
    Console,
    Interpreter,
    DynamicCode,
    GlobalWrite,
    GlobalRead,
    CapturedWrite,
    MutableDefault,
    UnstableKey,
    NotSerializable,
    StepArguments,
    UnknownName,
    SwallowsControlFlow,
    UnboundedHistory,
    UnusedSuppression,
    Gap,
)


def all_rules() -> tuple[type[Rule], ...]:
    """Every rule, sorted by code."""
    return tuple(sorted(RULES, key=lambda rule: rule.code))


def rule_named(name_or_code: str) -> type[Rule] | None:
    """The rule with this name (`clock`) or code (`CC201`, in any case); None when there is none."""
    wanted = name_or_code.strip()
    for rule in RULES:
        if wanted.lower() in (rule.name, rule.code.lower()):
            return rule
    return None
