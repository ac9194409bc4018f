"""Network ports that are open to be spoken to, from the kernel's own tables, and who holds them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

from secops.hosts.evidence import Evidence, Status, readable
from secops.hosts.section import Command
from secops.hosts.tables import Built, Column, Row, Table
from secops.hosts.tables.mounts import MOUNTINFO
from secops.hosts.tables.processes import PROCESS_STATUS, executable_path, hidden, names

_TABLES = r"""LC_ALL=C; export LC_ALL
set --
for p in tcp tcp6 udp udp6; do
  [ ! -e "/proc/net/$p" ] || set -- "$@" "/proc/net/$p"
done
"""

# Addresses are printed as machine words: whether these are little-endian stands in the sixth byte of any program.
# Connected sockets, which may be a hundred thousand, stay on the host. The header proves that a table was read.
SOCKETS = Command(
    "sockets",
    _TABLES
    + r"""printf 'order:%s\n' "$(head -c 6 /proc/self/exe | tail -c 1)"
grep -HE 'local_address|^ *[0-9]+: [0-9A-F]+:[0-9A-F]{4} [0-9A-F]+:[0-9A-F]{4} (07|0A) ' "$@" """,
)

# NUL-ended fields, in this order: `socket PID INODE` for each process that holds it, the lowest ids first; of the first
# process of each socket `exe PID TARGET PATH OTHER`, where PATH is TARGET again if that path is, for us, the file that
# runs (a process may have other mounts), and OTHER its second path where /usr is merged; `owners PATH OTHER ANSWER` of
# the tool that answers: it is asked about itself too, which proves that its database answers; `end`.
# Only the kernel's words are parsed as lines: with GNU find every link that does not start with `socket:` is left
# out, and without it a file's name could pass for a line of ls, so each find is read again by itself.
# awk prints at its end, after all complaints of the commands before it: that order lets both share one pipe.
SOCKET_HOLDERS = Command(
    "socket_holders",
    _TABLES
    + r"""[ "$(command -v awk)" ] || exit 66
gnu=; find / -maxdepth 0 -printf '' && gnu=1
links() {
  if [ "$gnu" ]; then
    find /proc/[0-9]*/fd -lname 'socket:*' -printf '%p %l\n' | listening "$@"
  else
    find /proc/[0-9]*/fd -type l -exec ls -ln {} + |
      awk '$(NF - 2) ~ "^/proc/[0-9]+/fd/[0-9]+$" { print $(NF - 2), $NF }' | listening "$@" |
      while read -r link target; do
        [ "$(readlink -n "$link")" != "$target" ] || printf '%s %s\n' "$link" "$target"
      done
  fi
}
listening() {
  awk 'links { if ($2 in want) print $1, $2; next }
    $4 == "0A" || $4 == "07" { want["socket:[" $10 "]"] }' "$@" links=1 -
}
holders() {
  awk '{ split($1, path, "/"); held = path[3] + 0 " " substr($2, 9, length($2) - 9) }
    !(held in seen) { seen[held]; all[++n] = held }
    END { for (i = 1; i <= n; i++) print all[i] }'
}
found=$({ links "$@" | holders; } 2>&1)
code=0
case $found in *'Permission denied'* | *'not permitted'*) code=65 ;; esac
found=$(printf '%s\n' "$found" | grep -x '[0-9][0-9]* [0-9][0-9]*' | sort -n)
[ ! "$found" ] || printf 'socket\0%s\0%s\0' $found

tool=
if [ -s /var/lib/dpkg/status ]; then tool=$(command -v dpkg-query)
elif [ -s /lib/apk/db/installed ] || [ -s /usr/lib/apk/db/installed ]; then tool=$(command -v apk)
else
  for db in /usr/lib/sysimage/rpm /var/lib/rpm; do
    [ ! -e "$db/rpmdb.sqlite" ] && [ ! -e "$db/Packages" ] && [ ! -e "$db/Packages.db" ] || tool=$(command -v rpm)
  done
fi
other() {
  case $1 in /usr/*) other=${1#/usr} ;; *) other=/usr$1 ;; esac
  [ "$other" -ef "$1" ] || other=
}
set --
for pid in $(printf '%s\n' "$found" | awk '!($2 in seen) { seen[$2]; print $1 }' | uniq); do
  target=$(readlink -nv "/proc/$pid/exe" 2>&1; echo .)
  target=${target%.}
  case $target in
    /*) ;;
    *'Permission denied'* | *'not permitted'*) code=65; continue ;;
    *) continue ;;
  esac
  path= other=
  case $target in
    *[!A-Za-z0-9_./+@=-]*) ;;  # no package has such names, and no tool is to take one for a pattern
    *) if [ "/proc/$pid/exe" -ef "$target" ]; then path=$target; other "$path"; set -- "$@" "$path" $other; fi ;;
  esac
  printf 'exe\0%s\0%s\0%s\0%s\0' "$pid" "$target" "$path" "$other"
done
other=
if [ "$tool" ]; then tool=$(readlink -f "$tool"); other "$tool"; fi
printf 'owners\0%s\0%s\0' "$tool" "$other"
set -- "$@" $tool $other
case $tool in
  */dpkg-query) dpkg-query -S "$@" ;;
  */apk) apk info --who-owns "$@" ;;
  */rpm)
    env -i PATH="$PATH" HOME=/ LC_ALL=C rpm -qf --qf '[%{=NAME}: %{FILENAMES}\n]' "$@" |
      grep -F "$(printf ': %s\n' "$@")" ;;
esac
printf '\0end\0'
exit $code""",
)

_HEADER = re.compile(r"/proc/net/(tcp6?|udp6?): *sl +local_address .*")
_SOCKET = re.compile(
    r"/proc/net/(tcp6?|udp6?): *\d{1,19}: ((?:[0-9A-F]{8}){1,4}):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} (07|0A) "
    r"\S+ \S+ \S+ +(\d{1,10}) +\d+ (\d{1,19})(?: .*)?"
)
_LISTENING = {"tcp": "0A", "udp": "07"}  # LISTEN; for udp: not connected to anyone
_ORDER = {"\x01": "little", "\x02": "big"}


@dataclass
class Holders:
    """What SOCKET_HOLDERS found: process ids by inode, executables by process id, packages by path."""

    pids: dict[int, list[int]] = field(default_factory=dict)
    targets: dict[int, str] = field(default_factory=dict)
    paths: dict[int, tuple[str, str]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    tool: tuple[str, str] = ("", "")
    whole: bool = False

    def package(self, paths: tuple[str, str]) -> str | None:
        """The package that owns a file under one of its two paths."""
        return self.owners.get(paths[0]) or self.owners.get(paths[1])


def build(evidence: Evidence) -> Built:
    built = Built()
    holders = _holders(evidence[SOCKET_HOLDERS.name].only.data)
    if evidence.problem(SOCKET_HOLDERS) is None and not holders.whole:
        _lack(built, "the list of socket holders is not whole", Status.FAILED)
    if reason := hidden(evidence):
        _lack(built, reason, Status.DENIED)
    if holders.whole and not holders.tool[0]:
        built.lack("no package manager was found", Status.ABSENT, part="package")
    elif holders.whole and not holders.package(holders.tool):
        built.lack(f"the database of {holders.tool[0]} does not answer", part="package")
    process_names = names(evidence)
    for row in _sockets(evidence, built):
        if pids := holders.pids.get(row["inode"]):
            pid = min(pids)
            executable, _ = executable_path(holders.targets.get(pid, ""))
            package = holders.package(holders.paths.get(pid, ("", "")))
            row |= {"pid": pid, "process": process_names.get(pid), "executable": executable, "package": package}
        built.rows.append(row)
    return built


def reachable(evidence: Evidence) -> frozenset[int]:
    """Processes that hold a socket which others than this host itself may speak to, as far as they were seen."""
    holders = _holders(evidence[SOCKET_HOLDERS.name].only.data)
    rows = (row for row in _sockets(evidence, Built()) if not row["loopback"])
    return frozenset(pid for row in rows for pid in holders.pids.get(row["inode"], ()))


def _lack(built: Built, reason: str, status: Status) -> None:
    for part in TABLE.parts:
        built.lack(reason, status, part=part)


def _sockets(evidence: Evidence, built: Built) -> Iterator[Row]:
    """The columns that the kernel's tables hold, of each socket that anyone may speak to."""
    order = ""
    headers = set()
    for number, line in enumerate(evidence[SOCKETS.name].only.lines, start=1):
        if line.startswith("order:"):
            order = _ORDER.get(line[6:], "")
        elif found := _HEADER.fullmatch(line):
            headers.add(found.group(1))
        elif not (found := _SOCKET.fullmatch(line)):
            built.lack(f"line {number} is not a socket")
        elif order and found.group(4) == _LISTENING[found.group(1)[:3]]:
            yield _socket(found, order)
    if evidence.problem(SOCKETS) is None and not (order and {"tcp", "udp"} <= headers):
        built.lack("the kernel's tables of sockets are not whole")


def _socket(found: re.Match[str], order: str) -> Row:
    address = _address(found.group(2), order)
    plain = address.ipv4_mapped if isinstance(address, IPv6Address) and address.ipv4_mapped else address
    return {
        "protocol": found.group(1),
        "address": str(address) if plain is address else f"::ffff:{plain}",
        "port": int(found.group(3), 16),
        "uid": int(found.group(5)),
        "inode": int(found.group(6)),
        "loopback": plain.is_loopback,
        "any_address": plain.is_unspecified,
    }


def _address(words: str, order: str) -> IPv4Address | IPv6Address:
    """An address from the hexadecimal words of the kernel, each in the byte order of the machine."""
    raw = bytes.fromhex(words)
    if order == "little":
        raw = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    return IPv4Address(raw) if len(raw) == 4 else IPv6Address(raw.rjust(16, b"\0"))


def _holders(data: bytes) -> Holders:
    """Read the records; whatever follows one that is not known is left, and the result is not whole."""
    held = Holders()
    parts = iter(readable(part) for part in data.split(b"\0"))
    for tag in parts:
        match tag:
            case "socket":
                pid, inode = next(parts, ""), next(parts, "")
                if _is_number(pid) and _is_number(inode):
                    held.pids.setdefault(int(inode), []).append(int(pid))
            case "exe":
                pid, target, path, other = (next(parts, "") for _ in range(4))
                if _is_number(pid):
                    held.targets[int(pid)], held.paths[int(pid)] = target, (path, other)
            case "owners":
                held.tool = next(parts, ""), next(parts, "")
                held.owners = _owners(next(parts, ""))
            case _:
                held.whole = tag == "end"
                break
    return held


def _is_number(text: str) -> bool:
    return len(text) < 20 and text.isascii() and text.isdigit()


def _owners(answer: str) -> dict[str, str]:
    """Packages by path, from `package: /path` (dpkg, and rpm with our format) or apk's sentence."""
    owners = {}
    for line in answer.split("\n"):
        program, owned, versioned = line.partition(" is owned by ")
        package, _, path = line.partition(": /")
        if owned:
            owners[program] = versioned.rsplit("-", 2)[0]
        elif path and not package.startswith("diversion by "):
            owners[f"/{path}"] = package.partition(":")[0].partition(",")[0]
    return owners


_HELD = ("process", "package")  # both hang on SOCKET_HOLDERS

TABLE = Table(
    name="listening_ports",
    doc="TCP sockets that listen and UDP sockets that are not connected (clients that wait for an answer too), in the "
    "network namespace of the host: what a container publishes is seen, what it keeps inside is not.",
    columns=(
        Column("protocol", "text", "tcp, tcp6, udp or udp6; a tcp6 socket on `::` mostly takes IPv4 too"),
        Column("address", "text", "local address"),
        Column("port", "integer", "local port"),
        Column("uid", "integer", "user who owns the socket"),
        Column("inode", "integer", "the kernel's number of the socket"),
        Column("loopback", "boolean", "only this host can reach it (127/8, ::1)"),
        Column("any_address", "boolean", "bound to every address of the host"),
        Column(
            "pid",
            "integer",
            "lowest id of the processes that hold it; NULL when the kernel does (NFS, WireGuard)",
            parts=_HELD,
        ),
        Column("process", "text", "that process's name", parts=("process",)),
        Column("executable", "text", "its program, as its own mounts show the path", parts=_HELD),
        Column(
            "package",
            "text",
            "package that owns the program; NULL when none does or the file is not that one",
            parts=("package",),
        ),
    ),
    sections=(SOCKETS,),
    parts={
        "process": (SOCKET_HOLDERS, PROCESS_STATUS, MOUNTINFO),
        "package": (SOCKET_HOLDERS, MOUNTINFO),
    },
    build=build,
)
