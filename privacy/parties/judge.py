"""A release or a job held against the sharing contract."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase

import msgspec

from privacy.parties.contract import LEVELS, Contract, Purpose
from privacy.reason import Reason, Texts, reason

#: Names that one text lists; there may be thousands.
_SHOWN = 5

TEXTS: Texts = {
    "contract-early": ("the contract begins on {day}", "责任清单自 {day} 起生效"),
    "contract-expired": ("the contract ended on {day}", "责任清单已于 {day} 到期"),
    "contract-purpose-expired": ("the purpose {purpose} ended on {day}", "用途 {purpose} 已于 {day} 到期"),
    "contract-dataset": ("the contract is not for the data set {dataset}", "责任清单不包含数据集 {dataset}"),
    "contract-version": ("the contract is not for the version {version}", "责任清单不包含版本 {version}"),
    "contract-purpose": ("the contract has no purpose {purpose}", "责任清单中没有用途 {purpose}"),
    "contract-party": ("{party} is no recipient of the contract", "{party} 不是责任清单中的使用方"),
    "contract-purpose-party": ("the purpose {purpose} is not for {party}", "用途 {purpose} 不对 {party} 开放"),
    "contract-fields": ("not in the contract: {fields}", "不在责任清单中的字段：{fields}"),
    "contract-over-collection": (
        "more than the purpose {purpose} needs (over-collection): {fields}",
        "超出用途 {purpose} 所需的字段（过度收集）：{fields}",
    ),
    "contract-method": ("{method} is not allowed", "不允许使用 {method}"),
    "contract-method-level": (
        "{method} is not allowed with fields of level {level}",
        "{level} 级字段不允许使用 {method}",
    ),
    "contract-no-cell": ("no minimum cell is in force; {cell} is needed", "未设最小单元格人数，要求至少为 {cell}"),
    "contract-cell": ("the minimum cell has to be {cell} or more", "最小单元格人数应不低于 {cell}"),
}


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to do. `min_cell`: the smallest group that results may show by the policy in force."""

    party: str
    purpose: str
    dataset: str
    version: str
    fields: tuple[str, ...]
    method: str
    now: datetime
    min_cell: int | None = None


def judge(contract: Contract, use: Use) -> list[Reason]:
    """What is outside the contract; empty when it allows the use. Only over-collection may be merely reported."""
    purpose = contract.purpose(use.purpose)
    found = [*_days(contract, purpose, use), *_data(contract, use)]
    if purpose is None:
        found.append(reason(TEXTS, "contract-purpose", purpose=use.purpose))
    return [*found, *_party(contract, purpose, use), *_fields(contract, purpose, use), *_protection(contract, use)]


def _days(contract: Contract, purpose: Purpose | None, use: Use) -> Iterator[Reason]:
    today = use.now.astimezone(UTC).date()
    if today < contract.since:
        yield reason(TEXTS, "contract-early", day=contract.since)
    if today > contract.until:
        yield reason(TEXTS, "contract-expired", day=contract.until)
    elif purpose and purpose.until and today > purpose.until:
        yield reason(TEXTS, "contract-purpose-expired", purpose=purpose.id, day=purpose.until)


def _data(contract: Contract, use: Use) -> Iterator[Reason]:
    if use.dataset != contract.dataset:
        yield reason(TEXTS, "contract-dataset", dataset=use.dataset)
    if not fnmatchcase(use.version, contract.versions):
        yield reason(TEXTS, "contract-version", version=use.version)


def _party(contract: Contract, purpose: Purpose | None, use: Use) -> Iterator[Reason]:
    if use.party not in contract.recipients:
        yield reason(TEXTS, "contract-party", party=use.party)
    elif purpose and purpose.recipients is not None and use.party not in purpose.recipients:
        yield reason(TEXTS, "contract-purpose-party", purpose=purpose.id, party=use.party)


def _fields(contract: Contract, purpose: Purpose | None, use: Use) -> Iterator[Reason]:
    outside = set(use.fields) - set(contract.fields)
    if outside:
        yield reason(TEXTS, "contract-fields", fields=_some(outside))
    over = set(use.fields) - set(purpose.fields) - outside if purpose else set()
    if purpose and over:
        refused = contract.over_collection == "refuse"
        yield reason(TEXTS, "contract-over-collection", refused=refused, purpose=purpose.id, fields=_some(over))


def _protection(contract: Contract, use: Use) -> Iterator[Reason]:
    protection = contract.protection
    purpose = contract.purpose(use.purpose)
    methods = purpose.methods if purpose and purpose.methods is not None else protection.methods
    if use.method not in methods:
        yield reason(TEXTS, "contract-method", method=use.method)
    level = highest(contract, use.fields)
    cell = protection.min_cell
    for rule in protection.stricter:
        if LEVELS.index(rule.level) <= level:
            cell = max(cell, rule.min_cell or 0)
            if rule.methods is not None and use.method in methods and use.method not in rule.methods:
                yield reason(TEXTS, "contract-method-level", method=use.method, level=rule.level)
    if use.min_cell is None:
        yield reason(TEXTS, "contract-no-cell", cell=cell)
    elif use.min_cell < cell:
        yield reason(TEXTS, "contract-cell", cell=cell)


def highest(contract: Contract, fields: Iterable[str]) -> int:
    """The place in `LEVELS` of the highest level among fields (就高从严); −1 without any that is in the contract."""
    levels = [LEVELS.index(contract.fields[name].level) for name in fields if name in contract.fields]
    return max(levels, default=-1)


def _some(names: set[str]) -> str:
    more = ", …" if len(names) > _SHOWN else ""
    return ", ".join(sorted(names)[:_SHOWN]) + more
