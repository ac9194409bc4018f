"""Lines of arguments with which a program still opens something, as the content writes them in `opens`.

Words, parted by one space. `[a|b c]` are words that may be left out, one of `(a|b c)` must be there. Slots stand for
what the caller or the policy fills in, also within a word (`of={write}`); see `SLOTS`. `...` is any number of words.
`./` at the end is none: what the program takes is in the directory that the caller is in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import product, takewhile
from typing import Literal, NamedTuple

from secops.hosts.sudoers_patterns import matches_regex

Slot = Literal[
    "user",
    "login",
    "me",
    "group",
    "mine",
    "path",
    "script",
    "write",
    "obeyed",
    "read",
    "tree",
    "armed",
    "open",
    "suid",
    "image",
    "shell",
    "command",
    "word",
]

_NAME = r"[^-/ ][^ ]*"

#: What each slot takes: an account; one that can log in; the caller; a group as good as root; a file that the caller
#: can make, with a slash in `path`; one that is run as a script, which `trusted_files` tells of where it is fixed; one
#: to write, in `obeyed` only of those that root obeys, or to read; a directory that is written with all below; a mode
#: with the SUID bit; one that lets all write; a program that gives something with that bit; an image, which is the
#: caller's like `mine`, where a colon names another host; a shell; a program with its arguments, as the last; any word
#: that is no option.
SLOTS: Mapping[Slot, str] = {
    "user": _NAME,
    "login": _NAME,
    "me": r"[^-/: ][^/: ]*",
    "group": r"[^-/ ][^/ ]*",
    "path": r"[^- ][^ ]*/[^ ]*|/[^ ]*",
    "mine": r"[^- ][^ ]*",
    "script": r"[^- ][^ ]*",
    "write": r"[^- ][^ ]*",
    "obeyed": r"[^- ][^ ]*",
    "read": r"[^- ][^ ]*",
    "tree": r"/[^ ]*",
    "armed": r"0?[4-7][0-7]{2}[1357]|(?:[goa]*[ua][ugoa]*)?[+=][rwxXt]*s[rwxXts]*",
    "open": r"0?[0-7]?[0-7]{2}[2367]|(?:[uga]*[oa][ugoa]*)?[+=][rxXst]*w[rwxXst]*",
    "suid": r"/[^ ]*",
    "image": r"/[^ ]*|[^-:=/ ][^:= ]*",
    "shell": r"(?:/usr)?(?:/bin/)?(?:ba|da|z|k|a|c|tc|fi)?sh(?: (?:-i|-l|--login))?",
    "command": r"[^ ].*",
    "word": r"[^- ][^ ]*",
}

#: The end of a line that works in the caller's directory.
HERE = "./"

_TOKEN = re.compile(r"\[[^\]]*\]|\([^)]*\)|[^ ]+")
_SLOT = re.compile(r"\{([a-z]+)\}")

_ACCOUNTS = ("user", "login")

#: Arguments of every kind: what takes one of them takes whatever is wanted in its place.
_ANYTHING = (" -a=/b/c.d x_1 --e", "/b/c.d -a=1 --e x_1", "x -a=/b/c.d --e")
_ATOM = re.compile(r"(?:\.|\[\^?\]?[^\]]*\])(?:[*+]|\{[0-9]{0,3},[0-9]{0,3}\})")
_STAR = re.compile(r"(?<!\\)\*")
_GROUP = re.compile(r"(?<!\\)\(([^()|]*)(?:\|[^()]*)?\)")
_NESTED = 6  # groups within groups
_LONGEST = 1_024
_WILD = re.compile(r"[\\?*\[\]]")
_SIGN = re.compile(r"[\\.^$*+?()\[\]{}|]")
_PLAIN = re.compile(r"(?:[^\\?*\[\]]|\\.)*", re.DOTALL)


class Filled(NamedTuple):
    """What stands in one slot."""

    slot: Slot
    text: str


@dataclass(frozen=True)
class Line:
    """One line of the content."""

    text: str

    @cached_property
    def _tokens(self) -> list[list[str]]:
        """The words that may stand at each place; an empty one where none may."""
        found = []
        for token in _TOKEN.findall(self.text.removesuffix(HERE)):
            is_choice = token[0] in "[("
            found.append((token[1:-1].split("|") if is_choice else [token]) + [""] * (token[0] == "["))
        return found

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        return tuple(_SLOT.findall(self.text))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("".join(f"(?:{'|'.join(map(_as_regex, words))})" for words in self._tokens))

    def fill(self, arguments: str) -> list[Filled] | None:
        """What stands in the slots when these are the arguments, or None. Longer ones are none."""
        if len(arguments) > _LONGEST:
            return None
        found = self._pattern.fullmatch(f" {arguments}" if arguments else "")
        if found is None:
            return None
        return [Filled(slot, text) for slot, text in zip(self.slots, found.groups(), strict=True) if text is not None]

    @cached_property
    def _templates(self) -> list[str]:
        """The line with each choice made, and as few words as it takes."""
        made = (" ".join(word for word in words if word not in ("", "...")) for words in product(*self._tokens))
        return list(dict.fromkeys(made))

    def examples(self, given: Mapping[Slot, Sequence[str]], stem: str = "") -> Iterator[tuple[str, list[Filled]]]:
        """Arguments of this line that begin with `stem`.

        With every account, and all of the slot that most is given for; else with the first.
        """
        for template in self._templates:
            fixed = template.partition("{")[0]
            if not (stem.startswith(fixed) or fixed.startswith(stem)):
                continue
            slots: list[Slot] = _SLOT.findall(template)
            if not all(given[slot] for slot in slots):
                continue
            others = (slot for slot in slots if slot not in _ACCOUNTS)
            widest = max(others, key=lambda slot: len(given[slot]), default=None)
            varied = [slot for slot in dict.fromkeys(slots) if slot in (*_ACCOUNTS, widest)]
            for choice in product(*(given[slot] for slot in varied)):
                values = {slot: given[slot][0] for slot in slots} | dict(zip(varied, choice, strict=True))
                arguments = template.format(**values)
                if arguments.startswith(stem):
                    yield arguments, [Filled(slot, values[slot]) for slot in slots]


def _as_regex(word: str) -> str:
    """A word, or some, with the space before each."""
    if not word:
        return ""
    if word == "...":
        return "(?: [^ ]+)*?"
    parts = _SLOT.split(word)  # text, slot, text, …
    if parts[0] == "" and parts[1:2] in (["mine"], ["path"]) and len(parts) == 3:
        return f" ((?:{SLOTS[parts[1]]}){re.escape(parts[2])})"  # type: ignore[index]  # its ending is the file's
    taken = [f"({SLOTS[part]})" if number % 2 else re.escape(part) for number, part in enumerate(parts)]  # type: ignore[index]
    return " " + "".join(taken)


@cache
def line(text: str) -> Line:
    return Line(text)


def is_regex(arguments: str) -> bool:
    return arguments.startswith("^") and arguments.endswith("$")


def plain(arguments: str) -> str | None:
    """Arguments that stand for themselves alone, without sudoers' backslashes; None for a pattern."""
    if is_regex(arguments) or not _PLAIN.fullmatch(arguments):
        return None
    return re.sub(r"\\(.)", r"\1", arguments, flags=re.DOTALL)


def fixed_words(arguments: str) -> Iterator[str]:
    """The words of arguments that come before the first star.

    What comes behind it may be whatever the star leaves of it: the value of an option, a name behind `--`.
    """
    return takewhile(lambda word: not _STAR.search(word), arguments.split())


@lru_cache(maxsize=1_024)
def is_free(arguments: str) -> bool:
    """Whether a pattern takes arguments of every kind in some place: a star, or a part of a regular expression."""
    if not is_regex(arguments):
        return bool(_STAR.search(arguments))
    begin = "^(?i)" if arguments.startswith("^(?i)") else "^"
    atoms = dict.fromkeys(_ATOM.findall(arguments))
    return any(matches_regex(f"{begin}{atom}$", text) is not False for atom in atoms for text in _ANYTHING)


def stem(arguments: str) -> str:
    """What all that a pattern of arguments takes begins with."""
    if not is_regex(arguments):
        return _WILD.split(arguments, maxsplit=1)[0]
    begin = _SIGN.split(arguments[1:], maxsplit=1)[0]
    follows = arguments[1 + len(begin)]
    if "|" in arguments.partition("(")[0] or arguments.startswith("^(?i)"):
        return ""
    return begin[:-1] if follows in "*+?{" else begin


def example(arguments: str) -> str:
    """A text that a pattern of arguments may take; whether it does is to be asked."""
    if not is_regex(arguments):
        text = re.sub(r"(?<!\\)\[!?\]?([^\]])[^\]]*\]", r"\1", arguments)
        return re.sub(r"\\(.)", r"\1", re.sub(r"(?<!\\)[*?]", "x", text))
    text = re.sub(r"^\^(\(\?i\))?|\$$", "", arguments)
    for _ in range(_NESTED):
        text, count = _GROUP.subn(r"\1", text)
        if not count:
            break
    text = re.sub(r"(?<!\\)\[\^[^\]]+\]", "x", text)
    text = re.sub(r"(?<!\\)\[\]?([^\]])[^\]]*\]", r"\1", text)
    text = re.sub(r"(?<!\\)\.", "x", text)
    text = re.sub(r"(?<!\\)(?:[*+?]|\{[0-9,]*\})", "", text)
    return re.sub(r"\\(.)", r"\1", text)
