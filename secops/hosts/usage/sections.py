"""What is asked of a host for the use of its accounts: text logs, the journal, and the binary records of logins.

What `AUTH_LOGS` and `AUTH_JOURNAL` give, fields separated by tabs, one line each:

    now SECONDS +ZONE                       the host's clock; of an image the time of its newest log
    alive SECONDS                           when the same daemon last wrote another log
    log SECONDS READ PATH                   a file, the newest first, with its mtime; READ is whole, cut or unread
    journal FIRST LAST LINES                the times of the journal's ends; of how many lines it was asked, 0 for all
    = TIME                                  of each log: the time of its first line, then of its last
    lines N                                 how many lines were read
    broken                                  the log could not be unpacked to its end
    KIND USER TARGET COUNT TIME ADDRESS     what happened, the last time it did
    host NAME                               the host that these lines name
"""

from __future__ import annotations

from shlex import quote

from secops.hosts.section import PASSWD_LIMIT, Command
from secops.hosts.usage.lines import OWN, REDUCED, SAID, TIME, UNWANTED, WANTED

#: Bytes of text logs that are read, the newest first. A packed file counts for `PACKED` times its size.
MAX_BYTES, PACKED = 64 << 20, 10

#: Of the first lines of a log one has a time.
ENDS = 9

#: Lines of the journal that are read where journalctl cannot look for words itself.
MAX_LINES = 300_000

#: Logs that may hold logins; and others of the same daemons, whose times tell that these were at work.
LOGS = ("/var/log/auth.log", "/var/log/secure", "/var/log/messages")
SIGNS = ("/var/log/syslog", "/var/log/cron")
SUDO_LOG = "/var/log/sudo.log"

#: Where `Defaults logfile` may stand, and what a path in it may be.
SUDOERS = ("/etc/sudoers", "/etc/sudoers.d/*", "/usr/etc/sudoers", "/usr/etc/sudoers.d/*")
LOGFILE = r"^[ 	]*Defaults.*[ 	,]logfile[ 	]*=[ 	]*\"*(/var/log/[A-Za-z0-9._/-]*).*$"

#: Programs that let people in or give them rights, as they call themselves to syslog.
_TAGS = (
    "sshd", "sshd-session", "dropbear", "login", "remote", "gdm-password]", "gdm-autologin]", "gdm-fingerprint]",
    "gdm-smartcard]", "lightdm", "sddm-helper", "xrdp-sesman", "cockpit-session", "vsftpd", "proftpd",
    "su", "sudo", "doas", "pkexec", "useradd", "usermod", "gpasswd",
)  # fmt: skip

_UNPACK = {"gz": "gzip -dc", "xz": "xz -dc", "bz2": "bzip2 -dc", "zst": "zstd -qdc"}


def _sed() -> str:
    """The program for sed: the number of lines, the times of the first lines and the last one, and what they tell.

    The empty branch makes `t` forget what was replaced before it.
    """
    time = f"{{h;s~^{TIME} .*~=\t\\1~p;g;}}"
    rules = "".join(f"s~{ere}~{replacement}~p;t\n" for ere, replacement in REDUCED)
    return f"$=\n1,{ENDS}{time}\n${time}\n/^!/p\n/{WANTED}/!d\n/{UNWANTED}/d\nt r\n:r\n{rules}"


# A line of sed begins with the time of what happened, with a mark (`=`, `!`), or is a number; one of ours with `@`.
_AWK = r"""
BEGIN {
  code = 0
  while (("head -c @PASSWD@ /etc/passwd" | getline line) > 0) { split(line, of, ":"); known[of[1]]; known["#" of[3]] }
  known["*"]; FS = OFS = "\t"
}
function flush(  k) {
  if (last) print last
  for (k in count) print k, count[k], time[k], address[k]
  for (k in hosts) print "host", k
  split("", count); split("", time); split("", address); split("", hosts)
  first = last = ""
}
/^@denied/ { code = 65; next }
/^@/ { flush(); print substr($0, 2); next }
/^!broken$/ { print "broken"; next }
/^=/ { if (!first) { first = 1; print } last = $0; next }
/^[0-9]+$/ { print "lines", $0; next }
NF == 6 && $3 in known {
  k = $2 OFS $3 OFS $4
  count[k]++; time[k] = $1; address[k] = $5
  if ($6 != "") hosts[$6]
}
END { flush(); exit code }
"""

_HEAD = f"""LC_ALL=C; export LC_ALL
for tool in awk sed date @TOOLS@; do command -v "$tool" >/dev/null 2>&1 || exit 66; done
reduced={quote(_sed())}
printf 'now\\t%s\\t%s\\n' $(date '+%s %z')
"""

_LOGS = r"""if [ -d /var/log ]; then [ -r /var/log ] && [ -x /var/log ] || exit 65; fi
own=$(sed -n -E 's~@LOGFILE@~\1~p' @SUDOERS@ 2>/dev/null | tail -n 1)
own=${own:-@SUDO_LOG@}; case $own in */../*) own=@SUDO_LOG@ ;; esac
set --
for name in @LOGS@ "$own"; do set -- "$@" "$name" "$name"[.-][0-9]*; done
unpack() { # PATH
  case $1 in @UNPACK@
    *) tail -c "$left" "$1" ;;
  esac
}
# of sudo's own file, wherever it is, lines that were wrapped are put together
joined() {
  if [ "${1#"$own"}" = "$1" ]; then cat
  else sed -e ':a' -e '$!N;s/\n    */ /;ta' -e 'P;D' | sed -E 's~@OWN@~@AS_OTHERS@~'
  fi
}
left=@MAX_BYTES@ denied=
stat -L -c '%Y %s %n' "$@" @SIGNS@ 2>/dev/null | sort -rn | {
  while read -r mtime size path; do
    [ -f "$path" ] || continue
    case $path in
      *[!A-Za-z0-9._/-]*) continue ;;
      @SIGN@) printf '@alive\t%s\n' "$mtime"; continue ;;
    esac
    read=whole tool= skip=
    case $path in @TOOL@ esac
    [ -r "$path" ] || denied=1
    if ! [ -r "$path" ] || [ "$left" -le 0 ]; then read=unread
    elif [ "$tool" ]; then
      size=$((size * @PACKED@))
      [ "$size" -le "$left" ] && command -v "$tool" >/dev/null 2>&1 || read=unread
    elif [ "$size" -gt "$left" ]; then read=cut skip=1d
    fi
    printf '@log\t%s\t%s\t%s\n' "$mtime" "$read" "$path"
    [ "$read" = unread ] && continue
    { unpack "$path" 2>/dev/null || printf '\n!broken\n'; } | joined "$path" | sed -n -E "$skip
$reduced"
    echo # where the last line has no end, sed gives it none
    left=$((left - size))
  done
  [ ! "$denied" ] || echo @denied
} | awk @AWK@"""

_JOURNAL = r"""seen=
for d in /var/log/journal /run/log/journal; do
  [ -d "$d" ] || continue
  [ -r "$d" ] && [ -x "$d" ] || exit 65
  for f in "$d"/*/; do [ ! -d "$f" ] || [ -x "$f" ] || exit 65; done
  for f in "$d"/*/system.journal; do
    [ -e "$f" ] || continue
    [ -r "$f" ] || exit 65
    seen=1
  done
done
[ "$seen" ] || exit 66
ask() { journalctl -q --no-pager -o short-iso "$@" 2>/dev/null; }
first=$(ask --system | head -n 1) most=0
if last=$(ask --system -n 1 -g . | head -n 1) && [ "$last" ]; then set -- -g '@SAID@'
else
  last=$(ask --system -n 1 | head -n 1) most=@MAX_LINES@
  set -- -n $most
fi
{
  printf '@journal\t%s\t%s\t%s\n' "${first%% *}" "${last%% *}" "$most"
  ask "$@" @TAGS@ | sed -n -E "$reduced"
} | awk @AWK@"""


def _filled(script: str, tools: str) -> str:
    words = {
        "TOOLS": tools, "AWK": quote(_AWK.replace("@PASSWD@", str(PASSWD_LIMIT))),
        "LOGFILE": LOGFILE, "OWN": OWN[0], "AS_OTHERS": OWN[1],
        "SUDOERS": " ".join(SUDOERS), "SUDO_LOG": SUDO_LOG, "LOGS": " ".join(LOGS), "SIGNS": " ".join(SIGNS),
        "SIGN": "|".join(SIGNS), "MAX_BYTES": str(MAX_BYTES), "PACKED": str(PACKED), "MAX_LINES": str(MAX_LINES),
        "SAID": SAID, "TAGS": " ".join(f"-t {quote(tag)}" for tag in _TAGS),
        "UNPACK": "".join(f'\n    *.{ending}) {program} "$1" ;;' for ending, program in _UNPACK.items()),
        "TOOL": " ".join(f"*.{ending}) tool={program.split()[0]} ;;" for ending, program in _UNPACK.items()),
    }  # fmt: skip
    for name, value in words.items():
        script = script.replace(f"@{name}@", value)
    return script


AUTH_LOGS = Command("auth_logs", _filled(_HEAD + _LOGS, "stat sort tail"), image=True)
AUTH_JOURNAL = Command("auth_journal", _filled(_HEAD + _JOURNAL, "journalctl head"))
