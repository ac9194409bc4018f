"""`citywall scan`: ask hosts, judge them, keep the run, print the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from secops.cli._options import ssh_config_option
from secops.core.command import Command
from secops.core.errors import CitywallError, Exit, UsageError, worst
from secops.core.i18n import N_, _, language

if TYPE_CHECKING:
    from secops.core.report import Report
    from secops.hosts.carriers import Carrier
    from secops.posture.rule import RuleSet

#: Percent of the applicable rules that must be decided for a scan to count as complete.
MIN_COVERAGE = 60


@click.command(
    "scan",
    cls=Command,
    help=N_("""Judge hosts and print what matters first. Without a target: this machine.

Examples:
  citywall scan
  citywall scan --ssh ops@web1 --ssh ops@db1 --sudo
  citywall scan --root /mnt/image --format json -o report.json

Exit code: 0 clean, 1 findings at or above --fail-on, 2 wrong usage, 3 incomplete
(a host did not answer, or less than --min-coverage was decided), 5 internal error.
"""),
)
@click.option(
    "--ssh", "ssh_targets", multiple=True, metavar="USER@HOST", help=N_("A host, through your own ssh client.")
)
@click.option("--sudo", is_flag=True, help=N_("On --ssh hosts, collect as root through `sudo -n`."))
@click.option(
    "--collector", is_flag=True, help=N_("On --ssh hosts, use the fixed collector of `collect --print-sudoers`.")
)
@ssh_config_option
@click.option("--root", "roots", multiple=True, metavar="DIR", help=N_("A mounted image; nothing in it is run."))
@click.option(
    "--bundle", "bundles", multiple=True, metavar="FILE", help=N_("Evidence gathered by `collect` or its script.")
)
@click.option(
    "--inventory", type=click.Path(path_type=Path), metavar="FILE", help=N_("Hosts by name (docs/inventory.md).")
)
@click.option("--only", multiple=True, metavar="GLOB", help=N_("Rules whose id or area matches."))
@click.option(
    "--rules", "folders", multiple=True, type=click.Path(path_type=Path), metavar="DIR", help=N_("More rules.")
)
@click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help=N_("Write the report to a file."))
@click.option("--verbose", "-v", is_flag=True, help=N_("Every finding in full."))
@click.option(
    "--fail-on",
    type=click.Choice(["critical", "high", "medium", "low", "info", "never"]),
    default="high",
    show_default=True,
    help=N_("Exit 1 when a finding is at least this severe."),
)
@click.option(
    "--min-coverage",
    type=click.IntRange(0, 100),
    default=MIN_COVERAGE,
    show_default=True,
    metavar="PCT",
    help=N_("Exit 3 when a host has less of its rules decided."),
)
def command(
    ssh_targets: tuple[str, ...],
    sudo: bool,
    collector: bool,
    ssh_config: str,
    roots: tuple[str, ...],
    bundles: tuple[str, ...],
    inventory: Path | None,
    only: tuple[str, ...],
    folders: tuple[Path, ...],
    fmt: str,
    output: Path | None,
    verbose: bool,
    fail_on: str,
    min_coverage: int,
) -> int:
    from secops.core import config
    from secops.core.inert import printable
    from secops.core.progress import Progress
    from secops.core.render import check_place, emit
    from secops.core.store import Store
    from secops.posture.scan import NotKeptError, scan

    if output:
        check_place(output)
    rules = select_rules(folders, only)
    if folders:
        _refuse_broken(rules, folders)
    carriers = _carriers(ssh_targets, sudo, collector, ssh_config, roots, bundles, inventory)
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
                advise=hints.__setitem__,
                progress=progress,
            )
        except NotKeptError as error:
            lost, report = error, error.report
    code = exit_code(report, fail_on, min_coverage)
    try:
        emit(report, fmt, language(), output, verbose=verbose)
    except CitywallError as error:
        if not lost:
            raise
        click.echo(printable(f"citywall: {error}"), err=True)
    _explain(report, code, min_coverage, hints)
    if lost:
        raise lost  # weighs more than what was found
    return int(code)


def select_rules(folders: tuple[Path, ...], only: tuple[str, ...]) -> RuleSet:
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


def rules_of(rules: RuleSet, folders: tuple[Path, ...]) -> RuleSet:
    """Those of the rules that lie in `folders`."""
    own = (name for name, file in rules.files.items() if any(Path(file.path).is_relative_to(f) for f in folders))
    return rules.subset(own)


def _carriers(
    ssh_targets: tuple[str, ...],
    sudo: bool,
    collector: bool,
    ssh_config: str,
    roots: tuple[str, ...],
    bundles: tuple[str, ...],
    inventory: Path | None,
) -> list[Carrier]:
    from secops.hosts.carriers.bundle import Bundle
    from secops.hosts.carriers.local import Local
    from secops.hosts.carriers.root import Root
    from secops.hosts.carriers.ssh import Become, Ssh
    from secops.hosts.inventory import load

    if sudo and collector:
        raise click.UsageError(_("Give --sudo or --collector, not both."))
    if (sudo or collector) and not ssh_targets:
        raise click.UsageError(_("--sudo and --collector are for --ssh hosts; an inventory says it host by host."))
    if ssh_config and not (ssh_targets or inventory):
        raise click.UsageError(_("--ssh-config is for --ssh hosts and those of an inventory."))
    become: Become = "sudo" if sudo else "collector" if collector else "none"
    carriers: list[Carrier] = [Ssh(target, become=become, config=ssh_config) for target in ssh_targets]
    carriers += [Root(directory) for directory in roots]
    carriers += [Bundle(Path(path)) for path in bundles]
    carriers += load(inventory, ssh_config=ssh_config) if inventory else []
    _refuse_twins(carrier.name or carrier.label for carrier in carriers)
    _refuse_twins(carrier.label for carrier in carriers)
    return carriers or [Local()]


def _refuse_broken(rules: RuleSet, folders: tuple[Path, ...]) -> None:
    """A user's rule that cannot be used is said before any host is asked."""
    from secops.posture.isolation import rule_faults
    from secops.posture.lint import faults

    for rule, found in rule_faults(list(rules_of(rules, folders).rules.values()), run_tests=False):
        for fault in [*found, *faults(rule)]:
            hint = _("`citywall rules test --rules DIR` says more.")
            raise UsageError(fault, where=rules.files[rule.id].path, hint=hint)


def _refuse_twins(names: Iterable[str]) -> None:
    """A host asked twice would be judged, and counted, twice."""
    for name, times in Counter(names).items():
        if times > 1:
            raise UsageError(_("the host is named twice"), where=name, hint=_("Name each host once."))


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
