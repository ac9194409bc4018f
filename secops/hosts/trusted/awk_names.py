"""The first awk program of the section: it reads what files name. `lines` and `grammars` are its twin for images.

It runs under mawk, gawk and busybox awk, on bytes, and takes time linear in what it reads.
"""

from __future__ import annotations

from collections.abc import Iterable

from secops.hosts.section import PASSWD_LIMIT
from secops.hosts.trusted import words
from secops.hosts.trusted.awk_grammars import GRAMMAR_AWK
from secops.hosts.trusted.awk_lists import LIST_AWK, VALUES, cuts, literal

# Input, a line each: `S size path` of files, then `P number grammar path` for what is there; `D path` and `O` pass.
# Output, a line each: `P number path` (a place), `F grammar path` and behind it `N line tokens`, `Q path` (to be looked
# at with all on the way), `C path` (a candidate: nothing is said of it when it is not there), `S path` (what Q and C
# make to be looked at first), `T path` (not read to its end), `W pattern` (see `awk_lists`).
#
# `here` is the home of the account that a line is for, `cwd` the directory it is in; both are empty when not known.
# `lead` is set where a command is to come. `links` are top directories that are links into /usr: a path there is looked
# at where it is.
READ_AWK = r"""
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
function tell(number, out) {
  if (told != file) { print "F" grammar " " file; told = file }
  print "N" number out
}
function told_if(number, out) { if (out ~ /[\057@]/) tell(number, out) }
function absolute(number, s,   n, i, w, out) {
  gsub(/[ \t\013-\015]+/, " ", s); n = split(s, w, " "); out = ""
  for (i = 1; i <= n; i++) if (w[i] ~ /^\//) {
    out = out " " path(w[i])
    if (grammar != "sshd") follow(w[i])
  }
  told_if(number, out)
}
function variables(number, s,   n, i, w, t, out, name) {
  if (!match(s, /@VARIABLES@/)) return
  name = substr(s, RSTART, RLENGTH); gsub(/[^A-Z_]/, "", name)
  s = substr(s, RSTART + RLENGTH); gsub(/["\047]/, "", s); sub(/^[ \t]+/, "", s); sub(/[ \t\r;&|)].*$/, "", s)
  n = split(s, w, ":"); out = ""
  for (i = 1; i <= n; i++) { t = expand(w[i]); if (t ~ /^\//) out = out " " path(t) }
  told_if(number, " " name "=" out)
}
function user(w) { return known(w) ? "~" w : "?" }
function line(number, s) {
  if (grammar == "cron" || grammar == "tab") job(number, s, 5)
  else if (grammar == "inetd") job(number, s, 4)
  else if (grammar == "anacron") job(number, s, 1)
  else if (grammar == "unit") unit(number, s)
  else if (s ~ /^[ \t]*#/ && grammar != "sudo") return
  else if (grammar == "rotation") rotation(number, s)
  else if (grammar == "variables") variables(number, s)
  else if (grammar == "script" && s !~ /\// && cwd == "") return
  else if (grammar ~ /^(shell|rc|script)$/) { variables(number, s); told_if(number, mask(s)) }
  else if (grammar == "rules") { if (s ~ /@RULES@/) { gsub(/["=+, {}]+/, " ", s); absolute(number, s) } }
  else if (grammar == "sshd") login(number, s)
  else if (grammar == "xinetd") served(number, s)
  else if (grammar == "apt") hook(number, s)
  else if (grammar == "sudo") policy(s)
  else { sub(/#.*$/, "", s); gsub(/[ \t\r:,"]+/, " ", s); if (s !~ /^ *Debug /) absolute(number, s) }
}
function read_file(   n, most, first, joined, s, got, before) {
  n = 0; first = 0; joined = ""; cwd = ""; inside = 0; before = count
  most = grammar == "sudo" ? @MAX_OF_POLICY@ : @MAX_OF_FILE@
  here = ""; if (grammar == "rc") { here = file; sub(/\/[^\057]*$/, "", here) }
  while ((got = getline s < file) > 0) {
    n++
    if (s == "" && !first) continue
    if (n == 1 && (grammar == "shell" || grammar == "script") && is_other(s)) break
    if (!first) first = n
    if (count - before > most || count > @MAX_OF_HOST@ || n - first > @MAX_JOINED@) {
      joined = ""; print "T" file; break
    }
    if (s ~ /\\$/ && grammar !~ /^(cron|tab|anacron|variables|sshd|inetd|xinetd|apt)$/) {
      joined = joined substr(s, 1, length(s) - 1) " "
      continue
    }
    line(first, joined s); first = 0; joined = ""
  }
  if (joined != "") line(first, joined)
  if (got < 0) print "T" file
  close(file)
}
function read_followed(   level, from, to, i, command, found) { # level by level
  grammar = "script"; to = 0
  for (level = 1; level <= @MAX_LEVEL@ && to < queued; level++) {
    from = to + 1; to = queued; command = ""; found = 0
    for (i = from; i <= to; i++) {
      command = command " \047" queue[i] "\047"
      if (length(command) < 60000 && i < to) continue
      command = "stat -L -c \"%f %s %n\" --" command " 2>/dev/null"
      while ((command | getline s) > 0) if (s ~ /^8/) script[++found] = s
      close(command); command = ""
    }
    large = 0
    for (i = 1; i <= found; i++) read_script(script[i])
    if (large) read_large()
  }
}
function read_script(s,   w) {
  split(s, w, " "); file = substr(s, length(w[1] w[2]) + 3)
  if (++scripts > @MAX_SCRIPTS@) print "T" file
  else if (w[2] <= @MAX_SIZE@) read_file()
  else too_large[++large] = file
}
function read_large(   i, command, s) { # nothing but where they begin: most are programs
  command = "head -q -c 64 --"
  for (i = 1; i <= large; i++) command = command " \047" too_large[i] "\047"
  command = command " 2>/dev/null | tr \"\\000-\\037\\177-\\377\" \" \""
  s = ""; command | getline s; close(command)
  for (i = 1; i <= large; i++)
    if (length(s) != 64 * large || !is_other(substr(s, 64 * i - 63, 64))) print "T" too_large[i]
}
function is_other(s) { return s ~ /^#!/ && s !~ /sh([ \t]|$)/ || substr(s, 2, 3) == "ELF" }
function set(array, list,   n, i, w) { n = split(list, w, " "); for (i = 1; i <= n; i++) array[w[i]] = 1 }
BEGIN {
  set(kept, "@KEPT@"); set(leads, "@LEADS@"); set(switches, "@SWITCHES@")
  set(shells, "@SHELLS@"); set(tricked, "@TRICKED@")
  set(merged, links); split("@SEARCHED@", searched, " ")
  while (("head -c @PASSWD@ /etc/passwd" | getline s) > 0) {
    if (split(s, f, ":") != 7 || f[1] in homes) continue
    sub(/\/+$/, "", f[6]); homes[f[1]] = f[6] ~ /^\// ? f[6] : ""
    if (!(f[3] in names)) names[f[3]] = f[1]
  }
}
$1 == "S" { size[substr($0, length($2) + 4)] = $2; next }
$1 != "P" { print; next }
{
  file = substr($0, length($2 $3) + 5); grammar = $3
  print "P" $2 " " file; ask(file)
  if (grammar == "-") next
  if (size[file] > (grammar == "sudo" ? @MAX_POLICY@ : @MAX_SIZE@)) print "T" file; else read_file()
}
END { list_all(); read_followed() }
"""


def fill(program: str, **values: str) -> str:
    """A program with `@NAME@` replaced by the value of that name."""
    for name, value in values.items():
        program = program.replace(f"@{name}@", value)
    return program.strip("\n")


def _list(names: Iterable[str]) -> str:
    return " ".join(sorted(names))


READ_AWK = fill(
    GRAMMAR_AWK + LIST_AWK + READ_AWK,
    CUTS=cuts(words.CUTS, "s"), OPEN=literal(words.OPEN), OWN_HOME=literal(words.OWN_HOME),
    OPTION_EXEC=words.OPTION_EXEC, OPTION_C=words.OPTION_C, NUMBER=words.NUMBER, ASSIGNMENT=words.ASSIGNMENT,
    RELATIVE=literal(words.RELATIVE),
    BARE=words.BARE, VARIABLES=words.VARIABLE, UNIT=words.UNIT, INSTALL=words.INSTALL, RULES=words.RULES,
    OPTION_X=words.OPTION_X, OPTION_USER=words.OPTION_USER, SHELLS=_list(words.SHELLS), TRICKED=_list(words.TRICKED),
    SSHD_COMMANDS=words.SSHD_COMMANDS, HOOK=words.HOOK, MAX_LEVEL=str(words.MAX_LEVEL),
    MAX_SCRIPTS=str(words.MAX_SCRIPTS), SSHD=words.SSHD, KEPT=_list(words.KEPT), LEADS=_list(words.LEADS),
    SWITCHES=_list(words.SWITCHES),
    SEARCHED=" ".join(words.SEARCHED), MAX_PATH=str(words.MAX_PATH), MAX_SIZE=str(words.MAX_SIZE),
    PASSWD=str(PASSWD_LIMIT),
    MAX_JOINED=str(words.MAX_JOINED), MAX_OF_FILE=str(words.MAX_OF_FILE), MAX_OF_HOST=str(words.MAX_OF_HOST),
    MAX_POLICY=str(words.MAX_POLICY), MAX_OF_POLICY=str(words.MAX_OF_POLICY), **VALUES,
)  # fmt: skip
