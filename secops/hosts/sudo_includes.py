"""What a host's sudoers policy includes from elsewhere than sudo's own places: paths to read, found by reading.

For a running host a function of sh, for an image its twin. Both follow `@include` and `@includedir`, old spelling too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from posixpath import dirname, join

from secops.hosts.image import Image, literal

#: Where policy stands that is read anyhow.
_MAIN = ("/etc/sudoers", "/usr/etc/sudoers")
_OWN = ("/etc/sudoers.[a-ce-zA-Z0-9]*", "/etc/sudoers.d/*", "/usr/etc/sudoers.d/*")

#: Includes of includes that are followed, and includes of one file and in all.
_MAX_DEPTH, _MAX_OF_FILE, _MAX = 3, 100, 500
_SIZE = 1 << 20

_QUOTED = '^[ \t]*[@#](include(dir)?)[ \t]+"([^"]*)".*$'
_BARE = r"^[ \t]*[@#](include(dir)?)[ \t]+(([^\\\" \t#]|\\.)+)([ \t].*)?$".replace(r"\t", "\t")
_FOUND = [(re.compile(one.encode()), one is _BARE) for one in (_QUOTED, _BARE)]

# Prints files, and directories with all that is in them, a line each. It runs in a pipe: its variables are its own.
SUDO_INCLUDES_SH = rf"""sudo_includes() {{
  h=; read -r h </proc/sys/kernel/hostname; h=${{h%%.*}}
  set -- {_MAIN[0]}; [ -e "$1" ] || set -- {_MAIN[1]}
  set -- "$1" {" ".join(_OWN)}
  for d in {" ".join("x" * _MAX_DEPTH)}; do
    w=$(for p do [ ! -f "$p" ] || [ ! -r "$p" ] || printf '%s\n' "$p"; done)
    IFS="$nl"; set -f; set -- $w
    [ $# = 0 ] || set -- $(grep -l -E '^[ 	]*[@#]include' -- "$@" 2>/dev/null) # most hold none
    set +f; unset IFS
    w=$(for p do
      head -c {_SIZE} "$p" | sed -n -E -e 's~{_QUOTED}~\1 \3~p;t' -e 's~{_BARE}~\1 \3~;t e' -e d -e ':e' \
        -e 's~\\(.)~\1~g' -e p | head -n {_MAX_OF_FILE} | while IFS= read -r l; do
          k=${{l%% *}} f=${{l#* }}
          case $f in /*) ;; *) f=${{p%/*}}/$f ;; esac
          case $f in *%h*) [ "$h" ] || continue; f=${{f%%%h*}}$h${{f#*%h}} ;; esac
          case $k:$f in
            *:/etc/sudoers.d|*:/usr/etc/sudoers.d|*/) continue ;;
            include:*) printf '%s\n' "$f" ;;
            *) printf '%s\n' "$f"; for i in "$f"/*; do [ ! -e "$i" ] || printf '%s\n' "$i"; done ;;
          esac
        done
    done | head -n {_MAX})
    [ "$w" ] || break
    printf '%s\n' "$w"
    IFS="$nl"; set -f; set -- $w; set +f; unset IFS
  done
}}
"""


def sudo_includes(image: Image) -> Iterator[bytes]:
    """The same of an image."""
    main = next((path for path in _MAIN if _read(image, path.encode())), _MAIN[0])
    todo = [main.encode(), *(path for own in _OWN for path in _glob(image, own.encode()))]
    host = (_read(image, b"/etc/hostname").split(b"\n")[0]).strip().split(b".")[0]
    for _ in range(_MAX_DEPTH):
        todo = [path for file in todo for path in _included(image, file, host)][:_MAX]
        yield from todo


def _included(image: Image, path: bytes, host: bytes) -> Iterator[bytes]:
    found = [one for line in _read(image, path).split(b"\n") if (one := _include(line))]
    for is_folder, text in found[:_MAX_OF_FILE]:
        if b"%h" in text and not host:
            continue
        target = join(dirname(path), text.replace(b"%h", host, 1))
        if target in (b"/etc/sudoers.d", b"/usr/etc/sudoers.d") or target.endswith(b"/"):
            continue
        yield target
        yield from _glob(image, literal(target) + b"/*") if is_folder else ()


def _include(line: bytes) -> tuple[bool, bytes] | None:
    for expression, is_bare in _FOUND:
        if found := expression.fullmatch(line):
            text = re.sub(rb"\\(.)", rb"\1", found[3]) if is_bare else found[3]
            return found[1] == b"includedir", text
    return None


def _read(image: Image, path: bytes) -> bytes:
    with suppress(OSError, ValueError):
        return image.read(path, _SIZE) or b""
    return b""


def _glob(image: Image, pattern: bytes) -> list[bytes]:
    with suppress(OSError, ValueError):
        return list(image.glob(pattern))
    return []
