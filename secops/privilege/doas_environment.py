"""Which variables of the environment a rule of doas hands on, and what whoever may set them can do by its command.

Of the caller's own doas hands on what `setenv` names, and with `keepenv` all but PATH. It is a SUID program, for which
the linker of glibc takes its own variables away before; musl leaves them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from secops.core.content import Text
from secops.hosts.doas_conf import DoasRule
from secops.hosts.masking import HIDDEN
from secops.hosts.sudoers import Answer
from secops.hosts.sudoers_answer import any_of
from secops.privilege.fits import Fit
from secops.privilege.places import OWNED, Caller
from secops.privilege.sudo.variables import Variable, environment

_HIDDEN = Text(": what setenv sets is not known", "：setenv 设置的内容未知")


@dataclass(frozen=True)
class Opening:
    """What a variable opens. `doubt`: what is not known, as said after a place; None when it is certain."""

    fit: Fit
    doubt: Text | None


def openings(rule: DoasRule, caller: Caller, *, musl: bool) -> Iterator[Opening]:
    """What a rule with a command leaves to the caller's environment, and to files that it sets variables to."""
    command = rule.command or ""
    path = command if "/" in command else f"/usr/bin/{command}"
    arguments = None if rule.arguments is None else " ".join(rule.arguments)
    for variable in environment().variables:
        works = variable.works_on(path, arguments)
        for name in variable.names if works is not False else ():
            given, doubt = _is_given(rule, name, variable, caller, musl=musl)
            if given is False:
                continue
            call = f"`{name}=… doas {command}`"
            fit = Fit(
                None, variable.gives, Text(f"{call}: {variable.how.en}", f"{call}：{variable.how.zh}"), exec=False
            )
            yield Opening(fit, doubt if given is None else variable.doubt if works is None else None)


def _is_given(rule: DoasRule, name: str, variable: Variable, caller: Caller, *, musl: bool) -> tuple[Answer, Text]:
    """Whether the caller decides over a variable, and why that is not known."""
    own: Answer = (None if musl else False) if variable.on == "linked" else True
    given, doubt = (own if "keepenv" in rule.options and name != "PATH" else False), variable.doubt
    for word in rule.variables:
        wanted, has_value, value = word.removeprefix("-").partition("=")
        if word == HIDDEN:
            given, doubt = (given or None), _HIDDEN
        elif wanted != name:
            continue
        elif word.startswith("-"):
            given = False
        elif has_value and not value.startswith("$"):
            given, doubt = _decides(value, caller), OWNED
        else:
            given = own
    return given, doubt


def _decides(value: str, caller: Caller) -> Answer:
    """Whether the caller can change a file that a variable is set to, or a directory there."""
    return any_of(caller.has(path, linked=False) for path in value.split(":") if path)
