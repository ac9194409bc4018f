"""The sharing contract (数据共享责任清单): `contract.yml` as docs/contract.md describes it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, get_args

import msgspec

from privacy import canonical
from privacy.parties.signed import Name, as_value
from secops.core import yaml
from secops.core.content import Text, read_as
from secops.core.errors import UsageError
from secops.core.i18n import _
from secops.core.inert import printable

#: What is done with the data: the kinds of results that may leave, and the ways to compute where data stays at home.
Method = Literal[
    "counts", "sums", "means", "quantiles", "regression", "model", "plot", "text", "federated-learning",
    "encrypted-computation",
]  # fmt: skip

#: Levels of GB/T 43697-2024, from the lowest: general data in four levels, important data, core data.
Level = Literal[1, 2, 3, 4, "important", "core"]
LEVELS: tuple[Level, ...] = get_args(Level)

_Word = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
_Methods = Annotated[tuple[Method, ...], msgspec.Meta(min_length=1)]
_Cell = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A column: its class (分类) in words, and its level (分级)."""

    category: Text
    level: Level


class Purpose(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the data is for and the fields that it needs; who, how and until when where that is narrower."""

    id: Name
    title: Text
    fields: tuple[_Word, ...]
    recipients: tuple[Name, ...] | None = None
    methods: _Methods | None = None
    until: date | None = None


class Stricter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What holds for a use that touches a field of this level or a higher one."""

    level: Level
    min_cell: _Cell | None = None
    methods: _Methods | None = None


class Protection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """No result may show a group of fewer than `min_cell` people; `methods` are all that may be done."""

    min_cell: _Cell
    methods: _Methods
    stricter: tuple[Stricter, ...] = ()


class Duties(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What both sides answer for, in words for people."""

    owner: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
    recipients: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]


class Contract(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who may use which fields of which data set for what purpose, until when, and with which protection.

    `since` and `until` are the first and the last day (UTC). `dataset` is the name it is registered by, `versions` a
    glob.
    """

    id: Name
    title: Text
    dataset: Name
    versions: _Word
    owner: Name
    recipients: Annotated[tuple[Name, ...], msgspec.Meta(min_length=1)]
    since: date
    until: date
    fields: Annotated[dict[_Word, Field], msgspec.Meta(min_length=1)]
    purposes: Annotated[tuple[Purpose, ...], msgspec.Meta(min_length=1)]
    protection: Protection
    duties: Duties
    over_collection: Literal["refuse", "report"] = "refuse"

    @property
    def digest(self) -> str:
        """Of what it says, however the file is laid out: the subject of both sides' approvals."""
        return canonical.digest(as_value(self))

    def purpose(self, name: str) -> Purpose | None:
        """The purpose with this id."""
        return next((purpose for purpose in self.purposes if purpose.id == name), None)


def load(path: Path) -> Contract:
    """The contract in a file. Raises `UsageError` with the line of what is wrong."""
    contract = read_as(path, Contract, hint=_("docs/contract.md describes the format."))
    for place, fault in _faults(contract):
        line = yaml.line_of(path, place)
        raise UsageError(fault, where=f"{path}:{line}" if line else str(path))
    return contract


def _faults(contract: Contract) -> Iterator[tuple[str, str]]:
    """Where and what: names that stand for nothing, days that are out of order."""
    if contract.until < contract.since:
        yield "$.until", _("it ends before it begins")
    for name in contract.fields:
        if printable(name) != name or name != name.strip():
            yield "$.fields", _("a name holds characters that are not seen")
    yield from _twice("$.recipients", contract.recipients)
    yield from _twice("$.purposes", [purpose.id for purpose in contract.purposes])
    if contract.owner in contract.recipients:
        yield "$.recipients", _("the owner is no recipient")
    yield from _wider("$.protection", contract.protection)
    for number, purpose in enumerate(contract.purposes):
        yield from _purpose_faults(f"$.purposes[{number}]", purpose, contract)


def _purpose_faults(place: str, purpose: Purpose, contract: Contract) -> Iterator[tuple[str, str]]:
    everything = {
        "fields": (purpose.fields, contract.fields),
        "recipients": (purpose.recipients or (), contract.recipients),
        "methods": (purpose.methods or (), contract.protection.methods),
    }
    for key, (names, allowed) in everything.items():
        yield from _twice(f"{place}.{key}", names)
        for number, name in enumerate(names):
            if name not in allowed:
                what = _("{name} is not among the {key} of the contract").format(name=printable(name), key=key)
                yield f"{place}.{key}[{number}]", what
    if purpose.until and not contract.since <= purpose.until <= contract.until:
        yield f"{place}.until", _("is not within the days of the contract")


def _wider(place: str, protection: Protection) -> Iterator[tuple[str, str]]:
    yield from _twice(f"{place}.methods", protection.methods)
    for number, rule in enumerate(protection.stricter):
        here = f"{place}.stricter[{number}]"
        if rule.min_cell is not None and rule.min_cell < protection.min_cell:
            yield f"{here}.min_cell", _("is weaker than what holds for all fields")
        if not set(rule.methods or ()) <= set(protection.methods):
            yield f"{here}.methods", _("allows more than what holds for all fields")


def _twice(place: str, names: tuple[str, ...] | list[str]) -> Iterator[tuple[str, str]]:
    for number, name in enumerate(names):
        if name in names[:number]:
            yield f"{place}[{number}]", _("{name} stands twice").format(name=printable(name))
