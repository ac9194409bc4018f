"""The ssh_identities table."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.evidence import Status
from secops.hosts.private_key import told
from secops.hosts.ssh_key import joined
from secops.hosts.ssh_records import Place, config_records, directory_record, key_record
from secops.hosts.tables import Facts, Row
from secops.hosts.tables.ssh_identities import TABLE
from tests.hosts import key_kit
from tests.hosts.evidence_kit import derive, evidence

PASSWD = """root:x:0:0:root:/root:/bin/bash
alice:x:1000:1000::/home/alice:/bin/bash
bob:x:1001:1001::/home/bob:/bin/bash
twin:x:1001:1001::/home/alice/:/bin/bash
bare:x:1002:1002::/:/bin/sh
"""
GROUP = "root:x:0:\nalice:x:1000:\nbob:x:1001:\nstaff:x:50:alice,bob,gone\n"
OPEN = {"/": Place(0o755, 0, 0), "/home": Place(0o755, 0, 0), "/home/alice": Place(0o755, 1000, 1000)}
CLOSED = Place(0o700, 1000, 1000)


def facts(*records: bytes, **sections: Any) -> Facts:
    files = {"passwd": {"/etc/passwd": PASSWD}, "group": {"/etc/group": GROUP}}
    return derive(TABLE, evidence(ssh_files=b"".join(record + b"\n" for record in records), **(files | sections)))


def key(path: str = "/home/alice/.ssh/id", mode: int = 0o600, gid: int = 1000, *, uid: int = 1000,
        name: str = "ed25519-openssh", public: bytes = b"") -> bytes:  # fmt: skip
    found = told(key_kit.made()[name].content)
    assert found
    return key_record(path.encode(), Place(mode, uid, gid), found, public)


def above(folder: Place, **others: Place) -> list[bytes]:
    """The directories above alice's key, her ~/.ssh being `folder`."""
    places = {**OPEN, "/home/alice/.ssh": folder, **{f"/{name}": place for name, place in others.items()}}
    return [directory_record(path.encode(), place) for path, place in places.items()]


def only(*records: bytes, **sections: Any) -> Row:
    found = facts(*records, **sections)
    assert found.problems[""] == []
    rows = [row for row in found.rows if row["user_name"] != "twin"]
    assert len(rows) == 1
    return rows[0]


def test_a_key() -> None:
    made = key_kit.made()["ed25519-openssh"]
    assert only(key(public=made.public.strip()), *above(CLOSED)) == {
        "user_name": "alice", "path": "/home/alice/.ssh/id", "mode": "0600", "uid": 1000, "gid": 1000,
        "owner": "alice", "others_read": False, "readers": [], "form": "openssh",
        "encrypted": False, "key_type": "ssh-ed25519", "fingerprint": made.fingerprint, "key_bits": 256,
        "hardware": False, "comment": "ed25519 of 张三", "has_public_file": True, "by_public_file": False,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["rsa-openssh-locked", "rsa-pem", "dsa-pem", "ecdsa521-pkcs8", "ecdsa384-pem"])
def test_the_key_is_the_one_that_ssh_keygen_says(name: str) -> None:
    made = key_kit.made()[name]
    row = only(key(name=name), *above(CLOSED))
    assert (row["fingerprint"], row["key_bits"], row["encrypted"]) == (made.fingerprint, made.bits, made.locked)


@pytest.mark.parametrize("name", ["rsa-pem-locked", "ecdsa256-pkcs8-locked"])
def test_a_locked_one_without_a_public_part_is_known_by_its_public_file(name: str) -> None:
    made = key_kit.made()[name]
    row = only(key(name=name, public=made.public.strip()), *above(CLOSED))
    assert (row["fingerprint"], row["by_public_file"], row["encrypted"]) == (made.fingerprint, True, True)
    alone = only(key(name=name), *above(CLOSED))
    assert (alone["fingerprint"], alone["key_type"], alone["by_public_file"]) == (None, None, False)


def test_a_public_file_of_another_key_does_not_lie() -> None:
    other = key_kit.made()["rsa-openssh"]
    row = only(key(public=other.public.strip()), *above(CLOSED))
    assert (row["fingerprint"], row["by_public_file"]) == (key_kit.made()["ed25519-openssh"].fingerprint, False)


def test_the_handle_of_a_token() -> None:
    blob = joined([b"sk-ssh-ed25519@openssh.com", bytes(32), b"ssh:"])
    found = told(key_kit.with_public_part(blob))
    assert found
    row = only(key_record(b"/home/alice/.ssh/id", Place(0o600, 1000, 1000), found, b""), *above(CLOSED))
    assert (row["hardware"], row["key_bits"], row["encrypted"]) == (True, 256, False)


STAFF = Place(0o750, 1000, 50)
READERS = [
    (0o600, 1000, CLOSED, []),
    (0o644, 1000, CLOSED, []),  # nobody gets there
    (0o644, 1000, Place(0o755, 1000, 1000), ["*"]),
    (0o644, 1000, Place(0o711, 1000, 1000), ["*"]),
    (0o640, 50, Place(0o755, 1000, 1000), ["bob", "gone"]),
    (0o640, 50, Place(0o700, 1000, 50), []),
    (0o640, 50, STAFF, ["bob", "gone"]),
    (0o640, 50, Place(0o750, 1000, 1000), []),  # the group passes as others
    (0o640, 1000, Place(0o755, 1000, 1000), []),  # its own group
    (0o604, 1000, STAFF, ["bob", "gone"]),
    (0o604, 50, STAFF, []),
]


@pytest.mark.parametrize(("mode", "gid", "folder", "readers"), READERS)
def test_who_may_read_it_hangs_on_the_directories_too(mode: int, gid: int, folder: Place, readers: list[str]) -> None:
    row = only(key(mode=mode, gid=gid), *above(folder))
    assert row["readers"] == readers
    assert row["others_read"] is (readers == ["*"])


@pytest.mark.parametrize(("mode", "gid", "folder", "readers"), READERS)
def test_the_kernel_says_the_same(mode: int, gid: int, folder: Place, readers: list[str], tmp_path: Path) -> None:
    """As bob, who is in staff, and as someone who is in nothing."""
    if os.geteuid() != 0:
        pytest.skip("needs root: becomes other users")
    base = Path("/tmp", tmp_path.parent.name + tmp_path.name)
    try:
        (base / "x").mkdir(parents=True)
        base.chmod(0o755)
        (base / "x/id").write_text("x")
        os.chown(base / "x/id", 1000, gid)
        (base / "x/id").chmod(mode)
        os.chown(base / "x", folder.uid, folder.gid)
        (base / "x").chmod(folder.mode)
        reads = [
            subprocess.run(["cat", base / "x/id"], capture_output=True, user=uid, group=uid, extra_groups=groups,
                           check=False).returncode == 0
            for uid, groups in ((1001, [50]), (1007, []))
        ]  # fmt: skip
    finally:
        subprocess.run(["rm", "-r", base], check=True)
    assert reads == [bool(readers), readers == ["*"]]


def test_what_is_above_and_was_not_seen_leaves_it_open() -> None:
    row = only(key(mode=0o644))
    assert (row["others_read"], row["readers"]) == (None, None)
    assert only(key(mode=0o600))["readers"] == []


def test_whose_key_it_is() -> None:
    config = [
        *config_records(b"/home/bob/.ssh/config", b"IdentityFile /srv/key\n"),
        *config_records(b"/etc/ssh/ssh_config", b"IdentityFile ~/keys/key\nIdentityFile /other/key\n"),
    ]
    paths = [
        "/home/alice/.ssh/id",
        "/home/bob/.ssh/old/er/id",
        "/home/bob/ssh/id",
        "/.ssh/id",
        "/srv/key",
        "/home/bob/keys/key",
        "/other/key",
    ]
    found = facts(*[key(path) for path in paths], *above(CLOSED), *config)
    assert [(row["path"], row["user_name"]) for row in found.rows] == [
        ("/.ssh/id", "bare"),
        ("/home/alice/.ssh/id", "alice"),
        ("/home/alice/.ssh/id", "twin"),
        ("/home/bob/.ssh/old/er/id", "bob"),
        ("/home/bob/keys/key", "bob"),
        ("/home/bob/ssh/id", None),
        ("/other/key", None),
        ("/srv/key", "bob"),
    ]


def test_the_owner_may_be_another_or_nobody() -> None:
    assert only(key(uid=0), *above(CLOSED))["owner"] == "root"
    assert only(key(uid=4242), *above(CLOSED))["owner"] is None


def test_what_is_closed_or_broken_is_a_problem() -> None:
    found = facts(b"! /root/.ssh", b"?", key(), *above(CLOSED))
    assert [(problem.status, problem.reason) for problem in found.problems[""]] == [
        (Status.DENIED, "/root/.ssh: permission denied"),
        (Status.FAILED, "ssh_files: a record of the listing does not parse"),
    ]
    assert len(found.rows) == 2
    unknown = facts(b"k ? ? ? pem ? -\t/home/alice/.ssh/id\t")
    assert [problem.reason for problem in unknown.problems[""]] == ["ssh_files: files changed while they were listed"]
    assert {row["readers"] for row in unknown.rows} == {None}
    large = facts(b"> /home/bob/.ssh/config").problems[""]
    assert [problem.reason for problem in large] == ["/home/bob/.ssh/config: the configuration is too large to be read"]
    for lost in ("ssh_files", "passwd", "group"):
        sections = {"passwd": {"/etc/passwd": PASSWD}, "group": {"/etc/group": GROUP}, "ssh_files": ""}
        assert derive(TABLE, evidence(**(sections | {lost: Status.DENIED}))).problems[""]  # type: ignore[arg-type]
    assert derive(TABLE, evidence(**sections)).problems[""] == []  # type: ignore[arg-type]


@given(st.binary(max_size=200), st.sampled_from([b"", b"k 600 0 0 openssh no ssh:", b"k 600 0 0 pem no rsa:", b"d "]))
def test_any_bytes_parse_without_raising(raw: bytes, lead: bytes) -> None:
    files = {"passwd": {"/etc/passwd": PASSWD}, "group": {"/etc/group": GROUP}}
    for record in (lead + raw, lead + raw.hex().encode() + b"\t/home/alice/.ssh/id\t" + raw):
        derive(TABLE, evidence(ssh_files=record, **files))  # type: ignore[arg-type]
