"""Times as logs write them, as seconds since 1970."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

DAY = 86_400

_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_RFC3164 = re.compile(r"([A-Z][a-z]{2}) ([ 0-9][0-9]) ([0-9]{2}):([0-9]{2}):([0-9]{2})(?: ([0-9]{4}))?", re.ASCII)
_ZONE = re.compile("([+-])([0-9]{2})([0-9]{2})")
_YEARS = 8  # from one 29th of February to the next, at the most


def offset(zone: str) -> timezone:
    """The zone of `+0800`; UTC when it is none."""
    found = _ZONE.fullmatch(zone)
    if not found or int(found[2]) > 23 or int(found[3]) > 59:
        return UTC
    away = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(-away if found[1] == "-" else away)


def moment(text: str, latest: int, zone: timezone) -> int | None:
    """A time in a log; of one without a year the latest that is not after `latest`. None when it is no such time."""
    try:
        found = _RFC3164.fullmatch(text)
        if found and not found[6]:
            return _latest(found, latest, zone)
        time = _seconds(found, int(found[6]), zone) if found else _iso(text, zone)
    except (ValueError, OverflowError, OSError):
        return None
    return time if 0 < time <= latest else None


def _iso(text: str, zone: timezone) -> int:
    found = datetime.fromisoformat(text)
    return int((found if found.tzinfo else found.replace(tzinfo=zone)).timestamp())


def _latest(found: re.Match[str], latest: int, zone: timezone) -> int | None:
    year = datetime.fromtimestamp(latest, zone).year
    for candidate in range(year, year - _YEARS, -1):
        try:
            time = _seconds(found, candidate, zone)
        except ValueError:  # a 29th of February
            continue
        if time <= latest:
            return time if time > 0 else None
    return None


def _seconds(found: re.Match[str], year: int, zone: timezone) -> int:
    day, hour, minute, second = (int(found[at]) for at in (2, 3, 4, 5))
    return int(
        datetime(year, _MONTHS.find(found[1]) // 3 + 1, day, hour, minute, min(second, 59), tzinfo=zone).timestamp()
    )
