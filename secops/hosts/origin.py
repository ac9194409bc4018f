"""Where special files come from, as shell for live hosts: who gets to them, who owns them, what their package says.

It ends the walk, which hands it their paths; names that hold a newline, which no package has, are not among them. Its
records, each field ended by NUL:
`LOOKED path names` for each file that is looked up (its other names, where directories are merged; listing records
after it are of those files and of directories above them that not everybody may start or pass), `MANY` when there are
more, `ACL text` and `NOACL path` (see `acl`), `HEAD text` (head -v: the first two bytes of each), `SUMS text`
(lines of md5sum, sha1sum or sha256sum: theirs, and those of programs as large as one that no package owns), and one of
the package manager: `DPKG owners md5sums diversions overrides`, `RPM itself files`, `APK files`, or `NOPKG`.
"""

from __future__ import annotations

from secops.hosts.owners import OWNERS_SH

#: Where container runtimes keep the file systems of their containers: not this host's own programs.
CONTAINER_STORES = (
    "/var/lib/docker/",
    "/var/lib/containers/",
    "/var/lib/containerd/",
    "/var/lib/lxc/",
    "/var/lib/lxd/",
)

#: Files that are looked up, characters of a path and of all paths, and bytes of a file that is read for its digest.
MAX_LOOKUPS, MAX_PATH, MAX_PATHS, MAX_DIGESTED = 2_000, 1_000, 200_000, 64 << 20

#: Where copies are compared with programs.
PROGRAMS = ("/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/usr/local/sbin")

_RPM_TAGS = (
    "=NAME", "FILEMODES:octal", "FILEUSERNAME", "FILEGROUPNAME", "FILECAPS", "FILEDIGESTS", "FILEVERIFYFLAGS",
    "FILENAMES",
)  # fmt: skip

# Why as it is: only these few files are looked up, with a few processes in all: see `owners`, and one grep over the
# md5sums of dpkg's owners; rpm is asked in an empty environment, and what it prints of the packages' other files is
# left here.
_ORIGIN_SH = r"""@OWNERS@others() { # PATH: $other holds the names of the same file, each after a newline
  other= r=${1#/usr}
  case $r in /bin/*) s=/sbin/${r#/bin/} ;; /sbin/*) s=/bin/${r#/sbin/} ;; *) s=$r ;; esac
  for a in "$r" "$s" "/usr$r" "/usr$s"; do
    case $nl$1$other$nl in *"$nl$a$nl"*) ;; *) if [ "$a" -ef "$1" ]; then other=$other$nl$a; fi ;; esac
  done
}
tab=$(printf '\t')
kept= names= dirs= left=@LOOKUPS@
split; set -- $special; whole
for f do
  case $f in @STORES@) continue ;; esac
  if [ $left = 0 ] || [ ${#f} -gt @PATH@ ] || [ ${#names} -gt @PATHS@ ] || [ ${#dirs} -gt @PATHS@ ]; then
    printf 'MANY\0'; continue
  fi
  others "$f"; left=$((left - 1)) kept=$kept$nl$f names=$names$nl$f$other d=${f%/*}
  printf 'LOOKED\0%s\0%s\0' "$f" "${other#"$nl"}"
  while [ "$d" ]; do
    case $dirs$nl in *"$nl$d$nl"*) break ;; esac
    dirs=$dirs$nl$d d=${d%/*}
  done
done
from_dpkg() {
  dpkg_lists
  wanted= files=; split
  for l in $found; do
    owned=$owned$nl${l#*.list:} wanted="$wanted$nl  ${l#*.list:/}" l=${l%%.list:*}.md5sums
    case $files$nl in *"$nl$l$nl"*) ;; *) files=$files$nl$l ;; esac
  done
  set -- $files; whole
  printf 'DPKG\0%s\0%s\0%s\0%s\0' "$found" "$(lines "$wanted" | grep -HF -f - -- "$@" /dev/null 2>/dev/null)" \
    "$diverted" "$(cat $D/statoverride 2>/dev/null)"
}
from_apk() {
  apk_files
  printf 'APK\0%s\0' "$found"
  owned=$nl$(lines "$found" | sed -n 's/^R://p')
}
from_rpm() {
  itself=$(command -v rpm); split; set -- $kept $itself; whole
  found=$(env -i PATH="$PATH" HOME=/ LC_ALL=C rpm --dbpath "$database" -qf --qf '[@TAGS@\n]' -- "$@" 2>/dev/null |
    grep -F "$(lines "$names$nl$itself" | sed "s/.*/$tab&$tab/")")
  printf 'RPM\0%s\0%s\0' "$itself" "$found"
  owned=$nl$(lines "$found" | sed "s/$tab\$//;s/.*$tab//")
}
digests() { [ $# = 0 ] || find "$@" -maxdepth 0 -type f -size +0 -size -@BLOCKS@ -exec $sum {} + 2>/dev/null; }
copies() { # PATH…: programs of the same size
  sizes=$(find "$@" -maxdepth 0 -type f -size +0 -size -@BLOCKS@ -exec stat -c '-o -size %sc' {} + 2>/dev/null)
  [ -z "$sizes" ] || find @PROGRAMS@ -maxdepth 1 -type f \( ${sizes#-o } \) -exec $sum {} + 2>/dev/null
}
if [ "$kept" ]; then
  split; set -- $dirs $kept; near=$(find "$@" -maxdepth 0 ! -perm -001 2>/dev/null); set -- $near; whole
  if [ "$near" ]; then eval "$show"; acls "$@"; fi
  owned= sum=sha256sum; manager
  case $manager in
    dpkg) sum=md5sum; from_dpkg ;;
    apk) sum=sha1sum; from_apk ;;
    rpm) from_rpm ;;
    *) printf 'NOPKG\0' ;;
  esac
  split; set -- $kept; whole
  printf 'HEAD\0'; head -v -c 2 -- "$@" 2>/dev/null | tr '\0' '?'; printf '\0SUMS\0'; digests "$@"
  split; strange=
  for f do
    others "$f"
    for a in "$f" $other; do case $owned$nl in *"$nl$a$nl"*) f=; break ;; esac; done
    strange=$strange${f:+"$nl$f"}
  done
  set -- $strange; whole
  [ $# = 0 ] || copies "$@"
  printf '\0'
fi
"""

ORIGIN_SH = _ORIGIN_SH
for _name, _text in (
    ("@OWNERS@", OWNERS_SH), ("@LOOKUPS@", str(MAX_LOOKUPS)), ("@PATH@", str(MAX_PATH)), ("@PATHS@", str(MAX_PATHS)),
    ("@BLOCKS@", str(MAX_DIGESTED // 512 + 1)), ("@STORES@", "|".join(f"{store}*" for store in CONTAINER_STORES)),
    ("@PROGRAMS@", " ".join(PROGRAMS)),
    ("@TAGS@", "".join(f"%{{{tag}}}\\t" for tag in _RPM_TAGS)),
):  # fmt: skip
    ORIGIN_SH = ORIGIN_SH.replace(_name, _text)
