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

import argparse
import base64
import hashlib
import json
import sys
from typing import Any, BinaryIO

LONGEST_LINE = (1 << 20) + 100
canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def ensure(fine: bool, otherwise: str) -> None:
    if not fine:
        raise ValueError(otherwise)


def rotate(x: int, n: int) -> int:
    return (x << n % 32 | x >> (-n % 32)) & 0xFFFFFFFF


def sm3(data: bytes) -> bytes:
    """The hash of GB/T 32905, for a Python whose OpenSSL has none."""
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
            ff, gg = (a ^ b ^ c, e ^ f ^ g) if j < 16 else (a & b | a & c | b & c, e & f | ~e & g)
            t = (gg + h + ss + w[j]) & 0xFFFFFFFF
            a, b, c, d = (ff + d + (ss ^ rotate(a, 12)) + (w[j] ^ w[j + 4])) & 0xFFFFFFFF, a, rotate(b, 9), c
            e, f, g, h = t ^ rotate(t, 9) ^ rotate(t, 17), e, rotate(f, 19), g
        state = [x ^ y for x, y in zip(state, (a, b, c, d, e, f, g, h))]  # noqa: B905 - Python 3.9 has no strict
    return b"".join(x.to_bytes(4, "big") for x in state)


# Ed25519 (RFC 8032, section 5.1), verification only; points are (X, Y, Z, T), extended coordinates.
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
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
    ensure(y < P and (x * x - square) % P == 0 and not (x == 0 and odd), "no point of the curve")
    x = P - x if x & 1 != odd else x
    return x, y, 1, x * y % P


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed_by(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the 64 bytes are the key's signature: S·B − h·A must be the point R that they begin with."""
    key, s = point(public), int.from_bytes(signature[32:], "little")
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    found, minus = (0, 1, 1, 0), (P - key[0], key[1], 1, P - key[3])
    steps = found, BASE, minus, add(BASE, minus)
    for bit in range(252, -1, -1):
        found = add(add(found, found), steps[(s >> bit & 1) + 2 * (h >> bit & 1)])
    x, y = (part * pow(found[2], -1, P) % P for part in found[:2])
    return len(signature) == 64 and s < L and (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]


class Tree:
    """The tree of RFC 6962. Grows leaf by leaf; keeps the roots of the complete subtrees only, left to right."""

    def __init__(self, algorithm: str) -> None:
        self.algorithm, self.size, self.peaks = algorithm, 0, list[bytes]()

    def hash(self, *parts: bytes) -> bytes:
        data, known = b"".join(parts), self.algorithm in hashlib.algorithms_available
        return hashlib.new(self.algorithm, data).digest() if known else sm3(data)

    def append(self, entry: bytes) -> None:
        node, size = self.hash(b"\0", entry), self.size
        while size & 1:
            node, size = self.hash(b"\1", self.peaks.pop(), node), size >> 1
        self.peaks.append(node)
        self.size += 1

    def root(self) -> str:
        node = self.peaks[-1] if self.peaks else self.hash()
        for peak in self.peaks[-2::-1]:
            node = self.hash(b"\1", peak, node)
        return f"{self.algorithm}:{node.hex()}"

    def climb(self, entry: bytes, index: int, size: int, proof: list[str]) -> bytes:
        """The root of `size` leaves, by a receipt's proof that this entry is number `index` of them."""
        ensure(0 <= index < size and (size == 1) == (not proof), "a proof of another place")
        if size == 1:
            return self.hash(b"\0", entry)
        half, other = 1 << (size - 1).bit_length() - 1, bytes.fromhex(proof[-1])
        inner = self.climb(entry, index % half, half if index < half else size - half, proof[:-1])
        return self.hash(b"\1", inner, other) if index < half else self.hash(b"\1", other, inner)


# Documents: canonical JSON, of which every reader reads the same.
HEAD = {"origin": str, "size": int, "root": str, "time": str, "key": str, "signature": str}
COSIGNATURE = {"head": dict, "time": str, "key": str, "signature": str}
RECEIPT = {"entry": dict, "index": int, "proof": list, "head": dict, "format": str}


def read(raw: bytes) -> Any:
    value = json.loads(raw.decode(), parse_float=str, parse_constant=str)
    ensure(isinstance(value, dict) and canonical(value).encode() == raw, "not a canonical document")
    return value


def shaped(value: Any, *shapes: object) -> Any:
    """The value, when it has the fields of one of the shapes, of these types."""
    ensure({name: type(part) for name, part in value.items()} in shapes, "not the fields that belong there")
    if "head" in value:
        shaped(value["head"], HEAD)
    return value


class Log:
    """Goes through an export once. Raises ValueError at what is wrong; `where` says where that is."""

    def __init__(self, keys: dict[str, bytes], witnesses: dict[str, bytes], known: list[Any]) -> None:
        self.keys, self.witnesses, self.unseen = keys, witnesses, set(witnesses)
        self.revoked, self.gone = set[str](), set[str]()  # keys, by an entry; by one before the last head
        self.tree, self.origin, self.where = Tree("sha256"), "", "line 1"
        self.last: Any = {"size": -1, "time": ""}  # the last head
        self.roots = {head["size"]: "" for head in known}

    def walk(self, file: BinaryIO) -> None:
        for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), 1):
            self.where = f"line {number}"
            ((kind, value),) = read(line[:-1]).items()
            ensure(line[-1:] == b"\n" and isinstance(value, dict) and (number == 1) == (kind == "ledger"), "no record")
            if kind == "entry":
                self.tree.append(line[len('{"entry":') : -2])
                self.revoked |= {party["key_id"] for party in value.get("changed", ()) if party["revoked"]}
            else:
                {"ledger": self.begin, "head": self.head, "cosignature": self.cosigned}[kind](value)
            if self.tree.size in self.roots:
                self.roots[self.tree.size] = self.tree.root()
        self.where = "the end"
        ensure(self.last["size"] == self.tree.size, "CUT: no head signs the last entries")
        ensure(not self.unseen, "a witness that you named has signed nothing")

    def begin(self, value: Any) -> None:
        ensure(value["format"] == "citywall-ledger/1" and value["algorithm"] in ("sha256", "sm3"), "no format known")
        self.tree, self.origin = Tree(value["algorithm"]), value["origin"]

    def head(self, head: Any) -> None:
        fits = self.last["size"] < shaped(head, HEAD)["size"] == self.tree.size and self.last["time"] <= head["time"]
        ensure(fits, "FORGED: the head does not follow from the one before, or not from its entries")
        self.compare(head, self.tree.root(), "FORGED: the entries before are not those that were signed")
        ensure(head["key"] not in self.gone, "REVOKED: signed by a key that an entry before the last head revokes")
        self.last, self.gone = head, set(self.revoked)

    def cosigned(self, value: Any) -> None:
        if shaped(value, COSIGNATURE)["key"] in self.witnesses:
            fine = value["head"] == self.last and self.signed(value, b"citywall-cosign/1\n", self.witnesses)
            ensure(fine, "FORGED: not signed by this witness, or for another head")
            self.unseen.discard(value["key"])

    def signed(self, document: Any, context: bytes, keys: dict[str, bytes]) -> bool:
        """Whether a head or cosignature is signed by the key that it names, and that is one of ours."""
        body = {name: value for name, value in document.items() if name != "signature"}
        raw, public = base64.b64decode(document["signature"]), keys.get(document["key"])
        ensure(base64.b64encode(raw).decode() == document["signature"], "FORGED: a signature written otherwise")
        return public is not None and signed_by(public, context + canonical(body).encode(), raw)

    def compare(self, head: Any, root: str, otherwise: str) -> None:
        ensure(head["origin"] == self.origin, "of another ledger")
        ensure(self.signed(head, b"citywall-head/1\n", self.keys), "FORGED: not signed by a key given")
        ensure(head["root"] == root, otherwise)

    def given(self, value: Any) -> None:
        """Compare with a head, cosignature or receipt that was handed out before."""
        head = value.get("head", value)
        self.where = f"the head of {head['size']} entries that you have, signed at {head['time']}"
        otherwise = "REWOUND: not in this log" if head["size"] > self.last["size"] else "FORKED: others are here"
        self.compare(head, self.roots[head["size"]], otherwise)
        if "entry" in value:
            self.where = f"the receipt of entry {value['index']}"
            root = self.tree.climb(canonical(value["entry"]).encode(), value["index"], head["size"], value["proof"])
            ensure(f"{self.tree.algorithm}:{root.hex()}" == head["root"], "FORGED: its proof does not lead to its head")


def public_key(text: str) -> tuple[str, bytes]:
    raw = base64.b64decode(text, validate=True)
    ensure(len(raw) == 32 and point(raw)[2] == 1, "no public key")
    return "ed25519:" + hashlib.sha256(raw).hexdigest()[:32], raw


def document(path: str, *shapes: object) -> Any:
    with open(path, "rb") as file:
        return shaped(read(file.read(2 * LONGEST_LINE).rstrip(b"\n")), *shapes)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", type=argparse.FileType("rb"))
    for option in ("--key", "--witness", "--head", "--receipt"):
        parser.add_argument(option, action="append", default=[], required=option == "--key")
    given = parser.parse_args(arguments)
    try:
        keys, witnesses = dict(map(public_key, given.key)), dict(map(public_key, given.witness))
        known = [document(p, HEAD, COSIGNATURE) for p in given.head] + [document(p, RECEIPT) for p in given.receipt]
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
    last, alone = log.last, "" if known else "; that it was not rewound, only --head or --receipt can show"
    sys.stdout.write(f"fine: {last['size']} entries, root {last['root']}, signed at {last['time']}{alone}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
