"""The hosts table: identity, distribution family, landmarks; NULL where it could not be told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.evidence import Status
from secops.hosts.listing import record
from secops.hosts.snapshot import observe
from secops.hosts.tables import Row
from secops.hosts.tables.hosts import TABLE
from tests.hosts.evidence_kit import Content, derive, evidence


def listed(*paths: str) -> bytes:
    return b"".join(record(path.encode(), (0o100755, 0, 0, 1, 1)) for path in ("/", *paths))


def row(carrier: str = "local", **sections: Content) -> Row:
    (found,) = derive(TABLE, evidence(carrier=carrier, **sections)).rows
    return found


@pytest.mark.parametrize(
    ("release", "os_id", "version", "family"),
    [
        ('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n', "debian", "12", "debian"),
        ('NAME="openEuler"\nID="openEuler"\nVERSION_ID="22.03"\n', "openeuler", "22.03", "rhel"),
        ('NAME="Kylin Linux Advanced Server"\nID="kylin"\nVERSION_ID="V10"\n', "kylin", "V10", "rhel"),
        ('NAME="Anolis OS"\nID="anolis"\nID_LIKE="rhel fedora centos"\nVERSION_ID="8.8"\n', "anolis", "8.8", "rhel"),
        ("ID=alpine\nVERSION_ID=3.20.1\n", "alpine", "3.20.1", "alpine"),
        ('ID="someos"\nID_LIKE="suse"\n', "someos", None, "suse"),
        ("ID=unheard-of\n", "unheard-of", None, None),
    ],
)
def test_the_distribution_and_its_family(release: str, os_id: str, version: str | None, family: str | None) -> None:
    found = row(os_release={"/etc/os-release": release}, landmarks=listed())
    assert (found["os_id"], found["os_version"], found["family"]) == (os_id, version, family)


def test_landmarks_are_true_false_or_not_known() -> None:
    assert row(landmarks=listed("/usr/sbin/sshd"))["has_sshd"] is True
    assert row(landmarks=listed())["has_sshd"] is False
    assert row(landmarks=Status.TIMEOUT)["has_sshd"] is None


def test_what_runs_and_what_is_installed_to_run() -> None:
    assert row(landmarks=listed("/usr/lib/systemd/systemd"))["init"] is None
    assert row(landmarks=listed("/run/systemd/system"))["init"] == "systemd"
    assert row(carrier="root", landmarks=listed("/usr/lib/systemd/systemd"))["init"] == "systemd"
    assert row(landmarks=listed("/run/openrc"))["init"] == "openrc"


@pytest.mark.parametrize(
    ("content", "known"),
    [("passwd: files\n", False), ("passwd: files sss\n", True), ("group: ldap\npasswd: files # sss\n", False)],
)
def test_directory_accounts(content: str, known: bool) -> None:
    assert row(landmarks=listed(), nsswitch={"/etc/nsswitch.conf": content})["directory_accounts"] is known


def test_identity_is_the_inventory_name_else_the_machine_id_else_the_name() -> None:
    machine = {"/etc/machine-id": "0123456789abcdef0123456789abcdef\n"}
    name = {"/proc/sys/kernel/hostname": "web1\n"}
    assert observe(evidence(machine_id=machine, kernel_hostname=name)).host == "0123456789abcdef0123456789abcdef"
    assert observe(evidence(machine_id=machine), "db1").host == "db1"
    assert observe(evidence(machine_id={"/etc/machine-id": "uninitialized\n"}, kernel_hostname=name)).host == "web1"
    assert observe(evidence(carrier="root", hostname={"/etc/hostname": "image\n"})).host == "test"


@given(st.binary(max_size=300))
def test_any_bytes_parse_without_raising(raw: bytes) -> None:
    names = ("os_release", "hostname", "kernel_hostname", "machine_id", "nsswitch")
    facts = derive(TABLE, evidence(landmarks=raw, **{name: {"/x": raw} for name in names}))
    assert "cannot be parsed" not in str(facts.problems)
    assert len(facts.rows) == 1
