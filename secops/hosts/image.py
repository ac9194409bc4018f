"""A mounted image, read without leaving it and without running anything in it.

Every path is resolved component by component with O_NOFOLLOW, links by our own rules inside the image, since the
image may be hostile and our users' kernels may lack openat2. Regular files only are opened for reading.
"""

from __future__ import annotations

import errno
import fnmatch
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO

_SUBVOLUME = 256  # inode of the root of each btrfs subvolume
_MAX_LINKS = 40  # as the kernel's own limit
_PATH_FLAGS = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_WILD = re.compile(rb"[*?\[]")


def homes(passwd: bytes) -> list[bytes]:
    """The home directories that the content of /etc/passwd names, sorted, without `/` itself."""
    fields = [line.split(b":") for line in passwd.split(b"\n")]
    found = {row[5].rstrip(b"/") for row in fields if len(row) == 7}
    return sorted(home for home in found if home.startswith(b"/"))


def literal(path: bytes) -> bytes:
    """A path as a glob that matches only itself: a home directory may be named with wildcards."""
    return re.sub(rb"([*?\[])", rb"[\1]", path)


class Image:
    """The directory where an image is mounted. Paths are absolute paths inside it, as bytes.

    `check` is called before each path is looked at; what it raises ends the reading.
    """

    def __init__(self, root: str, check: Callable[[], None] = lambda: None) -> None:
        self._root = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._check = check

    def close(self) -> None:
        os.close(self._root)

    @contextmanager
    def at(self, path: bytes, *, follow: bool = True) -> Iterator[int]:
        """An O_PATH descriptor of what `path` is inside the image. `follow=False` stops at a link at its end.

        Raises `OSError` as the kernel would (absent, not a directory, too many links, no permission).
        """
        self._check()
        todo = [part for part in reversed(path.split(b"/")) if part not in (b"", b".")]
        stack = [os.dup(self._root)]
        links = 0
        try:
            while todo:
                part = todo.pop()
                if part == b"..":
                    if len(stack) > 1:
                        os.close(stack.pop())
                    continue
                stack.append(os.open(part, _PATH_FLAGS, dir_fd=stack[-1]))
                if not stat.S_ISLNK(os.fstat(stack[-1]).st_mode) or (not todo and not follow):
                    continue
                links += 1
                if links > _MAX_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                target = os.readlink(b"", dir_fd=stack[-1])
                os.close(stack.pop())
                if target.startswith(b"/"):
                    while len(stack) > 1:
                        os.close(stack.pop())
                todo += [p for p in reversed(target.split(b"/")) if p not in (b"", b".")]
            yield stack[-1]
        finally:
            for fd in stack:
                os.close(fd)

    @contextmanager
    def opened(self, path: bytes) -> Iterator[IO[bytes]]:
        """A regular file, open for reading. Raises `OSError` also for what is none."""
        with self.at(path) as fd:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise OSError(errno.EINVAL, "not a regular file")
            with open(f"/proc/self/fd/{fd}", "rb") as file:
                yield file

    def read(self, path: bytes, limit: int) -> bytes | None:
        """At most `limit` bytes of a regular file; None when the path is something else (FIFO, device, directory)."""
        with self.at(path) as fd:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                return None
            with open(f"/proc/self/fd/{fd}", "rb") as file:
                return file.read(limit)

    def status(self, path: bytes) -> tuple[os.stat_result, bytes]:
        """The status of a path itself and, when it is a link, its target."""
        with self.at(path, follow=False) as fd:
            found = os.fstat(fd)
            return found, os.readlink(b"", dir_fd=fd) if stat.S_ISLNK(found.st_mode) else b""

    def attribute(self, path: bytes, name: str) -> bytes:
        """An extended attribute of a path itself; empty when it has none, or the file system knows none."""
        try:
            with self.at(path, follow=False) as fd:
                return os.getxattr(f"/proc/self/fd/{fd}", name)
        except OSError:
            return b""

    def names(self, path: bytes, *, follow: bool = True) -> list[bytes]:
        """The names in a directory, sorted."""
        with self.at(path, follow=follow) as fd:
            inner = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                return sorted(os.fsencode(name) for name in os.listdir(inner))
            finally:
                os.close(inner)

    def glob(self, pattern: bytes) -> list[bytes]:
        """Paths that a shell glob matches. Raises `PermissionError` when a directory on the way is closed to us."""
        paths = [b""]
        for part in pattern.strip(b"/").split(b"/"):
            if _WILD.search(part):
                match = re.compile(fnmatch.translate(part.decode("latin-1"))).match
                paths = [
                    path + b"/" + name
                    for path in paths
                    for name in self._names_or_none(path)
                    if match(name.decode("latin-1")) and (not name.startswith(b".") or part.startswith(b"."))
                ]
            else:
                paths = [path + b"/" + part for path in paths]
        return [path or b"/" for path in paths if self._exists(path)]

    def _names_or_none(self, path: bytes) -> list[bytes]:
        try:
            return self.names(path)
        except PermissionError:
            raise
        except OSError:
            return []

    def _exists(self, path: bytes) -> bool:
        try:
            with self.at(path, follow=False):
                return True
        except PermissionError:
            raise
        except OSError:
            return False

    def walk(
        self, devices: frozenset[int], passed_over: Callable[[bytes], bool]
    ) -> Iterator[tuple[bytes, os.stat_result, bytes]]:
        """Every path below the root on `devices`, as (path, status, raw capability attribute); links are not followed.

        Roots of btrfs subvolumes, which have devices of their own, are entered too, unless they are `passed_over`.
        A directory that cannot be read is yielded with the attribute `b"!"`.
        """
        entered = set(devices)
        todo = [b""]
        while todo:
            here = todo.pop()
            try:
                with self.at(here, follow=False) as fd:
                    inner = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            except OSError:
                yield here or b"/", os.stat_result((0,) * 10), b"!"
                continue
            try:
                for entry in os.scandir(inner):
                    self._check()
                    path = here + b"/" + os.fsencode(entry.name)
                    found = entry.stat(follow_symlinks=False)
                    if stat.S_ISDIR(found.st_mode):
                        if found.st_dev not in entered and found.st_ino == _SUBVOLUME and not passed_over(path):
                            entered.add(found.st_dev)
                        if found.st_dev in entered:
                            todo.append(path)
                            yield path, found, b""
                    elif not stat.S_ISLNK(found.st_mode):
                        yield path, found, _capability(inner, entry.name, found)
            finally:
                os.close(inner)


def _capability(directory: int, name: str, found: os.stat_result) -> bytes:
    """The file capability attribute of an executable; empty when it has none."""
    if stat.S_ISREG(found.st_mode) and found.st_mode & 0o111:
        with suppress(OSError):
            return os.getxattr(f"/proc/self/fd/{directory}/{name}", "security.capability", follow_symlinks=False)
    return b""
