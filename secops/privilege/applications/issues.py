"""What can be wrong with accounts of an application: one function for each kind of issue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from secops.core.content import Text
from secops.privilege.applications.accounts import Account
from secops.privilege.applications.application import Application, Role
from secops.privilege.applications.people import Staff
from secops.privilege.applications.reading import Faults
from secops.privilege.roles.duties import is_generic
from secops.privilege.roles.posts import Names

#: Kinds of issues as people call them, the gravest first.
KINDS = {
    "conflicting": Text("conflicting duties", "职责冲突"),
    "excessive": Text("excessive role", "权限过大"),
    "orphaned": Text("orphaned", "无主账户"),
    "shared": Text("shared", "共用账户"),
    "dormant": Text("dormant", "长期未用"),
    "disabled": Text("disabled, with roles", "停用未收权"),
}

_NEVER_USED = Text("never logged in, and made nobody knows when", "从未登录，且创建时间未知")
_NO_ROLE = Text("is no role that is described", "角色未在映射文件中说明")

#: Accounts, people or roles shown of one issue.
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong with an account; `row` is where the export shows it."""

    kind: str
    account: str
    person: str
    detail: Text
    row: int


@dataclass(frozen=True)
class Case:
    """What accounts are judged by. `staff` is None without a list of people; `file` is the export's name."""

    application: Application
    today: date
    staff: Staff | None
    file: str
    faults: Faults

    def tell(self, column: str | None, reason: Text, row: int) -> None:
        """What is not known of an account, by the column that should have said it."""
        self.faults.tell(self.file, column or "", reason, row)


Judge = Callable[[Sequence[Account], Case], Iterator[Issue]]


def dormant(accounts: Sequence[Account], case: Case) -> Iterator[Issue]:
    """Accounts that nobody has logged in to for long."""
    columns, days = case.application.columns, case.application.dormant_days
    if not columns.last_login:
        return
    limit = case.today - timedelta(days=days)
    for account in _active(accounts):
        if account.last_login:
            if account.last_login <= limit and account.is_login_known:
                last = account.last_login
                text = Text(f"nobody has logged in since {last}", f"自 {last} 起未登录")
                yield _issue("dormant", account, text)
        elif account.is_login_known and account.created:
            if account.created <= limit:
                made = account.created
                yield _issue("dormant", account, Text(f"never used since {made}", f"{made} 创建后从未登录"))
        elif account.is_login_known and columns.created:
            case.tell(columns.created, _NEVER_USED, account.row)


def orphaned(accounts: Sequence[Account], case: Case) -> Iterator[Issue]:
    """Accounts of nobody, or of somebody who has left."""
    column = case.application.columns.person
    for account in _active(accounts) if column else ():
        if not account.people:
            yield _issue("orphaned", account, Text("no person is named", "未填写所属人员"))
        for person in account.people.values() if case.staff else ():
            assert case.staff  # noqa: S101 - the line above
            is_here = case.staff.is_here(person)
            if is_here is None:
                case.tell(column, Text("may be of somebody who has left", "无法确定所属人员是否在职"), account.row)
            elif not is_here and case.staff.knows(person):
                text = Text(f"{person.name} has left", f"{person.name} 已离职")
                yield _issue("orphaned", account, text)
            elif not is_here:
                text = Text(f"{person.name} is not on the list of people", f"{person.name} 不在人员名单中")
                yield _issue("orphaned", account, text)


def excessive(accounts: Sequence[Account], case: Case) -> Iterator[Issue]:
    """Roles of accounts that may not have them."""
    roles = case.application.roles
    named = {name: Names.of(role.holders) for name, role in roles.items() if role.holders}
    for account in _active(accounts) if roles else ():
        for name, row in account.roles.items():
            role = roles.get(name)
            if role is None:
                case.tell(case.application.columns.role, _NO_ROLE, row)
            elif not _may_hold(account, role, named.get(name)):
                what = Text("all-powerful role", "超级角色") if role.all_powerful else Text("role", "角色")
                text = Text(f"may not hold the {what.en} {name}", f"不应拥有{what.zh} {name}")
                yield _issue("excessive", account, text, row)


def _may_hold(account: Account, role: Role, named: Names | None) -> bool:
    """Whether the account, its person or its unit is among those who may hold the role; without any, everybody may."""
    if not (role.holders or role.units):
        return not role.all_powerful
    by_name = named is not None and (account.name in named or (account.person and account.person in named))
    return bool(by_name or account.unit in role.units)


def conflicting(accounts: Sequence[Account], case: Case) -> Iterator[Issue]:
    """Roles that one person must not join, through whichever accounts."""
    partners = case.application.partners()
    held: dict[tuple[str, ...], dict[str, Account]] = defaultdict(dict)
    for account in _active(accounts):
        roles = account.roles.keys() & partners.keys()
        for key in (list(account.people) or [("account", account.name)]) if roles else ():
            for role in account.roles:
                if role in roles:
                    held[key].setdefault(role, account)
    for by_role in held.values():
        seen: list[str] = []
        for role, account in by_role.items():
            for other in seen:
                if other in partners[role]:
                    yield _conflict(account, role, by_role[other], other)
            seen.append(role)


def shared(accounts: Sequence[Account], case: Case) -> Iterator[Issue]:  # noqa: ARG001 - a `Judge`
    """Accounts of several people, as far as it shows: by their names, or a telephone that others have too."""
    by_phone: dict[str, list[Account]] = defaultdict(list)
    for account in _active(accounts):
        names = [person.name for person in account.people.values()]
        if len(names) > 1:
            text = Text(f"used by {', '.join(names[:_SHOWN])}", f"由{'、'.join(names[:_SHOWN])}共同使用")
            yield _issue("shared", account, text)
        elif generic := next((name for name in (account.name, *names) if is_generic(name)), ""):
            yield _issue("shared", account, Text(f"{generic} is nobody's name", f"{generic} 为公用名称"))
        for phone in account.phones:
            by_phone[phone].append(account)
    for phone, those in by_phone.items():
        if len({account.person for account in those if account.person}) > 1:
            some = ", ".join(account.name for account in those[:_SHOWN]) + (", …" if len(those) > _SHOWN else "")
            text = Text(
                f"{len(those)} accounts of different people have one telephone, …{phone[-4:]}: {some}",
                f"{len(those)} 个不同人员的账户使用同一电话（尾号 {phone[-4:]}）：{some}",
            )
            yield _issue("shared", those[0], text)


def disabled(accounts: Sequence[Account], case: Case) -> Iterator[Issue]:  # noqa: ARG001 - a `Judge`
    """Accounts that are switched off and still have roles: who switches them on has all of them."""
    for account in accounts:
        if not account.is_active and account.roles:
            roles = list(account.roles)
            some = ", ".join(roles[:_SHOWN]) + (", …" if len(roles) > _SHOWN else "")
            yield _issue("disabled", account, Text(f"still has {some}", f"仍有角色 {some}"))


JUDGES: tuple[Judge, ...] = (conflicting, excessive, orphaned, shared, dormant, disabled)


def _active(accounts: Sequence[Account]) -> Iterator[Account]:
    return (account for account in accounts if account.is_active)


def _issue(kind: str, account: Account, detail: Text, row: int | None = None) -> Issue:
    return Issue(kind, account.name, account.person, detail, row or account.row)


def _conflict(account: Account, role: str, other: Account, with_role: str) -> Issue:
    if other is account:
        text = Text(f"holds {with_role} and {role}", f"同时拥有 {with_role} 和 {role}")
    else:
        text = Text(
            f"holds {role} here and {with_role} through {other.name} (row {other.roles[with_role]})",
            f"本账户拥有 {role}，又通过 {other.name}（第 {other.roles[with_role]} 行）拥有 {with_role}",
        )
    return _issue("conflicting", account, text, account.roles[role])
