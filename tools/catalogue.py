"""Bring the Chinese catalogue up to date: extract strings, keep what is translated, compile. See docs/translating.md.

A string without a translation ends it with exit code 1 and is named; so does a translation that lost a placeholder.
"""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path
from string import Formatter

import click
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
PO = ROOT / "secops/locale/zh/LC_MESSAGES/citywall.po"
MO = PO.with_suffix(".mo")
CLICK = Path(click.__file__).parent
#: Of click: what it says of commands and their arguments; not its prompts, progress bars and colours.
_CLICK = ("core", "decorators", "exceptions", "formatting", "parser", "types")
_KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2)}


def extracted() -> Catalog:
    """Every string of the source that is marked for translation, and those that click says by itself."""
    catalog = Catalog()
    sources = ((ROOT / package, "**.py") for package in ("secops", "privacy"))
    for folder, pattern in (*sources, *((CLICK, f"{name}.py") for name in _CLICK)):
        for _file, _line, message, comments, context in extract_from_dir(
            folder, [(pattern, "python")], keywords=_KEYWORDS, comment_tags=("Translators:",), strip_comment_tags=True
        ):
            catalog.add(message, auto_comments=comments, context=context)
    return catalog


def translated() -> Catalog:
    """The catalogue as it is kept."""
    with PO.open("rb") as file:
        return read_po(file, locale="zh")


def faults(message: Message) -> str:
    """What is wrong with one translation; empty when nothing is."""
    source = [message.id] if isinstance(message.id, str) else list(message.id)
    target = [message.string] if isinstance(message.string, str) else list(message.string or ())
    if not target or not all(target):
        return "not translated"
    if message.fuzzy:
        return "marked fuzzy: check it and take the mark away"
    if any(_placeholders(text) != _placeholders(source[-1]) for text in target):
        return "the placeholders differ"
    return ""


def compiled(catalog: Catalog) -> bytes:
    """The catalogue as gettext reads it."""
    buffer = BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def _placeholders(text: str) -> set[str]:
    try:
        names = {name for _literal, name, _spec, _conversion in Formatter().parse(text) if name is not None}
    except ValueError:  # a brace that stands for itself: nothing is filled in
        return set()
    return names - {"number_type"}  # click's own, always English


def main() -> int:
    catalog = translated()
    template = extracted()
    template.creation_date = catalog.creation_date  # a date that changes by itself would be a change of its own
    catalog.project, catalog.version = "citywall", ""
    catalog.msgid_bugs_address = catalog.last_translator = catalog.language_team = ""
    catalog.update(template, no_fuzzy_matching=True)
    with PO.open("wb") as file:
        write_po(file, catalog, width=120, no_location=True, sort_output=True, ignore_obsolete=True)
    MO.write_bytes(compiled(catalog))
    wrong = [f"{message.id!r}: {fault}" for message in catalog if message.id and (fault := faults(message))]
    sys.stderr.writelines(f"{line}\n" for line in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
