"""Reads `engines/*.toml` into profiles.

Every dotted name is written as users import it (`restate.Context`); `aliases` maps the names
under which an SDK defines or also offers the same thing to that one. The analysis never reads
an SDK's source: what it needs to know of it stands in the profile.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from color_checker.findings import Color, Effect


class ColorSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way in which a function gets its color.

    Attributes:
        color: the color given.
        by: "decorator" (of the function or, for entry points, of the method), "class-decorator"
            (the class is the workflow; only its `entries` and `entry_methods` are entry points),
            "registration" (a call such as `worker.add_orchestrator(fn)` gives the color to its
            argument), "argument" (a call runs the callable as a step on the spot:
            `ctx.run("name", fn)`), "base-class" (subclasses of `name`; `entry_methods` are entry points).
        name: dotted name of the decorator, function, method (`pkg.Class.method`) or base class.
        entries: for class-decorator: dotted names of method decorators that mark entry points.
        entry_suffixes: attributes of an entry's decorated method that mark further entry points
            (`@my_update.validator` → "validator").
        entry_methods: method names that are entry points without a decorator (`__init__`).
        argument: for registration/argument: position from 0, or keyword, of the callable
            (several: all of them; a list or tuple argument holds several callables).
        name_argument: position or keyword of the decorator's (or call's) argument that gives the
            registered name; without it the function's own name counts.
        generator: entry points are generators (`yield ctx.call_activity(...)`), yield awaits.
    """

    color: Color
    by: Literal["decorator", "class-decorator", "registration", "argument", "base-class"]
    name: str
    entries: tuple[str, ...] = ()
    entry_suffixes: tuple[str, ...] = ()
    entry_methods: tuple[str, ...] = ()
    argument: tuple[int | str, ...] = ()
    name_argument: tuple[int | str, ...] = ()
    generator: bool = False


class Operation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call by which a workflow uses its engine.

    Attributes:
        kind: step, child, timer, wait, signal, continue-as-new, side-effect, or other.
        target: positions/keywords of the argument naming the step or child: a function, or a
            string when `string_target`.
        string_target: the target may be a string, which must name something registered (CC403).
        awaitable: the result must be awaited, or yielded, else the work is lost (CC105).
        returns: "target" (the awaited result is the target's result), "handle" (awaiting the result
            gives the target's result, but it is also used as a handle), or a dotted class, or "".
        history: it adds to the history (for CC602).
    """

    kind: Literal["step", "child", "timer", "wait", "signal", "continue-as-new", "side-effect", "other"]
    target: tuple[int | str, ...] = ()
    string_target: bool = False
    awaitable: bool = True
    returns: str = ""
    history: bool = True


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One engine. Sets of names may hold prefixes that end in `.*`.

    Attributes:
        name: as in `--engine`; file name without `.toml`.
        title: as written in messages.
        packages: top-level or dotted modules; a file that imports one uses this engine.
        distribution: the PyPI name of the SDK, for tests and docs.
        documentation: a URL on the engine's determinism rules.
        direct_workflow_call: what `flow(x)` means in plain or step code: an error, or a start.
        direct_step_call: what `act(x)` in a workflow means: "bypass" (CC102) or "recorded".
        colors: the ways to get a color.
        operations: dotted name → Operation.
        primitives: names legal only while a workflow runs (CC103); operations are primitives too
            unless listed in `anywhere`.
        anywhere: SDK names that may be used by any color.
        legal: catalog names whose effect is harmless or recorded in this engine's workflows
            (Temporal: `asyncio.sleep`).
        effects: effects of the SDK's own names (`temporalio.client.Client.*` = network), like catalog entries.
        returns: dotted function/method/attribute → dotted class of its (awaited) result.
        aliases: other dotted names → the canonical one.
        bases: SDK class → its SDK base classes, so that `restate.WorkflowContext.run` is found.
        starts: dotted call → positions/keywords of the workflow it starts: legal from plain code.
        accepts: dotted calls (or `.*` prefixes) whose arguments may hold colored functions without
            losing their color (`Worker(workflows=[...])`).
        unsandboxed: context managers under which imports/calls are the user's own business
            (`temporalio.workflow.unsafe.imports_passed_through`, `sandbox_unrestricted`).
        replay_guards: names that are true only while replaying or not replaying
            (`temporalio.workflow.unsafe.is_replaying`): code under them is not checked for console.
        continue_as_new: dotted names that end a run with a fresh history; empty: the engine has none.
        control_exceptions: exceptions with which the engine steers a workflow (CC601).
        replacements: catalog name or effect name → what to write instead in a workflow, as code or one
            clause (`"datetime.datetime.now" = "workflow.now()"`, `"network" = "do it in an activity and call workflow.execute_activity(...)"`).
        step_word: what users of the engine call a step ("activity").
    """

    name: str
    title: str
    packages: tuple[str, ...]
    distribution: str
    documentation: str
    step_word: str = "step"
    direct_workflow_call: Literal["error", "start"] = "error"
    direct_step_call: Literal["bypass", "recorded"] = "bypass"
    colors: tuple[ColorSource, ...] = ()
    operations: dict[str, Operation] = {}
    primitives: tuple[str, ...] = ()
    anywhere: tuple[str, ...] = ()
    legal: tuple[str, ...] = ()
    effects: dict[str, Effect] = {}
    returns: dict[str, str] = {}
    aliases: dict[str, str] = {}
    bases: dict[str, tuple[str, ...]] = {}
    starts: dict[str, tuple[int | str, ...]] = {}
    accepts: tuple[str, ...] = ()
    unsandboxed: tuple[str, ...] = ()
    replay_guards: tuple[str, ...] = ()
    continue_as_new: tuple[str, ...] = ()
    control_exceptions: tuple[str, ...] = ()
    replacements: dict[str, str] = {}


class ProfileError(Exception):
    """A profile is not valid; the message names file and key."""


def load_profiles(extra: tuple[Path, ...] = ()) -> dict[str, Profile]:
    """The bundled profiles, and those in `extra` files, by name. Raises ProfileError."""
    raise NotImplementedError
