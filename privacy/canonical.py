"""One value, one row of bytes: the canonical JSON that digests and signatures are made over, and its times.

Objects with string keys, lists, strings, integers, booleans and null. Keys are sorted by code point, there are no
spaces, the text is UTF-8. No floats at all: two programs write them differently. Strings stay as they are: composing
them would change what was said. Errors name the rule that was broken, never a value.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

#: Largest integer that every JSON reader keeps exactly.
LARGEST = 2**53

#: Lists and objects inside each other. More is an attack on whoever reads it.
DEEPEST = 32

#: Names of the hashes there are; each gives 32 bytes.
ALGORITHMS = ("sha256", "sm3")

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_WRITER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def encode(value: Any) -> bytes:
    """The canonical bytes of a value. Raises `ValueError` for what has none."""
    _check(value, DEEPEST)
    try:
        return _WRITER.encode(value).encode("utf-8")
    except UnicodeEncodeError:
        pass  # that error carries the string: ours is raised outside of it
    raise ValueError("a string holds half of a surrogate pair")


def decode(raw: bytes) -> Any:
    """The value that `encode` wrote as these bytes. Raises `ValueError` for any others, whatever they mean."""
    parsed = _parse(raw)
    if not parsed or encode(parsed[0]) != raw:
        raise ValueError("not canonical JSON")
    return parsed[0]


def digest(value: Any, algorithm: str = "sha256") -> str:
    """The name of the hash, a colon, and the hash of the canonical bytes in hexadecimal."""
    return f"{algorithm}:{hasher(algorithm)(encode(value)).hex()}"


def hasher(algorithm: str) -> Callable[[bytes], bytes]:
    """The function from bytes to the 32 bytes of their hash. Raises `ValueError` for a name not in `ALGORITHMS`."""
    if algorithm == "sha256":
        return lambda raw: hashlib.sha256(raw).digest()
    if algorithm != "sm3":
        raise ValueError("no such hash algorithm")
    return _hashlib_sm3 if "sm3" in hashlib.algorithms_available else _bundled_sm3


def time_text(when: datetime) -> str:
    """A time as documents carry it, in UTC and whole seconds. Raises `ValueError` for one without a zone."""
    if when.tzinfo is None:
        raise ValueError("a time without its zone")
    return when.astimezone(UTC).strftime(_TIME)


def parse_time(text: str) -> datetime:
    """The time that `time_text` wrote so. Raises `ValueError` for any other text."""
    try:
        when = datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    except (ValueError, TypeError):
        when = None
    if when is None or time_text(when) != text:
        raise ValueError("not a time like 2026-11-30T12:00:00Z")
    return when


def _check(value: object, deep: int) -> None:
    """Raise `ValueError` for what canonical JSON cannot hold. Types are exact: an enumeration is no string here."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return
    if kind is int:
        if not -LARGEST <= value <= LARGEST:  # type: ignore[operator]
            raise ValueError("an integer beyond 2^53")
    elif kind is dict or kind is list:
        _check_inside(value, deep - 1)  # type: ignore[arg-type]
    else:
        raise ValueError("not an object, list, string, integer, boolean or null")


def _check_inside(value: dict[str, object] | list[object], deep: int) -> None:
    if deep < 0:
        raise ValueError(f"nested more than {DEEPEST} deep")
    if isinstance(value, dict):
        if any(type(key) is not str for key in value):
            raise ValueError("a key that is not a string")
        value = list(value.values())
    for part in value:
        _check(part, deep)


def _parse(raw: bytes) -> tuple[Any, ...]:
    """The value in a tuple of one; an empty tuple when it cannot be read: the reader's own errors carry the text."""
    try:
        return (json.loads(raw.decode("utf-8")),)
    except (ValueError, RecursionError):
        return ()


def _hashlib_sm3(raw: bytes) -> bytes:
    return hashlib.new("sm3", raw).digest()


def _bundled_sm3(raw: bytes) -> bytes:
    """Where the system's OpenSSL was built without SM3."""
    from cryptography.hazmat.primitives.hashes import SM3, Hash

    state = Hash(SM3())
    state.update(raw)
    return state.finalize()
