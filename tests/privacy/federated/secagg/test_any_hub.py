"""Whatever a hub does, in any order: it learns one sum, of enough sites. And the oracle sees where that is not so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from privacy.federated.secagg.hub import Hub
from privacy.federated.secagg.round import Round
from privacy.federated.secagg.site import Site
from privacy.federated.secagg.turn import Turn
from secops.core.errors import RefusedError
from tests.privacy.federated.secagg import lying
from tests.privacy.federated.secagg.kit import ASK, LIMIT, OTHER, Cast, signer
from tests.privacy.federated.secagg.lying import AGREED, ALL, LIAR, VALUES, A, B, C, D, E, signed_by
from tests.privacy.federated.secagg.watch import Watch

#: Every list of survivors that is long enough.
_LISTS = [names for size in (6, 5, 4) for names in combinations(ALL, size)]


@st.composite
def _acts(draw: st.DrawFn) -> list[tuple[str, str, int, tuple[str, ...], str]]:
    """What a hub asks of honest sites: rounds, also again, each with a list for most, and anything else in between."""
    lists = draw(st.lists(st.sampled_from(_LISTS), min_size=1, max_size=3))
    asks = draw(st.sampled_from(((ASK,), (ASK,), (ASK, ASK, OTHER))))
    shown, ask = st.sampled_from(lists), st.sampled_from(asks)
    acts = []
    for number in draw(st.sampled_from(((1, 2), (1, 1), (1, 1, 2), (2, 1)))):
        most = draw(shown)
        for act in ("mask", "agree", "reveal"):
            acts += [(act, name, number, draw(st.one_of(st.just(most), shown)), draw(ask)) for name in ALL[:-1]]
    kinds = st.sampled_from(("mask", "agree", "reveal"))
    other = st.tuples(kinds, st.sampled_from(ALL[:-1]), st.sampled_from((1, 2, 3)), shown, ask)
    for at, act in draw(st.lists(st.tuples(st.integers(0, len(acts)), other), max_size=8)):
        acts.insert(at, act)
    return acts


#: Who is shown as a participant to whom: to all the same, to two groups of sites others, or to each something else.
_SHOWN = st.one_of(
    st.just(dict.fromkeys(ALL, ALL)),
    st.just(dict.fromkeys(ALL, ALL)),
    st.tuples(*[st.sampled_from(_LISTS)] * 2, st.integers(1, 5)).map(
        lambda drawn: {name: drawn[at < drawn[2]] for at, name in enumerate(ALL)}
    ),
    st.fixed_dictionaries(dict.fromkeys(ALL, st.sampled_from(_LISTS))),
)


def _joined(shown: Mapping[str, Collection[str]], *, may_change: bool) -> Cast:
    """The set-up, in which each site gets the shares of those alone that it is shown."""
    sites = {name: Site(AGREED, name, signer(name), may_change=may_change) for name in ALL}
    hub = Hub(AGREED)
    keys = hub.keys({name: site.keys() for name, site in sites.items()})
    for name, sealed in hub.shares({name: site.deal(keys) for name, site in sites.items()}).items():
        if name in shown[name]:
            sites[name].accept({by: message for by, message in sealed.items() if by in shown[name]})
    return Cast(hub, sites)


@settings(max_examples=60, deadline=None)
@given(_acts(), _SHOWN, st.booleans())
def test_whatever_a_hub_does_it_learns_one_sum_of_enough_sites(
    acts: list[Any], shown: Mapping[str, Collection[str]], may_change: bool
) -> None:
    """The hub has all signatures that it ever got, and its liar signs everything."""
    cast = _joined(shown, may_change=may_change)
    watch = Watch(cast, AGREED.rounds, AGREED.threshold, [LIAR])
    pool: dict[bytes, dict[str, str]] = defaultdict(dict)
    begun: dict[tuple[str, int], Round] = {}
    for act, name, number, survivors, ask in acts:
        site = cast.sites[name]
        try:
            if act == "mask":
                site.mask(number, ask, VALUES[name], LIMIT)
                assert site._setup
                begun[name, number] = Round(site._setup, number, ask)
            elif act == "agree":
                signature = site.agree(number, survivors)
                pool[begun[name, number].statement(survivors)][name] = signature
            elif (name, number) in begun:
                around = begun[name, number]
                liars = {LIAR: signed_by(LIAR, around, survivors)} if LIAR in survivors else {}
                watch.hear(site.reveal(number, pool[around.statement(survivors)] | liars))
        except RefusedError:
            continue
    sums = [watch.learned(turn) for turn in range(AGREED.rounds)]
    event(f"sums learned: {sum(map(len, sums))}")
    assert all(len(one) <= 1 for one in sums)
    assert all(len(sites) >= AGREED.threshold - AGREED.colluding for one in sums for sites in one)
    assert may_change or len({frozenset(sites) for one in sums for sites in one}) <= 1
    for turn, name in product(range(AGREED.rounds), ALL[:-1]):
        assert not (watch.knows(name, turn, "seed") and watch.knows(name, turn, "mask_key"))


def test_without_the_consistency_round_a_hub_would_get_a_sum_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the oracle is there for: with no look at signatures, each site is shown survivors to the hub's liking."""
    monkeypatch.setattr(Turn, "_check", lambda *_: None)
    cast, watch = lying.overheard()
    for name, third in {A: C, B: D, C: C, D: D, E: E}.items():
        cast.sites[name].agree(1, (A, B, third, LIAR))
        watch.hear(cast.sites[name].reveal(1, {}))
    assert {A, B} in watch.learned(0)


def test_a_site_that_told_twice_would_lay_another_bare() -> None:
    cast, watch = lying.overheard()
    for survivors in (ALL, ALL[1:]):
        signatures = {name: lying.by_liar(cast, survivors, liar=name) for name in survivors}
        for name in (B, C, D):
            held = dict(cast.sites[name]._turn._shares) if cast.sites[name]._turn else {}
            flawed = Turn(Round(lying.setup_of(cast), 1, ASK), name, signer(name), held)
            flawed.agree(survivors)
            watch.hear(flawed.reveal(signatures))
    assert {A} in watch.learned(0)
