"""What users keep in ~/.ssh: private keys, found by their content, and what configurations of the client give away.

Directories in ~/.ssh are looked into, two deep, and keys that configurations and jobs name elsewhere are found. The
answer is made of records: see `ssh_records`.

Nothing of a private key leaves the host but what `private_key` says. Whether one asks for a passphrase is read, never
tried. A file of more than a megabyte is no key to ssh, either. Of a configuration (it may hold commands with passwords)
only lines of a few keywords leave it, without remarks and without what `Match exec` runs.
"""

from __future__ import annotations

from secops.hosts.private_key import PRIVATE_KEY_AWK
from secops.hosts.section import PASSWD_LIMIT, Command
from secops.hosts.shell import BLOCKED
from secops.hosts.ssh_jobs import JOBS, JOBS_AWK
from secops.hosts.ssh_records import LARGEST, LONGEST, MOST, PUBLIC

#: The client's configuration: of the system, and below each home.
SYSTEM_CONFIGS = (
    "/etc/ssh/ssh_config", "/etc/ssh/ssh_config.d/*", "/usr/etc/ssh/ssh_config", "/usr/etc/ssh/ssh_config.d/*",
)  # fmt: skip
HOME_CONFIGS = (".ssh/config", ".ssh/config.d/*", ".ssh/conf.d/*")

_CODED_AWK = r"""
function coded(x) { gsub("%", "%25", x); gsub("\t", "%09", x); gsub("\n", "%0a", x); return x }
function unread(f) { gsub("\n", "?", f); print "! " f }
"""

# Names are never given to a shell to read. Every directory above the files is listed with them, since who may read a
# key hangs on these too; only those of keys are told.
_LOOK_AWK = (
    _CODED_AWK
    + PRIVATE_KEY_AWK
    + r"""
function public(f,  line) {
  if (!(f in file) || (getline line < f) < 0) return ""
  close(f); sub(/\r$/, "", line)
  return length(line) <= @LONGEST@ && line ~ "@PUBLIC@" ? line : ""
}
function look(f, at,  x, d) {
  x = told(f); close(f)
  if (got < 0) unread(f)
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

_LINES_AWK = (
    _CODED_AWK
    + r"""
function kept(line,  low) {
  low = tolower(substr(line, 1, @LONGEST@))
  if (low !~ /^[ \t]*"?(host|hostname|match|forwardagent|identityfile|include)"?([ \t=]|$)/) return ""
  if (length(line) >= @LONGEST@) return "?"
  if (low ~ /^[ \t]*"?match/ && low ~ /exec/) return "Match exec ?"
  sub(/[ \t]#.*/, "", line)
  return line
}
BEGIN {
  for (i = 1; i < ARGC; i++) {
    f = ARGV[i]; n = count = 0
    while (count < @MOST@ && (got = (getline line < f)) > 0) {
      n++; sub(/\r$/, "", line)
      if ((line = kept(line)) != "") { count++; print "c " n "\t" coded(f) "\t" line }
    }
    if (got < 0) unread(f)
    if (got > 0) print "> " f
    close(f)
  }
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

#: Directories in ~/.ssh that are looked into: links to others are not followed.
DEEP = 2

# busybox's find knows no `-exec … +` within parentheses.
_SCRIPT = r"""[ "$(command -v awk)" ] || exit 66
LC_ALL=C; export LC_ALL
nl='
'
told='@LOOK@'
lines='@LINES@'
named='@NAMED@'
jobs='@JOBS_AWK@'
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
scan='for d do
  shift
  if [ -f "$d" ] || { [ -r "$d" ] && [ -x "$d" ]; }; then set -- "$@" "$d"
  else printf "! %s\n" "$(printf %s "$d" | tr "\n" "?")"
  fi
done
[ $# = 0 ] || find -L "$@" -maxdepth 1 -type f -size +0c -size -@LARGER@c -exec sh -c "$look" _ {} +'
export nl told look scan
@BLOCKED@
closed() { printf '! %s\n' "$1"; }
configs() {
  for f do
    case $f in *"$nl"*) ! [ -f "$f" ] || echo '?'; continue ;; esac
    if [ -f "$f" ] && [ -r "$f" ]; then configs=$configs$nl$f
    elif [ -f "$f" ] || blocked "$f"; then closed "$f"
    fi
  done
}
start() { # FILE: one more place to look at, and the public file beside it
  case $starts$nl in *"$nl$1$nl"* | *"$nl${1%/*}$nl"*) return ;; esac
  if [ -f "$1" ]; then
    starts=$starts$nl$1
    if [ -f "$1.pub" ]; then starts=$starts$nl$1.pub; fi
  elif blocked "$1"; then closed "$1"
  fi
}
starts= configs= names=
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
  find -L ${configs#"$nl"} -maxdepth 0 -type f -size +@LARGEST@c -exec printf '> %s\n' {} +
  find -L ${configs#"$nl"} -maxdepth 0 -type f -size -@LARGER@c -exec awk "$lines" {} +
  names=$(find -L ${configs#"$nl"} -maxdepth 0 -type f -size -@LARGER@c -exec awk "$named" {} +)
fi
set +f; set -- @JOBS@; set -f
names=$names$nl$(find -L "$@" -maxdepth 0 -type f -size -@LARGER@c -exec awk "$jobs" {} + 2>/dev/null)
for f in $names; do
  case $f in
    /*) start "$f" ;;
    *) for h in $homes; do case $h in /*) start "${h%/}${f#?}" ;; esac; done ;; # ~/name
  esac
done
[ -z "$starts" ] || {
  sh -c "$scan" _ ${starts#"$nl"}
  find -H ${starts#"$nl"} -mindepth 1 -maxdepth @DEEP@ -type d -exec sh -c 'eval "$scan"' _ {} +
} | awk '!told[$0]++'
exit 0
"""


for _name, _text in (
    ("@LOOK@", _LOOK_AWK), ("@LINES@", _LINES_AWK), ("@NAMED@", _NAMED_AWK), ("@JOBS_AWK@", JOBS_AWK),
    ("@JOBS@", " ".join(JOBS)), ("@DEEP@", str(DEEP)), ("@PUBLIC@", PUBLIC),
    ("@BLOCKED@", BLOCKED), ("@PASSWD@", str(PASSWD_LIMIT)), ("@MOST@", str(MOST)), ("@LONGEST@", str(LONGEST)),
    ("@LARGEST@", str(LARGEST)), ("@LARGER@", str(LARGEST + 1)), ("@SYSTEM@", " ".join(SYSTEM_CONFIGS)),
    ("@HOME@", " ".join(f'"$h"/{name}' for name in HOME_CONFIGS)),
):  # fmt: skip
    _SCRIPT = _SCRIPT.replace(_name, _text)

SSH_FILES = Command("ssh_files", _SCRIPT, required=False, image=True)
