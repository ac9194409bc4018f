"""The pipeline: carriers → evidence → tables → snapshot → verdicts → findings → report."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from secrets import token_hex

import msgspec

from secops import __version__
from secops.core.errors import CitywallError
from secops.core.finding import RuleVerdict, Severity
from secops.core.i18n import _, because
from secops.core.progress import Progress
from secops.core.report import HostReport, Os, Report, Rules, Run
from secops.hosts.carriers import Carrier
from secops.hosts.carriers.fleet import ask_all
from secops.hosts.snapshot import HostFacts, Index, Spooled, observe, spool
from secops.posture.evaluate import Outcome
from secops.posture.findings import findings
from secops.posture.isolation import judge
from secops.posture.judge import Source
from secops.posture.rule import RuleSet
from secops.posture.score import count, coverage, score
from secops.posture.waivers import Waiver, apply, apply_to_verdicts


class Seen(msgspec.Struct, frozen=True):
    """A host that answered (its spool and what the report says of it) or did not (`unreachable`)."""

    report: HostReport
    family: str | None = None
    spooled: Spooled | None = None


def scan(
    carriers: Sequence[Carrier],
    rules: RuleSet,
    runs: Path,
    *,
    lang: str,
    waivers: Sequence[Waiver] = (),
    first_seen: Callable[[Iterable[str]], Mapping[str, str]] = lambda _: {},
    save: Callable[[Report], None] = lambda _: None,
    progress: Progress | None = None,
) -> Report:
    """Ask every host, judge all of them, keep the snapshot below `runs`, `save` the report and return it.

    A host that does not answer is in the report as unreachable. On any failure, one of `save` too, and on Ctrl-C,
    no snapshot stays behind.
    """
    progress = progress or Progress(quiet=True)
    started = datetime.now(UTC)
    run_id = f"{started:%Y%m%dT%H%M%SZ}-{token_hex(2)}"
    partial, whole = runs / f".{run_id}.partial", runs / run_id
    try:
        with _writing(runs):
            partial.mkdir(mode=0o700, parents=True)
        seen = _collect(carriers, partial, progress)
        progress.step(_("judging"))
        outcomes = _judge(seen, rules, runs, partial, run_id)
        run = Run(
            id=run_id,
            started=_stamp(started),
            finished=_stamp(datetime.now(UTC)),
            version=__version__,
            lang=lang,
            rules=Rules(len(rules.files), rules.digest),
        )
        report = _report(run, seen, outcomes, rules, waivers, first_seen)
        with _writing(runs):
            os.replace(partial, whole)
        save(report)
    except BaseException:
        for folder in (partial, whole):
            shutil.rmtree(folder, ignore_errors=True)
        raise
    return report


def _report(
    run: Run,
    seen: Sequence[Seen],
    outcomes: Sequence[Outcome],
    rules: RuleSet,
    waivers: Sequence[Waiver],
    first_seen: Callable[[Iterable[str]], Mapping[str, str]],
) -> Report:
    found = findings(outcomes, rules.rules, {s.report.host: s.family for s in seen}, run.lang)
    found, notes = apply(found, waivers, date.fromisoformat(run.started[:10]))
    known = first_seen([finding.identity for finding in found])
    found = [msgspec.structs.replace(f, first_seen=known.get(f.identity, run.started)) for f in found]
    verdicts = apply_to_verdicts(_verdicts(outcomes), found)
    return Report(run=run, hosts=_host_reports(seen, verdicts, rules), findings=found, verdicts=verdicts, notes=notes)


@contextmanager
def _writing(place: Path) -> Iterator[None]:
    """What goes wrong while writing below `place`, as an error for people."""
    try:
        yield
    except OSError as error:
        raise CitywallError(
            _("cannot be written: {reason}").format(reason=because(error)),
            where=str(place),
            hint=_("Free some space, or set CITYWALL_HOME to a folder of yours."),
        ) from error


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _collect(carriers: Sequence[Carrier], directory: Path, progress: Progress) -> list[Seen]:
    """Ask every host, some at a time; spool each answer as it comes, in the order the hosts were named."""
    progress.step(_("collecting"), total=len(carriers))
    seen: list[Seen] = []
    taken = {carrier.name for carrier in carriers if carrier.name}  # no host may claim the name of another
    answers = ask_all(carriers, lambda carrier: observe(carrier.collect(), carrier.name))
    for carrier, answer in zip(carriers, answers, strict=True):
        host = answer.host if isinstance(answer, HostFacts) else carrier.name or carrier.label
        if not carrier.name:
            if host in taken:  # two hosts with one machine-id must not become one; a rule reports the pair
                host += f"@{carrier.label}"
            while host in taken:
                host += "+"
            taken.add(host)
        if isinstance(answer, HostFacts):
            seen.append(_spooled(answer, host, directory / f"{len(seen)}.ndjson.gz"))
        else:
            seen.append(Seen(HostReport(host=host, name=host, label=carrier.label, unreachable=answer.what)))
        progress.advance()
    return seen


def _spooled(facts: HostFacts, host: str, path: Path) -> Seen:
    with _writing(path.parent.parent):
        spooled = spool(facts, host, path)
    row = next(iter(facts.tables["hosts"].rows), {})
    not_seen = {
        f"{table}.{part}" if part else table: problems[0].reason
        for table, kept in facts.tables.items()
        for part, problems in kept.problems.items()
        if problems and (not part or not kept.problems[""])
    }
    report = HostReport(
        host=host,
        name=row.get("name") or facts.label,
        carrier=row.get("carrier") or "",
        label=facts.label,
        as_root=bool(row.get("as_root")),
        os=Os(row.get("os_id") or "", row.get("os_version") or "", row.get("os_name") or ""),
        not_seen=not_seen,
    )
    return Seen(report, row.get("family"), spooled)


def _judge(seen: Sequence[Seen], rules: RuleSet, runs: Path, partial: Path, run_id: str) -> list[Outcome]:
    """Verdicts of every host that answered; the snapshot is written on the way."""
    spools = [one.spooled for one in seen if one.spooled]
    index, changed = Index.build(spools, Index.latest(runs), run_id)
    with _writing(runs):
        index.save(partial)
    if not spools:
        return []
    source = Source(
        spools=[spooled.path for spooled in spools],
        widest=max(spooled.widest for spooled in spools),
        write_to=str(partial),
        changed=changed,
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
