"""The walk on btrfs, where every subvolume has a device of its own: mounted or not, each is walked, and once."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from secops.hosts.carriers.root import Root
from secops.hosts.evidence import Status
from secops.hosts.tables import derive, special_files
from secops.hosts.walk import MAX_SUBVOLUMES, WALK_SH
from tests import testroot
from tests.hosts.evidence_kit import evidence

#: Subvolumes of the disk; `@` becomes the root, `@home` its /home, the others are mounted nowhere.
SUBVOLUMES = (
    "@", "@home", "@/srv", "@/srv/ne\nsted", "@/.snapshots", "@/var", "@home/ops/own", "@/.snapshots/1/snapshot",
    "@/var/lib/docker/btrfs/subvolumes",
)  # fmt: skip

WALKED = {
    "/a", "/srv/b", "/srv/ne\nsted/c", "/.snapshots/d", "/var/e", "/home/f", "/home/ops/g", "/home/ops/own/h",
}  # fmt: skip
PASSED_OVER = {"/.snapshots/1/snapshot/i", "/var/lib/docker/btrfs/subvolumes/j"}


def obstacle() -> str:
    if missing := [tool for tool in ("mkfs.btrfs", "btrfs") if not shutil.which(tool)]:
        return f"not installed: {', '.join(missing)}"
    if "\tbtrfs\n" not in Path("/proc/filesystems").read_text():
        return "this kernel has no btrfs"
    return testroot.obstacle()


def run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True)


def subvolume(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    run("btrfs", "subvolume", "create", path)


def suid(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    path.chmod(0o4755)


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A root on a subvolume, with a home on another and the test root's /usr."""
    if why := obstacle():
        pytest.skip(why)
    usr = testroot.base() / "usr"
    testroot.own_mounts()
    disk, top, root = tmp_path / "disk", tmp_path / "top", tmp_path / "root"
    with disk.open("wb") as file:
        file.truncate(256 << 20)
    run("mkfs.btrfs", "-q", disk)
    for folder in (top, root):
        folder.mkdir()
    run("mount", "-o", "loop", disk, top)
    device = next(line.split()[0] for line in Path("/proc/mounts").read_text().splitlines() if f" {top} " in line)
    try:
        for name in SUBVOLUMES:
            subvolume(top / name)
        for folder in ("usr", "home", "etc", "dev", "proc", "same"):
            (top / "@" / folder).mkdir()
        for link in ("bin", "lib", "lib64"):
            (top / "@" / link).symlink_to(f"usr/{link}")
        (top / "@/etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
        (top / "@/etc/group").write_text("root:x:0:\n")
        run("mount", "-o", "subvol=@", device, root)
        run("mount", "-o", "subvol=@home", device, root / "home")
        run("mount", "--bind", usr, root / "usr")
        for folder in ("dev", "proc"):
            run("mount", "--bind", f"/{folder}", root / folder)
        run("mount", "--bind", root / "home/ops", root / "same")
        for path in WALKED | PASSED_OVER:
            suid(root / path[1:])
        yield root
    finally:
        for place in (root / "same", root / "proc", root / "dev", root / "usr", root / "home", root, top):
            subprocess.run(["umount", "--lazy", place], check=False, capture_output=True)


def walk(root: Path, *shell: str, gnu: str) -> bytes:
    env = {"PATH": "/usr/sbin:/usr/bin", "LC_ALL": "C", "gnu": gnu}
    return subprocess.run(["chroot", root, *shell, "-c", WALK_SH], env=env, check=True, capture_output=True).stdout


def planted(records: bytes) -> list[str]:
    """The planted files among the records, sorted; those of /usr, a file system of its own, are left out."""
    facts = derive(special_files.TABLE, evidence(walk=records))
    assert facts.problems[""] == []
    assert records.count(b"\0/srv/b\0\0\0") == 1
    return sorted(row["path"] for row in facts.rows if row["setuid"] and not row["path"].startswith("/usr/"))


def test_every_subvolume_is_walked(root: Path) -> None:
    assert planted(walk(root, "sh", gnu="1")) == sorted(WALKED)


def test_every_subvolume_is_walked_with_the_tools_of_busybox(root: Path) -> None:
    assert set(planted(walk(root, "busybox", "sh", gnu=""))) - {"/same/g", "/same/own/h"} == WALKED


def test_every_subvolume_of_an_image_is_walked(root: Path) -> None:
    facts = derive(special_files.TABLE, Root(str(root)).collect())
    paths = {row["path"] for row in facts.rows if row["setuid"] and not row["path"].startswith("/usr/")}
    assert paths - {"/same/g", "/same/own/h"} == WALKED


def test_more_subvolumes_than_are_walked_are_told(root: Path) -> None:
    for number in range(MAX_SUBVOLUMES):
        subvolume(root / f"many/{number}")
    facts = derive(special_files.TABLE, evidence(walk=walk(root, "sh", gnu="1")))
    (problem,) = facts.problems[""]
    assert problem.status is Status.DENIED
    assert f"more than {MAX_SUBVOLUMES} subvolumes" in problem.reason
