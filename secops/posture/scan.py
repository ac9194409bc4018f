"""The pipeline: carriers → evidence → tables → snapshot → verdicts → findings → report."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, date, datetime
from pathlib import Path
from secrets import token_hex

import msgspec

from secops import __version__
from secops.core.errors import CitywallError
from secops.core.finding import RuleVerdict, Severity
from secops.core.folder import writing
from secops.core.i18n import _
from secops.core.progress import Progress
from secops.core.report import HostReport, Report, Rules, Run
from secops.hosts.carriers import Carrier
from secops.hosts.snapshot import Index
from secops.patches.match import FeedFiles
from secops.patches.shelf import Shelf
from secops.posture.evaluate import Outcome
from secops.posture.findings import findings
from secops.posture.gather import Advise, Audit, Seen, disputed, gather, no_audit, with_feeds
from secops.posture.isolation import judge
from secops.posture.judge import Source
from secops.posture.rule import RuleSet
from secops.posture.run_folder import run_folder
from secops.posture.score import count, coverage, score
from secops.posture.waivers import Waiver, apply, apply_to_verdicts
from secops.privilege.fleet.fleet import Fleet


class NotKeptError(CitywallError):
    """All was judged, but the run could not be kept: not in the store, and so no snapshot of it. `report` is whole."""

    def __init__(self, report: Report, cause: CitywallError) -> None:
        super().__init__(cause.what, where=cause.where, hint=cause.hint)
        self.exit_code = cause.exit_code
        note = _("This run could not be kept: neither its history nor `citywall sql` will know it.")
        self.report = msgspec.structs.replace(report, notes=[*report.notes, note])


def scan(
    carriers: Sequence[Carrier],
    rules: RuleSet,
    runs: Path,
    *,
    lang: str,
    waivers: Sequence[Waiver] = (),
    first_seen: Callable[[Iterable[str]], Mapping[str, str]] = lambda _: {},
    save: Callable[[Report], None] = lambda _: None,
    audit: Audit = no_audit,
    fleet: Fleet | None = None,
    shelf: Shelf | None = None,
    advise: Advise = lambda _label, _hint: None,
    progress: Progress | None = None,
) -> Report:
    """Ask every host, judge all of them, keep the snapshot below `runs`, `save` the report and return it.

    `audit` tries passwords on the hashes that the carriers bring; `fleet` works out the tables over all hosts; `shelf`
    has the feeds that tell of flaws in packages.

    A host that does not answer is in the report as unreachable; `advise` gets its label and what to do. On any
    failure, and on Ctrl-C, no snapshot stays behind. What fails after the judging, in `first_seen` and `save` too, is
    a `NotKeptError` that has the report.
    """
    progress, fleet = progress or Progress(quiet=True), fleet or Fleet()
    started = datetime.now(UTC)
    run_id = f"{started:%Y%m%dT%H%M%SZ}-{token_hex(2)}"
    with run_folder(runs, run_id) as partial:
        if shelf:
            with shelf.reading():
                shelf.files(shelf.feeds())  # what is damaged is told before a host is asked
        seen = gather(carriers, partial, audit, fleet, advise, progress)
        progress.step(_("judging"))
        with shelf.reading() if shelf else nullcontext():  # feeds that are told of are those that are read
            feeds = shelf.feeds() if shelf else []
            seen = with_feeds(seen, feeds)
            outcomes = _judge(seen, rules, runs, partial, run_id, shelf.files(feeds) if shelf else [])
        run = Run(
            id=run_id,
            started=_stamp(started),
            finished=_stamp(datetime.now(UTC)),
            version=__version__,
            lang=lang,
            rules=Rules(len(rules.files), rules.digest),
            feeds=[feed.use(datetime.now(UTC).date()) for feed in feeds],
        )
        report = _report(run, seen, outcomes, rules, waivers, fleet)
        try:
            report = _dated(report, first_seen([finding.identity for finding in report.findings]))
            with writing(runs):
                os.replace(partial, runs / run_id)
            try:
                save(report)
            except BaseException:
                os.replace(runs / run_id, partial)  # where it goes with the rest
                raise
        except CitywallError as error:
            raise NotKeptError(report, error) from error
    return report


def _report(
    run: Run, seen: Sequence[Seen], outcomes: Sequence[Outcome], rules: RuleSet, waivers: Sequence[Waiver], fleet: Fleet
) -> Report:
    found = findings(outcomes, rules.rules, {s.report.host: s.family for s in seen}, run.lang)
    found, notes = apply(found, waivers, date.fromisoformat(run.started[:10]))
    verdicts = apply_to_verdicts(_verdicts(outcomes), found)
    notes += [*disputed(seen), *fleet.notes({one.report.host: one.logins for one in seen})]
    return Report(run=run, hosts=_host_reports(seen, verdicts, rules), findings=found, verdicts=verdicts, notes=notes)


def _dated(report: Report, known: Mapping[str, str]) -> Report:
    """The report with the day each finding was first seen: `known` by its identity, else in this run."""
    dated = [
        msgspec.structs.replace(finding, first_seen=known.get(finding.identity, report.run.started))
        for finding in report.findings
    ]
    return msgspec.structs.replace(report, findings=dated)


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _judge(
    seen: Sequence[Seen], rules: RuleSet, runs: Path, partial: Path, run_id: str, feeds: list[FeedFiles]
) -> list[Outcome]:
    """Verdicts of every host that answered; the snapshot is written on the way."""
    spools = [one.spooled for one in seen if one.spooled]
    index, changed = Index.build(spools, Index.latest(runs), run_id)
    with writing(runs):
        index.save(partial)
    if not spools:
        return []
    source = Source(
        spools=[spooled.path for spooled in spools],
        identities={Path(spooled.path).name: spooled.host for spooled in spools},
        widest=max(spooled.widest for spooled in spools),
        write_to=str(partial),
        changed=changed,
        feeds=feeds,
    )
    parts = index.parts(runs, {run_id: partial})
    outcomes = list(judge(source, list(rules.rules.values()), reload=Source(parts=parts), hosts=len(spools)))
    for spooled in spools:
        Path(spooled.path).unlink(missing_ok=True)
    return outcomes


def _verdicts(outcomes: Iterable[Outcome]) -> list[RuleVerdict]:
    return [
        RuleVerdict(outcome.rule, host, status, reason)
        for outcome in outcomes
        for status, reason, hosts in outcome.hosts
        for host in sorted(hosts)
    ]


def _host_reports(seen: Sequence[Seen], verdicts: Iterable[RuleVerdict], rules: RuleSet) -> list[HostReport]:
    severities: dict[str, Severity] = {name: rule.severity for name, rule in rules.rules.items()}
    by_host: dict[str, list[RuleVerdict]] = {}
    for verdict in verdicts:
        by_host.setdefault(verdict.host, []).append(verdict)
    reports = []
    for one in seen:
        own = by_host.get(one.report.host, [])
        counts = count(own)
        reports.append(
            msgspec.structs.replace(
                one.report,
                score=score(own, severities),
                score_without_waivers=score(own, severities, waived_passes=False),
                coverage=coverage(counts),
                counts=counts,
            )
        )
    return reports
