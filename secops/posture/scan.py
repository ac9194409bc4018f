"""The pipeline: carriers → evidence → tables → snapshot → verdicts → findings → report."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

import msgspec

from secops import __version__
from secops.core.errors import CitywallError
from secops.core.finding import RuleVerdict, Severity
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
    progress: Progress | None = None,
) -> Report:
    """Ask every host, judge all of them, keep the snapshot below `runs`, and return the report.

    A host that does not answer is in the report as unreachable. On any failure, and on Ctrl-C, no half-written
    snapshot stays behind.
    """
    progress = progress or Progress(quiet=True)
    started = datetime.now(UTC)
    run_id = f"{started:%Y%m%dT%H%M%SZ}-{token_hex(2)}"
    partial = runs / f".{run_id}.partial"
    _make(partial)
    try:
        seen = _collect(carriers, partial, progress)
        progress.step("judging")
        outcomes = _judge(seen, rules, runs, partial, run_id)
        os.replace(partial, runs / run_id)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    found = findings(outcomes, rules.rules, {s.report.host: s.family for s in seen}, lang)
    found, notes = apply(found, waivers, started.date())
    known = first_seen([finding.identity for finding in found])
    stamp = _stamp(started)
    found = [msgspec.structs.replace(f, first_seen=known.get(f.identity, stamp)) for f in found]
    verdicts = apply_to_verdicts(_verdicts(outcomes), found)
    run = Run(
        id=run_id,
        started=stamp,
        finished=_stamp(datetime.now(UTC)),
        version=__version__,
        lang=lang,
        rules=Rules(len(rules.files), rules.digest),
    )
    return Report(run=run, hosts=_host_reports(seen, verdicts, rules), findings=found, verdicts=verdicts, notes=notes)


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise CitywallError(
            f"cannot be written: {error.strerror}",
            where=str(directory.parent),
            hint="Set CITYWALL_HOME to a folder of yours.",
        ) from error


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _collect(carriers: Sequence[Carrier], directory: Path, progress: Progress) -> list[Seen]:
    """Ask every host, some at a time; spool each answer as it comes, in the order the hosts were named."""
    progress.step("collecting", total=len(carriers))
    seen: list[Seen] = []
    taken: set[str] = set()
    answers = ask_all(carriers, lambda carrier: observe(carrier.collect(), carrier.name))
    for carrier, answer in zip(carriers, answers, strict=True):
        if isinstance(answer, HostFacts):
            # two hosts with one machine-id must not become one; a rule reports the pair
            host = answer.host if answer.host not in taken else f"{answer.host}@{answer.label}"
            seen.append(_spooled(answer, host, directory / f"{len(seen)}.ndjson.gz"))
        else:
            host = carrier.name or carrier.label
            seen.append(Seen(HostReport(host=host, name=host, label=carrier.label, unreachable=str(answer))))
        taken.add(host)
        progress.advance()
    return seen


def _spooled(facts: HostFacts, host: str, path: Path) -> Seen:
    try:
        spooled = spool(facts, host, path)
    except OSError as error:
        raise CitywallError(
            f"cannot be written: {error.strerror}",
            where=str(path.parent),
            hint="Free some space, or set CITYWALL_HOME.",
        ) from error
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
    if not spools:
        return []
    index, changed = Index.build(spools, Index.latest(runs), run_id)
    source = Source(
        spools=[spooled.path for spooled in spools],
        widest=max(spooled.widest for spooled in spools),
        write_to=str(partial),
        changed=changed,
    )
    parts = index.parts(runs, {run_id: partial})
    outcomes = list(judge(source, list(rules.rules.values()), reload=Source(parts=parts), hosts=len(spools)))
    index.save(partial)
    for spooled in spools:
        with suppress(FileNotFoundError):
            os.unlink(spooled.path)
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
