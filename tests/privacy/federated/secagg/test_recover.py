"""Shares that are wrong, too few or none: no sum, or the right one."""

from __future__ import annotations

import numpy as np
import pytest

from secops.core.errors import RefusedError
from tests.privacy.federated.secagg.five import AGREED, VALUES, A, B, C, D, E, begun, told_of
from tests.privacy.federated.secagg.kit import ASK, LIMIT, joined, plain


def _wrong(told: bytes, at: int) -> bytes:
    return told[:at] + bytes([told[at] ^ 1]) + told[at + 1 :]


@pytest.mark.parametrize("at", range(0, 33 * 5, 11))
def test_a_wrong_share_gives_no_sum(at: int) -> None:
    cast, around = begun()
    told = told_of(cast, around)
    with pytest.raises(RefusedError, match=f"site-00{at // 33}: the shares of its secret do not fit"):
        around.unmask({A: told[A], B: _wrong(told[B], at), E: told[E]})


@pytest.mark.parametrize("liar", AGREED.sites)
def test_one_that_tells_wrong_shares_is_passed_over_where_there_is_one_more(liar: str) -> None:
    cast, around = begun()
    told = told_of(cast, around)
    for wrong in (_wrong(told[liar], 40), b"\xff" * len(told[liar]), bytes(len(told[liar]))):
        total = around.unmask({**told, liar: wrong})
        assert np.array_equal(total.values, plain(VALUES, AGREED.sites))
        assert total.doubted == (liar if liar in (A, B, C) else None)


def test_two_that_tell_wrong_shares_give_no_sum() -> None:
    cast, around = begun()
    told = told_of(cast, around)
    with pytest.raises(RefusedError, match="do not fit"):
        around.unmask({**told, A: _wrong(told[A], 0), B: b"\xff" * len(told[B])})


def test_a_wrong_share_of_the_key_of_one_that_dropped() -> None:
    cast = joined(AGREED)
    around = cast.hub.round(1, ASK, 6, LIMIT)
    for name in (A, B, C, D):
        around.add(name, cast.sites[name].mask(1, ASK, VALUES[name], LIMIT))
    survivors = around.survivors()
    signatures = around.signatures({name: cast.sites[name].agree(1, survivors) for name in survivors})
    told = {name: cast.sites[name].reveal(1, signatures) for name in survivors}
    told[A] = _wrong(told[A], 33 * 4 + 32)
    total = around.unmask(told)
    assert total.doubted == A
    assert np.array_equal(total.values, plain(VALUES, survivors))
    del told[B]
    with pytest.raises(RefusedError, match="site-004: the shares of its secret do not fit"):
        around.unmask(told)


def test_shares_told_that_are_too_few_or_too_short() -> None:
    cast, around = begun()
    told = told_of(cast, around)
    for few in ({}, {A: told[A], B: told[B]}, {**told, A: b"", B: told[B][:-1], C: told[C] + b"\0"}, {"x": told[A]}):
        with pytest.raises(RefusedError, match="survivors told their shares, 3 are needed"):
            around.unmask(few)
    assert np.array_equal(around.unmask(told).values, plain(VALUES, AGREED.sites))
