"""Errors a user can act on, and the exit codes of every command."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the process tells its caller. A failure is never confused with clean."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    INCOMPLETE = 3
    REFUSED = 4
    INTERNAL = 5


#: Where several hold, the first of this order wins.
PRECEDENCE = (Exit.INTERNAL, Exit.REFUSED, Exit.USAGE, Exit.INCOMPLETE, Exit.FINDINGS, Exit.CLEAN)


def worst(*codes: Exit) -> Exit:
    """The exit code of a command for which all of `codes` hold."""
    return next(code for code in PRECEDENCE if code in codes or code is Exit.CLEAN)


class CitywallError(Exception):
    """Root of our errors: what happened, where, and what to do next.

    Shown without a traceback; `exit_code` becomes the exit code of the command.
    """

    exit_code = Exit.INTERNAL

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.hint = what, where, hint

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


class UsageError(CitywallError):
    """Wrong options, or content (rule, inventory, waiver) that cannot be used."""

    exit_code = Exit.USAGE


class IncompleteError(CitywallError):
    """Something asked for could not be seen: a host, a section, a bundle."""

    exit_code = Exit.INCOMPLETE


class RefusedError(CitywallError):
    """What a policy refuses: scope, disclosure, approval. The text names no value of the data."""

    exit_code = Exit.REFUSED
