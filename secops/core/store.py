"""What outlives a run: its report, since when each finding is open, and the waivers."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable
from typing import Any, Self

import msgspec
from sqlalchemy import Connection, and_, delete, exists, func, insert, or_, select

from secops.core import config
from secops.core.database import Database, StoreError
from secops.core.errors import UsageError
from secops.core.finding import Severity, Verdict
from secops.core.i18n import _
from secops.core.report import Report
from secops.core.schema import findings, open_since, run_hosts, runs, verdicts, waivers
from secops.core.waiver import Waiver

#: Values in one IN (...): databases limit the parameters of a statement.
_AT_ONCE = 1000

_LAST = re.compile(r"last(?:~([0-9]{1,9}))?")


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A run in numbers. `open` counts findings no waiver covers; `score` is the lowest of its hosts, 0 to 100."""

    hosts: int
    unreachable: int
    open: dict[Severity, int]
    waived: int
    score: int | None
    decided: int
    applicable: int


class StoredRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run as the list of runs shows it. Times are UTC, ISO 8601."""

    id: str
    started: str
    finished: str
    version: str
    lang: str
    rules_count: int
    rules_digest: str
    profile: str
    summary: Summary


class Store:
    """The relational store. Every method is one transaction; what fails raises `StoreError` and changes nothing."""

    def __init__(self, database: Database) -> None:
        self._db = database

    @classmethod
    def open(cls, url: str = "") -> Self:
        """The store at `url`, else the configured one; made or brought up to date when needed."""
        return cls(Database(url or config.database_url()))

    def save_report(self, report: Report) -> None:
        """Keep a run, and carry on the streaks of its findings. Raises `UsageError` for a run that is kept already."""
        document = zlib.compress(msgspec.json.encode(report))
        with self._db.write() as con:
            own_number = select(runs.c.number).where(runs.c.id == report.run.id)
            if con.scalar(own_number) is not None:
                raise UsageError(_("this run is kept already"), where=report.run.id)
            con.execute(insert(runs).values(**_run_row(report), report=document))
            number = con.scalars(own_number).one()
            for table, rows in (
                (run_hosts, _host_rows(report, number)),
                (verdicts, _verdict_rows(report, number)),
                (findings, _finding_rows(report, number)),
            ):
                if rows:
                    con.execute(insert(table), rows)
            _carry_on(con, number)

    def load_report(self, ref: str) -> Report:
        """The report of a run as it was saved. Raises `UsageError` when `ref` names no run, or several."""
        with self._db.read() as con:
            run_id = _resolve(con, ref)
            document = con.scalar(select(runs.c.report).where(runs.c.id == run_id))
        try:
            return msgspec.json.decode(zlib.decompress(document or b""), type=Report)
        except (zlib.error, msgspec.DecodeError, UnicodeDecodeError) as error:
            hint = _("The other runs may be sound: `citywall history` lists them.")
            raise StoreError(_("its report is damaged"), where=run_id, hint=hint) from error

    def unreachable(self, ref: str) -> dict[str, str]:
        """The hosts of a run that did not answer, with the error."""
        with self._db.read() as con:
            number = select(runs.c.number).where(runs.c.id == _resolve(con, ref)).scalar_subquery()
            silent = (run_hosts.c.run == number) & (run_hosts.c.unreachable != "")
            found = con.execute(select(run_hosts.c.host, run_hosts.c.unreachable).where(silent)).all()
        return dict(sorted(map(tuple, found)))

    def resolve(self, ref: str) -> str:
        """The id that `ref` stands for: an id, the beginning of one only, `last`, or `last~N` (the Nth before it)."""
        with self._db.read() as con:
            return _resolve(con, ref)

    def list_runs(self, limit: int) -> list[StoredRun]:
        """The latest runs, the last one first."""
        names = StoredRun.__struct_fields__
        query = select(*(runs.c[name] for name in names)).order_by(*_LATEST_FIRST).limit(limit)
        with self._db.read() as con:
            rows = con.execute(query).all()
        return [msgspec.convert(dict(zip(names, row, strict=True)), StoredRun) for row in rows]

    def first_seen(self, identities: Iterable[str]) -> dict[str, str]:
        """When the run started in which each finding's present streak began; nothing for findings without one.

        A streak ends with a run that judged the rule on the host, whole, and did not give the finding. A run that
        could not judge it, or did not see the host, neither ends nor begins one; a waived finding is still there.
        """
        wanted = list(identities)
        since: dict[str, str] = {}
        with self._db.read() as con:
            for at in range(0, len(wanted), _AT_ONCE):
                part = open_since.c.identity.in_(wanted[at : at + _AT_ONCE])
                query = select(open_since.c.identity, open_since.c.first_seen).where(part)
                since.update(con.execute(query).all())
        return since

    def waivers(self) -> list[Waiver]:
        """All waivers, expired ones too, the oldest first."""
        with self._db.read() as con:
            rows = con.execute(select(waivers).order_by(waivers.c.created, waivers.c.id)).mappings().all()
        return [Waiver(**row) for row in rows]

    def add_waiver(self, waiver: Waiver) -> None:
        """Keep a waiver. Raises `UsageError` when its id is taken."""
        with self._db.write() as con:
            if con.scalar(select(waivers.c.id).where(waivers.c.id == waiver.id)) is not None:
                raise UsageError(_("this id is taken"), where=waiver.id)
            con.execute(insert(waivers).values(**msgspec.structs.asdict(waiver)))

    def remove_waiver(self, waiver_id: str) -> None:
        """Forget a waiver. Raises `UsageError` when there is none of this id."""
        with self._db.write() as con:
            if not con.execute(delete(waivers).where(waivers.c.id == waiver_id)).rowcount:
                hint = _("`citywall waive list` shows them.")
                raise UsageError(_("there is no such waiver"), where=waiver_id, hint=hint)


#: By the clock that the run was started by, then by the order of saving.
_LATEST_FIRST = (runs.c.started.desc(), runs.c.number.desc())


def _resolve(con: Connection, ref: str) -> str:
    hint = _("`citywall history` lists the runs; `last` and `last~1` are the latest two.")
    if last := _LAST.fullmatch(ref):
        query = select(runs.c.id).order_by(*_LATEST_FIRST).offset(int(last[1] or 0)).limit(1)
        found = con.scalars(query).all()
    else:
        begins = func.substr(runs.c.id, 1, len(ref)) == ref
        found = con.scalars(select(runs.c.id).where(begins).order_by(*_LATEST_FIRST).limit(4)).all() if ref else []
    if ref in found or len(found) == 1:
        return ref if ref in found else found[0]
    if not found:
        if con.scalar(select(func.count()).select_from(runs)) == 0:
            hint = _("There is no run yet: `citywall scan`.")
        raise UsageError(_("there is no such run"), where=ref or "''", hint=hint)
    what = _("several runs begin with it: {runs}").format(runs=", ".join(found[:3]) + " …" * (len(found) > 3))
    raise UsageError(what, where=ref, hint=hint)


def _run_row(report: Report) -> dict[str, Any]:
    run = report.run
    return {
        "id": run.id,
        "started": run.started,
        "finished": run.finished,
        "version": run.version,
        "lang": run.lang,
        "rules_count": run.rules.count,
        "rules_digest": run.rules.digest,
        "profile": run.profile,
        "summary": msgspec.to_builtins(_summary(report)),
    }


def _summary(report: Report) -> Summary:
    severities = Counter(finding.severity for finding in report.findings if finding.status is Verdict.FAIL)
    return Summary(
        hosts=len(report.hosts),
        unreachable=sum(bool(host.unreachable) for host in report.hosts),
        open={severity: severities[severity] for severity in Severity},
        waived=sum(finding.status is Verdict.WAIVED for finding in report.findings),
        score=min((host.score for host in report.hosts if host.score is not None), default=None),
        decided=sum(host.coverage.decided for host in report.hosts),
        applicable=sum(host.coverage.applicable for host in report.hosts),
    )


def _host_rows(report: Report, run: int) -> list[dict[str, Any]]:
    return [
        {
            "run": run,
            "host": host.host,
            "name": host.name,
            "carrier": host.carrier,
            "label": host.label,
            "score": host.score,
            "decided": host.coverage.decided,
            "applicable": host.coverage.applicable,
            "unreachable": host.unreachable,
        }
        for host in report.hosts
    ]


def _verdict_rows(report: Report, run: int) -> list[dict[str, Any]]:
    return [
        {"run": run, "rule": verdict.rule, "host": verdict.host, "status": verdict.status, "reason": verdict.reason}
        for verdict in report.verdicts
    ]


def _finding_rows(report: Report, run: int) -> list[dict[str, Any]]:
    return [
        {
            "run": run,
            "position": position,
            "identity": finding.identity,
            "rule": finding.rule,
            "host": finding.host,
            "status": finding.status,
            "severity": finding.severity,
            "title": finding.title,
            "message": finding.message,
            "key": finding.key,
            "evidence": finding.evidence,
            "first_seen": finding.first_seen or report.run.started,
            "waiver": finding.waiver,
        }
        for position, finding in enumerate(report.findings)
    ]


def _carry_on(con: Connection, run: int) -> None:
    """End the streaks of findings that this run shows to be gone, and begin those of new ones."""
    here = select(findings.c.identity).where(findings.c.run == run)
    judged = exists().where(
        verdicts.c.run == run,
        verdicts.c.rule == open_since.c.rule,
        verdicts.c.host == open_since.c.host,
        or_(
            verdicts.c.status.in_([Verdict.PASS, Verdict.NOT_APPLICABLE]),
            # with a reason it was judged by what could be seen, and proves the presence of findings only
            and_(verdicts.c.status.in_([Verdict.FAIL, Verdict.WAIVED]), verdicts.c.reason == ""),
        ),
    )
    con.execute(delete(open_since).where(open_since.c.identity.not_in(here), judged))
    first = select(
        findings.c.identity, func.min(findings.c.rule), func.min(findings.c.host), func.min(findings.c.first_seen)
    )
    new = first.where(findings.c.run == run, findings.c.identity.not_in(select(open_since.c.identity)))
    con.execute(
        insert(open_since).from_select(["identity", "rule", "host", "first_seen"], new.group_by(findings.c.identity))
    )
