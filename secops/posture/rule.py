"""A rule: which hosts it is for, which tables it needs, and the query whose rows are violations."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from secops.core import yaml
from secops.core.content import Text, yaml_files
from secops.core.errors import UsageError
from secops.core.finding import Severity
from secops.core.i18n import _

#: A remark in commands: `# English // 中文`. What is set off further (`#   PermitRootLogin no`) is a line of a file.
REMARK = re.compile(r"(?:(?<=\s)|^)# (?P<en>\S.*?)(?: // (?P<zh>\S.*))?$", re.MULTILINE)


class Fix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to do: in words, and as commands by distribution family (`any` where they do not differ)."""

    en: str
    zh: str
    commands: dict[str, str] = {}

    def get(self, lang: str) -> str:
        return self.zh if lang == "zh" else self.en

    def shell(self, family: str, lang: str) -> str:
        """The commands for a family with their remarks in one language; empty when there are none for it."""
        template = self.commands.get(family) or self.commands.get("any", "")
        return REMARK.sub(lambda match: f"# {(match['zh'] if lang == 'zh' else '') or match['en']}", template.strip())


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A test of a rule: rows by table, and the violations they must give (a subset of columns each).

    Tables not given are whole and empty; `incomplete` names tables (or table.part) that were not seen whole.
    `hosts` holds columns of the one host that differ from a plain Debian server. `verdict` may stand for `expect`.
    """

    given: dict[str, list[dict[str, Any]]] = {}
    expect: list[dict[str, Any]] | None = None
    verdict: Literal["pass", "fail", "unknown", "not_applicable"] | None = None
    incomplete: list[str] = []
    hosts: dict[str, Any] = {}
    name: str = ""


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule file. `key` names the columns that, with rule and host, identify a finding.

    `unsure` is a query like `query`: a host in its rows is not passed, for the `reason` that it gives.
    """

    id: str
    title: Text
    severity: Severity
    applies: str = "true"
    needs: list[str]
    query: str
    key: list[str]
    message: Text
    why: Text
    fix: Fix
    refs: dict[str, list[str]] = {}
    partial: Literal["rows_prove"] | None = None
    unsure: str = ""
    tests: list[Case]


class RuleFile(msgspec.Struct, frozen=True):
    """A rule and where it stands; the folder is its area."""

    rule: Rule
    path: str
    area: str


class RuleSet(msgspec.Struct, frozen=True):
    """Rules by id, with the digest of everything that decides verdicts and texts."""

    files: dict[str, RuleFile]
    digest: str

    @property
    def rules(self) -> Mapping[str, Rule]:
        return {name: file.rule for name, file in self.files.items()}

    @classmethod
    def of(cls, files: dict[str, RuleFile]) -> RuleSet:
        """A set of rules, in the order of their ids."""
        ordered = dict(sorted(files.items()))
        content = msgspec.json.encode([file.rule for file in ordered.values()], order="deterministic")
        return cls(ordered, hashlib.sha256(content).hexdigest())

    def subset(self, ids: Iterable[str]) -> RuleSet:
        """Only the rules with these ids."""
        return RuleSet.of({name: self.files[name] for name in ids})


def load_rule(path: Path) -> Rule:
    """Read one rule. Raises `UsageError` that names file, line or field."""
    document = yaml.load(path)
    try:
        rule = msgspec.convert(document, Rule, strict=True)
    except msgspec.ValidationError as error:
        raise UsageError(
            str(error), where=str(path), hint=_("The format of a rule is in docs/rules-format.md.")
        ) from error
    if rule.id != path.stem:
        raise UsageError(_("the id {id!r} differs from the file's name").format(id=rule.id), where=str(path))
    return rule


def load_rules(folders: Iterable[Path]) -> RuleSet:
    """Every rule below the folders. The same id twice is an error that names both files."""
    files: dict[str, RuleFile] = {}
    for path in yaml_files(folders):
        rule = load_rule(path)
        if rule.id in files:
            what = _("the rule {id} is also in {path}").format(id=rule.id, path=files[rule.id].path)
            raise UsageError(what, where=str(path))
        files[rule.id] = RuleFile(rule, str(path), path.parent.name)
    return RuleSet.of(files)
