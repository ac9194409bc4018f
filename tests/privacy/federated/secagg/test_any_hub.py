"""Whatever a hub does, in any order: it learns one sum, of enough sites. And the oracle sees where that is not so."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.federated.secagg.round import Round
from privacy.federated.secagg.turn import Turn
from secops.core.errors import RefusedError
from tests.privacy.federated.secagg.kit import ASK, LIMIT, OTHER, joined, signer
from tests.privacy.federated.secagg.lying import (
    AGREED,
    ALL,
    LIAR,
    VALUES,
    A,
    B,
    C,
    D,
    E,
    by_liar,
    overheard,
    setup_of,
)  # fmt: skip
from tests.privacy.federated.secagg.watch import Watch

#: Every list of survivors that is long enough.
_LISTS = [names for size in (4, 5, 6) for names in combinations(ALL, size)]


@st.composite
def _acts(draw: st.DrawFn) -> list[tuple[str, str, int, tuple[str, ...], str]]:
    """What a hub asks of honest sites, in any order; with few lists, so that some of them get signed."""
    lists = draw(st.lists(st.sampled_from(_LISTS), min_size=1, max_size=3))
    act = st.tuples(
        st.sampled_from(("mask", "agree", "reveal")),
        st.sampled_from(ALL[:-1]),
        st.sampled_from((1, 1, 1, 2)),
        st.sampled_from(lists),
        st.sampled_from((ASK, ASK, ASK, OTHER)),
    )
    order = {"mask": 0, "agree": 1, "reveal": 2}
    acts = draw(st.lists(act, min_size=20, max_size=50))
    return sorted(acts, key=lambda act: (act[2], order[act[0]])) if draw(st.booleans()) else acts


@settings(max_examples=60, deadline=None)
@given(_acts(), st.booleans())
def test_whatever_a_hub_does_it_learns_one_sum_of_enough_sites(acts: list[Any], may_change: bool) -> None:
    """The hub has all signatures that it ever got, and its liar signs everything."""
    cast = joined(AGREED, may_change=may_change)
    watch = Watch(cast, AGREED.rounds, AGREED.threshold, [LIAR])
    pool: dict[tuple[int, tuple[str, ...], str], dict[str, str]] = {}
    asked: dict[tuple[str, int], str] = {}
    for act, name, number, survivors, ask in acts:
        site = cast.sites[name]
        try:
            if act == "mask":
                site.mask(number, ask, VALUES[name], LIMIT)
                asked[name, number] = ask
            elif act == "agree":
                pool.setdefault((number, survivors, asked.get((name, number), "")), {})[name] = site.agree(
                    number, survivors
                )
            else:
                liars = {LIAR: by_liar(cast, survivors, number, ask)} if LIAR in survivors else {}
                watch.hear(site.reveal(number, pool.get((number, survivors, ask), {}) | liars))
        except RefusedError:
            continue
    sums = [watch.learned(turn) for turn in range(AGREED.rounds)]
    assert all(len(one) <= 1 for one in sums)
    assert all(len(sites) >= AGREED.threshold - AGREED.colluding for one in sums for sites in one)
    assert may_change or len({frozenset(sites) for one in sums for sites in one}) <= 1
    for turn, name in product(range(AGREED.rounds), ALL[:-1]):
        assert not (watch.knows(name, turn, "seed") and watch.knows(name, turn, "mask_key"))


def test_without_the_consistency_round_a_hub_would_get_a_sum_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the oracle is there for: with no look at signatures, each site is shown survivors to the hub's liking."""
    monkeypatch.setattr(Turn, "_check", lambda *_: None)
    cast, watch = overheard()
    for name, third in {A: C, B: D, C: C, D: D, E: E}.items():
        cast.sites[name].agree(1, (A, B, third, LIAR))
        watch.hear(cast.sites[name].reveal(1, {}))
    assert {A, B} in watch.learned(0)


def test_a_site_that_told_twice_would_lay_another_bare() -> None:
    cast, watch = overheard()
    for survivors in (ALL, ALL[1:]):
        signatures = {name: by_liar(cast, survivors, liar=name) for name in survivors}
        for name in (B, C, D):
            held = dict(cast.sites[name]._turn._shares) if cast.sites[name]._turn else {}
            flawed = Turn(Round(setup_of(cast), 1, ASK), name, signer(name), held)
            flawed.agree(survivors)
            watch.hear(flawed.reveal(signatures))
    assert {A} in watch.learned(0)
