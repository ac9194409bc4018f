"""Names and labels that may stand in a table that leaves. One rule, so that what is asked can also be published."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

#: What stands in place of a cell that is not shown, and for the label of a total.
REDACTED, TOTAL = "redacted", "(all)"

#: Characters of a name or label: enough for a district's, too few for a story.
LENGTH = 64

#: Parameters are called as programs call them: nobody reads them as a text, or writes one there.
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}")

#: What is read as a total, whatever is around it: letters alone, small ones.
_TOTALS = {"all", "total", "totals", "sum", "overall", "合计", "总计", "总数", "总和", "小计", "全部", "所有"}

#: A spreadsheet takes a text that begins so for a formula, except for a plain number or range such as -5 or +2.
_FORMULA = re.compile(r"[=@]|[-+](?!\d[\d.]*$)")


def names_fit(names: Sequence[str]) -> bool:
    """Whether each may stand in a file that leaves, and none stands twice."""
    return len(set(names)) == len(names) and all(map(name_fits, names))


def parameter_fits(name: str) -> bool:
    """Whether a parameter of a model may be called so."""
    return _PARAMETER.fullmatch(name) is not None


def like_total(label: str) -> bool:
    """Whether a reader could take a label for that of a total: such a word, or anything within brackets alone."""
    text = unicodedata.normalize("NFKC", label).casefold().strip()
    return (text.startswith("(") and text.endswith(")")) or "".join(filter(str.isalpha, text)) in _TOTALS


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
