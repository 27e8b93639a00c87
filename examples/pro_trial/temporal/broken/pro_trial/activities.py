"""The side effects."""

from __future__ import annotations

import smtplib
import sqlite3
from contextlib import closing
from datetime import timedelta
from email.message import EmailMessage

from temporalio import activity, workflow

from pro_trial.models import Mail, Permission


@activity.defn
async def record(text: str) -> None:
    """Write a line to the audit log."""
    with open("audit.log", "a", encoding="utf-8") as log:
        log.write(text + "\n")


@activity.defn
async def grant_permission(permission: Permission) -> None:
    """Let the user use the feature."""
    with closing(sqlite3.connect("pro_trial.sqlite")) as connection, connection:
        connection.execute("INSERT INTO permission VALUES (?, ?)", (permission.user, permission.feature))
    await workflow.execute_activity(  # expect: nested-operation
        record, f"granted {permission.feature}", start_to_close_timeout=timedelta(minutes=1)
    )


@activity.defn
async def revoke_permission(permission: Permission) -> None:
    """Take the feature away again."""
    stamp = workflow.now().isoformat()  # expect: primitive-outside-workflow
    with closing(sqlite3.connect("pro_trial.sqlite")) as connection, connection:
        row = (permission.user, permission.feature, stamp)
        connection.execute("UPDATE permission SET revoked = ?3 WHERE user = ?1 AND feature = ?2", row)


@activity.defn
async def send_mail(mail: Mail, copies: list[str] = []) -> None:  # expect: mutable-default
    """Send it now."""
    message = EmailMessage()
    message["To"] = ", ".join([mail.to, *copies])
    message["Subject"] = mail.subject
    message.set_content(mail.body)
    with smtplib.SMTP("localhost") as server:
        server.send_message(message)
