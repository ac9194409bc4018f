"""The mounts table."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.carriers.root import rewrite
from secops.hosts.evidence import Status
from secops.hosts.tables import Facts
from secops.hosts.tables.mounts import FSTAB, MOUNTINFO, TABLE
from tests.hosts.evidence_kit import derive, evidence
from tests.hosts.tables.live_kit import Shell, collect

OPENEULER = r"""1 1 0:1 / / rw - rootfs rootfs rw
22 28 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:14 - proc proc rw,hidepid=2
28 1 253:0 / / rw,relatime shared:1 - xfs /dev/mapper/openeuler-root rw,attr2,inode64
30 28 8:1 / /boot ro,relatime shared:29 - ext4 /dev/sda1 rw
31 22 0:30 / /proc/sys/fs/binfmt_misc rw,relatime shared:20 - autofs systemd-1 rw,fd=29
32 31 0:31 / /proc/sys/fs/binfmt_misc rw,nosuid,nodev,noexec,relatime shared:21 - binfmt_misc binfmt_misc rw
33 28 0:40 / /srv/share\040of\011all rw,nosuid,relatime master:2 propagate_from:3 - nfs4 nas:/v\134ol rw,vers=4.2
34 28 0:41 / /tmp rw,nosuid,nodev - tmpfs  rw,size=4k
35 28 8:2 / /frozen rw,relatime - ext4 /dev/sdb1 ro
"""
FSTAB_TEXT = r"""# /etc/fstab
UUID=1-2  /      xfs   defaults 0 0
/dev/sda1 /boot/ ext4  ro,nodev 1 2
nas:/vol  /srv/share\040of\011all nfs4 nosuid,_netdev
/dev/sdc1 /media auto  noauto,user,exec
//nas/x   /data  cifs  username=u,password=hunter2,ro,rw
/dev/sdd  none   swap  sw 0 0
tmpfs     /tmp   tmpfs
"""


def live(mountinfo: bytes | str | Status = OPENEULER, fstab: bytes | str = FSTAB_TEXT) -> Facts:
    info = mountinfo if isinstance(mountinfo, Status) else {"/proc/self/mountinfo": mountinfo}
    return derive(TABLE, evidence(mountinfo=info, fstab={"/etc/fstab": fstab}))


def image(fstab: bytes | str) -> Facts:
    return derive(TABLE, evidence(carrier="root", fstab={"/etc/fstab": fstab}))


def test_a_live_host_has_a_row_for_each_mount_that_can_be_reached() -> None:
    facts = live()
    assert facts.problems == {"": [], "running": []}
    rows = {row["mount_point"]: row for row in facts.rows}
    assert len(rows) == len(facts.rows) == 7
    assert rows["/"] | {"options": []} == {
        "mount_point": "/", "device": "/dev/mapper/openeuler-root", "fs_type": "xfs", "options": [],
        "nosuid": False, "nodev": False, "noexec": False, "read_only": False, "configured": True,
        "source": "mountinfo", "line": 2, "is_network": False, "is_pseudo": False,
    }  # fmt: skip
    assert rows["/"]["options"] == ["rw", "relatime", "attr2", "inode64"]
    assert rows["/proc/sys/fs/binfmt_misc"]["fs_type"] == "binfmt_misc"
    assert (rows["/proc"]["is_pseudo"], rows["/proc"]["noexec"], rows["/proc"]["configured"]) == (True, True, False)
    assert (rows["/tmp"]["device"], rows["/tmp"]["is_pseudo"], rows["/tmp"]["nosuid"]) == ("", False, True)


def test_octal_escapes_are_undone_and_meet_the_entry_of_fstab() -> None:
    row = next(row for row in live().rows if row["fs_type"] == "nfs4")
    assert (row["mount_point"], row["device"]) == ("/srv/share of\tall", "nas:/v\\ol")
    assert (row["is_network"], row["nosuid"], row["configured"], row["line"]) == (True, True, True, 4)


def test_read_only_holds_for_the_mount_or_its_file_system() -> None:
    rows = {row["mount_point"]: row for row in live().rows}
    assert rows["/boot"]["read_only"] is rows["/frozen"]["read_only"] is True
    assert "rw" not in rows["/boot"]["options"] + rows["/frozen"]["options"]


@pytest.mark.parametrize("content", [Status.FAILED, Status.ABSENT, ""])
def test_a_live_host_without_mountinfo_is_never_whole(content: str | Status) -> None:
    facts = live(content)
    assert (list(facts.rows), bool(facts.problems[""]), bool(facts.problems["running"])) == ([], True, True)


def test_an_image_has_what_fstab_would_mount_and_nothing_running() -> None:
    facts = image(FSTAB_TEXT)
    assert facts.problems[""] == []
    assert facts.problems["running"]
    rows = {row["mount_point"]: row for row in facts.rows}
    assert list(rows) == ["/", "/boot", "/srv/share of\tall", "/media", "/data", "/tmp"]
    assert {row["source"] for row in facts.rows} == {"fstab"}
    assert (rows["/media"]["nosuid"], rows["/media"]["nodev"], rows["/media"]["noexec"]) == (True, True, False)
    assert (rows["/data"]["read_only"], rows["/data"]["is_network"], rows["/boot"]["read_only"]) == (False, True, True)
    assert rows["/tmp"]["options"] == ["defaults"]


def test_an_image_without_fstab_is_not_known_rather_than_clean() -> None:
    facts = derive(TABLE, evidence(carrier="root"))
    assert facts.problems[""][0].reason == "no /etc/fstab: what a start would mount is not known"


def test_malformed_lines_are_told() -> None:
    assert live(OPENEULER + "36 28 0:3 / /x rw\n").problems[""][0].reason == "/proc/self/mountinfo:10 is not a mount"
    assert image("/dev/sda1 /\n").problems[""][0].reason == "/etc/fstab:1 is not an entry"


def test_passwords_get_into_no_row_and_do_not_leave_the_host() -> None:
    options = "user=u,password=hunter2,pass=hunter2,secret=hunter2,key=passphrase:passphrase_passwd=hunter2,ro"
    line = f"curlftpfs#ftp://ops:hunter2@nas/x /x fuse {options} 0 0\n"
    assert "hunter2" not in repr(image(line).rows)
    assert "hunter2" not in repr(live(f"9 1 0:3 / /x rw - fuse ftp://ops:hunter2@nas/ rw,{options}\n").rows)
    (row,) = image("//nas/x /x cifs rw,password=hunter2,ro\n").rows
    assert row["options"] == ["rw", "password=(hidden)", "ro"]
    sent = rewrite(FSTAB_TEXT.encode() + b"a /b cifs\tpassword=two\ttimes\n", FSTAB.rewrite)
    assert (b"hunter2" in sent, b"two" in sent, sent.count(b"\n")) == (False, False, FSTAB_TEXT.count("\n") + 1)


def test_this_machine_has_a_root_file_system() -> None:
    facts = derive(TABLE, collect(MOUNTINFO, FSTAB, shell=Shell("sh", ("sh",))))
    assert facts.problems[""] == []
    assert "/" in {row["mount_point"] for row in facts.rows}


def test_long_hostile_lines_stay_linear() -> None:
    start = time.process_time()
    for line in ("1 1 0:1 / / rw - x y " + "a=:" * 300_000, "/:" * 400_000 + "@ " * 9, ",pass=" * 150_000):
        live(line, line)
        image(line)
        rewrite(line.encode(), FSTAB.rewrite)
    assert time.process_time() - start < 5


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_any_bytes_parse_without_raising(info: bytes, fstab: bytes) -> None:
    live(info, fstab)
    live(b"7 1 0:1 / / rw " + info + b" - " + fstab, fstab)
    image(fstab)
