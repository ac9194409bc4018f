"""Duties that one person must not join (三员分立), held anywhere in the fleet, through whichever accounts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from secops.core.content import Text
from secops.hosts.evidence import Problem, Status
from secops.privilege.roles.holdings import Proof
from secops.privilege.roles.levels import Level, Pair, in_order
from secops.privilege.roles.place import Gap, Place, said
from secops.privilege.roles.posts import Roles

#: A person by name. An account that is no person's is one of its own: (host, login name).
_Subject = str | tuple[str, str]


@dataclass(frozen=True)
class _Duty:
    """A duty of somebody on one host: held through an account, or only declared (`proof` is None)."""

    host: str
    user: str | None
    level: Level
    proof: Proof | None = None

    @property
    def said(self) -> Text:
        return said(self.proof) if self.proof else Text("as declared", "依据声明")


_Duties = dict[Level, dict[str, _Duty]]  # by level and host


def found(roles: Roles, places: Mapping[str, Place]) -> dict[str, list[Gap]]:
    """The conflicts, by the host where the least would have to be taken away.

    Where it is not known what a person holds on one host, the part `conflicts` of the person's other hosts lacks it.
    """
    apart = frozenset(level for pair in roles.separate for level in pair)
    by_subject: dict[_Subject, _Duties] = defaultdict(lambda: defaultdict(dict))
    for place in places.values():
        for subject, duty in _duties(place):
            if duty.level in apart:
                by_subject[subject][duty.level].setdefault(duty.host, duty)
    gaps = defaultdict(list)
    for subject, duties in by_subject.items():
        for pair in sorted(roles.separate, key=in_order):
            for host, gap in _between(subject, duties, pair):
                gaps[host].append(gap)
    _tell_unknown(by_subject, places)
    return gaps


def _duties(place: Place) -> Iterator[tuple[_Subject, _Duty]]:
    """What is held comes before what is only declared."""
    for held in place.held():
        if place.is_kept(held.user):
            continue
        subjects: list[_Subject] = [*place.people(held.user)] or [(place.host, held.user)]
        for level, proof in held.levels.items():
            for subject in subjects:
                yield subject, _Duty(place.host, held.user, level, proof)
    for post in place.posts:
        if post.holder.kind == "person":
            user = next((account.written for account in post.accounts), None)
            for level in post.levels:
                yield post.holder.name, _Duty(place.host, user, level)


def _between(subject: _Subject, duties: _Duties, pair: Pair) -> Iterator[tuple[str, Gap]]:
    """One gap for each host of the duty that is held on fewer hosts; of as many, the one that is really held."""
    if not pair <= duties.keys():
        return
    first, second = in_order(pair)
    less, most = sorted((second, first), key=lambda level: (len(duties[level]), not _is_held(duties[level])))
    for host, duty in duties[less].items():
        other = duties[most].get(host) or next(iter(duties[most].values()))
        yield host, _gap(subject, duty, other, len(duties[most]) - 1)


def _is_held(duties: Mapping[str, _Duty]) -> bool:
    return any(duty.proof for duty in duties.values())


def _gap(subject: _Subject, duty: _Duty, other: _Duty, more: int) -> Gap:
    person = subject if isinstance(subject, str) else None
    who = person or duty.user
    one, two, why, because = duty.level.text, other.level.text, duty.said, other.said
    where = Text("here too", "本机") if other.host == duty.host else Text(f"on {other.host}", f"主机 {other.host}")
    others = Text(f" and on {more} more", f"等 {more + 1} 台主机") if more else Text("", "")
    text = Text(
        f"{who} is {one.en} here ({why.en}) and {two.en} {where.en}{others.en} ({other.user}: {because.en})",
        f"{who} 在本机为{one.zh}（{why.zh}），又在{where.zh}{others.zh}为{two.zh}（{other.user}：{because.zh}）",
    )
    return Gap("conflict", duty.user, text, duty.level, person, (), {duty.level}, duty.proof, other.level)


def _tell_unknown(by_subject: Mapping[_Subject, _Duties], places: Mapping[str, Place]) -> None:
    """Tell each host of one person with a duty there of whom it is not known what they hold on another."""
    unknown: dict[str, list[str]] = defaultdict(list)
    for place in places.values():
        place.lacks["conflicts"] = []
        if not place.is_whole:
            for post in place.posts:
                if post.holder.kind == "person":
                    unknown[post.holder.name].append(place.host)
    for person, unseen in unknown.items():
        for host in {host for hosts in by_subject.get(person, {}).values() for host in hosts}:
            lacks = places[host].lacks["conflicts"]
            if (other := next((one for one in unseen if one != host), None)) and not lacks:
                lacks.append(Problem(Status.FAILED, f"what {person} holds on {other} is not known"))
