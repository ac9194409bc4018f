"""What the tables of sudo share: what is collected for them, the policy, and the host as sudo sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import replace
from posixpath import dirname, normpath

from secops.hosts.addresses import Subnet
from secops.hosts.evidence import Evidence, Item
from secops.hosts.listing import Entry
from secops.hosts.masking import SUDO_SECRETS
from secops.hosts.section import Files, Listing
from secops.hosts.sudoers import Host, Policy, is_host, load
from secops.hosts.sudoers_host import Netgroups, canonical, netgroups
from secops.hosts.sudoers_options import Switches, switches
from secops.hosts.tables import Built
from secops.hosts.tables._files import WITHOUT_COMMENTS, files_problem
from secops.hosts.tables._listed import listed
from secops.hosts.tables.host_addresses import ADDRESSES, own_addresses
from secops.hosts.tables.hosts import HOSTNAME, KERNEL_HOSTNAME, NSSWITCH, OS_RELEASE, family, hostname, os_release

_MAIN_FILES = ("/etc/sudoers", "/usr/etc/sudoers")  # sudo takes the first; the second is SUSE's
DIRECTORIES = ("/etc/sudoers.d", "/usr/etc/sudoers.d")
_BINARIES = ("/usr/bin/sudo", "/usr/local/bin/sudo", "/usr/sbin/sudo", "/bin/sudo")

#: For `@include sudoers.local`, `@include sudoers.%h`; it leaves out the directory sudoers.d.
_BESIDE = "/etc/sudoers.[a-ce-zA-Z0-9]*"

SUDOERS = Files(
    "sudoers",
    (*_MAIN_FILES, *(f"{directory}/*" for directory in DIRECTORIES), _BESIDE),
    # without comments: `#include` and `#uid` are none, and a backslash at the end of one counts where the line before
    # it is broken
    rewrite=(
        ("^([ \t]*#(include(dir)?([^a-z].*)?|-?[0-9].*|-?.?))$", r"\1"),
        ("^([ \t]*#).*(\\\\)$", r"\1\2"),
        ("^([ \t]*#).*$", r"\1"),
        *SUDO_SECRETS,
        ("^(.*)$", r"\1"),
    ),
    found="sudo_includes",
)
SUDO_PATHS = Listing(
    "sudo_paths",
    (*_BINARIES, *_MAIN_FILES, *DIRECTORIES, *(f"{directory}/*" for directory in DIRECTORIES), _BESIDE),
    found="sudo_includes",
)
SUDO_CONF = Files("sudo_conf", ("/etc/sudo.conf",))
HOSTS = Files("etc_hosts", ("/etc/hosts",), rewrite=WITHOUT_COMMENTS)
NETGROUP = Files("netgroup", ("/etc/netgroup", "/proc/sys/kernel/domainname"), rewrite=WITHOUT_COMMENTS)
SECTIONS = (SUDO_PATHS, NSSWITCH, SUDO_CONF)
EXTRA_SECTIONS = (SUDOERS, HOSTNAME, KERNEL_HOSTNAME, OS_RELEASE, HOSTS, NETGROUP, ADDRESSES)


def read_policy(evidence: Evidence, built: Built) -> Policy:
    """The host's policy; an empty one when sudo is not there. What is not seen or not in force is told to `built`."""
    paths = {normpath(entry.path): entry for entry in listed(evidence, SUDO_PATHS, built)}
    unseen = files_problem(evidence, SUDOERS, {path for path, entry in paths.items() if entry.kind == "d"})
    if unseen:
        built.problems.append(unseen)
    files = {normpath(item.path): item.data for item in evidence[SUDOERS.name].files}
    main = next((path for path in _MAIN_FILES if path in files), None)
    if main is None or not files[main].strip():
        if link := next((path for path in _MAIN_FILES if main is None and _is_link(paths.get(path))), None):
            built.lack(f"{link} is a link that leads to no file")
        elif not unseen and (main or any(path in paths for path in _BINARIES)):
            built.lack("sudo is installed, but its sudoers file is missing or empty")
        return Policy()
    if not _other_sources(evidence, built):
        return Policy()
    folders = {*DIRECTORIES, *(normpath(path) for path, entry in paths.items() if entry.kind == "d")}
    refused = set(_refused(files, paths, folders, built))
    if main in refused:
        built.lack(f"{main} is not root's alone: sudo refuses the whole policy")
        return Policy()
    kept = {path: data for path, data in files.items() if path not in refused}
    return load(kept, main, directories=folders, host=_short(evidence), refused=refused)


def _refused(
    files: Mapping[str, bytes], paths: Mapping[str, Entry], directories: Set[str], built: Built
) -> Iterator[str]:
    """Files that sudo does not read, since others than root own or may write them, or their directory."""
    for path in files:
        entry, folder = paths.get(path), paths.get(dirname(path))
        if entry and _is_link(entry):
            built.lack(f"{path} is a link: who may write its target is not seen")
        elif not _is_safe(entry) or (dirname(path) in directories and not _is_safe(folder)):
            yield path


def _is_link(entry: Entry | None) -> bool:
    return entry is not None and entry.kind == "l"


def _is_safe(entry: Entry | None) -> bool:
    if entry is None or entry.kind == "l":
        return True
    return entry.uid == 0 and not entry.mode & 0o002 and (not entry.mode & 0o020 or entry.gid == 0)


def tell_faults(policy: Policy, built: Built) -> None:
    """To be called when the policy was expanded, which finds faults too."""
    for reason in policy.faults:
        built.lack(reason)


def _other_sources(evidence: Evidence, built: Built) -> bool:
    """Tell of policy that is not in the files. False when sudo does not read the files at all."""
    sources = _sources(evidence, "sudoers") or ["files"]
    if "sss" in sources or "ldap" in sources:
        built.lack("sudo rules of a directory (nsswitch.conf: sudoers) are not seen")
    for words in _conf(evidence):
        if words[:1] == ["Plugin"] and words[1:2] not in (["sudoers_policy"], ["sudoers_io"], ["sudoers_audit"]):
            built.lack("/etc/sudo.conf loads another policy plugin than sudoers")
        elif words[:2] == ["Plugin", "sudoers_policy"] and any(word.startswith("sudoers_file=") for word in words):
            built.lack("/etc/sudo.conf takes the policy from another file than /etc/sudoers")
        elif words[:2] == ["Plugin", "sudoers_policy"] and words[3:]:
            built.lack("/etc/sudo.conf gives the policy plugin settings of its own")
    return "files" in sources


def _conf(evidence: Evidence) -> Iterator[list[str]]:
    for line in evidence[SUDO_CONF.name].only.lines:
        yield line.partition("#")[0].split()


def _sources(evidence: Evidence, database: str) -> list[str]:
    """Where nsswitch.conf sends for a database, in lower case, with `[…]` between; empty when it does not say."""
    for line in evidence[NSSWITCH.name].only.lines:
        name, colon, rest = line.partition("#")[0].partition(":")
        if colon and name.strip().lower() == database:
            return rest.lower().split()
    return []


def _short(evidence: Evidence) -> str | None:
    """The host's name up to the first dot."""
    name = hostname(evidence)
    return name.partition(".")[0] if name else None


def policy_host(evidence: Evidence, policy: Policy) -> tuple[Host, Switches]:
    """The host as sudo sees it, and how the policy wants names compared."""
    plain = replace(
        Host.named(hostname(evidence), whole=True), subnets=_subnets(evidence), netgroups=_netgroups(evidence)
    )
    found = switches(policy, lambda member: is_host(member, plain))
    fqdn = _built_with_fqdn(evidence) if found.fqdn is None else found.fqdn
    named = _resolved(evidence, plain) if fqdn is not False else plain
    if fqdn is None and named != plain:
        named = replace(named, short=plain.short if named.short == plain.short else None, full=None)
    return replace(named, use_netgroups=found.use_netgroups, by_user=found.netgroup_tuple), found


def _built_with_fqdn(evidence: Evidence) -> bool | None:
    """Debian builds sudo so that it asks the resolver for its host's name, and no other family does."""
    name = family(os_release(evidence))
    return None if name is None else name == "debian"


def _resolved(evidence: Evidence, plain: Host) -> Host:
    """The host by the name that the resolver has for it, where that is known: from /etc/hosts, if it is asked first."""
    name, sources = hostname(evidence), [word for word in _sources(evidence, "hosts") if not word.startswith("[")]
    if not name or evidence.problem(HOSTS) or sources[:1] not in (["files"], ["myhostname"]):
        return replace(plain, full=plain.full if name and "." in name else None)
    found = canonical(name, evidence[HOSTS.name].only.lines) if sources[0] == "files" else name
    if found is None and set(sources[1:]) <= {"myhostname"}:
        found = name  # nobody has another
    if found is None:
        return replace(plain, full=plain.full if "." in name else None)
    return replace(plain, short=found.partition(".")[0], full=found)


def _netgroups(evidence: Evidence) -> Netgroups:
    sources = _sources(evidence, "netgroup")
    whole = sources == ["files"] and evidence.problem(NETGROUP) is None
    items = {item.path: item for item in evidence[NETGROUP.name].files}
    lines = items.get("/etc/netgroup", Item("")).lines if "files" in sources else []
    return netgroups(lines, whole=whole, domain=_domain(items.get("/proc/sys/kernel/domainname")))


def _domain(item: Item | None) -> str | None:
    """The NIS domain; empty when there is none, as the kernel's `(none)`."""
    if item is None or not item.lines:
        return None
    name = item.lines[0].strip()
    return "" if any(char in name for char in "(), ") else name


def _subnets(evidence: Evidence) -> list[Subnet] | None:
    return [] if ["Set", "probe_interfaces", "false"] in _conf(evidence) else own_addresses(evidence)
