"""What is asked of a host for apk: what its indexes say of installed packages, and its settings.

What `INDEXES` gives, one record a line, fields separated by tabs:

    index MTIME NAME            an index that is kept; what follows is of it
    p NAME VERSION ORIGIN       a version of an installed package
    made TIME                   when the newest of its packages was built
    broken                      it could not be read to its end
    unread NAME                 an index that may not be read
    end
"""

from __future__ import annotations

from shlex import quote

from secops.hosts.section import Command, Files
from secops.hosts.shell import BLOCKED

DATABASES = ("/lib/apk/db/installed", "/usr/lib/apk/db/installed")

#: Folders of indexes, as shell globs. Where the first, a link that an administrator sets up,
#: is there, apk uses no other.
FOLDERS = ("/etc/apk/cache", "/var/cache/apk")

_AWK = r"""
BEGIN { RS = ""; FS = "\n"; OFS = "\t" }
NR == 1 { for (i = 1; i <= NF; i++) want[$i]; next }
$0 == "broken" { broken = 1; next }
{
  name = version = origin = ""; time = 0
  for (i = 1; i <= NF; i++) {
    key = substr($i, 1, 2); value = substr($i, 3); gsub(/[\001-\037\177]/, " ", value)
    if (key == "P:") name = value
    else if (key == "V:") version = value
    else if (key == "o:") origin = value
    else if (key == "t:" && value ~ /^[0-9]+$/ && length(value) < 12) time = value + 0
  }
  if (time > made) made = time
  if (name == "" || version == "") broken = 1
  else if (name in want) print "p", name, version, origin
}
END { if (made) printf "made\t%.0f\n", made; if (broken || NR < 2) print "broken" }
"""

_INDEXES = r"""LC_ALL=C; export LC_ALL
@BLOCKED@
db=
for f in @DATABASES@; do
  if [ -f "$f" ]; then [ -r "$f" ] || exit 65; db=$f
  elif blocked "$f"; then exit 65
  fi
done
[ "$db" ] || exit 66
for tool in awk stat sed tar; do command -v $tool >/dev/null 2>&1 || exit 66; done
names=$(sed -n 's/^P://p' "$db") || exit 1
seen=
for d in @FOLDERS@; do
  if [ "$seen" ] || ! [ -d "$d" ]; then continue; fi
  [ -r "$d" ] && [ -x "$d" ] || exit 65
  seen=1
  for f in "$d"/APKINDEX.*.tar.gz; do
    [ -f "$f" ] || continue
    name=${f##*/}
    case $name in *[!A-Za-z0-9.]*) continue ;; esac
    if ! [ -r "$f" ]; then printf 'unread\t%s\n' "$name"; continue; fi
    printf 'index\t%s\t%s\n' "$(stat -L -c %Y "$f")" "$name"
    {
      printf '%s\n\n' "$names"
      tar -xzOf "$f" APKINDEX 2>/dev/null || printf '\n\nbroken\n'
    } | awk @AWK@
  done
done
[ "$seen" ] || exit 66
echo end"""

INDEXES = Command(
    "apk_indexes",
    _INDEXES.replace("@BLOCKED@", BLOCKED)
    .replace("@DATABASES@", " ".join(DATABASES))
    .replace("@FOLDERS@", " ".join(FOLDERS))
    .replace("@AWK@", quote(_AWK)),
    required=False,
    timeout=60,
    image=True,
)

# An address may hold a password.
REPOSITORIES = Files(
    "apk_repositories",
    ("/etc/apk/repositories", "/etc/apk/repositories.d/*.list"),
    rewrite=(
        ("^[ \t]*(#.*)?$", ""),
        ("^[ \t]*(@[^ \t@]+[ \t]+)?([^@ \t]+)[ \t]*$", r"\1\2"),
        ("^[ \t]*(@[^ \t@]+[ \t]+)?.*$", r"\1?"),
    ),
)
WORLD = Files("apk_world", ("/etc/apk/world",))
