"""Who is who: no host of a run may take another's place, whatever it says and in whatever order they are named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.identity import settle

M, N = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"


@pytest.mark.parametrize(
    ("said", "settled"),
    [
        ({"web1": M, "web2": N}, [M, N]),
        ({"web1": M, "web2": M, "web3": N}, [f"{M}@web1", f"{M}@web2", N]),
        ({"web1": M, "web2": M, "web3": M}, [f"{M}@web1", f"{M}@web2", f"{M}@web3"]),
        ({"db": "db", "web1": "db"}, ["db", "db@web1"]),  # db by its inventory, or silent and known by how it is called
        ({"web1": "db", "db": "db"}, ["db@web1", "db"]),
        ({"web1": "db", "db": M}, ["db@web1", M]),  # db may be silent in the next run
        ({"web1": "ops", "web2": "ops", "ops@web1": "ops@web1"}, ["ops@web1+", "ops@web2", "ops@web1"]),
    ],
)  # fmt: skip
def test_a_claim_counts_only_when_nobody_else_makes_it_or_is_called_so(
    said: dict[str, str], settled: list[str]
) -> None:
    assert settle(list(said), list(said.values())) == settled


WORDS = st.text("ab@+", min_size=1, max_size=4)
RUNS = st.dictionaries(WORDS, WORDS, max_size=6)


@given(RUNS, st.randoms(use_true_random=False))
def test_the_order_of_the_hosts_changes_nothing_and_no_two_are_one(said: dict[str, str], random: object) -> None:
    settled = dict(zip(said, settle(list(said), list(said.values())), strict=True))
    shuffled = list(said)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    again = settle(shuffled, [said[call] for call in shuffled])
    assert settled == dict(zip(shuffled, again, strict=True))
    assert len(set(settled.values())) == len(said)


@given(RUNS, WORDS, WORDS)
def test_another_host_changes_no_identity_into_one_that_the_newcomer_has(
    said: dict[str, str], call: str, claim: str
) -> None:
    """A host that joins may cost another its identity, but never gets it."""
    if call not in said:
        before = settle(list(said), list(said.values()))
        *_, newcomer = settle([*said, call], [*said.values(), claim])
        assert newcomer == call or newcomer not in before
