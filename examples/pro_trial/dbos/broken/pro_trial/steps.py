"""The side effects."""

from __future__ import annotations

import smtplib
import sqlite3
from contextlib import closing
from email.message import EmailMessage

from dbos import DBOS

from pro_trial.models import Mail, Permission


@DBOS.step()
def grant_permission(permission: Permission) -> None:
    """Let the user use the feature."""
    with closing(sqlite3.connect("pro_trial.sqlite")) as connection, connection:
        connection.execute("INSERT INTO permission VALUES (?, ?)", (permission.user, permission.feature))


@DBOS.step()
def revoke_permission(permission: Permission) -> None:
    """Take the feature away again, unless the user has bought the plan meanwhile."""
    if DBOS.recv("upgrade", timeout_seconds=1):  # expect: primitive-outside-workflow
        return
    with closing(sqlite3.connect("pro_trial.sqlite")) as connection, connection:
        row = (permission.user, permission.feature)
        connection.execute("DELETE FROM permission WHERE user = ? AND feature = ?", row)


@DBOS.step()
def send_mail(mail: Mail, sender: str, headers: dict[str, str] = {}) -> None:  # expect: mutable-default
    """Send it now."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = mail.to
    message["Subject"] = mail.subject
    for name, value in headers.items():
        message[name] = value
    message.set_content(mail.body)
    with smtplib.SMTP("localhost") as server:
        server.send_message(message)
