"""What rooms of the privacy half say twice, since none of them may import the other, is the same in both."""

from __future__ import annotations

import re
from typing import get_args

from privacy.disclosure import differencing, policy
from privacy.disclosure.result import Result
from privacy.parties import roster
from privacy.parties.approval import Quorum
from privacy.parties.contract import Method
from tests.contract.documents import ROOT

#: Methods that give no result by themselves: what comes out of them is released as one of the kinds.
_WHERE_DATA_STAYS = {"federated-learning", "encrypted-computation"}


def test_a_contract_can_allow_each_kind_of_result_and_no_other() -> None:
    kinds = {result.kind for result in get_args(Result)}
    methods = set(get_args(Method))
    assert len(kinds) == len(get_args(Result))
    assert kinds == methods - _WHERE_DATA_STAYS
    assert methods > _WHERE_DATA_STAYS


def test_the_page_of_the_contract_names_each_method() -> None:
    rows = [row for row in (ROOT / "docs/contract.md").read_text("utf-8").splitlines() if row.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([a-z-]+)`", row.split("|")[1])}
    assert set(get_args(Method)) == {name for name in named if not name.startswith("contract-")}


def test_a_policy_asks_for_approvals_of_parties_that_there_are() -> None:
    assert get_args(policy.Kind) == roster.KINDS
    asked = policy.Approvals()
    assert Quorum(count=asked.count, kinds=asked.kinds) == Quorum()


def test_the_policy_and_the_history_have_one_cap() -> None:
    assert policy.Differencing().exact_releases == differencing.MOST_EXACT
