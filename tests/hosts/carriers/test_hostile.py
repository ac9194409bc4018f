"""Hosts and images that lie in wait: what they plant is content, or a section that was not seen whole."""

from __future__ import annotations

import os
import signal
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from secops.core.errors import IncompleteError
from secops.hosts.bundle_format import encode
from secops.hosts.carriers import process
from secops.hosts.carriers.root import Root
from secops.hosts.evidence import Evidence, Status, decode
from secops.hosts.manifest import manifest
from secops.hosts.script import generate
from secops.hosts.tables import derive, special_files
from tests.hosts.evidence_kit import evidence
from tests.testroot import OPS, TestHost

KEYS = "home/ops/.ssh/authorized_keys"
DROP_INS = "etc/ssh/sshd_config.d"

#: Seconds: a collection takes one or two, on a busy machine ten; what is read to its end takes minutes, or for ever.
SOON = 45

Collect = Callable[[TestHost], Evidence]


def live(host: TestHost) -> Evidence:
    answer = host.run(["sh"], generate(manifest()).encode())
    return decode(answer.stdout, manifest(), carrier="local", label="test")


def image(host: TestHost) -> Evidence:
    return Root(str(host.root)).collect()


both = pytest.mark.parametrize("collect", [live, image])


@both
def test_forged_sections_in_a_file_stay_its_content(test_host: TestHost, collect: Collect) -> None:
    forged = encode(evidence(passwd={"/etc/passwd": "evil:x:0:0::/:/bin/sh\n"}))
    nonce = forged.split()[2]
    content = b"text\n\0" + forged + b"\n\0" + nonce + b":0\n" + forged.replace(b"base64\n", b"hex\n")
    test_host.write(f"{DROP_INS}/forged.conf", content)
    seen = collect(test_host)
    (item,) = [item for item in seen["sshd_config"].items if item.path.endswith("forged.conf")]
    assert (item.status, item.data) == (Status.OK, content)
    assert not any(line.startswith("evil:") for line in seen["passwd"].only.lines)
    assert seen["passwd"].status is Status.OK


KNOWN = "0123456789abcdef" * 2


def test_a_file_that_knows_the_nonce_forges_no_other(test_host: TestHost) -> None:
    forged = f"a\n{KNOWN}:0:/etc/ssh/sshd_config.d/other.conf\n\n{KNOWN}:0\nb\n"
    for name in (f"{DROP_INS}/forged.conf", "etc/hostname"):
        test_host.write(name, forged)
    script = generate(manifest()).replace("read -r n </proc/sys/kernel/random/uuid", f"n={KNOWN} #")
    seen = decode(test_host.run(["sh"], script.encode()).stdout, manifest(), carrier="local", label="test")
    assert [item.text for item in seen["sshd_config"].items if item.path.startswith(f"/{DROP_INS}")] == [forged]
    assert seen["hostname"].only.text == forged
    assert (seen["sshd_config"].status, seen["hostname"].status) == (Status.OK, Status.OK)


def test_no_program_is_started_with_the_nonce(test_host: TestHost) -> None:
    """Every user sees what programs are started with."""
    tools = ["base64", "cat", "cut", "dd", "find", "head", "id", "sed", "sort", "timeout", "tr", "wc", "grep", "awk"]
    for tool in tools:
        path = test_host.at(f"/usr/bin/{tool}")
        path.rename(f"{path}.real")
        shim = f'#!/bin/bash\nprintf "%s " {tool} "$@" >>/started\nexec -a {tool} /usr/bin/{tool}.real "$@"\n'
        test_host.write(f"/usr/bin/{tool}", shim, 0o755)
    test_host.write("/started", "", 0o666)
    test_host.write("/etc/ssh/sshd_config.d/a.conf", "Port 22\n")
    answer = test_host.run(["sh"], generate(manifest()).encode()).stdout
    nonce = answer.split()[2]
    started = test_host.at("/started").read_bytes()
    assert len(nonce) == 32
    assert all(tool.encode() in started for tool in ("base64 ", "head -c", "sed -E", "timeout 5"))
    assert nonce not in started
    assert decode(answer, manifest(), carrier="local", label="test")["sshd_config"].status is Status.OK


@pytest.mark.parametrize("name", [f"{DROP_INS}/grows.conf", "etc/ssh/sshd_config"])
def test_a_file_that_grows_while_it_is_read_is_told_as_cut(test_host: TestHost, name: str) -> None:
    test_host.write(name, "Port 22\n")
    path = test_host.at("/usr/bin/head")
    path.rename(f"{path}.real")
    grow = f'for f do [ "$f" != /{name} ] || truncate -s 2M "$f"; done'
    test_host.write("/usr/bin/head", f'#!/bin/bash\n{grow}\nexec /usr/bin/head.real "$@"\n', 0o755)
    seen = live(test_host)["sshd_config"]
    assert (seen.status, seen.reason) == (Status.TRUNCATED, f"/{name}: larger than 1048576 bytes")


@both
@pytest.mark.parametrize(("more", "status"), [(0, Status.OK), (1, Status.TRUNCATED)])
def test_a_file_of_the_limit_is_whole_and_a_byte_more_is_cut(
    test_host: TestHost, collect: Collect, more: int, status: Status
) -> None:
    test_host.write("etc/ssh/sshd_config", "#\n" * (1 << 19) + "\n" * more)
    assert collect(test_host)["sshd_config"].status is status


@pytest.mark.parametrize("name", ["passwd", "group"])
def test_a_walk_without_known_ids_says_so(test_host: TestHost, name: str) -> None:
    test_host.write(f"/etc/{name}", "odd\n")
    seen = live(test_host)["walk"]
    assert (seen.status, seen.reason) == (Status.FAILED, "/etc/passwd or /etc/group names no id")


def test_a_walk_in_a_chroot_says_so(test_host: TestHost) -> None:
    """The kernel names only mounts below the root of who asks. One of them does not stand for all."""
    script = "mkdir /jail /jail/proc /jail/dev /jail/tmp; cp -a /bin /lib* /usr /etc /jail"
    test_host.run(["sh", "-c", f"{script}; mknod /jail/dev/null c 1 3; mount -t proc proc /jail/proc"], check=True)
    try:
        for mount in ("true", "mount -t tmpfs none /jail/tmp"):
            test_host.run(["sh", "-c", mount], check=True)
            answer = test_host.run(["chroot", "/jail", "sh"], generate(manifest()).encode())
            seen = decode(answer.stdout, manifest(), carrier="local", label="test")["walk"]
            wanted = "/proc/self/mountinfo does not name the root file system (chroot?)"
            assert (seen.status, seen.reason) == (Status.FAILED, wanted)
    finally:
        test_host.run(["sh", "-c", "umount -l /jail/tmp /jail/proc"])


@both
def test_a_file_that_the_shell_would_run_is_only_read(test_host: TestHost, collect: Collect) -> None:
    names = ["$(touch owned)", "`touch owned`", ";touch owned;", "-exec", "two\nlines", "%s%n", "back\\0slash", "*"]
    for name in names:
        test_host.at(DROP_INS).joinpath(name).write_text("Port 22\n")
    seen = collect(test_host)
    found = {item.path for item in seen["sshd_config"].items}
    assert {f"/{DROP_INS}/{name}" for name in names} <= found
    assert not list(test_host.root.glob("**/owned"))


@both
def test_a_home_named_with_wildcards_is_that_home(test_host: TestHost, collect: Collect) -> None:
    home = test_host.at("/home/[o]ps")
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh/authorized_keys").write_text("ssh-ed25519 AAAAodd odd\n")
    with test_host.at("/etc/passwd").open("a") as passwd:
        passwd.write("odd:x:1001:1001::/home/[o]ps:/bin/sh\nbad:x:1002:1002::/home/$(touch owned):/bin/sh\n")
    paths = [item.path for item in collect(test_host)["authorized_keys"].items]
    assert paths == ["/home/[o]ps/.ssh/authorized_keys"]
    assert not list(test_host.root.glob("**/owned"))


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))  # /dev/zero


def _directory(path: Path) -> None:
    path.mkdir()


def _link_to_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@both
@pytest.mark.parametrize("make", [_fifo, _device, _directory, _link_to_device])
def test_what_is_no_regular_file_is_not_read(
    test_host: TestHost, collect: Collect, make: Callable[[Path], None]
) -> None:
    make(test_host.at(KEYS))
    started = time.monotonic()
    seen = collect(test_host)["authorized_keys"]
    assert time.monotonic() - started < SOON
    assert (seen.status, seen.reason) == (Status.FAILED, f"/{KEYS}: not a regular file")


@both
def test_a_directory_that_a_wildcard_meets_is_passed_over(test_host: TestHost, collect: Collect) -> None:
    test_host.at(f"/{DROP_INS}/folder.conf").mkdir()
    test_host.at(f"/{DROP_INS}/link.conf").symlink_to("/etc")
    seen = collect(test_host)["sshd_config"]
    assert seen.status is Status.OK
    assert [item.path for item in seen.items if item.path.startswith(f"/{DROP_INS}")] == []


@both
@pytest.mark.parametrize("name", ["home/ops/.ssh/authorized_keys", "etc/ssh/sshd_config"])
def test_a_huge_sparse_file_is_cut_at_once(test_host: TestHost, collect: Collect, name: str) -> None:
    path = test_host.write(name, "Port 22\n", owner=OPS)
    os.truncate(path, 8 << 30)
    section = "authorized_keys" if name.startswith("home") else "sshd_config"
    started = time.monotonic()
    seen = collect(test_host)[section]
    assert time.monotonic() - started < SOON
    assert seen.status is Status.TRUNCATED
    assert max(len(item.data) for item in seen.items) <= 1 << 20


@both
def test_a_huge_passwd_is_cut_at_once_and_told_wherever_homes_are_asked(test_host: TestHost, collect: Collect) -> None:
    os.truncate(test_host.at("/etc/passwd"), 2 << 30)
    started = time.monotonic()
    seen = collect(test_host)
    assert time.monotonic() - started < SOON
    assert seen["passwd"].status is seen["authorized_keys"].status is Status.TRUNCATED
    assert seen["authorized_keys"].reason.startswith("/etc/passwd: larger than")
    facts = derive(special_files.TABLE, seen)
    assert facts.problems["unowned"]
    assert "/usr/bin/su" in {row["path"] for row in facts.rows}


@both
def test_a_huge_group_leaves_ownership_open(test_host: TestHost, collect: Collect) -> None:
    os.truncate(test_host.at("/etc/group"), 2 << 30)
    assert derive(special_files.TABLE, collect(test_host)).problems["unowned"]


@both
def test_loops_of_links_end(test_host: TestHost, collect: Collect) -> None:
    test_host.at(KEYS).symlink_to("authorized_keys")
    folder = test_host.at("/srv/deep")
    folder.mkdir()
    (folder / "loop").symlink_to(".")
    (folder / "up").symlink_to("..")
    (folder / "suid").write_text("")
    (folder / "suid").chmod(0o4755)
    seen = collect(test_host)
    assert not seen["authorized_keys"].files
    rows = derive(special_files.TABLE, seen).rows
    assert [row["path"] for row in rows if row["path"].startswith("/srv")] == ["/srv/deep/suid"]


def test_links_never_lead_out_of_an_image(test_host: TestHost, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("Secret outside\n")
    climb = "../" * 40
    for number, target in enumerate([outside, f"{climb}{outside}", f"/proc/self/root{outside}", "/proc/self/environ"]):
        test_host.at(f"{DROP_INS}/{number}.conf").symlink_to(target)
    test_host.at("/srv/out").symlink_to(tmp_path)
    test_host.at(f"{DROP_INS}/4.conf").symlink_to("/srv/out/outside")
    seen = image(test_host)
    assert not any(b"Secret" in item.data for section in seen.sections.values() for item in section.items)
    # an absolute link means a path inside the image, as it would on the running host
    test_host.write(f"/{DROP_INS}/inside", "Port 2222\n")
    test_host.at(f"{DROP_INS}/5.conf").symlink_to(f"/{DROP_INS}/inside")
    (item,) = [item for item in image(test_host)["sshd_config"].items if item.path.endswith("5.conf")]
    assert item.data == b"Port 2222\n"


def test_the_reading_of_an_image_ends_when_all_is_ended(root_copy: Path) -> None:
    ended: list[BaseException] = []

    def read() -> None:
        try:
            Root(str(root_copy)).collect()
        except IncompleteError as error:
            ended.append(error)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    while not process._reading:
        time.sleep(0.001)
    process.end_all(signal.SIGTERM)
    reader.join(2)
    assert len(ended) == 1
    assert not process._reading
    assert Root(str(root_copy)).collect()["walk"].status is Status.OK  # a later one is its own


def test_an_image_is_not_changed_and_nothing_in_it_runs(root_copy: Path) -> None:
    for tool in ("dash", "find", "dpkg-query", "busybox"):
        (root_copy / "usr/bin" / tool).write_text("#!/bin/sh\ntouch /owned\n")
    before = {path: path.lstat().st_mtime_ns for path in (root_copy / "etc").rglob("*")}
    assert Root(str(root_copy)).collect()["passwd"].status is Status.OK
    assert {path: path.lstat().st_mtime_ns for path in (root_copy / "etc").rglob("*")} == before
    assert not (root_copy / "owned").exists()
