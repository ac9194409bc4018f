"""`citywall rules`: what is judged, and whether the rules themselves are sound."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from secops.core.command import Group, did_you_mean
from secops.core.errors import Exit, UsageError
from secops.core.i18n import N_, _, language

if TYPE_CHECKING:
    from secops.posture.rule import RuleFile, RuleSet

_folders = click.option(
    "--rules",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help=N_("More rules, of your own."),
)


@click.group(
    "rules",
    cls=Group,
    help=N_("""List, show, lint and test rules.

Examples:
  citywall rules list
  citywall rules show sudo-nopasswd-all
  citywall rules test --rules ./our-rules
"""),
)
def command() -> None:
    pass


@command.command(
    "list", help=N_("Every rule: id, severity, area, title.\n\nExample:\n  citywall rules list --format json")
)
@_folders
@click.option("--format", "fmt", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
def list_rules(folders: tuple[Path, ...], fmt: str) -> None:
    from secops.core.render.words import severity
    from secops.core.rows import show

    rules = _load(folders)
    people = fmt == "text"  # programs get the same words in every language
    rows = [
        [name, severity(f.rule.severity) if people else str(f.rule.severity), f.area, f.rule.title.get(language())]
        for name, f in rules.files.items()
    ]
    columns = (N_("rule"), N_("severity"), N_("area"), N_("title"))
    show([_(name) if people else name for name in columns], rows, fmt)


@command.command(
    "show", help=N_("One rule whole: why, fix, query, references.\n\nExample:\n  citywall rules show RULE")
)
@click.argument("rule_id", metavar="RULE")
@_folders
def show_rule(rule_id: str, folders: tuple[Path, ...]) -> None:
    from secops.core.inert import printable

    rules = _load(folders)
    if rule_id not in rules.files:
        raise no_such_rule(rule_id, rules)
    click.echo("\n".join(printable(line) for line in _page(rules.files[rule_id])))


def no_such_rule(name: str, rules: RuleSet) -> UsageError:
    """The error for a rule that is not there, with the nearest one that is."""
    hint = did_you_mean(name, rules.files) or _("`citywall rules list` shows them.")
    return UsageError(_("there is no such rule"), where=name, hint=hint)


def _page(file: RuleFile) -> list[str]:
    """A rule as text a person reads."""
    from textwrap import indent

    from secops.core.render.words import framework, severity

    rule, lang, colon = file.rule, language(), _(": ")
    page = [
        f"{rule.id}  [{severity(rule.severity)}]  {file.area}",
        rule.title.get(lang),
        "",
        rule.why.get(lang).strip(),
        "",
        colon.join((_("Fix"), rule.fix.get(lang).strip())),
    ]
    for family in rule.fix.commands:
        page += [f"  {family}:", indent(rule.fix.shell(family, lang), "    ")]
    needs = ", ".join(rule.needs)
    page += ["", colon.join((_("Applies to hosts where"), rule.applies)), colon.join((_("Needs"), needs))]
    page += [colon.join((framework(name) or name, ", ".join(values))) for name, values in rule.refs.items()]
    page += ["", indent(rule.query.strip(), "  "), "", colon.join((_("File"), file.path))]
    return "\n".join(page).split("\n")


@command.command(
    "lint",
    help=N_(
        "Check the shipped rules, or those of --rules, without running a test.\n\n"
        "Example:\n  citywall rules lint --rules DIR"
    ),
)
@_folders
def lint_rules(folders: tuple[Path, ...]) -> int:
    return _check(_load(folders), folders, run_tests=False)


@command.command(
    "test", help=N_("Lint rules as `lint` does, and run their tests.\n\nExample:\n  citywall rules test --rules DIR")
)
@_folders
def test_rules(folders: tuple[Path, ...]) -> int:
    return _check(_load(folders), folders, run_tests=True)


def _load(folders: tuple[Path, ...]) -> RuleSet:
    from secops.cli._judging import select_rules

    return select_rules(folders, ())


def _check(rules: RuleSet, folders: tuple[Path, ...], *, run_tests: bool) -> int:
    """Print each fault with its file; exit 2 when there is one."""
    from secops.cli._judging import rules_of
    from secops.core.inert import printable
    from secops.core.render.reasons import reason
    from secops.posture.isolation import rule_faults
    from secops.posture.lint import faults

    if folders:
        rules = rules_of(rules, folders)  # the shipped ones are as they were shipped; their tests take a while
    count = 0
    for rule, found in rule_faults(list(rules.rules.values()), run_tests=run_tests):
        for fault in [*faults(rule), *found]:
            click.echo(printable(f"{rules.files[rule.id].path}: {reason(fault)}"))
            count += 1
    cases = sum(len(rule.tests) for rule in rules.rules.values()) if run_tests else 0
    click.echo(
        _("rules: {rules}, tests: {cases}, faults: {faults}").format(rules=len(rules.files), cases=cases, faults=count),
        err=True,
    )
    return int(Exit.USAGE if count else Exit.CLEAN)
