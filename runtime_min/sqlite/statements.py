"""Reads statements.sql."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

import msgspec

# In the order of the fields of `Run`; the last two make its `parent`.
RUN_COLUMNS = (
    "number, id, generation, workflow, version, state, created, closed, wake, owner, token, events, problem, "
    "parent_run, parent_position"
)


class Statements(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The blocks of statements.sql by name, where each is explained."""

    create: str
    continue_as_new: str
    in_the_way: str
    import_run: str
    get: str
    newest: str
    find: str
    history: str
    counts: str
    advance: str
    release: str
    finish: str
    append: str
    consume: str
    rouse: str
    stored: str
    recipient: str
    newest_recipient: str
    deliver: str
    wake: str
    run_inbox: str
    move_inbox: str
    empty_inbox: str
    inbox_of_owned: str
    register: str
    unregister: str
    forget_expired: str
    owners: str
    set_free: str
    retry_problems: str
    next_wake: str
    due: str
    claim: str
    changes: str
    list_all: str
    list_state: str
    list_workflow_state: str
    list_workflow: str
    is_rare: str
    list_rare_prefix: str


@cache
def statements() -> Statements:
    """All statements, without their comments."""
    blocks = re.split(r"^-- name: (\w+)\n", read("statements.sql"), flags=re.MULTILINE)
    bodies = (re.sub(r"--.*", "", body).strip() for body in blocks[2::2])
    sql = {name: body.replace("{run}", RUN_COLUMNS) for name, body in zip(blocks[1::2], bodies, strict=True)}
    return msgspec.convert(sql, Statements)


def read(name: str) -> str:
    """A file of this package."""
    return resources.files(__package__).joinpath(name).read_text("utf-8")
