"""The live_patches table: what the kernel and SysCare list, and which packages brought it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.evidence import Status
from secops.hosts.listing import record
from secops.hosts.tables import Facts
from secops.hosts.tables.live_patches import TABLE
from tests.hosts.evidence_kit import Content, derive, evidence

KPATCH = "/sys/kernel/livepatch/kpatch_5_14_0_427_13_1_1_2/enabled"
SYSCARE = """\
Uuid                                   Name                                                   Status
------------------------------------   ----------------------------------------------------   ------------
9ea1edf1-96b1-4d6c-8b6f-0d5a0ef0d6b8   redis-6.2.5-1.oe2203sp1/HP001-1-1/redis-server           ACTIVED
1f2b6c1d-5b0e-4f57-8d2e-b1f8f2f0b0aa   kernel-5.10.0-136.12.0.86.oe2203sp1/SGL_CVE_2023_1-1-2/vmlinux   DEACTIVED
"""


def rpm(*packages: tuple[str, str, str]) -> str:
    return "".join(f"{name}\t\t{version}\t{release}\tx86_64\t\t\t1\t\n" for name, version, release in packages)


def facts(*, carrier: str = "local", **more: Content) -> Facts:
    known: dict[str, Content] = {"rpm_query": rpm(("bash", "5.1", "1.el9"))}
    return derive(TABLE, evidence(carrier=carrier, **(known | more)))


def test_patches_of_the_kernel_and_their_packages() -> None:
    packages = rpm(("kpatch-patch-5_14_0-427_13_1", "1", "2.el9"), ("kpatch-patch-5_14_0-427_26_1", "1", "3.el9"))
    found = facts(live_patches={KPATCH: "1\n"}, rpm_query=packages)
    assert {problem for problems in found.problems.values() for problem in problems} == set()
    loaded, installed = found.rows
    assert loaded == {
        "name": "kpatch_5_14_0_427_13_1_1_2", "target": "kernel", "target_version": None, "enabled": True,
        "version": "1-2.el9", "package": "kpatch-patch-5_14_0-427_13_1", "source": KPATCH,
    }  # fmt: skip
    assert (installed["package"], installed["enabled"]) == ("kpatch-patch-5_14_0-427_26_1", None), "not loaded"


@pytest.mark.parametrize(("content", "enabled"), [("1\n", True), ("0\n", False), ("odd", None)])
def test_a_patch_that_is_loaded_may_be_switched_off(content: str, *, enabled: bool | None) -> None:
    found = facts(live_patches={KPATCH: content})
    assert found.rows[0]["enabled"] is enabled
    assert bool(found.problems[""]) is (enabled is None)


def test_patches_of_programs() -> None:
    packages = rpm(
        ("patch-redis-6.2.5-1.oe2203sp1-HP001", "1", "1"),
        ("patch-redis-6.2.5-1.oe2203sp1-HP002", "1", "1"),
        ("patch", "2.7.6", "14.oe2203sp1"),
    )
    found = facts(syscare=SYSCARE, rpm_query=packages)
    redis, kernel, other = found.rows
    assert (redis["target"], redis["target_version"], redis["enabled"]) == ("redis", "6.2.5-1.oe2203sp1", True)
    assert (redis["package"], redis["version"]) == ("patch-redis-6.2.5-1.oe2203sp1-HP001", "1-1")
    assert (kernel["target"], kernel["enabled"], kernel["package"]) == ("kernel", False, None)
    assert (other["name"], other["target"], other["enabled"]) == ("patch-redis-6.2.5-1.oe2203sp1-HP002", "redis", None)
    assert found.problems[""] == []


def test_kgraft_tells_only_that_a_patch_is_loaded() -> None:
    (row,) = facts(kgraft_modules=record(b"/sys/module/kgraft_patch_3_12", (0o40755, 0, 0, 0, 0))).rows
    assert (row["name"], row["enabled"]) == ("kgraft_patch_3_12", None)


def test_what_was_not_seen_is_told() -> None:
    assert facts().problems == {"": [], "package": []}
    assert facts(syscare=Status.FAILED).problems[""]
    assert facts(syscare=Status.ABSENT).problems[""] == [], "SysCare is not there"
    assert facts(live_patches={KPATCH: Status.DENIED}).problems[""]
    assert facts(rpm_query=Status.FAILED).problems["package"]
    assert facts(carrier="root").problems[""]
    odd = facts(syscare=SYSCARE.replace("ACTIVED", "SOMEHOW").replace("DESOMEHOW", "DEACTIVED"))
    assert odd.problems[""][0].reason == "syscare list: a line is not a patch"
    assert len(odd.rows) == 1


@given(st.binary(max_size=200), st.text(max_size=100))
def test_any_bytes_parse_without_raising(raw: bytes, text: str) -> None:
    facts(live_patches={KPATCH: raw, text: raw}, syscare=raw)
    uuid = "9ea1edf1-96b1-4d6c-8b6f-0d5a0ef0d6b8"
    facts(syscare=f"{uuid} {text} ACTIVED\n", rpm_query=rpm((f"patch-{text}", "1", "1")))


def test_long_hostile_content_stays_linear() -> None:
    start = time.process_time()
    facts(syscare="-" * 1_000_000 + "/" * 1_000_000, rpm_query=rpm(("patch-" + "a-" * 500_000, "1", "1")))
    lines = "".join(f"9ea1edf1-96b1-4d6c-8b6f-{n:012x} a{n}-1-1/HP1-1-1 ACTIVED\n" for n in range(10_000))
    facts(syscare=lines, rpm_query=rpm(*((f"patch-b{n}-1-1-HP1", "1", "1") for n in range(10_000))))
    assert time.process_time() - start < 5
