"""Any t shares give the secret back, fewer fit any secret, and shares that are none are refused."""

from __future__ import annotations

import secrets
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.federated.secagg.shamir import PRIME, combine, split, weights

SECRET = bytes(range(32))


def _is_probable_prime(number: int) -> bool:
    """Miller and Rabin's test with 40 random bases."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(40):
        power = pow(secrets.randbelow(number - 3) + 2, odd, number)
        if power in (1, number - 1):
            continue
        if not any((power := power * power % number) == number - 1 for _ in range(twos - 1)):
            return False
    return True


def test_the_field_is_one() -> None:
    assert _is_probable_prime(PRIME)
    assert not any(_is_probable_prime(number) for number in range(2**256 + 1, PRIME, 2))


@given(st.binary(min_size=32, max_size=32), st.integers(1, 7), st.integers(0, 4))
def test_any_as_many_as_the_threshold_give_it_back(secret: bytes, threshold: int, more: int) -> None:
    shares = split(secret, threshold, threshold + more)
    assert {len(share) for share in shares} == {33}
    for places in combinations(range(1, threshold + more + 1), threshold):
        assert combine(weights(places), [shares[place - 1] for place in places]) == secret


@pytest.mark.parametrize("secret", [bytes(32), b"\xff" * 32])
def test_the_smallest_and_the_largest_secret(secret: bytes) -> None:
    shares = split(secret, 3, 5)
    assert combine(weights([4, 2, 5]), [shares[3], shares[1], shares[4]]) == secret


def test_one_share_fewer_fits_every_secret() -> None:
    """With t - 1 shares and any other secret there is a polynomial: so they tell nothing."""
    shares = split(SECRET, 4, 6)[:3]
    for other in (bytes(32), b"\x01" * 32):
        points = [(0, int.from_bytes(other, "big")), *((n + 1, int.from_bytes(s, "big")) for n, s in enumerate(shares))]
        fourth = _through(points, 4).to_bytes(33, "big")
        assert combine(weights([1, 2, 3, 4]), [*shares, fourth]) == other


def _through(points: list[tuple[int, int]], at: int) -> int:
    """The polynomial through these points, by Neville's scheme: another way than the weights."""
    values = [value for _, value in points]
    for width in range(1, len(points)):
        for n in range(len(points) - width):
            (low, _), (high, _) = points[n], points[n + width]
            top = (at - high) * values[n] + (low - at) * values[n + 1]
            values[n] = top * pow(low - high, -1, PRIME) % PRIME
    return values[0]


def test_shares_of_one_secret_are_new_each_time() -> None:
    assert not set(split(SECRET, 3, 5)) & set(split(SECRET, 3, 5))
    assert set(split(SECRET, 1, 3)) == {b"\0" + SECRET}


@pytest.mark.parametrize("bad", [b"", b"\0" * 32, b"\0" * 34, PRIME.to_bytes(33, "big"), b"\xff" * 33])
def test_shares_that_are_none(bad: bytes) -> None:
    with pytest.raises(ValueError, match="share"):
        combine(weights([1, 2]), [split(SECRET, 2, 2)[0], bad])


def test_shares_of_a_number_that_is_no_secret() -> None:
    for number in (2**256, PRIME - 1):
        with pytest.raises(ValueError, match="no secret"):
            combine(weights([1]), [number.to_bytes(33, "big")])


def test_places_that_are_none() -> None:
    for places in ([0, 1], [1, 1], [-1, 2], [PRIME]):
        with pytest.raises(ValueError, match="places"):
            weights(places)
    with pytest.raises(ValueError, match="shorter"):
        combine(weights([1, 2]), split(SECRET, 2, 2)[:1])


def test_a_secret_of_another_length_is_not_split() -> None:
    for secret, threshold, count in ((b"", 2, 3), (bytes(33), 2, 3), (SECRET, 4, 3), (SECRET, 0, 3)):
        with pytest.raises(ValueError, match="32 bytes"):
            split(secret, threshold, count)
