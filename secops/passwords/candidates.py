"""Candidates for one hash: slices of words, the likeliest first. Pure.

For a slow hash a short, well-ordered list beats a long one. Each group (a list or a pattern) has a share of the
guessable passwords; a form at rank r of a group weighs 1/r, a word of a ranked list likewise; the chance of one word is
the group's share, times its weight, over the group's size. So an organisation's list of a million words dilutes itself.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import sqrt

from secops.core.content import Text
from secops.passwords import words
from secops.passwords.wordlists import Content, Pattern, Source, WordList, from_library

#: Words of a slice at most: what is asked of a worker at once is cut from it.
_SLICE = 512

#: Accounts whose words are used for one hash: cloned hosts share a hash, and each would add its name.
_MOST_ACCOUNTS = 8

#: Of so many words the order says how likely they are; a longer list is a mere collection.
_FEW = 40

#: An organisation's list longer than this is not kept merged with the other lists, but made as it is used.
_LONG = 5000

_PLACE = re.compile(r"\{(\w+)\}")
_LEET = str.maketrans("aoeis", "@031$")


@dataclass(frozen=True, slots=True)
class Slice:
    """Some words of one group, and how likely each of them is to be the password."""

    group: str
    chance: float
    words: Sequence[str]


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of an account that may be in its password."""

    user: str
    gecos: str = ""
    hosts: tuple[str, ...] = ()


class Candidates:
    """The order in which words are tried. `titles` names each group: the reason that is told for a found password.

    `digest` tells candidates of the same words in the same order.
    """

    def __init__(self, content: Content, year: int) -> None:
        self.digest = f"{content.digest} {year}"
        self.titles: dict[str, Text] = {each.id: each.title for each in content.lists}
        self.titles |= {each.id: each.title for each in content.patterns}
        years = {"year": [year - ago for ago in (0, 1, 2, 3, -1, *range(4, 14))], "born": _born(year)}
        fills = {**content.fills, **{name: list(map(str, values)) for name, values in years.items()}}
        self._templates = {pattern.id: _templates(pattern, fills) for pattern in content.patterns}
        self._words = content.shared
        common = [p for p in content.patterns if len(self._words.get(p.source, ())) in range(1, _LONG)]
        self._own = [pattern for pattern in content.patterns if pattern not in common]
        self._own_groups = {pattern.id for pattern in self._own if pattern.source != "organisation"}
        self._chances: dict[str, float] = {}
        self._common = list(self._merged([*map(_of_list, content.lists), *map(self._of_pattern, common)]))

    def of(self, accounts: Sequence[Account]) -> Iterator[Slice]:
        """Slices for a hash that these accounts have, likeliest first.

        No word comes twice, but for those of a long list of an organisation's that other groups have, too.
        """
        few = accounts[:_MOST_ACCOUNTS]
        own: dict[Source, list[str]] = {
            "user": _distinct(words.of_user(account.user) for account in few),
            "name": _distinct(words.of_gecos(account.gecos) for account in few),
            "host": _distinct(words.of_host(account.hosts) for account in few),
        }
        streams = [self._of_pattern(pattern, own.get(pattern.source)) for pattern in self._own]
        early: set[str] = set()  # words of this hash's own patterns so far
        for part in heapq.merge(self._common, *streams, key=_likely):
            if part.group in self._own_groups:
                fresh: Sequence[str] = [
                    w for w in part.words if self._chances.get(w, 0.0) < part.chance and w not in early
                ]
                early.update(fresh)
            else:
                fresh = [w for w in part.words if w not in early] if early else part.words
            if fresh:
                yield Slice(part.group, part.chance, fresh)

    def _merged(self, streams: Sequence[Iterator[Slice]]) -> Iterator[Slice]:
        """The slices of what every hash is tried with, each word once; `_chances` remembers how likely it is."""
        for part in heapq.merge(*streams, key=_likely):
            fresh = [word for word in dict.fromkeys(part.words) if word not in self._chances]
            self._chances.update(dict.fromkeys(fresh, part.chance))
            if fresh:
                yield Slice(part.group, part.chance, fresh)

    def _of_pattern(self, pattern: Pattern, base: Sequence[str] | None = None) -> Iterator[Slice]:
        """The slices of a pattern: of a few words the first weighs most (1/√rank), of many all weigh the same."""
        base = self._words.get(pattern.source, ()) if base is None else base
        streams = [self._of_words(pattern, words, mass) for words, mass in _weighed(base)]
        return heapq.merge(*streams, key=_likely)

    def _of_words(self, pattern: Pattern, base: Sequence[str], mass: float) -> Iterator[Slice]:
        for weight, template in self._templates[pattern.id]:
            chance = pattern.share / 100 * weight * mass / len(base)
            for at in range(0, len(base), _SLICE):
                made = [template.format_map(_Variants(word)) for word in base[at : at + _SLICE]]
                yield Slice(pattern.id, chance, made)


class _Variants:
    """One word in the spellings that forms name: `{word}`, `{Word}`, `{WORD}`, `{drow}` (reversed), `{leet}`."""

    def __init__(self, word: str) -> None:
        self._word = word

    def __getitem__(self, name: str) -> str:
        word = self._word
        match name:
            case "word":
                return word
            case "Word":
                return word[:1].upper() + word[1:]
            case "WORD":
                return word.upper()
            case "drow":
                return word[::-1]
            case "leet":
                return word.translate(_LEET)
        raise KeyError(name)


def _templates(pattern: Pattern, fills: Mapping[str, Sequence[str]]) -> list[tuple[float, str]]:
    """A pattern's forms with the fills put in, the heaviest first; weights sum to 1.

    The form at rank r weighs 1/r, a fill at rank r 1/√r.
    """
    weighed: dict[str, float] = {}
    for rank, form in enumerate(pattern.forms, start=1):
        names = [name for name in _PLACE.findall(form) if name in fills]
        for values in product(*(enumerate(fills[name], start=1) for name in names)):
            template = form
            weight = 1 / rank
            for name, (place, value) in zip(names, values, strict=True):
                template = template.replace(f"{{{name}}}", value, 1)
                weight /= sqrt(place)
            weighed[template] = weighed.get(template, 0.0) + weight
    total = sum(weighed.values())
    return sorted(((weight / total, template) for template, weight in weighed.items()), reverse=True)


def _of_list(group: WordList) -> Iterator[Slice]:
    """A ranked list in bands that grow with the rank; the chance of a word is its band's mean."""
    listed = from_library(group.library) if group.library else group.words
    total = sum(1 / rank for rank in range(1, len(listed) + 1))
    start = 0
    while start < len(listed):
        end = min(len(listed), start + min(_SLICE, max(4, start // 2)))
        mass = sum(1 / rank for rank in range(start + 1, end + 1)) / (end - start)
        yield Slice(group.id, group.share / 100 * mass / total, listed[start:end])
        start = end


def _weighed(base: Sequence[str]) -> list[tuple[Sequence[str], float]]:
    """Words in groups of equal weight, and the part of the pattern's share that a group has."""
    if len(base) > _FEW:
        return [(base, 1.0)]
    total = sum(1 / sqrt(rank) for rank in range(1, len(base) + 1))
    return [([word], 1 / sqrt(rank) / total) for rank, word in enumerate(base, start=1)]


def _born(year: int) -> list[int]:
    """Years of birth of people who administer systems, from the middle outwards."""
    return sorted(range(year - 65, year - 17), key=lambda born: abs(year - 35 - born))


def _likely(part: Slice) -> float:
    return -part.chance


def _distinct(lists: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(word for each in lists for word in each))
