"""How much of the plan a user uses, from the service that counts it."""

from __future__ import annotations

import json
from urllib.request import urlopen


class Usage:
    """The numbers of all users; reading one asks the service."""

    def __init__(self, host: str) -> None:
        self.host = host

    def __getitem__(self, user: str) -> int:
        with urlopen(f"https://{self.host}/calls/{user}") as response:
            return int(json.load(response)["count"])
