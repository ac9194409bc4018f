"""Canonical JSON: one value has one row of bytes, and no other bytes are taken for it."""

from __future__ import annotations

import json
from collections import OrderedDict
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy import canonical

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


class Kind(StrEnum):
    PLAIN = "plain"


def nested(depth: int) -> object:
    value: object = []
    for _ in range(depth - 1):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "raw"),
    [
        ({"b": 1, "a": [True, None, -5]}, b'{"a":[true,null,-5],"b":1}'),
        ({"\U0001f600": 1, "\uffee": 2}, '{"\uffee":2,"\U0001f600":1}'.encode()),
        ('市\n\x00"\\/\u2028', '"市\\n\\u0000\\"\\\\/\u2028"'.encode()),
        ("e\u0301", b'"e\xcc\x81"'),
        (2**53, b"9007199254740992"),
        ({}, b"{}"),
    ],
)
def test_known_bytes(value: object, raw: bytes) -> None:
    assert canonical.encode(value) == raw
    assert canonical.decode(raw) == value


@pytest.mark.parametrize(
    "value",
    [1.0, float("nan"), 2**53 + 1, -(2**53) - 1, b"x", (1,), {1: 2}, {None: 1}, "\ud800", {"\udfff": 1}, Kind.PLAIN,
     {"a": {1, 2}}, {Kind.PLAIN: 1}, OrderedDict(a=1), nested(canonical.DEEPEST + 1), datetime(2026, 1, 1, tzinfo=UTC)],
)  # fmt: skip
def test_what_has_no_canonical_form(value: object) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        canonical.encode(value)
    assert caught.value.__context__ is None
    assert canonical.encode(nested(canonical.DEEPEST))


@pytest.mark.parametrize(
    "raw",
    [b"", b" 1", b"1 ", b"1\n", b"1.0", b"1e2", b"-0", b"NaN", b'{"a":1,"a":1}', b'{"b":1,"a":2}', b'{"a": 1}',
     b'"\\u0041"', b'"\\/"', b'"\\ud800"', b"\xef\xbb\xbf1", b'"\xff"', b"[" * 100_000, b"9" * 5000, "1".encode("utf-16"), b"{}{}"],
)  # fmt: skip
def test_other_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        canonical.decode(raw)
    assert caught.value.__context__ is None


@given(VALUES)
def test_what_is_written_is_read_back(value: object) -> None:
    raw = canonical.encode(value)
    assert canonical.decode(raw) == value
    assert json.loads(raw) == value


@given(VALUES, st.data())
@settings(max_examples=200)
def test_one_value_has_one_row_of_bytes(value: object, data: st.DataObject) -> None:
    raw = bytearray(canonical.encode(value))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        other = canonical.decode(bytes(raw))
    except ValueError:
        return
    assert canonical.encode(other) == raw
    assert canonical.encode(other) != canonical.encode(value)


def test_digests_of_both_algorithms() -> None:
    # of the two bytes {} by sha256sum and openssl dgst -sm3
    assert canonical.digest({}) == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    published = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"  # GB/T 32905, "abc"
    assert canonical.hasher("sm3")(b"abc").hex() == canonical._bundled_sm3(b"abc").hex() == published
    with pytest.raises(ValueError, match="algorithm"):
        canonical.digest({}, "md5")


def test_times() -> None:
    beijing = datetime(2026, 11, 30, 20, 0, 0, 999_999, timezone(timedelta(hours=8)))
    assert canonical.time_text(beijing) == "2026-11-30T12:00:00Z"
    assert canonical.parse_time("2026-11-30T12:00:00Z") == datetime(2026, 11, 30, 12, tzinfo=UTC)
    with pytest.raises(ValueError, match="zone"):
        canonical.time_text(datetime(2026, 1, 1))


@pytest.mark.parametrize(
    "text", ["2026-11-30T12:00:00", "2026-11-30 12:00:00Z", "2026-1-30T12:00:00Z", "2026-02-30T12:00:00Z", "", 5]
)
def test_other_texts_are_no_times(text: str) -> None:
    with pytest.raises(ValueError, match="not a time"):
        canonical.parse_time(text)
