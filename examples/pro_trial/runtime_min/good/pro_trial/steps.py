"""The side effects: permissions and mail in a database, chance. Each may run more than once."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from pro_trial.models import Mail, Permission
from runtime_min import step

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@contextmanager
def database() -> Iterator[sqlite3.Connection]:
    """A transaction on the database named by PRO_TRIAL_DB."""
    path = os.environ.get("PRO_TRIAL_DB", "pro_trial.sqlite")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS permission (user, feature, UNIQUE (user, feature))")
        connection.execute("CREATE TABLE IF NOT EXISTS customer (user PRIMARY KEY)")
        connection.execute("CREATE TABLE IF NOT EXISTS outbox (key PRIMARY KEY, recipient, subject, body)")
        yield connection


@step
async def issue_coupon(length: int = 8) -> str:
    """A code that nobody can guess."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


@step
async def has_upgraded(user: str) -> bool:
    """Whether the user has bought the plan."""
    with database() as connection:
        return connection.execute("SELECT 1 FROM customer WHERE user = ?", (user,)).fetchone() is not None


@step
async def grant_permission(permission: Permission) -> None:
    """Let the user use the feature; granting it twice is granting it once."""
    with database() as connection:
        row = (permission.user, permission.feature)
        connection.execute("INSERT OR IGNORE INTO permission VALUES (?, ?)", row)


@step
async def revoke_permission(permission: Permission) -> None:
    """Take the feature away again."""
    with database() as connection:
        row = (permission.user, permission.feature)
        connection.execute("DELETE FROM permission WHERE user = ? AND feature = ?", row)


@step
async def send_mail(mail: Mail) -> None:
    """Put the mail into the outbox, once for each key however often this runs."""
    with database() as connection:
        row = (mail.key, mail.to, mail.subject, mail.body)
        connection.execute("INSERT OR IGNORE INTO outbox VALUES (?, ?, ?, ?)", row)
