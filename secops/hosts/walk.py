"""The walk: one pass over each local file system, as shell for live hosts and as Python for images.

Its output is listing records (see `listing`) and tagged ones, each field ended by NUL:
`SKIP type mount-point` (not local, not walked), `CAPS lines-of-getcap`, `CAP capabilities path` (a name that holds a
newline), `NOCAPS` (no getcap on the host), `ERRS text`, and last `END`: output without it was cut off.
"""

from __future__ import annotations

#: File systems on local disks or memory, whose modes and owners mean something. Others are named in `SKIP` records.
LOCAL_TYPES = "ext2 ext3 ext4 xfs btrfs f2fs jfs zfs bcachefs nilfs2 reiserfs tmpfs ramfs ubifs"

#: Kernel interfaces: nothing is stored there.
PSEUDO_TYPES = (
    "proc sysfs devtmpfs devpts cgroup cgroup2 securityfs debugfs tracefs pstore bpf efivarfs configfs fusectl"
    " mqueue hugetlbfs binfmt_misc autofs rpc_pipefs nsfs selinuxfs squashfs erofs iso9660 vfat"
)

# Why as it is: the file systems come from mountinfo, since -xdev from / skips a separate /home; unowned files are
# found by the host's own ids (find's -nouser is six times dearer); getcap is given the executables that the same
# pass meets (find flushes before it starts a program, so records never mix); names that hold a newline go to getcap
# one by one, since its output cannot tell them apart.
WALK_SH = r"""nl='
'
starts=; seen=" "
while read -r _ _ dev root mnt _ rest; do
  type=" $rest"; type=${type#* - }; type=${type%% *}
  case $mnt in *\\*) mnt=$(printf '%b' "$(printf '%s' "$mnt" | sed 's/\\\([0-7]\{3\}\)/\\0\1/g')") ;; esac
  case $mnt in
    /run/user/*|/run/containerd/*|/var/lib/docker/*|/var/lib/containers/*|/var/lib/kubelet/*) continue ;;
  esac
  case " @LOCAL@ " in
    *" $type "*) ;;
    *) case $mnt:$type in /:*) ;; *) case " @PSEUDO@ overlay " in *" $type "*) ;; *)
         printf 'SKIP\0%s\0%s\0' "$type" "$mnt" ;; esac; continue ;; esac ;;
  esac
  again=; sub=$root
  while :; do
    case $seen in *" $dev:$sub "*) again=1; break ;; esac
    [ "$sub" = / ] && break
    sub=${sub%/*}; sub=${sub:-/}
  done
  [ "$again" ] && continue
  seen="$seen$dev:$root "
  starts="$starts$nl$mnt"
done </proc/self/mountinfo
[ "$starts" ] || exit 66
ids() { # FILE TEST: one find test that holds when the id is none of the file's
  t=
  while IFS=: read -r _ _ id _; do
    case $id in ''|*[!0-9]*) ;; *) t="$t -o $2 $id" ;; esac
  done <"$1"
  printf '%s' "${t# -o }"
}
if [ "$gnu" ]; then u=-uid g=-gid; else u=-user g=-group; fi
u=$(ids /etc/passwd $u); g=$(ids /etc/group $g)
[ "$u" ] && [ "$g" ] || exit 66
oldifs=$IFS; IFS=$nl; set -f; set -- ${starts#"$nl"}; IFS=$oldifs; set -- "$@" -xdev
cap=1; command -v getcap >/dev/null 2>&1 || cap=
caps='printf "CAPS\0"; getcap "$@" 2>/dev/null; printf "\0"'
odd='for f do c=$(getcap "$f" 2>/dev/null); [ "$c" ] && printf "CAP\0%s\0%s\0" "${c#"$f"}" "$f"; done; :'
stat='for f do stat -c "x%f %u %g %s %Y" "$f" 2>/dev/null | tr " \n" "\0\0"; printf "%s\0\0\0" "$f"; done'
[ "$cap" ] || caps=: odd=:
{ if [ "$gnu" ]; then
    errs=$(find "$@" -ignore_readdir_race \
      ! -type l \( -perm /6002 -o ! \( $u \) -o ! \( $g \) \) -printf '%y%m\0%U\0%G\0%s\0%T@\0%p\0%l\0\0' , \
      -type f -perm /111 \( -path "*$nl*" -exec sh -c "$odd" _ {} + -o -exec sh -c "$caps" _ {} + \) 2>&1 >&4)
  else
    errs=$(find "$@" ! -type l \( -perm /6002 -o ! \( $u \) -o ! \( $g \) \) -exec sh -c "$stat" _ {} + 2>&1 >&4
      [ "$cap" ] && find "$@" -type f -perm /111 \
        \( -path "*$nl*" -exec sh -c "$odd" _ {} + -o -exec sh -c "$caps" _ {} + \) 2>/dev/null >&4)
  fi; } 4>&1
[ "$cap" ] || printf 'NOCAPS\0'
[ "$errs" ] && printf 'ERRS\0%s\0' "$errs"
printf 'END\0'
[ -z "$errs" ] || [ "$(id -u)" = 0 ] || exit 65
""".replace("@LOCAL@", LOCAL_TYPES).replace("@PSEUDO@", PSEUDO_TYPES)
