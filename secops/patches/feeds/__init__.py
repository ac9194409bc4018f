"""Formats of feeds, each in a module of its own, which has a `FORMAT`."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from secops.core.i18n import _
from secops.patches.feeds.format import FeedError, Format

#: Modules of formats. Those with the most documents are asked first.
_MODULES = ("osv", "csaf", "cvrf", "oval", "debian_tracker", "secdb", "kev", "epss", "table")


@cache
def formats() -> tuple[Format, ...]:
    """All formats that are known."""
    return tuple(import_module(f"{__name__}.{module}").FORMAT for module in _MODULES)


def recognise(head: bytes, where: str) -> Format:
    """The format of a document, by its first bytes. Raises `FeedError` that names those known."""
    for found in formats():
        if found.recognises(head):
            return found
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FeedError("is in UTF-16", where=where, hint=_("Save it as UTF-8."))
    names = ", ".join(found.name for found in formats())
    hint = _("Known formats: {names}. A table is described in docs/feeds-csv.md.").format(names=names)
    raise FeedError(_("is of no format that is known here"), where=where, hint=hint)
