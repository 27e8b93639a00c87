"""What an engine's profile says for `color-checker fix`: the code that fixes write."""

from __future__ import annotations

from typing import Literal

import msgspec


class Rewrite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Code in place of a call that workflows must not make.

    In the texts, `<a.b>` is a module to import (`<temporalio.workflow>`), `<a:b>` something in
    one (`<datetime:timedelta>`), `$context` the object that the
    engine gives to the workflow, `$call` the call as written, `$function` what it calls, `$name` the last
    part of the called name, `$word` the same as an identifier, `$arguments` all arguments as written,
    `$logged` the arguments of a `print` as those of a logger's method, and `$x` the argument that `call`
    names so.

    Attributes:
        of: the dotted names of what is called.
        call: which calls are meant: the parameters, `(tz)` or `(low, high)`, each of which must be given;
            `(*)` for any arguments, `(+)` for at least one. A dotted name (`(datetime.timezone.utc)`)
            stands for just that argument.
        write: the new expression, or a compound statement in one line in which the call stands.
        safe: it gives the same type and the same meaning.
        changes: it changes the state of the run, so that functions that may only read cannot have it.
        inside: in which functions it can stand: in coroutine functions, in others, or "" in all. One that
            begins with `await` needs a coroutine function, one with `yield` a generator of the engine.
    """

    of: tuple[str, ...]
    write: str
    call: str = "(*)"
    safe: bool = True
    changes: bool = False
    inside: Literal["", "async", "sync"] = ""


class Extraction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How code of a workflow becomes a step of its own.

    In the texts, beside what `Rewrite` has, `$step` is the new function, `$arguments` what it is called with,
    `$owner` the object whose method decorates the workflow (`@app.orchestration_trigger` → `app`), `$input`
    the step's last parameter.

    Attributes:
        call: how the workflow calls a step, when one value is handed over.
        call_none: the same without a value; call_many: with several; "" where `call` does for them.
        decorator: above the new function, "" for none.
        parameters: what stands before the function's own parameters.
        packed: several values are handed over as one list, which the step takes apart.
        nothing: the parameter of a step that is handed nothing, where it must have one.
        step: "async" or "sync" where the engine calls steps of one kind only; "either": as the code needs.
        inline: for nested steps: how an expression, `$expression`, is run as one.
        nested: the step is a function within the workflow, which sees its variables.
        stored: classes, beside those of JSON, whose objects are what they were after the engine has stored
            them; "dataclass" for the project's own dataclasses.
        typed: only annotations say what is stored: without them an object that JSON does not have comes back
            as something else, or is refused.
        fails: what the workflow gets when a step raises: the "same" exception, an "other" one of the engine,
            or "never" any, since the step is tried again.
        inside: in which functions it can be used: in coroutine functions, in others, or "" in all.
        call_async: how a coroutine function is called; "" where `call` does, or it is not possible.
        registered: calls that have to list the new step, as in `Worker(activities=[…])`: dotted name →
            keyword.
    """

    call: str
    call_none: str = ""
    call_many: str = ""
    call_async: str = ""
    inline: str = ""
    decorator: str = ""
    parameters: tuple[str, ...] = ()
    packed: bool = False
    nothing: str = ""
    step: Literal["async", "sync", "either"] = "either"
    nested: bool = False
    stored: tuple[str, ...] = ()
    typed: bool = False
    fails: Literal["same", "other", "never"] = "other"
    inside: Literal["", "async", "sync"] = ""
    registered: dict[str, str] = {}
