"""What `scan` and `passwords audit` share: rules, hosts and passwords in, a report and an exit code out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

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

#: What an audit promises: the table, and its part that is whole when each account was tried.
_AUDITED = ("password_audit", "password_audit.tried")


class _Done(NamedTuple):
    """What a scan gave: the report, hints for hosts that did not answer, by label, and what went wrong after it.

    `auditor` tried passwords; None when no rule asked for it. `lost` is why the run, or what was tried, was not kept.
    """

    report: Report
    hints: Mapping[str, str]
    auditor: Auditor | None
    lost: CitywallError | None


def judge(
    targets: Targets,
    trying: Trying,
    rules: RuleSet,
    output: Output,
    *,
    patient: bool = False,
    roles: Path | None = None,
) -> int:
    """Ask the hosts, try passwords if a rule needs it, judge, keep the run, print the report. The exit code.

    `roles` declares who should hold what.
    `patient` is for an audit: Ctrl-C while passwords are tried ends only the trying, what came of each account is
    shown first, and an account that could not be tried makes the whole incomplete.
    """
    from secops.core.render import check_place

    if output.output:
        check_place(output.output)
    done = _scan(targets, trying, rules, patient=patient, roles=roles)
    untried = _untried(done.report) if patient else {}
    code = exit_code(done.report, output.fail_on, output.min_coverage)
    code = worst(code, Exit.INCOMPLETE) if untried else code
    _show(done, output, accounts=patient)
    for host, why in untried.items():
        _warn(_("{host}: not every account was tried: {reason}").format(host=host, reason=why))
    _explain(done.report, code, output.min_coverage, done.hints)
    if lost := done.lost or (done.auditor.lost if done.auditor else None):
        raise lost  # weighs more than what was found
    return int(code)


def _scan(targets: Targets, trying: Trying, rules: RuleSet, *, patient: bool, roles: Path | None) -> _Done:
    """Ask the hosts and judge them; a run that could not be kept is told by `lost`."""
    from secops.core import config
    from secops.core.progress import Progress
    from secops.core.store import Store
    from secops.patches.shelf import Shelf
    from secops.posture.gather import no_audit
    from secops.posture.scan import NotKeptError, scan
    from secops.privilege.fleet.fleet import Fleet
    from secops.privilege.roles.roles_file import load as load_roles

    tries = trying.seconds > 0 and _needs_audit(rules)
    fleet = Fleet(load_roles(roles) if roles else None)
    carriers = targets.carriers(hashes=tries, key=trying.key)
    auditor = _auditor(trying, patient=patient) if tries else None
    store = Store.open()
    hints: dict[str, str] = {}
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
                fleet=fleet,
                shelf=Shelf(config.feeds_dir()),
                advise=hints.__setitem__,
                progress=progress,
            )
        except NotKeptError as error:
            return _Done(error.report, hints, auditor, error)
    return _Done(report, hints, auditor, None)


def _show(done: _Done, output: Output, *, accounts: bool) -> None:
    """Print the report; in its text form what came of each account before it, if `accounts`.

    Raises what keeps it from being printed, but when something weighs more: then it is only told.
    """
    from secops.core.render import emit

    try:
        if done.auditor and accounts and output.fmt == "text" and not output.output:
            from secops.cli._accounts import show_accounts

            show_accounts(done.auditor.tables, done.report)
        emit(done.report, output.fmt, language(), output.output, verbose=output.verbose)
    except CitywallError as error:
        if not done.lost:
            raise
        _warn(f"citywall: {error}")


def _warn(text: str) -> None:
    """One line on stderr, whatever hosts have put into it."""
    from secops.core.inert import printable

    click.echo(printable(text), err=True)


def _needs_audit(rules: RuleSet) -> bool:
    """Whether a rule asks for a table that the audit of passwords fills: else no hash need leave its place."""
    from secops.hosts.tables import registry

    late = {name for name, table in registry().items() if table.late == "passwords"}
    return any(need.partition(".")[0] in late for rule in rules.rules.values() for need in rule.needs)


def _untried(report: Report) -> dict[str, str]:
    """Hosts on which not every account was tried, with the reason and what to do about it."""
    from secops.core.render.reasons import advice, reason
    from secops.core.render.view import host_names

    names, found = host_names(report), {}
    for host in report.hosts:
        if why := next((host.not_seen[name] for name in _AUDITED if name in host.not_seen), ""):
            found[names[host.host]] = ": ".join(filter(None, (reason(why), advice(why, as_root=host.as_root))))
    return found


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
        _warn(text)
    for rule, why in _broken(report).items():
        _warn(_("the rule {rule} broke: {reason}").format(rule=rule, reason=reason(why)))
