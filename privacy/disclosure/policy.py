"""`policy.yml`: what a data owner demands of results. What it leaves out has the default of the check's own module."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from privacy import canonical
from privacy.disclosure import dominance, extremes, files, freedom, group_size, min_cell, zero_full
from secops.core.content import read_as
from secops.core.errors import UsageError
from secops.core.i18n import _


class Differencing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the history of releases (`differencing.py`) leaves to the policy."""

    #: Exact tables of one version that tell something new. Why 20: 25 random ones of 20 cells determine 500 groups.
    exact_releases: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 20


#: Kinds of parties, by the words of the roster (a test holds the two together).
Kind = Literal["owner", "checker", "researcher", "site", "hub", "witness", "authority"]


class Approvals(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many parties, each of one of these kinds and none of them the requester, approve a release.

    Why two checkers: one alone can be deceived, hurried or bought; and who looks at what leaves should not be who
    gains by it.
    """

    count: Annotated[int, msgspec.Meta(ge=1, le=9)] = 2
    kinds: Annotated[tuple[Kind, ...], msgspec.Meta(min_length=1)] = ("checker",)


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The rules of all checks. Percentages are whole: a digest is taken over them, and floats have no one form."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    min_cell: min_cell.Rule = min_cell.Rule()
    zero_full: zero_full.Rule = zero_full.Rule()
    dominance: dominance.Rule = dominance.Rule()
    extremes: extremes.Rule = extremes.Rule()
    freedom: freedom.Rule = freedom.Rule()
    group_size: group_size.Rule = group_size.Rule()
    files: files.Rule = files.Rule()
    differencing: Differencing = Differencing()
    approvals: Approvals = Approvals()

    @property
    def digest(self) -> str:
        """Of all rules, the defaults among them: a new default is another policy."""
        return canonical.digest(msgspec.json.decode(msgspec.json.encode(self)))


def load(path: Path) -> Policy:
    """The policy in `path`. Raises `UsageError` with the line for what is no policy, or undoes itself."""
    policy = read_as(path, Policy)
    if policy.zero_full.zero == "show" and policy.zero_full.full == "redact":
        what = _("zero_full: beside zeros that are shown, a full cell is seen even where it is redacted")
        raise UsageError(what, where=str(path), hint=_("Redact both, or refuse full cells."))
    if not policy.min_cell.fits():
        what = _("min_cell: rounding to {base} tells counts near {below} apart").format(
            base=policy.min_cell.base, below=policy.min_cell.below
        )
        hint = _("Choose `below` so that it is the first count that is rounded up, such as 8 or 13 with a base of 5.")
        raise UsageError(what, where=str(path), hint=hint)
    return policy
