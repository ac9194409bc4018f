"""The rpm database decoder."""

import gzip
import sqlite3
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.rpmdb import Header, RpmdbError, parse_header, read_blobs

DATABASE = gzip.decompress((Path(__file__).parent / "tables" / "data" / "rpmdb.sqlite.gz").read_bytes())


def blob(*entries: tuple[int, int, bytes]) -> bytes:
    """A header of (tag, type, content) entries."""
    index, data = b"", b""
    for tag, kind, content in entries:
        index += struct.pack(">IIII", tag, kind, len(data), 1)
        data += content
    return struct.pack(">II", len(entries), len(data)) + index + data


NEVR = ((1000, 6, b"bash\0"), (1001, 6, b"5.1.8\0"), (1002, 6, b"6.oe2203\0"))


def database(folder: Path, *statements: str) -> Path:
    path = folder / "rpmdb.sqlite"
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path


def test_a_database_made_by_rpm_is_read() -> None:
    headers = [parse_header(blob) for blob in read_blobs(DATABASE)]
    assert [header.name for header in headers] == [
        "nodejs", "openssl-libs", "bash", "kernel", "kernel", "localtool", "tzdata", "gpg-pubkey",
    ]  # fmt: skip
    assert headers[0] == Header(
        "nodejs", "18.20.4", "1.module_el8+1", 1, "x86_64", "nodejs-18.20.4-1.module_el8+1.src.rpm", "某厂商",
        "nodejs:18:8100020240807:489197e6", headers[0].install_time,
    )  # fmt: skip
    assert isinstance(headers[0].install_time, int)
    assert [header.evr for header in headers[:3]] == ["1:18.20.4-1.module_el8+1", "1:1.1.1wa-9.oe2203sp3",
                                                      "5.1.8-6.oe2203sp3"]  # fmt: skip


def test_an_epoch_of_zero_is_none() -> None:
    assert parse_header(blob(*NEVR, (1003, 4, b"\0\0\0\0"))).evr == "5.1.8-6.oe2203"


def test_the_later_entry_of_a_tag_holds() -> None:
    assert parse_header(blob(*NEVR, (1000, 6, b"zsh\0"))).name == "zsh"


def test_bytes_that_are_not_utf8_stay_visible() -> None:
    assert parse_header(blob(*NEVR, (1011, 6, b"\xb9\xab\0"))).vendor == r"\xb9\xab"


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"", "too short"),
        (blob(*NEVR)[:-1], "do not fit"),
        (struct.pack(">II", 2**32 - 1, 2**32 - 1), "do not fit"),
        (blob(*NEVR[:2]), "no name, version or release"),
        (blob(*NEVR, (1000, 6, b"\0")), "no name, version or release"),
        (blob(*NEVR, (1011, 6, b"no end")), "tag 1011 is not text"),
        (blob(*NEVR, (1011, 4, b"\0\0\0\1\0")), "tag 1011 is not text"),
        (blob(*NEVR, (1003, 6, b"1\0")), "tag 1003 is not a number"),
        (blob(*NEVR, (1008, 4, b"\0\0")), "tag 1008 is not a number"),
    ],
)
def test_a_broken_header_says_why(header: bytes, reason: str) -> None:
    with pytest.raises(RpmdbError, match=reason):
        parse_header(header)


def test_many_entries_of_one_tag_cost_no_more_than_one() -> None:
    """65,535 entries that all point to the start of one long text."""
    text = b"x" * 1_000_000 + b"\0"
    entries = struct.pack(">IIII", 1000, 6, 0, 1) * 65_533
    rest = struct.pack(">IIII", 1001, 6, len(text) - 2, 1) + struct.pack(">IIII", 1002, 6, len(text) - 2, 1)
    header = parse_header(struct.pack(">II", 65_535, len(text)) + entries + rest + text)
    assert (len(header.name), header.version) == (1_000_000, "x")


def test_a_write_ahead_log_is_read_with_its_database(tmp_path: Path) -> None:
    path = tmp_path / "rpmdb.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL)")
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("INSERT INTO Packages (blob) VALUES (?)", (blob(*NEVR),))
    connection.commit()
    data, log = path.read_bytes(), path.with_name("rpmdb.sqlite-wal").read_bytes()
    connection.close()
    assert list(read_blobs(data)) == []
    assert list(read_blobs(data, log)) == [blob(*NEVR)]


@pytest.mark.parametrize(
    ("statements", "reason"),
    [
        (("CREATE TABLE other (blob)",), "no table Packages"),
        (("CREATE TABLE Packages (blob)", "INSERT INTO Packages VALUES (1)"), "not a header"),
        (("CREATE TABLE Packages (blob)", "INSERT INTO Packages VALUES (CAST(x'ff' AS TEXT))"), "SQLite"),
        (("CREATE VIEW Packages AS SELECT zeroblob(999999999) AS blob",), "SQLite"),
        (
            ("CREATE VIEW Packages AS WITH RECURSIVE n(blob) AS (SELECT x'00' UNION ALL SELECT blob FROM n)"
             " SELECT blob FROM n",),
            "SQLite",
        ),
        (
            ("CREATE TABLE Packages (a, blob AS (zeroblob(99999)) VIRTUAL)", "INSERT INTO Packages VALUES (1)"),
            "no table Packages",
        ),
    ],
)  # fmt: skip
def test_a_database_that_is_something_else_is_refused(tmp_path: Path, statements: tuple[str, ...], reason: str) -> None:
    data = database(tmp_path, *statements).read_bytes()
    with pytest.raises(RpmdbError, match=reason):
        list(read_blobs(data))


def test_pages_used_many_times_do_not_multiply_the_packages(tmp_path: Path) -> None:
    """An interior page whose 100 children are one and the same leaf."""
    rows = "INSERT INTO Packages SELECT NULL, zeroblob(64) FROM (VALUES (1),(2),(3),(4),(5),(6),(7),(8),(9),(10))"
    path = database(tmp_path, "PRAGMA page_size = 512", "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob)", rows)
    data = bytearray(path.read_bytes())
    at = 512  # the root page of Packages
    assert data[at] == 5  # an interior page
    leaf = data[at + 8 : at + 12]
    cells = range(60)
    data[at + 3 : at + 5] = len(cells).to_bytes(2, "big")
    data[at + 5 : at + 7] = (505).to_bytes(2, "big")
    data[at + 505 : at + 510] = leaf + b"\x7f"
    for cell in cells:
        data[at + 12 + 2 * cell : at + 14 + 2 * cell] = (505).to_bytes(2, "big")
    with pytest.raises(RpmdbError, match="more rows than its size allows"):
        list(read_blobs(bytes(data)))


def test_a_schema_with_bytes_that_are_not_text_is_refused() -> None:
    data = DATABASE.replace(b"CREATE TABLE 'Packages'", b"CREATE TABLF '\xff\xfe\xfdages'")
    assert data != DATABASE
    with pytest.raises(RpmdbError):
        list(read_blobs(data))


def parse_or_refuse(raw: bytes) -> None:
    try:
        parse_header(raw)
    except RpmdbError:
        return


@given(st.binary(max_size=300))
def test_any_header_parses_or_is_refused(raw: bytes) -> None:
    parse_or_refuse(raw)


@given(st.lists(st.tuples(st.sampled_from((1000, 1001, 1002, 1003, 1008, 1011)), st.integers(0, 9), st.binary())))
def test_any_entries_parse_or_are_refused(entries: list[tuple[int, int, bytes]]) -> None:
    parse_or_refuse(blob(*entries))


@given(st.lists(st.tuples(st.integers(0, len(DATABASE) - 1), st.binary(min_size=1, max_size=8)), max_size=12))
def test_a_damaged_database_is_read_or_refused(patches: list[tuple[int, bytes]]) -> None:
    data = bytearray(DATABASE)
    for at, patch in patches:
        data[at : at + len(patch)] = patch
    try:
        for header in read_blobs(bytes(data)):
            parse_or_refuse(header)
    except RpmdbError:
        return
