"""What a threshold withstands, and terms that are refused."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.federated.secagg.terms import Member, Terms, least_threshold, members, tolerates
from privacy.parties import signed
from privacy.parties.roster import Roster
from secops.core.errors import RefusedError, UsageError
from tests.privacy.federated.secagg.kit import names, signer, terms


def test_the_figures_of_the_documentation() -> None:
    assert tolerates(20, 13) == (20, 7, 5)
    assert tolerates(20, 14) == (20, 6, 7)
    assert tolerates(4, 3) == (4, 1, 1)
    assert tolerates(3, 2) == (3, 1, 0)
    assert tolerates(100, 67) == (100, 33, 33)
    assert str(tolerates(20, 13)) == "of 20 sites 7 may drop out, and 5 may collude with the hub"


@pytest.mark.parametrize("sites", range(2, 14))
def test_no_split_of_the_honest_sites_gets_two_lists_signed(sites: int) -> None:
    """By counting: whoever colludes signs both lists, each honest site one."""
    for threshold in range(sites // 2 + 1, sites + 1):
        colluding = tolerates(sites, threshold).colluding
        honest = sites - colluding
        assert not any(first + colluding >= threshold <= honest - first + colluding for first in range(honest + 1))
        assert threshold - colluding >= 2


def test_one_more_that_colludes_would_be_too_many() -> None:
    for sites, threshold in product(range(2, 30), range(1, 30)):
        if 2 * threshold > sites >= threshold >= 2:
            more = tolerates(sites, threshold).colluding + 1
            honest = sites - more
            two_lists = any(a + more >= threshold <= honest - a + more for a in range(honest + 1))
            assert two_lists or threshold - more < 2


@pytest.mark.parametrize(("sites", "threshold"), [(4, 2), (20, 10), (5, 6), (1, 1), (2, 1), (3, 0)])
def test_a_threshold_that_protects_nobody_is_refused(sites: int, threshold: int) -> None:
    with pytest.raises(RefusedError):
        tolerates(sites, threshold)


@given(st.integers(2, 100), st.integers(0, 100))
def test_the_least_threshold_is_the_least(sites: int, colluding: int) -> None:
    enough = [t for t in range(2, sites + 1) if 2 * t > sites and tolerates(sites, t).colluding >= colluding]
    if enough:
        assert least_threshold(sites, colluding) == min(enough)
    else:
        with pytest.raises(RefusedError):
            least_threshold(sites, colluding)


@pytest.mark.parametrize(
    "changed",
    [
        {"threshold": 2},
        {"threshold": 5, "colluding": 4},
        {"threshold": 6},
        {"colluding": 3},
        {"threshold": 3, "colluding": 1},
        {"colluding": -1},
        {"rounds": 0},
        {"rounds": 1001},
        {"first": -1},
        {"bits": 16},
        {"job": "7" * 64},
    ],
)
def test_terms_that_are_not_in_order(changed: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        terms(5, **{"threshold": 4, **changed})  # type: ignore[arg-type]


def test_members_are_sorted_and_each_stands_once() -> None:
    first, second = (Member(name, signer(name).public_key) for name in names(2))
    again = Member("site-002", first.public_key)
    for wrong in ((second, first), (first, first), (first, second, again)):
        with pytest.raises(UsageError):
            terms(2, 2, members=wrong)
    assert terms(2, 2, members=(first, second)).sites == ("site-000", "site-001")


def test_a_threshold_that_leaves_one_honest_site_in_the_sum_is_refused() -> None:
    """Of two or three sites no list could be split; but the sum less what the others know is that site's vector."""
    for count in (2, 3):
        assert terms(count, count, colluding=count - 2)
        with pytest.raises(UsageError):
            terms(count, count, colluding=count - 1)


def test_a_key_with_which_anybody_can_sign_is_no_members_key() -> None:
    with pytest.raises(ValueError, match="anybody"):
        Member("a", "A" * 43 + "=")


def _party(name: str, *kinds: str, **changed: object) -> dict[str, object]:
    key = signer(name)
    return {
        "id": name, "name": name, "kinds": kinds or ("site",), "key_id": key.key_id, "public_key": key.public_key,
        "since": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z", **changed,
    }  # fmt: skip


def test_members_are_the_sites_of_the_roster_whose_keys_are_valid() -> None:
    revoked = {"time": "2026-06-01T00:00:00Z", "reason": "lost"}
    roster = signed.made(
        Roster,
        version=1,
        issued="2026-01-01T00:00:00Z",
        until="2027-01-01T00:00:00Z",
        previous=None,
        parties=(_party("b"), _party("a", "site", "owner"), _party("hub", "hub"), _party("lost", revoked=revoked)),
    )
    now = datetime(2026, 11, 30, tzinfo=UTC)
    assert members(roster, ["b", "a"], now) == (
        Member("a", signer("a").public_key),
        Member("b", signer("b").public_key),
    )
    for site, why in (("hub", "no site"), ("x", "no site"), ("x\x1b[2J", "no site"), ("lost", "revoked")):
        with pytest.raises(RefusedError, match=why) as refused:
            members(roster, ["a", site], now)
        assert "\x1b" not in str(refused.value)
    for year in (2025, 2028):
        with pytest.raises(RefusedError, match="out of date or not yet valid"):
            members(roster, ["a"], now.replace(year=year))


@pytest.mark.parametrize("bits", [32, 64])
def test_sums_that_could_overflow_are_refused(bits: int) -> None:
    agreed = terms(5, bits=bits)
    most = (2 ** (bits - 1) - 1) // 5
    agreed.check_room(most)
    assert 5 * most < 2 ** (bits - 1)
    for limit in (most + 1, 2**200, -1):
        with pytest.raises(RefusedError):
            agreed.check_room(limit)


def test_two_set_ups_have_different_digests() -> None:
    made = [
        terms(),
        terms(first=2),
        terms(rounds=4),
        terms(threshold=5),
        terms(bits=32),
        terms(4),
        terms(5, colluding=1),
    ]
    assert len({signed.digest(one) for one in made}) == len(made)
    assert isinstance(made[0], Terms)
