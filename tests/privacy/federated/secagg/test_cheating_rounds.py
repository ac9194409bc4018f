"""Hubs that lie in a round, each by its name: a site refuses, and the hub learns no sum but that of enough sites."""

from __future__ import annotations

import pytest

from secops.core.errors import RefusedError
from tests.privacy.federated.secagg.kit import ASK, LIMIT, OTHER, joined
from tests.privacy.federated.secagg.lying import AGREED, ALL, LIAR, VALUES, A, B, C, D, E, by_liar, masked, overheard


def test_two_lists_of_survivors() -> None:
    """The hub shows some that a site survived, and others that it dropped: never enough sign either."""
    cast, watch = overheard()
    without = (B, C, D, E, LIAR)
    lists = {A: ALL, B: ALL, C: ALL, D: without, E: without}
    signatures = {name: cast.sites[name].agree(1, shown) for name, shown in lists.items()}
    both = [by_liar(cast, ALL), by_liar(cast, without)]
    watch.hear(cast.sites[A].reveal(1, {n: signatures[n] for n in (A, B, C)} | {LIAR: both[0]}))
    with pytest.raises(RefusedError, match="3 survivors signed the list, 4 are needed"):
        cast.sites[D].reveal(1, {n: signatures[n] for n in (D, E)} | {LIAR: both[1]})
    with pytest.raises(RefusedError, match="has not signed"):
        cast.sites[D].reveal(1, signatures | {LIAR: both[1]})
    with pytest.raises(RefusedError, match="signed in this round already"):
        cast.sites[D].agree(1, ALL)
    for name in (B, C):
        watch.hear(cast.sites[name].reveal(1, {n: signatures[n] for n in (A, B, C)} | {LIAR: both[0]}))
    assert watch.knows(A, 0, "seed")
    assert not watch.knows(A, 0, "mask_key")
    assert watch.learned(0) == [{A, B, C, D, E}]


def test_with_one_more_on_its_side_the_hub_would_win() -> None:
    """The bound is where it is said to be, and the oracle sees it when a site is laid bare."""
    cast, watch = overheard((E, LIAR))
    without = (B, C, D, E, LIAR)
    shown = {A: ALL, B: ALL, C: without, D: without}
    signatures = {name: cast.sites[name].agree(1, survivors) for name, survivors in shown.items()}
    for name, survivors in shown.items():
        fitting = {other: signatures[other] for other in shown if shown[other] == survivors}
        by_liars = {liar: by_liar(cast, survivors, liar=liar) for liar in (E, LIAR)}
        watch.hear(cast.sites[name].reveal(1, fitting | by_liars))
    assert {A} in watch.learned(0)


def test_both_shares_asked_for() -> None:
    """The hub asks a site again, now with a list on which another one dropped."""
    cast = masked(may_change=True)
    signatures = {name: cast.sites[name].agree(1, ALL) for name in ALL}
    told = cast.sites[A].reveal(1, signatures)
    assert len(told) == 33 * len(ALL)
    for again in (signatures, dict(list(signatures.items())[1:])):
        with pytest.raises(RefusedError, match="told once"):
            cast.sites[A].reveal(1, again)
    with pytest.raises(RefusedError, match="signed in this round already"):
        cast.sites[A].agree(1, ALL[1:])


def test_what_is_told_is_one_share_of_each_and_of_that_round_only() -> None:
    cast, watch = overheard()
    there = (A, B, C, D, E)
    signatures = {name: cast.sites[name].agree(1, there) for name in there}
    for name in there:
        watch.hear(cast.sites[name].reveal(1, signatures))
    for turn in range(AGREED.rounds):
        for name in ALL:
            assert watch.knows(name, turn, "seed") == (turn == 0 and name != LIAR)
            assert watch.knows(name, turn, "mask_key") == (turn == 0 and name == LIAR)
    assert [watch.learned(turn) for turn in range(AGREED.rounds)] == [[set(there)], [], []]


def test_signatures_of_an_earlier_round_played_again() -> None:
    cast = joined(AGREED)
    kept: dict[str, str] = {}
    for number in (1, 2):
        for name in ALL:
            cast.sites[name].mask(number, ASK, VALUES[name], LIMIT)
        signatures = {name: cast.sites[name].agree(number, ALL) for name in ALL}
        if number == 1:
            kept = signatures
            continue
        with pytest.raises(RefusedError, match="has not signed"):
            cast.sites[A].reveal(2, kept)
        with pytest.raises(RefusedError, match="has not signed"):
            cast.sites[A].reveal(2, kept | {A: signatures[A]})


def test_signatures_over_another_question_played() -> None:
    cast = masked(ask={D: OTHER, E: OTHER})
    signatures = {name: cast.sites[name].agree(1, ALL) for name in ALL}
    with pytest.raises(RefusedError, match="has not signed"):
        cast.sites[A].reveal(1, signatures)
    with pytest.raises(RefusedError, match="has not signed"):
        cast.sites[A].reveal(1, {name: signatures[name] for name in (A, B, C, D)})


def test_the_same_round_twice() -> None:
    cast = masked()
    for number in (1, 0, -1):
        with pytest.raises(RefusedError, match="is over"):
            cast.sites[A].mask(number, OTHER, VALUES[A], LIMIT)
    signatures = {name: cast.sites[name].agree(1, ALL) for name in ALL}
    cast.sites[A].reveal(1, signatures)
    with pytest.raises(RefusedError, match="is over"):
        cast.sites[A].mask(1, OTHER, VALUES[A], LIMIT)


def test_a_round_is_over_when_the_next_one_begins() -> None:
    cast = masked()
    signatures = {name: cast.sites[name].agree(1, ALL) for name in ALL}
    cast.sites[A].mask(3, ASK, VALUES[A], LIMIT)
    with pytest.raises(RefusedError, match="is over"):
        cast.sites[A].reveal(1, signatures)
    with pytest.raises(RefusedError, match="is over"):
        cast.sites[A].mask(2, ASK, VALUES[A], LIMIT)
    with pytest.raises(RefusedError, match="is over"):
        cast.sites[A].mask(4, ASK, VALUES[A], LIMIT)


def test_one_site_fewer_in_the_next_round() -> None:
    """The difference of both sums would be that site's vector."""
    cast = masked()
    for name in ALL:
        cast.sites[name].agree(1, ALL)
        cast.sites[name].mask(2, ASK, VALUES[name], LIMIT)
    for name in ALL[1:]:
        with pytest.raises(RefusedError, match="other sites survive than before"):
            cast.sites[name].agree(2, ALL[1:])


def test_below_the_threshold() -> None:
    cast = masked(may_change=True)
    few = (A, B, C)
    with pytest.raises(RefusedError, match="3 sites are left, 4 are needed"):
        cast.sites[A].agree(1, few)
    signatures = {name: cast.sites[name].agree(1, ALL) for name in ALL}
    with pytest.raises(RefusedError, match="3 survivors signed the list, 4 are needed"):
        cast.sites[A].reveal(1, {name: signatures[name] for name in few})


@pytest.mark.parametrize(
    "survivors",
    [
        (),
        (A, A, B, C),
        (A, B, C, D, D),
        (B, A, C, D),
        (A, B, C, "site-006"),
        (A, B, C, D, "site-000 "),
        (A, B, C, D, ""),
    ],
)
def test_lists_of_survivors_that_are_none(survivors: tuple[str, ...]) -> None:
    cast = masked()
    with pytest.raises(RefusedError):
        cast.sites[A].agree(1, survivors)


def test_a_site_that_is_said_to_have_dropped_tells_nothing() -> None:
    cast = masked()
    rest = (B, C, D, E, LIAR)
    with pytest.raises(RefusedError, match="counts this site as dropped"):
        cast.sites[A].agree(1, rest)
    signatures = {name: cast.sites[name].agree(1, rest) for name in rest}
    with pytest.raises(RefusedError, match="after a list of survivors was signed"):
        cast.sites[A].reveal(1, signatures)


def test_a_vector_kept_back_stays_hidden_when_its_site_is_said_to_have_dropped() -> None:
    """The hub has the vector and gets the key of its masks with others; its own mask is still on it."""
    cast, watch = overheard()
    rest = (B, C, D, E, LIAR)
    signatures = {name: cast.sites[name].agree(1, rest) for name in rest}
    for name in rest:
        watch.hear(cast.sites[name].reveal(1, signatures))
    assert watch.knows(A, 0, "mask_key")
    assert not watch.knows(A, 0, "seed")
    assert watch.learned(0) == [{B, C, D, E}]


def test_signatures_that_do_not_count() -> None:
    cast = masked()
    shown = (A, B, C, D, E)
    good = {name: cast.sites[name].agree(1, shown) for name in shown}
    for bad in (
        good | {LIAR: by_liar(cast, ALL)},
        good | {LIAR: by_liar(cast, shown)},
        good | {E: good[D]},
        good | {E: ""},
        good | {E: "é" * 88},
        good | {E: good[E][:-4]},
        dict.fromkeys(shown, good[A]),
        {**good, "site-006": good[A]},
    ):
        with pytest.raises(RefusedError, match="has not signed the list"):
            cast.sites[A].reveal(1, bad)
    assert cast.sites[A].reveal(1, good)


def test_numbers_beyond_the_bound_are_not_sent() -> None:
    cast = joined(AGREED)
    values = VALUES[A].copy()
    for index, wrong in ((0, LIMIT + 1), (5, -LIMIT - 1), (2, 2**63 - 1), (2, -(2**63))):
        values[:] = 0
        values[index] = wrong
        with pytest.raises(RefusedError, match="beyond the bound"):
            cast.sites[A].mask(1, ASK, values, LIMIT)
    with pytest.raises(RefusedError, match="overflow"):
        cast.sites[A].mask(1, ASK, values, 2**63 // 6 + 1)
    for shape in (values.astype(float), values.reshape(2, 3), values[:0], values.astype("u8")):
        with pytest.raises(RefusedError, match="row of whole numbers"):
            cast.sites[A].mask(1, ASK, shape, LIMIT)
    assert cast.sites[A].mask(1, ASK, VALUES[A], LIMIT), "what was refused was not sent"
