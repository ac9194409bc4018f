"""Evidence: what a host answered, section by section, each with a status. And the wire format it travels in.

The stream (`citywall.evidence/1`), written by the generated script and by nobody else:

    CITYWALL-EVIDENCE 1 <nonce> <uid> <base64|hex>
    <nonce> <section> <status> <length>
    <length bytes of base64 or hex text>
    …
    <nonce> end done 0

The nonce is made on the host for each run, content is encoded and its length stated, so no file's content can
forge a frame. A frame is a `file`, an `output`, a `sealed` blob, a path that is `absent`, `denied`,
`special` (not a regular file) or `cut` (too large), a `note`, or `done`, which closes its section. A section without
`done` was cut off.
A stream made from evidence (see `bundle_format`) holds `item` frames, the section's own word in `done`, and an
`image` frame when the evidence is that of an image. Only a bundle may be one: a host that answers has no word in how
its answer is judged.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from secops.core.errors import IncompleteError
from secops.core.i18n import _
from secops.core.inert import readable as readable
from secops.hosts.masking import without_hashes
from secops.hosts.section import Files, Section, Walk, is_text
from secops.hosts.walk import UNSTARTED

MAGIC = b"CITYWALL-EVIDENCE 1 "
_HEADER = re.compile(rb"CITYWALL-EVIDENCE 1 ([0-9a-f]{32}) (\d{1,10}|-) (base64|hex)\n")  # noise may stand before it
_TIMEOUT_CODES = frozenset({124, 137, 143})  # coreutils timeout, SIGKILL, busybox timeout (128 + SIGTERM)
CODE_DENIED, CODE_ABSENT = 65, 66  # a Command's own word, see section.Command


class Status(StrEnum):
    """How a section, a file or a table was seen. Only `ok` and `empty` are whole."""

    OK = "ok"
    EMPTY = "empty"
    ABSENT = "absent"
    DENIED = "denied"
    TIMEOUT = "timeout"
    TRUNCATED = "truncated"
    FAILED = "failed"


@dataclass(frozen=True)
class Problem:
    """Why something was not seen whole."""

    status: Status
    reason: str


@dataclass(frozen=True)
class Item:
    """One file (its path) or one command's output (path empty)."""

    path: str
    data: bytes = b""
    status: Status = Status.OK
    reason: str = ""

    @property
    def text(self) -> str:
        """The content for line parsers: bytes that are not UTF-8 become `\\xNN`, so nothing is lost silently."""
        return readable(self.data)

    @property
    def lines(self) -> list[str]:
        """The content's lines. Only a newline ends one: `str.splitlines` also breaks at characters a user can plant."""
        return self.text.removesuffix("\n").split("\n") if self.data else []


@dataclass(frozen=True)
class SectionEvidence:
    """What one section answered. `status` is the worst of its items'."""

    status: Status
    items: tuple[Item, ...] = ()
    reason: str = ""

    @property
    def files(self) -> tuple[Item, ...]:
        """The items whose content was read at least in part (a command may give some of what it was denied)."""
        return tuple(i for i in self.items if i.status in _READ or (i.status is Status.DENIED and i.data))

    @property
    def only(self) -> Item:
        """The single item of a section that has one; an empty item when there is none."""
        return self.files[0] if self.files else Item("")


_READ = frozenset({Status.OK, Status.EMPTY, Status.TRUNCATED, Status.TIMEOUT})
_WORST_FIRST = (Status.FAILED, Status.TIMEOUT, Status.TRUNCATED, Status.DENIED, Status.OK, Status.EMPTY, Status.ABSENT)
MISSING = SectionEvidence(Status.FAILED, reason="section missing from the evidence")
_IMAGES = "asked of images only"


@dataclass(frozen=True)
class Evidence:
    """Everything one host answered in one run. `label` says how the host was reached."""

    carrier: str
    label: str
    uid: int | None
    sections: Mapping[str, SectionEvidence] = field(default_factory=dict)

    def __getitem__(self, name: str) -> SectionEvidence:
        return self.sections.get(name, MISSING)

    def problem(self, section: Section) -> Problem | None:
        """Why this section is not whole; None when it is."""
        seen = self[section.name]
        if seen.status is Status.OK:
            return None
        if seen.status in (Status.EMPTY, Status.ABSENT) and not getattr(section, "required", True):
            return None
        return Problem(seen.status, seen.reason or f"{section.name}: {seen.status}")


def summarise(section: Section, items: Iterable[Item]) -> SectionEvidence:
    """Fold a section's items into its evidence: the worst status wins and says which path it came from."""
    kept = tuple(items)
    statuses = {item.status for item in kept}
    harmless = not statuses - {Status.OK, Status.EMPTY, Status.ABSENT}
    if harmless and Status.EMPTY in statuses and isinstance(section, Files) and section.required:
        statuses = {Status.EMPTY}  # a required file that is there but empty is a fault, not a fact
    status = next((s for s in _WORST_FIRST if s in statuses), Status.ABSENT)
    if status is Status.OK:
        return SectionEvidence(status, kept)
    cause = next((item for item in kept if item.status is status), None)
    reason = cause.reason if cause and cause.reason else str(status)
    named = cause.path if cause else section.patterns[0] if isinstance(section, Files) else ""
    where = f"{named}: " if named else ""
    return SectionEvidence(status, kept, f"{where}{reason}")


def decode(stream: bytes, manifest: Iterable[Section], *, carrier: str, label: str, cut: str = "") -> Evidence:
    """Read a stream back. `cut` says why it may end early (time-out, connection lost).

    Never raises for what a hostile or broken host sends: a frame that does not parse ends the reading, and every
    section not closed by then is `failed`. Raises `IncompleteError` only when there is no evidence at all.
    """
    header = _HEADER.search(stream)
    if header is None:
        raise IncompleteError(
            cut or _("the answer holds no evidence"),
            where=label,
            hint=_("The answer begins with: {detail}").format(detail=readable(stream[:200]).strip() or _("(nothing)")),
        )
    nonce, encoding = header.group(1), header.group(3)
    sections = {section.name: section for section in manifest}
    items: dict[str, list[Item]] = {}
    seen: dict[str, SectionEvidence] = {}
    ended = False
    made = carrier == "bundle"
    for name, status, payload in _frames(stream, header.end(), nonce, encoding):
        if name == "end":
            ended = status == "done"
        elif name == "image" and made:
            carrier = "root"
        elif name in sections and name not in seen:
            if status == "done":
                seen[name] = _closed(sections[name], items.pop(name, []), payload if made else b"")
            elif status == "item" and made:
                items.setdefault(name, []).append(_copied(sections[name], payload))
            else:
                items.setdefault(name, []).append(_item(sections[name], status, payload, nonce))
    why = cut or ("the evidence ends early" if not ended else MISSING.reason)
    for name, section in sections.items():
        if name not in seen:
            asked = section.live or carrier == "root"
            seen[name] = _unclosed(items.get(name, []), why) if asked else SectionEvidence(Status.ABSENT, (), _IMAGES)
    return Evidence(carrier, label, None if header.group(2) == b"-" else int(header.group(2)), seen)


def _unclosed(items: list[Item], why: str) -> SectionEvidence:
    """A section whose `done` never came."""
    waited = why.startswith("time-out") and not items
    return SectionEvidence(Status.TIMEOUT if waited else Status.FAILED, tuple(items), why)


def _closed(section: Section, items: list[Item], payload: bytes) -> SectionEvidence:
    """A section whose `done` came: what its items add up to, or its own word if it has one."""
    if not payload:
        return summarise(section, items)
    status, _, reason = payload.partition(b"\0")
    return SectionEvidence(_status(status), tuple(items), _ours(reason))


def _status(word: bytes) -> Status:
    try:
        return Status(word.decode("ascii"))
    except ValueError:
        return Status.FAILED


def _frames(stream: bytes, at: int, nonce: bytes, encoding: bytes) -> Iterable[tuple[str, str, bytes]]:
    """Frames as (section, status, content), until the end or the first one that does not parse."""
    pattern = re.compile(re.escape(nonce) + rb" ([a-z0-9_]{1,64}) ([a-z]{1,16}) (\d{1,10})\n")
    while frame := pattern.match(stream, at):
        length = int(frame.group(3))
        body = stream[frame.end() : frame.end() + length]
        at = frame.end() + length
        if len(body) != length or stream[at : at + 1] != b"\n":
            return
        at += 1
        try:
            text = body.translate(None, b"\n \r\t")
            content = base64.b64decode(text, validate=True) if encoding == b"base64" else bytes.fromhex(text.decode())
        except (binascii.Error, ValueError):
            return
        yield frame.group(1).decode(), frame.group(2).decode(), content


def _copied(section: Section, payload: bytes) -> Item:
    """The item of an `item` frame: `path NUL status NUL reason NUL content`."""
    path, word, reason, content = (*payload.split(b"\0", 3), b"", b"", b"")[:4]
    kept = without_hashes(content) if is_text(section) else content
    return Item(_ours(path), kept, _status(word), _ours(reason))


def _ours(text: bytes) -> str:
    """What was readable text before a bundle was made of it."""
    return text.decode("utf-8", "backslashreplace")


def _item(section: Section, status: str, payload: bytes, nonce: bytes) -> Item:
    """One frame's content as an item. The payload is `path NUL content SEPARATOR nonce:exit-code[:t]`."""
    path, _, rest = payload.partition(b"\0")
    name = readable(path)
    if status in ("absent", "denied"):
        return Item(name, status=Status(status), reason="no such file" if status == "absent" else "permission denied")
    if status == "special":
        return Item(name, status=Status.FAILED, reason="not a regular file")
    if status == "cut":
        return Item(name, status=Status.TRUNCATED, reason=readable(rest))
    if status == "note":
        return Item(name, status=Status.FAILED, reason=readable(rest) or "failed")
    if status == "unsealed":
        return Item(name, status=Status.DENIED, reason="cannot seal: openssl with CMS is not there")
    if status not in ("file", "output", "sealed"):
        return Item(name, status=Status.FAILED, reason="a frame of an unknown kind")
    content, mark, trailer = rest.rpartition(nonce + b":")
    code, _, flag = trailer.rstrip(b"\n").partition(b":")
    if not mark or not re.fullmatch(rb"\d{1,9}", code):
        return judge(section, name, rest[: section.limit], 0, cut=True)
    if status == "sealed" and code != b"0":
        return Item(name, status=Status.DENIED, reason=f"cannot seal: openssl ended with exit code {int(code[:9])}")
    return judge(section, name, content[:-1], int(code), cut=flag == b"t")


def judge(section: Section, path: str, content: bytes, code: int, *, cut: bool = False) -> Item:
    """The item for content that was read with exit code `code`; `cut` says that there was more."""
    cut = cut or len(content) > section.limit
    if is_text(section):
        content = without_hashes(content)
    if code in _TIMEOUT_CODES:
        return Item(path, content, Status.TIMEOUT, f"took longer than {section.timeout} s")
    if cut:
        return Item(path, content[: section.limit], Status.TRUNCATED, f"larger than {section.limit} bytes")
    if code == CODE_DENIED:
        return Item(path, content, Status.DENIED, "needs more privilege")
    if code in (CODE_ABSENT, 127) and not isinstance(section, Files):  # a file is there; its reader is not
        return Item(path, status=Status.ABSENT, reason="the tool for it is not installed")
    if isinstance(section, Walk) and code in UNSTARTED:
        return Item(path, content, Status.FAILED, UNSTARTED[code])
    if code:
        return Item(path, content, Status.FAILED, f"exit code {code}")
    return Item(path, content, Status.OK if content else Status.EMPTY, "" if content else "empty")
