"""Names of hot patches, and of what they mend."""

from __future__ import annotations

import pytest

from secops.patches.hot_patch import HotPatch, hot_patch


@pytest.mark.parametrize(
    ("name", "mends"),
    [
        ("patch-redis-6.2.5-1-ACC", HotPatch("redis", "6.2.5-1", "ACC")),
        ("patch-kernel-6.6.0-72.0.0.76.oe2403sp1-ACC", HotPatch("kernel", "6.6.0-72.0.0.76.oe2403sp1", "ACC")),
        ("patch-kernel-rt-5.10.0-1.oe2203-ACC", HotPatch("kernel-rt", "5.10.0-1.oe2203", "ACC")),
        ("patch-redis-6.2.5-1-SGL_CVE_2023_1111", HotPatch("redis", "6.2.5-1", "SGL_CVE_2023_1111")),
        ("patch-redis-6.2.5-1-SGL-I6-I7", HotPatch("redis", "6.2.5-1", "SGL-I6-I7")),
        ("kpatch-patch-4_18_0-425_3_1", HotPatch("kernel", "4.18.0-425.3.1", "kpatch", tagged=True)),
        ("kpatch-patch", None),
        ("kpatch-patch-4_18_0-425_3_1-debuginfo", None),
        ("kpatch", None),
        ("patch", None),
        ("patch-2.7.6", None),
        ("patch-redis-6.2.5-1", None),
        ("patch-redis-6.2.5-1-HP001", None),
        ("redis-6.2.5-1-ACC", None),
        ("patch-redis-6.2.5-ACC", None),
        ("patch-redis-6.2.5-1-SGLX", None),
        ("patch-" + "a-" * 5000 + "ACC", None),
    ],
)
def test_what_a_hot_patch_mends(name: str, mends: HotPatch | None) -> None:
    assert hot_patch(name) == mends
