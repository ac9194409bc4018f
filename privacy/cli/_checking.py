"""Requests before they are recorded: signed, or judged without leaving a trace."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from privacy.cli._options import signer
from secops.core.errors import Exit
from secops.core.i18n import _

if TYPE_CHECKING:
    from privacy.disclosure.policy import Policy
    from privacy.parties.signed import Signed
    from privacy.reason import Reason
    from privacy.release.documents import Request


def signed_request(path: Path, result: Path | None, key: Path | None, source: str) -> Signed[Request]:
    """The request in a file, signed with the key, or signed already."""
    from privacy.data.table import file_digest
    from privacy.parties.signed import read, sign
    from privacy.release.documents import Request, asked, request_of

    if key is None:
        if path.suffix in (".yml", ".yaml"):
            raise click.UsageError(_("A request is signed: give the requester's --key."))
        return read(path, Request)
    document = request_of(asked(path), file_digest(result) if result else None, _now())
    return sign(document, signer(key, source))


def dry(path: Path, policy: Path | None, result: Path | None, folder: Path | None) -> int:
    """Judge a request or a result, record nothing, and say what came of it. The exit code."""
    from privacy.disclosure import policy as policies
    from secops.core.say import say

    held_to = policies.load(policy) if policy else None
    if path.suffix in (".yml", ".yaml"):
        reasons, may_leave = _request(path, held_to, result, folder)
    else:
        if held_to is None:
            raise click.UsageError(_("Judged by what? Give --policy."))
        reasons, may_leave = _result(path, held_to)
    say(_("May leave as it is checked now.") if may_leave else _("May not leave:"))
    for one in reasons:
        say(f"  {one.code}: {one}", indent=4)
    return Exit.CLEAN if may_leave else Exit.REFUSED


def _request(path: Path, policy: Policy | None, result: Path | None, folder: Path | None) -> tuple[list[Reason], bool]:
    from privacy.release.documents import asked
    from privacy.release.dry import judge
    from privacy.release.exchange import Exchange

    if folder is None:
        raise click.UsageError(_("Of which exchange? Give --exchange."))
    return judge(Exchange.open(folder), asked(path), policy, result)


def _result(path: Path, policy: Policy) -> tuple[list[Reason], bool]:
    from privacy.release.dry import judge_result
    from secops.core.say import complain

    complain(_("Not compared with earlier releases: judged as the first one of its data."))
    return judge_result(path, policy)


def _now() -> str:
    from privacy.canonical import time_text

    return time_text(datetime.now(UTC))
