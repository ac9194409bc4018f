"""Requests to sudo, and the commands of its policy that stand for them."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from posixpath import dirname

from secops.hosts.sudoers import Answer, Command, Member
from secops.hosts.sudoers_answer import any_of, both
from secops.privilege.accounts import Account
from secops.privilege.patterns import is_wild, matches_arguments, matches_path, matches_regex
from secops.privilege.sudo.names import Group

#: Where a merged /usr leads: the same file by both names.
_MERGED = ("/bin/", "/sbin/", "/lib/", "/lib64/")

EDIT = "sudoedit"

_WILD = re.compile(r"[\\?*\[\]]")


@dataclass(frozen=True)
class Request:
    """What is asked: to run a command (absolute path, or `sudoedit`) with arguments as `target` (sudo -u).

    With `group` (sudo -g) the command gets that group; without `as_user` (no -u) it runs as who asks, and that is the
    target. `pattern` asks for whatever an entry allows whose arguments are written so; `arguments` are then an example.
    So does a command that is itself a pattern.
    """

    target: Account
    command: str
    arguments: Sequence[str] = ()
    pattern: str | None = None
    group: Group | None = None
    as_user: bool = True

    @cached_property
    def joined(self) -> str:
        return " ".join(self.arguments)

    @property
    def what(self) -> tuple[str, str, str | None]:
        """The request without the target."""
        return self.command, self.joined, self.pattern


def is_command(member: Member, request: Request) -> Answer:
    """Whether an entry stands for the command asked. One with a digest does only while the file has it."""
    if not isinstance(member, Command):
        return False
    found = _is_command(member, request)
    return None if found and member.digests else found


def _is_command(command: Command, request: Request) -> Answer:
    is_edit = request.command == EDIT
    if command.kind == "all":
        return True
    if command.kind in ("list", "alias"):
        return False
    if is_edit or command.kind == "edit":
        return is_edit and command.kind == "edit" and _has_arguments(command, request, edit=True)
    if command.kind == "directory":
        folders = [dirname(name) + "/" for name in both_names(request.command)]
        if not is_wild(command.text):
            return command.text in folders
        return any_of(matches_path(command.text, folder) for folder in folders)
    if command.kind == "regex":
        named = command.text == request.command or matches_regex(command.text, request.command)
    elif is_wild(command.text):
        named = command.text == request.command or any_of(
            matches_path(command.text, name) for name in both_names(request.command)
        )
    else:
        named = command.text in both_names(request.command)
    return both(named, _has_arguments(command, request)) if named is not False else False


def _has_arguments(command: Command, request: Request, *, edit: bool = False) -> Answer:
    if command.arguments is None or command.arguments == request.pattern:
        return True
    if command.arguments == "":
        return not request.arguments
    return matches_arguments(command.arguments, request.joined, edit=edit)


def both_names(path: str) -> list[str]:
    """A path, and where /usr is merged its other name: sudo compares files, and both lead to the same."""
    for short in _MERGED:
        if path.startswith(short):
            return [path, f"/usr{path}"]
        if path.startswith(f"/usr{short}"):
            return [path, path.removeprefix("/usr")]
    return [path]


def command_key(member: Member) -> Hashable:
    """What a request must have for the entry to stand for it; None when that cannot be said."""
    if not isinstance(member, Command) or member.kind in ("all", "regex"):
        return None
    if member.kind in ("edit", "list", "alias"):
        return member.kind, ""
    if is_wild(member.text):
        return "wild", _WILD.split(member.text, maxsplit=1)[0]
    return ("directory", member.text) if member.kind == "directory" else ("path", member.text, _fixed(member.arguments))


def _fixed(arguments: str | None) -> str | None:
    """Arguments that stand for themselves alone; None for others."""
    return None if arguments is None or is_wild(arguments) or arguments.startswith("^") else arguments


def command_keys(request: Request) -> Iterator[Hashable]:
    """What the request has, of these."""
    if request.command == EDIT:
        yield "edit", ""
        return
    for name in both_names(request.command):
        yield "directory", dirname(name) + "/"
        for arguments in {None, request.joined, request.pattern}:
            yield "path", name, arguments
        yield from (("wild", name[:end]) for end in range(1, len(name) + 1))
