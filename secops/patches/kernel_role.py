"""Which packages hold a kernel's code, and which are only built beside one: told from names alone. Pure."""

from __future__ import annotations

import re
from typing import Literal

from secops.patches.statement import Kind

#: `kernel`: code that runs when this kernel does. `beside`: headers, tools, symbols and packages that name others only.
Role = Literal["kernel", "beside", ""]

_KERNELS: dict[Kind, re.Pattern[str]] = {
    # linux-image-6.1.0-18-amd64, linux-image-unsigned-6.5.0-14-generic, linux-modules-extra-5.15.0-91-generic
    "dpkg": re.compile(r"linux-(?:image|modules)(?:-[a-z]+)*-\d+\.\d+(?:\.\d|-rc).*(?<!-dbg)(?<!-dbgsym)"),
    # kernel, kernel-core, kernel-rt-modules-extra, SUSE's kernel-default, Oracle's kernel-uek
    "rpm": re.compile(
        r"kernel(?:-(?!(?:abi|debuginfo|debugsource|devel|docs?|firmware|headers|macros|source|srpm|syms|tools)\b)"
        r"[a-z0-9]+(?:-debug)?)?(?:-core|-modules(?:-[a-z]+)*|-extra|-optional|-uki-virt)?"
    ),
    "apk": re.compile(r"linux-(?:lts|virt|edge|edge4virt|stable|vanilla|hardened|virthardened|grsec|virtgrsec|rpi\d?|"
                      r"asahi|gru|octeon|openpax)"),
}  # fmt: skip

_SOURCES: dict[Kind, re.Pattern[str]] = {
    # linux, linux-5.10, linux-signed-amd64, linux-meta, linux-hwe-6.5; not linux-base, linux-atm, linux-ftpd
    "dpkg": re.compile(
        r"linux(?:-signed|-meta)?(?:-(?:amd64|arm64|armhf|i386|riscv64|hwe|aws|azure|gcp|gke|gkeop|ibm|oracle|kvm|"
        r"lowlatency|oem|raspi2?|intel|nvidia|realtime|riscv|bluefield|laptop|xilinx|fips|starfive|snapdragon)"
        r"(?:-.+)?)?(?:-\d.*)?"
    ),
    "rpm": re.compile(r"kernel(?:-(?!firmware\b)[a-z0-9]+)?"),
    "apk": _KERNELS["apk"],
}


def role(kind: Kind, name: str, source: str) -> Role:
    """What the package `name`, built from `source`, has to do with a kernel's code."""
    if kind in _KERNELS and _KERNELS[kind].fullmatch(name):
        return "kernel"
    return "beside" if kind in _SOURCES and _SOURCES[kind].fullmatch(source) else ""


#: What of the name of a kernel's package does not say which kernel it is, of dpkg and of rpm.
_DPKG_PART = re.compile(r"^linux-(?:image|modules)(?:-[a-z]+)*?-(?=\d)|-unsigned$")
_RPM_PART = re.compile(r"(?:-core|-modules(?:-[a-z]+)*|-extra|-optional|-uki-virt)$")


def kernel(name: str) -> str:
    """Which kernel the package `name` is of: the same for all that together are one, of one version.

    `6.1.0-20-rt-amd64` for linux-image-6.1.0-20-rt-amd64, `kernel-rt` for kernel-rt-modules-core.
    """
    return (_RPM_PART if name.startswith("kernel") else _DPKG_PART).sub("", name)
