"""Pieces of the first awk program of the section: sudo's policy, and the matches of its patterns.

`listed` has the twin for images. See `patterns` for what a pattern is made of: nothing else gets to the shell that
lists its matches, which is asked but once.
"""

from __future__ import annotations

from secops.hosts.trusted import patterns

# Output: `W pattern` of each pattern of which all matches are looked at.
LIST_AWK = r"""
function listed(w) {
@LISTED@
  return w
}
function wildcard(s) {
@EXPRESSION_CUTS@
  sub(/\002.*/, "\003", s); gsub(/\001/, ".", s); gsub(/\003/, "*", s)
  return s
}
function spread(w,   n, i, parts, wild) {
  w = listed(w)
  if (w in spreads || w !~ /^\// || w ~ /^\/(proc|sys)(\/|$)/ || length(w) > @MAX_PATH@) return
  n = split(w, parts, "/"); wild = 0
  for (i = 1; i <= n; i++) if (parts[i] ~ /[*?]/) wild++
  if (!wild) { path(w); follow(w); return }
  if (wild > @MAX_WILD@ || patterns == @MAX_PATTERNS@) return
  spreads[w] = 1; pattern[++patterns] = w
}
function listing(number, w,   n, i, j, parts, at, rest, out) {
  n = split(substr(w, 2), parts, "/"); at = ""; out = ""
  for (i = 1; i <= n; i++) {
    at = at "/" parts[i]
    if (parts[i] !~ /[*?]/) continue
    rest = ""
    for (j = i + 1; j <= n && parts[j] !~ /[*?]/; j++) rest = rest "/" parts[j]
    out = out "m " number " \"" rest (j <= n ? "/" : "") "\" " at "\n"
  }
  return out
}
function list_some(command,   s) {
  command = "nl='\n'\nm() { n=$1 r=$2; shift 2\n[ $# -le @MAX_MATCHES@ ] || { echo \"!$n\"; return; }\nfor p do\n" \
    "case $p in *\"$nl\"*) echo O; continue ;; esac\n" \
    "if [ \"$r\" ]; then [ -d \"$p\" ] || continue; else [ -e \"$p\" ] || [ -L \"$p\" ] || continue; fi\n" \
    "printf '%s\\n' \"$p$r\"\ndone\n}\n" command
  while ((command | getline s) > 0) {
    if (s ~ /^!/) cut[substr(s, 2)] = 1
    else if (s == "O") print
    else ask(s)
  }
  close(command)
}
function list_all(   i, command, w) {
  command = ""
  for (i = 1; i <= patterns; i++) {
    w = pattern[i]; sub(/\/[^\057]*[*?].*/, "/", w); if (w != "/") ask(w)
    command = command listing(i, pattern[i])
    if (length(command) > 60000 || i == patterns) { list_some(command); command = "" }
  }
  for (i = 1; i <= patterns; i++) if (!(i in cut)) print "W" pattern[i]
}
function policy(s,   n, i, w, at, tail) {
  for (n = 0; n < @MAX_PATTERNS@ && (at = index(s, "^/")) > 0; n++) {
    tail = substr(s, at)
    if (!match(tail, /^@EXPRESSION@/)) break
    spread(wildcard(substr(tail, 1, RLENGTH)))
    s = substr(s, 1, at - 1) " " substr(tail, RLENGTH + 1)
  }
  gsub(/[ \t\013-\015"\\^$|]+/, " ", s); gsub(/ ?[,=:!()][,=:!() ]*/, " ; ", s)
  n = split(s, w, " ")
  for (i = 1; i <= n; i++) {
    if (w[i] !~ /^\//) continue
    if (i > 1 && w[i - 1] == ";") spread(w[i] ~ /\/$/ ? w[i] "*" : w[i])
    path(w[i]); follow(w[i])
  }
}
"""


def literal(expression: str) -> str:
    """An expression between awk's slashes. In brackets busybox takes the backslash of `\\/` for one of them."""
    return expression.replace("/", r"\057")


def cuts(pairs: tuple[tuple[str, str], ...], variable: str) -> str:
    """Lines of awk that replace in a variable each match of expressions, in order."""
    return "\n".join(f'  gsub(/{literal(expression)}/, "{by}", {variable})' for expression, by in pairs)


def _octal(pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The marks as escapes: they are no text of a script."""
    marks = str.maketrans({"\001": r"\001", "\002": r"\002", "\003": r"\003"})
    return tuple((expression.translate(marks), by.translate(marks)) for expression, by in pairs)


VALUES = {
    "LISTED": cuts(patterns.LISTED, "w"),
    "EXPRESSION_CUTS": cuts(_octal(patterns.CUTS), "s"),
    "EXPRESSION": literal(patterns.EXPRESSION),
    "MAX_WILD": str(patterns.MAX_WILD),
    "MAX_PATTERNS": str(patterns.MAX_PATTERNS),
    "MAX_MATCHES": str(patterns.MAX_MATCHES),
}
