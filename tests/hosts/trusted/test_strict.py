"""What sshd's StrictModes makes of a file of keys, by what was seen of it and of the directories above."""

from __future__ import annotations

from typing import Any

import pytest

from secops.hosts.listing import Entry, record
from secops.hosts.tables.authorized_keys import TABLE
from secops.hosts.trusted.strict import StrictModes, lone_members
from secops.hosts.trusted.tree import Tree
from tests.hosts.evidence_kit import derive, evidence
from tests.hosts.tables.test_authorized_keys import ED25519

HOME, KEYS = "/home/ops", "/home/ops/.ssh/authorized_keys"
OPS, OTHER, TEAM = 1000, 1001, 2000
ALONE = lone_members(
    [("root", 0, 0), ("ops", OPS, OPS), ("li", OTHER, OTHER)], [(TEAM, "ops,li"), (OPS, ""), (3000, "ops,gone")]
)


def entry(path: str, mode: int = 0o755, uid: int = OPS, gid: int = OPS, kind: str = "d", link: str = "") -> Entry:
    return Entry(path=path, kind=kind, mode=mode, uid=uid, gid=gid, size=0, mtime=0, link=link)  # type: ignore[arg-type]


def tree(**changed: Any) -> Tree:
    """The usual directories; `file`, `ssh`, `home` and `above` change the file and those above it."""
    usual = {
        "root": ("/", {"uid": 0}), "above": ("/home", {"uid": 0}), "home": (HOME, {}), "ssh": ("/home/ops/.ssh", {}),
        "file": (KEYS, {"kind": "f", "mode": 0o600}),
    }  # fmt: skip
    seen = {
        name: (path, own | changed.get(name, {}))
        for name, (path, own) in usual.items()
        if name != changed.get("unseen")
    }
    found = [entry(path, **own) for path, own in seen.values()]
    return Tree({one.path: one for one in found})


CASES: dict[str, tuple[dict[str, Any], bool | None]] = {
    "as it is usually": ({}, False),
    "root's": ({"file": {"uid": 0, "mode": 0o644}, "ssh": {"uid": 0}}, False),
    "anyone may write it": ({"file": {"mode": 0o602}}, True),
    "another's": ({"file": {"uid": OTHER}}, True),
    "a directory that anyone may write, sticky or not": ({"ssh": {"mode": 0o1777}}, True),
    "a home of another": ({"home": {"uid": OTHER}}, True),
    "a group of several": ({"home": {"mode": 0o775, "gid": TEAM}}, True),
    "a group of its own": ({"file": {"mode": 0o660}}, None),
    "a group of another's own": ({"file": {"mode": 0o660, "gid": OTHER}}, True),
    "above the home nothing is looked at": ({"above": {"mode": 0o777}}, False),
    "a directory was not seen": ({"unseen": "ssh"}, None),
    "where the file is, is not known then": ({"unseen": "above", "ssh": {"mode": 0o777}}, None),
    "it was not seen": ({"unseen": "file"}, None),
}


@pytest.mark.parametrize("name", CASES)
def test_who_else_may_write(name: str) -> None:
    changed, expected = CASES[name]
    assert StrictModes(tree(**changed), ALONE).refuses(KEYS, HOME, OPS) is expected


def test_outside_of_the_home_all_directories_count() -> None:
    path = "/srv/keys/ops"
    found = {one.path: one for one in (
        entry("/", uid=0), entry("/srv", uid=0), entry("/srv/keys", uid=0), entry(path, 0o644, 0, kind="f"), entry(HOME)
    )}  # fmt: skip
    assert StrictModes(Tree(found), ALONE).refuses(path, HOME, OPS) is False
    found["/srv"] = entry("/srv", 0o777, 0)
    assert StrictModes(Tree(found), ALONE).refuses(path, HOME, OPS) is True


def test_a_link_is_followed_first() -> None:
    found = dict(tree(ssh={"mode": 0o777}).entries)
    found[KEYS] = entry(KEYS, kind="l", link="/srv/ops")
    found |= {one.path: one for one in (entry("/srv", uid=0), entry("/srv/ops", 0o644, 0, kind="f"))}
    assert StrictModes(Tree(found), ALONE).refuses(KEYS, HOME, OPS) is False


@pytest.mark.parametrize(
    ("config", "refused"), [("", True), ("StrictModes no\n", False), ("StrictModes perhaps\n", None)]
)
def test_the_table_says_so_where_sshd_is_strict(config: str, refused: bool | None) -> None:
    listed = b"".join(
        record(path.encode(), (mode, uid, uid, 1, 1))
        for path, mode, uid in (
            ("/", 0o40755, 0), ("/home", 0o40755, 0), (HOME, 0o40777, OPS), (f"{HOME}/.ssh", 0o40700, OPS),
            (KEYS, 0o100600, OPS),
        )
    )  # fmt: skip
    found = derive(TABLE, evidence(
        authorized_keys={KEYS: ED25519 + "\n"}, passwd={"/etc/passwd": f"ops:x:{OPS}:{OPS}::{HOME}:/bin/sh\n"},
        trusted_paths=listed + b"Z\0", sshd_config={"/etc/ssh/sshd_config": config or "Port 22\n"},
    ))  # fmt: skip
    assert [row["refused"] for row in found.rows] == [refused]
