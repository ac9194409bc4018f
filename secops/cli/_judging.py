"""What `scan` and `passwords audit` share: rules, hosts and passwords in, a report and an exit code out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from secops.cli._options import Output, Targets, Trying
from secops.core.errors import CitywallError, Exit, UsageError, worst
from secops.core.i18n import _, language

if TYPE_CHECKING:
    from secops.core.report import Report
    from secops.passwords.auditor import Auditor
    from secops.posture.rule import RuleSet

#: Percent of the applicable rules that must be decided for a scan to count as complete.
MIN_COVERAGE = 60


def judge(targets: Targets, trying: Trying, rules: RuleSet, output: Output, *, patient: bool = False) -> int:
    """Ask the hosts, try passwords, judge, keep the run, print the report. The exit code.

    `patient`: Ctrl-C while passwords are tried ends only the trying, and what came of each account is shown first.
    """
    from secops.core import config
    from secops.core.inert import printable
    from secops.core.progress import Progress
    from secops.core.render import check_place, emit
    from secops.core.store import Store
    from secops.posture.gather import no_audit
    from secops.posture.scan import NotKeptError, scan

    if output.output:
        check_place(output.output)
    carriers = targets.carriers(hashes=trying.seconds > 0, key=trying.key)
    auditor = _auditor(trying, patient=patient) if trying.seconds else None
    store = Store.open()
    hints: dict[str, str] = {}
    lost: CitywallError | None = None
    with Progress() as progress:
        try:
            report = scan(
                carriers,
                rules,
                config.runs_dir(),
                lang=language(),
                waivers=store.waivers(),
                first_seen=store.first_seen,
                save=store.save_report,
                audit=auditor or no_audit,
                advise=hints.__setitem__,
                progress=progress,
            )
        except NotKeptError as error:
            lost, report = error, error.report
    code = exit_code(report, output.fail_on, output.min_coverage)
    try:
        if auditor and patient and output.fmt == "text" and not output.output:
            from secops.cli._accounts import show_accounts

            show_accounts(auditor.tables, report)
        emit(report, output.fmt, language(), output.output, verbose=output.verbose)
    except CitywallError as error:
        if not lost:
            raise
        click.echo(printable(f"citywall: {error}"), err=True)
    _explain(report, code, output.min_coverage, hints)
    if lost:
        raise lost  # weighs more than what was found
    return int(code)


def _auditor(trying: Trying, *, patient: bool) -> Auditor:
    from datetime import UTC, datetime

    from secops.core import config
    from secops.core.database import Database
    from secops.passwords.auditor import Auditor
    from secops.passwords.candidates import Candidates
    from secops.passwords.memory import Memory, local_key
    from secops.passwords.wordlists import load, load_words

    own = load_words(trying.words) if trying.words else []
    memory = Memory(Database(config.database_url()))
    return Auditor(
        lambda: Candidates(load(own), datetime.now(UTC).year),
        trying.seconds,
        local_key(config.home()),
        memory.recall,
        memory.keep,
        patient=patient,
    )


def select_rules(folders: Sequence[Path], only: Sequence[str]) -> RuleSet:
    """The shipped rules and those of `folders`, of which `only` names some by id or area."""
    from fnmatch import fnmatchcase

    from secops.core.content import shipped
    from secops.posture.rule import load_rules

    rules = load_rules([shipped("rules") / "posture", *folders])
    if not only:
        return rules
    kept = [
        name
        for name, file in rules.files.items()
        if any(fnmatchcase(name, pattern) or fnmatchcase(file.area, pattern) for pattern in only)
    ]
    if not kept:
        raise UsageError(
            _("no rule matches {patterns}").format(patterns=", ".join(only)),
            where="--only",
            hint=_("`citywall rules list` shows them."),
        )
    return rules.subset(kept)


def rules_of(rules: RuleSet, folders: Sequence[Path]) -> RuleSet:
    """Those of the rules that lie in `folders`."""
    own = (name for name, file in rules.files.items() if any(Path(file.path).is_relative_to(f) for f in folders))
    return rules.subset(own)


def exit_code(report: Report, fail_on: str, min_coverage: int) -> Exit:
    """Incomplete weighs more than findings: a scan that saw too little must not look like a judgement."""
    from secops.core.finding import Severity

    codes = [Exit.CLEAN]
    found = report.worst()
    if fail_on != "never" and found and found.rank <= Severity(fail_on).rank:
        codes.append(Exit.FINDINGS)
    if any(host.unreachable for host in report.hosts):
        codes.append(Exit.INCOMPLETE)
    if any(host.coverage.percent < min_coverage for host in report.hosts if not host.unreachable):
        codes.append(Exit.INCOMPLETE)
    if min_coverage and _broken(report):
        codes.append(Exit.INCOMPLETE)
    return worst(*codes)


def _broken(report: Report) -> dict[str, str]:
    """Rules that ended as `error` on some host, with the first reason."""
    from secops.core.finding import Verdict

    return {v.rule: v.reason for v in reversed(report.verdicts) if v.status is Verdict.ERROR}


def _explain(report: Report, code: Exit, min_coverage: int, hints: Mapping[str, str]) -> None:
    """Say on stderr why the scan counts as incomplete, with the `hints` for hosts that did not answer, by label."""
    if code is not Exit.INCOMPLETE:
        return
    from secops.core.inert import printable
    from secops.core.render.reasons import reason
    from secops.core.render.view import host_names

    names = host_names(report)
    for host in report.hosts:
        if host.unreachable:
            text = _("{host}: not seen: {reason}").format(host=names[host.host], reason=reason(host.unreachable))
            text += f"\n  {hint}" if (hint := hints.get(host.label)) else ""
        elif host.coverage.percent < min_coverage:
            text = _("{host}: only {percent} % of its rules could be decided (floor {floor} %)").format(
                host=names[host.host], percent=host.coverage.percent, floor=min_coverage
            )
        else:
            continue
        click.echo(printable(text), err=True)
    for rule, why in _broken(report).items():
        click.echo(printable(_("the rule {rule} broke: {reason}").format(rule=rule, reason=reason(why))), err=True)
