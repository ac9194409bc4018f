"""NOTBEFORE and NOTAFTER: whether an entry of sudoers is in force at a time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from secops.hosts.sudoers_answer import Answer, both

_TIME = re.compile(
    r"(\d{4})(\d\d)(\d\d)(\d\d)(?:(\d\d)(\d\d)?)?(?:[.,](\d))?(?:(Z)|([+-])(\d\d)(\d\d)?)?", re.ASCII
)  # fmt: skip
#: No host's clock is farther from UTC.
_FARTHEST = timedelta(hours=14)


def in_force(options: Mapping[str, str], now: datetime | None) -> Answer:
    """Whether an entry with these options is in force; None when that is not known. `now` has a zone."""
    begun, ended = _is_past(options.get("NOTBEFORE"), now), _is_past(options.get("NOTAFTER"), now)
    return both(
        "NOTBEFORE" not in options or begun, "NOTAFTER" not in options or (None if ended is None else not ended)
    )


def _is_past(text: str | None, now: datetime | None) -> Answer:
    limit = _parsed(text) if text else None
    if limit is None or now is None:
        return None
    time, fuzz = limit
    return None if abs(now - time) < fuzz else time <= now


def _parsed(text: str) -> tuple[datetime, timedelta] | None:
    """A time, and how far it may be from that: without a zone it is the host's."""
    match = _TIME.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    try:
        time = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None
    tenth = int(match[7] or 0)
    time += timedelta(minutes=0 if match[5] else 6 * tenth, seconds=6 * tenth if match[5] and not match[6] else 0)
    offset = timedelta(hours=int(match[10] or 0), minutes=int(match[11] or 0))
    time += offset if match[9] == "-" else -offset
    return time, timedelta() if match[8] or match[9] else _FARTHEST
