"""`citywall rules`: what is judged, and whether the rules themselves are sound."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from secops.core.errors import Exit, UsageError
from secops.core.i18n import _, language, set_language

if TYPE_CHECKING:
    from secops.posture.rule import RuleFile, RuleSet

_folders = click.option(
    "--rules", "folders", multiple=True, type=click.Path(path_type=Path), metavar="DIR", help="More rules, of your own."
)
_lang = click.option("--lang", type=click.Choice(["en", "zh"]), help="Language; else the one of your environment.")


@click.group(
    "rules",
    help="""List, show, lint and test rules.

\b
Examples:
  citywall rules list
  citywall rules show sudo-nopasswd-all
  citywall rules test --rules ./our-rules
""",
)
def command() -> None:
    pass


@command.command(
    "list", help="Every rule: id, severity, area, title.\n\n\b\nExample:\n  citywall rules list --format json"
)
@_folders
@_lang
@click.option("--format", "fmt", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
def list_rules(folders: tuple[Path, ...], lang: str | None, fmt: str) -> None:
    from secops.cli._tables import show

    rules = _load(folders, lang)
    rows = [[name, str(f.rule.severity), f.area, f.rule.title.get(language())] for name, f in rules.files.items()]
    show(["rule", "severity", "area", "title"], rows, fmt)


@command.command(
    "show", help="One rule whole: why, fix, query, references.\n\n\b\nExample:\n  citywall rules show RULE"
)
@click.argument("rule_id", metavar="RULE")
@_folders
@_lang
def show_rule(rule_id: str, folders: tuple[Path, ...], lang: str | None) -> None:
    from difflib import get_close_matches

    from secops.core.inert import printable

    rules = _load(folders, lang)
    if rule_id not in rules.files:
        near = get_close_matches(rule_id, rules.files, n=1)
        hint = _("Did you mean {rule}?").format(rule=near[0]) if near else _("`citywall rules list` shows them.")
        raise UsageError(_("there is no such rule"), where=rule_id, hint=hint)
    click.echo("\n".join(printable(line) for line in _page(rules.files[rule_id])))


def _page(file: RuleFile) -> list[str]:
    """A rule as text a person reads."""
    from textwrap import indent

    rule, lang = file.rule, language()
    page = [
        f"{rule.id}  [{rule.severity}]  {file.area}",
        rule.title.get(lang),
        "",
        rule.why.get(lang).strip(),
        "",
        f"{_('Fix')}: {rule.fix.get(lang).strip()}",
    ]
    for family, commands in rule.fix.commands.items():
        page += [f"  {family}:", indent(commands.strip(), "    ")]
    page += ["", f"{_('Applies to hosts where')}: {rule.applies}", f"{_('Needs')}: {', '.join(rule.needs)}"]
    page += [f"{name}: {', '.join(values)}" for name, values in rule.refs.items()]
    page += ["", indent(rule.query.strip(), "  "), "", f"{_('File')}: {file.path}"]
    return "\n".join(page).split("\n")


@command.command(
    "lint",
    help="Check the shipped rules, or those of --rules, without running a test.\n\n"
    "\b\nExample:\n  citywall rules lint --rules DIR",
)
@_folders
@_lang
def lint_rules(folders: tuple[Path, ...], lang: str | None) -> int:
    return _check(_load(folders, lang), folders, run_tests=False)


@command.command(
    "test", help="Lint rules as `lint` does, and run their tests.\n\n\b\nExample:\n  citywall rules test --rules DIR"
)
@_folders
@_lang
def test_rules(folders: tuple[Path, ...], lang: str | None) -> int:
    return _check(_load(folders, lang), folders, run_tests=True)


def _load(folders: tuple[Path, ...], lang: str | None) -> RuleSet:
    from secops.cli.scan import select_rules

    if lang:
        set_language(lang)
    return select_rules(folders, ())


def _check(rules: RuleSet, folders: tuple[Path, ...], *, run_tests: bool) -> int:
    """Print each fault with its file; exit 2 when there is one."""
    from secops.cli.scan import rules_of
    from secops.core.inert import printable
    from secops.posture.isolation import rule_faults
    from secops.posture.lint import faults

    if folders:
        rules = rules_of(rules, folders)  # the shipped ones are as they were shipped; their tests take a while
    count = 0
    for rule, found in rule_faults(list(rules.rules.values()), run_tests=run_tests):
        for fault in [*faults(rule), *found]:
            click.echo(printable(f"{rules.files[rule.id].path}: {fault}"))
            count += 1
    cases = sum(len(rule.tests) for rule in rules.rules.values()) if run_tests else 0
    click.echo(
        _("{rules} rules, {cases} tests, {faults} faults").format(rules=len(rules.files), cases=cases, faults=count),
        err=True,
    )
    return int(Exit.USAGE if count else Exit.CLEAN)
