"""Rights that were not used for a long time: no login, no use of sudo or doas. Proposed for removal, with evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from secops.core.content import Text
from secops.hosts.evidence import Problem, Status
from secops.privilege.roles.holdings import Held, Proof
from secops.privilege.roles.levels import Level
from secops.privilege.roles.place import Gap, Place, said

_DAY = 86_400  # seconds

#: Seconds since 1970 of the last day that a calendar knows.
_LAST = 253_402_300_799


@dataclass(frozen=True)
class _Use:
    """A use that is recorded: its name, the table, its column of the last one, and what was not done."""

    name: str
    table: str
    column: str
    never: Text


_LOGIN = _Use("login", "last_logins", "last_login", Text("has not logged in", "未登录"))
_POLICIES = {
    "sudo": _Use("sudo", "sudo_use", "last_use", Text("has not used sudo", "未使用 sudo")),
    "doas": _Use("doas", "sudo_use", "last_use", Text("has not used doas", "未使用 doas")),
}


def found(place: Place) -> Iterator[Gap]:
    """Unused accounts, and unused rights of accounts in use.

    A record that does not reach back far enough proves nothing; that is told as lacking.
    """
    for held in place.held():
        if not held.levels or place.is_kept(held.user):
            continue
        unused = _unused(held, place, _LOGIN) if held.can_login is not False else None
        for level, proof in held.levels.items():
            policy = _POLICIES.get(proof.way)
            if since := unused or (_unused(held, place, policy, proof) if policy else None):
                yield _gap(held, level, proof, since)


def _unused(held: Held, place: Place, use: _Use, proof: Proof | None = None) -> Text | None:
    """What was not done, and since when; None when it was done, could not be yet, or is not on record.

    `proof` is the rule that gives the right to it, which may be newer than the record.
    """
    row, days = held.uses.get(use.name, {}), place.roles.unused_days
    last, since, reach = _day(row.get(use.column)), _day(row.get("record_since")), row.get("record_days")
    if last and last > place.today - timedelta(days=days):
        return None
    if since is None or reach is None or reach < days:
        _lack(place, f"{use.table}: the record does not reach back {days} days")
        return None
    given = max(row.get("granted") or 0, (proof.changed if proof else None) or 0)
    if (row["idle_days"] or 0) < days or given > row["record_since"] + (reach - days) * _DAY:
        return None
    never = use.never
    if last:
        return Text(f"{never.en} since {last}", f"自 {last} 起{never.zh}")
    return Text(f"{never.en} in the record, which begins on {since}", f"自记录起始日 {since} 以来{never.zh}")


def _day(seconds: int | None) -> date | None:
    return datetime.fromtimestamp(seconds, UTC).date() if seconds is not None and 0 <= seconds <= _LAST else None


def _lack(place: Place, reason: str) -> None:
    """Once is enough; and a table that is not whole has said it already."""
    lacks = place.lacks["use"]
    if not any(problem.reason == reason for problem in lacks) and not place.holdings.lacks["use"]:
        lacks.append(Problem(Status.FAILED, reason))


def _gap(held: Held, level: Level, proof: Proof, since: Text) -> Gap:
    by, is_now = said(proof), level.text
    text = Text(
        f"{held.user} {since.en}, and is {is_now.en}: {by.en}",
        f"{held.user} {since.zh}，仍为{is_now.zh}：{by.zh}",
    )
    return Gap("unused", held.user, text, level, held=held.levels, proof=proof)
