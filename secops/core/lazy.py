"""Lazy commands: help and errors of the command line import no command's module."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click

from secops.core.command import Group, did_you_mean
from secops.core.i18n import _


@dataclass(frozen=True)
class Entry:
    """One verb: its module (which holds `command`), a line of help and the group it is listed under (`N_` of both)."""

    module: str
    help: str
    section: str


class LazyGroup(Group):
    """A group whose commands are named in a table and imported only when called.

    click's own group help would import every command to ask for its short help; ours prints the table.
    """

    def __init__(self, *args: Any, table: Mapping[str, Entry], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        entry = self.table.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = import_module(entry.module).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and name not in self.table and not name.startswith("-"):
            hint = did_you_mean(name, self.table) or _("`citywall --help` lists the commands.")
            ctx.fail(" ".join((_("There is no command {name!r}.").format(name=name), hint)))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, entry in self.table.items():
            sections.setdefault(entry.section, []).append((name, _(entry.help)))
        for section, rows in sections.items():
            with formatter.section(_(section)):
                formatter.write_dl(rows)
