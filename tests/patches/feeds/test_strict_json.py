"""JSON is read strictly, in bounded memory, and what is wrong with it is said."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterator

import pytest

from secops.patches.feeds import strict_json
from secops.patches.feeds.format import FeedError
from secops.patches.feeds.strict_json import elements, loads, members, top_keys

BAD = [
    b'{"a": 1, "a": 2}', b'{"a": {"b": 1, "b": 1}}', b'{"a": NaN}', b'{"a": 1e999}', b'{"a": -Infinity}', b'{"a": 1',
    b"[" * 100_000, b'{"a": ' + b"9" * 5000 + b"}", b'{"a": "\xff"}', b"{} {}", b"", b"{'a': 1}", b"{}x",
    '{"a": 1}'.encode("utf-16"),
]  # fmt: skip


@pytest.mark.parametrize("raw", BAD, ids=range(len(BAD)))
def test_what_is_not_strictly_json_is_refused_whole(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the reasons are Python's own
        loads(raw)


@pytest.mark.parametrize("raw", [raw for raw in BAD if raw not in (b"",)], ids=lambda raw: raw[:20].hex())
def test_and_in_pieces(raw: bytes) -> None:
    with pytest.raises(FeedError):
        list(members(io.BytesIO(b'{"list": [' + raw + b"]}"), "doc", "list"))
    with pytest.raises(FeedError):
        list(elements(io.BytesIO(b"[" + raw + b"]"), "doc"))


def test_half_a_character_is_refused_and_a_whole_one_is_not() -> None:
    with pytest.raises(ValueError, match="holds half a character"):
        loads(rb'{"a": "\ud83d"}')
    assert loads(rb'{"a": "\ud83d\ude00 \\ud83d"}') == {"a": "😀 \\ud83d"}


def test_both_ways_read_the_same() -> None:
    value = [{"a": [1, 2.5, None, True, {"b": "公告"}], "c": {}}, "text", []]
    raw = json.dumps(value).encode()
    assert list(elements(io.BytesIO(raw), "doc")) == value == loads(raw)
    assert list(elements(io.BytesIO(b"\xef\xbb\xbf" + raw), "doc")) == value == loads(b"\xef\xbb\xbf" + raw)


def test_members_are_the_plain_ones_and_the_elements_of_one_list() -> None:
    raw = b'{"v": "1", "skip": {"list": [9], "x": [{}]}, "list": [1, {"a": 2}], "n": null, "other": [3]}'
    found = list(members(io.BytesIO(raw), "doc", "list"))
    assert found == [("v", "1"), ("list", 1), ("list", {"a": 2}), ("n", None)]


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"[]", "is no object in JSON"),
        (b'{"list": {}}', "has no list in list"),
        (b'{"v": 1, "v": 1}', "has the key v twice"),
        (b'{"list": [{"a": 1, "a": 1}]}', "has the key a twice"),
        (b'{"list": [' + b"[" * 60, "is nested too deeply"),
        (b'{"list": [1, 2', "is cut off"),
        (b'{"list": []} {}', "goes on after its end"),
    ],
)
def test_faults_of_members_are_named(raw: bytes, what: str) -> None:
    with pytest.raises(FeedError) as caught:
        list(members(io.BytesIO(raw), "doc", "list"))
    assert (caught.value.what, caught.value.where) == (what, "doc")


class Endless(io.RawIOBase):
    """A document that is made while it is read."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts

    def read(self, size: int = -1) -> bytes:
        return b"" if size == 0 else next(self._parts, b"")


def test_memory_does_not_grow_with_the_document() -> None:
    def parts() -> Iterator[bytes]:
        yield b'{"list": ['
        yield from (b'{"a": "%s"},' % (b"x" * 50_000) for _ in range(1000))
        yield b"1]}"

    tracemalloc.start()
    assert sum(1 for _ in members(Endless(parts()), "doc", "list")) == 1001
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 << 20


def test_one_entry_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strict_json, "MAX_ENTRY", 1 << 20)
    many = b'{"list": [' + b'{"a": "%s"},' % (b"x" * 999) * 2000 + b"1]}"
    assert sum(1 for _ in members(io.BytesIO(many), "doc", "list")) == 2001
    for one in (
        b'{"list": [' + b'["x"],' * 5 + b'"' + b"x" * (2 << 20) + b'"]}',
        b'{"skip": "' + b"x" * (2 << 20) + b'"}',
    ):
        with pytest.raises(FeedError, match="one entry is larger than 1 MiB"):
            list(members(io.BytesIO(one), "doc", "list"))


def test_keys_at_the_top_are_those_of_the_first_object() -> None:
    assert top_keys(b'{"id": 1, "a": {"deep": [{}]}, "b": [{"c": 1}]}') == {"id", "a", "b"}
    assert top_keys(b'[{"id": 1, "a": {"x": 1}}, {"b": 1}]') == {"id", "a"}
    assert top_keys(b'{"id": 1}\n{"b": 1}') == {"id"}
    assert top_keys(b'\xef\xbb\xbf{"id": 1, "cut": {"x": [1,') == {"id", "cut"}
    assert top_keys(b"<xml/>") == top_keys(b"") == top_keys(b"[" * 9999) == frozenset()
