"""The step of a scan that tries passwords: hashes of all hosts in, the table `password_audit` out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from secops.core.i18n import _
from secops.core.progress import Progress
from secops.hosts.evidence import Problem, Status
from secops.hosts.hashes import Hashes
from secops.hosts.tables import Facts, Row
from secops.passwords.audit import Audit, Holder, Mac, Past
from secops.passwords.candidates import Candidates
from secops.passwords.worker import keep_out_of_core_files

Recall = Callable[[Iterable[str]], Mapping[str, Past]]
Keep = Callable[[Mapping[str, Past]], None]


@dataclass
class Auditor:
    """Tries likely passwords for so many `seconds`. What was known before and what is known after go to the store.

    `candidates` is called when there is a hash to try. With `patient`, Ctrl-C ends the trying, not the scan.
    """

    candidates: Callable[[], Candidates]
    seconds: float
    mac: Mac = field(repr=False)
    recall: Recall = lambda _: {}
    keep: Keep = lambda _: None
    patient: bool = False
    left: int = 0

    def __call__(self, hosts: Mapping[str, Hashes], progress: Progress) -> dict[str, Facts]:
        """The table of each host. Distinct hashes are tried once, however many accounts have them."""
        holders = [Holder(host, stored) for host, hashes in hosts.items() for stored in hashes.stored]
        rows = self._tried(holders, progress) if holders else {}
        return {host: facts(rows.get(host, []), hashes.lack) for host, hashes in hosts.items()}

    def _tried(self, holders: list[Holder], progress: Progress) -> dict[str, list[Row]]:
        keep_out_of_core_files()
        audit = Audit(holders, self.candidates(), self.mac, self.recall)
        try:
            audit.run(self.seconds, on_progress=_Rate(progress, self.seconds).note)
        except KeyboardInterrupt:
            if not self.patient:
                raise
        finally:
            self.keep(audit.known())
            self.left = audit.left
        return audit.rows()


def facts(rows: list[Row], lack: Problem | None) -> Facts:
    """The table of one host. Its part `tried` is whole when each account's hash was tried."""
    problems = [lack] if lack else []
    untried = [row for row in rows if row["result"] in ("not_tried", "unknown")]
    reason = f"{untried[0]['user_name']}: {untried[0]['reason']}" if untried else ""
    if len(untried) > 1:
        reason += f" (and {len(untried) - 1} more)"
    return Facts(rows, {"": problems, "tried": problems + [Problem(Status.TIMEOUT, reason)] * bool(untried)})


class _Rate:
    """Words so far, their rate, and the time left, shown at most once a second."""

    def __init__(self, progress: Progress, seconds: float) -> None:
        self._progress, self._until = progress, time.monotonic() + seconds
        self._started = self._shown = time.monotonic()
        self._words = 0
        progress.step(_("trying likely passwords"))

    def note(self, words: int) -> None:
        self._words += words
        now = time.monotonic()
        if now - self._shown >= 1:
            self._shown = now
            text = _("trying likely passwords: {words} so far, {rate}/s, {left} s left")
            rate = self._words / (now - self._started)
            self._progress.step(
                text.format(words=f"{self._words:,}", rate=f"{rate:,.0f}", left=f"{max(0, self._until - now):.0f}")
            )
