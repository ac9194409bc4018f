"""What is tried: lists, patterns and vocabulary below `rules/passwords/`, and an organisation's own words."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from secops.core import yaml
from secops.core.content import Text, shipped
from secops.core.errors import UsageError
from secops.core.i18n import _, because
from secops.passwords import words

#: Bytes of an organisation's word list: about a million entries take 10 MB.
MAX_LIST = 256 << 20

_LONGEST_WORD = 64

T = TypeVar("T")
Source = Literal["user", "name", "host", "organisation", "vocabulary", "account"]


class WordList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whole passwords, the most likely first. `share` as in `Pattern`. `library` names a list that a library brings."""

    id: str
    title: Text
    share: float
    words: list[str] = []
    library: Literal["zxcvbn"] | None = None


class Pattern(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Passwords built around a word of `source`, by `forms` such as `{Word}@{year}`, the most likely form first.

    `share`: of a hundred guessable passwords, how many are expected here.
    """

    id: str
    title: Text
    share: float
    source: Source
    forms: list[str]


class _Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    fills: dict[str, list[str]] = {}
    vocabulary: list[str] = []
    accounts: list[str] = []
    lists: list[WordList] = []
    patterns: list[Pattern] = []


class _Organisation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    words: list[str]


@dataclass(frozen=True)
class Content:
    """Everything that is tried on every account. `digest` tells when it changed."""

    fills: dict[str, list[str]]
    lists: Sequence[WordList]
    patterns: Sequence[Pattern]
    shared: dict[Source, list[str]]
    digest: str


def load(organisation: Sequence[str] = ()) -> Content:
    """The shipped content, with an organisation's words (see `load_words`). Raises `UsageError` with file and line."""
    folder = shipped("rules") / "passwords"
    digest = hashlib.sha256()
    whole = _Content()
    for path in sorted(folder.glob("*.yml")):
        if path.name.endswith(".example.yml"):
            continue
        part = _read(path, _Content)
        digest.update(path.read_bytes())
        whole = _Content(
            {**whole.fills, **part.fills},
            whole.vocabulary + part.vocabulary,
            whole.accounts + part.accounts,
            whole.lists + part.lists,
            whole.patterns + part.patterns,
        )
    own = list(dict.fromkeys(form for word in organisation for form in _forms(word)))
    for word in own:
        digest.update(word.encode() + b"\n")
    shared: dict[Source, list[str]] = {
        "vocabulary": list(dict.fromkeys(form for word in whole.vocabulary for form in _forms(word))),
        "account": whole.accounts,
        "organisation": own,
    }
    return Content(whole.fills, whole.lists, whole.patterns, shared, digest.hexdigest())


def load_words(path: Path) -> list[str]:
    """An organisation's words: a YAML file like `organisation.example.yml`, or a text with one word a line."""
    if path.suffix in (".yml", ".yaml"):
        return _read(path, _Organisation).words
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_LIST + 1)
    except OSError as error:
        raise UsageError(_("cannot be read: {reason}").format(reason=because(error)), where=str(path)) from error
    if len(raw) > MAX_LIST:
        raise UsageError(_("is larger than {n} MiB").format(n=MAX_LIST >> 20), where=str(path), hint=_("Shorten it."))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        hint = _("Convert it: iconv -f GB18030 -t UTF-8")
        raise UsageError(_("is not UTF-8"), where=f"{path}:{line}", hint=hint) from error
    return [word for line in text.split("\n") if (word := line.strip()) and not word.startswith("#")]


def from_library(name: str) -> list[str]:
    """A frequency list that a kept library brings: zxcvbn's 30,000 passwords, from leaks, the most frequent first."""
    if name != "zxcvbn":
        raise ValueError(name)
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return list(FREQUENCY_LISTS["passwords"])


def _forms(word: str) -> list[str]:
    """A word in Latin letters."""
    word = word.strip()[:_LONGEST_WORD]
    return [word.lower()] if word.isascii() and " " not in word else words.of_phrase(word)


def _read(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.convert(yaml.load(path), kind, strict=True)
    except msgspec.ValidationError as error:
        raise UsageError(str(error), where=str(path)) from error
