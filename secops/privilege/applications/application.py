"""What an organisation says of an application: how its export reads, and who may hold which role. See docs/roles.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec

from secops.core import yaml
from secops.core.dates import fault_of
from secops.core.errors import UsageError
from secops.core.i18n import N_, _
from secops.privilege.applications.sheets import Layout
from secops.privilege.roles.levels import SEPARATE, Level, Pair
from secops.privilege.roles.roles_file import Joined

_HINT = N_("The format of a mapping is in docs/roles.md.")

#: Fields that only the declaration for hosts has.
_OF_HOSTS = frozenset({"services", "break_glass", "shared", "host_groups", "unused_days"})


class Columns(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the columns of the export are called. `person_id` is what tells people of one name apart."""

    account: str
    person: str | None = None
    person_id: str | None = None
    unit: str | None = None
    phone: str | None = None
    role: str | None = None
    status: str | None = None
    last_login: str | None = None
    created: str | None = None


class Status(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words for accounts that can be used, and that cannot."""

    active: tuple[str, ...] = ("启用", "正常", "有效", "激活", "在用", "active", "enabled", "normal")
    disabled: tuple[str, ...] = ("停用", "禁用", "锁定", "冻结", "注销", "失效", "disabled", "locked", "inactive")


class Role(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A role of the application. Who is neither among `holders` (accounts or people, as globs) nor in one of `units`
    may not hold it; without both of them anybody may, but nobody one that is `all_powerful`."""

    duty: Level | None = None
    all_powerful: bool = False
    holders: list[str] = []
    units: list[str] = []


class PeopleColumns(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the columns of the list of people are called."""

    person: str
    person_id: str | None = None
    left: str | None = None
    status: str | None = None


class People(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The list of those who work here. `file` is below the folder of the mapping; `employed` are words of `status`."""

    columns: PeopleColumns
    file: str | None = None
    layout: Layout = Layout()
    employed: tuple[str, ...] = ("在职", "在岗", "在编", "employed", "active")
    gone: tuple[str, ...] = ("离职", "退休", "调离", "辞退", "left", "retired", "gone")


class Application(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything said of one application. `separator` parts several roles in one cell."""

    name: str = ""
    layout: Layout = Layout()
    columns: Columns
    separator: str = ""
    dates: list[str] = []
    never: tuple[str, ...] = ("-", "--", "无", "从未登录", "未登录", "never", "null")
    status: Status = Status()
    dormant_days: int = 90
    roles: dict[str, Role] = {}
    conflicts: list[list[str]] = []
    separate: list[list[Level]] = []
    may_join: list[Joined] = []
    people: People | None = None

    @property
    def apart(self) -> frozenset[Pair]:
        """Duties that one person must not join."""
        joined = {frozenset(entry.duties) for entry in self.may_join}
        return (SEPARATE | {frozenset(pair) for pair in self.separate}) - joined

    def partners(self) -> dict[str, frozenset[str]]:
        """Roles that must not be joined with each role: as declared, and by their duties."""
        found: dict[str, set[str]] = {}
        pairs = [pair for group in self.conflicts for pair in combinations(group, 2)]
        duties = [(name, role.duty) for name, role in self.roles.items() if role.duty]
        pairs += [(a, b) for (a, one), (b, two) in combinations(duties, 2) if frozenset({one, two}) in self.apart]
        for a, b in pairs:
            found.setdefault(a, set()).add(b)
            found.setdefault(b, set()).add(a)
        return {name: frozenset(others) for name, others in found.items()}


def load(paths: Sequence[Path]) -> Application:
    """What one or several files say together. Raises `UsageError` that names the file, and the line or the field."""
    whole: dict[str, Any] = {}
    for path in paths:
        part = yaml.load(path)
        if not isinstance(part, dict):
            raise _wrong(path, _("is no mapping of names to values"))
        if part.keys() & _OF_HOSTS or isinstance(part.get("people"), list):
            hint = _("Hosts are reviewed by `citywall scan --roles {file}`.").format(file=path)
            raise UsageError(_("declares who holds what on hosts, not in an application"), where=str(path), hint=hint)
        if twice := whole.keys() & part.keys():
            raise _wrong(path, _("{key} is also in another file").format(key=min(twice)))
        whole |= _placed(part, path.parent)
    where = paths[0] if len(paths) == 1 else Path(", ".join(map(str, paths)))
    try:
        application = msgspec.convert(whole, Application, strict=True)
    except msgspec.ValidationError as error:
        raise _wrong(where, str(error)) from error
    for place, fault in _faults(application):
        raise _wrong(where, f"{fault} - at `$.{place}`")
    return application


def _placed(part: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The document with the path of the list of people below its own folder."""
    people = part.get("people")
    if isinstance(people, dict) and isinstance(people.get("file"), str):
        return {**part, "people": {**people, "file": str(folder / people["file"])}}
    return part


def _faults(application: Application) -> Iterator[tuple[str, str]]:
    """(place, what is wrong there) of what fits the format and means nothing."""
    layouts = {"layout": application.layout}
    if application.people:
        layouts["people.layout"] = application.people.layout
    for place, layout in layouts.items():
        yield from ((f"{place}.{field}", fault) for field, fault in _faults_of_layout(layout))
    for number, form in enumerate(application.dates):
        if fault_of(form):
            yield f"dates[{number}]", _("{form!r} is no format of dates").format(form=form)
    if application.dormant_days < 1:
        yield "dormant_days", _("must be at least one day")
    for number, group in enumerate(application.conflicts):
        if len(set(group)) < 2:
            yield f"conflicts[{number}]", _("name at least two roles")
        for name in group:
            if name not in application.roles:
                yield f"conflicts[{number}]", _("{name} is none of the roles").format(name=name)
    pairs = [("separate", pair) for pair in application.separate]
    for place, pair in pairs + [("may_join", joined.duties) for joined in application.may_join]:
        if len(pair) != 2 or pair[0] == pair[1]:
            yield place, _("name two different duties")
    if (application.roles or application.conflicts) and not application.columns.role:
        yield "columns", _("no column of roles is named")


def _faults_of_layout(layout: Layout) -> Iterator[tuple[str, str]]:
    if layout.header < 1:
        yield "header", _("rows count from 1")
    if layout.delimiter is not None and (len(layout.delimiter) != 1 or layout.delimiter in '\r\n"'):
        yield "delimiter", _("must be one character")
    try:
        b"a".decode(layout.encoding or "utf-8", "replace")
    except (LookupError, UnicodeError):
        yield "encoding", _("{name!r} is no encoding").format(name=layout.encoding)


def _wrong(path: Path, what: str) -> UsageError:
    return UsageError(what, where=str(path), hint=_(_HINT))
