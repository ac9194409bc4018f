"""Lists of entries found by whom or what they may stand for: ten thousand lines are not read for each request."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

from secops.hosts.sudoers import Answer, Member, Policy
from secops.hosts.sudoers_answer import SILENT, first_of, opposite, outcome

#: Lists longer than this are not gone through, but asked by key.
_LONG = 8

Node = str | int  # an alias by its name, or a list by its number


class Lists:
    """Lists of one kind (`User_Alias` …), each once and by its number, and the aliases that they name.

    `key` says what a subject must have for an entry to stand for it; None: any may.
    """

    def __init__(self, policy: Policy, kind: str, key: Callable[[Member], Hashable]) -> None:
        self._policy, self._kind, self._key = policy, kind, key
        self._aliases = {name: members for (of, name), members in policy.aliases.items() if of == kind}
        self._ranks = _ranks(self._aliases)
        self._numbers: dict[tuple[Member, ...], int] = {}
        self._entries: dict[Node, _Entries] = {}
        self._holders: dict[Hashable, list[Node]] = {}

    def number(self, members: tuple[Member, ...]) -> int:
        """The number of a list; it is added when it is new. Raises `TooLargeError`."""
        known = self._numbers.get(members)
        if known is None:
            known = self._numbers[members] = len(self._numbers)
            self._add(known, members)
        return known

    def outcomes(self, keys: Iterable[Hashable], matches: Callable[[Member], Answer]) -> dict[int, int]:
        """What lists come to for a subject that has these keys, by number; lists that say nothing are left out.

        Raises `TooLargeError`.
        """
        keyed = {None, *keys}
        lists, aliases = self._reached(keyed)
        said: dict[str, int] = {}

        def of(member: Member) -> int:
            if member.kind == "alias":
                found = said.get(member.text, SILENT)
                return opposite(found) if member.negated else found
            return outcome(matches(member), negated=member.negated)

        def ends_as(node: Node) -> int:
            entries = self._entries[node].relevant(keyed)
            self._policy.spend(len(entries) + 1)
            return first_of(map(of, entries))

        for name in sorted(aliases, key=self._ranks.__getitem__):
            said[name] = ends_as(name)
        found = {number: ends_as(number) for number in lists}
        return {number: one for number, one in found.items() if one != SILENT}

    def _reached(self, keyed: set[Hashable]) -> tuple[set[int], set[str]]:
        """The lists and the aliases that hold a key, or an alias that does; the aliases' own keys are added."""
        lists: set[int] = set()
        aliases: set[str] = set()
        waiting = list(keyed)
        while waiting:
            for node in self._holders.get(waiting.pop(), ()):
                if isinstance(node, int):
                    lists.add(node)
                elif node not in aliases:
                    aliases.add(node)
                    keyed.add(("alias", node))
                    waiting.append(("alias", node))
        return lists, aliases

    def _add(self, first: Node, members: tuple[Member, ...]) -> None:
        waiting: list[tuple[Node, tuple[Member, ...]]] = [(first, members)]
        while waiting:
            node, written = waiting.pop()
            plain = list(self._plain(written))
            self._policy.spend(len(plain) + 1)
            keys = [self._key_of(member) for member in plain]
            self._entries[node] = _Entries(plain, keys)
            for key in dict.fromkeys(keys):
                self._holders.setdefault(key, []).append(node)
            for member in plain:
                if member.kind == "alias" and member.text not in self._entries:
                    self._entries[member.text] = _Entries([], [])  # it waits
                    waiting.append((member.text, self._aliases[member.text]))

    def _plain(self, members: Iterable[Member]) -> Iterator[Member]:
        """The members; aliases that are not defined, or hold themselves, as sudo reads them."""
        for member in members:
            if member.kind == "alias" and member.text not in self._ranks:
                yield from self._policy.expand([member], self._kind)
            else:
                yield member

    def _key_of(self, member: Member) -> Hashable:
        return ("alias", member.text) if member.kind == "alias" else self._key(member)


class _Entries:
    """The entries of one list from the last to the first; of a long one with their places by key."""

    __slots__ = ("members", "places")

    def __init__(self, members: Sequence[Member], keys: Sequence[Hashable]) -> None:
        self.members = tuple(reversed(members))
        self.places: dict[Hashable, list[int]] | None = None
        if len(members) > _LONG:
            self.places = {}
            for place, key in enumerate(reversed(keys)):
                self.places.setdefault(key, []).append(place)

    def relevant(self, keyed: set[Hashable]) -> Sequence[Member]:
        """Those that may stand for a subject that has the keys; in a short list all."""
        if self.places is None:
            return self.members
        few, many = sorted((keyed, self.places.keys()), key=len)
        return [self.members[place] for place in sorted(p for key in few if key in many for p in self.places[key])]


def _ranks(aliases: dict[str, tuple[Member, ...]]) -> dict[str, int]:
    """Aliases in an order in which each comes after those that it holds; without those that come to hold themselves."""
    open_: dict[str, int] = {}
    held_by: dict[str, list[str]] = {}
    for name, members in aliases.items():
        inner = {member.text for member in members if member.kind == "alias" and member.text in aliases}
        open_[name] = len(inner)
        for one in inner:
            held_by.setdefault(one, []).append(name)
    ranks: dict[str, int] = {}
    waiting = [name for name, count in open_.items() if not count]
    while waiting:
        name = waiting.pop()
        ranks[name] = len(ranks)
        for outer in held_by.get(name, ()):
            open_[outer] -= 1
            if not open_[outer]:
                waiting.append(outer)
    return ranks
