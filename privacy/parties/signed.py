"""A document with the signature of one party over its canonical bytes, and how it reads and is written."""

from __future__ import annotations

from base64 import b64decode, b64encode
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, Protocol, TypeVar

import msgspec

from privacy import canonical
from privacy.parties import keys
from privacy.parties.keys import Signer
from secops.core.content import convert
from secops.core.errors import UsageError
from secops.core.i18n import _, because

#: Short names of parties and purposes; file names and reports can carry them.
Name = Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9][a-z0-9._-]{0,63}\Z")]
KeyId = Annotated[str, msgspec.Meta(pattern=r"\Aed25519:[0-9a-f]{32}\Z")]
Digest = Annotated[str, msgspec.Meta(pattern=r"\A(sha256|sm3):[0-9a-f]{64}\Z")]
Line = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]

#: UTC and whole seconds, as canonical.time_text writes it: two of them compare as text. `check_times` looks closer.
Time = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{4}(-[0-9]{2}){2}T([0-9]{2}:){2}[0-9]{2}Z\Z")]

#: Bytes of one document; a roster with some thousand parties has 2 MiB.
MAX_BYTES = 4 << 20


class Document(Protocol):
    """What can be signed: a struct that names its context line, without the newline."""

    CONTEXT: ClassVar[str]


D = TypeVar("D", bound=Document)


class Signed(msgspec.Struct, Generic[D], frozen=True):
    """A body and the signature over it (base64). Whoever reads one has to ask `is_by` before it is believed."""

    body: D
    key_id: str
    signature: str

    @property
    def digest(self) -> str:
        """Of the body alone: the same document is the same, however often it is signed."""
        return digest(self.body)

    def is_by(self, public_key: str) -> bool:
        """Whether the holder of this key (base64) has signed this body."""
        try:
            signature = b64decode(self.signature, validate=True)
        except ValueError:
            return False
        return keys.verify(public_key, _message(self.body), signature)


class _Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    body: dict[str, Any]
    context: str
    key_id: KeyId
    signature: Annotated[str, msgspec.Meta(max_length=100)]


def as_value(struct: Any) -> Any:
    """A struct as a value that canonical JSON carries: with lists and text in place of tuples and days."""
    return msgspec.json.decode(msgspec.json.encode(struct))


def digest(body: Document) -> str:
    """SHA-256 of a document's canonical bytes."""
    return canonical.digest(as_value(body))


def made(kind: type[D], **fields: object) -> D:
    """A document of these fields, checked as one that is read. Raises `UsageError`."""
    try:
        return convert(fields, kind)
    except msgspec.ValidationError as error:
        what = _("this gives no {what}: {reason}").format(what=kind.CONTEXT.partition("/")[0], reason=error)
        raise UsageError(what) from error


def sign(body: D, signer: Signer) -> Signed[D]:
    """The document signed."""
    return Signed(body, signer.key_id, b64encode(signer.sign(_message(body))).decode())


def plain(signed: Signed[D]) -> dict[str, Any]:
    """As a value that canonical JSON carries, for files and the ledger."""
    body = as_value(signed.body)
    return {"body": body, "context": signed.body.CONTEXT, "key_id": signed.key_id, "signature": signed.signature}


def dump(signed: Signed[D]) -> bytes:
    """The bytes of its file."""
    return canonical.encode(plain(signed))


def parse(raw: bytes, kind: type[D], where: str) -> Signed[D]:
    """The document that `dump` wrote; its signature is not looked at. Raises `UsageError` for anything else."""
    try:
        return of(canonical.decode(raw), kind)
    except ValueError as error:  # msgspec's errors are some
        raise UsageError(_("is no document of Citywall's: {reason}").format(reason=error), where=where) from error


def of(value: object, kind: type[D]) -> Signed[D]:
    """The document that `plain` gave; its signature is not looked at. Raises `ValueError` for anything else."""
    envelope = convert(value, _Envelope)
    if envelope.context != kind.CONTEXT:
        raise ValueError(_("is {what}, not {wanted}").format(what=envelope.context[:60], wanted=kind.CONTEXT))
    return Signed(convert(envelope.body, kind), envelope.key_id, envelope.signature)


def read(path: Path, kind: type[D]) -> Signed[D]:
    """`parse` for a file. Raises `UsageError`."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(_("cannot be read: {reason}").format(reason=because(error)), where=str(path)) from error
    if len(raw) > MAX_BYTES:
        raise UsageError(_("is larger than {n} MiB").format(n=MAX_BYTES >> 20), where=str(path))
    return parse(raw, kind, str(path))


def check_times(*times: str) -> None:
    """Raise `ValueError` unless these are times, each later than the one before."""
    for time in times:
        canonical.parse_time(time)
    if any(first >= second for first, second in pairwise(times)):
        raise ValueError("it ends before it begins")


def _message(body: Document) -> bytes:
    return f"{body.CONTEXT}\n".encode() + canonical.encode(as_value(body))
