"""Every way to change a log is found, by both verifiers: ours, and the one file that stands alone."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privacy import canonical
from privacy.ledger import verify_standalone
from privacy.ledger.head import Cosignature, Document, Head, Receipt, signed
from privacy.ledger.log import Ledger
from privacy.ledger.verify import examine, verify
from tests.privacy.ledger.kit import KEYS, OTHER, OWNER, WITNESS, WITNESSES, Key, copy, entry, ledger

Lines = list[bytes]


def exported(log: Ledger) -> Path:
    path = log.folder.with_suffix(".jsonl")
    log.export(path)
    return path


def both(path: Path, *known: Document, key: Key = OWNER, witness: Key | None = None) -> set[str]:
    """The codes of what ours finds in an export. The other must agree on whether there is anything."""
    options = ["--key", key.base64] + (["--witness", witness.base64] if witness else [])
    for number, document in enumerate(known):
        file = path.with_name(f"known-{number}.json")
        file.write_bytes(document.raw() + b"\n")
        options += ["--receipt" if isinstance(document, Receipt) else "--head", str(file)]
    heads = [d if isinstance(d, Head) else d.head for d in known if isinstance(d, Head | Cosignature)]
    receipts = [document for document in known if isinstance(document, Receipt)]
    witnesses = {witness.key_id: witness.public} if witness else {}
    found = examine(path, heads, receipts, {key.key_id: key.public}, witnesses)
    codes = {fault.code for fault in found.faults}
    silent = bool(witness) and not found.cosigned
    assert verify_standalone.main([str(path), *options]) == int(bool(codes) or silent)
    return codes


@pytest.mark.parametrize("algorithm", ["sha256", "sm3"])
def test_an_honest_log(tmp_path: Path, algorithm: str, capsys: pytest.CaptureFixture[str]) -> None:
    log = ledger(tmp_path / "l", [1, 3, 2], algorithm)
    early, receipts = list(log.heads()), [log.receipt(n) for n in range(6)]
    witnessed = log.cosign(early[2], WITNESS)
    log.append([entry(6)])
    path = exported(log)
    assert both(path, *early, log.head(), *receipts, log.receipt(6), witnessed, witness=WITNESS) == set()
    assert f"fine: 7 entries, root {log.head().root}" in capsys.readouterr().out
    found = examine(path, [], [], KEYS, WITNESSES)
    assert (found.head, found.heads, found.cosigned, found.unknown_witnesses) == (
        log.head(), 5, {WITNESS.key_id: 4}, 0,
    )  # fmt: skip
    assert examine(path, [], [], KEYS).unknown_witnesses == 1
    assert both(path, witness=OTHER) == set()
    assert path.read_bytes().splitlines()[2] == b'{"entry":%s}' % canonical.encode(entry(0))
    assert verify(log.folder, early, receipts, KEYS) == []


def test_a_rewound_log_is_found_by_a_head_and_by_a_receipt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = ledger(tmp_path / "l", [2, 2])
    backup = copy(log, tmp_path / "backup")
    log.append([entry(4)])
    head, receipt, older = log.head(), log.receipt(4), backup.head()
    assert both(exported(backup)) == set()
    assert both(exported(backup), older) == set()
    assert both(exported(backup), head) == {"rewound"}
    assert "REWOUND: not in this log" in capsys.readouterr().out
    assert both(exported(backup), receipt) == {"rewound"}
    assert [fault.what for fault in verify(backup.folder, [head], [], KEYS)] == [
        f"5 entries were signed at {head.time}; they are not here"
    ]


def test_a_forked_log_is_found_by_a_head_and_by_a_receipt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = ledger(tmp_path / "l", [2, 2])
    fork = copy(log, tmp_path / "fork")
    log.append([entry(4)])
    for number in (50, 51):
        fork.append([entry(number)])
    assert both(exported(fork)) == set()
    assert both(exported(fork), log.receipt(1)) == {"forked"}  # its head is of the other side
    assert both(exported(fork), log.head(), log.receipt(4)) == {"forked"}
    assert "FORKED: others are here" in capsys.readouterr().out
    witnessed = log.cosign(log.head(), WITNESS)
    assert both(exported(fork), witnessed) == {"forked"}
    assert both(exported(log), fork.head()) == {"rewound"}
    log.append([entry(5), entry(6)])
    assert both(exported(log), fork.head()) == {"forked"}


def test_what_is_given_must_itself_be_signed(tmp_path: Path) -> None:
    log, strange = ledger(tmp_path / "l", [3]), ledger(tmp_path / "m", [3], signer=OTHER)
    head = log.head()
    named = signed(Head("another office", 3, head.root, head.time, OWNER.key_id), OWNER)
    receipt = log.receipt(1)
    moved = [
        Receipt(entry(2), 1, receipt.proof, head), Receipt(entry(1), 2, receipt.proof, head),
        Receipt(entry(1), 1, receipt.proof[:-1], head), Receipt(entry(1), 1, [*receipt.proof, "00" * 32], head),
        Receipt(entry(1), 4, receipt.proof, head),
    ]  # fmt: skip
    path = exported(log)
    assert both(path, strange.head()) == {"known"}
    assert both(path, named) == {"origin"}
    assert all(both(path, wrong) == {"receipt"} for wrong in moved)
    assert both(exported(strange)) == {"signature"}


def swap(a: int, b: int) -> Callable[[Lines], Lines]:
    def swapped(lines: Lines) -> Lines:
        lines[a], lines[b] = lines[b], lines[a]
        return lines

    return swapped


def change(at: int, key: str, value: Any, sign: bool = True) -> Callable[[Lines], Lines]:
    """A head with another field, signed again by the log's own key."""

    def changed(lines: Lines) -> Lines:
        head = Head.of({**json.loads(lines[at])["head"], key: value})
        lines[at] = b'{"head":%s}' % (signed(head, OWNER) if sign else head).raw()
        return lines

    return changed


def respell(at: int) -> Callable[[Lines], Lines]:
    """A signature with another last letter that stands for the same bytes: four of its bits belong to none."""

    def respelled(lines: Lines) -> Lines:
        ((_kind, record),) = json.loads(lines[at]).items()
        text = record["signature"]
        other = text[:85] + chr(ord(text[85]) + 1) + "=="
        assert b64decode(other) == b64decode(text)
        lines[at] = lines[at].replace(text.encode(), other.encode())
        return lines

    return respelled


# lines: 0 ledger, 1 head of 0, 2-3 entries, 4 head of 2, 5-7 entries, 8 head of 5, 9 cosignature
@pytest.mark.parametrize(
    ("how", "code"),
    [
        (swap(2, 3), "root"),
        (swap(5, 7), "root"),
        (swap(3, 4), "order"),
        (swap(4, 8), "order"),
        (lambda lines: lines[:4] + lines[5:], ""),  # a head less is no lie: the last signs all
        (lambda lines: lines[:2] + lines[3:], "order"),
        (lambda lines: lines[:8], "truncated"),
        (lambda lines: lines[:6], "truncated"),
        (lambda lines: lines[:1], "truncated"),
        (lambda lines: lines[1:], "format"),
        (lambda lines: lines[:0], "truncated"),
        (lambda lines: [*lines, lines[8]], "order"),
        (lambda lines: [*lines, lines[7]], "truncated"),
        (lambda lines: lines[:4] + lines[3:], "order"),
        (lambda lines: [*lines[:2], lines[2].replace(b'"number":0', b'"number":9'), *lines[3:]], "root"),
        (lambda lines: [*lines[:2], lines[2].replace(b'"number":0', b'"number":0.5'), *lines[3:]], "format"),
        (lambda lines: [*lines[:2], lines[2].replace(b'"number":0', b'"number": 0'), *lines[3:]], "format"),
        (lambda lines: [*lines[:2], b'{"entry":5}', *lines[3:]], "format"),
        (lambda lines: [*lines[:2], b'{"entry":' + b"[" * 99_999 + b"}", *lines[3:]], "format"),
        (lambda lines: [*lines[:2], b'{"other":{}}', *lines[3:]], "format"),
        (lambda lines: [lines[0], *lines], "format"),
        (lambda lines: [lines[0].replace(b"sha256", b"sm3"), *lines[1:]], "root"),
        (lambda lines: [lines[0].replace(b"sha256", b"sha1"), *lines[1:]], "format"),
        (lambda lines: [lines[0].replace(b"ledger/1", b"ledger/2"), *lines[1:]], "format"),
        (lambda lines: [lines[0].replace(b"statistics", b"another"), *lines[1:]], "origin"),
        (change(4, "time", "2026-11-30T23:00:00Z"), "clock"),
        (change(4, "root", "sha256:" + "0" * 64), "root"),
        (change(4, "origin", "another office"), "origin"),
        (change(4, "size", 3), "order"),
        (change(4, "time", "2026-11-30T12:02:01Z", sign=False), "signature"),
        (change(4, "signature", None, sign=False), "signature"),
        (change(8, "key", OTHER.key_id, sign=False), "signature"),
        (swap(1, 9), "cosignature"),
        (lambda lines: [*lines[:9], lines[9].replace(b"2026-11-30T12:04", b"2026-11-30T12:05")], "cosignature"),
        (lambda lines: [*lines[:9], lines[9][:-40]], "format"),
        (respell(1), "format"),
        (respell(8), "format"),
        (respell(9), "format"),
    ],
)  # fmt: skip
def test_changed_exports(tmp_path: Path, how: Callable[[Lines], Lines], code: str) -> None:
    log = ledger(tmp_path / "l", [2, 3])
    log.cosign(log.head(), WITNESS)
    path = exported(log)
    lines = how(path.read_bytes().splitlines())
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    codes = both(path, witness=WITNESS)
    assert code in codes if code else not codes


def test_an_export_cut_anywhere(tmp_path: Path) -> None:
    log = ledger(tmp_path / "l", [1, 2])
    path, head = exported(log), log.head()
    whole = path.read_bytes()
    for length in range(0, len(whole), 19):
        path.write_bytes(whole[:length])
        assert both(path, head)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Head]:
    """An export with a witness's signature, and its last head."""
    log = ledger(tmp_path_factory.mktemp("honest") / "l", [1, 2])
    log.cosign(log.head(), WITNESS)
    return exported(log).read_bytes(), log.head()


@given(st.data())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_flipped_bit_passes(tmp_path: Path, honest: tuple[bytes, Head], data: st.DataObject) -> None:
    raw, head = bytearray(honest[0]), honest[1]
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path / "export.jsonl"
    path.write_bytes(raw)
    assert both(path, head, witness=WITNESS) or not examine(path, [head], [], KEYS, WITNESSES).cosigned


@given(st.lists(st.binary(max_size=30), max_size=6), st.binary(max_size=20))
@settings(max_examples=150, deadline=None)
def test_no_bytes_are_too_strange(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], end: bytes) -> None:
    path = tmp_path_factory.mktemp("strange") / "export.jsonl"
    path.write_bytes(
        b'{"ledger":{"algorithm":"sha256","format":"citywall-ledger/1","origin":"o"}}\n' + b"\n".join(lines) + end
    )
    assert both(path)


def test_a_folder_whose_entries_were_changed(tmp_path: Path) -> None:
    log = ledger(tmp_path / "l", [2, 3])
    raw = log.files.entries.read_bytes()
    log.files.entries.write_bytes(raw.replace(b'"number":3', b'"number":4'))
    assert {fault.code for fault in verify(log.folder, [], [], KEYS)} == {"root", "nodes"}


def test_the_file_stands_alone(tmp_path: Path) -> None:
    log = ledger(tmp_path / "l", [2, 3], "sm3")
    path, script = exported(log), tmp_path / "verify.py"
    script.write_bytes(Path(verify_standalone.__file__).read_bytes())
    head, receipt = tmp_path / "head.json", tmp_path / "receipt.json"
    head.write_bytes(log.head().raw() + b"\n")
    receipt.write_bytes(log.receipt(1).raw())

    def run(*options: str) -> tuple[int, str]:
        command = [sys.executable, "-I", "-S", "-B", str(script), *options]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
        assert "Traceback" not in ended.stderr
        return ended.returncode, ended.stdout

    known = ["--head", str(head), "--receipt", str(receipt)]
    assert run(str(path), "--key", OWNER.base64, *known) == (
        0, f"fine: 5 entries, root {log.head().root}, signed at {log.head().time}\n",
    )  # fmt: skip
    assert run(str(path), "--key", OTHER.base64)[0] == 1
    for wrong in ([str(path)], [str(path), "--key", "AAAA"], [str(path), "--key", "é"],
                  ["/none", "--key", OWNER.base64],
                  [str(path), "--key", OWNER.base64, "--head", "/none"],
                  [str(path), "--key", OWNER.base64, "--head", str(receipt)],
                  [str(path), "--key", OWNER.base64, "--receipt", str(head)],
                  [str(path), "--key", OWNER.base64, "--head", str(path)]):  # fmt: skip
        assert run(*wrong)[0] == 2
