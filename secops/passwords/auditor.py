"""The step of a scan that tries passwords: hashes of all hosts in, the table `password_audit` out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from secops.core.errors import CitywallError
from secops.core.i18n import _
from secops.core.progress import Progress
from secops.hosts.credentials import Credential
from secops.hosts.evidence import Problem, Status
from secops.hosts.held import Held, Stored
from secops.hosts.listing import Entry
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
    Afterwards `tables` are the tables it gave, and `lost` is why what it learnt could not be kept for a next run.
    """

    candidates: Callable[[], Candidates]
    seconds: float
    mac: Mac = field(repr=False)
    recall: Recall = lambda _: {}
    keep: Keep = lambda _: None
    patient: bool = False
    lost: CitywallError | None = None
    tables: dict[str, dict[str, Facts]] = field(default_factory=dict, repr=False)

    def __call__(self, hosts: Mapping[str, Held], progress: Progress) -> dict[str, dict[str, Facts]]:
        """The late tables of each host. Distinct hashes are tried once, however many accounts have them."""
        holders = [holder for host, held in hosts.items() for holder in _holders(host, held)]
        accounts: dict[str, list[Row]] = {host: [] for host in hosts}
        services: dict[str, list[Row]] = {host: [] for host in hosts}
        for holder, row in self._tried(holders, progress) if holders else ():
            if holder.credential:
                services[holder.host].append(_service_row(holder.credential, hosts[holder.host].files, row))
            else:
                accounts[holder.host].append({"user_name": holder.stored.user, **row})
        self.tables = {
            host: {
                "password_audit": facts(accounts[host], held.hashes_lack),
                "service_credentials": facts(services[host], held.credentials_lack),
            }
            for host, held in hosts.items()
        }
        return self.tables

    def _tried(self, holders: list[Holder], progress: Progress) -> Iterator[tuple[Holder, Row]]:
        keep_out_of_core_files()
        audit = Audit(holders, self.candidates(), self.mac, self.recall)
        try:
            audit.run(self.seconds, on_progress=_Rate(progress, self.seconds).note)
        except KeyboardInterrupt:
            if not self.patient:
                raise
        finally:
            try:
                self.keep(audit.known())
            except CitywallError as error:  # what was found out now counts all the same
                self.lost = error
        return audit.results()


def _holders(host: str, held: Held) -> Iterator[Holder]:
    for stored in held.hashes:
        yield Holder(host, stored)
    names = held.hashes[0].names if held.hashes else ()
    for credential in held.credentials:
        yield Holder(host, Stored(credential.account, credential.value, "", names), credential)


def _service_row(credential: Credential, files: Mapping[str, Entry], row: Row) -> Row:
    """A row of `service_credentials`."""
    entry = files.get(credential.path)
    empty = not credential.value.reveal()
    return {
        "service": credential.service,
        "path": credential.path,
        "line": credential.line,
        "account": credential.account,
        "form": "empty" if empty else credential.form,
        "mode": entry.mode if entry else None,
        "uid": entry.uid if entry else None,
        "others_read": bool(entry.mode & 0o004) if entry else None,
        **{name: value for name, value in row.items() if not name.startswith("same_")},
    }


def facts(rows: list[Row], lack: Sequence[Problem]) -> Facts:
    """A late table of one host. Its part `tried` is whole when words were tried for each of its rows."""
    untried = [row for row in rows if row["result"] in ("not_tried", "unknown")]
    if not untried:
        return Facts(rows, {"": lack, "tried": lack})
    reason = f"{_named(untried[0])}: {untried[0]['reason']}"
    if len(untried) > 1:
        reason += f" (and {len(untried) - 1} more)"
    status = Status.TIMEOUT if untried[0]["result"] == "not_tried" else Status.FAILED
    return Facts(rows, {"": lack, "tried": [*lack, Problem(status, reason)]})


def _named(row: Row) -> str:
    return str(row.get("user_name") or f"{row['path']}: {row['account']}")


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
