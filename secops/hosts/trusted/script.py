"""The section `trusted_paths`: what is trusted on a host, what trusted files name, and who may change all of it.

Its output is fields, each ended by NUL. A letter begins each but those of listing records (see
`secops.hosts.listing`; size and time are 0, since they change by themselves and nobody asks for them):

    P number path       a path of `PLACES`
    F grammar path      a file that was read; what follows is of it
    N line tokens       what a line names, see `words`
    G path              it is not there, and its directory is
    A text              access lists, as getfacl writes them
    U path              a path with an access list that is not known
    T path              a file that was not read to its end
    E path              a crontab whose last line does not end
    W pattern           of sudo's policy, all matches of which were looked at, see `patterns`
    D path              a directory that is closed to us
    O                   a name holds a newline: it is left out
    X                   nothing here can read access lists
    Z                   the end
"""

from __future__ import annotations

from itertools import groupby
from shlex import quote

from secops.hosts.section import PASSWD_LIMIT, Command
from secops.hosts.trusted.awk_names import READ_AWK, fill
from secops.hosts.trusted.awk_paths import FOLLOW_AWK, HOMES_AWK, LISTABLE_AWK
from secops.hosts.trusted.places import PLACES, TOPS

# Why as it is: names are handed on as lines, so those with a newline are left out at once; where a link leads is only
# told when it is one line, since a user may make a link to anything. Each round of the loop takes one more link of all
# chains: 40 are the kernel's limit, and nobody makes ten in good faith.
_SH = r"""for p in awk find xargs stat; do command -v $p >/dev/null 2>&1 || exit 66; done
nl='
'
place() { # NUMBER GRAMMAR PATH…: what a pattern matched
  n=$1 g=$2 r=; shift 2
  for p do
    [ -e "$p" ] || [ -L "$p" ] || continue
    case $p in
      *"$nl"*) r=${r}O$nl ;;
      *) if [ -f "$p" ]; then r="${r}P $n $g $p$nl"; else r="${r}P $n - $p$nl"; continue; fi ;;
    esac
    case $g in cron | tab) [ -z "$(tail -c 1 "$p" 2>/dev/null)" ] || r="${r}E$p$nl" ;; esac
  done
  printf '%s' "$r"
}
changeable() { # NUMBER DIRECTORY…: of these and what is in them, what others than root own or may write. Whose a SUID
  # program is says as whom it runs
  n=$1; shift
  find -L "$@" -maxdepth 1 ! -type l \( ! -user 0 ! -perm -4000 -o -perm /022 \) \
    \( -name "*$nl*" -exec echo O \; -o -print \) 2>/dev/null | while IFS= read -r p; do
      case $p in /*) printf 'P %s - %s\n' "$n" "$p" ;; *) echo O ;; esac
    done
}
merged() { [ -L "$1" ] && [ "$1" -ef "/usr$1" ]; } # of these two directories the second is read
places() {
@PLACES@
  head -c @PASSWD@ /etc/passwd | awk -F: @HOMES_AWK@ | while IFS= read -r h; do
    h=${h%/}
    [ -d "$h/" ] || continue
    [ -x "$h/" ] && [ -r "$h/" ] || printf 'D%s\n' "$h"
@HOMES@
  done
}
each() { tr '\n' '\0' | xargs -0 "$@" 2>/dev/null; } # COMMAND…: with the lines of standard input as arguments
# Of each argument that is there mode, owner, group, the mode in octal; and of a link where it leads.
if [ "$gnu" ]; then
  look='find "$@" -maxdepth 0 -printf "%y%m %U %G %m %p\n" -type l ! -lname "*
*" -printf "L%p\n%l\n" 2>/dev/null'
else
  look='stat -c "x%f %u %g %a %n" "$@" 2>/dev/null
for p do
  [ -L "$p" ] || continue
  t=$(readlink "$p"; echo .); t=${t%?.}
  case $t in *"
"*) ;; *) printf "L%s\n%s\n" "$p" "$t" ;; esac
done'
fi
places=$(places)
links=; for p in @TOPS@; do if merged $p; then links="$links $p"; fi; done
text=$({ printf '%s\n' "$places" | sed -n 's/^P [0-9]* [a-z][a-z]* //p' | each stat -L -c 'S %s %n'
  printf '%s\n' "$places"; } | awk -v links="$links" @READ_AWK@)
new=/$nl$(printf '%s\n' "$text" | sed -n 's/^S//p')
named=$(printf '%s\n' "$text" | sed '/^[QC]/!d')
text=$(printf '%s\n' "$text" | sed '/^[QCS]/d')
seen= asked= last= round=0
while :; do
  asked=$asked$new$nl seen=$seen$(printf '%s\n' "$new" | each sh -c "$look" _)$nl round=$((round + 1))
  [ $round -lt 12 ] || last=1
  out=$({ printf '%s' "$asked" | sed 's/^/K/'; printf '%s%s\n.\n%s\n' "$seen" "$named" "$text"; } |
    awk -v last="$last" @FOLLOW_AWK@)
  case $out in +*) new=$(printf '%s\n' "$out" | sed 's/^+//') ;; *) break ;; esac
done
printf '%s' "${out%.}" | tr '\n\000' '\000\n'
open=$(printf '%s' "$seen" | awk @LISTABLE_AWK@)
if [ -z "$open" ]; then :
elif command -v getfacl >/dev/null 2>&1; then
  printf 'A%s\0' "$(printf '%s\n' "$open" | each getfacl -psn)"
else # ls of GNU marks with + what has a list; that of busybox does not, and does not know the long option
  marked=$(printf '%s\n' "$open" | each ls --quoting-style=literal -Udln)
  if [ "$marked" ]; then printf '%s\n' "$marked" | sed -n 's|^.\{10\}+[^/]*/|U/|p' | tr '\n' '\0'
  else printf 'X\0'
  fi
fi
printf 'Z\0'
[ "$(id -u)" = 0 ] || exit 65"""


def _top(pattern: str) -> str:
    """The directory of the root that may be a link into /usr; empty when it is none of those."""
    top = "/" + pattern.split("/")[1]
    return top if top in TOPS else ""


def _places() -> str:
    """A call of `place` for each list of patterns that are not in homes."""
    lines = []
    for number, place in enumerate(PLACES):
        plain = [pattern for pattern in place.patterns if not pattern.startswith("~/")]
        for top, patterns in groupby(sorted(plain, key=_top), key=_top):
            call = f"changeable {number}" if place.changeable else f"place {number} {place.grammar or '-'}"
            lines.append(f"{f'merged {top} || ' if top else ''}{call} {' '.join(patterns)}")
    return "\n".join(f"  {line}" for line in lines)


def _homes() -> str:
    """The same for what is in the home `$h`, or the home itself."""
    lines = []
    for number, place in enumerate(PLACES):
        patterns = ['"$h"' + pattern[1:].rstrip("/") for pattern in place.patterns if pattern.startswith("~/")]
        if patterns:
            lines.append(f"    place {number} {place.grammar or '-'} {' '.join(patterns)}")
    return "\n".join(lines)


def _script() -> str:
    filled = {
        "PLACES": _places(), "HOMES": _homes(), "TOPS": " ".join(TOPS), "HOMES_AWK": quote(HOMES_AWK),
        "PASSWD": str(PASSWD_LIMIT),
        "READ_AWK": quote(READ_AWK), "FOLLOW_AWK": quote(FOLLOW_AWK), "LISTABLE_AWK": quote(LISTABLE_AWK),
    }  # fmt: skip
    return fill(_SH, **filled)


TRUSTED_PATHS = Command("trusted_paths", _script(), limit=32 << 20, timeout=60, raw=True, image=True)
