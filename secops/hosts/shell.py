"""Shell functions that the script and the commands of sections share."""

from __future__ import annotations

#: `blocked PATH`. A path that cannot be seen is not an absent one: is its nearest directory closed to us?
BLOCKED = r"""blocked() {
  d=${1%/*}
  while [ -n "$d" ] && ! [ -d "$d" ]; do d=${d%/*}; done
  [ -x "${d:-/}" ] || return 0
  case $1 in *[*?[]*) [ -r "${d:-/}" ] || return 0 ;; esac
  return 1
}"""
