"""Containers give the documents in them, byte for byte, or say why not; real programs pack them here."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from secops.patches.feeds import container, unpacking
from secops.patches.feeds.container import documents
from secops.patches.feeds.format import FeedError
from secops.patches.statement import Reject

TEXT = b'{"id": "CVE-2024-1"}\n' * 9000

PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.compress,
}


def got(path: Path) -> list[tuple[str, bytes]]:
    base = f"{path}"
    return [(where.removeprefix(base), stream.read()) for where, stream in documents(path)]


def left_out(path: Path) -> tuple[int, list[Reject]]:
    found: list[Reject] = []
    return sum(1 for _ in documents(path, found.append)), found


def fault(path: Path) -> str:
    with pytest.raises(FeedError) as caught:
        got(path)
    assert caught.value.where.startswith(str(path))
    return caught.value.what


def packed(tmp_path: Path, data: bytes, name: str = "feed") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def zipped(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def taped(members: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def test_a_plain_file_is_one_document(tmp_path: Path) -> None:
    assert got(packed(tmp_path, TEXT)) == [("", TEXT)]


@pytest.mark.parametrize("name", PACK)
def test_a_compressed_file_is_one_document_whatever_its_name(tmp_path: Path, name: str) -> None:
    pack = PACK[name]
    assert got(packed(tmp_path, pack(TEXT), "feed.json")) == [("", TEXT)]
    assert got(packed(tmp_path, pack(TEXT) + pack(b"more"))) == [("", TEXT + b"more")]  # as parallel packers write


@pytest.mark.parametrize("name", PACK)
@pytest.mark.parametrize("keep", [0.999, 0.5, 0.001])
def test_a_compressed_file_that_is_cut_off_is_no_document(tmp_path: Path, name: str, keep: float) -> None:
    data = PACK[name](os.urandom(300_000))
    assert fault(packed(tmp_path, data[: int(len(data) * keep)])) == "is cut off"


@pytest.mark.parametrize("name", PACK)
def test_a_compressed_file_with_a_wrong_byte_is_damaged(tmp_path: Path, name: str) -> None:
    data = bytearray(PACK[name](os.urandom(300_000)))
    data[6 if name == "zstd" else len(data) // 2] ^= 0x55
    if name == "zstd":  # it writes no checksum unless asked to
        data = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(os.urandom(300_000)))
        data[len(data) // 2] ^= 0x55
    assert fault(packed(tmp_path, bytes(data))) in ("is damaged", "is cut off")


def test_the_members_of_a_zip_in_its_order(tmp_path: Path) -> None:
    path = zipped(tmp_path / "feed", {"all/b.json": b"B", "all/": b"", "all/a.json.gz": gzip.compress(b"A")})
    assert got(path) == [(": all/b.json", b"B"), (": all/a.json.gz", b"A")]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("pack", [bytes, *PACK.values()])
def test_the_members_of_a_tar(tmp_path: Path, form: int, pack: Callable[[bytes], bytes]) -> None:
    long = "csaf/" + "n" * 90 + ".json" if form == tarfile.USTAR_FORMAT else "csaf/" + "公告" * 60
    members = {"a.json": TEXT, long: b"x" * 512, "b.json.xz": lzma.compress(b"B")}
    expected = [(": a.json", TEXT), (f": {long}", b"x" * 512), (": b.json.xz", b"B")]
    assert got(packed(tmp_path, pack(taped(members, form)))) == expected


@pytest.mark.parametrize("form", ["gnu", "posix", "ustar", "v7", "oldgnu"])
def test_the_members_of_a_tar_as_the_program_writes_it(tmp_path: Path, form: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "one").write_bytes(TEXT)
    (folder / "two").write_bytes(b"2")
    subprocess.run(["tar", "-C", folder, f"--format={form}", "-cf", tmp_path / "feed", "one", "two"], check=True)
    assert got(tmp_path / "feed") == [(": one", TEXT), (": two", b"2")]


def test_a_tar_cut_off_anywhere_is_an_error(tmp_path: Path) -> None:
    whole = taped({"a.json": b"a" * 700, "b.json": b"b" * 512})
    end = whole.rindex(b"b" * 512) + 512
    for size in (600, 512 + 700, 512 + 1024, 512 + 1024 + 100, end - 1, end):
        assert fault(packed(tmp_path, whole[:size])) == "is cut off"
    assert len(got(packed(tmp_path, whole[: end + 1024]))) == 2


def test_a_damaged_or_hostile_header_of_a_tar(tmp_path: Path) -> None:
    whole = bytearray(taped({"a.json": b"a" * 512, "b.json": b"b"}))
    whole[1024 + 10] ^= 1
    assert fault(packed(tmp_path, bytes(whole))) == "is damaged"
    huge = tarfile.TarInfo("x")
    huge.type, huge.size = tarfile.GNUTYPE_LONGNAME, 8 << 30
    start = taped({})[:0] + huge.tobuf(tarfile.GNU_FORMAT)
    assert fault(packed(tmp_path, start + bytes(4096))) == "has a header of more than 1024 KiB"
    assert fault(packed(tmp_path, taped({"a": b"a"}) + b"more")) == "goes on after its end"


def test_links_and_devices_are_left_out_and_told(tmp_path: Path) -> None:
    secret = packed(tmp_path, b"secret", "secret")
    folder = tmp_path / "feed"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub/a.json").write_bytes(b"A")
    (folder / "b.json").write_bytes(b"B")
    (folder / "link.json").symlink_to(secret)
    (folder / "up").symlink_to(tmp_path)
    (folder / ".git").mkdir()
    (folder / ".git/HEAD").write_bytes(b"ref")
    (folder / "empty").touch()
    os.mkfifo(folder / "fifo")
    assert got(folder) == [("/b.json", b"B"), ("/sub/a.json", b"A")]
    count, found = left_out(folder)
    assert count == 2
    assert [(reject.where.removeprefix(f"{folder}/"), reject.reason) for reject in found] == [
        (".git", "a hidden file or folder"),
        ("empty", "empty"),
        ("fifo", "not a regular file"),
        ("link.json", "a link, which is not followed"),
        ("up", "a link, which is not followed"),
    ]


def test_links_in_archives_are_left_out_and_told(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind in (("hard", tarfile.LNKTYPE), ("soft", tarfile.SYMTYPE), ("pipe", tarfile.FIFOTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("real")
        info.size = 1
        archive.addfile(info, io.BytesIO(b"R"))
    count, found = left_out(packed(tmp_path, out.getvalue()))
    assert count == 1
    assert [reject.reason for reject in found] == ["a link, which is not followed"] * 2 + ["not a regular file"]

    path = tmp_path / "feed.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("soft")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("real", b"R")
    count, found = left_out(path)
    assert (count, found) == (1, [Reject(f"{path}: soft", "a link, which is not followed")])


@pytest.mark.parametrize("name", PACK)
def test_a_bomb_is_noticed_early(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "FREE", 1 << 20)
    bomb = packed(tmp_path, PACK[name](bytes(16 << 20)))
    got_bytes: list[int] = []
    with pytest.raises(FeedError, match="unpacks to more than 500 times its size: a bomb"):
        got_bytes.extend(len(data) for _, stream in documents(bomb) for data in stream)
    assert sum(got_bytes) < 12 << 20
    assert got(packed(tmp_path, PACK[name](b"<definition/>" * 60_000))) == [("", b"<definition/>" * 60_000)]


def test_a_bomb_in_a_zip_is_noticed_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "FREE", 1 << 20)
    path = zipped(tmp_path / "feed.zip", {"bomb": bytes(4 << 20)})
    assert fault(path) == "unpacks to more than 500 times its size: a bomb"
    assert len(got(zipped(tmp_path / "fine.zip", {"large": os.urandom(40_000) * 100}))) == 1


def test_limits_of_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MAX_TOTAL", 1 << 20)
    path = zipped(tmp_path / "feed.zip", {str(at): os.urandom(300_000) for at in range(4)})
    assert fault(path) == "unpacks to more than 0 GiB in all"
    assert len(got(zipped(path, {str(at): os.urandom(300_000) for at in range(3)}))) == 3
    monkeypatch.setattr(unpacking, "MAX_DOCUMENT", 1 << 20)
    assert fault(packed(tmp_path, bytes((1 << 20) + 1))) == "is larger than 0 GiB"
    assert len(got(packed(tmp_path, bytes(1 << 20)))) == 1


def test_a_list_of_members_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path / "feed.zip", {f"{at:090d}": b"x" for at in range(100)})
    monkeypatch.setattr(container, "MAX_DIRECTORY", 10_000)
    assert fault(path) == "has a list of members of more than 0 MiB"


def test_zips_that_cannot_be_read(tmp_path: Path) -> None:
    path = zipped(tmp_path / "feed.zip", {"a": os.urandom(5000), "b": b"B" * 5000})
    whole = path.read_bytes()
    for size in (100, 4000, len(whole) - 10):
        assert fault(packed(tmp_path, whole[:size])) == "is cut off or damaged"
    damaged = bytearray(whole)
    damaged[1000] ^= 1
    assert fault(packed(tmp_path, bytes(damaged))) == "is damaged"
    encrypted = whole.replace(b"PK\x01\x02\x14\x03\x14\0\0\0", b"PK\x01\x02\x14\x03\x14\0\x01\0")
    assert encrypted != whole
    assert fault(packed(tmp_path, encrypted)) == "is encrypted"
    unknown = whole.replace(b"\x14\x03\x14\0\0\0\x08\0", b"\x14\x03\x14\0\0\0\x63\0")
    assert fault(packed(tmp_path, unknown)) == "is packed in a way that is not known here"


def test_no_deeper_than_needed(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"a": b"A"})
    assert fault(zipped(tmp_path / "outer.zip", {"in.zip": inner.read_bytes()})) == "is an archive inside an archive"
    assert fault(packed(tmp_path, taped({"in.tar": taped({"a": b"A"})}))) == "is an archive inside an archive"
    assert fault(packed(tmp_path, gzip.compress(lzma.compress(b"A")))) == "is compressed twice"
    folder = tmp_path / "folder"
    folder.mkdir()
    inner.rename(folder / "inner.zip")
    assert got(folder) == [("/inner.zip: a", b"A")]


def test_what_is_empty_or_not_there(tmp_path: Path) -> None:
    assert fault(packed(tmp_path, b"")) == "is empty"
    assert fault(packed(tmp_path, gzip.compress(b""))) == "is empty"
    assert fault(zipped(tmp_path / "no.zip", {})) == "holds no document"
    assert fault(zipped(tmp_path / "no.zip", {"a": b"", "b/": b""})) == "holds no document"
    assert fault(tmp_path / "absent").startswith("cannot be read: ")
    (tmp_path / "dir").mkdir()
    assert fault(tmp_path / "dir") == "holds no document"
    os.mkfifo(tmp_path / "fifo")
    assert fault(tmp_path / "fifo") == "not a regular file"


def test_names_of_members_are_inert(tmp_path: Path) -> None:
    path = zipped(tmp_path / "feed.zip", {"../../etc/x\x1b[2J\n\u202e.json": b"A", "n" * 999: b"N"})
    first, second = (where for where, _ in got(path))
    assert first == ": ../../etc/x\\x1b[2J\\x0a\\u202e.json"
    assert len(second) < 250


def test_of_a_member_that_is_not_read_nothing_is_missed(tmp_path: Path) -> None:
    path = packed(tmp_path, taped({"a": TEXT, "b": b"B"}))
    assert [where for where, _ in documents(path)] == [f"{path}: a", f"{path}: b"]


SEEDS = [
    gzip.compress(b"A" * 300), bz2.compress(b"A" * 300), lzma.compress(b"A" * 300), zstandard.compress(b"A" * 300),
    taped({"a": b"A" * 600, "b" * 150: b"B"}), taped({"a" * 150: b"A"}, tarfile.GNU_FORMAT),
    gzip.compress(taped({"a": b"A" * 600})),
]  # fmt: skip


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_bytes_that_change_are_documents_or_errors(tmp_path: Path, data: st.DataObject) -> None:
    seeds = [*SEEDS, zipped(tmp_path / "seed.zip", {"a": b"A" * 300, "b": b"B"}).read_bytes()]
    raw = bytearray(data.draw(st.sampled_from(seeds)))
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, len(raw) - 1), st.integers(0, 255)), max_size=6)):
        raw[at] = value
    path = packed(tmp_path, bytes(raw[: data.draw(st.integers(0, len(raw)))]))
    with suppress(FeedError):
        got(path)
