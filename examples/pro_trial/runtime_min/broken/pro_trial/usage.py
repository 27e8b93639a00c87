"""How much of the plan a user uses, from the service that counts it."""

from __future__ import annotations

import json
import socket
from typing import Any


class UsageClient:
    """A connection to the counting service; `with` opens and closes it."""

    def __init__(self, host: str, port: int = 7070) -> None:
        self.address = (host, port)

    def __enter__(self) -> UsageClient:
        self.connection = socket.create_connection(self.address)
        return self

    def __exit__(self, *exception: object) -> None:
        self.connection.close()

    def count(self, user: str) -> Any:
        """The number of calls of this month."""
        self.connection.sendall(user.encode() + b"\n")
        return json.loads(self.connection.recv(4096))
