"""The support_periods table and the days it rests on."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.core.errors import UsageError
from secops.hosts.carriers.root import rewrite
from secops.hosts.distribution import release_of
from secops.hosts.evidence import Status
from secops.hosts.listing import record
from secops.hosts.section import Files
from secops.hosts.support import known, load
from secops.hosts.tables import Facts, Row
from secops.hosts.tables.support_periods import TABLE, UBUNTU_PRO
from tests.hosts.evidence_kit import Content, derive, evidence

JAMMY = 'ID=ubuntu\nVERSION_ID="22.04"\n'
PRO = "/var/lib/ubuntu-advantage/status.json"
STATE = (
    '{"_doc": "…", "account": {"id": "aAbB", "name": "ops@example.test"}, "attached": %s, "contract": {"id": "cD"}, '
    '"services": [{"available": "yes", "name": "esm-apps", "status": "disabled"}, '
    '{"entitled": "yes", "name": "esm-infra", "status": "%s", "status_details": "…"}]}\n'
)


def facts(os_release: str, **more: Content) -> Facts:
    return derive(TABLE, evidence(os_release={"/etc/os-release": os_release}, **more))


def only(os_release: str, **more: Content) -> Row:
    found = facts(os_release, **more)
    assert found.problems[""] == []
    (row,) = found.rows
    return row


def test_until_when_a_release_is_supported() -> None:
    row = only('ID=debian\nVERSION_ID="11"\n')
    assert row["source"].startswith("https://")
    assert (row["product"], row["release"], row["ends"]) == ("Debian", "11", "2024-08-14")
    assert (row["extended_ends"], row["extended_name"], row["extended_active"]) == ("2026-08-31", "LTS", True)
    assert only('ID="openEuler"\nVERSION_ID="22.03"\nVERSION="22.03 (LTS-SP1)"\n')["ends"] == "2024-12-31"
    assert only('ID="openEuler"\nVERSION_ID="22.03"\nVERSION="22.03 (LTS-SP3)"\n')["ends"] == "2025-12-31"
    assert only('ID="rocky"\nVERSION_ID="9.4"\n')["extended_name"] is None


@pytest.mark.parametrize(
    "os_release",
    ['ID="kylin"\nVERSION_ID="V10"\nVERSION="V10 (Lance)"\n', "ID=debian\n", 'ID="openEuler"\nVERSION_ID="22.03"\n',
     "ID=debian\nVERSION_ID=99\n", "", "NAME=x\n"],
)  # fmt: skip
def test_a_release_whose_days_are_not_known_is_never_fine(os_release: str) -> None:
    found = facts(os_release)
    assert found.rows == []
    assert found.problems[""]


def state(attached: str, infra: str) -> dict[str, bytes | str | Status]:
    """What of Ubuntu Pro's file leaves the host."""
    return {PRO: rewrite((STATE % (attached, infra)).encode(), UBUNTU_PRO.rewrite)}


def test_ubuntu_pro_tells_whether_a_host_gets_more() -> None:
    assert only(JAMMY)["extended_active"] is None
    assert only(JAMMY, ubuntu_pro=state("true", "enabled"))["extended_active"] is True
    assert only(JAMMY, ubuntu_pro=state("true", "disabled"))["extended_active"] is False
    detached = {PRO: rewrite(b'{"attached": false, "services": [{"name": "esm-infra"}]}\n', UBUNTU_PRO.rewrite)}
    assert only(JAMMY, ubuntu_pro=detached)["extended_active"] is False
    assert only(JAMMY, ubuntu_pro=Status.DENIED)["extended_active"] is None


def test_nothing_of_the_contract_leaves_the_host() -> None:
    assert state("true", "enabled") == {PRO: b"esm-infra enabled\n"}
    assert isinstance(UBUNTU_PRO, Files)


def test_suse_names_its_long_term_service_as_a_product() -> None:
    sles = 'ID="sles"\nVERSION_ID="15.4"\n'
    ltss = record(b"/etc/products.d/SLES-LTSS.prod", (0o100644, 0, 0, 10, 0))
    assert only(sles, suse_ltss=ltss)["extended_active"] is True
    assert only(sles)["extended_active"] is None


def test_what_is_shipped_is_in_the_words_that_hosts_are_told_by() -> None:
    assert {"debian", "ubuntu", "rhel", "centos", "rocky", "almalinux", "ol", "openeuler", "anolis", "alinux",
            "opencloudos", "sles", "opensuse-leap", "alpine", "fedora"} <= known().keys()  # fmt: skip
    for product in known().values():
        assert product.source.startswith("https://")
        for name in product.releases:
            version, _, pack = name.partition("-")
            told = {"ID": product.id, "VERSION_ID": version, "VERSION": f"{version} ({pack})"}
            if pack == "stream":
                told["NAME"] = "CentOS Stream"
            assert release_of(told) == (product.id, name)


BASE = 'products:\n  - {id: a, name: A, source: "https://a", as_of: 2026-01-01, releases: {"1": {ends: 2026-01-01}}}\n'


@pytest.mark.parametrize(
    "text",
    [
        BASE + BASE.partition("\n")[2],
        BASE.replace("2026-01-01}", "2026-13-01}"),
        BASE.replace("ends: 2026-01-01", "ends: 2026-01-01, until: 1"),
        BASE.replace("ends: 2026-01-01", "ends: 2026-01-01, extended_ends: 2027-01-01"),
        BASE.replace('"1"', "1"),
        BASE.replace("as_of: 2026-01-01, ", ""),
    ],
)
def test_content_that_contradicts_itself_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "end-of-life.yml"
    path.write_text(BASE)
    assert load(path)["a"].releases["1"].ends.year == 2026
    path.write_text(text)
    with pytest.raises(UsageError, match="end-of-life"):
        load(path)


@given(st.binary(max_size=300))
def test_any_bytes_parse_without_raising(raw: bytes) -> None:
    facts(JAMMY, ubuntu_pro={PRO: raw}, product={"/etc/.productinfo": raw}, suse_ltss=raw)
    derive(TABLE, evidence(os_release={"/etc/os-release": raw}))
