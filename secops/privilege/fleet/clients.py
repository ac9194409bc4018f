"""Which lines of ssh's configuration forward an account's agent to a host, whatever the host may be called.

A host is called by its name in the inventory, by what it calls itself, by either in front of a domain not known,
by a name that HostName of the configuration turns into one of these, or by one of its addresses. By that only where
patterns are of addresses: of one who types it, to get round patterns of names, nothing is said. Names that only DNS or
/etc/hosts have for it are not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import translate
from functools import lru_cache
from typing import NamedTuple

from secops.hosts.sudoers_answer import any_of, both
from secops.hosts.tables import Row

#: True, False, or None for what is not known.
Truth = bool | None

_BETWEEN = " + "
_OF_ADDRESSES = re.compile(r"[0-9a-fA-F.:*?]*[0-9:][0-9a-fA-F.:*?]*")
_ALONE = frozenset({"all", "canonical", "final"})


class Setting(NamedTuple):
    """A line that forwards the agent, or does not, in its blocks. `aliases` are (name, what HostName makes of it)."""

    context: str
    on: bool
    aliases: tuple[tuple[str, str], ...]
    source: str
    line: int | None

    @classmethod
    def of(cls, row: Row) -> Setting:
        pairs = (pair.partition(" ") for pair in row["aliases"] or ())
        aliases = tuple((name, target) for name, _, target in pairs)
        return cls(row["context"], row["forward_agent"] != "no", aliases, row["source"], row["line"])

    @property
    def of_addresses(self) -> bool:
        """Whether a pattern of its blocks is of addresses."""
        return any(_OF_ADDRESSES.fullmatch(word) for word in self.context.replace(",", " ").split())


class Called(NamedTuple):
    """What may stand for a host on a command line. Text None: an address that is not known."""

    text: str | None
    bare: bool = False  # it may have a domain behind it
    is_address: bool = False

    def fits(self, pattern: str) -> Truth:
        if self.text is None:
            return True if pattern == "*" else None if _OF_ADDRESSES.fullmatch(pattern) else False
        if _expression(pattern).fullmatch(self.text.lower()):
            return True
        label, dot, _ = pattern.partition(".")
        return None if self.bare and dot and _expression(label).fullmatch(self.text.lower()) else False


@lru_cache(4096)
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern[:255].lower().replace("[", "[[]")))


def called(host: str, tables: Mapping[str, Iterable[Row]]) -> list[Called]:
    """What a host may be called, from the rows of `hosts` and `host_addresses`."""
    own = [row["name"] for row in tables.get("hosts", ()) if row["name"]]
    addresses = [row["address"] for row in tables.get("host_addresses", ())]
    names = list(dict.fromkeys((host, *own)))
    shorts = [name.partition(".")[0] for name in names if "." in name and not _OF_ADDRESSES.fullmatch(name)]
    bare = not shorts
    found = [Called(name, bare) for name in dict.fromkeys((*names, *shorts))]
    return found + ([Called(one, is_address=True) for one in addresses] or [Called(None, is_address=True)])


@dataclass
class Client:
    """The ssh clients of a host: the settings of each account, in the order in which they count."""

    rows: dict[str | None, list[Setting]] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Client:
        found = cls()
        for row in rows:
            found.rows.setdefault(row["user_name"], []).append(Setting.of(row))
        return found

    def settings(self, user: str) -> tuple[Setting, ...]:
        """Those of the account, then the system's."""
        return (*self.rows.get(user, ()), *self.rows.get(None, ()))


def forwarding(settings: Sequence[Setting], user: str, target: Sequence[Called]) -> list[int]:
    """Places of the settings by which the client forwards the agent, or may, to a host however it is called."""
    found = set[int]()
    aliases = dict.fromkeys(
        (name, other) for setting in settings for name, other in setting.aliases if _means(other, target)
    )
    for name in (*target, *(Called(alias) for alias, _ in aliases)):
        for place, setting in enumerate(settings):
            applies = _applies(setting.context, name, user)
            if applies is not False and setting.on and (not name.is_address or setting.of_addresses):
                found.add(place)
            if applies:
                break  # the first one counts
    return sorted(found)


def _means(name: str, target: Iterable[Called]) -> bool:
    return any(one.fits(name) is not False for one in target)


def _applies(context: str, name: Called, user: str) -> Truth:
    answer: Truth = True
    for block in context.split(_BETWEEN) if context else ():
        kind, _, rest = block.partition(" ")
        if kind == "host":
            answer = both(answer, _listed(rest.split(), name))
        elif kind == "match":
            answer = both(answer, _matches(rest.split(), name, user))
    return answer


def _listed(words: Iterable[str], name: Called) -> Truth:
    """Whether one of the patterns fits and none of the negated ones does."""
    known = [(word.startswith("!"), name.fits(word.removeprefix("!"))) for word in words]
    kept_out = any_of(answer for negated, answer in known if negated)
    return both(any_of(answer for negated, answer in known if not negated), None if kept_out is None else not kept_out)


def _matches(words: Sequence[str], name: Called, user: str) -> Truth:
    """Criteria of Match. As whom one logs in, what commands say, and which name HostName makes are not known."""
    answer: Truth = True
    for criterion, value in _criteria(words):
        kind = criterion.removeprefix("!")
        one: Truth = None
        if kind in ("host", "originalhost"):
            one = _listed(value.split(","), name)
        elif kind == "localuser":
            one = _listed(value.split(","), Called(user))
        elif kind == "all":
            one = True
        answer = both(answer, one if kind == criterion or one is None else not one)
    return answer


def _criteria(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    rest = iter(words)
    for word in rest:
        criterion, equals, value = word.lower().partition("=")
        alone = criterion.removeprefix("!") in _ALONE
        yield criterion, value if equals or alone else next(rest, "")
