"""How many people stand behind a model and behind each part of it.

Why 100 people: a model of fewer is better released as the table behind it. Why 8 for each part: a leaf, a class or a
coefficient of a yes/no term is a cell by another name. Why ten people for each parameter: with fewer a model can
remember people, and nobody can see from its numbers whether it did; larger ones leave with differential privacy.
Families: nearest neighbours, kernel machines and Gaussian processes keep records inside, so that the list names what
may leave, not what may not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

if TYPE_CHECKING:
    from privacy.disclosure.result import Ints


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Limits for models; `group` also for each term of a regression."""

    people: Annotated[int, msgspec.Meta(ge=10)] = 100
    group: Annotated[int, msgspec.Meta(ge=3, le=1000)] = 8
    people_per_parameter: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 10
    families: tuple[str, ...] = ("linear", "logistic", "poisson", "scorecard", "tree", "naive-bayes")


def small(groups: Ints, rule: Rule) -> bool:
    """Whether one of the groups has too few people; nothing known of them is too few."""
    return groups.size == 0 or bool((groups < rule.group).any())


def roomy(parameters: int, people: int, rule: Rule) -> bool:
    """Whether so many parameters could remember people."""
    return parameters * rule.people_per_parameter > people
