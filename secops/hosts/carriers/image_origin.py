"""Where an image's special files come from: the records of `secops.hosts.origin`, made without running anything."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from secops.hosts.acl import ATTRIBUTE, to_getfacl
from secops.hosts.image import Image
from secops.hosts.listing import record
from secops.hosts.origin import (
    CONTAINER_STORES,
    MAX_DIGESTED,
    MAX_LOOKUPS,
    MAX_PATH,
    PROGRAMS,
)
from secops.hosts.owners import DPKG_ITSELF

_DPKG = b"/var/lib/dpkg/"
_APK = (b"/lib/apk/db/installed", b"/usr/lib/apk/db/installed")
_DATABASE_LIMIT = 64 << 20
_STORES = tuple(map(os.fsencode, CONTAINER_STORES))

#: Numbers of a file as a listing record has them.
Numbers = tuple[int, int, int, int, int]


def origin(image: Image, special: Iterable[bytes], closed: Mapping[bytes, Numbers]) -> bytes:
    """The records of these files. `closed` are directories and files that not everybody may pass or start."""
    paths = [path for path in special if b"\n" not in path and not path.startswith(_STORES)]
    looked_up = {path: _others(image, path) for path in paths[:MAX_LOOKUPS] if len(path) <= MAX_PATH}
    if not paths:
        return b""
    out = [b"".join(_tagged(b"LOOKED", path, b"\n".join(names)) for path, names in looked_up.items())]
    if len(looked_up) < len(paths):
        out.append(_tagged(b"MANY"))
    out += _near(image, looked_up, closed)
    out += _answer(image, looked_up)
    return b"".join(out)


def _tagged(tag: bytes, *fields: bytes) -> bytes:
    return b"".join(field + b"\0" for field in (tag, *fields))


def _others(image: Image, path: bytes) -> list[bytes]:
    """The other names of a file where directories are merged."""
    rest = path.removeprefix(b"/usr")
    swapped = {b"bin": b"/sbin/", b"sbin": b"/bin/"}
    first, _, name = rest.lstrip(b"/").partition(b"/")
    other = swapped[first] + name if first in swapped and rest.startswith(b"/" + first) else rest
    names = dict.fromkeys([rest, other, b"/usr" + rest, b"/usr" + other])
    own = _identity(image, path)
    return [name for name in names if name != path and own and _identity(image, name) == own]


def _identity(image: Image, path: bytes) -> tuple[int, int] | None:
    try:
        with image.at(path) as fd:
            found = os.fstat(fd)
            return found.st_dev, found.st_ino
    except OSError:
        return None


def _near(image: Image, looked_up: Collection[bytes], closed: Mapping[bytes, Numbers]) -> Iterator[bytes]:
    above = {path[:at] for path in looked_up for at in range(1, len(path)) if path[at : at + 1] == b"/"}
    for path in sorted((above | set(looked_up)) & closed.keys()):
        yield record(path, closed[path])
        if listed := to_getfacl(path, image.attribute(path, ATTRIBUTE)):
            yield _tagged(b"ACL", listed)


def _answer(image: Image, looked_up: Mapping[bytes, Sequence[bytes]]) -> Iterator[bytes]:
    names = {name for path, others in looked_up.items() for name in (path, *others)}
    apk = b"".join(_read(image, path) for path in _APK)
    if _read(image, _DPKG + b"status", 1):
        record_, owned, algorithm = *_of_dpkg(image, names), "md5"
    elif apk:
        record_, owned, algorithm = *_of_apk(apk, names), "sha1"
    else:
        is_rpm = _glob(image, b"/usr/lib/sysimage/rpm/[Pr]*") or _glob(image, b"/var/lib/rpm/[Pr]*")
        # what rpm's database says is read when it is parsed: until then no file is known to be a package's
        record_, owned, algorithm = (_tagged(b"RPM", b"", b"") if is_rpm else _tagged(b"NOPKG")), set(), "sha256"
    yield record_
    heads = b"\n".join(b"==> %s <==\n%s" % (path, _read(image, path, 2).replace(b"\0", b"?")) for path in looked_up)
    strange = [path for path, others in looked_up.items() if owned.isdisjoint((path, *others))]
    sums = [*_digests(image, looked_up, algorithm), *_copies(image, strange, algorithm)]
    yield _tagged(b"HEAD", heads) + _tagged(b"SUMS", b"".join(sums))


def _read(image: Image, path: bytes, limit: int = _DATABASE_LIMIT) -> bytes:
    try:
        return image.read(path, limit) or b""
    except OSError:
        return b""


def _of_dpkg(image: Image, names: Collection[bytes]) -> tuple[bytes, set[bytes]]:
    diverted = _read(image, _DPKG + b"diversions")
    wanted = {*names, os.fsencode(DPKG_ITSELF), *diverted.split(b"\n")[::3]} - {b""}
    found: list[bytes] = []
    sums: list[bytes] = []
    owned: set[bytes] = set()
    for path in _glob(image, _DPKG + b"info/*.list"):
        if hits := wanted.intersection(_read(image, path).split(b"\n")):
            owned |= hits
            found += [path + b":" + hit for hit in sorted(hits)]
            of_it = path.removesuffix(b".list") + b".md5sums"
            lines = (line for line in _read(image, of_it).split(b"\n") if b"/" + line[34:] in hits)
            sums += [of_it + b":" + line for line in lines]
    fields = (b"\n".join(found), b"\n".join(sums), diverted, _read(image, _DPKG + b"statoverride"))
    return _tagged(b"DPKG", *(field.replace(b"\0", b"?") for field in fields)), owned


def _glob(image: Image, pattern: bytes) -> list[bytes]:
    try:
        return image.glob(pattern)
    except PermissionError:
        return []


def _of_apk(database: bytes, names: Collection[bytes]) -> tuple[bytes, set[bytes]]:
    lines: list[bytes] = []
    owned: set[bytes] = set()
    package, folder, is_hit, count = b"", b"/", False, 0
    for line in database.split(b"\n"):
        kind = line[:2]
        if kind == b"P:":
            package, count = line, count + 1
        elif kind == b"F:":
            folder = b"/" + line[2:] + b"/" if line[2:] else b"/"
        elif kind == b"R:":
            path = folder + line[2:]
            is_hit = path in names
            if is_hit:
                owned.add(path)
                lines += [package, b"R:" + path]
        elif kind in (b"a:", b"Z:") and is_hit:
            lines.append(line)
    lines.append(b"N:%d" % count)
    return _tagged(b"APK", b"\n".join(lines).replace(b"\0", b"?")), owned


def _digests(image: Image, paths: Iterable[bytes], algorithm: str) -> Iterator[bytes]:
    """Lines as md5sum prints them, of files that are neither empty nor too large."""
    for path in paths:
        content = _read(image, path, MAX_DIGESTED + 1)
        if 0 < len(content) <= MAX_DIGESTED:
            digest = hashlib.new(algorithm, content, usedforsecurity=False).hexdigest()
            yield digest.encode() + b"  " + path + b"\n"


def _copies(image: Image, strange: Iterable[bytes], algorithm: str) -> Iterator[bytes]:
    """The same of programs that are as large as one of these files."""
    sizes = {size for path in strange if (size := _size(image, path))}
    for folder in map(os.fsencode, PROGRAMS):
        with suppress(OSError):
            if sizes and not stat.S_ISLNK(image.status(folder)[0].st_mode):
                programs = (folder + b"/" + name for name in image.names(folder))
                yield from _digests(image, [path for path in programs if _size(image, path) in sizes], algorithm)


def _size(image: Image, path: bytes) -> int:
    """The size of a regular file that is read for its digest; 0 of anything else."""
    with suppress(OSError):
        found, _ = image.status(path)
        if stat.S_ISREG(found.st_mode) and found.st_size <= MAX_DIGESTED:
            return found.st_size
    return 0
