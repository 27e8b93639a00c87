"""The side effects: permissions and mail in a database, chance. Each may run more than once."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from pro_trial.models import Mail, Permission
from runtime_min import Retry, logger, step

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
PATIENT = Retry(attempts=10)


@contextmanager
def database() -> Iterator[sqlite3.Connection]:
    """A transaction on the database named by PRO_TRIAL_DB."""
    path = os.environ.get("PRO_TRIAL_DB", "pro_trial.sqlite")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS permission (user, feature, UNIQUE (user, feature))")
        connection.execute("CREATE TABLE IF NOT EXISTS outbox (key PRIMARY KEY, recipient, subject, body)")
        yield connection


@step
def issue_coupon(length: int = 8) -> str:
    """A code that nobody can guess."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(length))
    logger.info("issued a coupon")
    return code


@step(retry=PATIENT)
def grant_permission(permission: Permission) -> None:
    """Let the user use the feature; granting it twice is granting it once."""
    with database() as connection:
        row = (permission.user, permission.feature)
        connection.execute("INSERT OR IGNORE INTO permission VALUES (?, ?)", row)


@step(retry=PATIENT)
def revoke_permission(permission: Permission) -> None:
    """Take the feature away again."""
    with database() as connection:
        row = (permission.user, permission.feature)
        connection.execute("DELETE FROM permission WHERE user = ? AND feature = ?", row)


@step(retry=PATIENT)
def send_mail(mail: Mail) -> None:
    """Put the mail into the outbox, once for each key however often this runs."""
    with database() as connection:
        row = (mail.key, mail.to, mail.subject, mail.body)
        connection.execute("INSERT OR IGNORE INTO outbox VALUES (?, ?, ?, ?)", row)
