"""What is not seen is never a pass: every section lost in every way, judged as one fleet of damaged twins.

One running host, with faults planted so that many rules fail, gives the evidence. Each twin differs from it in one
section. Rules that need the section must become unknown (or stay a failure where rows prove it), all others must say
exactly what they said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from secops.core.content import shipped
from secops.core.finding import Verdict
from secops.hosts.credentials import LISTING, SECTIONS
from secops.hosts.evidence import Evidence, Item, SectionEvidence, Status, decode, summarise
from secops.hosts.held import SHADOW_HASHES
from secops.hosts.manifest import manifest
from secops.hosts.script import generate
from secops.hosts.section import Section
from secops.hosts.tables import registry
from secops.posture.isolation import judge
from secops.posture.judge import Source
from secops.posture.rule import Rule, load_rules
from tests.hosts import key_kit
from tests.posture.whole import spooled
from tests.testroot import TestHost

LOST = {
    "missing": SectionEvidence(Status.FAILED, reason="section missing from the evidence"),
    "denied": SectionEvidence(Status.DENIED, reason="permission denied"),
    "timeout": SectionEvidence(Status.TIMEOUT, reason="took longer than 20 s"),
}

FAULTS = """set -e
cp /bin/bash /tmp/.x; chmod 4755 /tmp/.x
setcap cap_setuid+ep /usr/bin/perl
useradd -o -u 0 toor; passwd -d toor
chown 4242 /usr/local/bin/suid
mkdir -m 777 /srv/open
useradd -p "$(openssl passwd -6 Left@2020)" left; chage -d 2020-01-01 left; touch -d 2020-01-01 /etc/sudoers.d/left
"""

Statuses = dict[str, dict[str, Verdict]]  # host → rule → verdict


def plant(host: TestHost) -> None:
    """Faults in many places, so that a verdict that is lost would show as a new pass."""
    host.write("/etc/cron.d/job", "* * * * * root /usr/local/bin/job\n", 0o666)
    host.write("/etc/sudoers.d/ops", "ops ALL=(ALL) NOPASSWD: ALL\n", 0o440)
    host.write("/etc/sudoers.d/left", "left ALL=(root) /usr/bin/perl\n", 0o440)
    since = datetime.now(UTC) - timedelta(days=200, hours=12)
    kept = "".join(f"{time:%Y-%m-%dT%H:%M:%SZ} testhost CRON[1]: -\n" for time in (since, datetime.now(UTC)))
    host.write("/var/log/auth.log", kept, 0o640)
    host.write("/etc/ssh/sshd_config.d/x.conf", "PermitRootLogin yes\nPermitEmptyPasswords yes\nX11Forwarding yes\n")
    host.write("/etc/sysctl.d/x.conf", "net.ipv4.ip_forward = 1\nkernel.randomize_va_space = 0\n")
    host.write("/home/ops/.ssh/authorized_keys", f"{host.host_keys()[0]} shared\n", 0o600, 1000)
    host.write("/home/ops/.ssh/id", key_kit.made()["ed25519-openssh"].content, 0o644, 1000)
    host.at("/home/ops/.ssh").chmod(0o755)
    host.write("/etc/ssh/ssh_config.d/x.conf", "ForwardAgent yes\n")
    host.write("/usr/local/bin/suid", b"\x7fELF", 0o4755)
    host.run(["sh", "-c", FAULTS], check=True)
    host.run(["sh", "-c", 'usermod -p "$(openssl passwd -1 Ops@2025)" ops'], check=True)
    host.at("/etc/redis").mkdir()
    host.write("/etc/redis/redis.conf", "requirepass foobared\n", 0o644)


@pytest.fixture(scope="module")
def rules() -> dict[str, Rule]:
    return dict(load_rules([shipped("rules") / "posture"]).rules)


@pytest.fixture
def evidence(test_host: TestHost) -> Evidence:
    plant(test_host)
    stream = test_host.run(["sh"], generate(manifest("clear")).encode(), check=True).stdout
    return decode(stream, manifest("clear"), carrier="local", label="twin")


def twins(whole: Evidence) -> Iterator[tuple[str, str, Evidence]]:
    """(section, how it was lost, evidence) for every section and every way."""
    for section in manifest("clear"):
        seen = whole[section.name]
        ways = LOST | {
            "truncated": _each(section, seen, Status.TRUNCATED, half=True),
            "emptied": _each(section, seen, Status.EMPTY),
        }
        for way, lost in ways.items():
            if way not in ("truncated", "emptied") or seen.files:
                yield section.name, way, replace(whole, sections={**whole.sections, section.name: lost})


def _each(section: Section, seen: SectionEvidence, status: Status, *, half: bool = False) -> SectionEvidence:
    items = [Item(i.path, i.data[: len(i.data) // 2] if half else b"", status, f"test: {status}") for i in seen.files]
    return summarise(section, items)


def judged(variants: dict[str, Evidence], rules: dict[str, Rule], scratch: Path) -> Statuses:
    """Every rule on every variant, each variant as a host of its own."""
    spools = spooled(variants.items(), scratch)
    source = Source(spools=[s.path for s in spools], widest=max(s.widest for s in spools))
    found: Statuses = defaultdict(dict)
    for outcome in judge(source, list(rules.values()), hosts=len(spools)):
        for status, _, hosts in outcome.hosts:
            for host in hosts:
                found[host][outcome.rule] = status
    return found


def hard(section: str) -> set[str]:
    """Needs that cannot be met without the section: `table` and `table.part`."""
    found = set()
    for table in registry().values():
        own = any(s.name == section for s in table.sections)
        if own:
            found.add(table.name)
        found |= {f"{table.name}.{part}" for part, s in table.parts.items() if own or section in [x.name for x in s]}
    return found


def soft(section: str) -> set[str]:
    """Tables whose parsers read the section and judge for themselves what its loss means."""
    held = {SHADOW_HASHES.name: "password_audit"} | {s.name: "service_credentials" for s in (*SECTIONS, LISTING)}
    readers = {table.name for table in registry().values() if section in [s.name for s in table.all_sections]}
    return readers | ({held[section]} if section in held else set())


def test_every_section_lost_in_every_way(evidence: Evidence, rules: dict[str, Rule], tmp_path: Path) -> None:
    variants = {"whole": evidence} | {f"{section}:{way}": twin for section, way, twin in twins(evidence)}
    found = judged(variants, rules, tmp_path)
    before = found.pop("whole")
    assert sum(status is Verdict.FAIL for status in before.values()) >= 10, before
    assert Verdict.ERROR not in before.values()
    required = {s.name for s in manifest("clear") if getattr(s, "required", False)}
    wrong = []
    for host, after in found.items():
        section, way = host.split(":")
        for name, rule in rules.items():
            old, new = before[name], after[name]
            tables = {need.partition(".")[0] for need in rule.needs}
            allowed = {old}
            if way == "emptied" and section not in required and soft(section) & (tables | {"hosts"}):
                allowed = set(Verdict) - {Verdict.ERROR}  # an empty drop-in is a fact, not a loss
            elif hard(section) & set(rule.needs) and old is not Verdict.NOT_APPLICABLE:
                allowed = {Verdict.UNKNOWN} | ({Verdict.FAIL} if rule.partial and old is Verdict.FAIL else set())
            elif soft(section) & (tables | {"hosts"}):
                allowed = {old, Verdict.UNKNOWN}
            if new not in allowed:
                wrong.append(f"{section} {way}: {name} was {old}, is {new}")
    assert wrong == []
