"""What an image's rpm database says of single files, as the lines that rpm itself would print of them."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Mapping, Sequence

from secops.hosts.evidence import Evidence, readable
from secops.hosts.rpmdb import RpmdbError, index, parse_header, read_blobs
from secops.hosts.tables.packages import RPM_SQLITE

_INT16, _INT32, _STRINGS = 3, 4, 8
_SIZES = {_INT16: "H", _INT32: "I"}

_MODES, _DIGESTS, _USERS, _GROUPS, _FLAGS, _CAPS = 1030, 1035, 1039, 1040, 1045, 5010
_DIRECTORY, _BASENAMES, _DIRECTORIES = 1116, 1117, 1118

#: Stands for rpm's own file, which proves that the database answers.
_ITSELF = "/"


def of_image(evidence: Evidence, wanted: Collection[str]) -> list[str]:
    """The fields of the record `RPM` (see `secops.hosts.origin`) for files of these names."""
    files = evidence[RPM_SQLITE.name].files
    logs = {item.path.removesuffix("-wal"): item.data for item in files if item.path.endswith("-wal")}
    lines: list[str] = []
    for item in files:
        if item.data and not item.path.endswith("-wal"):
            lines += _of_database(item.data, logs.get(item.path, b""), wanted)
    return [_ITSELF, "\n".join(lines)]


def _of_database(data: bytes, log: bytes, wanted: Collection[str]) -> Iterator[str]:
    """Lines of one database, and at its end the proof that it answered. `packages` tells why one breaks off."""
    try:
        for blob in read_blobs(data, log):
            yield from _of_header(blob, wanted)
    except RpmdbError:
        return
    yield _line("", 0, "", "", "", "", 0, _ITSELF)


def _of_header(blob: bytes, wanted: Collection[str]) -> Iterator[str]:
    """Lines of the files of one package that are wanted. Raises `RpmdbError`."""
    tags = index(blob)
    names = _strings(blob, tags, _BASENAMES)
    basenames = {path.rpartition("/")[2] for path in wanted}
    hits = [at for at, name in enumerate(names) if name in basenames]
    if not hits:
        return
    folders, where = _strings(blob, tags, _DIRECTORIES), _numbers(blob, tags, _DIRECTORY)
    modes, flags = _numbers(blob, tags, _MODES), _numbers(blob, tags, _FLAGS)
    users, groups = _strings(blob, tags, _USERS), _strings(blob, tags, _GROUPS)
    digests, capabilities = _strings(blob, tags, _DIGESTS), _strings(blob, tags, _CAPS) or [""] * len(names)
    if {len(one) for one in (where, modes, flags, users, groups, digests, capabilities)} != {len(names)}:
        raise RpmdbError("the header's counts do not fit its size")
    package = parse_header(blob).name
    for at in hits:
        path = (folders[where[at]] if where[at] < len(folders) else "") + names[at]
        if path in wanted:
            yield _line(package, modes[at], users[at], groups[at], capabilities[at], digests[at], flags[at], path)


def _line(package: str, mode: int, user: str, group: str, caps: str, digest: str, flags: int, path: str) -> str:
    return "\t".join([package, f"{mode:o}", user, group, caps, digest, str(flags), path, ""])


def _strings(blob: bytes, tags: Mapping[int, tuple[int, int, int]], tag: int) -> list[str]:
    kind, start, count = tags.get(tag, (_STRINGS, 0, 0))
    found = blob[start:].split(b"\0", count)[:count]
    if kind != _STRINGS or len(found) != count:
        raise RpmdbError(f"tag {tag} is not text")
    return list(map(readable, found))


def _numbers(blob: bytes, tags: Mapping[int, tuple[int, int, int]], tag: int) -> Sequence[int]:
    kind, start, count = tags.get(tag, (_INT32, 0, 0))
    size = _SIZES.get(kind)
    if size is None or start + struct.calcsize(size) * count > len(blob):
        raise RpmdbError(f"tag {tag} is not a number")
    return struct.unpack_from(f">{count}{size}", blob, start)
