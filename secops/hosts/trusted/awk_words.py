"""Pieces of the first awk program of the section: words of lines, masked.

`lines` has the twin for images. See `words` for the tokens.
"""

from __future__ import annotations

# `here` is the home of the account that a line is for, `cwd` the directory it is in; both are empty when not known.
# `lead` is set where a command is to come. `links` are top directories that are links into /usr: a path there is looked
# at where it is.
WORDS_AWK = r"""
function see(p) {
  if (match(p, /^\/[^\057]+\//) && (substr(p, 1, RLENGTH - 1) in merged)) p = "/usr" p
  while (p != "" && !(p in seen)) { seen[p] = 1; print "S" p; sub(/\/[^\057]*$/, "", p) }
}
function ask(p) { if (!(p in asked)) { asked[p] = 1; count++; print "Q" p; see(p) } }
function maybe(p) { if (!(p in tried)) { tried[p] = 1; count++; print "C" p; see(p) } }
function path(w,   n, parts) {
  if (w ~ /^\/(\/|(proc|sys)(\/|$))/ || length(w) > @MAX_PATH@) return "?"
  gsub(/\/\/+/, "/", w)
  if (match(w, /@OPEN@/)) {
    w = substr(w, 1, RSTART - 1)
    n = split(w, parts, "/")
    w = substr(w, 1, length(w) - length(parts[n]))
  }
  if (w == "/") return "?"
  ask(w)
  return w
}
function known(w) { return w in homes }
function before_colon(w) { sub(/:.*/, "", w); return w }
function follow(w) {
  sub(/^@/, "", w)
  if (w !~ /^\// || w ~ /\/$/ || w ~ /\047/ || w ~ /^\/dev\// || (w in followed)) return
  followed[w] = 1; queue[++queued] = w
}
function expand(w) {
  if (!match(w, /@OWN_HOME@/)) return w
  return here == "" ? "?" : here "/" substr(w, RLENGTH + 1)
}
function token(w,   i) {
  if (w == ";" || w == "\"" || w == "\047") return w
  if (w ~ /@OPTION_EXEC@/ || (starter && w ~ /@OPTION_X@/)) return "-exec"
  if (switched && match(w, /@OPTION_USER@/)) {
    w = substr(w, RLENGTH + 1); sub(/:.*/, "", w)
    return known(w) ? "~" w : "-u"
  }
  if (w ~ /@OPTION_C@/) return "-c"
  if (w ~ /^-/) return "-"
  if (w ~ /@NUMBER@/) return "9"
  if (w ~ /@ASSIGNMENT@/) return "="
  if (switched && (known(w) || starter && known(before_colon(w)))) {
    w = before_colon(w); cwd = homes[w]
    return "~" w
  }
  if (command in tricked && w ~ /^[*?]/ && cwd ~ /^\// && open == "") { ask(cwd "/"); return "*" cwd "/" }
  if (w in kept) return w
  if (length(w) > @MAX_PATH@) return "?"
  w = expand(w)
  if (w ~ /^\//) return path(w)
  if (w ~ /\// || !lead) {
    if (cwd == "" || w !~ /@RELATIVE@/) return "?"
    sub(/^(\.\/+)+/, "", w)
    maybe(cwd "/" w)
    return "@" cwd "/" w
  }
  if (w !~ /@BARE@/) return "?"
  for (i = 1; i in searched; i++) if (!(searched[i] in merged)) maybe(searched[i] "/" w)
  return "@" w
}
function step(w, t) {
  if (t == "\"" || t == "\047") {
    if (last == "-c") { lead = 1; outer = t }
    else if (outer == t && open == "") outer = ""
    else if (open == t) open = ""
    else if (open == "") open = t
    if (last != "-c" && last != "cd") last = t
    return
  }
  if (last == "cd") cwd = t ~ /^@?\// ? substr(t, index(t, "/")) : ""
  last = t
  if (t == ";") { lead = 1; switched = 0; starter = 0; locked = 0; reads = 0; command = "" }
  else if (t == "-c" || t == "-exec" || t ~ /^~/) { lead = 1; reads = 0 }
  else if (w == "--") command = ""
  else if (t ~ /^(-u?|9|=)$/) return
  else if (lead) {
    if (!locked) { follow(t); if (t ~ /^@[^\057]/) { follow("/usr/local/sbin/" w); follow("/usr/local/bin/" w) } }
    sub(/^.*\//, "", w)
    if (w in switches) { switched = 1; starter = (w == "start-stop-daemon") }
    else if (w in leads) locked = (w == "flock")
    else if (locked) locked = 0
    else { lead = 0; command = w; reads = (w in shells) }
  } else if (reads) { follow(t); reads = 0 }
}
function mask(s,   n, i, w, t, out) {
@CUTS@
  n = split(s, w, " "); out = ""; last = ";"; step(";", ";"); last = ""; open = ""; outer = ""
  for (i = 1; i <= n; i++) { t = token(w[i]); step(w[i], t); out = out " " t }
  return out
}
"""
