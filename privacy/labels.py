"""Names and labels that may stand in a table that leaves. One rule, so that what is asked can also be published."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: What stands in place of a cell that is not shown, and for the label of a total.
REDACTED, TOTAL = "redacted", "(all)"

#: Characters of a name or label: enough for a district's, too few for a story.
LENGTH = 64

#: A spreadsheet takes a text that begins so for a formula, except for a plain number or range such as -5 or +2.
_FORMULA = re.compile(r"[=@]|[-+](?!\d[\d.]*$)")


def names_fit(names: Sequence[str]) -> bool:
    """Whether each may stand in a file that leaves, and none stands twice."""
    return len(set(names)) == len(names) and all(map(name_fits, names))


def name_fits(name: object) -> bool:
    """Whether this may be a name or label: short, seen as it is, and nothing that a table or spreadsheet would obey."""
    return (
        isinstance(name, str)
        and 0 < len(name) <= LENGTH
        and name.isprintable()
        and name == name.strip()
        and name not in (REDACTED, TOTAL)
        and not _FORMULA.match(name)
    )
