"""The side effects: permissions and mail in a database, the clock, chance. Each may run more than once."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime

from dbos import DBOS

from pro_trial.models import Mail, Permission

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@contextmanager
def database() -> Iterator[sqlite3.Connection]:
    """A transaction on the database named by PRO_TRIAL_DB."""
    path = os.environ.get("PRO_TRIAL_DB", "pro_trial.sqlite")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS permission (user, feature, UNIQUE (user, feature))")
        connection.execute("CREATE TABLE IF NOT EXISTS outbox (key PRIMARY KEY, recipient, subject, body)")
        yield connection


@DBOS.step()
def current_time() -> datetime:
    """The time at which the step first ran; a replay gets the same one."""
    return datetime.now(UTC)


@DBOS.step()
def issue_coupon(length: int = 8) -> str:
    """A code that nobody can guess."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(length))
    DBOS.logger.info("issued a coupon")
    return code


@DBOS.step(retries_allowed=True, max_attempts=10)
def grant_permission(permission: Permission) -> None:
    """Let the user use the feature; granting it twice is granting it once."""
    with database() as connection:
        row = (permission.user, permission.feature)
        connection.execute("INSERT OR IGNORE INTO permission VALUES (?, ?)", row)


@DBOS.step(retries_allowed=True, max_attempts=10)
def revoke_permission(permission: Permission) -> None:
    """Take the feature away again."""
    with database() as connection:
        row = (permission.user, permission.feature)
        connection.execute("DELETE FROM permission WHERE user = ? AND feature = ?", row)


@DBOS.step(retries_allowed=True, max_attempts=10)
def send_mail(mail: Mail) -> None:
    """Put the mail into the outbox, once for each key however often this runs."""
    with database() as connection:
        row = (mail.key, mail.to, mail.subject, mail.body)
        connection.execute("INSERT OR IGNORE INTO outbox VALUES (?, ?, ?, ?)", row)
