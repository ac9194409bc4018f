"""Messages read as they were written, and nothing else is read."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.federated.secagg import messages
from secops.core.errors import RefusedError

_NAMES = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,63}", fullmatch=True)


@given(st.dictionaries(_NAMES, st.binary(max_size=50), max_size=20), st.lists(_NAMES, max_size=20))
def test_what_is_packed_reads_the_same(parts: dict[str, bytes], names: list[str]) -> None:
    assert messages.parts(messages.pack(parts)) == parts
    assert messages.sites(messages.pack(names)) == tuple(names)
    signatures = {name: part.hex() for name, part in parts.items()}
    assert messages.signatures(messages.pack(signatures)) == signatures
    assert messages.pack(parts) == messages.pack(dict(reversed(parts.items())))


@given(st.binary(max_size=200))
def test_whatever_comes_reads_or_is_refused(raw: bytes) -> None:
    for read in (messages.parts, messages.signatures, messages.sites):
        try:
            read(raw)
        except RefusedError:
            continue


@pytest.mark.parametrize(
    "content",
    [
        None,
        {"a": 1},
        {1: b""},
        {"A": b""},
        {"a b": b""},
        {"a\n": b""},
        {"": b""},
        {"a" * 65: b""},
        {"../a": b""},
        {f"s{n}": b"" for n in range(101)},
        {"a": {"b": b""}},
        [b"a"],
        "a",
    ],
)
def test_what_has_another_shape_is_refused(content: object) -> None:
    raw = msgspec.msgpack.encode(content)
    for read in (messages.parts, messages.signatures, messages.sites):
        with pytest.raises(RefusedError, match="cannot be read"):
            read(raw)


def test_more_than_a_message_may_have_is_refused() -> None:
    for read, content in (
        (messages.parts, {"a": bytes(4 * 1024 * 1024 + 1)}),
        (messages.signatures, {"a": "A" * 101}),
        (messages.sites, [f"s{n}" for n in range(101)]),
    ):
        with pytest.raises(RefusedError):
            read(msgspec.msgpack.encode(content))
    for raw in (b"\x91" * 100_000, b"", messages.pack(["a"]) + b"\0", messages.pack({"a": b"b"})[:-1]):
        for read in (messages.parts, messages.signatures, messages.sites):
            with pytest.raises(RefusedError):
                read(raw)
