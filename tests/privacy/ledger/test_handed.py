"""What was handed out is judged without a ledger: signatures, proofs of growth, heads that contradict each other."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.ledger.handed import Handed, read_consistency, read_head, read_receipt
from privacy.ledger.head import Consistency, Head, signed, verify_growth
from privacy.ledger.log import Ledger
from secops.core.errors import RefusedError, UsageError
from tests.privacy.ledger.kit import KEYS, OTHER, OWNER, WITNESS, WITNESSES, copy, entry, ledger


def codes(handed: Handed) -> list[str]:
    return [fault.code for fault in handed.faults(KEYS, WITNESSES)]


@pytest.mark.parametrize("algorithm", ["sha256", "sm3"])
def test_a_ledger_that_grew_proves_it_from_each_earlier_head(tmp_path: Path, algorithm: str) -> None:
    log = ledger(tmp_path / "log", [1] * 9, algorithm)
    for head in log.heads():
        proof = log.grown_from(head)
        assert (proof.old, proof.new) == (head, log.head())
        assert Consistency.read(proof.raw()) == proof
        assert verify_growth(proof, KEYS)
        assert codes(Handed(consistencies=[proof])) == []


def test_a_proof_is_for_its_two_heads_alone(tmp_path: Path) -> None:
    log = ledger(tmp_path / "log", [3, 4])
    old, proof = list(log.heads())[1], log.grown_from(list(log.heads())[1])
    replace = msgspec.structs.replace

    def resigned(head: Head, **changes: object) -> Head:
        return signed(replace(head, signature=None, **changes), OWNER)

    false = {
        "other proof": replace(proof, proof=[*proof.proof[:-1], "0" * 64]),
        "shorter proof": replace(proof, proof=proof.proof[:-1]),
        "other size": replace(proof, old=resigned(old, size=2)),
        "other root": replace(proof, old=resigned(old, root=f"sha256:{'0' * 64}")),
        "other ledger": replace(proof, old=resigned(old, origin="elsewhere")),
        "time runs back": replace(proof, old=resigned(old, time="2099-01-01T00:00:00Z")),
        "other key": replace(proof, new=signed(replace(proof.new, key=OTHER.key_id, signature=None), OTHER)),
        "not signed": replace(proof, old=replace(old, signature=None)),
    }
    assert [name for name, one in false.items() if verify_growth(one, KEYS)] == []
    assert verify_growth(replace(proof, old=resigned(old)), KEYS)
    assert codes(Handed(consistencies=[false["other proof"]])) == ["consistency"]


def test_a_fork_and_a_rewind_prove_nothing(tmp_path: Path) -> None:
    log = ledger(tmp_path / "log", [3])
    other = copy(log, tmp_path / "other")
    log.append([entry(3)])
    other.append([entry(4)])
    log.append([entry(5)])
    for head in (other.head(), ledger(tmp_path / "third", [3], "sm3").head()):
        with pytest.raises(RefusedError):
            log.grown_from(head)
    with pytest.raises(RefusedError, match="does not begin with the 5 entries"):
        other.grown_from(log.head())
    assert log.grown_from(list(other.heads())[1]).old.size == 3


def test_two_heads_that_contradict_each_other_are_found_out(tmp_path: Path) -> None:
    log = ledger(tmp_path / "log", [3])
    other = copy(log, tmp_path / "other")
    same = Handed(heads=[log.head(), other.head()])
    assert codes(same) == []
    for ours, theirs in ((log, entry(3)), (other, entry(4))):
        ours.append([theirs])
    assert codes(Handed(heads=[log.head(), other.head()])) == ["forked"]
    assert codes(Handed(heads=[log.head()], receipts=[other.receipt(0)])) == ["forked"]
    assert codes(Handed(heads=[log.cosign(log.head(), WITNESS)], receipts=[log.receipt(0)])) == []


def test_a_head_is_worth_its_signature_and_a_witness_his_own(tmp_path: Path) -> None:
    log = ledger(tmp_path / "log", [2])
    strange = ledger(tmp_path / "strange", [2], signer=OTHER)
    assert codes(Handed(heads=[strange.head()])) == ["known"]
    cosignature = log.cosign(log.head(), WITNESS)
    false = msgspec.structs.replace(cosignature, time="2020-01-01T00:00:00Z")
    assert codes(Handed(heads=[false])) == ["cosignature"]
    assert list(Handed(heads=[false]).faults(KEYS, {})) == []  # nobody asked for that witness; the head is good
    receipt = msgspec.structs.replace(log.receipt(1), index=0)
    assert codes(Handed(receipts=[receipt])) == ["receipt"]


def _files(log: Ledger, folder: Path) -> dict[str, Path]:
    found = {
        "head": log.head(), "cosignature": log.cosign(log.head(), WITNESS), "receipt": log.receipt(0),
        "consistency": log.grown_from(next(log.heads())),
    }  # fmt: skip
    for name, document in found.items():
        (folder / name).write_bytes(document.raw() + b"\n")
    return {name: folder / name for name in found}


def test_each_reader_takes_its_own_documents_and_no_others(tmp_path: Path) -> None:
    files = _files(ledger(tmp_path / "log", [2]), tmp_path)
    taken = {read_head: {"head", "cosignature"}, read_receipt: {"receipt"}, read_consistency: {"consistency"}}
    for reader, names in taken.items():
        for name, path in files.items():
            if name in names:
                assert reader(path).raw() + b"\n" == path.read_bytes()
            else:
                with pytest.raises(UsageError, match=name):
                    reader(path)
        with pytest.raises(UsageError, match="cannot be read"):
            reader(tmp_path / "none")


@given(raw=st.binary(max_size=200) | st.sampled_from([b"{}", b"[]", b"null", b'{"head":1}', b"{" * 5000]))
def test_any_bytes_are_a_document_or_wrong_usage(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "handed"
    path.write_bytes(raw)
    for reader in (read_head, read_receipt, read_consistency):
        with pytest.raises(UsageError):
            reader(path)
