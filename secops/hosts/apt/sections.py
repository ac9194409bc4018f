"""What is asked of a host for apt: what its indexes say of installed packages, its settings, and when it last upgraded.

What `INDEXES` gives, one record a line, fields separated by tabs:

    list MTIME NAME             a package index in the folder of lists; what follows is of it
    p NAME VERSION ARCHITECTURE SOURCE PHASED     a version of an installed package
    odd N                       so many entries of it have no name
    broken                      it could not be unpacked to its end
    release MTIME NAME          a Release or InRelease file; what follows is of it
    h FIELD VALUE               a line of its head
    i FOLDER SIZE               a package index that it lists, with its bytes unpacked; `-` when it does not say
    unread NAME                 a file that may not be read
    end

`CONF` gives lines of `apt-config dump`; `HISTORY` gives `zone +0800` and `upgrade NAME TIME`, in the host's time.
"""

from __future__ import annotations

from shlex import quote

from secops.hosts.section import Command, Files, Listing
from secops.hosts.shell import BLOCKED

LISTS = "/var/lib/apt/lists"

#: Lines of a Release file's head that are read.
HEAD = (
    "Origin", "Label", "Suite", "Codename", "Version", "Date", "NotAutomatic", "ButAutomaticUpgrades",
    "Architectures", "Components", "No-Support-for-Architecture-all",
)  # fmt: skip

#: Fields of an entry that are read, with what they are called in `p` records.
FIELDS = ("Version", "Architecture", "Source", "Phased-Update-Percentage")

#: Settings of apt that are read. No other leaves the host: proxies hold passwords.
KEYS = (
    "apt::(architectures?(::.*)?|barbarianarchitectures(::.*)?|default-release|machine-id|sources::.*|snapshot|"
    "periodic::(enable|update-package-lists|unattended-upgrade)|"
    "get::(phase-policy|always-include-phased-updates|never-include-phased-updates))|"
    "update-manager::(always|never)-include-phased-updates|"
    "unattended-upgrade::(allowed-origins|origins-pattern)(::.*)?|"
    "rootdir|dir(::(state(::(lists|status))?|etc(::(sourcelist|sourceparts|preferences|preferencesparts))?))?"
)

# Records are paragraphs: of most, only the first line is looked at. What is ours begins with a mark made on the host,
# which no index can know. The status file comes first.
_AWK = r"""
BEGIN { RS = ""; OFS = "\t" }
NR == 1 { mark = $0; size = length(mark); mode = "status"; next }
substr($0, 1, size) == mark {
  if (odd) print "odd", odd
  odd = 0; word = substr($0, size + 2); split(word, part, "\t"); mode = part[1]
  if (mode != "status") print word
  next
}
mode == "list" {
  if (substr($0, 1, 9) == "Package: ") name = substr($0, 10, index($0 "\n", "\n") - 10)
  else if (match($0, /\nPackage: [^\n]*/)) name = substr($0, RSTART + 10, RLENGTH - 10)
  else { odd++; next }
  if (!(name in want)) next
  n = split($0, line, "\n"); @CLEAR@
  for (i = 1; i <= n; i++) {
    @TAKE@
  }
  print "p", name, @FIELDS@
  next
}
mode == "status" {
  if (!match($0, /(^|\n)Package: [^\n]*/)) next
  name = substr($0, RSTART, RLENGTH); sub(/^\n?Package: /, "", name)
  if ($0 !~ /(^|\n)Status: [^\n]* (not-installed|config-files)(\n|$)/) want[name]
  next
}
mode == "release" && $0 !~ /^-----BEGIN PGP SIGNED MESSAGE/ {
  n = split($0, line, "\n"); split("", bytes); split("", order); count = 0
  for (i = 1; i <= n; i++) {
    if (line[i] ~ /^(@HEAD@):/) {
      name = value = line[i]; sub(/:.*/, "", name); sub(/^[^:]*:[ \t]*/, "", value); gsub(/\t/, " ", value)
      print "h", name, value
    } else if (line[i] ~ /^ [0-9a-f]+ +[0-9]+ +([^ ]*\/)?Packages(\.[a-z0-9]+)?$/ && line[i] !~ /debian-installer/) {
      split(line[i], part, " "); folder = part[3]; sub(/Packages[^\/]*$/, "", folder)
      if (!(folder in bytes)) { bytes[folder] = "-"; order[++count] = folder }
      if (part[3] ~ /Packages$/) bytes[folder] = part[2]
    }
  }
  for (i = 1; i <= count; i++) print "i", order[i], bytes[order[i]]
  mode = ""
}
END { if (odd) print "odd", odd; print "end" }
"""

_INDEXES = r"""LC_ALL=C; export LC_ALL; unset APT_CONFIG
@BLOCKED@
lists=@LISTS@ status=/var/lib/dpkg/status
if ! [ -d $lists ]; then blocked $lists && exit 65; exit 66; fi
[ -r $lists ] && [ -x $lists ] || exit 65
if ! [ -f $status ]; then blocked $status && exit 65; exit 66; fi
[ -r $status ] || exit 65
for tool in awk stat; do command -v $tool >/dev/null 2>&1 || exit 66; done
read -r mark </proc/sys/kernel/random/uuid || exit 1
cd $lists || exit 65
helper=/usr/lib/apt/apt-helper
unpack() {
  case $1 in
    *_Packages | *Release) cat "./$1" ;;
    *) if [ -x $helper ]; then $helper cat-file "./$1"
      else case $1 in
        *.lz4) lz4 -qdc "./$1" ;;
        *.gz) gzip -dc "./$1" ;;
        *.xz | *.lzma) xz -dc "./$1" ;;
        *.bz2) bzip2 -dc "./$1" ;;
        *.zst) zstd -qdc "./$1" ;;
        *) false ;;
      esac fi ;;
  esac
}
tell() { printf '\n\n%s %s\n\n' "$mark" "$1"; }
{
  printf '%s\n\n' "$mark"
  cat $status
  stat -L -c '%Y %n' -- *Release *_Packages *_Packages.* 2>/dev/null | while read -r mtime name; do
    [ -f "./$name" ] || continue
    case $name in
      *[[:cntrl:]]*) continue ;;
      *_Packages | *_Packages.lz4 | *_Packages.gz | *_Packages.xz | *_Packages.lzma | *_Packages.bz2 | \
        *_Packages.zst) word=list ;;
      *_Release | *_InRelease | Release | InRelease) word=release ;;
      *) continue ;;
    esac
    if ! [ -r "./$name" ]; then tell "unread	$name"; continue; fi
    tell "$word	$mtime	$name"
    unpack "$name" || tell broken
  done
} | awk @AWK@"""


def _awk() -> str:
    names = [field[0].lower() for field in FIELDS]
    take = "\n    else ".join(
        f'if (substr(line[i], 1, {len(field) + 2}) == "{field}: ") {name} = substr(line[i], {len(field) + 3})'
        for field, name in zip(FIELDS, names, strict=True)
    )
    program = _AWK.replace("@CLEAR@", f'{" = ".join(names)} = ""').replace("@TAKE@", take)
    return program.replace("@FIELDS@", ", ".join(names)).replace("@HEAD@", "|".join(HEAD))


INDEXES = Command(
    "apt_indexes",
    _INDEXES.replace("@BLOCKED@", BLOCKED).replace("@LISTS@", LISTS).replace("@AWK@", quote(_awk())),
    required=False,
    limit=32 << 20,
    timeout=120,
    image=True,
)

CONF = Command(
    "apt_conf",
    f"""command -v apt-config >/dev/null 2>&1 || exit 66
env -i PATH="$PATH" LC_ALL=C apt-config dump | awk '{{ key = tolower($1) }} key ~ /^({KEYS})$/'""",
    required=False,
    image=True,
)

#: Logs of upgrades with what rotation makes of them, the newest first.
LOGS = tuple(
    f"{log}{rotated}"
    for log in ("/var/log/apt/history.log", "/var/log/dpkg.log")
    for rotated in ("", ".1", *(f".{number}{ending}" for number in range(1, 13) for ending in (".gz", ".xz")))
)

# The last upgrade that each of the two logs knows.
HISTORY = Command(
    "apt_history",
    r"""LC_ALL=C; export LC_ALL
@BLOCKED@
for tool in awk date; do command -v $tool >/dev/null 2>&1 || exit 66; done
printf 'zone\t%s\n' "$(date +%z)"
found= denied=
for f in @LOGS@; do
  name=${f#/var/log/}; name=${name%%.log*}
  [ "$found" != "$name" ] || continue
  if ! [ -r "$f" ]; then
    if [ -f "$f" ] || blocked "$f"; then denied=1; fi
    continue
  fi
  case $f in *.gz) gzip -dc "$f" ;; *.xz) xz -dc "$f" ;; *) cat "$f" ;; esac 2>/dev/null |
    awk -v name="$name" '
      /^Start-Date: / { at = $2 " " $3 }
      /^Upgrade: / { last = at }
      $3 == "upgrade" && NF == 6 { last = $1 " " $2 }
      END { if (last == "") exit 1; print "upgrade\t" name "\t" last }' && found=$name
done
[ -z "$denied" ] || exit 65""".replace("@BLOCKED@", BLOCKED).replace("@LOGS@", " ".join(LOGS)),
    required=False,
    image=True,
)

_NO_USER = "(.*://)[^/ \t]*@"

# A source's address may hold a password. A line with more of them than can be told apart is a broken one.
SOURCES = Files(
    "apt_sources",
    ("/etc/apt/sources.list", "/etc/apt/sources.list.d/*"),
    rewrite=(
        ("^#.*$", "#"),
        ("^(.{64}){64}.*$", "?"),  # the ones below cost a power of its length
        (f"^{_NO_USER * 4}.*$", "?"),
        *((f"^{_NO_USER * n}(.*)$", "".join(f"\\{i}" for i in range(1, n + 2))) for n in (3, 2, 1)),
        ("^(.*)$", r"\1"),
    ),
)

PREFERENCES = Files(
    "apt_preferences",
    ("/etc/apt/preferences", "/etc/apt/preferences.d/*"),
    rewrite=(("^#.*$", "#"), ("^(.*)$", r"\1")),
)
ARCHITECTURES = Files("dpkg_arch", ("/var/lib/dpkg/arch",))

#: Times of these tell when apt last looked for updates.
STAMPS = Listing("apt_stamps", (LISTS, "/var/lib/apt/periodic/update-success-stamp"))
