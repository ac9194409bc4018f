"""The review of an application's accounts: which should not be there, or not with these roles. Linear in the export."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from secops.core.content import Text
from secops.core.errors import UsageError
from secops.core.i18n import _
from secops.privilege.applications import accounts, people
from secops.privilege.applications.application import Application
from secops.privilege.applications.issues import JUDGES, KINDS, Case, Issue
from secops.privilege.applications.reading import Fault, Faults


@dataclass(frozen=True)
class Unjudged:
    """A kind of issue, or a part of it, that the export cannot show, and why."""

    kind: str
    reason: Text


@dataclass(frozen=True)
class Review:
    """What was found. `faults` are cells that could not be read, `unjudged` what nobody could find."""

    accounts: int
    issues: Sequence[Issue]
    faults: Sequence[Fault]
    unjudged: Sequence[Unjudged]

    @property
    def is_whole(self) -> bool:
        """Whether an account without an issue is known to have none."""
        return not (self.faults or self.unjudged)


def review(export: Path, application: Application, today: date, staff: Path | None = None) -> Review:
    """Judge the accounts of an export. `staff` is the list of people, in the place of the file that the mapping names.

    Raises `UsageError` for a file that cannot be read, or lacks a column.
    """
    faults = Faults()
    listed = application.people
    staff = staff or (Path(listed.file) if listed and listed.file else None)
    if staff and not listed:
        raise UsageError(_("the mapping does not say what the columns of this list are called"), where=str(staff))
    here = people.read(staff, listed, application.dates, today, faults) if staff and listed else None
    found = accounts.read(export, application, today, faults)
    case = Case(application, today, here, str(export), faults)
    issues = list(dict.fromkeys(issue for judge in JUDGES for issue in judge(list(found.values()), case)))
    order = list(KINDS)
    issues.sort(key=lambda issue: (order.index(issue.kind), issue.row))
    return Review(len(found), issues, list(faults), list(_unjudged(application, has_staff=here is not None)))


def _unjudged(application: Application, *, has_staff: bool) -> Iterator[Unjudged]:
    """What cannot be seen in this export, whatever is in it."""
    columns = application.columns
    if not columns.last_login:
        yield Unjudged("dormant", Text("the export has no column of last logins", "导出文件没有最后登录时间列"))
    elif not columns.created:
        yield Unjudged("dormant", Text("no column says when accounts were made", "没有创建时间列"))
    if not columns.person:
        yield Unjudged("orphaned", Text("the export has no column of people", "导出文件没有姓名列"))
    elif not has_staff:
        yield Unjudged("orphaned", Text("there is no list of those who work here", "未提供在职人员名单"))
    if not columns.status:
        yield Unjudged("disabled", Text("no column says which accounts are switched off", "没有状态列，均按启用处理"))
    if not application.roles:
        for kind in ("excessive", "conflicting"):
            yield Unjudged(kind, Text("the mapping describes no roles", "映射文件没有说明任何角色"))
