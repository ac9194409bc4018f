"""The second awk program of the section, which follows paths (`tree.trail` is its twin for images), and two small ones.

They run under mawk, gawk and busybox awk, on bytes.
"""

from __future__ import annotations

from secops.hosts.tables.users import NO_LOGIN
from secops.hosts.trusted.awk_names import fill
from secops.hosts.trusted.words import SEARCHED

# Input: of the first program's output Q and C; for what is there `mode uid gid octal path`, and for a link `L path` and
# on a line of its own where it leads; `K path` for what was looked at; a line `.`, and the rest of the first program's
# output. Output: `+path` for what is to be looked at next, and the rest of the input is not read. When
# that is nothing, or `last` is set: the rest is given back with masked what is not there, then `G path` for what is
# not, of which the directory is, and the records of all that is; last a line `.`, since a shell drops empty ones.
FOLLOW_AWK = r"""
function up(p) { sub(/\/[^\057]*$/, "", p); return p }
function see(p) { if (!(p in seen)) { seen[p] = 1; order[++total] = p; if (!(p in known)) fresh[++new] = p } }
function resolve(p,   folder, name, at) {
  if (p == "") return ""
  if (p in resolved) return resolved[p]
  resolved[p] = p
  folder = up(p); name = substr(p, length(folder) + 2); folder = resolve(folder)
  if (name == "" || name == ".") at = folder
  else if (name == "..") at = up(folder)
  else {
    at = folder "/" name; see(at)
    if (at in link) at = resolve(link[at] ~ /^\// ? link[at] : folder "/" link[at])
  }
  resolved[p] = at
  return at
}
function there(p) {
  if (p ~ /.\/$/) p = substr(p, 1, length(p) - 1)
  return (resolve(p) in stat) || (up(p) != "" && (resolve(up(p)) in stat))
}
function found(name,   i) {
  if (name ~ /^\//) return (resolve(name) in stat) ? name : "?"
  for (i = 1; i in searched; i++) if ((searched[i] "/" name) in stat) return searched[i] "/" name
  return "?"
}
function final(text,   n, i, w, out) {
  n = split(text, w, " "); out = w[1]
  for (i = 2; i <= n; i++) {
    if (w[i] ~ /^\//) { if (!there(w[i])) w[i] = "?" }
    else if (w[i] ~ /^@/) w[i] = found(substr(w[i], 2))
    else if (w[i] ~ /^[*]\// && !there(substr(w[i], 2))) w[i] = "?"
    out = out " " w[i]
  }
  if (out !~ /[\057=]/) return
  if (file) print file
  file = ""; print out
}
BEGIN { split("@SEARCHED@", searched, " ") }
target { link[target] = $0; target = ""; next }
/^L/ { target = substr($0, 2); next }
/^[a-z]/ { at = substr($0, index($0, "/")); if (!(at in stat)) there_is[++count] = at; stat[at] = $0; next }
/^K/ { known[substr($0, 2)] = 1; next }
/^Q/ { wanted[++q] = substr($0, 2); next }
/^C/ { candidate[++c] = substr($0, 2); next }
$0 == "." {
  for (i = 1; i <= q; i++) resolve(wanted[i])
  named = total
  for (i = 1; i <= c; i++) if (candidate[i] in stat) resolve(candidate[i])
  if (!new || last) next
  for (i = 1; i <= new; i++) print "+" fresh[i]
  more = 1; exit
}
/^N/ { final($0); next }
/^F/ { file = $0; next }
{ print }
END {
  if (more) exit
  for (i = 1; i <= named; i++)
    if (!(order[i] in stat) && up(order[i]) != "" && (up(order[i]) in stat)) print "G" order[i]
  for (i = 1; i <= count; i++) {
    at = there_is[i]; split(stat[at], f, " ")
    print f[1]; print f[2]; print f[3]; print 0; print 0; print at; print link[at]; print ""
  }
  print "."
}
"""

# Of the lines about what is there, the paths that an access list could open to more than their mode says, or close to
# some: its mask is where the mode has the group's bits.
LISTABLE_AWK = r"""
target { target = 0; next }
/^L/ { target = 1; next }
$1 !~ /^(f|d|x8|x4)/ { next }
$4 ~ /[2367].$|[2367]$/ || ($1 ~ /^(d|x4)/ && $4 ~ /[1357][0246]$/) || /\/g?shadow-?$/ {
  print substr($0, index($0, "/"))
}
"""

#: Homes of accounts that may log in, each once.
HOMES_AWK = r"""
NF == 7 && $7 !~ /(^|\/)(@NO_LOGIN@)$/ && $6 ~ /^\// {
  sub(/\/+$/, "", $6)
  if (!($6 in seen)) { seen[$6] = 1; print $6 "/" }
}
"""

FOLLOW_AWK = fill(FOLLOW_AWK, SEARCHED=" ".join(SEARCHED))
HOMES_AWK = fill(HOMES_AWK, NO_LOGIN="|".join(sorted(NO_LOGIN)))
LISTABLE_AWK = fill(LISTABLE_AWK)
