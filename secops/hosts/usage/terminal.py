"""Logins with a terminal, from the binary records that login programs keep: lastlog, wtmp, and lastlog2's database.

What `LOGIN_RECORDS` gives, fields separated by tabs, one line each; of wtmp numbers and texts as hexadecimal bytes:

    lastlog UID SECONDS
    more                                lastlog was not asked for all accounts
    login TIME USER LINE HOST           of each wtmp file the last login of each account
    bad                                 a wtmp file holds records of another kind of machine, or none
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from secops.hosts.evidence import Evidence, readable
from secops.hosts.section import PASSWD_LIMIT, Command, Files
from secops.hosts.sqlite_file import SqliteError, read_table
from secops.hosts.tables import Built
from secops.hosts.tables.users import NO_LOGIN, passwd_lines
from secops.hosts.usage.event import CONSOLE, SSH, TERMINAL, Event

LASTLOG, WTMP = "/var/log/lastlog", "/var/log/wtmp"

#: Bytes of wtmp files that are read, the newest first.
MAX_BYTES = 1 << 19

#: lastlog is an array over all user ids, mostly holes. Up to the first number it is read as one, of ids above it so
#: many single records.
_DENSE, _SINGLE = 50_000, 64

# Why as it is: records have 384 bytes (lastlog's 292) on machines that once had 32-bit programs, where times are kept
# short, and 400 (296) on younger ones: both are multiples of 16 bytes, a line of od. Of a record that is no login only
# the first line is looked at. Runs of zeros, which lastlog is made of, od gives as one `*`.
LOGIN_RECORDS = Command(
    "login_records",
    r"""LC_ALL=C; export LC_ALL
for tool in awk od stat sort tail uname; do command -v "$tool" >/dev/null 2>&1 || exit 66; done
case $(uname -m) in
  aarch64 | arm64 | loongarch64 | riscv64) size=400 at=9 one=296 ;;
  *) size=384 at=5 one=292 ;;
esac
denied=
if [ -s @LASTLOG@ ] && ! [ -r @LASTLOG@ ]; then denied=1
elif [ -s @LASTLOG@ ]; then
  set -- $(head -c @PASSWD@ /etc/passwd | awk -F: '
    $3 !~ /^[0-9]+$/ || $7 ~ /\/(@NO_LOGIN@)$/ { next }
    $3 < @DENSE@ { if ($3 + 0 > most) most = $3 + 0; next }
    n < @SINGLE@ { n++; single = single " " $3; next }
    { more = 1 }
    END { print most + 0, more + 0 single }')
  [ "$2" = 0 ] || echo more
  od -A d -t d4 -N $((($1 + 1) * one)) @LASTLOG@ | awk -v step=$((one / 4)) '{
    for (i = 2; i <= NF; i++) if ($i > 0 && ($1 / 4 + i - 2) % step == 0)
      printf "lastlog\t%d\t%d\n", ($1 / 4 + i - 2) / step, $i
  }'
  shift 2
  for id do
    time=$(od -A n -t d4 -j $((id * one)) -N 4 @LASTLOG@ 2>/dev/null)
    [ $((time)) -le 0 ] || printf 'lastlog\t%s\t%d\n' "$id" $((time))
  done
fi
left=@MAX_BYTES@
stat -L -c '%Y %s %n' @WTMP@ @WTMP@[.-][0-9]* 2>/dev/null | sort -rn | {
  while read -r _ bytes path && [ $left -ge $size ]; do
    case $path in *[!A-Za-z0-9._/-]*) continue ;; *.gz) bytes=$((bytes * 10)) ;; esac
    [ -f "$path" ] || continue
    [ -r "$path" ] || { denied=1; continue; }
    skip=0; [ $bytes -le $left ] || skip=$((bytes / size * size - left / size * size))
    echo @
    case $path in
      *.gz) [ $skip -gt 0 ] || gzip -dc "$path" ;;
      *) tail -c +$((skip + 1)) "$path" ;;
    esac 2>/dev/null | od -A n -v -t x1
    left=$((left - bytes))
  done
  [ ! "$denied" ] || echo @denied
} | awk -v lines=$((size / 16)) -v at=$at '
  function some(from, to,  i, all) { all = ""; for (i = from; i <= to; i++) all = all $i; return all }
  function text(hex) { sub(/(00)+$/, "", hex); return hex }
  function flush(  k) { for (k in last) print "login", last[k]; split("", last) }
  BEGIN { OFS = "\t"; code = 0 }
  $1 == "@denied" { code = 65; next }
  $1 == "@" { flush(); n = bad = 0; next }
  bad { next }
  n == 0 {
    type = $1
    if (type !~ /^0[0-9]$/ || $2 $3 $4 != "000000") { bad = 1; print "bad"; next }
    if (type == "07") line = some(9, 16)
  }
  type == "07" {
    if (n == 1) line = line some(1, 16)
    else if (n == 2) { line = line some(1, 8); user = some(13, 16) }
    else if (n == 3) user = user some(1, 16)
    else if (n == 4) { user = user some(1, 12); host = some(13, 16) }
    else if (n > 4 && n < 20) host = host some(1, 16)
    else if (n == 20) host = host some(1, 12)
    else if (n == 21) last[user] = $(at + 3) $(at + 2) $(at + 1) $at OFS text(user) OFS text(line) OFS text(host)
  }
  { if (++n == lines) n = 0 }
  END { flush(); exit code }'""".replace("@LASTLOG@", LASTLOG)
    .replace("@WTMP@", WTMP)
    .replace("@NO_LOGIN@", "|".join(sorted(NO_LOGIN)))
    .replace("@DENSE@", str(_DENSE))
    .replace("@SINGLE@", str(_SINGLE))
    .replace("@PASSWD@", str(PASSWD_LIMIT))
    .replace("@MAX_BYTES@", str(MAX_BYTES)),
    required=False,
    image=True,
)
LASTLOG2 = Files("lastlog2", ("/var/lib/lastlog/lastlog2.db",), limit=16 << 20, raw=True)

SECTIONS = (LOGIN_RECORDS, LASTLOG2)

_HEX = re.compile("([0-9a-f]{2})*")
_USER_BYTES = 32  # of a name that wtmp has room for
_CONSOLE = re.compile(r"tty[0-9]|console|hvc|:[0-9]")


def terminal_logins(evidence: Evidence, built: Built) -> Iterator[Event]:
    """The last login of each local account in each record. What they lack is told to `built`."""
    accounts = [(fields[0], fields[2]) for _, fields in passwd_lines(evidence)]
    for line in evidence[LOGIN_RECORDS.name].only.lines:
        match line.split("\t"):
            case ["lastlog", uid, time] if re.fullmatch("[0-9]{1,10}", time):
                yield from (_login(name, int(time), "lastlog", "") for name, number in accounts if number == uid)
            case ["login", *fields] if len(fields) == 4 and all(_HEX.fullmatch(field) for field in fields):
                yield from _of_wtmp(fields, [name for name, _ in accounts])
            case ["more"]:
                built.lack(f"of accounts with large numbers lastlog was asked for {_SINGLE} only")
            case ["bad"]:
                built.lack(f"{WTMP} holds records that this machine does not write")
    for item in evidence[LASTLOG2.name].files:
        try:
            yield from _of_lastlog2(item.data)
        except SqliteError as error:
            built.lack(f"{item.path}: {error}")


def _of_wtmp(fields: list[str], names: list[str]) -> Iterator[Event]:
    time, user, terminal, address = (bytes.fromhex(field) for field in fields)
    user, terminal, address = (field.partition(b"\0")[0] for field in (user, terminal, address))
    text = readable(user)
    for name in names:
        if name == text or (len(user) == _USER_BYTES and name.startswith(text)):
            yield _login(name, int.from_bytes(time), "wtmp", readable(terminal), readable(address))


def _of_lastlog2(data: bytes) -> Iterator[Event]:
    for row in read_table(data, "Lastlog2", ("Name", "Time", "TTY", "RemoteHost", "Service")):
        name, time, terminal, address, service = row
        if isinstance(name, str) and isinstance(time, int) and 0 < time < 1 << 40:
            found = _login(name, time, "lastlog2", str(terminal or ""), str(address or ""))
            yield replace(found, how=SSH) if service == "sshd" else found


def _login(user: str, time: int, record: str, terminal: str, address: str = "") -> Event:
    """A login; display managers write the name of the display in the place of an address."""
    console = bool(_CONSOLE.match(terminal))
    remote = "" if address.startswith(":") else address
    return Event("login", CONSOLE if console else TERMINAL, user, time, record, address=remote)
