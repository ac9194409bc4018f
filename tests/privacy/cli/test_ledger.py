"""`citywall ledger` as its users run it: an exchange made by commands, verified, witnessed, found out when forged."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest

from privacy.ledger.head import Consistency, Cosignature, Head
from privacy.ledger.log import Ledger
from privacy.parties import keyfile, pkcs8
from privacy.parties.keys import Signer
from privacy.release.exchange import Exchange
from secops.cli.main import run
from secops.core.secret import Secret
from tests.cli.store_kit import is_inert
from tests.privacy.release.kit import CONTRACT, PARTIES, POLICY, SCHEMA, people, write_csv

PASS = "correct horse battery staple"


class Ran(NamedTuple):
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


Citywall = Callable[..., Ran]

REQUEST = """
title: {en: Flu, zh: 流感}
dataset: flu
version: 2026-06
contract: flu-2026
purpose: planning
requester: rita
query: {kind: counts, by: [{field: FIELD}]}
"""


@pytest.fixture(scope="module")
def cheap() -> Iterator[None]:
    """Passphrases that are quickly tried: what keys cost is tested elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pkcs8, "COST", 1 << 4)
        patch.setenv("SECRET", PASS)
        for name in ("CITYWALL_PASSPHRASE_FROM", "CITYWALL_KEEPER_PASSPHRASE_FROM"):
            patch.setenv(name, "env:SECRET")
        yield


@pytest.fixture(scope="module")
def made(cheap: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exchange made by commands: one release has left, one request was refused."""
    folder = tmp_path_factory.mktemp("city")
    for name, text in (("schema", SCHEMA), ("policy", POLICY), ("contract", CONTRACT)):
        (folder / f"{name}.yml").write_text(text, "utf-8")
    for field in ("district", "age"):
        (folder / f"{field}.yml").write_text(REQUEST.replace("FIELD", field), "utf-8")
    write_csv(folder / "flu.csv", people())
    commands = [f"party card {name} --name {name}.of.the.city --key {name}.key -o {name}.card" for name in NAMES]
    commands += ["ledger create exchange --origin exchange.city --card bureau.card --key bureau.key"]
    commands += [f"party enrol {name}.card --as {kinds[0]} --key bureau.key" for name, kinds in PARTIES.items()]
    commands += [
        "data register flu.csv --dataset flu --version 2026-06 --schema schema.yml --key owen.key",
        "data share contract.yml --policy policy.yml --key owen.key", "data accept flu-2026 --key rita.key",
        "ledger head -o early.head",
        "release request district.yml --key rita.key", "release approve r0001 --key ann.key",
        "release approve r0001 --key bo.key", "release publish r0001", "release request age.yml --key rita.key",
    ]  # fmt: skip
    here = os.getcwd()
    try:
        os.chdir(folder)
        os.environ["CITYWALL_EXCHANGE"] = "exchange"
        assert [run(command.split()) for command in commands] == [0] * (len(commands) - 1) + [4]
    finally:
        os.chdir(here)
        del os.environ["CITYWALL_EXCHANGE"]
    return folder


NAMES = ("bureau", *PARTIES)


@pytest.fixture
def city(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, which is the current folder."""
    shutil.copytree(made, tmp_path / "city")
    monkeypatch.chdir(tmp_path / "city")
    monkeypatch.setenv("CITYWALL_EXCHANGE", "exchange")
    return tmp_path / "city"


@pytest.fixture
def citywall(capsys: pytest.CaptureFixture[str]) -> Citywall:
    def call(*words: str) -> Ran:
        capsys.readouterr()
        code = run(["ledger", *(part for word in words for part in word.split())])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        assert PASS not in said.out + said.err
        return Ran(code, said.out, said.err)

    return call


def keeper(folder: Path) -> Signer:
    return keyfile.load(folder / "keeper.key", Secret(PASS.encode()))


def grow(folder: Path, *names: str) -> Head:
    """Entries that the keeper alone puts into a ledger."""
    ledger = Ledger.open(folder / "ledger", keeper(folder))
    time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return ledger.append([{"type": "note", "time": time, "name": name} for name in names])


def test_what_is_made_is_told_and_whole(city: Path, citywall: Citywall) -> None:
    done = citywall("create other --origin other.city --card bureau.card --key bureau.key --hash sm3")
    assert (done.code, done.err) == (0, "")
    told = dict(re.findall(r"(?m)^  (.+?) +(\S+)$", done.out))
    other = Exchange.open(city / "other")
    assert told == {
        "key id of the authority": other.about.authority,
        "public key of the authority": _public(city / "bureau.key"),
        "public key of the keeper": keeper(city / "other").public_key,
    }  # fmt: skip
    assert (city / "other/keeper.key").stat().st_mode & 0o077 == 0
    assert other.ledger.about.algorithm == "sm3"
    assert [entry["type"] for entry in other.ledger.entries()] == ["roster", "roster"]
    assert citywall("verify --exchange other").code == 0


def revoke(name: str) -> None:
    assert run(["party", "revoke", name, "--reason", "lost", "--key", "bureau.key"]) == 0


def _public(path: Path) -> str:
    return keyfile.load(path, Secret(PASS.encode())).public_key


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("exchange --card bureau.card --key bureau.key", 2, "is in use"),
        ("new --card ann.card --key bureau.key", 2, "is not the card of the key"),
        ("new --card flu.csv --key bureau.key", 2, "flu.csv"),
        ("new --card bureau.card --key none.key", 2, "none.key"),
        ("new --card bureau.card --key bureau.key --until 2020-01-01", 2, "over"),
        ("new --card bureau.card --key bureau.key --keeper-passphrase env:NONE", 2, "no passphrase"),
        ("none/new/new --card bureau.card --key bureau.key --keeper-passphrase file:flu.csv", 2, "others may read"),
    ],
)
def test_no_exchange_is_made_half(city: Path, citywall: Citywall, words: str, code: int, says: str) -> None:
    before = sorted(city.iterdir())
    done = citywall(f"create {words} --origin new.city")
    assert (done.code, done.out) == (code, "")
    assert says in done.err
    assert sorted(city.iterdir()) == before


def test_the_log_tells_what_happened_and_who_did_it(city: Path, citywall: Citywall) -> None:
    rows = json.loads(citywall("log --format json").out)
    assert [row["entry"] for row in rows] == list(range(Exchange.open(city / "exchange").ledger.head().size))
    assert [(row["type"], row["about"], row["who"]) for row in rows[-8:]] == [
        ("accepted", "flu-2026", "rita"), ("request", "r0001", "rita"), ("checked", "r0001", "keeper"),
        ("approval", "r0001", "ann"), ("approval", "r0001", "bo"), ("release", "r0001", "keeper"),
        ("request", "r0002", "rita"), ("refused", "r0002", "keeper"),
    ]  # fmt: skip
    assert rows[2]["what"].startswith("owen (owen.of.the.city) is enrolled as owner with the key ed25519:")
    assert rows[2]["who"] == "bureau"
    text = citywall("log").out
    assert len(text.splitlines()) == len(rows) + 1
    assert is_inert(text)
    assert [row["what"] for row in csv.DictReader(StringIO(citywall("log --format csv").out))] == [
        row["what"] for row in rows
    ]


def test_the_log_of_one_data_set_of_one_type_or_its_end(city: Path, citywall: Citywall) -> None:
    def numbers(words: str) -> list[int]:
        return [row["entry"] for row in json.loads(citywall(f"log {words} --format json").out)]

    everything = numbers("")
    assert numbers("--limit 3") == everything[-3:]
    assert numbers("--dataset flu") == everything[-10:]
    assert numbers("--dataset fever") == []
    assert numbers("--type request") == [everything[-7], everything[-2]]
    assert numbers("--dataset flu --type request --limit 1") == [everything[-2]]
    assert numbers("--type roster") == everything[:-10]
    wrong = citywall("log --type requests")
    assert (wrong.code, wrong.out) == (2, "")
    assert "request, checked" in wrong.err


def test_a_head_is_kept_and_told(city: Path, citywall: Citywall) -> None:
    done = citywall("head -o now.head")
    head = Exchange.open(city / "exchange").ledger.head()
    assert (city / "now.head").read_bytes() == head.raw() + b"\n"
    assert head.root in done.out
    assert f"public key {keeper(city / 'exchange').public_key}" in done.out
    citywall("witness --key wu.key -o wu.head")
    assert f"witness wu: the head of {head.size} entries" in citywall("head").out


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
    assert citywall(f"verify export.jsonl --key {_public(city / 'ann.key')}").code == 1


def _receipts(city: Path) -> list[str]:
    return [f"--receipt {path.relative_to(city)}" for path in sorted((city / "exchange/out/rita/receipts").iterdir())]


def test_without_anything_from_earlier_it_is_said_what_cannot_be_seen(city: Path, citywall: Citywall) -> None:
    done = citywall("verify")
    assert done.code == 0
    assert "nobody can see whether it was rewound" in done.err


def test_a_receipt_proves_its_entry_without_a_ledger(
    city: Path, citywall: Citywall, monkeypatch: pytest.MonkeyPatch
) -> None:
    public, other = keeper(city / "exchange").public_key, _public(city / "ann.key")
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


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("verify", "--key"),
        ("verify --key {key}", "Verify what?"),
        ("verify --key abc --receipt early.head", "no public key"),
        ("verify --key {key} --receipt early.head", "is no receipt"),
        ("verify --key {key} --head flu.csv", "is no head"),
        ("verify none.jsonl --key {key}", "is no ledger and no export"),
        ("verify exchange --key {key}", "is no ledger"),
        ("prove --exchange exchange -o x", "number of an entry"),
        ("prove 1 --from early.head --exchange exchange -o x", "number of an entry"),
        ("prove 1 --exchange exchange -o none/x", "folder is not there"),
        ("log --exchange none", "is no exchange"),
        ("trace fever --exchange exchange", "nothing was recorded of fever"),
    ],
)
def test_what_is_wrong_is_said(
    city: Path, citywall: Citywall, monkeypatch: pytest.MonkeyPatch, words: str, says: str
) -> None:
    monkeypatch.delenv("CITYWALL_EXCHANGE")
    done = citywall(words.format(key=keeper(city / "exchange").public_key))
    assert (done.code, done.out) == (2, "")
    assert says in done.err


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


def test_a_changed_entry_is_found_out(city: Path, citywall: Citywall) -> None:
    path = city / "exchange/ledger/entries.jsonl"
    path.write_bytes(path.read_bytes().replace(b"rita", b"anna"))
    done = citywall("verify")
    assert done.code == 1
    assert re.search("(?m)^root: ", done.out)


def test_a_roster_taken_away_is_found_out(city: Path, citywall: Citywall) -> None:
    sorted((city / "exchange/roster").glob("*.json"))[-1].unlink()
    done = citywall("verify --head early.head")
    assert done.code == 1
    assert re.search("(?m)^roster: .*taken away", done.out)
    assert citywall("trace flu").code == 4


def test_a_roster_of_somebody_elses_gives_no_keys(city: Path, citywall: Citywall) -> None:
    path = sorted((city / "exchange/roster").glob("*.json"))[0]
    path.write_bytes(path.read_bytes().replace(b"bureau.of", b"bureau.at"))
    done = citywall("verify --head early.head")
    assert (done.code, done.out) == (4, "")
    assert citywall(f"verify --key {keeper(city / 'exchange').public_key}").code == 1


def test_a_witness_verifies_signs_and_keeps_a_copy(city: Path, citywall: Citywall) -> None:
    done = citywall("witness --head early.head --key wu.key -o wu.head")
    assert (done.code, done.err) == (0, "")
    copy = Cosignature.read((city / "wu.head").read_bytes())
    assert list(Exchange.open(city / "exchange").ledger.cosignatures()) == [copy]
    named = f"verify --witness {_public(city / 'wu.key')} --head wu.head"
    assert citywall(named).code == 0
    assert citywall(f"{named} --witness {_public(city / 'ann.key')}").code == 1
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


def test_the_life_of_a_data_set(city: Path, citywall: Citywall) -> None:
    done = citywall("trace flu -o flu.html")
    assert (done.code, done.err) == (0, "")
    assert is_inert(done.out)
    assert done.out.splitlines()[-1].split()[0] == "17"
    page = (city / "flu.html").read_text("utf-8")
    assert "<title>The life of flu</title>" in page
    assert "request r0002" in page
    rows = json.loads(citywall("trace flu --version 2026-06 --format json").out)
    assert [row["fault"] for row in rows] == [""] * len(rows)
    assert [row["type"] for row in rows if not row["signed"]] == ["checked", "refused"]
    revoke("bo")
    done = citywall("trace flu")
    assert done.code == 1
    assert "2 entries do not count." in done.err
    assert done.out.count("the key of bo is revoked since") == 2


def test_nothing_is_traced_where_no_file_can_be(city: Path, citywall: Citywall) -> None:
    done = citywall("trace flu -o none/flu.html")
    assert (done.code, done.out) == (2, "")
    assert not (city / "none").exists()


def test_a_reader_of_chinese_is_told_in_chinese(city: Path, citywall: Citywall) -> None:
    assert "流感" in citywall("trace flu --lang zh").out
    assert (city / "exchange").is_dir()
