"""Where content (rules, labs) is: beside the code in a wheel, at the top of a checkout, or in user folders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Lock
from typing import TypeVar

import msgspec

from secops.core import yaml
from secops.core.errors import UsageError
from secops.core.i18n import _

T = TypeVar("T")


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text in both languages."""

    en: str
    zh: str

    def get(self, lang: str) -> str:
        return self.zh if lang == "zh" else self.en


_PACKAGE = Path(__file__).resolve().parent.parent


def shipped(kind: str) -> Path:
    """The folder of shipped content of a kind (`rules`), in a wheel, an editable install or a checkout."""
    places = [_PACKAGE / "_content" / kind]
    if (_PACKAGE.parent / "pyproject.toml").is_file():
        places.append(_PACKAGE.parent / kind)
    for place in places:
        if place.is_dir():
            return place
    tried = ", ".join(str(place) for place in places)
    raise UsageError(_("the shipped {kind} are missing").format(kind=kind), where=tried, hint=_("Reinstall Citywall."))


def yaml_files(folders: Iterable[Path]) -> Iterator[Path]:
    """Every `*.yml` file below the folders, in a stable order.

    Raises `UsageError` for a folder that has none, and for a file that looks like one and would be passed over.
    """
    for folder in folders:
        paths = sorted(path for path in folder.rglob("*") if not path.name.startswith("."))
        files = [path for path in paths if path.suffix == ".yml"]
        for path in paths:
            if path.suffix != ".yml" and path.suffix.lower() in (".yaml", ".yml"):
                hint = _("Rename it to {name}, or move it elsewhere.").format(name=f"{path.stem}.yml")
                raise UsageError(_("its name does not end in .yml"), where=str(path), hint=hint)
        if not files:
            what = _("holds no *.yml file") if folder.is_dir() else _("no such folder")
            raise UsageError(what, where=str(folder), hint=_("Give a folder that holds *.yml files."))
        yield from files


#: Two threads that meet a type of msgspec's for the first time at once end the process (segmentation fault).
_one_at_a_time = Lock()


def convert(document: object, kind: type[T]) -> T:
    """A parsed document as `kind`. Raises `msgspec.ValidationError`, which ends with the place in the document."""
    with _one_at_a_time:
        return msgspec.convert(document, kind, strict=True)


def read_as(path: Path, kind: type[T], *, hint: str = "") -> T:
    """The YAML document in `path` as `kind`. Raises `UsageError` that names the file, and the line or the field."""
    document = yaml.load(path)
    try:
        return convert(document, kind)
    except msgspec.ValidationError as error:
        line = yaml.line_of(path, str(error).rpartition(" - at `")[2].rstrip("`"))
        raise UsageError(str(error), where=f"{path}:{line}" if line else str(path), hint=hint) from error
