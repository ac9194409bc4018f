"""Why something is refused, or worth a look: one shape for checks, approvals and contracts, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from secops.core.i18n import language
from secops.core.inert import printable


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`code` is for programs and records; `refused` is false for what is only reported. Names no value of the data."""

    code: str
    en: str
    zh: str
    refused: bool = True

    def __str__(self) -> str:
        return self.zh if language() == "zh" else self.en


#: code → its text in English and Chinese, with `{placeholders}`.
Texts = Mapping[str, tuple[str, str]]


def reason(texts: Texts, code: str, *, refused: bool = True, **values: object) -> Reason:
    """The reason of a code, filled in; what comes from documents is made inert."""
    shown = {name: printable(str(value)) for name, value in values.items()}
    en, zh = (text.format(**shown) for text in texts[code])
    return Reason(code, en, zh, refused)
