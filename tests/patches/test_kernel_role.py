"""What packages have to do with a kernel, by the names that distributions give them."""

import pytest

from secops.patches.kernel_role import kernel, role
from secops.patches.statement import Kind


@pytest.mark.parametrize(
    ("kind", "name", "source", "expect"),
    [
        # Debian
        ("dpkg", "linux-image-6.1.0-18-amd64", "linux-signed-amd64", "kernel"),
        ("dpkg", "linux-image-6.1.0-18-cloud-amd64", "linux-signed-amd64", "kernel"),
        ("dpkg", "linux-image-6.1.0-18-amd64-unsigned", "linux", "kernel"),
        ("dpkg", "linux-image-6.12.41+deb13-amd64", "linux-signed-amd64", "kernel"),
        ("dpkg", "linux-image-6.13-rc6-amd64", "linux-signed-amd64", "kernel"),
        ("dpkg", "linux-image-5.10.0-0.deb10.24-amd64", "linux-signed-5.10-amd64", "kernel"),
        ("dpkg", "linux-image-6.1.0-18-amd64-dbg", "linux", "beside"),
        ("dpkg", "linux-image-amd64", "linux-signed-amd64", "beside"),
        ("dpkg", "linux-headers-6.1.0-18-amd64", "linux", "beside"),
        ("dpkg", "linux-libc-dev", "linux", "beside"),
        ("dpkg", "bpftool", "linux-5.10", "beside"),
        ("dpkg", "linux-base", "linux-base", ""),
        ("dpkg", "linux-atm-tools", "linux-atm", ""),
        ("dpkg", "linux-ftpd", "linux-ftpd", ""),
        ("dpkg", "util-linux", "util-linux", ""),
        # Ubuntu
        ("dpkg", "linux-image-5.15.0-91-generic", "linux-signed", "kernel"),
        ("dpkg", "linux-image-unsigned-6.5.0-14-generic", "linux-hwe-6.5", "kernel"),
        ("dpkg", "linux-modules-5.15.0-91-generic", "linux", "kernel"),
        ("dpkg", "linux-modules-extra-6.5.0-1014-aws", "linux-aws-6.5", "kernel"),
        ("dpkg", "linux-tools-5.15.0-91-generic", "linux", "beside"),
        ("dpkg", "linux-image-generic-hwe-22.04", "linux-meta-hwe-6.5", "beside"),
        ("dpkg", "linux-aws-headers-6.5.0-1014", "linux-aws-6.5", "beside"),
        ("dpkg", "linux-firmware", "linux-firmware", ""),
        # RHEL and its rebuilds, openEuler
        ("rpm", "kernel", "kernel", "kernel"),
        ("rpm", "kernel-core", "kernel", "kernel"),
        ("rpm", "kernel-modules", "kernel", "kernel"),
        ("rpm", "kernel-modules-core", "kernel", "kernel"),
        ("rpm", "kernel-rt-modules-extra", "kernel-rt", "kernel"),
        ("rpm", "kernel-64k-debug-core", "kernel", "kernel"),
        ("rpm", "kernel-uki-virt", "kernel", "kernel"),
        ("rpm", "kernel-uek-core", "kernel-uek", "kernel"),
        ("rpm", "kernel-headers", "kernel", "beside"),
        ("rpm", "kernel-devel", "kernel", "beside"),
        ("rpm", "kernel-devel-matched", "kernel", "beside"),
        ("rpm", "kernel-tools-libs", "kernel", "beside"),
        ("rpm", "kernel-abi-stablelists", "kernel", "beside"),
        ("rpm", "kernel-debuginfo", "kernel", "beside"),
        ("rpm", "kernel-debuginfo-common-x86_64", "kernel", "beside"),
        ("rpm", "kernel-source", "kernel", "beside"),
        ("rpm", "bpftool", "kernel", "beside"),
        ("rpm", "python3-perf", "kernel", "beside"),
        ("rpm", "kernel-srpm-macros", "kernel-srpm-macros", ""),
        ("rpm", "kernelshark", "trace-cmd", ""),
        ("rpm", "linux-firmware", "linux-firmware", ""),
        # SUSE
        ("rpm", "kernel-default", "kernel-default", "kernel"),
        ("rpm", "kernel-default-optional", "kernel-default", "kernel"),
        ("rpm", "kernel-default-devel", "kernel-default", "beside"),
        ("rpm", "kernel-macros", "kernel-source", "beside"),
        ("rpm", "kernel-firmware", "kernel-firmware", ""),
        ("rpm", "kernel-firmware-amdgpu", "kernel-firmware", ""),
        # Alpine
        ("apk", "linux-lts", "linux-lts", "kernel"),
        ("apk", "linux-virt", "linux-lts", "kernel"),
        ("apk", "linux-rpi4", "linux-rpi", "kernel"),
        ("apk", "linux-lts-dev", "linux-lts", "beside"),
        ("apk", "linux-headers", "linux-headers", ""),
        ("apk", "linux-pam", "linux-pam", ""),
        ("apk", "linux-firmware-intel", "linux-firmware", ""),
    ],
)
def test_a_package_holds_a_kernel_or_stands_beside_one(kind: Kind, name: str, source: str, expect: str) -> None:
    assert role(kind, name, source) == expect


@pytest.mark.parametrize(
    ("name", "expect"),
    [
        ("linux-image-6.1.0-20-amd64", "6.1.0-20-amd64"),
        ("linux-image-6.1.0-20-amd64-unsigned", "6.1.0-20-amd64"),
        ("linux-image-6.1.0-20-rt-amd64", "6.1.0-20-rt-amd64"),
        ("linux-image-unsigned-6.5.0-14-generic", "6.5.0-14-generic"),
        ("linux-modules-extra-6.5.0-14-generic", "6.5.0-14-generic"),
        ("kernel", "kernel"),
        ("kernel-core", "kernel"),
        ("kernel-modules-core", "kernel"),
        ("kernel-rt-core", "kernel-rt"),
        ("kernel-rt-modules-extra", "kernel-rt"),
        ("kernel-64k-modules-core", "kernel-64k"),
        ("kernel-debug-core", "kernel-debug"),
        ("kernel-default-extra", "kernel-default"),
        ("linux-lts", "linux-lts"),
    ],
)
def test_packages_of_one_kernel_are_told_from_those_of_another(name: str, expect: str) -> None:
    assert kernel(name) == expect
