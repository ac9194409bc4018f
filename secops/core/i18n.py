"""The language of the interface: English in the source, Chinese from the catalogue (docs/translating.md)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from secops.core.errors import CitywallError, UsageError

if TYPE_CHECKING:
    from gettext import GNUTranslations

LANGUAGES = ("en", "zh")
DOMAIN = "citywall"
LOCALE = Path(__file__).resolve().parent.parent / "locale"

#: What POSIX reads for the language of messages, the strongest first.
_POSIX = ("LC_ALL", "LC_MESSAGES", "LANG")

_chosen = ""


def set_language(lang: str) -> None:
    """Speak `lang` from here on, whatever the environment says. Raises `UsageError` for one we do not speak."""
    global _chosen
    if lang not in LANGUAGES:
        hint = _("Choose from {names}.").format(names=", ".join(LANGUAGES))
        raise UsageError(_("there is no language {lang!r}").format(lang=lang), where="--lang", hint=hint)
    _chosen = lang


def language() -> str:
    """The language in use: the chosen one, else CITYWALL_LANG, else what the locale says."""
    return _chosen or _of_environment()


def _of_environment() -> str:
    for name in ("CITYWALL_LANG", *_POSIX):
        value = os.environ.get(name)
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def lend_to_gettext() -> None:
    """Let libraries that ask gettext by themselves (click) speak the language in use, out of our catalogue.

    gettext takes the language from the environment alone, where LANGUAGE is the strongest. What we start inherits it;
    whose answers are read is started with LC_ALL=C, which LANGUAGE does not touch.
    """
    from gettext import bindtextdomain, textdomain

    bindtextdomain(DOMAIN, str(LOCALE))
    textdomain(DOMAIN)
    os.environ["LANGUAGE"] = language()


@contextmanager
def speaking(lang: str) -> Iterator[None]:
    """Use `lang` for the length of a block."""
    global _chosen
    before = _chosen
    set_language(lang)
    try:
        yield
    finally:
        _chosen = before


def _(text: str) -> str:
    """`text` in the language in use. Fill placeholders afterwards: `_("{n} of {all}").format(...)`."""
    if not text or language() == "en":  # gettext answers an empty text with the catalogue's own header
        return text
    return _catalogue(language()).gettext(text)


def ngettext(one: str, many: str, n: int) -> str:
    """The form for `n` things, in the language in use."""
    if language() == "en":
        return one if n == 1 else many
    return _catalogue(language()).ngettext(one, many, n)


def joined(names: Iterable[str]) -> str:
    """Names one after the other, as people write them."""
    return _(", ").join(names)


def N_(text: str) -> str:  # noqa: N802 - the name that every gettext tool knows
    """`text` itself: marks a string for the catalogue where `_` is called later, on a variable."""
    return text


#: What the system says when a file cannot be used, as far as users meet it.
SYSTEM = (
    N_("Permission denied"),
    N_("No such file or directory"),
    N_("Is a directory"),
    N_("Not a directory"),
    N_("File exists"),
    N_("File name too long"),
    N_("Too many levels of symbolic links"),
    N_("No space left on device"),
    N_("Read-only file system"),
    N_("Input/output error"),
)


def because(error: OSError) -> str:
    """What the system said, in the language in use where we know the words."""
    return _(error.strerror or str(error))


@cache
def _catalogue(lang: str) -> GNUTranslations:
    from gettext import translation

    try:
        return translation(DOMAIN, str(LOCALE), [lang])
    except OSError as error:
        raise CitywallError("the catalogue is missing", where=str(LOCALE / lang), hint="Reinstall Citywall.") from error
