"""`citywall scan`: ask hosts, judge them, keep the run, print the report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from secops.cli._judging import MIN_COVERAGE, judge, rules_of, select_rules
from secops.cli._options import Output, Targets, Trying, report_options, target_options, trying_options
from secops.core.command import Command
from secops.core.errors import UsageError
from secops.core.i18n import N_, _

if TYPE_CHECKING:
    from secops.posture.rule import RuleSet

#: Seconds that a scan tries passwords, unless it is told otherwise.
PASSWORD_SECONDS = 10


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
@target_options
@click.option("--only", multiple=True, metavar="GLOB", help=N_("Rules whose id or area matches."))
@click.option(
    "--rules", "folders", multiple=True, type=click.Path(path_type=Path), metavar="DIR", help=N_("More rules.")
)
@click.option(
    "--roles", type=click.Path(path_type=Path), metavar="FILE", help=N_("Who should hold which rights (docs/roles.md).")
)
@trying_options(PASSWORD_SECONDS)
@report_options(MIN_COVERAGE)
def command(
    targets: Targets, only: tuple[str, ...], folders: tuple[Path, ...], roles: Path | None, trying: Trying,
    output: Output,
) -> int:  # fmt: skip
    rules = select_rules(folders, only)
    if folders:
        _refuse_broken(rules, folders)
    return judge(targets, trying, rules, output, roles=roles)


def _refuse_broken(rules: RuleSet, folders: tuple[Path, ...]) -> None:
    """A user's rule that cannot be used is said before any host is asked."""
    from secops.posture.isolation import rule_faults
    from secops.posture.lint import faults

    for rule, found in rule_faults(list(rules_of(rules, folders).rules.values()), run_tests=False):
        for fault in [*found, *faults(rule)]:
            hint = _("`citywall rules test --rules DIR` says more.")
            raise UsageError(fault, where=rules.files[rule.id].path, hint=hint)
