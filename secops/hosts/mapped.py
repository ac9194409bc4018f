"""What code the host's processes have mapped, and whose it is, as shell for live hosts.

Records, each field ended by NUL: first lines of their own, `M PID PATH` for each file that a process maps as code (with
the kernel's ` (deleted)`), `U PID UNIT` for one that maps a deleted file, and `F N`, the processes left out, for they
live in the file systems of containers. Then the package manager's answer: `dpkg`, lists, diversions; `apk`, lines;
`rpm`, itself, lines; or `none`. Last `end`.
"""

from __future__ import annotations

from secops.hosts.owners import OWNERS_SH

#: Files whose package is asked for.
MAX_FILES = 5_000

# Why as it is: what is read as lines are the kernel's words (it escapes newlines in maps, and cgroups have none). awk
# prints at its end, after all complaints of the commands before it: that order lets both share one pipe.
# A process is the host's own when its mounts are ours, or when a process with the same mounts has our root: systemd
# gives services mounts of their own. So a service in a chroot is seen, and a container is not, whatever it has mapped.
# rpm prints owners in the order of the files: between two it is asked for one that no package has.
MAPPED_SH = r"""LC_ALL=C; export LC_ALL
[ "$(command -v awk)" ] || exit 66
nl='
' oldifs=$IFS code=0
@OWNERS@
look() {
  ls -ln /proc/self/ns/mnt /proc/[0-9]*/ns/mnt
  stat -L -c '%d:%i %n' / /proc/[0-9]*/root
  grep -aH -e '^0::/' -e '^[0-9]*:name=systemd:' /proc/[0-9]*/cgroup
  grep -aH '^[0-9a-f]*-[0-9a-f]* r[w-]x[ps] [0-9a-f]* [0-9a-f]*:[0-9a-f]* [0-9]*  */' /proc/[0-9]*/maps
}
sort_out() {
  awk '
  /^\/proc\/[0-9]+\/maps:/ {
    pid = substr($1, 7) + 0
    sub(/^[^ ]+ [^ ]+ [^ ]+ [^ ]+ [^ ]+ +/, "")
    if ((pid, $0) in seen) next
    seen[pid, $0]; of[++n] = pid; path[n] = $0
    next
  }
  /^\/proc\/[0-9]+\/cgroup:/ {
    split($0, part, "/")
    for (i = 4; i in part; i++) if (part[i] ~ /\.(service|scope)$/) { unit[part[3]] = part[i]; break }
    next
  }
  $NF ~ /^mnt:/ { split($(NF - 2), part, "/"); mounts[part[3]] = $NF; next }
  $2 == "/" { root = $1; next }
  $2 ~ /^\/proc\/[0-9]+\/root$/ { split($2, part, "/"); at[part[3]] = $1 }
  END {
    ours[mounts["self"]]
    for (pid in at) if (at[pid] == root && pid in mounts) ours[mounts[pid]]
    for (i = 1; i <= n; i++) {
      pid = of[i]
      if (!(pid in mounts)) continue  # it has only just begun
      if (!(mounts[pid] in ours)) { if (!(pid in others)) { others[pid]; left++ }; continue }
      print "M", pid, path[i]
      if (path[i] ~ / \(deleted\)$/ && pid in unit) { print "U", pid, unit[pid]; delete unit[pid] }
    }
    print "F", left + 0
  }'
}
found=$({ look | sort_out; } 2>&1)
case $(printf '%s\n' "$found" | grep -av '^[MUF] ') in *'Permission denied'* | *'not permitted'*) code=65 ;; esac
found=$(printf '%s\n' "$found" | grep -a '^[MUF] ')
printf '%s\0' "$found"

manager
merged=
for d in bin sbin lib lib32 lib64 libx32; do [ ! "/$d" -ef "/usr/$d" ] || merged="$merged $d"; done
[ "$manager" != rpm ] || merged=
names=$nl$(printf '%s\n' "$found" | awk -v merged="$merged" -v left=@FILES@ '
  BEGIN { split(merged, part, " "); for (i in part) is[part[i]] }
  !/^M/ { next }
  { sub(/^M [0-9]+ /, ""); sub(/ \(deleted\)$/, "") }
  $0 in seen || left < 1 { next }
  { seen[$0]; left--; print; split($0, part, "/") }
  part[2] == "usr" && part[3] in is { print substr($0, 5) }
  part[2] in is { print "/usr" $0 }')
case $manager in
  dpkg) dpkg_lists; printf 'dpkg\0%s\0%s\0' "$found" "$diverted" ;;
  apk) apk_files; printf 'apk\0%s\0' "$found" ;;
  rpm)
    itself=$(command -v rpm) none=/proc/version
    names=$names$nl$itself
    split; set -- $(lines "$names" | sed "a\\$nl$none"); whole
    printf 'rpm\0%s\0%s\0' "$itself" "$({ lines "$names"; echo
      env -i PATH="$PATH" HOME=/ LC_ALL=C rpm --dbpath "$database" -qf --qf '%{NAME}\n' -- "$@" 2>/dev/null; } |
      awk -v none="file $none is not owned by any package" '
        !answered { if ($0 == "") answered = at = 1; else path[++n] = $0; next }
        $0 == none { at++; next }
        / / { next }
        { print $0 "\t0\t\t\t\t\t0\t" path[at] "\t" }')" ;;
  *) printf 'none\0' ;;
esac
printf 'end\0'
exit $code""".replace("@OWNERS@", OWNERS_SH.strip("\n")).replace("@FILES@", str(MAX_FILES))
