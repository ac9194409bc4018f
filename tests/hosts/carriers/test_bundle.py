"""Bundles: what is written is what is read; what was damaged or cut off is never whole."""

from __future__ import annotations

import gzip
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.core.errors import Exit, IncompleteError, UsageError
from secops.hosts.bundle_format import encode, pack, unpack
from secops.hosts.carriers.bundle import Bundle
from secops.hosts.carriers.root import Root
from secops.hosts.evidence import Evidence, Item, SectionEvidence, Status, decode
from secops.hosts.manifest import manifest
from secops.hosts.tables import derive, hosts
from tests.hosts.evidence_kit import evidence

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_ITEMS = st.builds(Item, _TEXT, st.binary(max_size=60), st.sampled_from(Status), _TEXT)
_SECTIONS = st.builds(SectionEvidence, st.sampled_from(Status), st.lists(_ITEMS, max_size=3).map(tuple), _TEXT)
_NAMES = st.sampled_from([section.name for section in manifest()])
_EVIDENCE = st.builds(
    Evidence,
    st.sampled_from(["local", "ssh", "root", "bundle"]),
    st.just("test"),
    st.none() | st.integers(0, 2**32 - 1),
    st.dictionaries(_NAMES, _SECTIONS, max_size=4),
)


def read(stream: bytes, cut: str = "") -> Evidence:
    return decode(stream, manifest(), carrier="bundle", label="test", cut=cut)


def save(path: Path, content: bytes) -> Bundle:
    path.write_bytes(content)
    return Bundle(path)


@pytest.fixture
def some() -> Evidence:
    return evidence(passwd={"/etc/passwd": "root:x:0:0::/root:/bin/sh\n"}, shadow=Status.DENIED, group="root:x:0:\n")


@given(_EVIDENCE)
def test_evidence_survives_the_way_through_a_bundle(before: Evidence) -> None:
    after = read(gzip.decompress(pack(encode(before))))
    assert (after.uid, after.carrier) == (before.uid, "root" if before.carrier == "root" else "bundle")
    for section in manifest():
        if section.name in before.sections:
            assert after[section.name] == before[section.name]
        elif section.live or before.carrier == "root":
            assert after.problem(section)


@given(_EVIDENCE, st.data())
def test_a_cut_gives_no_section_that_was_not_there(before: Evidence, data: st.DataObject) -> None:
    stream = encode(before)
    at = data.draw(st.integers(stream.index(b"\n") + 1, len(stream)))
    after = read(stream[:at])
    for section in manifest():
        if after[section.name].status in (Status.OK, Status.EMPTY, Status.ABSENT) and section.live:
            assert after[section.name] == before[section.name]


def test_a_bundle_is_read_plain_and_packed(some: Evidence, tmp_path: Path) -> None:
    for name, content in (("plain", encode(some)), ("packed", pack(encode(some)))):
        bundle = save(tmp_path / name, content)
        seen = bundle.collect()
        assert dict(seen.sections) == {s.name: some[s.name] for s in manifest()}
        assert (seen.carrier, seen.label) == ("bundle", f"bundle:{tmp_path / name}")


def test_every_cut_of_a_file_gives_failed_sections_or_no_evidence(some: Evidence, tmp_path: Path) -> None:
    packed = pack(encode(some))
    for at in range(0, len(packed) - 1, 7):
        with suppress(IncompleteError):
            seen = save(tmp_path / "cut", packed[:at]).collect()
            lost = [s for s in manifest() if seen[s.name].reason == "the bundle is cut off"]
            assert lost
            assert all(seen.problem(section) for section in lost)


def test_no_flipped_byte_of_a_packed_file_changes_what_is_whole(some: Evidence, tmp_path: Path) -> None:
    packed = pack(encode(some))
    for at in range(10, len(packed), 3):  # the first ten are gzip's own header
        bundle = save(tmp_path / "flipped", packed[:at] + bytes([packed[at] ^ 1]) + packed[at + 1 :])
        with suppress(IncompleteError):
            seen = bundle.collect()
            assert any(seen.problem(section) for section in manifest())
            kept = [section.name for section in manifest() if not seen.problem(section) and section.live]
            assert {name: seen[name] for name in kept} == {name: some[name] for name in kept}


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\3\4 something else", gzip.compress(b"nothing of ours"), b"\x1f\x8b"],
    ids=["nothing", "a zip", "of another program", "half a header"],
)
def test_a_file_that_is_no_bundle_is_incomplete(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(IncompleteError) as caught:
        save(tmp_path / "other", content).collect()
    assert caught.value.exit_code is Exit.INCOMPLETE


def test_two_hosts_in_one_file_are_not_taken_for_one(some: Evidence, tmp_path: Path) -> None:
    with pytest.raises(IncompleteError, match="2 runs"):
        save(tmp_path / "two", encode(some) + encode(some)).collect()


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        Bundle(tmp_path / "none").collect()
    with pytest.raises(UsageError):
        Bundle(tmp_path).collect()


def test_a_bomb_is_cut_at_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(gzip.compress(bytes(20 << 20)))
    stream, cut = unpack(path, 1 << 20)
    assert len(stream) == 1 << 20
    assert "larger than 1 MiB" in cut


def test_an_image_stays_an_image(root_copy: Path, tmp_path: Path) -> None:
    before = Root(str(root_copy)).collect()
    after = save(tmp_path / "image", pack(encode(before))).collect()
    assert dict(after.sections) == dict(before.sections)
    (row,) = derive(hosts.TABLE, after).rows
    assert row["is_image"] is True
