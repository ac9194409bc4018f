"""Commands that speak the reader's language: help is translated when it is shown, and `--lang` stands on every command.

A command's texts are marked with `N_` where they are written. click's own ("Usage:", "No such option") come from the
same catalogue, which `i18n.lend_to_gettext` gives to click.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from inspect import cleandoc

import click

from secops.core.columns import cell_len, flow, pad, wrap
from secops.core.i18n import LANGUAGES, N_, _

#: Columns of the terms of a list (options, commands), and between them and their meaning.
_TERMS, _BETWEEN = 30, 2


def language_asked(args: Iterable[str]) -> str:
    """The last `--lang` among the arguments, wherever it stands, if it is one we speak; else empty.

    Looked for before click reads the arguments: what is wrong with them is to be said in that language, too.
    """
    asked, before = "", ""
    for arg in args:
        if arg == "--":
            break
        name, equals, value = arg.partition("=")
        said = arg if before == "--lang" else value if equals and name == "--lang" else ""
        asked = said if said in LANGUAGES else asked
        before = arg
    return asked


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint with the nearest of the known names; empty when none is near."""
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=1)
    return _("Did you mean `{name}`?").format(name=near[0]) if near else ""


def _lang() -> click.Option:
    """The option that `language_asked` has read already; click checks it."""
    kind = click.Choice(LANGUAGES)
    return click.Option(
        ["--lang"], type=kind, expose_value=False, help=N_("Language; else the one of your environment.")
    )


class Command(click.Command):
    """A command whose help, usage and options are in the language in use."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.params.append(_lang())

    def get_help(self, ctx: click.Context) -> str:
        paper = Paper(width=ctx.terminal_width, max_width=ctx.max_content_width)
        _spoken(self).format_help(ctx, paper)
        return paper.getvalue().rstrip("\n")

    def get_usage(self, ctx: click.Context) -> str:
        paper = Paper(width=ctx.terminal_width, max_width=ctx.max_content_width)
        _spoken(self).format_usage(ctx, paper)
        return paper.getvalue().rstrip("\n")

    def get_short_help_str(self, limit: int = 45) -> str:  # noqa: ARG002 - click's signature; our formatter wraps
        first = cleandoc(_(self.help) if self.help else "").partition("\n\n")[0]
        return flow(first).rstrip(".。")


class Group(Command, click.Group):
    """A group of such commands."""

    command_class = Command


def _spoken(command: click.Command) -> click.Command:
    """A copy of the command with its texts in the language in use. The command itself keeps the English."""
    spoken = copy(command)
    spoken.help = _(command.help) if command.help else None
    spoken.options_metavar = _(N_("[OPTIONS]"))
    if isinstance(spoken, click.Group):
        spoken.subcommand_metavar = _(N_("COMMAND [ARGS]..."))
    spoken._help_option = None  # click keeps the one it made, in the language of that time
    spoken.params = [_spoken_parameter(parameter) for parameter in command.params]
    return spoken


def _spoken_parameter(parameter: click.Parameter) -> click.Parameter:
    if not isinstance(parameter, click.Option) or not parameter.help:
        return parameter
    spoken = copy(parameter)
    spoken.help = _(parameter.help)
    return spoken


class Paper(click.HelpFormatter):
    """Help as text, wrapped by the columns of a terminal, of which a Chinese character takes two.

    A paragraph with an indented line (examples) stays as it is written; click would want a mark before it.
    """

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, _("Usage: ") if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        self.write(heading + _(":") + "\n")

    def write_text(self, text: str) -> None:
        before = " " * self.current_indent
        paragraphs = [self._lines(paragraph) for paragraph in text.split("\n\n")]
        self.write("\n\n".join("\n".join(before + line for line in lines) for lines in paragraphs) + "\n")

    def _lines(self, paragraph: str) -> list[str]:
        if "\n " in paragraph:
            return paragraph.split("\n")
        return wrap(flow(paragraph), self.width - self.current_indent)

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = _TERMS, col_spacing: int = _BETWEEN) -> None:
        rows = list(rows)
        column = min(max(cell_len(term) for term, _meaning in rows), col_max) + col_spacing
        before = " " * self.current_indent
        for term, meaning in rows:
            first, *rest = wrap(flow(meaning), self.width - column - self.current_indent)
            fits = cell_len(term) + col_spacing <= column
            lines = [pad(term, column) + first] if fits else [term, " " * column + first]
            lines += [" " * column + line for line in rest]
            self.write("".join(f"{(before + line).rstrip()}\n" for line in lines))
