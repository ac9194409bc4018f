"""The first awk program of the section: it reads what files name. `lines` and `grammars` are its twin for images.

It runs under mawk, gawk and busybox awk, on bytes, and takes time linear in what it reads.
"""

from __future__ import annotations

from collections.abc import Iterable

from secops.hosts.section import PASSWD_LIMIT
from secops.hosts.trusted import words
from secops.hosts.trusted.awk_grammars import GRAMMAR_AWK
from secops.hosts.trusted.awk_lists import LIST_AWK, VALUES, cuts, literal
from secops.hosts.trusted.awk_words import WORDS_AWK

# Input, a line each: `S size path` of files, then `P number grammar path` for what is there; `D path` and `O` pass.
# Output, a line each: `P number path` (a place), `F grammar path` and behind it `N line tokens`, `Q path` (to be looked
# at with all on the way), `C path` (a candidate: nothing is said of it when it is not there), `S path` (what Q and C
# make to be looked at first), `T path` (not read to its end), `W pattern` (see `awk_lists`).
READ_AWK = r"""
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
function interpreter(s) { # what runs a script, where it is no program of the system
  if (s !~ /^#!/ || s ~ /@ORDINARY@/) return
  sub(/^#!/, "", s); here = ""; cwd = ""; told_if(1, " #!" mask(s))
}
function line(number, s) {
  if (grammar == "cron" || grammar == "tab") job(number, s, 5)
  else if (grammar == "inetd") job(number, s, 4)
  else if (grammar == "anacron") job(number, s, 1)
  else if (grammar == "unit") unit(number, s)
  else if (s ~ /^[ \t]*#/ && grammar != "sudo") return
  else if (grammar == "rotation") rotation(number, s)
  else if (grammar == "variables") variables(number, s)
  else if (grammar == "script" && s !~ /\// && cwd == "" && !(set_some && s ~ /[$]/)) return
  else if (grammar ~ /^(shell|rc|script)$/) { variables(number, s); told_if(number, mask(s)) }
  else if (grammar == "rules") { if (s ~ /@RULES@/) { gsub(/["=+, {}]+/, " ", s); absolute(number, s) } }
  else if (grammar == "sshd") login(number, s)
  else if (grammar == "xinetd") served(number, s)
  else if (grammar == "apt") hook(number, s)
  else if (grammar == "sudo") policy(s)
  else if (grammar == "commands") commanded(number, s)
  else if (grammar == "pam") { sub(/#.*$/, "", s); stack(number, s) }
  else { sub(/#.*$/, "", s); gsub(/[ \t\r:,"]+/, " ", s); if (s !~ /^ *Debug /) absolute(number, s) }
}
function read_file(   n, most, first, joined, s, got, before) {
  forget(); n = 0; first = 0; joined = ""; cwd = ""; looped = ""; execs = 0; folder = ""; inside = 0; before = count
  most = grammar == "sudo" ? @MAX_OF_POLICY@ : @MAX_OF_FILE@
  here = ""; if (grammar == "rc") { here = file; sub(/\/[^\057]*$/, "", here) }
  while ((got = getline s < file) > 0) {
    n++
    if (s == "" && !first) continue
    if (n == 1 && (grammar == "shell" || grammar == "script")) { interpreter(s); if (is_other(s)) break }
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
  if (grammar == "unit") run_unit()
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
function read_large(   i, command, s, head) { # nothing but where they begin: most are programs
  command = "head -q -c @MAX_HEAD@ --"
  for (i = 1; i <= large; i++) command = command " \047" too_large[i] "\047"
  command = command " 2>/dev/null | tr \"\\012\\000-\\011\\013-\\037\\177-\\377\" \"\\001 \""
  s = ""; command | getline s; close(command)
  for (i = 1; i <= large; i++) {
    file = too_large[i]; head = substr(s, @MAX_HEAD@ * (i - 1) + 1, @MAX_HEAD@)
    if (head ~ /^#!.*\001/) { sub(/\001.*/, "", head); interpreter(head) }
    else if (head ~ /^#!/) head = ""
    if (length(s) != @MAX_HEAD@ * large || !is_other(head)) print "T" file
  }
}
function is_other(s) { return s ~ /^#!/ && s !~ /sh([ \t]|$)/ || substr(s, 2, 3) == "ELF" }
function set(array, list,   n, i, w) { n = split(list, w, " "); for (i = 1; i <= n; i++) array[w[i]] = 1 }
BEGIN {
  set(kept, "@KEPT@"); set(leads, "@LEADS@"); set(switches, "@SWITCHES@")
  set(shells, "@SHELLS@"); set(tricked, "@TRICKED@"); set(given, "@GIVEN@"); set(makes, "@MAKES@")
  set(valued, "@VALUED@"); set(as_user, "@AS_USER@"); set(as_others, "@AS_OTHERS@")
  split("@MAKEFILES@", makefiles, " ")
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
END { read_followed(); list_all() }
"""


def fill(program: str, **values: str) -> str:
    """A program with `@NAME@` replaced by the value of that name."""
    for name, value in values.items():
        program = program.replace(f"@{name}@", value)
    return program.strip("\n")


def _list(names: Iterable[str]) -> str:
    return " ".join(sorted(names))


READ_AWK = fill(
    GRAMMAR_AWK + LIST_AWK + WORDS_AWK + READ_AWK,
    CONSTANT=literal(words.CONSTANT), CONSTANT_HEAD=words.CONSTANT_HEAD, CONSTANT_USE=words.CONSTANT_USE,
    CUTS=cuts(words.CUTS, "s"), OPEN=literal(words.OPEN), OWN_HOME=literal(words.OWN_HOME),
    OPTION_EXEC=words.OPTION_EXEC, OPTION_C=words.OPTION_C, NUMBER=words.NUMBER, ASSIGNMENT=words.ASSIGNMENT,
    OPTION_X=words.OPTION_X, OPTION_USER=words.OPTION_USER, RELATIVE=literal(words.RELATIVE), BARE=words.BARE,
    PULLS=words.PULLS, PULLED=words.PULLED, COMMAND=literal(words.COMMAND), PAM=words.PAM,
    ORDINARY=literal(words.ORDINARY), VARIABLES=words.VARIABLE, UNIT=words.UNIT, INSTALL=words.INSTALL,
    RULES=words.RULES, SSHD=words.SSHD, SSHD_COMMANDS=words.SSHD_COMMANDS, HOOK=words.HOOK,
    OPTION_F=words.OPTION_F, OPTION_AT=words.OPTION_AT, HOME_OF=literal(words.HOME_OF), NAME=words.NAME,
    OWN_PROGRAM=literal(words.OWN_PROGRAM), OWN_WILDCARD=literal(words.OWN_WILDCARD), FULL=literal(words.FULL),
    USER_VALUE=words.USER_VALUE, VALUED=_list(words.VALUED), AS_USER=_list(words.AS_USER),
    AS_OTHERS=_list(words.AS_OTHERS), GIVEN=_list(words.GIVEN), MAKES=_list(words.MAKES),
    MAKEFILES=" ".join(words.MAKEFILES), KEPT=_list(words.KEPT),
    LEADS=_list(words.LEADS), SWITCHES=_list(words.SWITCHES), SHELLS=_list(words.SHELLS),
    TRICKED=_list(words.TRICKED), SEARCHED=" ".join(words.SEARCHED), PASSWD=str(PASSWD_LIMIT),
    MAX_LEVEL=str(words.MAX_LEVEL), MAX_SCRIPTS=str(words.MAX_SCRIPTS), MAX_PATH=str(words.MAX_PATH),
    MAX_SIZE=str(words.MAX_SIZE), MAX_HEAD=str(words.MAX_HEAD), MAX_POLICY=str(words.MAX_POLICY),
    MAX_JOINED=str(words.MAX_JOINED), MAX_OF_FILE=str(words.MAX_OF_FILE), MAX_OF_HOST=str(words.MAX_OF_HOST),
    MAX_OF_POLICY=str(words.MAX_OF_POLICY), **VALUES,
)  # fmt: skip
