"""Reports go out here: a format is a module with `render(report, page) -> str` and one line in `FORMATS`."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from secops.core.errors import CitywallError, UsageError
from secops.core.i18n import _, because, speaking

if TYPE_CHECKING:
    from secops.core.report import Report

#: Format → the module that renders it, imported only when asked for.
FORMATS = {
    "text": "secops.core.render.text",
    "json": "secops.core.render.json",
}

#: Columns of text: where there is no terminal; the least and the most that a terminal's own width counts.
WIDTH, NARROWEST, WIDEST = 80, 40, 100


@dataclass(frozen=True)
class Page:
    """What a report is rendered for. `lang` is also the language in use while rendering."""

    lang: str = "en"
    width: int = WIDTH
    colour: bool = False
    verbose: bool = False


def stdout_page(lang: str = "en", *, verbose: bool = False) -> Page:
    """The page that standard output is: a terminal's width, colour on a terminal (rich heeds NO_COLOR itself)."""
    terminal = sys.stdout.isatty()
    width = min(max(shutil.get_terminal_size().columns, NARROWEST), WIDEST) if terminal else WIDTH
    return Page(lang, width, terminal or bool(os.environ.get("FORCE_COLOR")), verbose)


def stderr_width() -> int:
    """Columns of the terminal that standard error is; 0 where it is none."""
    with suppress(OSError, ValueError):
        if sys.stderr.isatty():
            return min(max(os.get_terminal_size(sys.stderr.fileno()).columns, NARROWEST), WIDEST)
    return 0


def emit(report: Report, fmt: str, lang: str, output: Path | None, *, verbose: bool = False) -> None:
    """Render the report and print it, or write it to `output`, whole or not at all.

    Raises `UsageError` for a format or a path that cannot be used, `CitywallError` when writing fails.
    """
    with speaking(lang):
        if fmt not in FORMATS:
            hint = _("Choose from {names}.").format(names=", ".join(FORMATS))
            raise UsageError(_("there is no format {name!r}").format(name=fmt), where="--format", hint=hint)
        page = stdout_page(lang, verbose=verbose) if output is None else Page(lang, verbose=verbose)
        document: str = import_module(FORMATS[fmt]).render(report, page)
        if output is not None:
            write_whole(output, document.encode("utf-8", "backslashreplace"))
        else:
            # for people in their terminal's encoding, for programs in the one the format promises
            encoding = sys.stdout.encoding if fmt == "text" else "utf-8"
            sys.stdout.flush()
            sys.stdout.buffer.write(document.encode(encoding, "backslashreplace"))
            sys.stdout.buffer.flush()


def check_place(path: Path) -> None:
    """Refuse a path where `write_whole` could put no file: known before the hosts are asked. Raises `UsageError`.

    Links, devices and pipes are refused: renaming over them would replace them (`-o /dev/stdout` as root).
    """
    if not path.absolute().parent.is_dir():
        raise UsageError(_("its folder is not there"), where=str(path), hint=_("Make the folder first."))
    with suppress(OSError):
        if not stat.S_ISREG(path.lstat().st_mode):
            hint = _("Name a file, or leave the option out and redirect standard output.")
            raise UsageError(_("not a regular file"), where=str(path), hint=hint)


def write_whole(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Put a file in its place by rename, so that nobody ever sees half of it. Only its owner may read it.

    `content` in parts is written as they come.
    """
    check_place(path)
    partial = path.with_name(f".{path.name[:40]}.{token_hex(8)}.partial")
    try:
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.writelines([content] if isinstance(content, bytes) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        wrong_path = isinstance(error, FileNotFoundError | NotADirectoryError | PermissionError)
        raise (UsageError if wrong_path else CitywallError)(
            _("cannot be written: {reason}").format(reason=because(error)),
            where=str(path),
            hint=_("Nothing was written. Check that the folder is there, writable, and has space."),
        ) from error
    finally:
        with suppress(OSError):
            partial.unlink()  # there only when something went wrong, Ctrl-C included
