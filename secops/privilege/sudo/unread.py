"""Commands of which it is not known what they give: with arguments of choice, and of a program nobody has looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from posixpath import basename, dirname

from secops.hosts.sudoers import Command
from secops.hosts.tables import Built
from secops.hosts.trusted.patterns import choices, of_expression
from secops.privilege.files import Ground
from secops.privilege.lines import is_free
from secops.privilege.patterns import is_wild
from secops.privilege.sudo.probes import programs
from secops.privilege.sudo.variables import SYSTEM
from secops.privilege.techniques import by_program, harmless


def is_unread(command: Command, ground: Ground) -> bool:
    """Whether nobody can say what the command does with arguments that the caller chooses."""
    if command.negated or command.kind not in ("path", "directory", "regex"):
        return False
    is_open = command.arguments is None or is_free(command.arguments)
    return is_open and not all(is_read(path, ground) for path in list(programs(command)) or _paths(command))


def _paths(command: Command) -> Iterator[str]:
    return map(of_expression, choices(command.text)) if command.kind == "regex" else iter([command.text])


def is_read(path: str, ground: Ground) -> bool:
    """Whether it is known what a program gives: it is of techniques.yml, or one of the system's that gives nothing."""
    if is_wild(path) or path.endswith("/"):
        return False
    is_systems = "/" not in path or dirname(path) in SYSTEM
    return ground.program(path) in by_program() or (is_systems and basename(path) in harmless())


def tell_unread(commands: Iterable[tuple[str, str]], built: Built) -> None:
    """Tell of commands, each with its place, of which it is not known what they do."""
    for place, command in commands:
        built.lack(f"{place}: what {command} does with arguments of the caller's choice is not known")
