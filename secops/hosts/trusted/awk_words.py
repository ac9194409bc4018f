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
function constant(s,   name) { # keeps a path that a variable is given
  if (s !~ /=/ || s !~ /@CONSTANT@/) return
  sub(/@CONSTANT_HEAD@/, "", s); name = s; sub(/=.*/, "", name); s = substr(s, length(name) + 2)
  gsub(/["\047]/, "", s); sub(/[ \t\r;&#].*/, "", s); constants[name] = s; set_some = 1
}
function expand(w,   name) {
  if (set_some && match(w, /@CONSTANT_USE@/)) {
    name = substr(w, 2, RLENGTH - 1); gsub(/[{}]/, "", name)
    if (name in constants && substr(w, RLENGTH + 1) ~ /^(\057|$)/) return constants[name] substr(w, RLENGTH + 1)
  }
  if (looped != "" && (w == "$" loop_name || w == "${" loop_name "}")) return looped
  if (match(w, /@HOME_OF@/)) {
    name = substr(w, 2, RLENGTH - 2)
    return known(name) && homes[name] != "" ? homes[name] "/" substr(w, RLENGTH + 1) : "?"
  }
  if (!match(w, /@OWN_HOME@/)) return w
  return here == "" ? "?" : here "/" substr(w, RLENGTH + 1)
}
function account(w) {
  if (w in names) w = names[w]
  return known(w) ? "~" w : "-u"
}
function all_in(w,   p) { # a wildcard at the end of a path: what it matches is looked at
  p = w; if (grammar == "unit") gsub(/%[A-Za-z]/, "*", p)
  if (p ~ /\/[^\057]*[*?][^\057]*$/ && p !~ /@FULL@/) spread(p)
  return path(w)
}
function valued_option(w,   head) { # an option of a program that only starts another, which has a value
  head = leader ":" w
  if (head in as_user) { value = "user"; return "-" }
  if (head in valued) { value = "any"; return "-" }
  if (leader in as_others && match(w, /@USER_VALUE@/)) return account(before_colon(substr(w, RLENGTH + 1)))
  return ""
}
function of_option(w,   kind) {
  kind = value; value = ""
  if (kind == "user") return account(w)
  return leader == "systemd-run" && w ~ /^User=/ ? account(substr(w, 6)) : "9"
}
function token(w,   i, p) {
  if (w == ";" || w == "\"" || w == "\047") return w
  if (value != "") return of_option(w)
  if (lead && leader != "" && w ~ /^-/ && (i = valued_option(w)) != "") return i
  if (command in given && w ~ /@OPTION_F@/) return "-f"
  if (command in makes && w ~ /@OPTION_AT@/) return "-C"
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
  if (w ~ /^\//) return jailed(w)
  if (w ~ /\// || !lead) {
    p = w; sub(/^(\.\/+)+/, "", p); p = cwd "/" p
    if (cwd ~ /^\// && lead && w ~ /@OWN_WILDCARD@/) return all_in(p)
    if (cwd == "" || w !~ /@RELATIVE@/) return "?"
    if (lead && w ~ /@OWN_PROGRAM@/ && grammar !~ /^(shell|script|rc)$/) return path(p)
    maybe(p)
    return "@" p
  }
  if (w !~ /@BARE@/) return "?"
  for (i = 1; i in searched; i++) if (!(searched[i] in merged)) maybe(searched[i] "/" w)
  return "@" w
}
function jailed(w) { # below the directory that chroot takes for the root
  if (jail == "?") return "?"
  if (jail != "") return path(jail w)
  return lead || reads || looping == 3 || command == "run-parts" || grammar == "unit" ? all_in(w) : path(w)
}
function looks(w, t) { # what a loop goes over
  if (looping == 1 && w ~ /@NAME@/) { loop_name = w; looped = ""; looping = 2 }
  else if (looping == 2) looping = w == "in" ? 3 : 0
  else if (looping == 3 && looped == "" && t ~ /^\/.*\/$/) looped = t
}
function environment(t) { # of Python
  if (t !~ /^\/.*\/bin\/python[0-9.]*$/ || t ~ /@FULL@/) return
  sub(/\/bin\/[^\057]*$/, "", t)
  maybe(t "/pyvenv.cfg"); spread(t "/lib*/python3*/site-packages")
}
function make_in(folder,   i) { for (i = 1; i in makefiles; i++) maybe(folder "/" makefiles[i]) }
function step(w, t) {
  if (t == "\"" || t == "\047") {
    if (last == "-c") { lead = 1; outer = t }
    else if (outer == t && open == "") outer = ""
    else if (open == t) open = ""
    else if (open == "") open = t
    if (last != "-c" && last != "cd") last = t
    return
  }
  if (looping) looks(w, t)
  if (last == "-C" && t ~ /^@?\//) make_in(substr(t, index(t, "/")))
  if (last == "cd") cwd = t ~ /^@?\// ? substr(t, index(t, "/")) : ""
  last = t
  if (t == ";") {
    lead = 1; switched = 0; starter = 0; locked = 0; reads = 0; looping = 0
    command = ""; leader = ""; jail = ""; value = ""
  }
  else if (t == "-c" || t == "-exec" || t ~ /^~/) { lead = 1; reads = 0 }
  else if (w == "--") command = ""
  else if (t ~ /^(-[ufC]?|9|=)$/) return
  else if (lead) {
    if (!locked) { follow(t); if (t ~ /^@[^\057]/) { follow("/usr/local/sbin/" w); follow("/usr/local/bin/" w) } }
    sub(/^.*\//, "", w)
    if (w in switches) { switched = 1; starter = (w == "start-stop-daemon") }
    else if (w in leads) { locked = (w == "flock" || w == "chroot"); leader = w }
    else if (locked) { locked = 0; if (leader == "chroot") jail = t ~ /^\// ? t : w == "" ? "" : "?" }
    else {
      lead = 0; command = w; reads = (w in shells); looping = (w == "for")
      if (w in makes && cwd ~ /^\//) make_in(cwd)
      environment(t)
    }
  } else if (reads) { follow(t); reads = 0 }
}
function forget() { if (set_some) { split("", constants); set_some = 0 } }
function mask(s,   n, i, w, t, out) {
  if (grammar !~ /^(shell|script|rc)$/) forget()
  constant(s)
@CUTS@
  n = split(s, w, " "); out = ""; if (grammar !~ /^(shell|script|rc)$/) looped = ""
  last = ";"; step(";", ";"); last = ""; open = ""; outer = ""
  for (i = 1; i <= n; i++) { t = token(w[i]); step(w[i], t); out = out " " t }
  return out
}
"""
