"""The walk: one pass over each local file system, as shell for live hosts and as Python for images.

Its output is listing records (see `listing`) and tagged ones, each field ended by NUL:
`SKIP type mount-point` (not local, not walked), `CAP capabilities path` (what getcap prints after the path),
`XATTR hex path` (of an image: the attribute itself), `NOCAPS` (no getcap on the host), `ERRS text`, those of `origin`,
and last `END`: output without it was cut off.
A walk that cannot begin ends with a code of `UNSTARTED` and no output.
"""

from __future__ import annotations

from secops.hosts.acl import ACLS_SH
from secops.hosts.listing import SHOW_SH
from secops.hosts.origin import ORIGIN_SH

#: File systems on local disks or memory, whose modes and owners mean something. Others are named in `SKIP` records.
LOCAL_TYPES = "ext2 ext3 ext4 xfs btrfs f2fs jfs zfs bcachefs nilfs2 reiserfs tmpfs ramfs ubifs"

#: Kernel interfaces: nothing is stored there.
PSEUDO_TYPES = (
    "proc sysfs devtmpfs devpts cgroup cgroup2 securityfs debugfs tracefs pstore bpf efivarfs configfs fusectl"
    " mqueue hugetlbfs binfmt_misc autofs rpc_pipefs nsfs selinuxfs squashfs erofs iso9660 vfat"
)

#: Exit codes of a walk that knows too little to tell what is there.
UNSTARTED = {
    67: "/proc/self/mountinfo does not name the root file system (chroot?)",
    68: "/etc/passwd or /etc/group names no id",
}

#: Where mounts are not walked, and subvolumes neither: file systems of containers, and of users' sessions.
_ASIDE = (
    "/run/user/*", "/run/containerd/*", "/var/lib/docker/*", "/var/lib/containers/*", "/var/lib/containerd/*",
    "/var/lib/kubelet/*",
)  # fmt: skip

#: Subvolumes that are not walked, as patterns whose `*` also stands for `/`: also what snapper and timeshift keep.
PASSED_OVER = (
    *_ASIDE, "/.snapshots/*/snapshot", "/home/.snapshots/*/snapshot", "/timeshift-btrfs/*", "/run/timeshift/*",
)  # fmt: skip

#: Subvolumes that are mounted nowhere and walked all the same.
MAX_SUBVOLUMES = 500

# Why as it is: the file systems come from mountinfo, since -xdev from / skips a separate /home; unowned files are
# found by the host's own ids (find's -nouser is six times dearer), the first one in front, since find goes down the
# whole chain of -o for each file; getcap is given the executables that the same pass meets (find flushes before it
# starts a program, so records never mix); names that hold a newline go to getcap one by one, since its output cannot
# tell them apart, others are the longest start of its line that is a file; the find of busybox never runs what an
# -exec … + inside parentheses has gathered. Of passwd and group a megabyte is read: ids beyond it give more records,
# never fewer.
#
# Each subvolume of btrfs has a device of its own, which is not the one in mountinfo, and -xdev stops before it. So a
# mounted one is known by its device, and those that a pass meets (inode 256, not on the device of the directory above,
# mounted nowhere) are where the next pass starts.
WALK_SH = r"""nl='
'
export nl
starts=; seen=" "; mounts=//; inode=0
while read -r _ _ dev root mnt _ rest; do
  type=" $rest"; type=${type#* - }; type=${type%% *}
  case $mnt in *\\*) mnt=$(printf '%b' "$(printf '%s' "$mnt" | sed 's/\\\([0-7]\{3\}\)/\\0\1/g')") ;; esac
  mounts=$mounts$mnt//
  case $mnt in @ASIDE@) continue ;; esac
  case " @LOCAL@ " in
    *" $type "*) ;;
    *) case $mnt:$type in /:*) ;; *) case " @PSEUDO@ overlay " in *" $type "*) ;; *)
         printf 'SKIP\0%s\0%s\0' "$type" "$mnt" ;; esac; continue ;; esac ;;
  esac
  if [ "$type" = btrfs ]; then
    inode=256; id=$(stat -c %d:%i "$mnt" 2>/dev/null) || id=$mnt:
    dev=${id%:*}; case $id in *:256) root=/ ;; esac
  fi
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
case $mounts in */////*) ;; *) exit 67 ;; esac
[ "$starts" ] || exit 67
ids() { # FILE TEST: one find test that holds when the id is none of the file's
  head -c 1048576 "$1" | {
    first= t=
    while IFS=: read -r _ _ id _; do
      case $id in ''|*[!0-9]*) ;; *) first=${first:-$2 $id}; t="$t -o $2 $id" ;; esac
    done
    [ -z "$first" ] || printf '%s' "$first -o ( ${t# -o } )"
  }
}
if [ "$gnu" ]; then u=-uid g=-gid; else u=-user g=-group; fi
u=$(ids /etc/passwd $u); g=$(ids /etc/group $g)
[ "$u" ] && [ "$g" ] || exit 68
cap=1 n=; command -v getcap >/dev/null 2>&1 || cap=
if [ "$cap" ] && getcap -n / >/dev/null 2>&1; then n=-n; fi
@SHOW@tell='printf "%s\n" "$@" >&6'
caps='c=$(getcap '$n' "$@" 2>/dev/null); [ "$c" ] || exit 0
IFS=$nl; set -f; set --
for l in $c; do
  f=$l; while [ ! -f "$f" ] && [ "${f% *}" != "$f" ]; do f=${f% *}; done
  printf "CAP\0%s\0%s\0" "${l#"$f"}" "$f"; set -- "$@" "$f"
done
'"$tell; $show"
odd='for p do c=$(getcap '$n' "$p" 2>/dev/null); [ "$c" ] || continue; printf "CAP\0%s\0%s\0" "${c#"$p"}" "$p"
set -- "$p"; '"$show; done"
vols='for f do
  case $f in /|@PASSED_OVER@) continue ;; esac
  d=$(stat -c %d "$f" "$f/.." 2>/dev/null)
  case $d in *[!0-9]*) [ "${d#*[!0-9]}" = "${d%[!0-9]*}" ] && continue ;; esac
  printf "%s:%s//" "${d%%[!0-9]*}" "$f" >&5; done'
[ "$cap" ] || caps=: odd=:
pass() { # START…: records on 4; on 5 `device:path//` of subvolumes and `!//` after complaints (no path holds `//`);
  # on 6 the lines of files for `origin`
  errs=$(if [ "$gnu" ]; then
    find "$@" -xdev -ignore_readdir_race \
      ! -type l \( -perm /6002 -o ! \( $u \) -o ! \( $g \) \) -printf '%y%m\0%U\0%G\0%s\0%T@\0%p\0%l\0\0' \
      -type f -perm /6000 ! -path "*$nl*" -exec sh -c "$tell" _ {} + , \
      -type f -perm /111 \( -path "*$nl*" -exec sh -c "$odd" _ {} + -o -exec sh -c "$caps" _ {} + \) , \
      -type d -inum $inode -exec sh -c "$vols" _ {} + 2>&1 >&4
  else
    find "$@" -xdev ! -type l \( -perm /6002 -o ! \( $u \) -o ! \( $g \) \) -exec sh -c "$show" _ {} + \
      -type f -perm /6000 ! -path "*$nl*" -exec sh -c "$tell" _ {} + 2>&1 >&4
    [ "$cap" ] && find "$@" -xdev -type f -perm /111 -path "*$nl*" -exec sh -c "$odd" _ {} + \
      -o -type f -perm /111 -exec sh -c "$caps" _ {} + 2>/dev/null >&4
    [ $inode = 0 ] || find "$@" -xdev -type d -inum $inode -exec sh -c "$vols" _ {} + 2>&1
  fi)
  [ -z "$errs" ] || printf 'ERRS\0%s\0' "$errs" >&4
  [ -z "$errs" ] || printf '!//' >&5
}
oldifs=$IFS; IFS=$nl; set -f; set -- ${starts#"$nl"}; IFS=$oldifs
closed=; more=; left=@MAX@
exec 4>&1
special=$(exec 6>&1 >&4
  while [ $# -gt 0 ]; do
    found=$(pass "$@" 5>&1 | { head -c 1048576; cat >/dev/null; }); set --
    [ ${#found} -lt 1048576 ] || more=1
    while case $found in *//*) ;; *) false ;; esac; do
      f=${found%%//*}; found=${found#*//}
      [ "$f" = ! ] && closed=1 && continue
      dev=${f%%:*}; f=${f#*:}
      case $mounts in *"//$f//"*) continue ;; esac
      case $seen in *" ${dev:-$f}:/ "*) continue ;; esac
      [ $left -gt 0 ] || { more=1; break; }
      left=$((left - 1)); seen="$seen${dev:-$f}:/ "; set -- "$@" "$f"
    done
  done
  [ "$cap" ] || printf 'NOCAPS\0'
  [ -z "$more" ] || printf 'ERRS\0more than @MAX@ subvolumes that are not mounted\0'
  [ -z "$closed" ]) || closed=1
@ORIGIN@printf 'END\0'
[ -z "$closed" ] || [ "$(id -u)" = 0 ] || exit 65
"""
for _name, _text in (
    ("@LOCAL@", LOCAL_TYPES), ("@PSEUDO@", PSEUDO_TYPES), ("@MAX@", str(MAX_SUBVOLUMES)),
    ("@ASIDE@", "|".join(_ASIDE)), ("@PASSED_OVER@", "|".join(PASSED_OVER)),
    ("@SHOW@", SHOW_SH), ("@ORIGIN@", ACLS_SH + ORIGIN_SH),
):  # fmt: skip
    WALK_SH = WALK_SH.replace(_name, _text)
