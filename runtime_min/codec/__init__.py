"""How values become bytes that come back as the same values.

A type is turned into a `Form` once; a form *lowers* a value to what JSON holds and *lifts* it back. Lowering
is strict: it accepts a value only if lifting gives an equal one of the same type, and refuses all others.
Classes that run code of their own when they are made (`__post_init__`, converters, pydantic, hooks) prove it
each time: what was written is read back and compared, before anything is stored.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from runtime_min.codec.building import Builder
from runtime_min.codec.comparing import difference
from runtime_min.codec.forms import Form, reachable
from runtime_min.codec.plain import DEEPEST, check_depth, decode_json, encode_json
from runtime_min.codec.refusals import RefusedError
from runtime_min.errors import NotReadable, NotStorable


class Codec(Protocol):
    """Stores values; `encode` and `decode` are told the annotation, or the `Arguments` of a call.

    `encode` gives the plain bytes, of which the runtime takes digests; `seal` is applied to what is stored.
    """

    def encode(self, value: object, type: object = Any) -> bytes:
        """The value as bytes; `NotStorable` if it would not come back as it is."""

    def decode(self, data: bytes, type: object = Any) -> Any:
        """The value that was encoded; `NotReadable` if it does not fit the type."""

    def seal(self, data: bytes) -> bytes:
        """What is stored for these plain bytes: encrypted, compressed, or as they are."""

    def unseal(self, data: bytes) -> bytes:
        """The plain bytes."""


class JsonCodec:
    """JSON, readable in the journal; the default.

    `enc_hook(value)` and `dec_hook(type, stored)` add further classes, as msgspec's hooks do: the former
    gives something that JSON can hold, the latter makes the value again. The class has to be annotated.
    """

    def __init__(
        self,
        *,
        enc_hook: Callable[[Any], Any] | None = None,
        dec_hook: Callable[[Any, Any], Any] | None = None,
    ) -> None:
        self._builder = Builder(enc_hook, dec_hook)
        self._plans: dict[object, _Plan] = {}

    def encode(self, value: object, type: object = Any) -> bytes:
        """The value as JSON; `NotStorable` if it would not come back as it is."""
        try:
            plan = self._plans[type]
        except (KeyError, TypeError):
            plan = self._plan(type)
        return plan.encode(value)

    def decode(self, data: bytes, type: object = Any) -> Any:
        """The value that was encoded; `NotReadable` if it does not fit the type."""
        try:
            plan = self._plans[type]
        except (KeyError, TypeError):
            plan = self._plan(type)
        return plan.decode(data)

    def seal(self, data: bytes) -> bytes:
        """The bytes as they are."""
        return data

    def unseal(self, data: bytes) -> bytes:
        """The bytes as they are."""
        return data

    def _plan(self, type: object) -> _Plan:
        plan = _Plan(self._builder.form(type))
        with contextlib.suppress(TypeError):  # Annotated with something unhashable
            self._plans[type] = plan
        return plan


class SealedCodec:
    """Another codec, whose bytes are sealed before they are stored: encrypted, or compressed."""

    def __init__(
        self, codec: Codec, *, seal: Callable[[bytes], bytes], open: Callable[[bytes], bytes]
    ) -> None:
        self._seal = seal
        self._open = open
        self._codec = codec

    def encode(self, value: object, type: object = Any) -> bytes:
        """As the other codec does."""
        return self._codec.encode(value, type)

    def decode(self, data: bytes, type: object = Any) -> Any:
        """As the other codec does."""
        return self._codec.decode(data, type)

    def seal(self, data: bytes) -> bytes:
        """What is stored for these plain bytes."""
        return self._seal(self._codec.seal(data))

    def unseal(self, data: bytes) -> bytes:
        """The plain bytes."""
        return self._codec.unseal(self._open(data))


class _Plan:
    """All that is needed to store and to read the values of one type."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._lower = form.lower
        self._proven = all(part.proven for part in reachable(form))

    def encode(self, value: object) -> bytes:
        try:
            plain = self._lower(value)
            data = encode_json(plain)
            if len(data) > DEEPEST and data.count(b"[") + data.count(b"{") > DEEPEST:
                check_depth(plain)
            if not self._proven:
                self._prove(value, data)
        except RefusedError as refused:
            raise NotStorable(str(refused)) from None
        except RecursionError:
            raise NotStorable(
                "value: contains itself, or is nested too deeply; pass its id, or a flat form"
            ) from None
        return data

    def decode(self, data: bytes) -> Any:
        try:
            return self._form.lift(decode_json(data))
        except RefusedError as refused:
            raise NotReadable(refused.reason, refused.path, refused.recorded) from None
        except RecursionError:
            raise NotReadable("is nested too deeply", "value") from None
        except msgspec.MsgspecError as error:
            raise NotReadable(f"is not JSON: {error}; was it stored by another codec?", "value") from None

    def _prove(self, value: object, data: bytes) -> None:
        try:
            restored = self._form.lift(decode_json(data))
        except RefusedError as refused:
            problem = f"{refused.recorded} {refused.reason}".lstrip()
            refused.reason = f"cannot be read back once it is stored: {problem}"
            raise
        found = difference(value, restored)
        if found is not None:
            raise found


__all__ = ["Codec", "JsonCodec", "SealedCodec"]
