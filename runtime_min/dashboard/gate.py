"""Decides which requests are answered: those of this machine, of this page, and of who has the token.

A web server on loopback is reached by every page that the user's browser shows, and by every user of the
machine. So the `Host` must be a name of loopback, or a foreign name that was made to resolve to it (DNS
rebinding) would be as good; the `Origin` must be the page's own; and histories may hold personal data, so
reading them needs the token as much as changing something does. It travels in a header that no form, link or
foreign script can set, never in a cookie.
"""

from __future__ import annotations

import hmac
import ipaddress
from email.message import Message
from http import HTTPStatus

LONGEST_BODY = 1 << 20


class Refusal(Exception):  # noqa: N818 - an answer to a request, by what it is
    """The answer to a request that is not granted; the message is for whoever sent it."""

    def __init__(self, status: HTTPStatus, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers


class Gate:
    """Checks the headers of requests to a server on this host and port.

    Attributes:
        token: what those who may look have.
    """

    def __init__(self, host: str, port: int, token: str) -> None:
        self.token = token
        names = {in_url(host), "localhost", "127.0.0.1", "[::1]"}
        self._hosts = {f"{name}:{port}" for name in names} | (names if port == 80 else set())

    def check_sender(self, headers: Message) -> None:
        """Whether a request comes from this machine and is not made by another site's page."""
        hosts = headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0].strip().lower() not in self._hosts:
            raise Refusal(HTTPStatus.FORBIDDEN, "this server answers to names of the local machine only")
        # To a browser, 127.0.0.1 and localhost are two sites, so the names have to be equal.
        origins = headers.get_all("Origin", [])
        if any(origin.strip().lower() != f"http://{hosts[0].strip().lower()}" for origin in origins):
            raise Refusal(HTTPStatus.FORBIDDEN, "requests of other sites are not answered")

    def check_token(self, headers: Message) -> None:
        """Whether a request carries the token, and is not made by another site."""
        if headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise Refusal(HTTPStatus.FORBIDDEN, "requests of other sites are not answered")
        scheme, _, given = headers.get("Authorization", "").strip().partition(" ")
        is_right = hmac.compare_digest(given.strip().encode(errors="replace"), self.token.encode())
        if scheme.lower() != "bearer" or not is_right:
            raise Refusal(
                HTTPStatus.UNAUTHORIZED,
                "the token is missing or wrong; it is in the address that `runtime-min dashboard` printed",
                **{"WWW-Authenticate": "Bearer"},
            )


def body_length(headers: Message) -> int:
    """How many bytes the body of a changing request has, if it is one that is read at all."""
    if headers.get_content_type() != "application/json" or "Content-Type" not in headers:
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body must be application/json")
    lengths = headers.get_all("Content-Length", [])
    if "Transfer-Encoding" in headers or len(lengths) != 1:
        raise Refusal(HTTPStatus.LENGTH_REQUIRED, "the body needs a Content-Length, once")
    length = lengths[0].strip()
    if not (length.isascii() and length.isdigit()):
        raise Refusal(HTTPStatus.BAD_REQUEST, "the Content-Length is not a number")
    if len(length) > 9 or int(length) > LONGEST_BODY:
        raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is longer than {LONGEST_BODY} bytes")
    return int(length)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that is bound to this address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def in_url(host: str) -> str:
    """A host as it stands in an address."""
    return f"[{host}]" if ":" in host else host
