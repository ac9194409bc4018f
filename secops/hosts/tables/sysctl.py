"""Kernel parameters: what the kernel runs with, and what the configuration sets at boot."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from secops.hosts.evidence import Evidence, Item, Problem, Status, summarise
from secops.hosts.listing import parse_listing
from secops.hosts.section import Command, Files, Listing
from secops.hosts.tables import Built, Column, Row, Table
from secops.hosts.tables._files import WITHOUT_COMMENTS

#: In order of precedence: a file hides those of the same name in later directories.
DIRECTORIES = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d")
_MAIN = "/etc/sysctl.conf"
_PATTERNS = tuple(f"{directory}/*.conf" for directory in DIRECTORIES)

#: Keys whose values are secrets (a seed of addresses, keys of cookies): never read, and cut out of configuration.
_SECRETS = ("stable_secret", "tcp_fastopen_key")

SYSCTL_CONF = Files(
    "sysctl_conf",
    (*_PATTERNS, _MAIN),
    rewrite=((f"^([^#=]*({'|'.join(_SECRETS)})).*$", r"\1"), *WITHOUT_COMMENTS),
)
SYSCTL_LINKS = Listing("sysctl_links", _PATTERNS)  # a link to /dev/null hides the files of its name
SYSTEMD_SYSCTL = Files(
    "systemd_sysctl",
    ("/usr/lib/systemd/system/systemd-sysctl.service", "/lib/systemd/system/systemd-sysctl.service"),
)

_IPV4 = """accept_local accept_redirects accept_source_route arp_announce arp_filter arp_ignore bootp_relay
    drop_gratuitous_arp forwarding log_martians mc_forwarding proxy_arp route_localnet rp_filter secure_redirects
    send_redirects shared_media"""
_IPV6 = """accept_ra accept_ra_defrtr accept_ra_pinfo accept_ra_rtr_pref accept_redirects accept_source_route autoconf
    dad_transmits disable_ipv6 forwarding max_addresses mc_forwarding proxy_ndp router_solicitations use_tempaddr"""
_OTHERS = """crypto/fips_enabled dev/tty/ldisc_autoload dev/tty/legacy_tiocsti fs/protected_fifos
    fs/protected_hardlinks fs/protected_regular fs/protected_symlinks fs/suid_dumpable
    kernel/apparmor_restrict_unprivileged_userns kernel/core_pattern kernel/core_uses_pid kernel/ctrl-alt-del
    kernel/dmesg_restrict kernel/exec-shield kernel/io_uring_disabled kernel/kexec_load_disabled kernel/kptr_restrict
    kernel/modprobe kernel/modules_disabled kernel/panic kernel/panic_on_oops kernel/perf_event_paranoid
    kernel/randomize_va_space kernel/sysrq kernel/tainted kernel/unprivileged_bpf_disabled
    kernel/unprivileged_userns_clone kernel/yama/ptrace_scope net/core/bpf_jit_enable net/ipv4/icmp_echo_ignore_all
    net/ipv4/icmp_echo_ignore_broadcasts net/ipv4/icmp_ignore_bogus_error_responses net/ipv4/ip_forward
    net/ipv4/ip_unprivileged_port_start net/ipv4/tcp_max_syn_backlog net/ipv4/tcp_rfc1337
    net/ipv4/tcp_synack_retries net/ipv4/tcp_syncookies net/ipv4/tcp_timestamps user/max_user_namespaces
    vm/mmap_min_addr vm/overcommit_memory vm/unprivileged_userfaultfd"""

#: Names below net/{ipv4,ipv6}/conf/INTERFACE, by family. Nothing else of an interface is read.
INTERFACE_KEYS = {"ipv4": _IPV4.split(), "ipv6": _IPV6.split()}

#: Keys that every kernel shows to root only. They are a part of their own, so that a plain user can judge the others.
ROOT_ONLY_KEYS = frozenset({"net/core/bpf_jit_harden", "vm/mmap_rnd_bits", "vm/mmap_rnd_compat_bits"})

#: Keys that rules ask for, as paths below /proc/sys. Each has a row on every host, also where the kernel lacks it,
#: and one that exists but cannot be read is a problem of the part `running` (or `root_only`).
SECURITY_KEYS = ROOT_ONLY_KEYS.union(
    _OTHERS.split(),
    (
        f"net/{family}/conf/{interface}/{name}"
        for family, names in INTERFACE_KEYS.items()
        for interface in ("all", "default")
        for name in names
    ),
)

# Not read: secrets; keys whose reading acts (vm/stat_refresh, the automount fs/binfmt_misc); write-only ones; counters
# that differ at each reading. Of interfaces only INTERFACE_KEYS: a host of containers has thousands of interfaces.
# Unreadable keys come first, as `?path`; then `path:line`, where a path holds no colon and each line names its path.
SYSCTL_RUNNING = Command(
    "sysctl_running",
    r"""LC_ALL=C; export LC_ALL
cd /proc/sys || exit 1
pick() {
  for f in abi/* crypto/* debug/* dev/tty/* fs/* kernel/* kernel/keys/* kernel/seccomp/* kernel/yama/* \
    net/bridge/* net/core/* net/ipv4/* net/ipv6/* net/ipv6/icmp/* net/unix/* user/* vm/* @CONF@; do
    case $f in
      */stable_secret | */tcp_fastopen_key | vm/stat_refresh | vm/compact_memory | vm/drop_caches) continue ;;
      fs/aio-nr | fs/file-nr | fs/inode-nr | fs/*-state | kernel/ns_last_pid | kernel/*_detect_count) continue ;;
    esac
    [ -f "$f" ] || continue
    if [ "$1" ]; then [ -r "$f" ] || printf '?%s\n' "$f"
    elif [ -r "$f" ]; then printf '%s\0' "$f"
    fi
  done
}
pick unreadable
pick '' | xargs -0 grep -aHs ''
code=$?  # 123: grep could not read one after all
[ $code -eq 0 ] || [ $code -eq 123 ]""".replace(
        "@CONF@", " ".join(f"net/{family}/conf/*/{name}" for family, names in INTERFACE_KEYS.items() for name in names)
    ),
)
_CANARY = "kernel/osrelease"  # every kernel has it, and it is readable by all
_MAX_KEY, _MAX_GLOBS = 512, 100
_SWAP = str.maketrans("./", "/.")


@dataclass(frozen=True)
class Setting:
    """One assignment of the configuration; `value` is None for `-key`, which keeps patterns off a key."""

    path: str
    value: str | None
    source: str
    line: int


@dataclass
class Running:
    """What the kernel has: values by path, and the paths of keys that exist but could not be read."""

    values: dict[str, str] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)


def dotted(path: str) -> str:
    """The key of a path below /proc/sys as sysctl(8) prints it: a dot in an interface's name becomes a slash."""
    return path.translate(_SWAP)


def _path(key: str) -> str:
    """The path of a key as written: with dots, or with slashes when its first separator is one."""
    first = next((char for char in key if char in "./"), ".")
    path = key.translate(_SWAP) if first == "." else key
    return "/".join(part for part in path.split("/") if part)


def parse_conf(item: Item) -> Iterator[Setting]:
    """The settings of one file. Lines that are none are ignored here as they are at boot."""
    for number, line in enumerate(item.lines, start=1):
        text = line.strip()
        if not text or text[0] in "#;":
            continue
        name, equals, value = text.partition("=")
        ignore_errors = name.startswith("-")
        key = name.removeprefix("-").strip()
        if not key or len(key) > _MAX_KEY or not (equals or ignore_errors) or key.endswith(_SECRETS):
            continue
        yield Setting(_path(key), " ".join(value.split()) if equals else None, item.path, number)


def _masks(evidence: Evidence) -> set[str]:
    """Paths that link to /dev/null."""
    entries = (entry for item in evidence[SYSCTL_LINKS.name].files for entry in parse_listing(item.data))
    return {entry.path for entry in entries if entry.link == "/dev/null"}


def boot_files(evidence: Evidence) -> list[Item]:
    """The configuration files that a start reads, in order."""
    found = {item.path: item for item in evidence[SYSCTL_CONF.name].files}
    found |= {path: Item(path) for path in _masks(evidence)}
    main = found.pop(_MAIN, None)
    by_name: dict[str, Item] = {}
    for path in sorted(found, key=_precedence):
        by_name.setdefault(path.rpartition("/")[2], found[path])
    files = [by_name[name] for name in sorted(by_name)]
    # systemd reads sysctl.conf only through a link among the others; sysctl --system reads it last.
    return files if main is None or evidence[SYSTEMD_SYSCTL.name].files else [*files, main]


def _precedence(path: str) -> int:
    directory = path.rpartition("/")[0]
    return DIRECTORIES.index(directory) if directory in DIRECTORIES else len(DIRECTORIES)


def configured(files: Iterable[Item], known: Iterable[str], built: Built) -> dict[str, Setting]:
    """What the files set, by path. The last assignment of a key counts, and any of its own beats a pattern."""
    exact: dict[str, Setting] = {}
    globs: dict[str, Setting] = {}
    for setting in (setting for item in files for setting in parse_conf(item)):
        target = globs if any(char in setting.path for char in "*?[") else exact
        target.pop(setting.path, None)  # so that a repeated pattern counts as the later one
        target[setting.path] = setting
    if len(globs) > _MAX_GLOBS:
        built.lack(f"more than {_MAX_GLOBS} patterns are configured")
    effective: dict[str, Setting] = {}
    split = [(path, path.split("/")) for path in known]
    for setting in list(globs.values())[:_MAX_GLOBS]:
        parts = [re.compile(fnmatch.translate(part)) for part in setting.path.split("/")]
        for path, names in split:
            if len(names) == len(parts) and all(part.match(name) for part, name in zip(parts, names, strict=True)):
                effective[path] = setting
    effective |= exact
    return {path: setting for path, setting in effective.items() if setting.value is not None}


def _running(item: Item) -> Running:
    found = Running()
    for line in item.lines:
        if line.startswith("?"):
            found.unreadable.add(line[1:])
            continue
        path, colon, value = line.partition(":")
        if colon and path:
            earlier = found.values.get(path)
            text = " ".join(value.split())
            found.values[path] = text if earlier is None else f"{earlier} {text}"
    return found


def _conf_problem(evidence: Evidence) -> Problem | None:
    """Why the configuration was not read whole; that a link to /dev/null is no regular file is not a reason."""
    masks = _masks(evidence)
    seen = evidence[SYSCTL_CONF.name]
    blamed = next((item for item in seen.items if item.status is seen.status), None)
    if blamed and blamed.path in masks and seen.reason == f"{blamed.path}: {blamed.reason}":
        seen = summarise(SYSCTL_CONF, [item for item in seen.items if item.path not in masks])
    whole = seen.status in (Status.OK, Status.EMPTY, Status.ABSENT)
    return None if whole else Problem(seen.status, seen.reason or f"{SYSCTL_CONF.name}: {seen.status}")


def build(evidence: Evidence) -> Built:
    built = Built()
    problem = _conf_problem(evidence)
    if problem:
        built.problems.append(problem)
    running = _running(evidence[SYSCTL_RUNNING.name].only)
    live = evidence.problem(SYSCTL_RUNNING) is None
    if live and _CANARY not in running.values:
        for part in TABLE.parts:
            built.lack("the running values are not whole", part=part)
    for path in sorted(_rule_keys(running.unreadable)):
        part = "root_only" if path in ROOT_ONLY_KEYS else "running"
        built.lack(f"{dotted(path)} cannot be read", Status.DENIED, part=part)
    present = {path for path in running.values.keys() | running.unreadable if not path.endswith(_SECRETS)}
    settings = configured(boot_files(evidence), present | SECURITY_KEYS, built)
    for path in sorted(present | SECURITY_KEYS | settings.keys()):
        exists = True if path in present else False if live else None
        built.rows.append(_row(path, running.values.get(path), exists, settings.get(path)))
    return built


def _rule_keys(paths: Iterable[str]) -> set[str]:
    """Those of `paths` that rules ask for: the security keys, and those of an interface like them."""
    return {path for path in paths if re.sub(r"(?<=/conf/)[^/]+(?=/[^/]+$)", "all", path) in SECURITY_KEYS}


def _row(path: str, value: str | None, present: bool | None, setting: Setting | None) -> Row:
    return {
        "key": dotted(path),
        "value": value,
        "present": present,
        "configured": setting.value if setting else None,
        "source": setting.source if setting else None,
        "line": setting.line if setting else None,
        "is_default": setting is None,
    }


_RUNNING = ("running", "root_only")

TABLE = Table(
    name="sysctl",
    doc="Kernel parameters. Each key that rules ask for (SECURITY_KEYS) has a row on every host; other keys have one "
    "where the kernel shows them or configuration sets them. Keys that hold secrets and counters have none.",
    columns=(
        Column("key", "text", "name with dots; a dot in an interface's name is a slash, as sysctl(8) prints it"),
        Column(
            "value",
            "text",
            "value now, runs of white space as one space; NULL if unread or the kernel lacks it",
            parts=_RUNNING,
        ),
        Column(
            "present",
            "boolean",
            "the running kernel has the key; NULL where that is not known, as in an image",
            parts=_RUNNING,
        ),
        Column("configured", "text", "value that the configuration sets at boot; NULL when it sets none"),
        Column("source", "text", "file that sets the configured value"),
        Column("line", "integer", "line in that file"),
        Column("is_default", "boolean", "no configuration sets the key"),
    ),
    sections=(SYSCTL_LINKS, SYSTEMD_SYSCTL),
    parts={
        "running": (SYSCTL_RUNNING,),  # also the keys that only the kernel names
        "root_only": (SYSCTL_RUNNING,),  # of ROOT_ONLY_KEYS
    },
    extra_sections=(SYSCTL_CONF,),
    build=build,
)
