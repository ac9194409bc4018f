"""What a private key's file tells of its public part: as awk for live hosts and as Python for images, both alike.

Nothing private is given out. An OpenSSH key holds its public part in clear, also when it is locked with a passphrase.
An RSA, DSA or EC key in PEM or PKCS#8 holds it beside the private numbers; a locked one tells nothing.

Form: openssh, pem, pkcs8, putty, or ssh2 (Tectia). Locked: yes, no or `?`. Public part: `ssh:` and the key as it
travels, `rsa:`, `dsa:` or `ec:` and pieces of DER (see `ssh_key.from_der`), in hex; or `-`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import NamedTuple

#: Lines in which a key must begin: OpenSSL, and so ssh, passes over text before it.
HEAD_LINES = 32

#: Characters of base64 that are looked at: the public part of every key is in them.
TEXT = 16384

_MAGIC = b"openssh-key-v1\0"
_RSA, _EC = bytes.fromhex("06092a864886f70d010101"), bytes.fromhex("06072a8648ce3d0201")  # as PKCS#8 names them
_INTEGER, _OCTETS, _NAME, _SEQUENCE, _CURVE, _POINT = 2, 4, 6, 48, 160, 161

# `s` is the text, `N` the bytes that it stands for. `str`, `tlv` and `within` give where a value ends, or -1; `S` and
# `D` are where its content begins, `T` is its tag. What is given out lies between ends that were checked.
PRIVATE_KEY_AWK = r"""
function v(p) { return index(B64, substr(s, p, 1)) - 1 }
function b(i,  g) {
  g = 4 * int(i / 3) + 1; i %= 3
  if (i == 0) return v(g) * 4 + int(v(g + 1) / 16)
  if (i == 1) return v(g + 1) % 16 * 16 + int(v(g + 2) / 4)
  return v(g + 2) % 4 * 64 + v(g + 3)
}
function hex(i, e,  x) { for (x = ""; i < e; i++) x = x sprintf("%02x", b(i)); return x }
function str(o,  n) {
  if (o < 0 || o + 4 > N) return -1
  n = ((b(o) * 256 + b(o + 1)) * 256 + b(o + 2)) * 256 + b(o + 3)
  S = o + 4
  return S + n > N ? -1 : S + n
}
function tlv(o,  n, k) {
  if (o < 0 || o + 2 > N) return -1
  T = b(o); n = b(o + 1); D = o + 2
  if (n < 128) return D + n
  k = n - 128
  if (k < 1 || k > 3 || D + k > N) return -1
  for (n = 0; k > 0; k--) n = n * 256 + b(D++)
  return D + n
}
function within(o, tag,  e) { e = tlv(o); return e < 0 || e > N || T != tag ? -1 : e }
function openssh(  o) {
  if (hex(0, N < 15 ? N : 15) != "6f70656e7373682d6b65792d763100" || (o = str(15)) < 0) return ""
  locked = hex(S, o) == "6e6f6e65" ? "no" : "yes"
  o = str(str(o))
  if (o < 0 || o + 4 > N || hex(o, o + 4) != "00000001" || (o = str(o + 4)) < 0) return ""
  return "ssh:" hex(S, o)
}
function numbers(name, o, n,  from) {
  if (tlv(o) < 0 || T != 48) return ""
  from = o = within(D, 2)
  while (o >= 0 && n-- > 0) o = within(o, 2)
  return o < 0 ? "" : name ":" hex(from, o)
}
function curve(o, oid,  e) {
  if (tlv(o) < 0 || T != 48) return ""
  o = within(within(D, 2), 4)
  if ((e = within(o, 160)) >= 0) { oid = hex(D, e); o = e }
  e = within(o, 161)
  return e < 0 || oid == "" ? "" : "ec:" oid hex(D, e)
}
function pkcs8(  e, at, oid, rest) {
  if (tlv(0) < 0 || T != 48 || (e = within(within(D, 2), 48)) < 0) return ""
  if ((at = within(D, 6)) < 0) return ""
  oid = hex(D - 2, at); rest = hex(at, e)
  if (within(e, 4) < 0) return ""
  if (oid == "06092a864886f70d010101") return numbers("rsa", D, 2)
  return oid == "06072a8648ce3d0201" ? curve(D, rest) : ""
}
function keep(line) { gsub("[^A-Za-z0-9+/]", "", line); s = substr(s line, 1, @TEXT@); N = int(length(s) * 3 / 4) }
function pem(f,  line) {
  while (length(s) < @TEXT@ && (getline line < f) > 0 && line !~ /^-----END/)
    if (line ~ /^Proc-Type:.*ENCRYPTED/) locked = "yes"
    else if (line !~ /:/) keep(line)
}
function putty(f,  line, n) {
  for (n = -1; n && length(s) < @TEXT@ && (getline line < f) > 0; )
    if (n > 0) { keep(line); n-- }
    else if (line ~ /^Encryption: /) locked = line ~ /: none\r?$/ ? "no" : "yes"
    else if (line ~ /^Public-Lines: [0-9]+\r?$/) n = substr(line, 15) + 0
  return N ? "ssh:" hex(0, N) : ""
}
function kind(f,  line, n) { # what the file begins as; `got` is -1 when it cannot be read
  for (n = 0; n < @HEAD@ && (got = (getline line < f)) > 0; n++) {
    if (length(line) > 99) continue
    if (line ~ /^PuTTY-User-Key-File-[0-9]+: /) return "putty"
    if (line ~ /^---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----[ \t\r]*$/) return "ssh2"
    if (line ~ /^-----BEGIN ((OPENSSH|RSA|EC|DSA|ENCRYPTED) )?PRIVATE KEY-----[ \t\r]*$/) {
      sub(/ ?PRIVATE KEY.*/, "", line)
      return substr(line, 12)
    }
  }
  return "none"
}
function told(f,  k, x, form) { # form, locked, public part; empty of what is no key
  s = x = ""; N = 0; locked = "?"; form = k = kind(f)
  if (k == "none") return ""
  if (k == "putty") x = putty(f)
  else if (k != "ssh2") {
    locked = k == "ENCRYPTED" ? "yes" : k == "OPENSSH" ? "?" : "no"
    form = k == "OPENSSH" ? "openssh" : k == "" || k == "ENCRYPTED" ? "pkcs8" : "pem"
    pem(f)
    if (k == "OPENSSH") x = openssh()
    else if (locked == "no") x = k == "" ? pkcs8() : k == "EC" ? curve(0) : numbers(tolower(k), 0, k == "RSA" ? 2 : 4)
  }
  return form " " locked " " (x == "" ? "-" : x)
}
""".replace("@TEXT@", str(TEXT)).replace("@HEAD@", str(HEAD_LINES))


class Told(NamedTuple):
    """The three words of a key."""

    form: str
    locked: str
    public: str


_PEM = re.compile(rb"-----BEGIN (?:(OPENSSH|RSA|EC|DSA|ENCRYPTED) )?PRIVATE KEY-----[ \t\r]*")
_SSH2 = re.compile(rb"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----[ \t\r]*")
_PUTTY = re.compile(rb"PuTTY-User-Key-File-[0-9]+: ")
_PUBLIC_LINES = re.compile(rb"Public-Lines: ([0-9]+)\r?")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


def told(content: bytes) -> Told | None:
    """What the content of a file tells; None of what is no private key."""
    lines = content.removesuffix(b"\n").split(b"\n")
    for number, line in enumerate(lines[:HEAD_LINES], start=1):
        if len(line) > 99:
            continue
        if _PUTTY.match(line):
            return _putty(lines[number:])
        if _SSH2.fullmatch(line):
            return Told("ssh2", "?", "-")
        if begin := _PEM.fullmatch(line):
            return _pem((begin[1] or b"").decode(), lines[number:])
    return None


def _putty(lines: Sequence[bytes]) -> Told:
    locked = "?"
    for number, line in enumerate(lines, start=1):
        if line.startswith(b"Encryption: "):
            locked = "no" if line.removesuffix(b"\r").endswith(b": none") else "yes"
        elif count := _PUBLIC_LINES.fullmatch(line):
            data = _decoded(lines[number : number + int(count[1][:9])])
            return Told("putty", locked, f"ssh:{data.hex()}" if data else "-")
    return Told("putty", locked, "-")


def _pem(kind: str, lines: Sequence[bytes]) -> Told:
    body, locked, size = [], "yes" if kind == "ENCRYPTED" else "no", 0
    for line in lines:
        if size >= TEXT or line.startswith(b"-----END"):
            break
        if line.startswith(b"Proc-Type:") and b"ENCRYPTED" in line:
            locked = "yes"
        elif b":" not in line:
            body.append(_NOT_BASE64.sub(b"", line))
            size += len(body[-1])
    data = _decoded(body)
    if kind == "OPENSSH":
        return Told("openssh", *_openssh(data))
    public = ""
    if locked == "no":
        public = _pkcs8(data) if not kind else _curve(data) if kind == "EC" else _numbers(kind.lower(), data)
    return Told("pem" if kind not in ("", "ENCRYPTED") else "pkcs8", locked, public or "-")


def _decoded(lines: Sequence[bytes]) -> bytes:
    """Base64 as awk reads it above: whatever is none is passed over, and what is too much is not looked at."""
    text = _NOT_BASE64.sub(b"", b"".join(lines))[:TEXT]
    text = text[: len(text) - (len(text) % 4 == 1)]
    return base64.b64decode(text + b"=" * (-len(text) % 4))


def _openssh(data: bytes) -> tuple[str, str]:
    """(locked, public part)."""
    cipher, at = _string(data, len(_MAGIC))
    if not data.startswith(_MAGIC) or at < 0:
        return "?", "-"
    locked = "no" if cipher == b"none" else "yes"
    _, at = _string(data, at)
    _, at = _string(data, at)
    if at < 0 or data[at : at + 4] != b"\0\0\0\1":
        return locked, "-"
    public, at = _string(data, at + 4)
    return locked, f"ssh:{public.hex()}" if at >= 0 else "-"


def _string(data: bytes, at: int) -> tuple[bytes, int]:
    """(string, where it ends, or -1)."""
    end = at + 4 + int.from_bytes(data[at : at + 4], "big")
    return (data[at + 4 : end], end) if 0 <= at <= len(data) - 4 and end <= len(data) else (b"", -1)


class _Value(NamedTuple):
    """A value of DER: where its content begins and ends. `tag` is -1 when there is none."""

    tag: int
    start: int
    end: int


def _value(data: bytes, at: int) -> _Value:
    """What stands at `at`; it may end behind the data."""
    if not 0 <= at <= len(data) - 2:
        return _Value(-1, -1, -1)
    size, start = data[at + 1], at + 2
    if size >= 0x80:
        width = size - 0x80
        if not 1 <= width <= 3 or start + width > len(data):
            return _Value(-1, -1, -1)
        size, start = int.from_bytes(data[start : start + width], "big"), start + width
    return _Value(data[at], start, start + size)


def _within(data: bytes, at: int, tag: int) -> _Value:
    """What stands at `at`, when it has the tag and ends within the data."""
    found = _value(data, at)
    return found if found.tag == tag and found.end <= len(data) else _Value(-1, -1, -1)


def _numbers(name: str, data: bytes, at: int = 0) -> str:
    """The public integers of an RSA or DSA key: those after its version."""
    outer = _value(data, at)
    start = end = _within(data, outer.start, _INTEGER).end if outer.tag == _SEQUENCE else -1
    for _ in range(2 if name == "rsa" else 4):
        end = _within(data, end, _INTEGER).end
    return f"{name}:{data[start:end].hex()}" if end >= 0 else ""


def _curve(data: bytes, at: int = 0, oid: bytes = b"") -> str:
    """The curve and the point of an EC key, which stand after its private number."""
    outer = _value(data, at)
    number = _within(data, outer.start, _INTEGER) if outer.tag == _SEQUENCE else outer
    end = _within(data, number.end, _OCTETS).end if outer.tag == _SEQUENCE else -1
    named = _within(data, end, _CURVE)
    if named.tag == _CURVE:
        oid, end = data[named.start : named.end], named.end
    point = _within(data, end, _POINT)
    return f"ec:{oid.hex()}{data[point.start : point.end].hex()}" if oid and point.tag == _POINT else ""


def _pkcs8(data: bytes) -> str:
    outer = _value(data, 0)
    version = _within(data, outer.start, _INTEGER) if outer.tag == _SEQUENCE else outer
    algorithm = _within(data, version.end, _SEQUENCE)
    name = _within(data, algorithm.start, _NAME)
    inner = _within(data, algorithm.end, _OCTETS)
    if -1 in (version.tag, algorithm.tag, name.tag, inner.tag):
        return ""
    oid = data[name.start - 2 : name.end]
    if oid == _RSA:
        return _numbers("rsa", data, inner.start)
    return _curve(data, inner.start, data[name.end : algorithm.end]) if oid == _EC else ""
