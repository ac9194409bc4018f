"""Access control lists, as getfacl prints them, as the kernel keeps them, and as it obeys them."""

from __future__ import annotations

import os
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.acl import ACLS_SH, ATTRIBUTE, Acl, from_getfacl, from_mode, to_getfacl
from secops.hosts.listing import records
from tests.testroot import OPS, TestHost

#: Arguments of setfacl after `chown root:ops; chmod 640`, and what ops, who is in the group 2000 too, may do then.
LISTS = {
    "-m u:1000:rw": 6,
    "-m u:1000:rwx,m::r": 4,
    "-m u:1000:---": 0,
    "-m g:2000:w": 6,
    "-m g:2000:-,g::-": 0,
    "-m u:33:rwx": 4,
    "-m o::rwx": 4,
    "-m g::-,o::rwx": 0,
}


def bits(host: TestHost, path: str) -> int:
    """What ops really may do."""
    asked = "; ".join(f"[ -{letter} {path} ] && echo {bit}" for letter, bit in (("r", 4), ("w", 2), ("x", 1)))
    user = ["setpriv", f"--reuid={OPS}", f"--regid={OPS}", "--groups=2000"]
    return sum(map(int, host.run([*user, "sh", "-c", f"{asked}; :"], check=True).stdout.split()))


def test_lists_are_obeyed_as_the_kernel_does(test_host: TestHost) -> None:
    for number, change in enumerate(LISTS):
        path = test_host.write(f"/srv/f {number}\\", b"", 0o640)
        os.chown(path, 0, OPS)
        test_host.run(["setfacl", *change.split(), f"/srv/f {number}\\"], check=True)
        test_host.at(f"/srv/link{number}").symlink_to(f"f {number}\\")
    paths = [f"/srv/f {number}\\" for number in range(len(LISTS))]
    printed = from_getfacl(test_host.run(["getfacl", "-psn", *paths], check=True).stdout)
    assert sorted(printed) == sorted(set(paths) - {"/srv/f 6\\", "/srv/f 7\\"}), "a mode alone is no list"
    for number, (change, wanted) in enumerate(LISTS.items()):
        path = paths[number]
        inside = test_host.at(path)
        acl = printed.get(path) or from_mode(inside.stat().st_mode)
        assert acl.allows(OPS, {OPS, 2000}, 0, OPS) == bits(test_host, f"/srv/link{number}") == wanted, change
        if path in printed:
            kept = to_getfacl(os.fsencode(path), os.getxattr(inside, ATTRIBUTE))
            assert from_getfacl(kept) == {path: printed[path]}


@pytest.mark.parametrize(("shell", "knows"), [("dash", True), ("bash", True), ("busybox sh", False)])
def test_without_getfacl_it_is_told_who_may_have_a_list(test_host: TestHost, shell: str, knows: bool) -> None:
    for name in ("with", "without"):
        test_host.write(f"/srv/{name}", b"", 0o640)
    test_host.run(["setfacl", "-m", "u:1000:r", "/srv/with"], check=True)
    asked = [*shell.split(), "-c", f"{ACLS_SH}acls /srv/with /srv/without"]
    tags = {b"ACL": 1, b"NOACL": 1}
    told = list(records(test_host.run(asked).stdout, tags))
    assert [tag for tag, _ in told] == [b"ACL"]
    assert list(from_getfacl(told[0][1][0])) == ["/srv/with"]
    test_host.at("/usr/bin/getfacl").unlink()
    wanted = [[b"/srv/with"]] if knows else [[b"/srv/with"], [b"/srv/without"]]
    assert [fields for _, fields in records(test_host.run(asked).stdout, tags)] == wanted


def test_the_owner_has_what_the_owner_is_given() -> None:
    assert Acl(owner=0, other=7).allows(5, {5}, 5, 6) == 0


@given(st.binary(max_size=120))
def test_any_output_is_read(raw: bytes) -> None:
    from_getfacl(b"# file: /x\n" + raw)


@given(st.binary(max_size=80), st.binary(max_size=20))
def test_any_attribute_is_read(raw: bytes, path: bytes) -> None:
    to_getfacl(path, raw)
    entries = struct.pack("<I", 2) + raw
    assert len(from_getfacl(to_getfacl(b"/" + path, entries))) == 1
