"""Which paths a wildcard or a regular expression of sudoers means on a host, and where a new one can be made."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from functools import cached_property

from secops.hosts.sudoers_patterns import PERIOD, matches_regex, matches_wildcard
from secops.hosts.trusted.patterns import choices, is_deep, is_wild, listed, of_expression
from secops.hosts.trusted.tree import Tree, Unseen


@dataclass
class Spread:
    """What a host listed: its tree, and the patterns of which all matches were looked at."""

    tree: Tree
    listed: Set[str]

    @cached_property
    def ends(self) -> dict[str, list[str]]:
        """Patterns with a wildcard in their last name alone, by their directory with a slash at its end."""
        found: dict[str, list[str]] = {}
        for pattern in sorted(self.listed):
            folder, slash, last = pattern.rpartition("/")
            if is_wild(last) and not is_wild(folder):
                found.setdefault(folder + slash, []).append(pattern)
        return found

    @cached_property
    def _names(self) -> dict[str, list[str]]:
        """What is in directories, by where they are."""
        found: dict[str, list[str]] = {}
        for path in self.tree.entries:
            folder, _, name = path.rpartition("/")
            found.setdefault(folder or "/", []).append(name)
        return found

    def of_wildcard(self, pattern: str) -> Iterator[str]:
        """Paths that it matches, and with a slash at their end directories in which it could match one more.

        Raises `Unseen` when they were not listed.
        """
        yield from self._matches(self._seen(listed(pattern)), pattern)

    def of_expression(self, expression: str) -> Iterator[str]:
        """The same of a regular expression. Raises `Unseen` also where it may match what lies deeper."""
        chosen = choices(expression)
        if not (expression.startswith("^/") and is_wild(of_expression(expression))):
            yield from map(_plain, chosen)
            return
        places, deep = self._seen(listed(of_expression(expression))), list[str]()
        for one in chosen if not is_deep(expression) else [expression]:
            for path in self._matches(places, of_expression(one)):
                if path.endswith("/") or matches_regex(expression, path) is not False:
                    yield path
                if is_deep(expression) and not path.endswith("/") and self._is_directory(path):
                    deep.append(path)
        if deep:
            raise Unseen(f"{deep[0]}/")

    def _seen(self, pattern: str) -> str:
        if pattern not in self.listed:
            raise Unseen(pattern)
        return pattern

    def _matches(self, places: str, pattern: str) -> Iterator[str]:
        """Of a pattern: names are looked for where that of the list has wildcards."""
        heads = [""]
        wild = [is_wild(place) for place in places.split("/")[1:]]
        parts = [part for part in pattern.split("/") if part]
        for at, (is_listed, part) in enumerate(zip(wild, parts, strict=False)):
            if is_listed:
                yield from (f"{head}/" for head in heads)
                heads = [f"{head}/{name}" for head in heads for name in self._in(head, part)]
                heads = [head for head in heads if at == len(wild) - 1 or self._is_directory(head)]
            else:
                heads = [f"{head}/{part}" for head in heads]
        yield from heads

    def _in(self, folder: str, part: str) -> Iterator[str]:
        """Names in a directory that a part of a pattern matches, or may match."""
        real = self.tree.leads_to(folder) if folder else "/"
        names = self._names.get(real, []) if real else []
        return (name for name in names if name and matches_wildcard(part, name, PERIOD) is not False)

    def _is_directory(self, path: str) -> bool:
        entry = self.tree.entries.get(self.tree.leads_to(path) or "")
        return entry is not None and entry.kind == "d"


def _plain(expression: str) -> str:
    """The path that an expression without wildcards is. Raises `Unseen` when it is more."""
    path = of_expression(expression)
    if not expression.startswith("^/") or is_wild(path):
        raise Unseen(expression)
    return path
