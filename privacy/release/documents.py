"""What parties sign on the way to a release: a data set, the terms it is shared on, a request, an objection.

Each is signed with the party's own key, wherever that is, and stands whole in the ledger.
"""

from __future__ import annotations

import re
from pathlib import Path
from secrets import token_hex
from typing import Annotated, ClassVar, Literal

import msgspec

from privacy import canonical
from privacy.parties.contract import Method
from privacy.parties.signed import Digest, Name, Time, as_value, made
from privacy.query.spec import Query, fields
from privacy.reason import Reason
from secops.core.content import Text, read_as
from secops.core.errors import UsageError
from secops.core.i18n import _

#: The version of a data set, such as 2026-06.
Version = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")]

#: The number of a request, as it is called everywhere.
Number = Annotated[str, msgspec.Meta(pattern=r"\Ar[0-9]{4,9}\Z")]

_NUMBER = re.compile(r"r[0-9]{4,9}")

_Nonce = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{32}\Z")]
_Words = Annotated[
    tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=128)], ...], msgspec.Meta(max_length=1000)
]


def is_number(text: str) -> bool:
    """Whether this is how a request is called, and not its file."""
    return _NUMBER.fullmatch(text) is not None


class Registration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The owner's word (确权) that this data, known by the digest of its file, is this version of a data set."""

    CONTEXT: ClassVar[str] = "citywall-dataset/1"

    dataset: Name
    version: Version
    owner: Name
    digest: Digest
    schema: Digest
    records: Annotated[int, msgspec.Meta(ge=0, le=canonical.LARGEST)]
    issued: Time


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the owner offers: a contract, and the policy that results are held to (both by their digests)."""

    CONTEXT: ClassVar[str] = "citywall-terms/1"

    contract: Digest
    policy: Digest
    owner: Name
    issued: Time


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a party asks to be released: the answer to a query, or a result that a job has left (by its digest)."""

    CONTEXT: ClassVar[str] = "citywall-request/1"

    title: Text
    dataset: Name
    version: Version
    contract: Name
    purpose: Name
    requester: Name
    query: Query | None
    result: Digest | None
    method: Method
    fields: _Words
    replaces: Number | None
    issued: Time
    nonce: _Nonce

    def __post_init__(self) -> None:
        if (self.query is None) == (self.result is None):
            raise ValueError("a request is for a query or for a result, and not for both")
        if self.query and (self.method != self.query.kind or set(self.fields) != set(fields(self.query))):
            raise ValueError("the request says other fields, or another method, than its query")


class Objection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why a party who may approve does not. Only reasons of the list: free text could tell what is in the data."""

    CONTEXT: ClassVar[str] = "citywall-objection/1"

    release: Number
    subject: Digest
    party: Name
    outcome: Literal["changes", "refused"]
    because: str
    issued: Time

    def __post_init__(self) -> None:
        if self.because not in BECAUSE:
            raise ValueError("no reason of the list")

    @property
    def reason(self) -> Reason:
        """The reason, to be shown."""
        return Reason(f"objection-{self.because}", *BECAUSE[self.because])


#: What an objection may say.
BECAUSE: dict[str, tuple[str, str]] = {
    "purpose": ("a checker says that the purpose does not need this", "审核人认为该用途不需要此结果"),
    "detail": ("a checker wants fewer or larger cells", "审核人要求减少单元格或合并为更大的单元格"),
    "known": ("a checker says that people could be recognised", "审核人认为可能识别出个人"),
    "unclear": ("a checker wants the request to say more clearly what it is for", "审核人要求更清楚地说明用途"),
    "data": ("a checker says that the data is at fault or withdrawn", "审核人认为数据有误或已撤回"),
}


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`request.yml`: a request as its author writes it; who asks, and when, is added where it is signed."""

    title: Text
    dataset: Name
    version: Version
    contract: Name
    purpose: Name
    requester: Name
    query: Query | None = None
    method: Method | None = None
    fields: _Words = ()
    replaces: Number | None = None


def asked(path: Path) -> Asked:
    """The request in a file. Raises `UsageError` with the line of what is wrong."""
    found = read_as(path, Asked, hint=_("docs/release.md describes the format."))
    if found.query and (found.method or found.fields):
        what = _("a query says by itself what its method and fields are")
        raise UsageError(what, where=str(path), hint=_("Leave out `method` and `fields`."))
    if not found.query and not (found.method and found.fields):
        what = _("neither a query, nor the method and fields of a result")
        raise UsageError(what, where=str(path), hint=_("docs/release.md describes the format."))
    return found


def request_of(asked: Asked, result: str | None, issued: str) -> Request:
    """What the requester signs; `result` is the digest of a job's result. Raises `UsageError`."""
    query = asked.query
    more: dict[str, object] = {"issued": issued, "nonce": token_hex(16), "result": result}
    if query:
        more |= {"method": query.kind, "fields": list(fields(query))}
    return made(Request, **(as_value(asked) | more))
