"""A lab laid out in a new folder: its pages, its jobs, its sites' files, and `data/` with a file for each site.

The content is shipped (`labs/federated/NAME`); the records are made, or taken from what the user has, by the module of
the lab. The folder is there whole, or not at all.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from secrets import token_hex

from privacy.federated.labs import flu, heart, tumour
from secops.core.content import shipped
from secops.core.errors import UsageError
from secops.core.i18n import _, because

#: Lab → what gives its files of records by name, of the folder that the user has, if one is given.
LABS: Mapping[str, Callable[[Path | None], Mapping[str, bytes]]] = {
    "flu-early-warning": flu.files,
    "heart": heart.files,
    "tumour": tumour.files,
}

#: Where the records of a lab are, below its folder.
DATA = "data"


def content(name: str) -> Path:
    """The shipped folder of a lab. Raises `UsageError` for a name that is none."""
    if name not in LABS:
        raise UsageError(_("there is no lab of that name; there are {names}").format(names=", ".join(LABS)))
    return shipped("labs") / "federated" / name


def lay(name: str, folder: Path, data: Path | None = None) -> None:
    """Lay the lab out in a new folder; `data` is where the user has the records that it needs.

    Raises `UsageError` where the folder is there already, or the records are not, or not those that are known.
    """
    source = content(name)
    made = LABS[name](data)
    if folder.exists():
        raise UsageError(_("is there already: a lab is laid out in a new folder"), where=str(folder))
    beside = folder.with_name(f".{folder.name}.{token_hex(4)}")
    try:
        _write(source, beside, made)
        beside.rename(folder)
    except OSError as error:
        shutil.rmtree(beside, ignore_errors=True)
        raise UsageError(_("cannot be written: {reason}").format(reason=because(error)), where=str(folder)) from error


def _write(source: Path, folder: Path, made: Mapping[str, bytes]) -> None:
    shutil.copytree(source, folder, copy_function=shutil.copyfile)
    (folder / DATA).mkdir()
    for file, raw in made.items():
        (folder / DATA / file).write_bytes(raw)
