"""Heads by a key after its revocation, and receipts that contradict each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from privacy.ledger import verify_standalone
from privacy.ledger.head import Receipt
from privacy.ledger.log import Ledger
from privacy.ledger.verify import compare, examine
from tests.privacy.ledger.kit import KEYS, OTHER, OWNER, Clock, Key, copy, entry, ledger
from tests.privacy.ledger.test_verify import both, exported


def test_two_receipts_of_one_entry_show_a_fork_without_any_log(tmp_path: Path) -> None:
    """Their heads are of other sizes, so that these alone do not contradict each other."""
    log = ledger(tmp_path / "l", [2])
    fork = copy(log, tmp_path / "fork")
    log.append([entry(2)])
    fork.append([entry(3), entry(4)])
    receipts = [log.receipt(2), fork.receipt(2)]
    assert [fault.code for fault in compare([], receipts, KEYS)] == ["forked"]
    assert list(compare([], [log.receipt(1), fork.receipt(1), receipts[0], receipts[0]], KEYS)) == []
    false = Receipt(receipts[1].entry, 2, receipts[1].proof, receipts[0].head)
    assert [fault.code for fault in compare([], [receipts[0], false], KEYS)] == ["receipt"]


def revocation(key: Key, *, revoked: bool = True) -> dict[str, Any]:
    """A version of the roster in which the keeper's key is revoked, or a word of it changed."""
    party = {"id": "keeper", "key_id": key.key_id, "revoked": {"time": "2026-11-30T12:00:00Z"} if revoked else None}
    return {"type": "roster", "time": "2026-11-30T12:00:00Z", "changed": [party]}


@pytest.mark.parametrize(("later", "revoked", "codes"), [
    (OWNER, True, {"revoked"}), (OTHER, True, set()), (OWNER, False, set()),
])  # fmt: skip
def test_heads_after_the_revocation_of_their_key(tmp_path: Path, later: Key, revoked: bool, codes: set[str]) -> None:
    """The key signs the head by which its revocation comes into the log, and none after it."""
    log = ledger(tmp_path / "l", [2])
    early = log.head()
    log.append([entry(2), revocation(OWNER, revoked=revoked), entry(4)])
    between = exported(log)
    assert both(between, early, log.receipt(1)) == set()
    Ledger.open(log.folder, later, clock=Clock(1)).append([entry(5)])
    keys = {key.key_id: key.public for key in (OWNER, OTHER)}
    path = exported(log)
    assert {fault.code for fault in examine(path, [early], [], keys).faults} == codes
    options = [part for key in (OWNER, OTHER) for part in ("--key", key.base64)]
    assert verify_standalone.main([str(path), *options]) == int(bool(codes))


@pytest.mark.parametrize("changed", [1, "key", ["key"], [{"revoked": 1}], {"key_id": 1}])
def test_a_roster_that_cannot_be_read_is_told(tmp_path: Path, changed: Any) -> None:
    log = ledger(tmp_path / "l")
    log.append([{"type": "roster", "time": "2026-11-30T12:00:00Z", "changed": changed}])
    assert both(exported(log)) == {"format", "truncated"}
