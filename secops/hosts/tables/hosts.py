"""The host itself: who it is, what it runs, how it was seen. One row; what could not be told is NULL."""

from __future__ import annotations

import re
import shlex

from secops.hosts.distribution import release_of
from secops.hosts.evidence import Evidence
from secops.hosts.listing import Entry
from secops.hosts.section import Files, Listing
from secops.hosts.tables import Built, Column, Table
from secops.hosts.tables._listed import listed

OS_RELEASE = Files("os_release", ("/etc/os-release", "/usr/lib/os-release"), required=True)
PRODUCT = Files("product", ("/etc/.productinfo", "/etc/kylin-release", "/etc/os-version"), limit=4096)
HOSTNAME = Files("hostname", ("/etc/hostname",))
KERNEL_HOSTNAME = Files("kernel_hostname", ("/proc/sys/kernel/hostname",), image=False)
MACHINE_ID = Files("machine_id", ("/etc/machine-id", "/var/lib/dbus/machine-id"))
ARCH = Files("kernel_arch", ("/proc/sys/kernel/arch",), image=False)
NSSWITCH = Files("nsswitch", ("/etc/nsswitch.conf", "/usr/etc/nsswitch.conf"))
LANDMARKS = Listing(
    "landmarks",
    (
        "/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sudo", "/usr/local/bin/sudo",
        "/etc/pam.d", "/usr/lib/pam.d", "/etc/pam.conf", "/usr/lib/systemd/systemd", "/lib/systemd/systemd",
        "/sbin/openrc", "/usr/sbin/openrc", "/run/systemd/system", "/run/openrc",
        "/.dockerenv", "/run/.containerenv", "/run/systemd/container", "/usr/sbin/auditd", "/sbin/auditd", "/",
    ),
    required=True,
)  # fmt: skip

#: os-release ID or ID_LIKE → the family whose commands a fix uses.
FAMILIES = {
    "debian": "debian", "ubuntu": "debian", "uos": "debian", "deepin": "debian", "kali": "debian",
    "rhel": "rhel", "centos": "rhel", "fedora": "rhel", "rocky": "rhel", "almalinux": "rhel", "ol": "rhel",
    "openeuler": "rhel", "kylin": "rhel", "anolis": "rhel", "alinux": "rhel", "opencloudos": "rhel",
    "tencentos": "rhel", "euleros": "rhel", "hce": "rhel", "bclinux": "rhel", "nfs": "rhel",
    "sles": "suse", "opensuse": "suse", "suse": "suse", "opensuse-leap": "suse", "alpine": "alpine",
}  # fmt: skip

_DIRECTORIES = re.compile(r"\b(sss|ldap|winbind|nis|nisplus|compat)\b")
_MACHINE_ID = re.compile(r"[0-9a-f]{32}")


def build(evidence: Evidence) -> Built:
    built = Built()
    release = os_release(evidence)
    ecosystem, packages_of = distribution(evidence)
    found = {entry.path: entry for entry in listed(evidence, LANDMARKS, built)}
    whole = evidence.problem(LANDMARKS) is None and not built.problems
    image = evidence.carrier == "root"

    def has(*paths: str) -> bool | None:
        if any(path in found for path in paths):
            return True
        return False if whole else None

    built.rows.append(
        {
            "name": hostname(evidence),
            "machine_id": machine_id(evidence),
            "kind": "linux" if release or found else None,
            "os_id": release.get("ID", "").lower() or None,
            "os_version": release.get("VERSION_ID") or None,
            "os_name": release.get("PRETTY_NAME") or release.get("NAME") or None,
            "ecosystem": ecosystem or None,
            "release": packages_of or None,
            "family": family(release),
            "architecture": _first(evidence, ARCH),
            "is_image": image,
            "is_container": has("/.dockerenv", "/run/.containerenv", "/run/systemd/container"),
            "init": _init(found, image=image),
            "has_sshd": has("/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd"),
            "has_sudo": has("/usr/bin/sudo", "/usr/local/bin/sudo"),
            "has_pam": has("/etc/pam.d", "/usr/lib/pam.d", "/etc/pam.conf"),
            "has_systemd": has("/usr/lib/systemd/systemd", "/lib/systemd/systemd"),
            "has_auditd": has("/usr/sbin/auditd", "/sbin/auditd"),
            "directory_accounts": directory_accounts(evidence),
            "carrier": evidence.carrier,
            "as_root": evidence.uid == 0,
        }
    )
    return built


def os_release(evidence: Evidence) -> dict[str, str]:
    """The assignments of the first os-release that has any; values may be quoted as in sh."""
    for item in evidence[OS_RELEASE.name].files:
        values = {}
        for line in item.lines:
            key, mark, value = line.strip().partition("=")
            if mark and not key.startswith("#"):
                try:
                    values[key] = " ".join(shlex.split(value[:1000]))
                except ValueError:
                    continue
        if values:
            return values
    return {}


def distribution(evidence: Evidence) -> tuple[str, str]:
    """(ecosystem, release), as feeds call them; empty where it is not told. See `release_of`."""
    return release_of(os_release(evidence), "\n".join(item.text for item in evidence[PRODUCT.name].files))


def family(release: dict[str, str]) -> str | None:
    names = [release.get("ID", "").lower(), *release.get("ID_LIKE", "").lower().split()]
    return next((FAMILIES[name] for name in names if name in FAMILIES), None)


def _first(evidence: Evidence, section: Files) -> str | None:
    """The first line of the section's first file that has one."""
    for item in evidence[section.name].files:
        for line in item.lines:
            if line.strip() and not line.startswith("#"):
                return line.strip()[:255]
    return None


def hostname(evidence: Evidence) -> str | None:
    """The running host's name, else the configured one."""
    return _first(evidence, KERNEL_HOSTNAME) or _first(evidence, HOSTNAME)


def machine_id(evidence: Evidence) -> str | None:
    """The machine-id, when it is one (a fresh image holds none, or `uninitialized`)."""
    value = _first(evidence, MACHINE_ID) or ""
    return value if _MACHINE_ID.fullmatch(value) and value != "0" * 32 else None


def directory_accounts(evidence: Evidence) -> bool | None:
    """Whether accounts may come from LDAP, SSSD or the like: then the local files do not hold all of them."""
    if evidence.problem(NSSWITCH):
        return None
    lines = [line for item in evidence[NSSWITCH.name].files[:1] for line in item.lines]
    return any(_DIRECTORIES.search(line.partition("#")[0]) for line in lines if line.lstrip().startswith("passwd:"))


def _init(found: dict[str, Entry], *, image: bool) -> str | None:
    """What is process 1; for an image, what is installed to be."""
    if "/run/systemd/system" in found:
        return "systemd"
    if "/run/openrc" in found or (image and found.keys() & {"/sbin/openrc", "/usr/sbin/openrc"}):
        return "openrc"
    return "systemd" if image and found.keys() & {"/usr/lib/systemd/systemd", "/lib/systemd/systemd"} else None


TABLE = Table(
    name="hosts",
    doc="One row a host. NULL means that it could not be told; a rule whose `applies` meets a NULL is unknown.",
    columns=(
        Column("name", "text", "host name"),
        Column("machine_id", "text", "systemd machine id; NULL when there is none"),
        Column("kind", "text", "linux; nothing else is judged yet"),
        Column("os_id", "text", "ID of os-release, lower case: debian, openeuler, kylin, anolis, …"),
        Column("os_version", "text", "VERSION_ID of os-release"),
        Column("os_name", "text", "PRETTY_NAME of os-release"),
        Column("ecosystem", "text", "whose packages it has, by the ID that feeds go by; a clone's is its own"),
        Column(
            "release",
            "text",
            "the release as feeds call it: 12, 22.04, 9, 3.19, 22.03-LTS-SP3, V10-SP3; `sid` is Debian testing too",
        ),
        Column("family", "text", "whose commands fit: debian, rhel, suse, alpine; NULL when not known"),
        Column("architecture", "text", "machine architecture of the running kernel (kernel 6.1 and later say it)"),
        Column("is_image", "boolean", "a mounted image, not a running host"),
        Column("is_container", "boolean", "runs in a container"),
        Column("init", "text", "systemd, openrc; NULL when neither runs"),
        Column("has_sshd", "boolean", "an OpenSSH server is installed"),
        Column("has_sudo", "boolean", "sudo is installed"),
        Column("has_pam", "boolean", "PAM is configured"),
        Column("has_systemd", "boolean", "systemd is installed"),
        Column("has_auditd", "boolean", "auditd is installed"),
        Column("directory_accounts", "boolean", "accounts may also come from LDAP, SSSD, NIS or winbind"),
        Column("carrier", "text", "how the host was seen: local, ssh, root, bundle"),
        Column("as_root", "boolean", "seen with root's eyes"),
    ),
    sections=(OS_RELEASE, LANDMARKS, NSSWITCH, MACHINE_ID),
    extra_sections=(HOSTNAME, KERNEL_HOSTNAME, ARCH, PRODUCT),
    build=build,
)
