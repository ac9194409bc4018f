"""A query in words for people, in the language in use."""

from __future__ import annotations

from privacy.query.spec import Condition, Query, Side, text_of
from secops.core.i18n import _, ngettext
from secops.core.render.words import listed


def in_words(query: Query) -> str:
    """What is asked, such as: counts by district and age in 3 intervals, only where sex is f."""
    templates = {
        "counts": _("counts by {sides}"),
        "sums": _("sums of {measure} by {sides}"),
        "means": _("means of {measure} by {sides}"),
        "quantiles": _("quantiles ({percentiles} %) of {measure} by {sides}"),
    }
    sides, percentiles = _all([_side(side) for side in query.by]), listed([str(one) for one in query.percentiles])
    words = templates[query.kind].format(measure=query.measure, sides=sides, percentiles=percentiles)
    if query.totals:
        words = _("{words}, with totals").format(words=words)
    if query.where:
        where = _all([_condition(condition) for condition in query.where])
        words = _("{words}, only where {where}").format(words=words, where=where)
    return words


def _all(parts: list[str]) -> str:
    return _(" and ").join(parts)


def _side(side: Side) -> str:
    if side.cuts is not None:
        return _("{field} in {n} intervals").format(field=side.field, n=len(side.cuts) + 1)
    if side.labels is not None:
        n = len(side.labels)
        return ngettext("{field} in {n} group", "{field} in {n} groups", n).format(field=side.field, n=n)
    return side.field


def _condition(condition: Condition) -> str:
    if condition.values is not None:
        values = listed([text_of(value) for value in condition.values])
        return _("{field} is one of {values}").format(field=condition.field, values=values)
    if condition.stop is None:
        words = _("{field} is {start} or more")
    elif condition.start is None:
        words = _("{field} is below {stop}")
    else:
        words = _("{field} is from {start} to below {stop}")
    return words.format(field=condition.field, start=condition.start, stop=condition.stop)
