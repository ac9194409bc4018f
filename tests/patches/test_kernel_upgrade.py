"""Which package brings the next kernel, by the names that Debian and Ubuntu give them."""

import time
from collections.abc import Sequence

import pytest

from secops.patches.kernel_upgrade import upgrade

SIGNED, HWE = "linux-signed-amd64", "linux-signed-hwe-6.8"


@pytest.mark.parametrize(
    ("name", "source", "installed", "expect"),
    [
        # Debian
        ("linux-image-6.1.0-27-amd64", SIGNED, ["linux-image-amd64", "linux-base"], "linux-image-amd64"),
        ("linux-image-6.1.0-27-amd64", SIGNED, ["linux-image-cloud-amd64"], "linux-image-amd64"),
        ("linux-image-6.1.0-27-amd64-unsigned", "linux", [], "linux-image-amd64"),
        ("linux-image-6.1.0-27-cloud-amd64", SIGNED, ["linux-image-amd64"], "linux-image-cloud-amd64"),
        ("linux-image-6.1.0-0.deb11.25-rt-amd64", SIGNED, [], "linux-image-rt-amd64"),
        ("linux-image-6.12.41+deb13-amd64", SIGNED, [], "linux-image-amd64"),
        ("linux-image-6.13-rc6-amd64", SIGNED, [], "linux-image-amd64"),
        ("linux-image-5.10.0-33-686-pae", "linux-signed-i386", [], "linux-image-686-pae"),
        ("linux-image-6.6.31+rpt-rpi-v8", "linux", ["linux-image-rpi-v8"], "linux-image-rpi-v8"),
        # Ubuntu
        ("linux-image-5.15.0-122-generic", "linux-signed", ["linux-generic"], "linux-generic"),
        ("linux-image-5.15.0-122-generic", "linux-signed", ["linux-generic", "linux-image-generic"],
         "linux-image-generic"),
        ("linux-image-5.15.0-122-generic", "linux-signed", ["linux-image-virtual"], "linux-image-virtual"),
        ("linux-modules-extra-5.15.0-122-generic", "linux", [], "linux-image-generic"),
        ("linux-image-6.8.0-45-generic", HWE, ["linux-image-generic", "linux-image-generic-hwe-22.04"],
         "linux-image-generic-hwe-22.04"),
        ("linux-image-5.15.0-122-generic", "linux-signed", ["linux-image-generic-hwe-22.04", "linux-image-generic"],
         "linux-image-generic"),
        ("linux-image-6.8.0-45-generic", HWE, ["linux-generic-hwe-22.04-edge", "linux-generic-hwe-22.04"],
         "linux-generic-hwe-22.04"),
        ("linux-image-6.8.0-45-generic", HWE, [], "linux-image-generic-hwe-22.04"),
        ("linux-image-unsigned-6.8.0-45-lowlatency", "linux-lowlatency-hwe-6.8", [],
         "linux-image-lowlatency-hwe-22.04"),
        ("linux-image-6.8.0-1015-aws", "linux-signed-aws", ["linux-aws"], "linux-aws"),
        ("linux-image-5.15.0-122-generic-64k", "linux-signed", ["linux-image-generic"], "linux-image-generic-64k"),
        # no kernel, or none whose name holds its version
        ("linux-image-amd64", SIGNED, ["linux-image-amd64"], "linux-image-amd64"),
        ("linux-libc-dev", "linux", ["linux-image-amd64"], "linux-libc-dev"),
        ("linux-image-4.19.0-amd64-desktop", "linux", [], "linux-image-4.19.0-amd64-desktop"),
        ("openssl", "openssl", ["linux-image-amd64"], "openssl"),
    ],
)  # fmt: skip
def test_what_is_installed_for_a_newer_kernel(name: str, source: str, installed: Sequence[str], expect: str) -> None:
    of = ("ubuntu", "22.04") if "generic" in name or "aws" in name or "lowlatency" in name else ("debian", "12")
    assert upgrade(name, source, *of, installed) == expect


def test_of_another_distribution_only_what_is_installed_is_named() -> None:
    name = "linux-image-5.4.18-85-generic"
    assert upgrade(name, "linux", "kylin", "V10", []) == name
    assert upgrade(name, "linux", "kylin", "V10", ["linux-image-generic"]) == "linux-image-generic"


@pytest.mark.parametrize(
    "name", ["linux-image-1" + "-1" * 3000, "linux-image" + "-a" * 3000, "linux-modules-1.-" * 900]
)
def test_no_name_takes_long(name: str) -> None:
    begun = time.process_time()
    upgrade(name, name, "debian", "12", [name, name + "!"])
    assert time.process_time() - begun < 0.5
