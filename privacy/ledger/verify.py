"""Judge a log, in its folder or exported, by what was handed out before: earlier heads, and receipts.

Within itself a log can be shown to be altered. That it was rewound, or shown to others otherwise (forked), can be shown
only by whoever kept a head or a receipt: no signature made today tells of yesterday's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from privacy import canonical
from privacy.ledger.files import reading
from privacy.ledger.head import About, Cosignature, Head, Keys, Receipt, verify_receipt, verify_signature
from privacy.ledger.log import LARGEST_ENTRY, Ledger
from privacy.ledger.tree import Frontier, Hashing, Tree
from secops.core.errors import CitywallError
from secops.core.i18n import _

#: What an export's lines begin with, and their value's kind.
_PREFIXES = {b'{"%s":' % kind.encode(): kind for kind in ("entry", "head", "cosignature", "ledger")}

#: Entries that are hashed at a time when stored nodes are compared.
_CHUNK = 4096


class Fault(msgspec.Struct, frozen=True):
    """Something that is not as it was promised. Codes: format, origin, root, order, clock, signature, revoked,
    truncated, nodes, cosignature (the log within itself); forked, rewound, receipt, known (against what was handed out
    before)."""

    code: str
    what: str


class Examined(msgspec.Struct):
    """What a log was found to be: nothing in it counts when there are faults."""

    head: Head | None = None
    heads: int = 0
    cosigned: dict[str, int] = {}  # key of a witness asked for → entries of the last head that it signed
    unknown_witnesses: int = 0  # signatures of others, which were not checked
    faults: list[Fault] = []


def verify(source: Path, known: Sequence[Head], receipts: Sequence[Receipt], keys: Keys) -> list[Fault]:
    """The faults of a log in a folder or an export; see `examine`."""
    return examine(source, known, receipts, keys).faults


def examine(
    source: Path, known: Sequence[Head], receipts: Sequence[Receipt], keys: Keys, witnesses: Keys | None = None
) -> Examined:
    """Read a whole log and compare. Of each kind of fault the first is told. Memory does not grow with the log.

    `keys` may sign heads, `witnesses` cosignatures. Raises `UsageError`, `CitywallError` when it cannot be read at all.
    """
    handed_out = [*known, *(receipt.head for receipt in receipts)]
    examination = _Examination(keys, witnesses or {}, {head.size for head in handed_out})
    if source.is_dir():
        ledger = Ledger.open(source)
        examination.read(ledger.records())
        _compare_nodes(ledger, examination)
    else:
        examination.read(_exported(source))
    examination.end()
    for head in handed_out:
        if verify_signature(head, keys):
            examination.compare(head)
    for fault in compare(known, receipts, keys):
        examination.note(fault.code, fault.what)
    return examination.found


def compare(known: Sequence[Head], receipts: Sequence[Receipt], keys: Keys) -> Iterator[Fault]:
    """The faults of what was handed out, without a log: signatures, proofs, and heads that contradict each other."""
    entries: dict[tuple[str, int], dict[str, Any]] = {}
    for receipt in receipts:
        if not verify_receipt(receipt, keys):
            yield Fault("receipt", _("the receipt of entry {index} proves nothing").format(index=receipt.index))
        elif entries.setdefault((receipt.head.origin, receipt.index), receipt.entry) != receipt.entry:
            what = _(
                "two receipts of entry {index} contradict each other: whoever keeps the ledger has signed two logs"
            )
            yield Fault("forked", what.format(index=receipt.index))
    roots: dict[tuple[str, int], str] = {}
    for head in [*known, *(receipt.head for receipt in receipts)]:
        if not verify_signature(head, keys):
            what = _("the head of {size} entries given is not signed by a key given")
            yield Fault("known", what.format(size=head.size))
        elif roots.setdefault((head.origin, head.size), head.root) != head.root:
            what = _("two heads of {size} entries contradict each other: whoever keeps the ledger has signed two logs")
            yield Fault("forked", what.format(size=head.size))


class _Examination:
    """Goes through a log once, record by record."""

    def __init__(self, keys: Keys, witnesses: Keys, wanted: set[int]) -> None:
        self.found = Examined(faults=[])
        self._keys, self._witnesses, self._wanted = keys, witnesses, wanted
        self._origin, self._algorithm = "", "sha256"
        self._frontier = Frontier(Hashing(self._algorithm))
        self._roots: dict[int, str] = {}
        self._revoked, self._gone = set[str](), frozenset[str]()  # keys, in an entry; and before the last head

    def note(self, code: str, what: str) -> None:
        """Keep a fault, when it is the first of its kind."""
        if all(fault.code != code for fault in self.found.faults):
            self.found.faults.append(Fault(code, what))

    def read(self, records: Iterator[tuple[str, bytes]]) -> None:
        """Take in records, up to the first that is not one."""
        steps = {"ledger": self._begin, "entry": self._entry, "head": self._head, "cosignature": self._cosignature}
        read = 0
        try:
            for kind, raw in records:
                if (read == 0) != (kind == "ledger"):
                    raise ValueError
                steps[kind](raw)
                read += 1
        except (ValueError, CitywallError):
            self.note("format", _("record {number} is not one of a ledger's").format(number=read + 1))

    def end(self) -> None:
        """Nothing follows: every entry must have been signed."""
        signed = self.found.head.size if self.found.head else None
        if signed != self._frontier.size:
            self.note("truncated", _("entries at the end that no head signs, or no head at all"))

    def compare(self, known: Head) -> None:
        """Hold the log against a head that was handed out before, and is signed."""
        last, size = self.found.head, known.size
        if known.origin != self._origin:
            self.note("origin", _("the head of {size} entries given is of another ledger").format(size=size))
        elif last is None or size > last.size:
            what = _("{size} entries were signed at {time}; they are not here").format(size=size, time=known.time)
            self.note("rewound", what)
        elif self._roots.get(size) != known.root:
            what = _("the first {size} entries are not those signed at {time}").format(size=size, time=known.time)
            self.note("forked", what)

    def _begin(self, raw: bytes) -> None:
        about = About.read(raw)
        self._origin, self._algorithm = about.origin, about.algorithm
        self._frontier = Frontier(Hashing(self._algorithm))
        self._note_root()

    def _entry(self, raw: bytes) -> None:
        entry = canonical.decode(raw)
        if not isinstance(entry, dict):
            raise ValueError
        self._frontier.add(raw)
        self._revoked.update(_revoked_in(entry))
        self._note_root()

    def _note_root(self) -> None:
        if self._frontier.size in self._wanted:
            self._roots[self._frontier.size] = self._root()

    def _root(self) -> str:
        return f"{self._algorithm}:{self._frontier.root().hex()}"

    def _head(self, raw: bytes) -> None:
        head, last, size = Head.read(raw), self.found.head, self._frontier.size
        if head.origin != self._origin:
            self.note("origin", _("the head of {size} entries is of another ledger").format(size=head.size))
        if head.size != size or (last and head.size <= last.size):
            self.note("order", _("a head of {size} entries follows entry {count}").format(size=head.size, count=size))
        elif head.root != self._root():
            self.note("root", _("the first {size} entries are not those that were signed").format(size=size))
        if last and head.time < last.time:
            self.note("clock", _("the head of {size} entries is older than the one before").format(size=head.size))
        if not verify_signature(head, self._keys):
            self.note("signature", _("the head of {size} entries is not signed by a key given").format(size=head.size))
        if head.key in self._gone:  # it may sign the one head by which its own revocation comes into the log
            what = _("the head of {size} entries is signed by a key that was revoked before")
            self.note("revoked", what.format(size=head.size))
        self._gone = frozenset(self._revoked)
        self.found.head = head
        self.found.heads += 1

    def _cosignature(self, raw: bytes) -> None:
        cosignature = Cosignature.read(raw)
        if cosignature.key not in self._witnesses:
            self.found.unknown_witnesses += 1
        elif cosignature.head == self.found.head and verify_signature(cosignature, self._witnesses):
            self.found.cosigned[cosignature.key] = cosignature.head.size
        else:
            what = _("a witness did not sign the head of {size} entries").format(size=cosignature.head.size)
            self.note("cosignature", what)


def _revoked_in(entry: dict[str, Any]) -> Iterator[str]:
    """The keys that a version of the roster revokes: `changed` parties. Raises `ValueError` when it cannot be read."""
    for party in msgspec.convert(entry.get("changed", []), list[dict[str, Any]]):
        if party.get("revoked"):
            yield msgspec.convert(party.get("key_id"), str)


def _exported(path: Path) -> Iterator[tuple[str, bytes]]:
    """The records of an export. Raises `ValueError` at the first line that is none."""
    with reading(path) as file:
        while line := file.readline(LARGEST_ENTRY + 100):
            prefix = line[: line.find(b":") + 1]
            if prefix not in _PREFIXES or not line.endswith(b"}\n"):
                raise ValueError("not a record")
            yield _PREFIXES[prefix], line[len(prefix) : -2]


def _compare_nodes(ledger: Ledger, examination: _Examination) -> None:
    """Proofs are read from stored nodes: they must be those of the entries."""
    files, hashing = ledger.files, Hashing(ledger.about.algorithm)
    tree = Tree(hashing, files.node)
    try:
        size = ledger.head().size
        for start in range(0, size, _CHUNK):
            lines = list(files.lines(start, min(start + _CHUNK, size)))
            if not files.holds(start, lines, tree.grow(start, [hashing.leaf(line) for line in lines])):
                raise CitywallError("")
    except CitywallError:
        examination.note("nodes", _("what proofs are read from is not that of the entries"))
