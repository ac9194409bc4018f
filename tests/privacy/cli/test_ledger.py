"""`citywall ledger` as its users run it: an exchange made by commands, listed, traced."""

from __future__ import annotations

import csv
import json
import re
from io import StringIO
from pathlib import Path

import pytest

from privacy.release.exchange import Exchange
from secops.core.columns import cell_len
from tests.cli.store_kit import is_inert
from tests.privacy.cli.ledger_kit import Citywall, keeper, public_key, revoke


def test_what_is_made_is_told_and_whole(city: Path, citywall: Citywall) -> None:
    done = citywall("create other --origin other.city --card bureau.card --key bureau.key --hash sm3")
    assert (done.code, done.err) == (0, "")
    told = dict(re.findall(r"(?m)^  (.+?) +(\S+)$", done.out))
    other = Exchange.open(city / "other")
    assert told == {
        "key id of the authority": other.about.authority,
        "public key of the authority": public_key(city / "bureau.key"),
        "public key of the keeper": keeper(city / "other").public_key,
    }  # fmt: skip
    assert (city / "other/keeper.key").stat().st_mode & 0o077 == 0
    assert other.ledger.about.algorithm == "sm3"
    assert [entry["type"] for entry in other.ledger.entries()] == ["roster", "roster"]
    assert citywall("verify --exchange other").code == 0


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


def test_a_trace_fits_the_terminal(city: Path, citywall: Citywall, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every word of it: what a pipe gets as whole lines, a terminal gets wrapped."""
    revoke("rita")
    whole = citywall("trace flu --lang en").out
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    for lang in ("en", "zh"):
        done = citywall(f"trace flu --lang {lang}")
        assert done.code == 1
        assert max(map(cell_len, done.out.splitlines())) <= 80
    wrapped = citywall("trace flu --lang en").out
    assert max(map(cell_len, whole.splitlines())) > 80
    assert sorted("".join(wrapped.split()).replace("─", "")) == sorted("".join(whole.split()))
