"""What a record tells: that an account logged in, or made use of a right."""

from __future__ import annotations

from dataclasses import dataclass

#: How somebody comes in, of `via`; any other is the name of a PAM service.
SSH, CONSOLE, TERMINAL, SU = "ssh", "console", "terminal", "su"


@dataclass(frozen=True, slots=True)
class Event:
    """The last time that `user` did something, in one record: `time` in seconds since 1970.

    `what` is `login` with `how` it was (ssh, console, …), `use` of a right with the kind of line that tells it,
    `granted` (put into a group) or `made`. `target` is the account whose rights were used, `?` when not known.
    """

    what: str
    how: str
    user: str
    time: int
    record: str
    target: str = ""
    address: str = ""
    count: int = 1
