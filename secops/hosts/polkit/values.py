"""Values of the few shapes of JavaScript that rules are read in, and what the language does with them.

A value is a str, bool, int, a tuple (an array), a `re.Pattern`, or one of `Nothing`. `UNKNOWN` stands for one that
nothing here can tell; whatever is made of it is unknown too, never a guess.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Any


class Nothing(Enum):
    """null, undefined, and what is not known."""

    NULL = "null"
    UNDEFINED = "undefined"
    UNKNOWN = "unknown"


NULL, UNDEFINED, UNKNOWN = Nothing.NULL, Nothing.UNDEFINED, Nothing.UNKNOWN


class ScriptFailure(Exception):  # noqa: N818 - what JavaScript throws, not a fault of ours
    """The script ends with an exception here: polkit then authorizes nothing."""


#: Regular expressions that mean the same in both languages and take time in proportion.
_SIMPLE = re.compile(
    r"\^?(?:[\w@:/ -]|\\[./@-]|\.[*+]?|\[[\w.@-]+\][*+]?|\((?:[\w@:/-]|\\[./@-])+(?:\|(?:[\w@:/-]|\\[./@-])+)*\))*\$?",
    re.ASCII,
)
_MAX_QUANTIFIERS, _LONGEST = 2, 128


def pattern(text: str) -> Any:
    """A regular expression, `UNKNOWN` when it is none of the simple ones."""
    if len(text) > _LONGEST or not _SIMPLE.fullmatch(text) or len(re.findall(r"[*+]", text)) > _MAX_QUANTIFIERS:
        return UNKNOWN
    body = f"{text[:-1]}\\Z" if text.endswith("$") else text
    try:
        return re.compile(body.replace("\\/", "/"), re.ASCII)
    except re.error:  # a range that goes backwards
        return UNKNOWN


def truth(value: Any) -> bool | None:
    """Whether a value counts as true; None when that is not known."""
    if value is UNKNOWN:
        return None
    return value not in (NULL, UNDEFINED, False, "")  # 0 equals False


def equal(one: Any, other: Any, *, strict: bool) -> Any:
    """`==`, or `===`. Of values of two types `==` would convert one: that is left unknown."""
    if UNKNOWN in (one, other):
        return UNKNOWN
    nothing = (isinstance(one, Nothing), isinstance(other, Nothing))
    if any(nothing):
        return one is other if strict else all(nothing)
    if type(one) is not type(other):
        return False if strict else UNKNOWN
    return one == other if isinstance(one, str | bool | int) else UNKNOWN


def order(operator: str, one: Any, other: Any) -> Any:
    """`<` and its like, of numbers."""
    if type(one) is not int or type(other) is not int:
        return UNKNOWN
    return {"<": one < other, ">": one > other, "<=": one <= other, ">=": one >= other}[operator]


def plus(one: Any, other: Any) -> Any:
    return one + other if isinstance(one, str) and isinstance(other, str) else UNKNOWN


def method(name: str, target: Any, argument: Any) -> Any:
    """`target.name(argument)` of strings, arrays and regular expressions."""
    if isinstance(target, Nothing) and target is not UNKNOWN:
        raise ScriptFailure(f"{target.value} has no {name}")
    if isinstance(target, re.Pattern):
        return _matches(target, argument) if name == "test" else UNKNOWN
    if isinstance(target, tuple):
        return _index(target, argument) if name == "indexOf" else UNKNOWN
    if not isinstance(target, str):
        return UNKNOWN
    if name == "match":
        found = _matches(pattern(argument) if isinstance(argument, str) else argument, target)
        return found if found is UNKNOWN else (target,) if found else NULL
    if not isinstance(argument, str):
        return UNKNOWN
    of_strings = {"indexOf": target.find, "startsWith": target.startswith, "endsWith": target.endswith}
    return of_strings[name](argument) if name in of_strings else UNKNOWN


def _index(items: tuple[Any, ...], wanted: Any) -> Any:
    for at, item in enumerate(items):
        same = equal(item, wanted, strict=True)
        if same is UNKNOWN or same:
            return UNKNOWN if same is UNKNOWN else at
    return -1


def _matches(expression: Any, text: Any) -> Any:
    if not isinstance(expression, re.Pattern) or not isinstance(text, str) or len(text) > _LONGEST:
        return UNKNOWN
    return expression.search(text) is not None
