#!/usr/bin/env python3
"""Verify an exported Citywall ledger with nothing but Python 3.9 or newer. Copy this one file; it reads, never writes.

    python3 verify.py export.jsonl --key BASE64 [--witness BASE64]... [--head FILE]... [--receipt FILE]...

--key      public key (Ed25519, 32 bytes in base64) that may sign heads; as often as there are such keys
--witness  public key of a witness, who must have signed a head in the export
--head     a head, or a witness's signature on one, that you were given earlier: the log must still begin with it
--receipt  a receipt that you were given: its entry must be in the log

Exit codes: 0 all is as it was promised; 1 forged, forked or rewound (what and where is printed); 2 wrong use.
An export is JSON lines: {"ledger":…} once, then {"entry":…} and {"head":…}, and {"cosignature":…} behind their heads.
Entries are leaves of the Merkle tree of RFC 6962; heads sign its root; signatures are those of RFC 8032.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
from typing import Any, BinaryIO

LONGEST_LINE = (1 << 20) + 100

# SM3 (GB/T 32905), for a Python whose OpenSSL has none.


def rotate(x: int, n: int) -> int:
    return (x << n % 32 | x >> (-n % 32)) & 0xFFFFFFFF


def sm3(data: bytes) -> bytes:
    state = [0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600, 0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E]
    padded = data + b"\x80" + bytes(-(len(data) + 9) % 64) + (len(data) * 8).to_bytes(8, "big")
    for start in range(0, len(padded), 64):
        w = [int.from_bytes(padded[at : at + 4], "big") for at in range(start, start + 64, 4)]
        for j in range(16, 68):
            x = w[j - 16] ^ w[j - 9] ^ rotate(w[j - 3], 15)
            w.append(x ^ rotate(x, 15) ^ rotate(x, 23) ^ rotate(w[j - 13], 7) ^ w[j - 6])
        a, b, c, d, e, f, g, h = state
        for j in range(64):
            ss = rotate((rotate(a, 12) + e + rotate(0x79CC4519 if j < 16 else 0x7A879D8A, j)) & 0xFFFFFFFF, 7)
            ff = a ^ b ^ c if j < 16 else a & b | a & c | b & c
            gg = e ^ f ^ g if j < 16 else e & f | ~e & g
            t = (gg + h + ss + w[j]) & 0xFFFFFFFF
            a, b, c, d = (ff + d + (ss ^ rotate(a, 12)) + (w[j] ^ w[j + 4])) & 0xFFFFFFFF, a, rotate(b, 9), c
            e, f, g, h = t ^ rotate(t, 9) ^ rotate(t, 17), e, rotate(f, 19), g
        state = [x ^ y for x, y in zip(state, (a, b, c, d, e, f, g, h))]  # noqa: B905 - Python 3.9 has no strict
    return b"".join(x.to_bytes(4, "big") for x in state)


def hash_of(algorithm: str, data: bytes) -> bytes:
    if algorithm == "sm3" and "sm3" not in hashlib.algorithms_available:
        return sm3(data)
    return hashlib.new(algorithm, data).digest()


# Ed25519 (RFC 8032, section 5.1), verification only; points are (X, Y, Z, T), extended coordinates.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
Point = tuple[int, int, int, int]


def add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def point(raw: bytes) -> Point:
    """The point that 32 bytes stand for. Raises ValueError when there is none."""
    y, odd = int.from_bytes(raw, "little") & (2**255 - 1), raw[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and odd):
        raise ValueError("no point of the curve")
    x = P - x if x & 1 != odd else x
    return x, y, 1, x * y % P


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed_by(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the 64 bytes are the key's signature: S·B − h·A must be the point R that they begin with."""
    key, s = point(public), int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    minus: Point = (P - key[0], key[1], 1, P - key[3])
    both, found = add(BASE, minus), (0, 1, 1, 0)
    for bit in range(252, -1, -1):
        found = add(found, found)
        choice = (s >> bit & 1) + 2 * (h >> bit & 1)
        if choice:
            found = add(found, (BASE, minus, both)[choice - 1])
    inverse = pow(found[2], P - 2, P)
    x, y = found[0] * inverse % P, found[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]


# The tree of RFC 6962.


class Tree:
    """Grows leaf by leaf; keeps the roots of the complete subtrees only, left to right."""

    def __init__(self, algorithm: str) -> None:
        ensure(algorithm in ("sha256", "sm3"), "a hash that this program does not know")
        self.algorithm, self.size = algorithm, 0
        self.peaks: list[bytes] = []

    def node(self, left: bytes, right: bytes) -> bytes:
        return hash_of(self.algorithm, b"\1" + left + right)

    def append(self, entry: bytes) -> None:
        node, size = hash_of(self.algorithm, b"\0" + entry), self.size
        while size & 1:
            node, size = self.node(self.peaks.pop(), node), size >> 1
        self.peaks.append(node)
        self.size += 1

    def root(self) -> str:
        node = self.peaks[-1] if self.peaks else hash_of(self.algorithm, b"")
        for peak in self.peaks[-2::-1]:
            node = self.node(peak, node)
        return f"{self.algorithm}:{node.hex()}"

    def climb(self, entry: bytes, index: int, size: int, proof: list[str]) -> bytes:
        """The root of `size` leaves, by a receipt's proof that this entry is number `index` of them."""
        ensure(0 <= index < size and (size == 1) == (not proof), "a proof of another place")
        if size == 1:
            return hash_of(self.algorithm, b"\0" + entry)
        other, half = bytes.fromhex(proof[-1]), 1 << ((size - 1).bit_length() - 1)
        if index < half:
            return self.node(self.climb(entry, index, half, proof[:-1]), other)
        return self.node(other, self.climb(entry, index - half, size - half, proof[:-1]))


# Documents: canonical JSON, of which every reader reads the same.

SIGNED: dict[str, type] = {"time": str, "key": str, "signature": str}
HEAD = {"origin": str, "size": int, "root": str, **SIGNED}
COSIGNATURE = {"head": dict, **SIGNED}
RECEIPT = {"entry": dict, "index": int, "proof": list, "head": dict, "format": str}


def ensure(fine: bool, otherwise: str) -> None:
    if not fine:
        raise ValueError(otherwise)


def canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def read(raw: bytes) -> Any:
    value = json.loads(raw.decode(), parse_float=str, parse_constant=str)
    ensure(isinstance(value, dict) and canonical(value) == raw, "not a canonical document")
    return value


def shaped(shape: dict[str, type], value: Any) -> Any:
    """The value, when it has these fields of these types."""
    ensure({name: type(part) for name, part in value.items()} == shape, "not the fields that belong there")
    if "head" in shape:
        shaped(HEAD, value["head"])
    return value


def is_signed(document: Any, context: bytes, keys: dict[str, bytes]) -> bool:
    """Whether a head or cosignature is signed by the key that it names, and that is one of ours."""
    body = {name: value for name, value in document.items() if name != "signature"}
    public = keys.get(document["key"])
    return public is not None and signed_by(public, context + canonical(body), base64.b64decode(document["signature"]))


# What is judged


class Log:
    """Goes through an export once. Raises ValueError at what is wrong; `where` says where that is."""

    def __init__(self, keys: dict[str, bytes], witnesses: dict[str, bytes], known: list[Any]) -> None:
        self.keys, self.witnesses, self.unseen = keys, witnesses, set(witnesses)
        self.tree, self.origin, self.where = Tree("sha256"), "", "line 1"
        self.last: Any = {"size": -1, "time": ""}  # the last head
        self.roots = {head["size"]: "" for head in known}

    def walk(self, file: BinaryIO) -> None:
        for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), 1):
            self.where = f"line {number}"
            ((kind, value),) = read(line[:-1]).items()
            ensure(
                line.endswith(b"\n") and (number == 1) == (kind == "ledger") and isinstance(value, dict), "no record"
            )
            if kind == "entry":
                self.tree.append(line[len('{"entry":') : -2])
            else:
                {"ledger": self.begin, "head": self.head, "cosignature": self.cosigned}[kind](value)
            if self.tree.size in self.roots:
                self.roots[self.tree.size] = self.tree.root()
        self.where = "the end"
        ensure(self.last["size"] == self.tree.size, "CUT: no head signs the last entries")
        ensure(not self.unseen, "a witness that you named has signed nothing")

    def begin(self, value: Any) -> None:
        ensure(value["format"] == "citywall-ledger/1", "a format that this program does not know")
        self.tree, self.origin = Tree(value["algorithm"]), value["origin"]

    def head(self, head: Any) -> None:
        fits = self.last["size"] < shaped(HEAD, head)["size"] == self.tree.size and self.last["time"] <= head["time"]
        ensure(fits, "FORGED: the head does not follow from the one before, or not from its entries")
        self.compare(head, self.tree.root(), "FORGED: the entries before are not those that were signed")
        self.last = head

    def cosigned(self, value: Any) -> None:
        if shaped(COSIGNATURE, value)["key"] in self.witnesses:
            fine = value["head"] == self.last and is_signed(value, b"citywall-cosign/1\n", self.witnesses)
            ensure(fine, "FORGED: not signed by this witness, or for another head")
            self.unseen.discard(value["key"])

    def compare(self, head: Any, root: str, otherwise: str) -> None:
        ensure(head["origin"] == self.origin, "of another ledger")
        ensure(is_signed(head, b"citywall-head/1\n", self.keys), "FORGED: not signed by a key given")
        ensure(head["root"] == root, otherwise)

    def given(self, value: Any) -> None:
        """Compare with a head, cosignature or receipt that was handed out before."""
        head = value.get("head", value)
        self.where = f"the head of {head['size']} entries that you have, signed at {head['time']}"
        rewound = head["size"] > self.last["size"]
        self.compare(
            head, self.roots[head["size"]], "REWOUND: not in this log" if rewound else "FORKED: others are here"
        )
        if "entry" in value:
            self.where = f"the receipt of entry {value['index']}"
            root = self.tree.climb(canonical(value["entry"]), value["index"], head["size"], value["proof"])
            ensure(f"{self.tree.algorithm}:{root.hex()}" == head["root"], "FORGED: its proof does not lead to its head")


def public_key(text: str) -> tuple[str, bytes]:
    raw = base64.b64decode(text, validate=True)
    ensure(len(raw) == 32 and point(raw)[2] == 1, "no public key")
    return "ed25519:" + hashlib.sha256(raw).hexdigest()[:32], raw


def document(path: str, *shapes: dict[str, type]) -> Any:
    with open(path, "rb") as file:
        value = read(file.read(2 * LONGEST_LINE).rstrip(b"\n"))
    return shaped(next((shape for shape in shapes if shape.keys() == value.keys()), shapes[0]), value)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", type=argparse.FileType("rb"))
    for option in ("--key", "--witness", "--head", "--receipt"):
        parser.add_argument(option, action="append", default=[], required=option == "--key")
    given = parser.parse_args(arguments)
    try:
        keys, witnesses = dict(map(public_key, given.key)), dict(map(public_key, given.witness))
        known = [document(path, HEAD, COSIGNATURE) for path in given.head]
        known += [document(path, RECEIPT) for path in given.receipt]
    except (OSError, ValueError, RecursionError) as error:
        parser.error(f"cannot be used: {error}")
    log = Log(keys, witnesses, [value.get("head", value) for value in known])
    try:
        log.walk(given.export)
        for value in known:
            log.given(value)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        sys.stdout.write(f"{log.where}: {error}\n")
        return 1
    sys.stdout.write(f"fine: {log.last['size']} entries, root {log.last['root']}, signed at {log.last['time']}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
