"""Grading (权限分级, 三员分立): where what accounts hold differs from what `roles.yml` declares, as `role_gaps`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from secops.core.content import Text
from secops.hosts.evidence import Problem, Status
from secops.hosts.tables import Facts
from secops.hosts.tables.sudo_rules import MAX_ROWS
from secops.privilege.roles import conflicts, disuse, sharing
from secops.privilege.roles.holdings import Held, Holdings
from secops.privilege.roles.levels import Level, covers, in_order, named
from secops.privilege.roles.place import Gap, Place, said
from secops.privilege.roles.posts import NOBODY, Post, Roles


def undeclared(hosts: Mapping[str, Holdings], today: date) -> dict[str, Facts]:
    """The table of each host when nobody has given a `roles.yml`: of its parts only the one about use can be whole."""
    lack = [Problem(Status.ABSENT, "no roles are declared")]
    lacks = {"rights": lack, "conflicts": lack, "shared": lack}
    facts = {host: _facts(place, disuse.found(place)) for host, place in _places(NOBODY, hosts, today).items()}
    return {host: Facts(found.rows, {**found.problems, **lacks}) for host, found in facts.items()}


def gaps(roles: Roles, hosts: Mapping[str, Holdings], today: date) -> dict[str, Facts]:
    """The table of each host. What people hold is compared over all of them, so they are to be given together."""
    places = _places(roles, hosts, today)
    joined = conflicts.found(roles, places)
    kinds = (_of_accounts, _missing, sharing.found, disuse.found)
    return {
        host: _facts(place, [*joined.get(host, ()), *(gap for kind in kinds for gap in kind(place))])
        for host, place in places.items()
    }


def _places(roles: Roles, hosts: Mapping[str, Holdings], today: date) -> dict[str, Place]:
    return {host: Place(host, today, roles, held) for host, held in hosts.items()}


def _facts(place: Place, gaps: Iterable[Gap]) -> Facts:
    """The rows of gaps, and what lacks once all of them are found."""
    found = list(gaps)
    if len(found) > MAX_ROWS:
        place.lacks[""].append(Problem(Status.TRUNCATED, f"more than {MAX_ROWS} gaps"))
    lacks, base = place.lacks, place.lacks[""]
    rights = [*base, *lacks["rights"]]
    problems = {
        "": base,
        "rights": rights,
        "conflicts": [*rights, *lacks.get("conflicts", ())],
        "shared": [*rights, *lacks["shared"]],
        "use": [*rights, *lacks["use"]],
    }
    return Facts([gap.row(place.roles) for gap in found[:MAX_ROWS]], problems)


def _of_accounts(place: Place) -> Iterator[Gap]:
    """What accounts hold and nobody declares, or no longer, or not of them."""
    for held in place.held():
        if not held.levels or place.is_kept(held.user):
            continue
        if posts := place.posts_of(held.user):
            yield from _beyond(held, posts)
        else:
            yield _undeclared(held)


def _beyond(held: Held, posts: list[Post]) -> Iterator[Gap]:
    """The levels of an account that its holders are not declared for today."""
    declared = frozenset(level for post in posts for level in post.levels)
    ended = {level: day for post in posts for level, day in post.ended.items()}
    person = ", ".join(dict.fromkeys(post.holder.name for post in posts))
    for level, proof in held.levels.items():
        if covers(declared, level):
            continue
        by, is_now, was = said(proof), level.text, [end for end in in_order(ended) if covers([end], level)]
        if was:
            day = ended[was[0]]
            text = Text(
                f"{held.user} ({person}) was declared {was[0].text.en} until {day}, and still is {is_now.en}: {by.en}",
                f"{held.user}（{person}）的{was[0].text.zh}权限已于 {day} 到期，实际仍为{is_now.zh}：{by.zh}",
            )
            yield Gap("expired", held.user, text, level, person, declared, held.levels, proof)
            continue
        may = named(declared) if declared else Text("nothing here", "在此主机上无任何权限")
        text = Text(
            f"{held.user} ({person}) is declared {may.en}, and is {is_now.en}: {by.en}",
            f"{held.user}（{person}）声明为{may.zh}，实际为{is_now.zh}：{by.zh}",
        )
        yield Gap("too_much", held.user, text, level, person, declared, held.levels, proof)


def _undeclared(held: Held) -> Gap:
    level, proof = next(iter(held.levels.items()))
    by, levels = said(proof), named(held.levels)
    text = Text(
        f"nobody is declared for {held.user}, who is {levels.en}: {by.en}",
        f"{held.user} 未声明归属，实际为{levels.zh}：{by.zh}",
    )
    return Gap("undeclared", held.user, text, level, held=held.levels, proof=proof)


def _missing(place: Place) -> Iterator[Gap]:
    """What is declared and not held. Where not everything was seen, nothing is known to be missing."""
    if not place.is_whole:
        return
    for post in place.posts:
        accounts = place.accounts_of(post)
        held = frozenset(level for account in accounts for level in account.levels)
        if any(account.is_root for account in accounts) or (accounts and post.holder.kind == "break_glass"):
            held |= {Level.SYSTEM}
        for level in in_order(post.levels):
            if not covers(held, level):
                yield _not_held(post, level, accounts, held)


def _not_held(post: Post, level: Level, accounts: list[Held], held: frozenset[Level]) -> Gap:
    written = next((account.written for account in post.accounts if not account.is_glob), None)
    user = accounts[0].user if accounts else written
    has = named(held) if held else Text("nothing", "无任何权限")
    if not accounts:
        has = Text("has no account here", "在此主机上没有账户")
    else:
        has = Text(f"holds {has.en}", f"实际为{has.zh}")
    who = post.holder.name
    text = Text(f"{who} is declared {level.text.en} and {has.en}", f"{who} 声明为{level.text.zh}，{has.zh}")
    return Gap("missing", user, text, level, who, post.levels, held)
