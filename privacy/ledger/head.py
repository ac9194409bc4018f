"""What is signed and handed out: heads of the log, a witness's word on one, and receipts for one entry.

Each is a canonical JSON document. A signature is Ed25519 over a context line and the document without its signature,
so that a signature made for one purpose is none for another.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Protocol, TypeVar

import msgspec
from msgspec import Meta

from privacy import canonical
from privacy.ledger.tree import Hashing, verify_consistency, verify_inclusion
from secops.core.errors import UsageError
from secops.core.i18n import _

HEAD_CONTEXT = b"citywall-head/1\n"
COSIGN_CONTEXT = b"citywall-cosign/1\n"

#: Key id → the 32 bytes of the Ed25519 public key.
Keys = Mapping[str, bytes]

Count = Annotated[int, Meta(ge=0, le=canonical.LARGEST)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Hash = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Root = Annotated[str, Meta(pattern=r"\A(sha256|sm3):[0-9a-f]{64}\Z")]
Time = Annotated[str, Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\Z")]
#: 64 bytes in base64, the bits that belong to no byte zero: one signature has one text.
Signature = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9+/]{85}[AQgw]==\Z")]

_Document = TypeVar("_Document", bound="Document")


class Signer(Protocol):
    """Holds a private key, somewhere else."""

    @property
    def key_id(self) -> str: ...

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of the Ed25519 signature."""
        ...


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is written as canonical JSON."""

    def value(self) -> Any:
        """The document as plain dicts, lists and texts."""
        return msgspec.to_builtins(self)

    def raw(self) -> bytes:
        return canonical.encode(self.value())

    @classmethod
    def read(cls: type[_Document], raw: bytes) -> _Document:
        """The document from its bytes; one end of line may follow. Raises `ValueError` for any others."""
        return cls.of(canonical.decode(raw.removesuffix(b"\n")))

    @classmethod
    def of(cls: type[_Document], value: object) -> _Document:
        """The document from plain values. Raises `ValueError`."""
        return msgspec.convert(value, cls)


class About(Document, frozen=True):
    """What a ledger is called, and how it hashes: `ledger.json`, and the first line of an export."""

    origin: Name
    algorithm: Literal["sha256", "sm3"]
    format: Literal["citywall-ledger/1"] = "citywall-ledger/1"


class Head(Document, frozen=True):
    """The log at one time: its name, how many entries, and the root over them. Who signs two logs is found out."""

    origin: Name
    size: Count
    root: Root
    time: Time
    key: Name
    signature: Signature | None = None

    @property
    def algorithm(self) -> str:
        return self.root.partition(":")[0]

    @property
    def root_hash(self) -> bytes:
        return bytes.fromhex(self.root.partition(":")[2])

    def message(self) -> bytes:
        """What is signed."""
        body = self.value()
        del body["signature"]
        return HEAD_CONTEXT + canonical.encode(body)

    def same_tree(self, other: Head) -> bool:
        """Whether both name one tree, whenever they were signed and by whomever."""
        return (self.origin, self.size, self.root) == (other.origin, other.size, other.root)


class Cosignature(Document, frozen=True):
    """A witness's word that this head followed from every head that the witness had seen before."""

    head: Head
    time: Time
    key: Name
    signature: Signature | None = None

    def message(self) -> bytes:
        """What is signed."""
        body = self.value()
        del body["signature"]
        return COSIGN_CONTEXT + canonical.encode(body)


class Receipt(Document, frozen=True):
    """Proof that an entry is in the log: whoever holds it can show later that it was."""

    entry: dict[str, Any]
    index: Count
    proof: Annotated[list[Hash], Meta(max_length=64)]
    head: Head
    format: Literal["citywall-receipt/1"] = "citywall-receipt/1"


class Consistency(Document, frozen=True):
    """Proof that the log of a later head begins with that of an earlier one, for whoever has no log to look into."""

    old: Head
    new: Head
    proof: Annotated[list[Hash], Meta(max_length=64)]
    format: Literal["citywall-consistency/1"] = "citywall-consistency/1"


def named(origin: str, algorithm: str) -> About:
    """What a new ledger is called. Raises `UsageError`."""
    try:
        about = About.of({"origin": origin, "algorithm": algorithm})
        about.raw()
    except ValueError:
        hint = _("A name has 1 to 200 letters; the hash is one of {names}.").format(
            names=", ".join(canonical.ALGORITHMS)
        )
        raise UsageError(_("no ledger can be called or hashed so"), hint=hint) from None
    return about


Signed = TypeVar("Signed", Head, Cosignature)


def signed(document: Signed, signer: Signer) -> Signed:
    """The document with the signature of its key, which must be the signer's."""
    if document.key != signer.key_id:
        raise ValueError("signed by another key than it names")
    return msgspec.structs.replace(document, signature=base64.b64encode(signer.sign(document.message())).decode())


def verify_signature(document: Head | Cosignature, keys: Keys) -> bool:
    """Whether the document is signed by the key that it names, and that key is among `keys`."""
    public = keys.get(document.key)
    if public is None or document.signature is None:
        return False
    return _ed25519(public, base64.b64decode(document.signature), document.message())


def verify_receipt(receipt: Receipt, keys: Keys) -> bool:
    """Whether the receipt's entry is in the tree of its head, and the head is signed by one of `keys`."""
    head, hashing = receipt.head, Hashing(receipt.head.algorithm)
    proof = [bytes.fromhex(part) for part in receipt.proof]
    try:
        leaf = hashing.leaf(canonical.encode(receipt.entry))
    except ValueError:  # made by hand, not read from a file
        return False
    included = verify_inclusion(hashing, leaf, receipt.index, head.size, proof, head.root_hash)
    return included and verify_signature(head, keys)


def verify_growth(growth: Consistency, keys: Keys) -> bool:
    """Whether both heads are of one ledger and signed by `keys`, and the proof leads from the earlier to the later."""
    old, new = growth.old, growth.new
    if (old.origin, old.algorithm) != (new.origin, new.algorithm) or old.time > new.time:
        return False
    proof = [bytes.fromhex(part) for part in growth.proof]
    grown = verify_consistency(Hashing(new.algorithm), old.size, new.size, proof, old.root_hash, new.root_hash)
    return grown and verify_signature(old, keys) and verify_signature(new, keys)


def _ed25519(public: bytes, signature: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
