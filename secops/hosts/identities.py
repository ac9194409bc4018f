"""Private keys for SSH on a host: found by their content in ~/.ssh and where configurations name them.

The answer is text, one record a line, fields parted by tabs; in those marked * a percent sign, a tab and a newline are
percent-encoded:

    k MODE UID GID FORM LOCKED PUBLIC <tab> path* <tab> first line of the public file beside it*
    d MODE UID GID <tab> directory above a key
    ! path that may not be read
    ?            (files changed meanwhile: their modes are not known)

Nothing of a private key leaves the host but what `private_key` says. Whether one asks for a passphrase is read, never
tried. A file of more than a megabyte is none to ssh, either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from secops.hosts.evidence import readable
from secops.hosts.private_key import PRIVATE_KEY_AWK, Told
from secops.hosts.section import PASSWD_LIMIT, Command
from secops.hosts.shell import BLOCKED
from secops.hosts.ssh_key import TYPES

#: Bytes of the largest file that ssh takes for a key.
LARGEST = 1 << 20

#: The client's configuration: of the system, and below each home.
SYSTEM_CONFIGS = (
    "/etc/ssh/ssh_config", "/etc/ssh/ssh_config.d/*", "/usr/etc/ssh/ssh_config", "/usr/etc/ssh/ssh_config.d/*",
)  # fmt: skip
HOME_CONFIGS = (".ssh/config", ".ssh/config.d/*", ".ssh/conf.d/*")

#: A line of a public file; what follows the key is its comment.
PUBLIC = rf"^{TYPES}[ \t]+AAAA[A-Za-z0-9+/=]+([ \t].*)?$"

#: Characters of the longest line of a configuration or a public file that is looked at.
LONGEST = 8192

# Names are never given to a shell to read. Every directory above the files is listed with them, since who may read a
# key hangs on these too; only those of keys are told.
_LOOK_AWK = (
    PRIVATE_KEY_AWK
    + r"""
function coded(x) { gsub("%", "%25", x); gsub("\t", "%09", x); gsub("\n", "%0a", x); return x }
function public(f,  line) {
  if (!(f in file) || (getline line < f) < 0) return ""
  close(f); sub(/\r$/, "", line)
  return length(line) <= @LONGEST@ && line ~ "@PUBLIC@" ? line : ""
}
function look(f, at,  x, d) {
  x = told(f); close(f)
  if (got < 0) { gsub("\n", "?", f); print "! " f }
  if (x == "") return
  print "k " (stats == count ? stat[at] : "? ? ?") " " x "\t" coded(f) "\t" coded(public(f ".pub"))
  for (d = f; sub("/[^/]*$", "", d) && d != ""; ) above[d]
  above["/"]
}
BEGIN {
  B64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  for (i = 1; i < ARGC; i++)
    if (ARGV[i] == "") files = count
    else { name[++count] = ARGV[i]; if (!files) file[ARGV[i]] }
  while ((getline line < "/dev/stdin") > 0) stat[++stats] = line
  if (stats != count) print "?"
  for (i = 1; i <= files; i++) look(name[i], i)
  for (i = files + 1; i <= count; i++) if (stats == count && name[i] in above) print "d " stat[i] "\t" name[i]
}
"""
)

_NAMED_AWK = r"""
function plain(v) {
  if (v ~ /^"/) { v = substr(v, 2); sub(/".*/, "", v) } else sub(/[ \t\r].*/, "", v)
  return v
}
BEGIN {
  for (i = 1; i < ARGC; i++) {
    f = ARGV[i]; at = index(f, "/.ssh/"); home = at ? substr(f, 1, at - 1) : "~"
    while ((getline line < f) > 0)
      if (length(line) < @LONGEST@ && tolower(line) ~ /^[ \t]*"?identityfile"?[ \t=]/) {
        sub(/^[ \t]*"?[A-Za-z]*"?[ \t]*=?[ \t]*/, "", line); line = plain(line)
        if (line ~ /^(~|%d)\//) line = home substr(line, index(line, "/"))
        if (line ~ /^~?\// && line !~ /%/) print line
      }
  }
}
"""

_SCRIPT = r"""[ "$(command -v awk)" ] || exit 66
LC_ALL=C; export LC_ALL
nl='
'
told='@LOOK@'
named='@NAMED@'
look='dirs=$nl/
for f do
  d=${f%/*}
  while [ "$d" ]; do
    case $dirs$nl in *"$nl$d$nl"*) break ;; esac
    dirs=$dirs$nl$d; d=${d%/*}
  done
done
IFS=$nl; set -f
stat -L -c "%a %u %g" "$@" ${dirs#"$nl"} 2>/dev/null | awk "$told" "$@" "" ${dirs#"$nl"}'
export nl told
@BLOCKED@
closed() { printf '! %s\n' "$1"; }
configs() { for f do [ -f "$f" ] && [ -r "$f" ] && configs=$configs$nl$f; done; }
start() { # FILE: one more place to look at
  case $starts$nl in *"$nl$1$nl"* | *"$nl${1%/*}$nl"*) return ;; esac
  if [ -f "$1" ]; then starts=$starts$nl$1
  elif blocked "$1"; then closed "$1"
  fi
}
starts= configs=
configs @SYSTEM@
homes=$(printf '/\n/root\n'; head -c @PASSWD@ /etc/passwd | cut -d: -f6 | sort -u)
IFS=$nl; set -f
for h in $homes; do
  case $h in /*) h=${h%/} ;; *) continue ;; esac
  case $starts$nl in *"$nl$h/.ssh$nl"*) continue ;; esac
  if [ -d "$h/.ssh" ] && [ -r "$h/.ssh" ] && [ -x "$h/.ssh" ]; then
    starts=$starts$nl$h/.ssh
    set +f; configs @HOME@; set -f
  elif [ -d "$h/.ssh" ] || blocked "$h/.ssh"; then closed "$h/.ssh"
  fi
done
if [ "$configs" ]; then
  names=$(find -L ${configs#"$nl"} -maxdepth 0 -type f -size -@LARGEST@c -exec awk "$named" {} +)
  for f in $names; do
    case $f in
      /*) start "$f" ;;
      *) for h in $homes; do case $h in /*) start "${h%/}${f#?}" ;; esac; done ;; # ~/name
    esac
  done
fi
[ -z "$starts" ] ||
  find -L ${starts#"$nl"} -maxdepth 1 -type f -size +0c -size -@LARGEST@c -exec sh -c "$look" _ {} +
exit 0
"""


def _script() -> str:
    script = _SCRIPT.replace("@LOOK@", _LOOK_AWK.replace("@PUBLIC@", PUBLIC))
    script = script.replace("@NAMED@", _NAMED_AWK).replace("@BLOCKED@", BLOCKED).replace("@PASSWD@", str(PASSWD_LIMIT))
    script = script.replace("@SYSTEM@", " ".join(SYSTEM_CONFIGS)).replace("@LARGEST@", str(LARGEST + 1))
    script = script.replace("@LONGEST@", str(LONGEST))
    return script.replace("@HOME@", " ".join(f'"$h"/{name}' for name in HOME_CONFIGS))


IDENTITIES = Command("ssh_identities", _script(), required=False, image=True)


class Place(NamedTuple):
    """Mode, owner and group of a file or a directory, links followed."""

    mode: int
    uid: int
    gid: int


class Found(NamedTuple):
    """A private key. `public` is the first line of the public file beside it, empty without one that is a key.

    `place` is None when not known.
    """

    path: str
    place: Place | None
    told: Told
    public: str


class Directory(NamedTuple):
    """A directory above a key."""

    path: str
    place: Place | None


#: A record: a key, a directory, a path that may not be read, or None for what does not parse.
Record = Found | Directory | str | None

_PLACE = rb"(?:([0-7]{1,5}) ([0-9]{1,10}) ([0-9]{1,10})|\? \? \?)"
_KEY = re.compile(
    rb"k " + _PLACE + rb" (openssh|pem|pkcs8|putty|ssh2) (yes|no|\?) (-|[a-z]{2,3}:[0-9a-f]+)\t([^\t]+)\t([^\t]*)"
)
_DIRECTORY = re.compile(rb"d " + _PLACE + rb"\t(.+)")


def records(data: bytes) -> Iterator[Record]:
    """The records of an answer."""
    for line in data.removesuffix(b"\n").split(b"\n") if data else ():
        if key := _KEY.fullmatch(line):
            told = Told(*(word.decode() for word in key.group(4, 5, 6)))
            path, public = (readable(unquote_to_bytes(field)) for field in key.group(7, 8))
            yield Found(path, _place(key), told, public)
        elif directory := _DIRECTORY.fullmatch(line):
            yield Directory(readable(directory[4]), _place(directory))
        else:
            yield readable(line[2:]) if line.startswith(b"! ") else None


def _place(match: re.Match[bytes]) -> Place | None:
    mode, uid, gid = match.group(1, 2, 3)
    return Place(int(mode, 8), int(uid), int(gid)) if mode else None


def key_record(path: bytes, place: Place, told: Told, public: bytes) -> bytes:
    """The record of a key, as the script writes it."""
    return b"k %o %d %d %s\t%s\t%s" % (*place, " ".join(told).encode(), _coded(path), _coded(public))


def directory_record(path: bytes, place: Place) -> bytes:
    return b"d %o %d %d\t%s" % (*place, path)


def closed_record(path: bytes) -> bytes:
    return b"! " + path.replace(b"\n", b"?")


def _coded(text: bytes) -> bytes:
    return text.replace(b"%", b"%25").replace(b"\t", b"%09").replace(b"\n", b"%0a")


_IDENTITY_FILE = re.compile(rb'[ \t]*"?identityfile"?[ \t=]', re.IGNORECASE)
_KEYWORD = re.compile(rb'[ \t]*"?[A-Za-z]*"?[ \t]*=?[ \t]*')


def named_keys(config: bytes, home: bytes) -> Iterator[bytes]:
    """Files that a configuration names as private keys, when the name is whole. `home` stands for `~`."""
    for line in config.removesuffix(b"\n").split(b"\n"):
        if len(line) < LONGEST and _IDENTITY_FILE.match(line):
            value = _KEYWORD.sub(b"", line, count=1)
            value = value[1:].partition(b'"')[0] if value.startswith(b'"') else re.split(rb"[ \t\r]", value)[0]
            if value.startswith((b"~/", b"%d/")):
                value = home + value[value.index(b"/") :]
            if value.startswith((b"/", b"~/")) and b"%" not in value:
                yield value
