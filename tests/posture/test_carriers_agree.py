"""One machine, looked at in every way: what two carriers both decide, they decide alike.

A running host with faults planted is seen by the local carrier, over ssh, through both kinds of bundle, as an image,
and by a user who is not root. All of them are judged as one fleet, so that rules that compare hosts see the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from secops.core.finding import Verdict
from secops.hosts.carriers.bundle import Bundle
from secops.hosts.carriers.local import Local
from secops.hosts.carriers.root import Root
from secops.hosts.evidence import Evidence
from secops.hosts.manifest import manifest
from secops.hosts.snapshot import observe
from secops.posture.rule import Rule
from tests import testroot
from tests.hosts.carriers.kit import Wire
from tests.hosts.carriers.test_seal import make_certificate
from tests.posture.test_unseen import plant
from tests.posture.whole import Judged, citywall, judged, shipped_rules
from tests.testroot import OPS, TestHost

#: The ways in which root sees a running host.
AS_ROOT = ("local", "ssh", "bundle of collect", "bundle of the script")

#: Rules of which these may differ, since looking changes what they judge. There is none.
DIFFERENT: frozenset[str] = frozenset()

#: Rules for other distributions.
ELSEWHERE = {"password-not-sm3"}

#: Of an image, what a rule may need and cannot be had, and why.
NOT_OF_AN_IMAGE = {
    "kernels.running": "a mounted image runs no kernel",
    "listening_ports": "needs a running host",
    "listening_ports.process": "needs a running host",
    "listening_ports.package": "needs a running host",
    "mounts.running": "needs a running host",
    "processes": "needs a running host",
    "processes.executable": "needs a running host",
    "restart_needed": "a mounted image runs nothing",
    "root_paths": "needs a running host",
    "services.active": "needs a running host",
    "sshd_effective.ciphers": "neither the configuration nor sshd told ciphers",
    "sshd_effective.kexalgorithms": "neither the configuration nor sshd told kexalgorithms",
    "sshd_effective.macs": "neither the configuration nor sshd told macs",
    "sysctl.root_only": "needs a running host",
    "sysctl.running": "needs a running host",
    "vulnerabilities.exposure": "a mounted image runs no kernel",
}

#: Of a running host, what a rule may need and a plain user cannot see, and why. sshd -T is for root alone.
NOT_FOR_A_USER = {
    "authorized_keys": "/root/.ssh/authorized_keys: permission denied",
    "gshadow_members": "/etc/gshadow: permission denied",
    "key_trust": "/root/.ssh/authorized_keys: permission denied",
    "key_trust.holders": "/root/.ssh/authorized_keys: permission denied",
    "listening_ports.package": "needs more privilege",
    "listening_ports.process": "needs more privilege",
    "password_audit": "/etc/shadow: permission denied",
    "password_audit.tried": "/etc/shadow: permission denied",
    "processes.executable": "needs more privilege",
    "service_credentials": "/root/application*.properties: permission denied",
    "service_credentials.tried": "/root/application*.properties: permission denied",
    "shadow_meta": "/etc/shadow: permission denied",
    "special_files": "needs more privilege",
    "special_files.capabilities": "needs more privilege",
    "special_files.package": "needs more privilege",
    "special_files.unowned": "needs more privilege",
    "ssh_client": "/root/.ssh: permission denied",
    "ssh_identities": "/root/.ssh: permission denied",
    "sshd_effective.ciphers": "neither the configuration nor sshd told ciphers",
    "sshd_effective.kexalgorithms": "neither the configuration nor sshd told kexalgorithms",
    "sshd_effective.macs": "neither the configuration nor sshd told macs",
    "root_paths": "/etc/sudoers: permission denied",
    "restart_needed.process": "needs more privilege",
    "role_gaps.use": "/etc/sudoers: permission denied",
    "root_ways.file": "needs more privilege",
    "root_ways.group": "/etc/gshadow: permission denied",
    "root_ways.sudo": "/etc/sudoers: permission denied",
    "root_ways.suid": "needs more privilege",
    "sudo_defaults": "/etc/sudoers: permission denied",
    "sudo_rules": "/etc/sudoers: permission denied",
    "trusted_files": "needs more privilege",
    "trusted_files.acls": "needs more privilege",
    "vulnerabilities.exposure": "needs more privilege",
}

DECIDED = (Verdict.PASS, Verdict.FAIL)


@dataclass
class Seen:
    """The evidence of each way, and what was made of it."""

    evidence: dict[str, Evidence]
    judged: dict[str, Judged]
    rules: dict[str, Rule]


@pytest.fixture(scope="module")
def seen(test_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    folder = tmp_path_factory.mktemp("agree")
    rules = shipped_rules()
    make_certificate(folder, "rsa:2048")
    with testroot.host() as host:
        plant(host)
        planted = host.at("/home/ops/.ssh/authorized_keys").read_text()
        wire = Wire.lay(host, folder)
        wire.authorise(planted + wire.public_key)
        evidence = {
            "local": Local(shell=host.command("sh"), hashes=True).collect(),
            "ssh": wire.ssh(become="sudo", hashes=True).collect(),
            "bundle of collect": _written(wire, folder).collect(),
            "bundle of the script": _printed(host, folder).collect(),
            "image": Root(str(host.root), hashes=True).collect(),
            "user, local": Local(shell=host.command("sh", uid=OPS), hashes=True).collect(),
            "user, ssh": wire.ssh(hashes=True).collect(),
        }
    return Seen(evidence, judged(evidence, rules, folder / "spools"), rules)


def _written(wire: Wire, folder: Path) -> Bundle:
    """What `citywall collect -o` writes."""
    path = folder / "written.bundle"
    options = ("--sudo", "--ssh-config", wire.config, "--seal-to", folder / "cert.pem")
    done = citywall(folder, "collect", "--ssh", "testhost", *options, "-o", path)
    assert done.returncode == 0, done.stderr
    return Bundle(path, key=folder / "key.pem")


def _printed(host: TestHost, folder: Path) -> Bundle:
    """What the script of `citywall collect --print-script` prints on the host."""
    script = citywall(folder, "collect", "--print-script", "--seal-to", folder / "cert.pem")
    assert (script.returncode, script.stderr) == (0, "")
    host.write("/root/collect.sh", script.stdout)
    path = folder / "printed.bundle"
    path.write_bytes(host.run(["sh", "/root/collect.sh"], check=True).stdout)
    host.at("/root/collect.sh").unlink()
    return Bundle(path, key=folder / "key.pem")


def test_every_way_leads_to_the_same_host(seen: Seen) -> None:
    machine_id = "0123456789abcdef0123456789abcdef"
    assert {way: observe(evidence).host for way, evidence in seen.evidence.items()} == dict.fromkeys(
        seen.evidence, machine_id
    )


def test_there_is_much_to_agree_on(seen: Seen) -> None:
    local = seen.judged["local"]
    assert len(local.of(Verdict.FAIL)) >= 20, local.of(Verdict.FAIL)
    assert local.of(Verdict.UNKNOWN, Verdict.ERROR) == set(), "root on a running host decides every rule"
    assert local.of(Verdict.NOT_APPLICABLE) == ELSEWHERE


@pytest.mark.parametrize("way", AS_ROOT[1:])
def test_root_sees_the_same_by_every_way_to_a_running_host(seen: Seen, way: str) -> None:
    first, other = seen.judged["local"], seen.judged[way]
    differing = {name for name in seen.rules if first.verdicts[name] != other.verdicts[name]}
    assert differing <= DIFFERENT
    assert {found for found in other.findings if found[0] not in DIFFERENT} == {
        found for found in first.findings if found[0] not in DIFFERENT
    }


def test_what_does_not_change_by_itself_is_the_same_to_the_byte(seen: Seen) -> None:
    fleeting = {"mapped_code", "process_executables", "process_status", "socket_holders", "auth_logs"}
    for section in manifest():
        if section.name not in fleeting and section.live:
            contents = [
                sorted((item.path, item.data) for item in seen.evidence[way][section.name].items) for way in AS_ROOT
            ]
            assert contents.count(contents[0]) == len(AS_ROOT), section.name


def _lacking(rule: Rule, lost: Mapping[str, str]) -> list[str]:
    """What the rule needs of what is lost, as the reason of its verdict tells it."""
    return [f"{need}: {lost[need]}" for need in rule.needs if need in lost]


def _undecided_as_they_must_be(seen: Seen, way: str, lost: Mapping[str, str]) -> set[str]:
    """Rules that hang on what is lost; each is unknown, or fails by what was seen, and says what is lost."""
    hanging = set()
    for name, rule in seen.rules.items():
        verdict, reason = seen.judged[way].verdicts[name]
        lacking = _lacking(rule, lost)
        if lacking and verdict is not Verdict.NOT_APPLICABLE:
            hanging.add(name)
            allowed = {Verdict.UNKNOWN, Verdict.FAIL} if rule.partial else {Verdict.UNKNOWN}
            assert verdict in allowed, name
            assert reason in lacking, name
    return hanging


def test_an_image_says_what_it_decides_as_the_running_host_does(seen: Seen) -> None:
    image, live = seen.judged["image"], seen.judged["local"]
    both = image.of(*DECIDED)
    assert {name: image.verdicts[name][0] for name in both} == {name: live.verdicts[name][0] for name in both}
    assert image.findings == {found for found in live.findings if found[0] in both}
    assert len(both) >= 40


def test_what_an_image_does_not_decide_needs_a_running_host(seen: Seen) -> None:
    image = seen.judged["image"]
    assert image.of(Verdict.UNKNOWN, Verdict.ERROR) == _undecided_as_they_must_be(seen, "image", NOT_OF_AN_IMAGE)
    only_live = {name for name, rule in seen.rules.items() if "not is_image" in rule.applies}
    assert image.of(Verdict.NOT_APPLICABLE) == only_live | ELSEWHERE


def test_a_user_sees_less_and_says_what(seen: Seen) -> None:
    user, root = seen.judged["user, local"], seen.judged["local"]
    hanging = _undecided_as_they_must_be(seen, "user, local", NOT_FOR_A_USER)
    assert user.of(Verdict.UNKNOWN) < hanging, "some fail all the same: what was seen proves it"
    assert {name for name, (_, reason) in user.verdicts.items() if reason} == hanging
    assert user.of(Verdict.ERROR) == set()
    assert len(user.of(*DECIDED)) < len(root.of(*DECIDED))


@pytest.mark.parametrize("way", ["user, local", "user, ssh", "image"])
def test_seeing_less_never_gives_a_pass_or_a_finding_of_its_own(seen: Seen, way: str) -> None:
    less, root = seen.judged[way], seen.judged["local"]
    assert less.of(Verdict.PASS) <= root.of(Verdict.PASS)
    assert less.findings <= root.findings


def test_a_user_sees_the_same_over_ssh_as_there(seen: Seen) -> None:
    assert seen.judged["user, ssh"] == seen.judged["user, local"]


def test_it_is_known_who_looked(seen: Seen) -> None:
    assert {way: evidence.uid for way, evidence in seen.evidence.items()} == {
        **dict.fromkeys([*AS_ROOT, "image"], 0), "user, local": OPS, "user, ssh": OPS,
    }  # fmt: skip
