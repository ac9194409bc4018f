"""The section `trusted_paths` of a mounted image: what the script does on a host, without running anything."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from secops.hosts.acl import ATTRIBUTE, to_getfacl
from secops.hosts.evidence import Item, Status
from secops.hosts.image import Image, literal
from secops.hosts.listing import Entry, record
from secops.hosts.section import PASSWD_LIMIT, Command
from secops.hosts.tables.users import NO_LOGIN
from secops.hosts.trusted import patterns, words
from secops.hosts.trusted.grammars import OTHER_PROGRAM, read
from secops.hosts.trusted.places import PLACES, TOPS, Grammar, Place
from secops.hosts.trusted.reader import Named, Reader
from secops.hosts.trusted.tree import trail

_KINDS = {stat.S_IFREG: "f", stat.S_IFDIR: "d", stat.S_IFLNK: "l"}
_HASHES = re.compile("/g?shadow-?$")


def trusted_paths(image: Image, section: Command) -> Item:
    """What the script of the section prints, of an image."""
    accounts = list(_accounts(image))
    reader = Reader(
        {fields[0]: fields[5].rstrip("/") if fields[5].startswith("/") else "" for fields in reversed(accounts)},
        {fields[2]: fields[0] for fields in reversed(accounts)},
        {top for top in TOPS if _is_merged(image, top.encode())},
    )
    seen = _Image(image, reader)
    seen.read_places(dict.fromkeys(_homes(accounts)))
    seen.read_scripts()
    for pattern in reader.patterns:
        seen.spread(pattern)
    out = b"".join(_raw(text) + b"\0" for text in seen.told()) + b"".join(seen.records()) + b"Z\0"
    if len(out) > section.limit:
        return Item("", out[: section.limit], Status.TRUNCATED, f"larger than {section.limit} bytes")
    if seen.closed:
        return Item("", out, Status.DENIED, "permission denied")
    return Item("", out)


def _is_merged(image: Image, top: bytes) -> bool:
    """Whether a directory of the root is a link to its twin in /usr, under which its files are read."""
    with suppress(OSError), image.at(top) as one, image.at(b"/usr" + top) as other:
        return bool(image.status(top)[1]) and os.path.samestat(os.fstat(one), os.fstat(other))
    return False


def _accounts(image: Image) -> Iterator[list[str]]:
    with suppress(OSError):
        for line in _text(image.read(b"/etc/passwd", PASSWD_LIMIT) or b"").split("\n"):
            if len(fields := line.split(":")) == 7:
                yield fields


def _homes(accounts: list[list[str]]) -> Iterator[str]:
    """Homes of accounts that may log in, without a slash at the end."""
    for fields in accounts:
        if fields[5].startswith("/") and fields[6].rpartition("/")[2] not in NO_LOGIN:
            yield fields[5].rstrip("/")


def _text(raw: bytes) -> str:
    return raw.decode("latin-1")


def _raw(text: str) -> bytes:
    return text.encode("latin-1").replace(b"\0", b"\n")


@dataclass
class _Image:
    """What was seen of an image so far. Paths are bytes decoded as Latin-1."""

    image: Image
    reader: Reader
    lines: list[str] = field(default_factory=list)
    found: dict[str, tuple[Entry, bytes] | None] = field(default_factory=dict)
    scripts: int = 0  # read beside the places
    closed: bool = False  # something may not be looked at

    def read_places(self, homes: dict[str, None]) -> None:
        for number, place in enumerate(PLACES):
            for pattern in place.patterns:
                if pattern.startswith("~/"):
                    inside = pattern[1:] if pattern != "~/" else ""
                    patterns = [_text(literal(home.encode("latin-1"))) + inside for home in homes]
                else:
                    patterns = [] if "/" + pattern.split("/")[1] in self.reader.merged else [pattern]
                for one in patterns:
                    self._read_place(number, place, one)

    def _read_place(self, number: int, place: Place, pattern: str) -> None:
        grammar, inside = place.grammar, f"{pattern}/*" if place.changeable else pattern
        try:
            paths = [_text(path) for one in (pattern, inside) for path in self.image.glob(one.encode("latin-1"))]
        except PermissionError:
            self.lines.append(f"D{pattern}")
            return
        for path in dict.fromkeys(paths):
            if place.changeable and not self._is_changeable(path):
                continue
            if "\n" in path:
                self.lines.append("O")
                continue
            self.lines.append(f"P{number} {path}")
            self.reader.wanted[path] = None
            if grammar:
                self._read_file(path, grammar)

    def read_scripts(self) -> None:
        """Scripts that were named are read too, and those that they name in their turn, down to a depth."""
        done = 0
        for _ in range(words.MAX_LEVEL):
            for path in list(self.reader.scripts)[done:]:
                done += 1
                self._read_script(path)

    def _read_script(self, path: str) -> None:
        try:
            content = self.image.read(path.encode("latin-1"), words.MAX_SIZE + 1)
        except PermissionError:
            self.closed = True
            return
        except (OSError, ValueError):
            return
        if content is None:
            return
        self.scripts += 1
        text = _text(content)
        known = self.scripts <= words.MAX_SCRIPTS
        if known and len(content) > words.MAX_SIZE:  # most are programs, and no script
            text, ended, _ = text[: words.MAX_HEAD].partition("\n")
            known = bool(OTHER_PROGRAM.match(text) and (ended or text[0] != "#"))
        if not known or not read(self.reader, path, "script", text):
            self.lines.append(f"T{path}")

    def _read_file(self, path: str, grammar: Grammar) -> None:
        most = words.MAX_POLICY if grammar == "sudo" else words.MAX_SIZE
        try:
            content = self.image.read(path.encode("latin-1"), most + 1)
        except PermissionError:
            self.lines.append(f"D{path}")
            return
        except OSError:
            return
        if content is None:
            return
        if grammar in ("cron", "tab") and content and not content.endswith(b"\n"):
            self.lines.append(f"E{path}")
        if len(content) > most or not read(self.reader, path, grammar, _text(content)):
            self.lines.append(f"T{path}")

    def spread(self, pattern: str) -> None:
        """Have the matches of a pattern looked at, and what it could match in directories that it matches."""
        if (folder := patterns.beginning(pattern)) != "/":
            self.reader.wanted[folder] = None
        whole = True
        for before, rest in patterns.steps(pattern):
            try:
                paths = [_text(path) for path in self.image.glob(before.encode("latin-1"))]
            except PermissionError:
                self.lines.append(f"D{before}")
                continue
            whole = whole and len(paths) <= patterns.MAX_MATCHES
            for path in paths if len(paths) <= patterns.MAX_MATCHES else ():
                if "\n" in path:
                    self.lines.append("O")
                elif not rest or self._is_directory(path):
                    self.reader.wanted[path + rest] = None
        if whole:
            self.lines.append(f"W{pattern}")

    def look(self, path: str) -> Entry | None:
        """What is at a path, no link followed at its end."""
        if path not in self.found:
            self.found[path] = None
            with suppress(OSError, ValueError), self._noting():
                status, link = self.image.status(path.encode("latin-1"))
                link = b"" if b"\n" in link else link  # as on a host
                numbers = status.st_mode, status.st_uid, status.st_gid, 0, 0
                kind = _KINDS.get(stat.S_IFMT(status.st_mode), "?")
                entry = Entry(path, kind, stat.S_IMODE(status.st_mode), *numbers[1:], _text(link))
                self.found[path] = entry, record(path.encode("latin-1"), numbers, link)
        here = self.found[path]
        return here[0] if here else None

    def _is_there(self, path: str) -> bool:
        ends = [entry for _, entry in trail(path, self.look)]
        return bool(ends) and ends[-1] is not None

    def told(self) -> Iterator[str]:
        """The places, what files name with what is not there masked, and what is missing though its directory is there.

        Looks at every path.
        """
        missing = {
            at: None
            for path in self.reader.wanted
            for at, entry in trail(path, self.look)
            if entry is None and at.rpartition("/")[0]
        }
        for path in self.reader.candidates:
            if self._exists(path):
                self._is_there(path)
        self.look("/")
        yield from self.lines
        yield from self._named()
        yield from (f"G{path}" for path in missing)

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """What may not be looked at is not there for us, and is noted."""
        try:
            yield
        except PermissionError:
            self.closed = True

    def _is_changeable(self, path: str) -> bool:
        """Whether others than root own or may write it, links followed. A SUID program is its account's."""
        with suppress(OSError, ValueError), self.image.at(path.encode("latin-1")) as fd:
            status = os.fstat(fd)
            return bool(status.st_mode & 0o022) or (status.st_uid != 0 and not status.st_mode & stat.S_ISUID)
        return False

    def _is_directory(self, path: str) -> bool:
        with suppress(OSError, ValueError), self.image.at(path.encode("latin-1")) as fd:
            return stat.S_ISDIR(os.fstat(fd).st_mode)
        return False

    def _exists(self, path: str) -> bool:
        with suppress(OSError, ValueError):
            self.image.status(path.encode("latin-1"))
            return True
        return False

    def _named(self) -> Iterator[str]:
        file: Named | None = None
        for named in self.reader.named:
            tokens = [self._final(token) for token in named.tokens]
            if not any("/" in token or "=" in token for token in tokens):
                continue
            if file is None or file.file != named.file:
                file = named
                yield f"F{named.grammar} {named.file}"
            yield f"N{named.line} {' '.join(tokens)}"

    def _final(self, token: str) -> str:
        if token.startswith("/"):
            path = token.rstrip("/")
            above = path.rpartition("/")[0]
            return token if self._is_there(path) or (above and self._is_there(above)) else "?"
        if token.startswith("*/"):
            return token if self._final(token[1:]) != "?" else "?"
        if token.startswith("@/"):
            return token[1:] if self._exists(token[1:]) else "?"
        if token.startswith("@"):
            paths = (f"{folder}/{token[1:]}" for folder in words.SEARCHED)
            return next((path for path in paths if self._exists(path)), "?")
        return token

    def records(self) -> Iterator[bytes]:
        """The record of everything that is there, and the access lists."""
        there = [found for found in self.found.values() if found]
        yield from (found[1] for found in there)
        paths = [entry.path.encode("latin-1") for entry, _ in there if _is_listable(entry)]
        yield b"A" + b"".join(to_getfacl(path, self.image.attribute(path, ATTRIBUTE)) for path in paths) + b"\0"


def _is_listable(entry: Entry) -> bool:
    """Whether an access list could open a path to more than its mode says, or close it to some."""
    partly = entry.kind == "d" and entry.mode & 0o11 == 0o10
    return entry.kind in ("f", "d") and bool(entry.mode & 0o22 or partly or _HASHES.search(entry.path))
