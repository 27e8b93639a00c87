"""The forms of values that are written as text."""

from __future__ import annotations

import base64
import datetime
import decimal
import fractions
import functools
import ipaddress
import pathlib
import re
import uuid
import zoneinfo
from typing import Any

import msgspec

from runtime_min.codec.leaves import TextForm
from runtime_min.codec.refusals import RefusedError


def _write_time(value: Any) -> str:
    """ISO 8601 with the time zone behind it in brackets, as RFC 9557 has it: `...+01:00[Europe/Berlin]`."""
    zone = value.tzinfo
    text: str = value.isoformat()
    if type(zone) is zoneinfo.ZoneInfo and zone.key:
        text += f"[{zone.key}]"
    elif zone is not None and not _is_offset(zone):
        raise RefusedError(
            f"has the time zone {zone!r}, which cannot be stored; "
            "use a ZoneInfo, or .astimezone(timezone.utc)"
        )
    return text + "[fold=1]" if value.fold else text


def _is_offset(zone: datetime.tzinfo) -> bool:
    """Whether a zone is an offset from UTC, without a name of its own."""
    if zone is datetime.UTC:
        return True
    return type(zone) is datetime.timezone and str(zone) == str(datetime.timezone(zone.utcoffset(None)))


_TIME = re.compile(r"(?P<iso>[^\[]*)(\[(?P<zone>[^\]=]+)\])?(?P<fold>\[fold=1\])?")


def _read_time(kind: Any, text: str) -> Any:
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(text)
    value = kind.fromisoformat(match["iso"])
    if match["zone"]:
        value = value.replace(tzinfo=zoneinfo.ZoneInfo(match["zone"]))
    return value.replace(fold=1) if match["fold"] else value


def _write_zone(zone: zoneinfo.ZoneInfo) -> str:
    if not zone.key:
        raise RefusedError("is a time zone without a key; make it as ZoneInfo(key)")
    return zone.key


def _write_bytes(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _read_bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def text_forms() -> list[TextForm]:
    """One for each class whose values are written as text."""
    moments = [
        TextForm(kind, _write_time, functools.partial(_read_time, kind))
        for kind in (datetime.datetime, datetime.time)
    ]
    paths = [
        TextForm(kind, str, kind)
        for kind in (pathlib.PurePosixPath, pathlib.PureWindowsPath, type(pathlib.Path()))
    ]
    return [
        *moments,
        *paths,
        TextForm(datetime.date, datetime.date.isoformat, datetime.date.fromisoformat),
        TextForm(
            datetime.timedelta, msgspec.to_builtins, lambda text: msgspec.convert(text, datetime.timedelta)
        ),
        TextForm(zoneinfo.ZoneInfo, _write_zone, zoneinfo.ZoneInfo),
        TextForm(decimal.Decimal, str, decimal.Decimal),
        TextForm(fractions.Fraction, str, fractions.Fraction),
        TextForm(uuid.UUID, str, uuid.UUID),
        TextForm(bytes, _write_bytes, _read_bytes),
        TextForm(bytearray, _write_bytes, lambda text: bytearray(_read_bytes(text))),
        TextForm(ipaddress.IPv4Address, str, ipaddress.IPv4Address),
        TextForm(ipaddress.IPv6Address, str, ipaddress.IPv6Address),
    ]
