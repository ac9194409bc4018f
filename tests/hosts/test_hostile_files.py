"""Files that are cut, binary, hostile or no files at all, one at a time on a host with faults: a scan ends and says so.

Each variant is collected twice, by the script on the running host and from its image, and all are judged in one scan
each. What cannot be read whole leaves the rules that need it unknown (or failing, where rows prove it) and no other.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from secops.core.errors import Exit
from secops.core.finding import RuleVerdict, Verdict
from secops.core.report import HostReport, Report
from secops.hosts.bundle_format import encode, pack
from secops.hosts.carriers.root import Root
from secops.hosts.evidence import Evidence, decode
from secops.hosts.manifest import manifest
from secops.hosts.script import generate
from secops.hosts.section import Files, Listing
from secops.posture.rule import Rule
from tests import testroot
from tests.posture.test_unseen import plant
from tests.posture.whole import citywall, reported, shipped_rules
from tests.testroot import TestHost

#: The files, and the table that each is for.
TABLES = {
    "/etc/passwd": "users",
    "/etc/group": "groups",
    "/etc/shadow": "shadow_meta",
    "/etc/sudoers": "sudo_rules",
    "/etc/ssh/sshd_config": "sshd_effective",
    "/etc/pam.d/common-auth": "pam_rules",
    "/etc/cron.d/job": "cron_jobs",
    "/etc/os-release": "hosts",
}

#: How each ends when it is cut off in the middle of a line.
CUT = {
    "/etc/passwd": b"\nwww-da",
    "/etc/group": b"\nwww-da",
    "/etc/shadow": b"\nwww-da",
    "/etc/sudoers": b"\nops ALL=(",
    "/etc/ssh/sshd_config": b"\nPermitRootLogin",
    "/etc/pam.d/common-auth": b"\nauth requ",
    "/etc/cron.d/job": b"\n* * *",
    "/etc/os-release": b'\nID="deb',
}

LONG = b"A" * 900_000
BOMB = b"".join(b"User_Alias A%d = A%d, A%d\n" % (n, n - 1, n - 1) for n in range(1, 14))
HOSTILE = {
    "/etc/passwd": b"root:x:0:0::/:/bin/sh\n%s:x:%s:0:\x1b]0;x\x07:/$(touch /owned):\xff\n::::::\n"
    % (LONG, b"9" * 5000),
    "/etc/group": b"root:x:0:\nops:x:%s:root\n%s\n" % (b"9" * 5000, b"a:x:1:" + b"b," * 400_000),
    "/etc/shadow": b"root:%s:%s:::::::\n::::::::\nops:\x00:-1:-1:-1:-1:-1:-1:\n" % (LONG, b"9" * 5000),
    "/etc/sudoers": BOMB + b"A13 ALL = (ALL) NOPASSWD: ALL\n@include /etc/sudoers\n" + b"(" * 100_000 + b"\n",
    "/etc/ssh/sshd_config": b'Include /etc/ssh/sshd_config\nMatch %s\nPermitRootLogin "yes\n' % LONG,
    "/etc/pam.d/common-auth": b"auth include common-auth\n@include ../../../etc/shadow\nauth [%s\n" % LONG,
    "/etc/cron.d/job": b"* * * * * root %s\n%s\n*/0 99 * * nobody :\n@reboot\n" % (LONG, b"* " * 400_000),
    "/etc/os-release": b"ID='%s\nNAME=$(touch /owned)\x00\x1b]0;x\x07\nVERSION_ID=`touch /owned`\n" % LONG,
}

MARK = b"from-outside"
BINARY = bytes(range(256)) * 64
HUGE = 8 << 30

#: What else stands in the place of each file: two kinds, so that every kind meets files that are read as they are and
#: files whose lines are filtered.
SPECIAL = {
    "/etc/passwd": ("loop", "device"),
    "/etc/group": ("fifo", "outside"),
    "/etc/shadow": ("huge", "fifo"),
    "/etc/sudoers": ("outside", "loop"),
    "/etc/ssh/sshd_config": ("device", "outside"),
    "/etc/pam.d/common-auth": ("fifo", "huge"),
    "/etc/cron.d/job": ("loop", "outside"),
    "/etc/os-release": ("huge", "device"),
}

#: What of these the tests of the carriers show for images.
SHOWN = {"huge", "fifo", "device"}

#: Where nothing is lost: cron, too, passes over a link that leads nowhere (of an image a loop is told all the same),
#: and nobody can tell that an os-release without names is not what its author wrote.
NO_LOSS = {
    ("/etc/cron.d/job", "loop", "live"),
    *((("/etc/cron.d/job", "outside", way)) for way in ("live", "image")),
    *(("/etc/os-release", kind, way) for kind in ("cut", "binary", "hostile") for way in ("live", "image")),
}


def _content(content: bytes) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.write_bytes(content)

    return make


def _huge(path: Path) -> None:
    path.touch()
    os.truncate(path, HUGE)


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))  # /dev/zero


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _link_to(target: Path) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.symlink_to(target)

    return make


def variants(old: dict[str, bytes], outside: Path) -> Iterator[tuple[str, str, Callable[[Path], None]]]:
    """(file, kind, what is put in its place)."""
    specials = {"huge": _huge, "fifo": _fifo, "device": _device, "loop": _loop, "outside": _link_to(outside)}
    for name, content in old.items():
        half = content[: content.rindex(b"\n", 0, max(len(content) // 2, content.index(b"\n") + 1))]
        yield name, "cut", _content(half + CUT[name])
        yield name, "binary", _content(BINARY)
        yield name, "hostile", _content(HOSTILE[name])
        for kind in SPECIAL[name]:
            yield name, kind, specials[kind]


@contextmanager
def put(host: TestHost, name: str, make: Callable[[Path], None]) -> Iterator[None]:
    """Something else in the place of a file, with its mode, as long as the block."""
    path = host.at(name)
    aside = path.with_name(f".{path.name}.aside")
    path.rename(aside)
    try:
        make(path)
        if not path.is_symlink():
            path.chmod(stat.S_IMODE(aside.stat().st_mode))
        yield
    finally:
        path.unlink()
        aside.rename(path)


def ask(host: TestHost, whole: Evidence, name: str) -> Evidence:
    """What the script on the running host says now. Only the sections that read the file are asked again."""
    files = [section for section in manifest() if isinstance(section, Files | Listing)]
    wanted = [s for s in files if {name, str(Path(name).with_name("*"))} & {*s.patterns}]
    answer = host.run(["sh"], generate(wanted).encode())
    assert (answer.returncode, answer.stderr) == (0, b"")
    seen = decode(answer.stdout, wanted, carrier="local", label="test")
    return replace(whole, sections={**whole.sections, **seen.sections})


@dataclass
class Fleet:
    """One scan of all variants."""

    done: subprocess.CompletedProcess[str]
    report: Report
    hosts: dict[str, HostReport]
    verdicts: dict[str, dict[str, RuleVerdict]]


def scan(fleet: dict[str, Evidence], folder: Path) -> Fleet:
    """Judge them with the program itself, each under its own name."""
    folder.mkdir()
    lines = []
    for number, (name, evidence) in enumerate(fleet.items()):
        (folder / f"{number}.bundle").write_bytes(pack(encode(evidence)))
        lines.append(f"  - {{name: {json.dumps(name)}, bundle: {number}.bundle}}\n")
    (folder / "hosts.yml").write_text("hosts:\n" + "".join(lines))
    done = citywall(
        folder / "home", "scan", "--inventory", folder / "hosts.yml", "--format", "json", "--min-coverage", "100"
    )
    report = reported(done)
    verdicts: dict[str, dict[str, RuleVerdict]] = {name: {} for name in fleet}
    for verdict in report.verdicts:
        verdicts[verdict.host][verdict.rule] = verdict
    return Fleet(done, report, {host.host: host for host in report.hosts}, verdicts)


@pytest.fixture(scope="module")
def fleets(test_root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Fleet]:
    folder = tmp_path_factory.mktemp("hostile")
    outside = folder / "outside"
    outside.write_bytes(b"root:x:0:0:" + MARK + b":/root:/bin/sh\n")
    with testroot.host() as host:
        plant(host)
        stream = host.run(["sh"], generate(manifest()).encode(), check=True).stdout
        whole = decode(stream, manifest(), carrier="local", label="test")
        live = {"whole": whole}
        image = {"whole": Root(str(host.root)).collect()}
        for name, kind, make in variants({name: host.at(name).read_bytes() for name in TABLES}, outside):
            with put(host, name, make):
                live[f"{name} {kind}"] = ask(host, whole, name)
                if kind not in SHOWN:
                    image[f"{name} {kind}"] = Root(str(host.root)).collect()
        assert not list(host.root.glob("**/owned"))
    for evidence in (*live.values(), *image.values()):
        assert not any(MARK in item.data for section in evidence.sections.values() for item in section.items)
    return {"live": scan(live, folder / "live"), "image": scan(image, folder / "image")}


@pytest.fixture(scope="module")
def rules() -> dict[str, Rule]:
    return shipped_rules(without="")


both = pytest.mark.parametrize("way", ["live", "image"])


@both
def test_the_scan_ends_and_says_which_hosts_were_not_seen_well(
    fleets: dict[str, Fleet], rules: dict[str, Rule], way: str
) -> None:
    fleet = fleets[way]
    assert fleet.done.returncode == Exit.INCOMPLETE
    assert len(fleet.hosts) == {"live": 1 + 5 * len(TABLES), "image": 1 + 3 * len(TABLES) + 7}[way]
    assert not any(host.unreachable for host in fleet.hosts.values())
    poor = {name for name, host in fleet.hosts.items() if host.coverage.percent < 100}
    assert len(poor) >= 3 * (len(TABLES) - 1)
    unknown = {name for name, verdict in fleet.verdicts["whole"].items() if verdict.status is Verdict.UNKNOWN}
    of_hashes = {name for name in unknown if {"password_audit", "service_credentials"} & _tables(rules[name])}
    of_fleet = {
        name for name in unknown if {"key_trust", "root_paths", "role_gaps", "vulnerabilities"} & _tables(rules[name])
    }
    assert bool(unknown - of_hashes - of_fleet) == (way == "image"), "a bundle that is not sealed holds no hashes"
    assert {line.rpartition(": only ")[0] for line in fleet.done.stderr.splitlines()} == poor


def _tables(rule: Rule) -> set[str]:
    return {need.partition(".")[0] for need in rule.needs}


@both
def test_no_rule_breaks(fleets: dict[str, Fleet], way: str) -> None:
    assert [verdict for verdict in fleets[way].report.verdicts if verdict.status is Verdict.ERROR] == []


@both
@pytest.mark.parametrize("name", TABLES)
def test_a_file_that_is_not_what_it_should_be_is_not_seen(fleets: dict[str, Fleet], way: str, name: str) -> None:
    table = TABLES[name]
    assert table not in fleets[way].hosts["whole"].not_seen
    for kind in ("cut", "binary", "hostile", *SPECIAL[name]):
        if way == "image" and kind in SHOWN:
            continue
        lost = fleets[way].hosts[f"{name} {kind}"].not_seen
        assert (table in lost) == ((name, kind, way) not in NO_LOSS), (kind, lost)


@both
def test_exactly_the_rules_that_need_it_are_unknown(fleets: dict[str, Fleet], rules: dict[str, Rule], way: str) -> None:
    """A rule without all it needs is unknown, or fails by what was seen; one that has it decides, if it applies."""
    wrong = []
    for host, verdicts in fleets[way].verdicts.items():
        lost = set(fleets[way].hosts[host].not_seen)
        for name, verdict in verdicts.items():
            lacking = [need for need in rules[name].needs if {need, need.partition(".")[0]} & lost]
            partial = {Verdict.FAIL} if rules[name].partial else set()
            allowed = {Verdict.PASS, Verdict.FAIL} if not lacking else {Verdict.UNKNOWN} | partial
            untold = verdict.reason == "it cannot be told whether the rule applies"
            if verdict.status not in allowed | {Verdict.NOT_APPLICABLE} and not (untold and "os-release" in host):
                wrong.append(f"{host}: {name} is {verdict.status}, lacking {lacking}")
    assert wrong == []


@both
def test_no_damage_turns_a_failure_into_a_pass(fleets: dict[str, Fleet], way: str) -> None:
    before = fleets[way].verdicts["whole"]
    for host, verdicts in fleets[way].verdicts.items():
        passes = {rule for rule, verdict in verdicts.items() if verdict.status is Verdict.PASS}
        turned = {rule for rule in passes if before[rule].status is not Verdict.PASS}
        assert turned == set(), host
