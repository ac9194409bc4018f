"""cloud-init: the passwords in user data, vendor data, seeds and `cloud.cfg`."""

from __future__ import annotations

import email
import re
import zlib
from collections.abc import Iterator

from secops.core.yaml import MAX_BYTES, Leaf, leaves
from secops.hosts.credentials.kind import Credential, Kind, UnreadableError
from secops.hosts.credentials.text import credential, decode, is_hash, literal

_SERVICE = "cloudinit"

#: What cloud-init takes for a hash in `password` and `chpasswd` (cc_set_passwords), and yescrypt, which useradd knows.
_HASH = re.compile(r"\$(?:1|2[ay]|5|6|y)\$.+")
_RANDOM = frozenset({"R", "RANDOM"})
_DEEPEST = 4  # multipart messages within messages


def read(path: str, content: bytes) -> Iterator[Credential]:
    """Scripts and other kinds of user data hold no settings of users."""
    for text in _configurations(content, 0):
        try:
            found = list(leaves(text))
        except ValueError as error:
            raise UnreadableError(str(error)) from None
        yield from _of_leaves(path, found)


def _configurations(content: bytes, depth: int) -> Iterator[str]:
    """The cloud-config documents of user data, which may be packed (gzip) and of several parts (MIME)."""
    if content.startswith(b"\x1f\x8b") and not depth:
        try:
            content = zlib.decompressobj(wbits=31).decompress(content, MAX_BYTES)
        except zlib.error:
            raise UnreadableError("is no whole gzip file") from None
    text = decode(content)
    first = text.lstrip().partition("\n")[0].lower()
    if first.startswith(("content-type:", "mime-version:", "from ")):
        if depth == _DEEPEST:
            raise UnreadableError("holds messages within messages too deeply")
        for part in email.message_from_bytes(content.lstrip()).walk():
            kind, payload = part.get_content_type(), part.get_payload(decode=True)
            if kind in ("text/cloud-config", "text/plain", "text/jinja2") and isinstance(payload, bytes):
                yield from _configurations(payload, depth + 1)
    elif not first.startswith(("#!", "#include", "#cloud-boothook", "#upstart-job", "#part-handler")):
        yield text


def _of_leaves(path: str, found: list[Leaf]) -> Iterator[Credential]:
    texts = {leaf.path: leaf.text for leaf in found}
    default = texts.get(("user",)) or texts.get(("system_info", "default_user", "name")) or "default"
    for leaf in found:
        match leaf.path:
            case ("password",):
                yield from _password(path, leaf, default, leaf.text)
            case ("chpasswd", "list"):
                for line in leaf.text.split("\n"):
                    yield from _pair(path, leaf, line)
            case ("chpasswd", "list", _):
                yield from _pair(path, leaf, leaf.text)
            case ("chpasswd", "users", place, "password"):
                yield from _password(path, leaf, texts.get(("chpasswd", "users", place, "name"), ""), leaf.text)
            case ("users" | "system_info", place, "plain_text_passwd" | "passwd" | "hashed_passwd" as name):
                account = texts.get((leaf.path[0], place, "name")) or ("" if place.isdigit() else place)
                plain = name == "plain_text_passwd"
                yield from _password(path, leaf, account, leaf.text, plain=plain)


def _pair(path: str, leaf: Leaf, text: str) -> Iterator[Credential]:
    user, colon, value = text.strip().partition(":")
    if colon:
        yield from _password(path, leaf, user, value)


def _password(path: str, leaf: Leaf, account: str, text: str, *, plain: bool = False) -> Iterator[Credential]:
    """A locked account (`!`, `*`) and one that gets a random password hold none."""
    if text in _RANDOM or text.startswith(("!", "*")) or literal(text) is None:
        return
    hashed = not plain and (_HASH.fullmatch(text) or is_hash(text))
    yield credential(_SERVICE, path, leaf.line, account, text, "hash" if hashed else "plain")


KIND = Kind(
    _SERVICE,
    (
        "/var/lib/cloud/instance/user-data.txt",
        "/var/lib/cloud/instance/vendor-data.txt",
        "/var/lib/cloud/instance/cloud-config.txt",
        "/var/lib/cloud/seed/*/user-data",
        "/var/lib/cloud/seed/*/vendor-data",
        "/etc/cloud/cloud.cfg",
        "/etc/cloud/cloud.cfg.d/*",
    ),
    read,
)
