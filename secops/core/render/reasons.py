"""Reasons in the reader's language. Evidence, verdicts and the JSON report keep them in English; here they are said.

What collection and judging give is `place: reason`, often of several parts. The reasons are in `phrases`.
"""

from __future__ import annotations

import re
from functools import cache

from secops.core.i18n import N_, SYSTEM, _
from secops.core.render.phrases import REASONS

#: What msgspec says of a document that does not fit: rules, inventories, lists of words.
MSGSPEC = (
    N_("{reason} - at `{place}`"),
    N_("Object missing required field `{name}`"),
    N_("Object contains unknown field `{name}`"),
    N_("Expected `{type}`, got `{other}`"),
    N_("Invalid enum value {value}"),
    N_("Invalid RFC3339 encoded date"),
)

#: Reasons that a reader may lift by looking with more rights.
_NEED_PRIVILEGE = ("permission denied", "needs more privilege", "denied", "(hidepid)")

#: A kernel value that the kernel shows to root only.
_ROOT_ONLY = re.compile(r"(.*: )?(abi|dev|fs|kernel|net|user|vm)\.\S+ cannot be read")

#: Longer ones hold much that a host said and nothing that we did.
_LONGEST = 1_000
_PLACES = 6  # `place: ` that may stand before a reason


def reason(text: str) -> str:
    """A reason in the language in use; what is not known stays as it was said."""
    if len(text) > _LONGEST:
        return text
    rest, begun = text, 0
    for _place in range(_PLACES):
        if said := _said(rest):
            return text[:begun] + said
        at = rest.find(": ")
        if at < 0:
            break
        rest, begun = rest[at + 2 :], begun + at + 2
    return text


def advice(text: str, *, as_root: bool = False) -> str:
    """What would let Citywall see it; empty when a reader cannot change it. `as_root`: root could not see it either."""
    if not (text.endswith(_NEED_PRIVILEGE) or _ROOT_ONLY.fullmatch(text)):
        return ""
    if not as_root:
        return _("run as root or with sudo")
    return _("root is not enough here: in a container, scan the machine below it; else look for SELinux denials")


def _said(text: str) -> str:
    """The text as a whole, when it is one of the reasons; else empty. A host's text is a value, never the template."""
    for phrase, parts, pattern in _patterns():
        if all(part in text for part in parts) and (found := pattern.fullmatch(text)):
            values = {name: reason(value) if name == "reason" else value for name, value in found.groupdict().items()}
            return _(phrase).format(**values)
    return ""


@cache
def _patterns() -> list[tuple[str, list[str], re.Pattern[str]]]:
    """Each phrase, what must stand in a text for it, and the whole of it as a pattern."""
    return [(phrase, re.split(r"\{\w+\}", phrase), _pattern(phrase)) for phrase in (*REASONS, *MSGSPEC, *SYSTEM)]


def _pattern(phrase: str) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)\}", phrase)  # text, name, text, name, text
    named = (f"(?P<{name}>{r'[0-9]{1,12}' if name == 'n' else '.+'})" for name in pieces[1::2])
    texts = map(re.escape, pieces[::2])
    return re.compile(next(texts) + "".join(name + text for name, text in zip(named, texts, strict=True)), re.DOTALL)
