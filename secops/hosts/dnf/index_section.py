"""What the indexes of dnf and zypper say of installed packages.

What `INDEXES` gives, one record a line, fields separated by tabs:

    repo MTIME FOLDER           an index that is kept, by its folder; what follows is of it
    revision TEXT               repomd.xml: the repository's own word for its state
    data TYPE TIME FILE         repomd.xml: a file of it and when it was made; what follows is of it
    p NAME EPOCH VERSION RELEASE ARCH SOURCERPM VENDOR    primary: a version of an installed package
    u TYPE SEVERITY ID          updateinfo: an advisory that is for security, or touches an installed package
    k NAME EPOCH VERSION RELEASE ARCH                     updateinfo: an installed package it brings
    m NAME STREAM VERSION CONTEXT ARCH                    modules: a stream that has an installed package
    a NEVRA                     modules: such a package of it
    d NAME STREAM               modules: the stream that is on unless another is
    odd N                       so many entries of the file have another form
    broken                      the file could not be read to its end, or is not there
    unread FOLDER               a folder that may not be read
    end

XML is cut at its closing tags and never expanded: what holds a declaration, a comment or CDATA counts as odd.
"""

from __future__ import annotations

from shlex import quote

from secops.hosts.section import Command
from secops.hosts.shell import BLOCKED

#: Folders of indexes, as shell globs.
FOLDERS = (
    "/var/cache/dnf/*/repodata", "/var/cache/libdnf5/*/repodata", "/var/cache/zypp/raw/*/repodata",
    "/var/cache/yum/*/*/*",
)  # fmt: skip

#: The tag that ends an entry, by the type of data that repomd.xml gives a file.
ENDS = {"primary": "</package>", "updateinfo": "</update>", "modules": "\n---"}

#: Bytes of one file, unpacked.
MOST = 1 << 30

# Every program gets the names of installed packages as its first record.
_COMMON = r"""
function clean(s) { gsub(/[\001-\037\177]/, " ", s); return s }
function tag(name) {
  if (!match($0, "<" name ">[^<]*")) return ""
  return clean(substr($0, RSTART + length(name) + 2, RLENGTH - length(name) - 2))
}
function has(s, name) { return match(s, "[ \t\n]" name "=[\"'][^\"'<>]*[\"']") }
function attr(s, name) {
  if (!has(s, name)) return ""
  return clean(substr(s, RSTART + length(name) + 3, RLENGTH - length(name) - 4))
}
BEGIN { OFS = "\t" }
"""
_WANT = r"""
BEGIN { RS = "@END@" }
NR == 1 { n = split($0, part, "\n"); for (i = 1; i <= n; i++) want[part[i]]; next }
"""

_REPOMD = r"""
BEGIN { RS = "</data>" }
/<!/ { odd++; next }
/<revision>/ { print "revision", tag("revision") }
match($0, /<data [^>]*>/) {
  type = attr(substr($0, RSTART, RLENGTH), "type")
  if (type !~ /^(primary|updateinfo|modules)(_zck)?$/) next
  file = match($0, /<location [^>]*>/) ? attr(substr($0, RSTART, RLENGTH), "href") : ""
  sub(/.*\//, "", file)
  made = tag("timestamp"); sub(/[^0-9].*/, "", made)
  if (file !~ /^[A-Za-z0-9_+][A-Za-z0-9._+-]*$/) { odd++; next }
  print "data", type, made == "" ? "0" : made, file
}
/<\/repomd>/ { whole = 1 }
END { if (odd) print "odd", odd; if (!whole) print "broken" }
"""

_PRIMARY = r"""
/<!/ { odd++; next }
match($0, /<name>[^<]*/) {
  name = substr($0, RSTART + 6, RLENGTH - 6)
  if (!(name in want)) next
  version = match($0, /<version [^>]*>/) ? substr($0, RSTART, RLENGTH) : ""
  arch = tag("arch")
  if (arch == "" || !has(version, "ver") || !has(version, "rel")) { odd++; next }
  print "p", clean(name), attr(version, "epoch"), attr(version, "ver"), attr(version, "rel"), arch, \
    tag("rpm:sourcerpm"), tag("rpm:vendor")
  next
}
/<package/ { odd++ }
{ rest = $0 }
END { if (odd) print "odd", odd; if (rest !~ /<\/metadata>[ \t\r\n]*$/) print "broken" }
"""

_UPDATEINFO = r"""
/<!/ { odd++; next }
match($0, /<update [^>]*>/) {
  type = attr(substr($0, RSTART, RLENGTH), "type"); said = 0
  line = "u" OFS type OFS tag("severity") OFS tag("id")
  if (type == "security") { print line; said = 1 }
  n = split($0, part, "<package ")
  for (i = 2; i <= n; i++) {
    sub(/>.*/, "", part[i]); piece = " " part[i]; name = attr(piece, "name")
    if (!(name in want)) continue
    if (!said) { print line; said = 1 }
    print "k", name, attr(piece, "epoch"), attr(piece, "version"), attr(piece, "release"), attr(piece, "arch")
  }
  next
}
/<update[ \t\n>]/ { odd++ }
{ rest = $0 }
END { if (odd) print "odd", odd; if (rest !~ /<\/updates>[ \t\r\n]*$/) print "broken" }
"""

# Written as libmodulemd writes it: two blanks a level. Documents end where the next one begins.
_MODULES = r"""
function plain(s) { sub(/^[^:]*:[ \t]*/, "", s); sub(/[ \t]+$/, "", s); gsub(/^["']|["']$/, "", s); return clean(s) }
{ bytes += length($0) + 4 }
$0 == "<broken>" { broken = 1; next }
{ n = split($0, line, "\n"); kind = name = stream = version = context = arch = list = ""; said = 0
  for (i = 1; i <= n; i++) {
    if (line[i] ~ /^document:/) kind = plain(line[i])
    else if (line[i] ~ /^  [a-z]/) {
      list = line[i] ~ /^  artifacts:/ ? "artifacts" : ""
      if (line[i] ~ /^  (name|module):/) name = plain(line[i])
      else if (line[i] ~ /^  stream:/) stream = plain(line[i])
      else if (line[i] ~ /^  version:/) version = plain(line[i])
      else if (line[i] ~ /^  context:/) context = plain(line[i])
      else if (line[i] ~ /^  arch:/) arch = plain(line[i])
    }
    else if (list != "" && line[i] ~ /^    [a-z]/) list = line[i] ~ /^    rpms:/ ? "rpms" : "artifacts"
    else if (list == "rpms" && line[i] ~ /^ +- /) {
      nevra = line[i]; sub(/^ +- */, "", nevra); gsub(/^["']|["' \t]+$/, "", nevra)
      bare = nevra; sub(/-[^-]*-[^-]*$/, "", bare)
      if (!(bare in want)) continue
      if (!said) { print "m", name, stream, version, context, arch; said = 1 }
      print "a", clean(nevra)
    }
  }
  if (kind == "modulemd-defaults" && name != "") { if (stream != "") print "d", name, stream }
  else if (kind == "modulemd" ? name == "" || stream == "" : kind == "" && $0 ~ /[^ \t\n.-]/) odd++
}
END { if (odd) print "odd", odd; if (broken || bytes >= @MOST@) print "broken" }
"""

_INDEXES = r"""LC_ALL=C; export LC_ALL
@BLOCKED@
found=
for d in /var/cache/dnf /var/cache/libdnf5 /var/cache/zypp/raw /var/cache/yum; do
  if [ -d "$d" ]; then
    [ -r "$d" ] && [ -x "$d" ] || exit 65
    found=1
  elif blocked "$d"; then exit 65
  fi
done
[ "$found" ] || exit 66
for tool in awk stat rpm; do command -v $tool >/dev/null 2>&1 || exit 66; done
ask() { env -i PATH="$PATH" HOME=/ LC_ALL=C rpm "$@"; }
case $(ask --version 2>/dev/null) in "RPM version"*) ;; *) exit 66 ;; esac
names=
for d in /usr/lib/sysimage/rpm /var/lib/rpm; do
  for f in "$d/Packages" "$d/Packages.db" "$d/rpmdb.sqlite"; do
    if [ -z "$names" ] && [ -e "$f" ]; then
      [ -r "$f" ] || exit 65
      names=$(ask --dbpath "$d" -qa --qf '%{NAME}\n') || exit 1
    fi
  done
done
unpack() {
  case $1 in
    *.gz) gzip -dc "$1" ;;
    *.xz) xz -dc "$1" ;;
    *.zst) zstd -qdc "$1" ;;
    *.bz2) bzip2 -dc "$1" ;;
    *.xml | *.yaml) cat "$1" ;;
    *) false ;;
  esac 2>/dev/null
}
feed() {
  [ -r "$1" ] || { echo broken; return; }
  {
    printf '%s\n%s' "$names" "$2"
    unpack "$1" || printf '%s<broken>' "$2"
  } | head -c @MOST@ | awk "$3"
}
for d in @FOLDERS@; do
  case $d in *[[:cntrl:]]*) continue ;; esac
  if [ -d "$d" ] && ! [ -x "$d" ]; then printf 'unread\t%s\n' "$d"; continue; fi
  [ -f "$d/repomd.xml" ] || continue
  if ! [ -r "$d/repomd.xml" ]; then printf 'unread\t%s\n' "$d"; continue; fi
  printf 'repo\t%s\t%s\n' "$(stat -L -c %Y "$d/repomd.xml")" "$d"
  head -c 1048576 "$d/repomd.xml" | awk @REPOMD@ | while IFS='	' read -r word type made file; do
    printf '%s%s%s%s\n' "$word" "${type:+	$type}" "${made:+	$made}" "${file:+	$file}"
    [ "$word" = data ] || continue
    case $type in
      primary) feed "$d/$file" @PRIMARY_END@ @PRIMARY@ ;;
      updateinfo) feed "$d/$file" @UPDATEINFO_END@ @UPDATEINFO@ ;;
      modules) feed "$d/$file" @MODULES_END@ @MODULES@ ;;
    esac
  done
done
echo end"""


_PROGRAMS = {"primary": _PRIMARY, "updateinfo": _UPDATEINFO, "modules": _MODULES}


def _script() -> str:
    script = _INDEXES.replace("@BLOCKED@", BLOCKED).replace("@FOLDERS@", " ".join(FOLDERS))
    script = script.replace("@REPOMD@", quote(_COMMON + _REPOMD))
    for kind, end in ENDS.items():
        program = (_COMMON + _WANT + _PROGRAMS[kind]).replace("@END@", end.replace("\n", "\\n"))
        script = script.replace(f"@{kind.upper()}@", quote(program)).replace(f"@{kind.upper()}_END@", quote(end))
    return script.replace("@MOST@", str(MOST))


INDEXES = Command("dnf_indexes", _script(), required=False, limit=32 << 20, timeout=180, image=True)
