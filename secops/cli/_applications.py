"""`privilege review --accounts`: the accounts of an application, by its export."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from secops.core.errors import Exit, worst
from secops.core.i18n import _, language, ngettext
from secops.core.say import complain, say

if TYPE_CHECKING:
    from secops.privilege.applications.review import Review

#: Rows of a fault that a person is told; JSON has all that are kept.
_ROWS = 5


def review_accounts(export: Path, mapping: Sequence[Path], staff: Path | None, fmt: str) -> int:
    """Judge the accounts of an export and print what was found. The exit code.

    Raises `UsageError` for a file that cannot be read, or a mapping that does not fit it.
    """
    from secops.privilege.applications import application
    from secops.privilege.applications.review import review

    found = review(export, application.load(mapping), datetime.now(UTC).date(), staff)
    if fmt == "json":
        _document(found)
    else:
        show(found)
    if not found.accounts:
        complain(_("{file}: holds no account, so nothing was judged.").format(file=export))
    codes = [Exit.FINDINGS] if found.issues else []
    return worst(Exit.CLEAN, *codes, *([] if found.is_whole and found.accounts else [Exit.INCOMPLETE]))


def _document(found: Review) -> None:
    from secops.core.document import show_document

    show_document(
        {
            "accounts": found.accounts,
            "issues": [
                {
                    "row": issue.row,
                    "kind": issue.kind,
                    "account": issue.account,
                    "person": issue.person,
                    "detail": {"en": issue.detail.en, "zh": issue.detail.zh},
                }
                for issue in found.issues
            ],
            "faults": [
                {
                    "file": fault.file,
                    "column": fault.column,
                    "reason": {"en": fault.reason.en, "zh": fault.reason.zh},
                    "count": fault.count,
                    "rows": fault.rows,
                }
                for fault in found.faults
            ],
            "unjudged": [
                {"kind": one.kind, "reason": {"en": one.reason.en, "zh": one.reason.zh}} for one in found.unjudged
            ],
        }
    )


def show(found: Review) -> None:
    """Print a review for people."""
    from secops.core.rows import show
    from secops.privilege.applications.issues import KINDS

    lang = language()
    told = ngettext("{n} account", "{n} accounts", found.accounts).format(n=f"{found.accounts:,}")
    wrong = ngettext("{n} issue", "{n} issues", len(found.issues)).format(n=f"{len(found.issues):,}")
    say(f"{told}: {wrong}")
    if found.issues:
        rows = [
            [issue.row, KINDS[issue.kind].get(lang), issue.account, issue.person, issue.detail.get(lang)]
            for issue in found.issues
        ]
        show([_("row"), _("kind"), _("account"), _("person"), _("what")], rows, "text")
    if not found.is_whole:
        say()
        say(_("Not judged, so an account without an issue may have one:"))
    for one in found.unjudged:
        say(f"  - {KINDS[one.kind].get(lang)}: {one.reason.get(lang)}", indent=4)
    for fault in found.faults:
        rows_ = ", ".join(map(str, fault.rows[:_ROWS])) + (", …" if fault.count > _ROWS else "")
        text = ngettext("{n} cell, row {rows}", "{n} cells, rows {rows}", fault.count)
        where = f"{fault.file}: {fault.column}: {fault.reason.get(lang)}"
        say(f"  - {where} ({text.format(n=fault.count, rows=rows_)})", indent=4)
