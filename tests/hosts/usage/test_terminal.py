"""The binary records of logins: wtmp of two kinds of machines, lastlog with its holes, lastlog2's database."""

from __future__ import annotations

import gzip
import os
import sqlite3
import struct
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.evidence import Status
from secops.hosts.tables import Built
from secops.hosts.usage import terminal_image
from secops.hosts.usage.event import Event
from secops.hosts.usage.terminal import LOGIN_RECORDS, terminal_logins
from tests.hosts.evidence_kit import evidence
from tests.hosts.usage.kit import DAY, NOW, PASSWD, fill, told, utmp

ARM = b"\x7fELF\x02\x01\x01" + bytes(11) + b"\xb7\0"


def logins(records: str, passwd: str = PASSWD, **sections: object) -> tuple[list[Event], list[str]]:
    """The logins that the section's text tells of, and what was lacking."""
    built = Built()
    seen = evidence(login_records=records, passwd={"/etc/passwd": passwd}, **sections)  # type: ignore[arg-type]
    return [*terminal_logins(seen, built)], [problem.reason for problem in built.problems]


def login(how: str, user: str, days: float, record: str, address: str = "") -> Event:
    return Event("login", how, user, int(NOW - days * DAY), record, address=address)


def of_image(root: Path) -> list[Event]:
    found, lacking = logins(told(root, LOGIN_RECORDS))
    assert lacking == []
    return found


def lastlog(*entries: tuple[int, float], one: int = 292) -> bytes:
    """A lastlog with the logins of (uid, days ago)."""
    data = bytearray(one * (max(uid for uid, _ in entries) + 1))
    for uid, days in entries:
        struct.pack_into("<i32s", data, uid * one, int(NOW - days * DAY), b"pts/0")
    return bytes(data)


@pytest.mark.parametrize("wide", [False, True], ids=["x86", "arm"])
def test_wtmp_tells_the_last_login_of_each_account(wide: bool, tmp_path: Path) -> None:
    records = b"".join(
        (
            utmp(50, "reboot", "~", "6.1.0", kind=2, wide=wide),
            utmp(40, "alice", "pts/0", "10.0.0.1", wide=wide),
            utmp(39, "", "pts/0", kind=8, wide=wide),
            utmp(30, "bob", "tty1", wide=wide),
            utmp(20, "alice", ":1", ":1", wide=wide),
            utmp(10, "carol", "pts/0", "10.0.0.1", wide=wide),  # of no account here
        )
    )
    program = {"/bin/sh": (0, ARM if wide else ARM[:18] + b"\x3e\0")}
    fill(tmp_path, {"/var/log/wtmp": (0, records), **program})
    assert of_image(tmp_path) == [login("console", "alice", 20, "wtmp"), login("console", "bob", 30, "wtmp")]


def test_older_and_packed_wtmp_files_are_read_too(tmp_path: Path) -> None:
    files = {
        "/var/log/wtmp": (0, utmp(5, "alice", "pts/0", "10.0.0.1")),
        "/var/log/wtmp.1": (30, utmp(31, "alice", "tty1") + utmp(30, "bob", "pts/1", "host.example")),
        "/var/log/wtmp-20260101.gz": (60, gzip.compress(utmp(60, "oracle", "pts/1"))),
    }
    found = of_image(fill(tmp_path, files))
    assert sorted(found, key=lambda event: event.time) == [
        login("terminal", "oracle", 60, "wtmp"),
        login("console", "alice", 31, "wtmp"),
        login("terminal", "bob", 30, "wtmp", "host.example"),
        login("terminal", "alice", 5, "wtmp", "10.0.0.1"),
    ]


def test_of_a_large_wtmp_the_newest_records_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal_image, "MAX_BYTES", 2_000)
    records = [utmp(9 - at / 10, "alice" if at % 2 else "bob", "pts/0") for at in range(10)]
    fill(tmp_path, {"/var/log/wtmp": (0, b"".join([utmp(20, "oracle", "tty1"), *records]) + b"half a record")})
    assert {event.user: round((NOW - event.time) / DAY, 1) for event in of_image(tmp_path)} == {
        "alice": 8.1,
        "bob": 8.2,
    }


def test_records_that_are_none_are_told(tmp_path: Path) -> None:
    fill(tmp_path, {"/var/log/wtmp": (0, utmp(5, "alice", "pts/0") + utmp(5, "bob", "pts/0", wide=True)[:384])})
    assert of_image(tmp_path)  # both begin alike
    fill(tmp_path, {"/var/log/wtmp": (0, b"text\n" * 999)})
    assert logins(told(tmp_path, LOGIN_RECORDS))[1] == ["/var/log/wtmp holds records that this machine does not write"]


@pytest.mark.parametrize(
    "content", [b"no gzip", gzip.compress(utmp(5, "bob", "pts/0"))[:-9] + bytes(40)], ids=["none", "cut"]
)
def test_a_packed_wtmp_that_is_broken_tells_nothing(content: bytes, tmp_path: Path) -> None:
    fill(tmp_path, {"/var/log/wtmp": (0, utmp(5, "alice", "pts/0")), "/var/log/wtmp.1.gz": (9, content)})
    assert [event.user for event in of_image(tmp_path)] == ["alice"]


def test_a_name_longer_than_wtmp_has_room_for() -> None:
    name = "a" * 30 + "-long-name"
    passwd = PASSWD + f"{name}:x:1002:1002::/home/x:/bin/sh\n" + f"{name[:31]}:x:1003:1003::/home/y:/bin/sh\n"
    record = f"login\t65a00000\t{name[:32].encode().hex()}\t\t\n"
    assert [event.user for event in logins(record, passwd)[0]] == [name]


@pytest.mark.parametrize("one", [292, 296], ids=["x86", "arm"])
def test_lastlog_is_read_at_the_numbers_of_accounts(one: int, tmp_path: Path) -> None:
    program = {"/bin/sh": (0, ARM)} if one == 296 else {}
    content = lastlog((0, 400), (1, 9), (500, 8), (1000, 100), one=one)  # daemon cannot log in, 500 is nobody
    fill(tmp_path, {"/var/log/lastlog": (0, content), **program})
    assert of_image(tmp_path) == [login("terminal", "root", 400, "lastlog"), login("terminal", "alice", 100, "lastlog")]


def test_a_lastlog_as_large_as_a_disk_takes_no_time(tmp_path: Path) -> None:
    passwd = PASSWD + "far:x:4000000000:100::/home/far:/bin/sh\n"
    fill(tmp_path, {"/etc/passwd": (0, passwd)})
    with (tmp_path / "var/log/lastlog").open("wb") as file:
        file.seek(4_000_000_000 * 292)
        file.write(struct.pack("<i32s256s", NOW - 9 * DAY, b"pts/0", b""))
    start = time.process_time()
    found, _ = logins(told(tmp_path, LOGIN_RECORDS), passwd)
    assert found == [login("terminal", "far", 9, "lastlog")]
    assert time.process_time() - start < 1


def test_a_fifo_in_the_place_of_lastlog(tmp_path: Path) -> None:
    os.mkfifo(fill(tmp_path, {}) / "var/log/lastlog")
    assert of_image(tmp_path) == []


def database(path: Path, *rows: tuple[object, ...], columns: str = "Name, Time, TTY, RemoteHost, Service") -> bytes:
    with sqlite3.connect(path) as connection:
        connection.execute(f"CREATE TABLE Lastlog2({columns})")
        connection.executemany("INSERT INTO Lastlog2 VALUES (?, ?, ?, ?, ?)", rows)
    connection.close()
    return path.read_bytes()


def test_the_database_of_lastlog2(tmp_path: Path) -> None:
    data = database(
        tmp_path / "db",
        ("alice", NOW - 9 * DAY, "ssh", "10.0.0.1", "sshd"),
        ("bob", NOW - 8 * DAY, "tty1", None, "login"),
        ("root", "no number", "tty1", None, "login"),
        (b"\xff", NOW, "tty1", None, "login"),
    )
    found, lacking = logins("", lastlog2={"/var/lib/lastlog/lastlog2.db": data})
    assert lacking == []
    assert found == [login("ssh", "alice", 9, "lastlog2", "10.0.0.1"), login("console", "bob", 8, "lastlog2")]


@pytest.mark.parametrize("content", [b"text", b"SQLite format 3\0" + bytes(2000)])
def test_a_database_that_is_none_is_told(content: bytes) -> None:
    found, lacking = logins("", lastlog2={"/var/lib/lastlog/lastlog2.db": content})
    assert (found, len(lacking)) == ([], 1)


def test_a_database_with_other_columns_is_told(tmp_path: Path) -> None:
    data = database(tmp_path / "db", columns="Name, Time, TTY, Host, Service")
    assert logins("", lastlog2={"/x": data})[1] == ["/x: it has no table Lastlog2"]


def test_accounts_that_lastlog_was_not_asked_for_are_told() -> None:
    assert logins("more\n")[1] == ["of accounts with large numbers lastlog was asked for 64 only"]


@given(
    st.lists(
        st.sampled_from(["lastlog", "login", "bad", "0", "1000", "65a0", "ff", "zz", "", "-1", "9" * 30]), max_size=6
    )
)
def test_any_line_is_read_without_raising(fields: list[str]) -> None:
    logins("\t".join(fields))


@given(st.binary(max_size=2_000))
def test_any_bytes_of_a_database_are_read_without_raising(data: bytes) -> None:
    logins("", lastlog2={"/x": b"SQLite format 3\0" + data})


def test_what_was_denied_is_told() -> None:
    assert evidence(login_records=Status.DENIED).problem(LOGIN_RECORDS)
