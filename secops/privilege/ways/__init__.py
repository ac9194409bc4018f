"""Ways of accounts to root and to each other on one host: one module for each kind. Rows of two tables come of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from secops.hosts.evidence import Evidence, Problem, Status
from secops.hosts.tables import Built, Facts, Table
from secops.hosts.tables.account_ways import TABLE as ACCOUNT_WAYS
from secops.hosts.tables.root_ways import TABLE as ROOT_WAYS
from secops.hosts.tables.sudo_rules import MAX_ROWS
from secops.privilege.way import STEP, Kind, View, Way
from secops.privilege.ways import (
    by_doas,
    by_file,
    by_group,
    by_pam,
    by_polkit,
    by_socket,
    by_sudo,
    by_suid,
    second_root,
)

KINDS: tuple[Kind, ...] = tuple(
    module.KIND for module in (second_root, by_group, by_sudo, by_doas, by_polkit, by_suid, by_socket, by_file, by_pam)
)

#: Tables that say which accounts there are: without one of them a way of any kind may be missing.
_NEEDS = ("users", "groups", "group_members")


def privileges(evidence: Evidence, tables: Mapping[str, Facts]) -> dict[str, Facts]:
    """The tables that this room works out of one host's others. Never raises: what breaks is not whole."""
    try:
        return _both(View.of(evidence, tables))
    except Exception as error:  # one host must not stop a fleet
        return {table.name: Facts([], _broken(table, error)) for table in (ROOT_WAYS, ACCOUNT_WAYS)}


def _both(view: View) -> dict[str, Facts]:
    ways: list[Way] = []
    problems: dict[str, list[Problem]] = {"": [p for name in _NEEDS for p in view.tables[name].problems[""]]}
    for kind in KINDS:
        found, lack = _of_kind(kind, view)
        ways += found
        problems[kind.part] = problems.get(kind.part, problems[""]) + lack
    ways = _leading(ways)
    to_root = [way.row for way in ways if way.becomes == view.root.name]
    to_others = [{**way.row, "becomes": way.becomes} for way in ways if way.becomes != view.root.name]
    return {
        table.name: Facts(rows, {part: problems.get(part, problems[""]) for part in ("", *table.parts)})
        for table, rows in ((ROOT_WAYS, to_root), (ACCOUNT_WAYS, to_others))
    }


def _leading(ways: list[Way]) -> list[Way]:
    """Ways, without those to groups that lead nowhere."""
    while True:
        users = {way.user for way in ways}
        found = [way for way in ways if not way.becomes.startswith(STEP) or way.becomes in users]
        if len(found) == len(ways):
            return found
        ways = found


def _of_kind(kind: Kind, view: View) -> tuple[list[Way], list[Problem]]:
    """The ways of one kind, and why they are not all of them."""
    built, found = Built(), list[Way]()
    try:
        for way in kind.find(view, built):
            if len(found) == MAX_ROWS:
                built.lack(f"more than {MAX_ROWS} ways")
                break
            found.append(way)
    except Exception as error:  # a kind that breaks must not take the others with it
        built.lack(f"cannot be worked out ({type(error).__name__})")
    return found, [*_lacking(kind, view), *built.problems, *_uncertain(found)]


def _lacking(kind: Kind, view: View) -> Iterator[Problem]:
    for need in kind.needs:
        table, _, part = need.partition(".")
        yield from view.tables[table].problems[part]


def _uncertain(ways: list[Way]) -> list[Problem]:
    """One says it: of a part with a way that hangs on what is not known, nobody can say that it has none."""
    return [_doubt(way) for way in ways if not way.certain][:1]


def _doubt(way: Way) -> Problem:
    """What is not known: of a program what it does, of a socket or disk if it is one, of a rule whose it is."""
    place = way.source if way.line is None else f"{way.source}:{way.line}"
    reason = f"{place}: whether it is for {way.user} here is not known"
    if way.doubt:
        reason = f"{place}{way.doubt}"
    elif way.way in ("suid", "sgid", "capability"):
        reason = f"{place}: what this program does is not known"
    elif way.way == "socket":
        reason = f"{place}: whether it is in use is not known"
    return Problem(Status.FAILED, reason)


def _broken(table: Table, error: Exception) -> dict[str, list[Problem]]:
    lack = [Problem(Status.FAILED, f"cannot be worked out ({type(error).__name__})")]
    return {"": lack, **dict.fromkeys(table.parts, lack)}
