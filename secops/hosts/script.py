"""Manifest → one POSIX sh script: a header, one function, one call on the last line.

It runs under dash, bash and busybox ash, needs only coreutils or busybox, writes nothing to disk, and ends by
itself. The script is the same for every host and every run (the nonce is made on the host), so that it can be
installed as a fixed collector, pinned by digest in sudoers, or carried to an air-gapped host on paper.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from shlex import quote

from secops import __version__
from secops.hosts.masking import CRYPT, CRYPT_HIDDEN
from secops.hosts.section import PASSWD_LIMIT, Command, Files, Listing, Section, Walk, ends_wild
from secops.hosts.shell import BLOCKED
from secops.hosts.sudo_includes import SUDO_INCLUDES_SH
from secops.hosts.walk import WALK_SH

_PRELUDE = r"""#!/bin/sh
# Citywall collector @VERSION@: reads configuration and prints it, encoded, on standard output.
# It changes nothing, writes no file, opens no connection. Password hashes are left out@SEALED@.
# By hand, as root to see everything:  sh citywall-collect.sh | gzip >host.bundle
# Then, where Citywall is:             citywall scan --bundle host.bundle
citywall_collect() {
LC_ALL=C; export LC_ALL
PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin; export PATH
unset ENV BASH_ENV CDPATH GREP_OPTIONS POSIXLY_CORRECT IFS
umask 077
set +o noglob
cd / || exit 70
renice 10 $$ >/dev/null 2>&1 || renice -n 10 -p $$ >/dev/null 2>&1
ionice -c 3 -p $$ >/dev/null 2>&1

# The nonce frames the evidence: 122 random bits that no file on this host can know. Others see what programs are
# started with: it is given to none, only to what the shell does itself (printf, read, case).
read -r n </proc/sys/kernel/random/uuid || exit 70
n=${n%%-*}${n#*-}
while case $n in *-*) true ;; *) false ;; esac; do n=${n%%-*}${n#*-}; done
n=$(printf '%.32s' "$n")

# What only stands in pipelines, where it has a shell of its own, takes its place: a process less.
if command -v base64 >/dev/null 2>&1; then code=base64; enc() { exec base64; }
else code=hex; enc() { exec od -An -v -tx1; }
fi
if timeout 5 true 2>/dev/null; then lim() { timeout "$@"; }
elif timeout -t 5 true 2>/dev/null; then lim() { s=$1; shift; timeout -t "$s" "$@"; }
else lim() { shift; "$@"; }
fi
nl='
'
gnu=; find / -maxdepth 0 -printf '' 2>/dev/null && gnu=1
export gnu

# A stored password, wherever it stands, is left as its $algorithm$.
hush() { exec sed -E @HUSH@; }

frame() { printf '%s %s %s %d\n%s\n' "$n" "$1" "$2" "${#3}" "$3"; }
tell() { frame "$1" "$2" "$(printf '%s\0%s' "$3" "$4" | enc)"; }

# A path that cannot be seen is not an absent one: is its nearest directory closed to us?
@BLOCKED@

# unread SECTION PATH: why a path is not read; nothing of one that is not there.
unread() {
  if [ -f "$2" ]; then tell "$1" denied "$2"
  elif [ -e "$2" ]; then tell "$1" special "$2"
  elif [ -L "$2" ] && [ "$uid" != 0 ]; then tell "$1" denied "$2" # its target may be there, out of our sight
  elif blocked "$2"; then tell "$1" denied "$2"
  fi
}

# file SECTION LIMIT SECONDS PATH [small]: what `sieve` leaves of the lines; it leaves the last one, ours, alone.
# Whether there was more is asked after reading, since a file may grow; not of one that is known to be small. Where the
# size tells it, it is not read for that; /proc tells no size.
within() { [ -z "$(find -H "$1" -prune \( -size +"$2"c -o -size 0 \) 2>&1)" ]; }
file() {
  if [ -f "$4" ] && [ -r "$4" ]; then
    frame "$1" file "$({ printf '%s\0' "$4"; { lim "$3" head -c "$2" "$4" 2>/dev/null
      e=$? t=; [ "${5-}" ] || within "$4" "$2" || t=$(lim "$3" dd if="$4" bs=1 skip="$2" count=1 2>/dev/null | wc -c)
      [ "$((t))" -eq 0 ] && t= || t=:t
      printf '\n%s:%d%s\n' "$n" $e "$t"; } | sieve; } | enc)"
  else unread "$1" "$4"
  fi
}

# matched SECTION LIMIT SECONDS PATH…: the same for what a wildcard matched. Of small files, which most are, all
# sizes are asked at once, before and after reading; /proc tells no size. A first word that is no path: nothing matched.
small() { [ -e "$1" ] && [ $# -le 256 ] && [ -z "$(find -H "$@" -prune \( -size +@SMALL@ -o -size 0 \) 2>&1)" ]; }
matched() {
  a=$1 b=$2 c=$3; shift 3
  all=; small "$@" && all=$(for p do [ -d "$p" ] || file "$a" "$b" "$c" "$p" small; done)
  if [ "$all" ] && small "$@"; then printf '%s\n' "$all"
  else for p do [ -d "$p" ] || file "$a" "$b" "$c" "$p"; done
  fi
}

# sealed SECTION LIMIT SECONDS PATH: leaves only encrypted to the operator's certificate in $seal.
sealed() {
  if ! [ -f "$4" ] || ! [ -r "$4" ]; then unread "$1" "$4"
  elif ! openssl cms -help >/dev/null 2>&1; then tell "$1" unsealed "$4"
  elif [ "$(wc -c <"$4")" -gt "$2" ]; then tell "$1" note "$4" "larger than $2 bytes"
  else
    frame "$1" sealed "$({ printf '%s\0' "$4"; printf '%s\n' "$seal" | lim "$3" openssl cms -encrypt -binary -aes256 \
      -outform DER -in "$4" /dev/fd/0 2>/dev/null; printf '\0%s:%d' "$n" $?; } | enc)"
  fi
}

# output SECTION LIMIT SECONDS SCRIPT FILTER
output() {
  frame "$1" output "$({ printf '\0'; lim "$3" sh -c "$4" 2>/dev/null; printf '\0%s:%d' "$n" $?
    } | head -c $(($2 + 200)) | "$5" | enc)"
}

# listing SECTION LIMIT SECONDS PATH…. A word that is no path here is a pattern without a match, or closed to us: that
# find fails at it is no fault. (Words are not sorted into a new list: that takes dash the square of their number.)
listing() {
  a=$1 b=$2 c=$3 some= lost=; shift 3
  for p do
    if [ -e "$p" ] || [ -L "$p" ]; then some=1; continue; fi
    lost=1; if blocked "$p"; then tell "$a" denied "$p"; fi
  done
  [ "$some" ] || return 0
  if [ "$gnu" ]; then
    frame "$a" output "$({ printf '\0'
      lim "$c" find "$@" -maxdepth 0 -printf '%y%m\0%U\0%G\0%s\0%T@\0%p\0%l\0\0' 2>/dev/null
      e=$?; [ "$e$lost" = 11 ] && e=0; printf '\0%s:%d' "$n" "$e"; } | head -c $(($b + 200)) | enc)"
  else
    frame "$a" output "$({ printf '\0'; for p do
        [ -e "$p" ] || [ -L "$p" ] || continue
        stat -c 'x%f %u %g %s %Y' "$p" 2>/dev/null | tr ' \n' '\0\0'
        printf '%s\0%s\0\0' "$p" "$(readlink "$p")"
      done; printf '\0%s:%d' "$n" 0; } | head -c $(($b + 200)) | enc)"
  fi
}

{ homes=$(head -c @PASSWD@ /etc/passwd | cut -d: -f6 | sort -u | while IFS= read -r h; do
    case $h in /?*) ;; *) continue ;; esac
    deep=f; for d in "$h"/*/; do [ -d "$d" ] && ! [ "$d" -ef "$h" ] && deep=d && break; done # /bin/X11 is /bin
    printf '%s\n' "$deep$h"
  done); } 2>/dev/null
bytes=$(head -c $((@PASSWD@ + 1)) /etc/passwd 2>/dev/null | wc -c)
# homes: what the section's own `below` says of each home $h. Many a home (/bin, /usr/sbin) has no directory in it
# but a thousand files: patterns that go through one stay words there ($deep), as where they match nothing.
homes() {
  printf '%s\n' "$homes" | while IFS= read -r h; do
    case $h in '') continue ;; d*) deep=+f ;; *) deep=-f ;; esac
    h=${h#?}; below </dev/null
  done
}
homeless() { # SECTION: says when there are more homes than that
  [ "$bytes" -le @PASSWD@ ] || tell "$1" cut /etc/passwd "larger than @PASSWD@ bytes"
}

uid=$(id -u)
printf 'CITYWALL-EVIDENCE 1 %s %s %s\n' "$n" "$uid" "$code"
"""


#: Functions that print paths, a line each, by the name that sections have in `found`.
_FINDERS = {"sudo_includes": SUDO_INCLUDES_SH}

_HUSH = f"s~{CRYPT}~{CRYPT_HIDDEN}~g"
_SMALL = 128  # blocks of 512 bytes: less than any section's limit


def generate(manifest: Iterable[Section], *, certificate: str = "") -> str:
    """The collector script. `certificate` (PEM) turns on the sections marked `seal`, encrypted to its key."""
    sections = [s for s in manifest if s.live and (certificate or not getattr(s, "seal", False))]
    prelude = _PRELUDE.replace("@VERSION@", __version__).replace("@PASSWD@", str(PASSWD_LIMIT))
    prelude = prelude.replace("@BLOCKED@", BLOCKED).replace("@HUSH@", quote(_HUSH)).replace("@SMALL@", str(_SMALL))
    prelude = prelude.replace("@SEALED@", ",\n# or leave only encrypted to the operator's key" if certificate else "")
    body = "\n".join(_section(section) for section in sections)
    seal = f"seal={quote(certificate.strip())}\n" if certificate else ""
    finders = "".join(_FINDERS[name] for name in dict.fromkeys(getattr(one, "found", "") for one in sections) if name)
    return f"{prelude}{finders}{seal}{body}\nframe end done ''\n}}\ncitywall_collect </dev/null\n"


def _section(section: Section) -> str:
    """The shell lines that answer one section, ended by its `done` frame."""
    call = f"{section.name} {section.limit} {section.timeout}"
    match section:
        case Files(patterns=patterns):
            lines = _paths(section.name, patterns, lambda words: _readers(section, call, words))
            if not section.seal:
                sieve = "cat" if section.raw else f"sed -E -e '$b' -e {quote(_HUSH)}{_rules(section)}"
                lines.insert(0, f"sieve() {{ exec {sieve}; }}")
        case Listing(patterns=patterns):
            lines = _paths(section.name, patterns, lambda words: [f"listing {call} {' '.join(words)}"])
        case Command(script=script, raw=raw):
            lines = [f"output {call} {quote(script)} {'cat' if raw else 'hush'}"]
        case Walk():
            lines = [f"output {call} {quote(WALK_SH)} cat"]
    if found := getattr(section, "found", ""):
        reads = f'listing {call} "$f"' if isinstance(section, Listing) else f'[ -d "$f" ] || file {call} "$f"'
        lines.append(f"{found} | while IFS= read -r f; do {{ {reads}; }} </dev/null; done")
    return "\n".join([*lines, f"frame {section.name} done ''"])


def _rules(section: Files) -> str:
    """A section's rewrite as arguments of sed. The empty branch makes `t` forget what was replaced before it."""
    rules = "".join(f" -e {quote(f's~{ere}~{replacement}~;t')}" for ere, replacement in section.rewrite)
    return f" -e 't r' -e ':r'{rules} -e d" if rules else ""


def _readers(section: Files, call: str, words: Sequence[str]) -> list[str]:
    """What reads the paths of each word. A wildcard at its end passes over directories."""
    one = "sealed" if section.seal else "file"
    return [
        f"matched {call} {word}"
        if ends_wild(word) and not section.seal
        else f'for f in {word}; do {one} {call} "$f"; done'
        for word in words
    ]


def _paths(name: str, patterns: Sequence[str], read: Callable[[Sequence[str]], list[str]]) -> list[str]:
    """`read` what the patterns match, as words of the shell; `~/` goes once through every home directory."""
    plain = [shell_pattern(pattern) for pattern in patterns if not pattern.startswith("~/")]
    below = [pattern[2:] for pattern in patterns if pattern.startswith("~/")]
    lines = read(plain) if plain else []
    if below:
        deep = [f'"$h"/{shell_pattern(pattern)}' for pattern in below if pattern.startswith("*/")]
        flat = [f'"$h"/{shell_pattern(pattern)}' for pattern in below if not pattern.startswith("*/")]
        inner = [*(read(flat) if flat else []), *(["set $deep", *read(deep), "set +f"] if deep else [])]
        lines = [f"homeless {name}", *lines, "below() {", *inner, "}", "homes"]
    return lines


_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-*?[]@+:,")


def shell_pattern(pattern: str) -> str:
    """A glob for the shell: its wildcards stay, everything else that the shell would read is quoted."""
    return "".join(char if char in _PLAIN else f"\\{char}" for char in pattern)
