"""The accounts of an audit, as a table."""

from __future__ import annotations

from collections.abc import Mapping

import click

from secops.core.i18n import N_, _, language
from secops.core.render.reasons import reason
from secops.core.report import Report
from secops.core.rows import show
from secops.hosts.tables import Facts, Row

_RESULTS = {
    "guessed": N_("guessed"),
    "not_guessed": N_("not among the words tried"),
    "not_tried": N_("not tried"),
    "unknown": N_("unknown"),
}
_ORDER = tuple(_RESULTS)


def show_accounts(tables: Mapping[str, Mapping[str, Facts]], report: Report) -> None:
    """One line an account that has a password hash: what came of it, why, and how many words were tried."""
    from secops.core.render.view import host_names

    names = host_names(report)
    rows = [(names[host], row) for host, late in tables.items() for row in late["password_audit"].rows]
    if not rows:
        click.echo(_("No password hash was seen.") + "\n")
        return
    rows.sort(key=lambda pair: (_ORDER.index(pair[1]["result"]), pair[0], pair[1]["user_name"]))
    columns = [_("host"), _("account"), _("password"), _("why"), _("words tried")]
    show(columns, [[host, row["user_name"], _(_RESULTS[row["result"]]), _why(row), row["tried"]] for host, row in rows],
         "text")  # fmt: skip
    click.echo("")


def _why(row: Row) -> str:
    because = row["because_zh"] if language() == "zh" else row["because_en"]
    return because or reason(row["reason"] or "")
