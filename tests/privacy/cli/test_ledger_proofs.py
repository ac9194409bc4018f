"""Ledgers verified, proved and witnessed by commands; forged ones found out."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from privacy.ledger.head import Consistency, Cosignature
from privacy.ledger.log import Ledger
from privacy.release.exchange import Exchange
from secops.cli.main import run
from tests.privacy.cli.ledger_kit import Citywall, grow, keeper, public_key, revoke


def test_the_ledger_verifies_here_and_elsewhere(
    city: Path, citywall: Citywall, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = citywall("verify --head early.head", *_receipts(city))
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Fine: 18 entries in exchange.city, sha256:")
    assert citywall("export export.jsonl").code == citywall("standalone verify.py").code == 0
    public = keeper(city / "exchange").public_key
    monkeypatch.delenv("CITYWALL_EXCHANGE")
    done = citywall(f"verify export.jsonl --key {public} --head early.head", *_receipts(city))
    assert (done.code, done.err) == (0, "")
    command = [sys.executable, "-I", "verify.py", "export.jsonl", "--key", public, "--head", "early.head"]
    alone = subprocess.run(command, capture_output=True, text=True, check=False)
    assert alone.returncode == 0
    assert alone.stdout.startswith("fine: 18 entries")
    assert citywall(f"verify export.jsonl --key {public_key(city / 'ann.key')}").code == 1


def _receipts(city: Path) -> list[str]:
    return [f"--receipt {path.relative_to(city)}" for path in sorted((city / "exchange/out/rita/receipts").iterdir())]


def test_without_anything_from_earlier_it_is_said_what_cannot_be_seen(city: Path, citywall: Citywall) -> None:
    done = citywall("verify")
    assert done.code == 0
    assert "nobody can see whether it was rewound" in done.err


def test_a_receipt_proves_its_entry_without_a_ledger(
    city: Path, citywall: Citywall, monkeypatch: pytest.MonkeyPatch
) -> None:
    public, other = keeper(city / "exchange").public_key, public_key(city / "ann.key")
    assert citywall("prove 12 -o one.receipt").code == 0
    assert citywall("prove 99 -o two.receipt").code == 2
    assert not (city / "two.receipt").exists()
    monkeypatch.delenv("CITYWALL_EXCHANGE")
    assert citywall(f"verify --receipt one.receipt --key {public}").code == 0
    assert citywall(f"verify --receipt one.receipt --key {other}").code == 1
    (city / "false.receipt").write_bytes((city / "one.receipt").read_bytes().replace(b'"index":12', b'"index":13'))
    done = citywall(f"verify --receipt false.receipt --key {public}")
    assert done.code == 1
    assert "receipt: the receipt of entry 13 proves nothing" in done.out


def test_growth_is_proved_without_a_ledger(city: Path, citywall: Citywall, monkeypatch: pytest.MonkeyPatch) -> None:
    public = keeper(city / "exchange").public_key
    assert citywall("prove --from early.head -o grown.json").code == 0
    grown = Consistency.read((city / "grown.json").read_bytes())
    assert (grown.old.raw() + b"\n", grown.new.size) == ((city / "early.head").read_bytes(), 18)
    monkeypatch.delenv("CITYWALL_EXCHANGE")
    assert citywall(f"verify --consistency grown.json --key {public}").code == 0
    first = grown.proof[0].encode()
    (city / "false.json").write_bytes((city / "grown.json").read_bytes().replace(first, first[::-1]))
    done = citywall(f"verify --consistency false.json --key {public}")
    assert done.code == 1
    assert "consistency: the proof from 11 to 18 entries proves nothing" in done.out


def test_a_fork_is_found_out_by_who_saw_the_other(city: Path, citywall: Citywall) -> None:
    shutil.copytree(city / "exchange", city / "forked")
    (city / "seen.head").write_bytes(grow(city / "forked", "shown to some").raw())
    grow(city / "exchange", "shown to others")
    assert citywall("verify --head early.head").code == 0  # it saw neither
    done = citywall("verify --head early.head --head seen.head")
    assert done.code == 1
    assert done.out.startswith("forked: the first 19 entries are not those signed at ")
    done = citywall("prove --from seen.head -o grown.json")
    assert (done.code, (city / "grown.json").exists()) == (4, False)
    done = citywall("witness --head seen.head --key wu.key -o wu.head")
    assert (done.code, (city / "wu.head").exists()) == (4, False)
    assert list(Exchange.open(city / "exchange").ledger.cosignatures()) == []


def test_two_heads_of_one_size_are_a_proof_by_themselves(
    city: Path, citywall: Citywall, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(city / "exchange", city / "forked")
    for name in ("exchange", "forked"):
        (city / f"{name}.head").write_bytes(grow(city / name, name).raw())
    public = keeper(city / "exchange").public_key
    monkeypatch.delenv("CITYWALL_EXCHANGE")
    done = citywall(f"verify --head exchange.head --head forked.head --key {public}")
    assert done.code == 1
    assert "whoever keeps the ledger has signed two logs" in done.out
    assert citywall(f"verify --head exchange.head --head early.head --key {public}").code == 0


def test_a_backup_put_back_is_found_out(city: Path, citywall: Citywall) -> None:
    shutil.copytree(city / "exchange", city / "backup")
    (city / "later.head").write_bytes(grow(city / "exchange", "since then").raw())
    shutil.rmtree(city / "exchange")
    (city / "backup").rename(city / "exchange")
    done = citywall("verify --head later.head")
    assert done.code == 1
    assert done.out.startswith("rewound: 19 entries were signed at ")
    assert citywall("prove --from later.head -o x").code == 4


def test_a_backup_put_back_and_gone_on_from(city: Path, citywall: Citywall, tmp_path: Path) -> None:
    """The whole exchange as it was: its keeper sees nothing, the requester's receipt of what was undone shows it."""
    shutil.copytree(city / "exchange", city / "backup")
    assert run(["release", "request", "district.yml", "--key", "rita.key"]) == 0
    (receipt,) = set((city / "exchange/out/rita/receipts").glob("000018.json"))
    kept = shutil.copy(receipt, tmp_path / "kept.json")
    shutil.rmtree(city / "exchange")
    shutil.copytree(city / "backup", city / "exchange")
    assert citywall(f"verify --receipt {kept}").out.startswith("rewound: ")
    for _more in range(2):
        assert run(["release", "request", "age.yml", "--key", "rita.key"]) == 4
    assert citywall("verify --head early.head").code == 0
    done = citywall(f"verify --receipt {kept}")
    assert (done.code, done.out.startswith("forked: ")) == (1, True)
    other = shutil.copy(city / "exchange/out/rita/receipts/000018.json", tmp_path / "other.json")
    public = keeper(city / "exchange").public_key
    both = citywall(f"verify {city / 'exchange/ledger'} --receipt {kept} --receipt {other} --key {public}")
    assert (both.code, "forked" in both.out) == (1, True)


def test_a_ledger_alone_put_back_is_not_gone_on_from(
    city: Path, citywall: Citywall, capsys: pytest.CaptureFixture[str]
) -> None:
    """Receipts of what is undone lie in the folder: to go on would sign a fork."""
    shutil.copytree(city / "exchange/ledger", city / "backup")
    revoke("sam")
    shutil.rmtree(city / "exchange/ledger")
    (city / "backup").rename(city / "exchange/ledger")
    capsys.readouterr()
    assert run(["release", "request", "district.yml", "--key", "rita.key"]) == 4
    assert "was a backup put back?" in capsys.readouterr().err
    assert Exchange.open(city / "exchange").ledger.head().size == 18


def test_a_changed_entry_is_found_out(city: Path, citywall: Citywall) -> None:
    path = city / "exchange/ledger/entries.jsonl"
    path.write_bytes(path.read_bytes().replace(b"rita", b"anna"))
    done = citywall("verify")
    assert done.code == 1
    assert re.search("(?m)^root: ", done.out)


def test_a_roster_taken_away_is_found_out(city: Path, citywall: Citywall) -> None:
    sorted((city / "exchange/roster").glob("*.json"))[-1].unlink()
    done = citywall("verify --head early.head")
    assert done.code == 4
    assert re.search("(?m)^roster: .*taken away", done.out)
    assert citywall("trace flu").code == 4


def test_a_roster_of_somebody_elses_gives_no_keys(city: Path, citywall: Citywall) -> None:
    path = sorted((city / "exchange/roster").glob("*.json"))[0]
    path.write_bytes(path.read_bytes().replace(b"bureau.of", b"bureau.at"))
    done = citywall("verify --head early.head")
    assert (done.code, done.out) == (4, "")
    assert citywall(f"verify --key {keeper(city / 'exchange').public_key}").code == 4


def test_a_witness_verifies_signs_and_keeps_a_copy(city: Path, citywall: Citywall) -> None:
    done = citywall("witness --head early.head --key wu.key -o wu.head")
    assert (done.code, done.err) == (0, "")
    copy = Cosignature.read((city / "wu.head").read_bytes())
    assert list(Exchange.open(city / "exchange").ledger.cosignatures()) == [copy]
    named = f"verify --witness {public_key(city / 'wu.key')} --head wu.head"
    assert citywall(named).code == 0
    assert citywall(f"{named} --witness {public_key(city / 'ann.key')}").code == 1
    assert "passed over" not in citywall(named).out
    alone = citywall(f"verify --key {keeper(city / 'exchange').public_key} --head wu.head")
    assert (alone.code, "1 signature of a witness not named: passed over." in alone.out) == (0, True)
    grow(city / "exchange", "since then")
    assert citywall("witness --head wu.head --key wu.key -o wu.head").code == 0
    assert Cosignature.read((city / "wu.head").read_bytes()).head.size == copy.head.size + 1
    assert "witness" in citywall(named).out


def test_who_is_no_witness_does_not_sign(city: Path, citywall: Citywall) -> None:
    done = citywall("witness --head early.head --key ann.key -o ann.head")
    assert (done.code, (city / "ann.head").exists()) == (4, False)
    assert "of the kind witness" in done.err
    revoke("wu")
    assert citywall("witness --head early.head --key wu.key -o wu.head").code == 4


def test_a_witness_does_not_sign_what_was_changed(city: Path, citywall: Citywall) -> None:
    path = city / "exchange/ledger/nodes-00"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    done = citywall("witness --head early.head --key wu.key -o wu.head")
    assert (done.code, (city / "wu.head").exists()) == (4, False)


def elsewhere(city: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of the witness's own: an export, what it has kept, its key. Not the exchange."""
    folder = city.parent / "elsewhere"
    folder.mkdir()
    Exchange.open(city / "exchange").ledger.export(folder / "ledger.jsonl")
    for name in ("early.head", "wu.key", "ann.key"):
        shutil.copy(city / name, folder)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("CITYWALL_EXCHANGE")
    return folder


def test_a_witness_signs_on_another_machine(city: Path, citywall: Citywall, monkeypatch: pytest.MonkeyPatch) -> None:
    public = keeper(city / "exchange").public_key
    folder = elsewhere(city, monkeypatch)
    done = citywall(f"witness ledger.jsonl --keeper {public} --head early.head --key wu.key -o wu.head")
    assert (done.code, done.err) == (0, "")
    ledger = Exchange.open(city / "exchange").ledger
    assert list(ledger.cosignatures()) == []
    for _again in range(2):
        taken = citywall(f"attach wu.head --exchange {city / 'exchange'}")
        assert (taken.code, "Taken in: 18 entries" in taken.out) == (0, True)
    assert [one.raw() + b"\n" for one in ledger.cosignatures()] == [(folder / "wu.head").read_bytes()]
    grow(city / "exchange", "since then")
    monkeypatch.chdir(city)
    named = f"verify --exchange exchange --witness {public_key(city / 'wu.key')} --head {folder / 'wu.head'}"
    assert citywall(named).code == 0


def test_what_a_witness_elsewhere_does_not_sign(
    city: Path, citywall: Citywall, monkeypatch: pytest.MonkeyPatch
) -> None:
    public, other = keeper(city / "exchange").public_key, public_key(city / "ann.key")
    folder = elsewhere(city, monkeypatch)
    path = folder / "ledger.jsonl"
    sign = "witness ledger.jsonl --head early.head --key wu.key -o wu.head"
    assert citywall(sign).code == 2  # whose signatures count?
    assert citywall("witness --head early.head --key wu.key -o wu.head").code == 2
    assert citywall(f"{sign} --keeper {other}").code == 4
    path.write_bytes(path.read_bytes().replace(b'"rita"', b'"anna"'))
    assert citywall(f"{sign} --keeper {public}").code == 4
    assert not (folder / "wu.head").exists()


def test_what_a_keeper_does_not_take_in(city: Path, citywall: Citywall, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a true signature of a witness of the roster, on a head of this ledger."""
    public = keeper(city / "exchange").public_key
    shutil.copytree(city / "exchange", city / "forked")
    for name in ("exchange", "forked"):
        grow(city / name, name)
    Exchange.open(city / "forked").ledger.export(city / "forked.jsonl")
    folder = elsewhere(city, monkeypatch)
    into = f"--exchange {city / 'exchange'}"
    sign = f"--keeper {public} --head early.head"
    assert citywall(f"witness {city / 'forked.jsonl'} {sign} --key wu.key -o fork.head").code == 0
    assert citywall(f"witness ledger.jsonl {sign} --key wu.key -o wu.head").code == 0
    assert citywall(f"witness ledger.jsonl {sign} --key ann.key -o ann.head").code == 0
    made = (folder / "wu.head").read_bytes()
    (folder / "false.head").write_bytes(made.replace(b'"time":"20', b'"time":"21', 1))
    (folder / "later.head").write_bytes(re.sub(rb'"time":"20([^"]+)"\}$', rb'"time":"21\1"}', made))
    expected = {"early.head": 2, "fork.head": 4, "ann.head": 4, "false.head": 4, "later.head": 4, "ledger.jsonl": 2}
    assert {name: citywall(f"attach {name} {into}").code for name in expected} == expected
    assert list(Exchange.open(city / "exchange").ledger.cosignatures()) == []
    assert citywall(f"attach wu.head {into}").code == 0
    monkeypatch.chdir(city)
    revoke_in = ["party", "revoke", "wu", "--reason", "lost", "--key", "bureau.key", "--exchange", "exchange"]
    assert run(revoke_in) == 0
    assert citywall(f"attach {folder / 'wu.head'} {into}").code == 4


def test_a_keeper_whose_key_is_revoked_signs_nothing_more(
    city: Path, citywall: Citywall, capsys: pytest.CaptureFixture[str]
) -> None:
    """The revocation itself is its last word; a new key goes on, and all of it verifies."""
    old = keeper(city / "exchange")
    revoke("keeper")
    assert citywall("verify --head early.head").code == 0
    size = Exchange.open(city / "exchange").ledger.head().size
    assert run(["release", "request", "district.yml", "--key", "rita.key"]) == 4
    assert "revoked" in capsys.readouterr().err
    assert Exchange.open(city / "exchange").ledger.head().size == size
    assert run(["party", "card", "keeper", "--name", "exchange.city", "--key", "new.key", "-o", "new.card"]) == 0
    shutil.copy("new.key", "exchange/keeper.key")
    assert run(["party", "renew", "keeper", "--card", "new.card", "--key", "bureau.key"]) == 0
    assert run(["release", "request", "district.yml", "--key", "rita.key"]) == 0
    assert citywall("verify --head early.head").code == 0
    Ledger.open(city / "exchange/ledger", old).append([{"type": "note", "time": "2026-11-30T12:00:00Z"}])
    done = citywall("verify --head early.head")
    assert done.code == 1
    assert "revoked: the head of 23 entries is signed by a key that was revoked before" in done.out
