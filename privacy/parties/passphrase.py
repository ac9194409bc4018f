"""Where the passphrase of a key comes from: a prompt, a file, or a variable. Never the command line, which all see."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from getpass import getpass
from pathlib import Path

from secops.core.errors import UsageError
from secops.core.i18n import _, because
from secops.core.inert import printable
from secops.core.secret import Secret

#: Characters of a new passphrase, at least; and bytes of any, at most.
SHORTEST, LONGEST = 12, 1024


def obtain(source: str, *, new: bool = False, whose: str = "") -> Secret[bytes]:
    """The passphrase from `prompt`, `file:PATH` (its first line) or `env:NAME`. A new one is asked for twice.

    `whose` is what the prompt calls the key.
    Raises `UsageError` when there is none, when others may read the file, and for a new one that is too short.
    """
    kind, _colon, name = source.partition(":")
    if source == "prompt":
        raw = _from_prompt(whose, new=new)
    elif kind == "file" and name:
        raw = _from_file(Path(name))
    elif kind == "env" and name:
        raw = os.environb.get(os.fsencode(name), b"")
    else:
        hint = _("Write prompt, file:PATH or env:NAME; the passphrase itself is never an argument.")
        raise UsageError(_("no such source of a passphrase"), hint=hint)  # not shown: it may be the passphrase
    return _checked(raw, source, new=new)


def _checked(raw: bytes, where: str, *, new: bool) -> Secret[bytes]:
    if not raw:
        raise UsageError(_("there is no passphrase"), where=where)
    if len(raw) > LONGEST:
        raise UsageError(_("the passphrase is longer than {n} bytes").format(n=LONGEST), where=where)
    if new and len(raw.decode("utf-8", "replace")) < SHORTEST:
        raise UsageError(_("a new passphrase has at least {n} characters").format(n=SHORTEST), where=where)
    return Secret(raw)


def _from_prompt(whose: str, *, new: bool) -> bytes:
    if not sys.stdin.isatty():
        hint = _("Use file:PATH or env:NAME where nobody can type.")
        raise UsageError(_("there is no terminal to ask for the passphrase"), hint=hint)
    text = getpass(_("Passphrase of the key {name}: ").format(name=printable(whose)))
    if new and getpass(_("Once more: ")) != text:
        raise UsageError(_("the two passphrases differ"))
    return os.fsencode(text)


def _from_file(path: Path) -> bytes:
    """The first line; of a pipe too, which a shell gives for `<(…)`."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            line = file.readline(LONGEST + 3)
    except OSError as error:
        raise UsageError(_("cannot be read: {reason}").format(reason=because(error)), where=str(path)) from error
    if stat.S_ISREG(mode) and mode & 0o077:
        hint = _("Keep it to yourself: chmod 600.")
        raise UsageError(_("others may read the file of the passphrase"), where=str(path), hint=hint)
    with suppress(IndexError):
        line = line.splitlines()[0]
    return line
