"""Days in exports: as systems here write them, and in formats that a mapping names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

#: 2026-01-31, 2026/1/31, 2026.1.31, 2026年1月31日, 20260131; what follows is the time of the day.
_USUAL = re.compile(
    r"(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|年(\d{1,2})月(\d{1,2})日|(\d\d)(\d\d))(?:[T ]?\d{1,2}[:时\d].*)?", re.ASCII
)

#: Formats that are no pattern: days since 1900 as Excel counts them, seconds and milliseconds since 1970.
_EXCEL, _EPOCH, _MILLISECONDS = "excel", "epoch", "epoch_ms"
_DAYS = range(61, 2_958_465)
_SECONDS = 253_402_300_799  # up to 9999


class Days:
    """Reads days. `formats` as strptime has them, or excel, epoch, epoch_ms; the usual ones are tried first."""

    def __init__(self, formats: Sequence[str] = ()) -> None:
        self._formats = formats
        self.read = lru_cache(maxsize=1 << 16)(self._read)

    def _read(self, text: str) -> date | None:
        """The day; None when no format fits."""
        return _usual(text) or next((day for form in self._formats if (day := _by(form, text))), None)


def _usual(text: str) -> date | None:
    found = _USUAL.fullmatch(text)
    if not found:
        return None
    year, *rest = (part for part in found.groups() if part and part.isdecimal())
    try:
        return date(int(year), int(rest[0]), int(rest[1]))
    except ValueError:
        return None


def _by(form: str, text: str) -> date | None:
    try:
        if form == _EXCEL:
            days = float(text)
            return date(1899, 12, 30) + timedelta(int(days)) if _DAYS.start <= days < _DAYS.stop else None
        if form in (_EPOCH, _MILLISECONDS):
            seconds = int(text) // (1000 if form == _MILLISECONDS else 1) if len(text) < 20 else -1
            return datetime.fromtimestamp(seconds, UTC).date() if 0 <= seconds <= _SECONDS else None
        return datetime.strptime(text, form).date()
    except ValueError:
        return None


def fault_of(form: str) -> bool:
    """Whether a format could never read a day back."""
    if form in (_EXCEL, _EPOCH, _MILLISECONDS):
        return False
    day = datetime(2026, 12, 31)
    return "%" not in form or _by(form, day.strftime(form)) != day.date()
