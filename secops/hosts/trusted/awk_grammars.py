"""Pieces of the first awk program of the section: lines of files that have a grammar of their own.

`grammars` has the twin for images.
"""

from __future__ import annotations

GRAMMAR_AWK = r"""
function job(number, s, fields,   i, who) {
  sub(/^[ \t]+/, "", s)
  if (s == "" || s ~ /^#/) return
  if (s ~ /^[A-Za-z_][A-Za-z0-9_]*[ \t]*=/) { here = ""; variables(number, s); return }
  if (s ~ /^@/) sub(/^[^ \t]+[ \t]+/, "", s)
  else for (i = 1; i <= fields; i++) sub(/^[^ \t]+[ \t]+/, "", s)
  if (grammar == "cron" || grammar == "inetd") {
    if (!match(s, /^[^ \t]+[ \t]+/)) return
    who = substr(s, 1, RLENGTH); s = substr(s, RLENGTH + 1); sub(/[ \t]+$/, "", who)
    if (grammar == "inetd") sub(/[.:\057].*/, "", who)
  } else if (grammar == "tab") { who = file; sub(/^.*\//, "", who) }
  else { who = "root"; for (i = 1; i <= 2; i++) sub(/^[^ \t]+[ \t]+/, "", s) }
  gsub(/\\%/, " ", s); sub(/%.*$/, "", s)
  here = known(who) ? homes[who] : ""; cwd = here
  told_if(number, " " user(who) mask(s))
}
function unit(number, s,   key, mark) {
  if (s !~ /@UNIT@/) return
  sub(/^[ \t]+/, "", s)
  if (!match(s, /^[A-Za-z]+[ \t]*=/)) return
  key = substr(s, 1, RLENGTH - 1); s = substr(s, RLENGTH + 1)
  sub(/[ \t].*$/, "", key); gsub(/\r/, "", s); sub(/^[ \t]+/, "", s)
  if (key ~ /@INSTALL@/) { if (s != "") tell(number, " Install="); return }
  if (key ~ /^Exec[A-Z][A-Za-z]*$/ && key != "ExecSearchPath") {
    mark = ""
    if (match(s, /^[-@:+!|]+/)) {
      mark = substr(s, 1, RLENGTH); s = substr(s, RLENGTH + 1)
      gsub(/!!/, "", mark); mark = mark ~ /[+!]/ ? " +" : ""
    }
    exec_at[++execs] = number; exec_head[execs] = " " key "=" mark; exec_text[execs] = s; return
  }
  if (key == "Environment") { variables_of(number, s); return }
  if (key ~ /@PULLS@/) { pulls(number, key, s); return }
  sub(/[ \t].*$/, "", s)
  if (key == "WorkingDirectory") {
    sub(/^-/, "", s); folder = s ~ /^\// && s !~ /@OPEN@/ ? s : ""
    if (folder != "") tell(number, " " key "= " path(folder))
  } else if (key == "EnvironmentFile") {
    sub(/^-/, "", s); tell(number, " " key "=" (s ~ /^\// ? " " path(s) : ""))
  } else if (key == "User") tell(number, " " key "=" (s == "" ? "" : " " user(s in names ? names[s] : s)))
  else if (key ~ /^(DynamicUser|PermissionsStartOnly)$/) tell(number, " " key "=" (s ~ /^([yY1tT]|on)/ ? " 9" : ""))
  else if (key ~ /^(RootDirectory|RootImage|BusName)$/) tell(number, " " key "=" (s == "" ? "" : " 9"))
  else if ((key == "Unit" || key == "Service") && s ~ /^[A-Za-z0-9:_.@\\-]+$/) tell(number, " " key "= " s)
}
function variables_of(number, s,   n, i, w, out, name, parts) { # of a unit
  out = s == "" ? " " : ""
  while (match(s, /@VARIABLES@/)) {
    name = substr(s, RSTART, RLENGTH); gsub(/[^A-Z_]/, "", name); s = substr(s, RSTART + RLENGTH)
    w = s; sub(/[ \t"\047].*$/, "", w); n = split(w, parts, ":")
    for (i = 1; i <= n; i++) if (parts[i] ~ /^\//) { out = out " " name "= " path(parts[i]) }
  }
  if (out != "") tell(number, " Environment=" (out == " " ? "" : out))
}
function pulls(number, key, s,   n, i, w, out) {
  n = split(s, w, " "); out = ""
  for (i = 1; i <= n; i++) if (w[i] ~ /@PULLED@/) out = out " " w[i]
  if (out != "") tell(number, " " key "=" out)
}
function run_unit(   i) { # its commands, once it is known where they run
  for (i = 1; i <= execs; i++) { cwd = folder; tell(exec_at[i], exec_head[i] mask(exec_text[i])) }
}
function stack(number, s,   n, i, w, out) { # a rule of PAM
  gsub(/[ \t\013-\015]+/, " ", s); n = split(s, w, " "); out = ""
  for (i = 1; i <= n; i++) {
    if (w[i] ~ /^\//) { out = out " " path(w[i]); follow(w[i]) }
    else if (match(w[i], /@PAM@/) && substr(w[i], RLENGTH + 1) ~ /^\//)
      out = out " " substr(w[i], 1, RLENGTH) " " path(substr(w[i], RLENGTH + 1))
  }
  told_if(number, out)
}
function commanded(number, s) {
  if (!match(s, /@COMMAND@/)) return
  cwd = ""; here = ""; told_if(number, mask(substr(s, RSTART + RLENGTH)))
}
function rotation(number, s) {
  sub(/^[ \t]+/, "", s)
  if (s ~ /^(pre|post|first|last)(rotate|action)/) { inside = 1; cwd = "" }
  else if (s ~ /^endscript/) inside = 0
  else if (inside) told_if(number, mask(s))
  else if (s ~ /^}/) tell(number, " su=")
  else if (s ~ /^su[ \t]/) { sub(/^su[ \t]+/, "", s); sub(/[ \t].*$/, "", s); tell(number, " su= " user(s)) }
}
function served(number, s,   n, w) {
  gsub(/[ \t\r=]+/, " ", s); n = split(s, w, " ")
  if (s ~ /}/) tell(number, " end=")
  else if (s ~ /[{]/) tell(number, " begin=")
  else if (w[1] == "server" && w[2] ~ /^\//) { follow(w[2]); tell(number, " server= " path(w[2])) }
  else if (w[1] == "user" && n > 1) tell(number, " user= " user(w[2] in names ? names[w[2]] : w[2]))
  else if (w[1] == "disable") tell(number, " disable=" (w[2] == "yes" ? " 9" : ""))
}
function login(number, s,   key, n, i, w, out) {
  sub(/^[ \t]+/, "", s)
  if (!match(s, /^[A-Za-z]+/)) return
  key = tolower(substr(s, 1, RLENGTH))
  if (key ~ /^@SSHD@$/) { gsub(/["=]/, " ", s); absolute(number, s); return }
  s = substr(s, RLENGTH + 1); sub(/^[ \t]*=?[ \t]*/, "", s)
  if (key ~ /^@SSHD_COMMANDS@$/) { cwd = ""; tell(number, " " key "=" mask(s)); return }
  if (key != "match") return
  gsub(/[ \t\r]+/, " ", s); n = split(s, w, " "); out = ""
  if (n != 2 || tolower(w[1]) != "user") out = tolower(s) ~ /^all ?$/ ? "" : " ?"
  else { n = split(w[2], w, ","); for (i = 1; i <= n; i++) out = out " " user(w[i]) }
  tell(number, " match=" (out == "" ? " *" : out))
}
function hook(number, s) {
  sub(/^[ \t]+/, "", s)
  if (s ~ /^\/\//) return
  if (match(s, /@HOOK@/)) { s = substr(s, RSTART + RLENGTH); inside = 1; sub(/^[ \t:=]+/, "", s) }
  if (!inside) return
  cwd = ""; told_if(number, mask(s))
  if (s ~ /[{]/) inside = 2
  if (s ~ /}[ \t\r;]*$/ || (inside == 1 && s !~ /^[ \t\r]*$/)) inside = 0
}
"""
