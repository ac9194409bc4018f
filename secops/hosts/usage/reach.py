"""How long an account or a right was certainly not used: no longer than a record tells of it without a gap."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from secops.hosts.usage.clock import DAY

#: A log whose last line is older may be one that nobody writes any more.
STALE = 7 * DAY

#: Parts of tables: whole when it is known of each account whether it was in use within so many days.
PERIODS = {"quarter": 90, "half_year": 180}


#: A record: its name, since when (None when not for certain) and until when it tells of everything.
Span = tuple[str, int | None, int]


@dataclass(frozen=True)
class Reach:
    """Since when all is on record up to `now`, and the record that goes furthest; None when nothing is."""

    now: int
    since: int | None = None
    record: str | None = None
    newest: int = 0  # the last that any record tells

    @classmethod
    def of(cls, spans: Iterable[Span], now: int) -> Reach:
        """Records that follow each other without a gap count together."""
        left = sorted((span for span in spans if span[1] is not None), key=lambda span: span[2], reverse=True)
        since, record = now - STALE, None
        for name, first, last in left:
            if first is not None and last >= since and (record is None or first < since):
                since, record = first, name
        return cls(now, since if record else None, record, max((span[2] for span in left), default=0))

    @property
    def days(self) -> int | None:
        return None if self.since is None else max(0, self.now - self.since) // DAY

    def idle(self, *signs: int | None) -> int | None:
        """Whole days without any of the signs of use; None when there is no record."""
        if self.since is None:
            return None
        return max(0, self.now - max([self.since, *(sign for sign in signs if sign is not None)])) // DAY

    def decides(self, days: int, *signs: int | None) -> bool:
        """Whether it is known that there was, or that there was not, a sign of use within so many days."""
        known = [sign for sign in signs if sign is not None]
        return self.now - max(known, default=0) < days * DAY or (self.idle(*known) or 0) >= days

    def shortfall(self, days: int) -> str:
        """Why it cannot be told who was idle for so many days."""
        if self.since is not None:
            return f"what is on record begins {self.days} days ago, not {days}"
        if self.newest:
            days_old = (self.now - self.newest) // DAY
            if days_old == 1:
                return "the newest line on record is 1 day old"
            return f"the newest line on record is {days_old} days old"
        return "no log of logins is there"
