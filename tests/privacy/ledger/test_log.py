"""The log: what is appended is there, provable, and by one writer at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from privacy.ledger.head import About, Cosignature, Head, Receipt, signed, verify_receipt, verify_signature
from privacy.ledger.log import LARGEST_ENTRY, Ledger
from privacy.ledger.tree import Hashing, verify_consistency
from privacy.ledger.verify import verify
from secops.core.errors import CitywallError, RefusedError, UsageError
from tests.privacy.ledger.kit import KEYS, OTHER, OWNER, WITNESS, Clock, copy, entry, ledger


@pytest.mark.parametrize("algorithm", ["sha256", "sm3"])
def test_what_is_appended_is_there_and_provable(tmp_path: Path, algorithm: str) -> None:
    log = ledger(tmp_path / "l", [1, 1, 5, 9, 1], algorithm)
    again = Ledger.open(tmp_path / "l")
    head, heads = again.head(), list(again.heads())
    assert list(again.entries()) == [entry(n) for n in range(17)]
    assert list(again.entries(3, 5)) == [entry(3), entry(4)]
    assert list(again.entries(16, 99)) == [entry(16)]
    assert list(again.entries(17)) == []
    assert [h.size for h in heads] == [0, 1, 2, 7, 16, 17]
    assert head == heads[-1] == log.head()
    assert head.algorithm == algorithm
    assert all(verify_signature(h, KEYS) for h in heads)
    for index in range(17):
        receipt = Receipt.read(again.receipt(index).raw())
        assert receipt.entry == entry(index)
        assert verify_receipt(receipt, KEYS)
    for old in heads:
        proof = again.consistency(old.size, 17)
        assert verify_consistency(Hashing(algorithm), old.size, 17, proof, old.root_hash, head.root_hash)
    assert verify(tmp_path / "l", heads, [], KEYS) == []


def test_batches_leave_no_trace_in_the_tree(tmp_path: Path) -> None:
    roots = {ledger(tmp_path / str(n), batches).head().root for n, batches in enumerate([[12], [1] * 12, [5, 7]])}
    assert len(roots) == 1


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ({"time": "2026-11-30T12:00:00Z"}, "type"),
        ({"type": "x"}, "time"),
        ({"type": "x", "time": "yesterday"}, "time"),
        ({"type": "x", "time": 5}, "time"),
        ({"type": "x", "time": "2026-11-30T12:00:00Z", "cells": 0.5}, "not an object"),
        ({"type": "x", "time": "2026-11-30T12:00:00Z", "more": "a" * LARGEST_ENTRY}, "large"),
    ],
)
def test_a_batch_with_one_bad_entry_is_refused_whole(tmp_path: Path, bad: dict[str, object], why: str) -> None:
    log = ledger(tmp_path / "l", [2])
    with pytest.raises(ValueError, match=why) as caught:
        log.append([entry(2), bad])
    assert "yesterday" not in str(caught.value)
    with pytest.raises(ValueError, match="nothing"):
        log.append([])
    assert log.head().size == 2
    assert verify(log.folder, [], [], KEYS) == []


def test_a_clock_that_went_back_is_refused(tmp_path: Path) -> None:
    clock = Clock()
    log = Ledger.create(tmp_path / "l", "office", "sha256", OWNER, clock=clock)
    log.append([entry(0)])
    clock.now -= timedelta(minutes=2)
    with pytest.raises(RefusedError, match=r"12:01:00Z.*12:02:00Z"):
        log.append([entry(1)])
    log.append([entry(1)])  # the same second again is no way back
    assert [head.time[14:16] for head in log.heads()] == ["01", "02", "02"]


def test_what_is_no_ledger(tmp_path: Path) -> None:
    log = ledger(tmp_path / "l", [1])
    with pytest.raises(UsageError, match="in use"):
        ledger(tmp_path / "l")
    with pytest.raises(UsageError, match="no ledger"):
        Ledger.open(tmp_path)
    for origin, algorithm in (("", "sha256"), ("a" * 201, "sha256"), ("\udc80", "sha256"), ("office", "md5")):
        with pytest.raises(UsageError, match="called or hashed"):
            Ledger.create(tmp_path / "m", origin, algorithm, OWNER)
    with pytest.raises(UsageError, match="no key"):
        Ledger.open(log.folder).append([entry(1)])
    assert os.listdir(tmp_path) == ["l"]
    for raw in (b"", b"{}", About("o", "sha256").raw().replace(b"/1", b"/2")):
        (log.folder / "ledger.json").write_bytes(raw)
        with pytest.raises(CitywallError, match="damaged"):
            Ledger.open(log.folder)


def test_numbers_that_are_no_entries(tmp_path: Path) -> None:
    log = ledger(tmp_path / "l", [2])
    for index in (-1, 2):
        with pytest.raises(UsageError, match=f"no entry {index}"):
            log.receipt(index)
    with pytest.raises(ValueError, match="shorter"):
        log.inclusion(0, 3)
    with pytest.raises(ValueError, match="shorter"):
        log.consistency(1, 3)


@pytest.mark.parametrize("name", ["heads.jsonl", "nodes-00", "nodes-01", "entries.jsonl", "ends"])
@pytest.mark.parametrize("left", [0, 40])
def test_nothing_is_built_on_a_damaged_log(tmp_path: Path, name: str, left: int) -> None:
    log = ledger(tmp_path / "l", [3, 3, 5])
    before = list(log.heads())
    os.truncate(log.folder / name, left)
    with pytest.raises(CitywallError, match="damaged"):
        log.append([entry(11)])
    assert verify(log.folder, before, [], KEYS) != []


def test_nothing_is_built_on_other_nodes(tmp_path: Path) -> None:
    log = ledger(tmp_path / "l", [4])
    (log.folder / "nodes-02").write_bytes(bytes(32))
    with pytest.raises(CitywallError, match="damaged"):
        log.append([entry(4)])
    assert [fault.code for fault in verify(log.folder, [], [], KEYS)] == ["nodes"]


def test_witnesses(tmp_path: Path) -> None:
    log = ledger(tmp_path / "l", [2, 3])
    first, last = list(log.heads())[1:]
    given = log.cosign(last, WITNESS)
    elsewhere = signed(Cosignature(first, "2026-12-01T00:00:00Z", WITNESS.key_id), WITNESS)
    log.attach(elsewhere)
    log.attach(elsewhere)
    with open(log.files.cosignatures, "ab") as file:
        file.write(b'{"torn')
    log.append([entry(5)])
    log.attach(Cosignature.read(given.raw()))
    assert list(Ledger.open(log.folder).cosignatures()) == [given, elsewhere]
    log.cosign(log.head(), OTHER)
    assert len(list(log.cosignatures())) == 3
    assert verify_signature(given, {WITNESS.key_id: WITNESS.public})
    assert not verify_signature(given, KEYS)
    fork = copy(log, tmp_path / "fork")
    for side in (log, fork):
        side.append([entry(len(side.folder.name))])
    with pytest.raises(RefusedError, match="none of this"):
        log.attach(fork.cosign(fork.head(), WITNESS))
    with pytest.raises(RefusedError, match="the clock says"):  # of a head that is not signed yet
        log.cosign(fork.head(), WITNESS)


def test_a_signature_is_for_one_document(tmp_path: Path) -> None:
    log = ledger(tmp_path / "l", [1])
    head = log.head()
    cosignature = Cosignature(head, head.time, OWNER.key_id, head.signature)
    assert not verify_signature(cosignature, KEYS)
    assert not verify_signature(Head(head.origin, head.size, head.root, head.time, OTHER.key_id, head.signature), KEYS)
    with pytest.raises(ValueError, match="another key"):
        signed(head, OTHER)
    with pytest.raises(ValueError, match=r"."):
        Head.read(head.raw().replace(b'"size":1', b'"size":1,"more":2'))
    with pytest.raises(ValueError, match=r"."):
        Head.read(b" " + head.raw())


_WRITER = """
import sys
from pathlib import Path
from privacy.ledger.log import Ledger
from tests.privacy.ledger.kit import Key, entry
log = Ledger.open(Path(sys.argv[1]), Key("owner"))
print("ready", flush=True)
sys.stdin.read()
for n in range(25):
    log.append([entry(n), entry(n)])
"""


def test_two_writers_take_turns_and_readers_see_whole_batches(tmp_path: Path) -> None:
    log = ledger(tmp_path / "l", [1])
    command = [sys.executable, "-c", _WRITER, str(log.folder)]
    writers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(2)]
    for writer in writers:
        assert writer.stdout
        assert writer.stdout.readline() == b"ready\n"
    for writer in writers:
        assert writer.stdin
        writer.stdin.close()
    while any(writer.poll() is None for writer in writers):
        head = log.head()
        assert head.size % 2 == 1
        assert verify_receipt(log.receipt(head.size - 1), KEYS)
    assert [writer.wait() for writer in writers] == [0, 0]
    for writer in writers:
        assert writer.stdout
        writer.stdout.close()
    assert log.head().size == 101
    assert verify(log.folder, [head], [], KEYS) == []
