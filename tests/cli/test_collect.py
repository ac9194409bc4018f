"""`citywall collect` as a user runs it."""

from __future__ import annotations

import gzip
import hashlib
import os
import signal
import stat
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from secops.core.errors import Exit
from secops.hosts.carriers.bundle import Bundle
from secops.hosts.collector import COLLECTOR, digest, sudoers
from secops.hosts.evidence import Status
from secops.hosts.manifest import manifest
from secops.hosts.script import generate
from tests.hosts.carriers.kit import Wire
from tests.testroot import TestHost


def citywall(*arguments: str | Path, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "secops", "collect", *map(str, arguments)]
    env = {"PATH": path, "LANG": "C.UTF-8", "HOME": os.environ.get("HOME", "/")}
    return subprocess.run(command, capture_output=True, text=True, env=env, check=False, timeout=300)


@pytest.fixture
def wire(test_host: TestHost, tmp_path: Path) -> Wire:
    return Wire.lay(test_host, tmp_path)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    path = tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-subj", "/CN=operator", "-days", "2",
         "-keyout", tmp_path / "key.pem", "-out", path], check=True, capture_output=True,
    )  # fmt: skip
    return path


def test_a_host_goes_into_a_bundle_of_its_owner_only(wire: Wire, tmp_path: Path) -> None:
    bundle = tmp_path / "host.bundle"
    done = citywall("--ssh", "testhost", "--ssh-config", wire.config, "-o", bundle)
    assert (done.returncode, done.stdout) == (Exit.CLEAN, "")
    assert "sections seen whole, as user 1000" in done.stderr
    assert "/etc/shadow: permission denied" in done.stderr
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600
    seen = Bundle(bundle).collect()
    assert (seen.carrier, seen.uid, seen["passwd"].status) == ("bundle", 1000, Status.OK)
    assert seen["shadow"].status is Status.DENIED


def test_a_bundle_of_root_holds_no_hash(wire: Wire, tmp_path: Path) -> None:
    wire.host.write("/etc/sudoers.d/ops", "ops ALL=(ALL) NOPASSWD: ALL\n", 0o440)
    bundle = tmp_path / "host.bundle"
    assert citywall("--ssh", "testhost", "--sudo", "--ssh-config", wire.config, "-o", bundle).returncode == Exit.CLEAN
    hashed = wire.host.at("/etc/shadow").read_text().split("\nops:")[1].split(":")[0].encode()
    evidence = Bundle(bundle).collect()
    assert hashed.startswith(b"$")
    assert not any(hashed[4:] in item.data for section in evidence.sections.values() for item in section.items)


def test_several_hosts_go_into_a_folder_and_one_may_fail(wire: Wire, root_copy: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bundles"
    done = citywall("--ssh", "testhost", "--ssh", "a" * 64 + ".invalid", "--ssh-config", wire.config,
                    "--root", root_copy, "-o", folder)  # fmt: skip
    assert done.returncode == Exit.INCOMPLETE
    assert "not seen" in done.stderr
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 2
    assert "testhost.bundle" in names
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_hashes_travel_sealed(wire: Wire, certificate: Path, tmp_path: Path) -> None:
    wire.host.write("/etc/sudoers.d/ops", "ops ALL=(ALL) NOPASSWD: ALL\n", 0o440)
    bundle = tmp_path / "host.bundle"
    options = ("--ssh", "testhost", "--ssh-config", wire.config, "--seal-to", certificate, "-o", bundle)
    assert citywall(*options, "--sudo").returncode == Exit.CLEAN
    opened = Bundle(bundle, key=tmp_path / "key.pem").collect()["shadow_hashes"]
    assert opened.only.data == wire.host.at("/etc/shadow").read_bytes()
    closed = Bundle(bundle).collect()["shadow_hashes"]
    assert (closed.status, closed.items) == (Status.DENIED, ())
    assert "--key" in closed.reason

    done = citywall(*options)
    assert done.returncode == Exit.INCOMPLETE, "the hashes that were asked for are not there"
    assert "shadow_hashes" in done.stderr


def test_the_printed_script_makes_a_bundle_by_hand(test_host: TestHost, tmp_path: Path) -> None:
    printed = citywall("--print-script")
    assert printed.returncode == Exit.CLEAN
    assert printed.stdout == generate(manifest())
    assert "sh citywall-collect.sh" in printed.stdout
    test_host.write("/root/citywall-collect.sh", printed.stdout)
    made = test_host.run(["sh", "-c", "cd /root; sh citywall-collect.sh >a.bundle; gzip -k a.bundle"])
    assert (made.returncode, made.stdout, made.stderr) == (0, b"", b"")
    for name in ("a.bundle", "a.bundle.gz"):
        seen = Bundle(test_host.at(f"/root/{name}")).collect()
        assert (seen.carrier, seen.uid, seen["shadow"].status) == ("bundle", 0, Status.OK)


def test_the_script_holds_the_certificate_but_only_when_asked(certificate: Path, tmp_path: Path) -> None:
    written = tmp_path / "script.sh"
    assert citywall("--print-script", "--seal-to", certificate, "-o", written).returncode == Exit.CLEAN
    assert "BEGIN CERTIFICATE" in written.read_text()
    assert "BEGIN CERTIFICATE" not in citywall("--print-script").stdout
    assert citywall("--print-script", "--seal-to", tmp_path / "key.pem").returncode == Exit.USAGE


@pytest.mark.parametrize("who", ["ops", "%ops"])
def test_the_printed_sudoers_is_accepted_and_works(test_host: TestHost, who: str) -> None:
    script, rule = citywall("--print-script").stdout, citywall("--print-sudoers", "--for", who).stdout
    assert hashlib.sha256(script.encode()).hexdigest() in rule
    assert f'command="sudo -n {COLLECTOR}",restrict' in rule
    test_host.write("/root/citywall.sudoers", rule, 0o440)
    checked = test_host.run(["visudo", "-c", "-f", "/root/citywall.sudoers"])
    assert checked.stdout == b"/root/citywall.sudoers: parsed OK\n", checked.stderr
    test_host.write("/etc/sudoers.d/citywall", rule, 0o440)
    test_host.write(COLLECTOR, script, 0o755)
    as_ops = ["setpriv", "--reuid=ops", "--regid=ops", "--init-groups", "sudo", "-n"]
    assert test_host.run([*as_ops, COLLECTOR]).stdout.startswith(b"CITYWALL-EVIDENCE 1 ")
    for other in ([COLLECTOR, "x"], ["sh"], ["cat", "/etc/shadow"], ["-u", "daemon", COLLECTOR]):
        assert test_host.run([*as_ops, *other]).returncode != 0
    test_host.write(COLLECTOR, script + "\n", 0o755)
    assert b"a password is required" in test_host.run([*as_ops, COLLECTOR]).stderr


@pytest.mark.parametrize(
    "who", ["", "ALL", "OPERATORS", "ops ALL=(ALL) NOPASSWD: ALL #", "ops\nroot", "%", "#0", "!ops", "ops,root", "+net"]
)
def test_a_name_that_would_mean_more_in_sudoers_is_refused(who: str) -> None:
    done = citywall("--print-sudoers", "--for", who)
    assert (done.returncode, done.stdout) == (Exit.USAGE, "")


def test_the_digest_is_the_one_that_sha256sum_gives() -> None:
    script = generate(manifest())
    command = subprocess.run(["sha256sum"], input=script.encode(), capture_output=True, check=True)
    assert command.stdout.split()[0].decode() == digest(script)
    assert f'sha256:{digest(script)} {COLLECTOR} ""' in sudoers(script, "ops")


@pytest.mark.parametrize(
    "arguments",
    [
        (), ("--sudo", "-o", "x"), ("--ssh", "a", "--sudo", "--collector", "-o", "x"), ("--ssh", "-oX=y", "-o", "x"),
        ("--print-script", "--print-sudoers"), ("--print-script", "--ssh", "a"), ("-o", "no/such/folder/x"),
        ("--ssh", "a", "--ssh", "a", "-o", "bundles"), ("--root", "/no/such/root", "-o", "x"),
        ("--ssh", "a", "-o", "/dev/null"), ("--ssh", "a", "-o", "/proc/self/exe"), ("--ssh-config", "a", "-o", "x"),
    ],
)  # fmt: skip
def test_wrong_usage_is_told_before_anything_is_asked(arguments: tuple[str, ...], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "secops", "collect", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (Exit.USAGE, "")
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_ends_it_and_the_client_at_once(wire: Wire, tmp_path: Path, sign: signal.Signals) -> None:
    wire.host.write("/usr/sbin/getcap", "#!/bin/sh\nsleep 100\n", 0o755)
    folder = tmp_path / "bundles"
    folder.mkdir()
    command = [sys.executable, "-m", "secops", "collect", "--ssh", "testhost", "--ssh", "ops@testhost",
               "--ssh-config", wire.config, "-o", str(folder)]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 20
        while wire.host.processes().count("(sleep)") < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(sign)
        assert process.wait(timeout=10) == 128 + sign
    assert list(folder.iterdir()) == []
    assert not [line for line in _command_lines() if wire.config.encode() in line]


def _command_lines() -> list[bytes]:
    """Those of all processes of this machine."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            found.append(path.read_bytes())
    return found


def test_an_image_cannot_be_sealed(certificate: Path, tmp_path: Path) -> None:
    assert citywall("--root", "/", "--seal-to", certificate, "-o", tmp_path / "x").returncode == Exit.USAGE


def test_a_machine_without_an_ssh_client(tmp_path: Path) -> None:
    done = citywall("--ssh", "web1", "-o", tmp_path / "x", path=str(tmp_path))
    assert done.returncode == Exit.INCOMPLETE
    assert "the ssh client is not installed" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_is_replaced_whole_or_not_at_all(root_copy: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "image.bundle"
    bundle.write_bytes(b"old")
    assert citywall("--root", root_copy / "no", "-o", bundle).returncode == Exit.USAGE
    assert bundle.read_bytes() == b"old"
    assert citywall("--root", root_copy, "-o", bundle).returncode == Exit.CLEAN
    assert gzip.decompress(bundle.read_bytes()).startswith(b"CITYWALL-EVIDENCE 1 ")
    assert [path.name for path in tmp_path.iterdir()] == ["image.bundle"]
