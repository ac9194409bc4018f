"""Answers of three values, and what a list of entries comes to where some of them are not known.

An outcome is a set of bits: what may come of an entry, or of a list. Of a list the last entry that matches decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from secops.hosts.sudoers_grammar import AnyMember

#: True, False, or None: it hangs on what is not known. None is never taken for a refusal.
Answer = bool | None

ALLOW, DENY, SILENT = 1, 2, 4


def both(one: Answer, other: Answer) -> Answer:
    """AND of three values."""
    if one is False or other is False:
        return False
    return True if one and other else None


def any_of(answers: Iterable[Answer]) -> Answer:
    """OR of three values."""
    seen = set(answers)
    return True if True in seen else None if None in seen else False


def outcome(match: Answer, *, negated: bool) -> int:
    """What comes of an entry that matches, does not, or perhaps does."""
    if match is False:
        return SILENT
    said = DENY if negated else ALLOW
    return said if match else said | SILENT


def opposite(said: int) -> int:
    """The outcome of a negated list."""
    return (said & SILENT) | (DENY if said & ALLOW else 0) | (ALLOW if said & DENY else 0)


def first_of(said: Iterable[int]) -> int:
    """The outcome of entries given from the last to the first."""
    found = 0
    for one in said:
        found |= one & ~SILENT
        if not one & SILENT:
            return found
    return found | SILENT


def allows(said: int) -> Answer:
    """Whether an outcome allows."""
    return True if said == ALLOW else None if said & ALLOW else False


def decides(members: Sequence[AnyMember], matches: Callable[[AnyMember], Answer]) -> Answer:
    """Whether a list holds: the last member that matches decides. None when it hangs on one that is not known."""
    return allows(first_of(outcome(matches(member), negated=member.negated) for member in reversed(members)))
