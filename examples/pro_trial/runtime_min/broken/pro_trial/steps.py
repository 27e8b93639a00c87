"""The side effects."""

from __future__ import annotations

import smtplib
import sqlite3
from contextlib import closing
from email.message import EmailMessage

from runtime_min import sleep, step

from pro_trial.models import Mail, Permission


@step
async def grant_permission(permission: Permission) -> None:
    """Let the user use the feature."""
    with closing(sqlite3.connect("pro_trial.sqlite")) as connection, connection:
        connection.execute("INSERT INTO permission VALUES (?, ?)", (permission.user, permission.feature))


@step
async def revoke_permission(permission: Permission) -> None:
    """Take the feature away again."""
    with closing(sqlite3.connect("pro_trial.sqlite")) as connection, connection:
        row = (permission.user, permission.feature)
        connection.execute("DELETE FROM permission WHERE user = ? AND feature = ?", row)


@step
async def send_mail(mail: Mail, copies: list[str] = []) -> None:  # expect: mutable-default
    """Send it; the server takes one mail a second."""
    message = EmailMessage()
    message["To"] = ", ".join([mail.to, *copies])
    message["Subject"] = mail.subject
    message.set_content(mail.body)
    with smtplib.SMTP("localhost") as server:
        server.send_message(message)
    await sleep(1)  # expect: nested-operation
