"""A waiver: somebody answers for leaving a finding as it is, for a reason and until a day."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from secops.core.errors import UsageError
from secops.core.i18n import _

#: The longest that a waiver may hold; after it somebody must look again.
LONGEST = timedelta(days=366)


class Waiver(msgspec.Struct, frozen=True, kw_only=True):
    """`rule` and `host` are globs; `key` maps key columns to the value each must have, as text.

    `expires` is the last day (UTC) on which it holds. Raises `UsageError` for one that nobody answers for, or too long.
    """

    id: str
    rule: str
    host: str
    reason: str
    approver: str
    created: date
    expires: date
    key: dict[str, str] = {}

    def __post_init__(self) -> None:
        where = _("waiver {id}").format(id=self.id)
        for name in ("id", "rule", "host", "reason", "approver"):
            if not getattr(self, name).strip():
                raise UsageError(_("{field} is empty").format(field=name), where=where)
        if not self.created <= self.expires <= self.created + LONGEST:
            what = _("it would end on {expires}").format(expires=self.expires)
            hint = _("A waiver ends between today and {latest}.").format(latest=self.created + LONGEST)
            raise UsageError(what, where=where, hint=hint)
