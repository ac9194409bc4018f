"""apk: `number{.number}…[letter]{_suffix[number]}…[~hash][-rnumber]` (apk-package(5)).

The order is that of apk-tools 2.12.14 to 2.14 for whatever has no `~`, refused or not. Versions with a `~hash`, which
came with apk-tools 3, stand where 3 has them. Besides, 3 differs from 2.14 only here:

- A number after a dot that begins with a zero comes before all that do not, in both. Of two such, 2.14 puts the one
  with more zeros first, then looks at values; 3 compares text. So 1.00 < 1.0 < 1.02 < 1.010 < 1.1 here, and
  1.0 < 1.00 < 1.010 < 1.02 < 1.1 there.
- A digit after the letter, as in 1.9.5p2, begins a number here; there it ends what is compared.
- A number of more than 17 digits is none here; there it is one, up to 64 bits.
- What is no version is newer than its good beginning here, older there.

Before 2.12.14 1.0_rc1 was newer than 1.0, which was a bug.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from secops.patches.versions.number import number

_TOKEN = re.compile(
    r"\.(?P<component>[0-9]*)"
    r"|(?P<number>[0-9]+)"
    r"|(?P<letter>[a-z])"
    r"|_(?P<suffix>alpha|beta|pre|rc|cvs|svn|git|hg|p|\Z)"
    r"|~(?P<hash>[0-9a-f]+)"
    r"|-r(?P<revision>[0-9]*)"
    r"|(?P<odd>(?s:.+))"
)

#: What each may come after. A number after a suffix is its count.
_AFTER = {
    "component": {"number", "component"},
    "number": {"letter"},
    "letter": {"number", "component"},
    "suffix": {"number", "component", "letter", "suffix", "count"},
    "count": {"suffix"},
    "hash": {"number", "component", "letter", "suffix", "count"},
    "revision": {"number", "component", "letter", "suffix", "count", "hash", "revision"},
    "odd": set[str](),
}

# What may come next, in order. A suffix of a version before the release is `_EARLY`, which comes before the end;
# `_ODD` is what belongs to no version, and ends what is compared.
_EARLY, _END, _REVISION, _HASH, _COUNT, _LATE, _LETTER, _NUMBER, _COMPONENT, _ODD = "!#$%&*+-.~"
_SUFFIXES = {
    **{name: f"{_EARLY}{place}" for place, name in enumerate(("alpha", "beta", "pre", "rc"))},
    **{name: f"{_LATE}{place}" for place, name in enumerate(("cvs", "svn", "git", "hg", "p"))},
    "": f"{_LATE}0",  # a mere `_` at the end
}

#: Turns the order of numbers round.
_ROUND = str.maketrans("0123456789:", ":9876543210")

_LONGEST = 17  # digits
_DIGITS = rf"[0-9]{{1,{_LONGEST}}}"
_COMPONENTS = rf"(?:\.(?:[1-9][0-9]{{0,{_LONGEST - 1}}}|0++(?:[1-9][0-9]{{0,{_LONGEST - 2}}})?))*+"
_SUFFIXED = rf"(?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)(?:{_DIGITS})?)*+"
_VALID = re.compile(
    rf"{_DIGITS}{_COMPONENTS}"
    rf"(?:(?:[a-z]{_DIGITS}{_COMPONENTS})*+[a-z]?{_SUFFIXED}|[a-z]?{_SUFFIXED}~[0-9a-f]+)"
    rf"(?:-r{_DIGITS})?"
)


def order(version: str, *, epoch: bool = True) -> str:  # noqa: ARG001 - apk has no epochs
    """The order of a version."""
    if not version:
        return ""
    text: list[str] = []
    before = "letter"
    for token in _TOKEN.finditer(version if "0" <= version[0] <= "9" else "0" + version):
        name = token.lastgroup or "odd"
        kind = "count" if name == "number" and before == "suffix" else name
        if before not in _AFTER[kind]:
            bad_suffix = token[0][0] == "_" and before in _AFTER["suffix"]
            return "".join(text) + (_SUFFIXES["rc"] if bad_suffix else "") + _ODD
        text.append(_ORDERS[kind](token[name]))
        if text[-1][-1] == _ODD:
            return "".join(text)
        before = kind
    return "".join(text) + _END


def _component(digits: str) -> str:
    """A number after a dot."""
    if digits[:1] != "0":
        return _COMPONENT + _value(digits)
    rest = digits.lstrip("0")
    zeros = len(digits) - len(rest)
    return _COMPONENT + (_below_zero(zeros - 1) if zeros > 1 else number("0")) + _NUMBER + _value("0" + rest)


def _value(digits: str) -> str:
    """A number; one that is too long comes before all, and ends what is compared."""
    return number(digits) if len(digits) <= _LONGEST else _below_zero(1) + _ODD


def _below_zero(size: int) -> str:
    return "!" + number(str(size)).translate(_ROUND)


_ORDERS: dict[str, Callable[[str], str]] = {
    "component": _component,
    "number": lambda digits: _NUMBER + _value(digits),
    "count": lambda digits: _COUNT + _value(digits),
    "revision": lambda digits: _REVISION + _value(digits),
    "letter": lambda letter: _LETTER + letter,
    "suffix": _SUFFIXES.__getitem__,
    "hash": lambda digits: f"{_HASH}{digits} ",
}


def fault(version: str) -> str:
    """What apk-tools 2.14 refuse, save a hash, and what they take but 3 rightly do not: `1.`, `1_`, `1-r`, `-r1`."""
    if not version:
        return "an empty version"
    return "" if _VALID.fullmatch(version) else "not what apk takes for a version"
