"""Rules of polkit in the few shapes of JavaScript whose meaning is certain: nothing is run.

`addRule` and `addAdminRule` with functions of `if`, `return` and `var`, and conditions on the action's id and details
and on the subject's user, groups and session. Anything else, anywhere in a file, and the file is not read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from secops.hosts.polkit.script_lexer import ScriptError as ScriptError
from secops.hosts.polkit.script_lexer import Token, tokens
from secops.hosts.polkit.script_meaning import Scope, Unsure
from secops.hosts.polkit.script_meaning import Subject as Subject
from secops.hosts.polkit.script_parser import Found, Parser
from secops.hosts.polkit.values import UNDEFINED, UNKNOWN

#: The rules by which polkit asks the files of the local authority (polkitd-pkla, polkit-pkla-compat): they start a
#: program. Known by the digest of their tokens.
_LOCAL_AUTHORITY = frozenset({"7101b43552f4d96ee144c4fb09ec08c0d0ce3c642a8e053fc690dfd8a396bc00"})


class Returned(NamedTuple):
    """What a rule returns, `UNKNOWN` where that is not known, and the line on which it hangs: a condition's if any."""

    value: Any
    line: int


@dataclass(frozen=True)
class Function:
    """A rule: with `admin` it tells who is an administrator, else what is authorized. `size` is what a call costs."""

    admin: bool
    line: int
    size: int
    _found: Found

    def __call__(self, subject: Subject) -> Returned:
        """What it returns. Raises `ScriptFailure` where the script would fail."""
        scope = Scope(subject, dict(self._found.constants))
        try:
            self._found.body(scope)
            value = scope.names.get("return", UNDEFINED)
        except Unsure:
            value = UNKNOWN
        return Returned(value, scope.line or self.line)


@dataclass(frozen=True)
class Script:
    """One file. `literals` are all texts and expressions in it. `is_local_authority`: it asks the files of that."""

    functions: Sequence[Function] = ()
    literals: frozenset[str] = frozenset()
    is_local_authority: bool = False


def read(text: str) -> Script:
    """A file of rules. Raises `ScriptError` for one that is not of the few shapes."""
    found = list(tokens(text))
    if _digest(found) in _LOCAL_AUTHORITY:
        return Script(is_local_authority=True)
    functions = [Function(one.admin, one.line, one.size, one) for one in Parser(found).functions()]
    return Script(functions, frozenset(token.text for token in found if token.kind in ("text", "pattern")))


def _digest(found: Sequence[Token]) -> str:
    """Of the tokens, wherever distributions put the programs that they start."""
    words = (token.text.replace("/usr/sbin/pkla-", "/usr/bin/pkla-") for token in found)
    return hashlib.sha256("\n".join(words).encode()).hexdigest()
