"""What a pin speaks of: versions and repositories, by words, wildcards and regular expressions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from secops.hosts.apt.preferences import Pin
from secops.hosts.apt.repository import Repository
from secops.hosts.sudoers_patterns import CASEFOLD, matches_regex, matches_wildcard


class UndecidableError(Exception):
    """What hangs on a pattern that cannot be told, or on a setting that apt refuses."""


@dataclass
class Version:
    """A version of one package. `repositories` are where it can be had; `installed` says that it is there."""

    text: str
    source: str
    source_version: str
    repositories: list[Repository] = field(default_factory=list)
    installed: bool = False
    phased: int = 100

    @property
    def is_security(self) -> bool:
        return any(repository.is_security for repository in self.repositories)


def matches_version(pin: Pin, version: Version) -> bool:
    """Whether a version is what a pin of named packages speaks of."""
    if pin.type == "version":
        return _is_version(pin.data, version.text)
    if pin.type == "source-version":
        return _is_version(pin.data, version.source_version)
    files: list[Repository | None] = [*version.repositories, *([None] if version.installed else [])]
    return any(matches_file(pin, one) for one in files)


def _is_version(pattern: str, text: str | None) -> bool:
    """A whole version, its start before `*`, or an expression."""
    if text is None or not pattern:
        return False
    start = pattern.removesuffix("*")
    if text.lower() == pattern.lower() or (start != pattern and text.lower().startswith(start.lower())):
        return True
    return expression(start, text)


def matches_file(pin: Pin, repository: Repository | None) -> bool:
    """Whether a repository, or what is installed (None, of which apt says only `now`), is what a pin speaks of."""
    if pin.type == "origin":
        return repository is not None and repository.site is not None and expression(_site(pin.data), repository.site)
    if pin.type != "release":
        return False
    asked = _asked(pin.data)
    if asked is None or "*" in asked:
        return asked is not None
    if repository is None:
        now = all(expression(asked[key], "now") for key in ("a", "", "c") if key in asked)
        return now and not asked.keys() & {"o", "l", "v", "n", "b"}
    tests = [_fits(key, pattern, repository) for key, pattern in asked.items()]
    return bool(tests) and all(tests)


def _fits(key: str, pattern: str, repository: Repository) -> bool:
    if key == "v":
        return _is_version(pattern, repository.version)
    if key == "":  # a bare word is a suite or a codename
        return expression(pattern, repository.suite) or expression(pattern, repository.codename)
    text = {
        "o": repository.origin, "a": repository.suite, "n": repository.codename, "l": repository.label,
        "c": repository.component, "b": repository.architecture,
    }[key]  # fmt: skip
    return expression(pattern, text)


def _site(data: str) -> str:
    return data[1:-1] if len(data) >= 2 and data[0] == data[-1] == '"' else data


def _asked(data: str) -> dict[str, str] | None:
    """What `a=…,n=…` asks for, by letter ("" for a bare word, `*` for anything); None for what apt cannot read."""
    if data == "*":
        return {"*": ""}
    if "=" not in data:
        return {} if not data else {"v" if data[0].isdigit() else "": data}
    parts = [part.strip() for part in data[:299].split(",")]
    if len(parts) > 19:
        return None
    pairs = ((part[0].lower(), part[2:]) for part in parts if len(part) > 2 and part[1] == "=")
    return {letter: text for letter, text in pairs if letter in "voanlcb"}


def expression(pattern: str, text: str | None) -> bool:
    """A wildcard, or a regular expression between slashes; neither looks at case. Nothing matches what is not said."""
    if text is None:
        return False
    if len(pattern) > 1 and pattern[0] == pattern[-1] == "/":
        found = matches_regex(pattern[1:-1], text, ignore_case=True)
    elif not re.search(r"[*?\[\\]", pattern):
        return pattern.lower() == text.lower()
    else:
        found = matches_wildcard(pattern, text, CASEFOLD)
    if found is None:
        raise UndecidableError("a pattern that cannot be told")
    return found
