"""Verbs of the privacy half: what a user mistypes, and what the exit code and the message then are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from privacy.cli import party, release
from privacy.parties import keyfile, passphrase
from privacy.parties.roster import KINDS
from privacy.release.documents import BECAUSE
from secops.cli.main import run
from tests.privacy.release.kit import World

PASS = "correct horse battery staple"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """An exchange whose keys are in files, as the commands want them."""
    monkeypatch.setenv("SECRET", PASS)
    for name in ("CITYWALL_PASSPHRASE_FROM", "CITYWALL_KEEPER_PASSPHRASE_FROM"):
        monkeypatch.setenv(name, "env:SECRET")
    world = World(tmp_path, start=datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)).ready()
    monkeypatch.setenv("CITYWALL_EXCHANGE", str(world.exchange.folder))
    secret = passphrase.obtain("env:SECRET")
    keyfile.save(world.keys["keeper"], world.exchange.folder / "keeper.key", secret)
    for name in ("rita", "ann", "bo", "owen"):
        keyfile.save(world.keys[name], tmp_path / f"{name}.key", secret)
    monkeypatch.chdir(tmp_path)
    return world


def test_lists_are_those_of_the_documents() -> None:
    assert party.KINDS == KINDS
    assert tuple(BECAUSE) == release.BECAUSE


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("release show r0009", 2, "there is no request r0009"),
        ("release check r0009", 2, "there is no request r0009"),
        ("release check none.yml", 2, "none.yml"),
        ("release check result.npz", 2, "--policy"),
        ("release request none.json", 2, "none.json"),
        ("release request request.yml", 2, "--key"),
        ("release approve r0001 --key none.key", 2, "none.key"),
        ("release approve r0001 --key flu.csv", 2, "no private key"),
        ("release approve r0001 --key ann.key --until 2020-01-01", 2, "over"),
        ("release approve r0001 --key ann.key --until soon", 2, "no day"),
        ("release object r0001 --because hate --key ann.key", 2, "hate"),
        ("data register none.csv --dataset flu --version 1 --schema schema.yml --key owen.key", 2, "none.csv"),
        ("data register flu.csv --dataset FLU --version 1 --schema schema.yml --key owen.key", 2, "dataset"),
        ("data register flu.csv --dataset flu --version 1 --schema contract.yml --key owen.key", 2, "contract.yml:11"),
        ("data register flu.csv --dataset flu --version 1 --schema schema.yml --key ann.key", 4, "of the kind owner"),
        ("data share contract.yml --policy schema.yml --key owen.key", 2, "schema.yml"),
        ("data share contract.yml --policy policy.yml --key rita.key", 4, "of the kind owner"),
        ("data accept none --key rita.key", 2, "there is no contract none"),
        ("party enrol flu.csv --as owner --key ann.key", 2, "flu.csv"),
        ("party revoke zoe --reason gone --key ann.key", 2, "there is no party zoe"),
        ("party revoke rita --reason gone --key ann.key", 4, "authority"),
        ("party card ZOE --name Zoe --key zoe.key -o zoe.card", 2, "id"),
        ("party list --exchange elsewhere", 2, "is no exchange"),
    ],
)
def test_what_is_wrong_is_said(
    files: World, capsys: pytest.CaptureFixture[str], words: str, code: int, says: str
) -> None:
    files.asked()
    entries = files.exchange.ledger.head().size
    assert run(words.split()) == code
    said = capsys.readouterr()
    assert says in said.err
    assert "Traceback" not in said.err
    assert PASS not in said.err + said.out
    assert files.exchange.ledger.head().size == entries
    assert not (files.folder / "zoe.key").exists()


def test_a_wrong_passphrase(files: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER", "not the passphrase at all")
    assert run(["data", "accept", "flu-2026", "--key", "rita.key", "--passphrase", "env:OTHER"]) == 2
    assert "passphrase is wrong" in capsys.readouterr().err


def test_the_whole_way_by_files(files: World, capsys: pytest.CaptureFixture[str]) -> None:
    files.asked(["district", "flu"])
    assert run(["release", "check", "request.yml"]) == 0
    assert run(["release", "request", "request.yml", "--key", "rita.key", "-o", "signed.json"]) == 0
    assert run(["release", "request", "signed.json"]) == 0
    assert run(["release", "publish", "r0001"]) == 4
    for name in ("ann", "bo"):
        assert run(f"release approve r0001 --key {name}.key".split()) == 0
    capsys.readouterr()
    assert run(["release", "show", "r0001", "--content"]) == 0
    shown = capsys.readouterr().out
    assert run(["release", "publish", "r0001"]) == 0
    assert (files.exchange.folder / "out/rita/r0001/result.csv").read_text("utf-8") == shown
    assert run(["release", "list", "--format", "json"]) == 0
    assert '"published"' in capsys.readouterr().out


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_refused_is_said_in_both_languages(files: World, capsys: pytest.CaptureFixture[str], lang: str) -> None:
    files.asked(query={"by": [{"field": "age", "cuts": [40]}]})
    assert run(["release", "check", "request.yml", "--lang", lang]) == 4
    assert ("过度收集" if lang == "zh" else "over-collection") in capsys.readouterr().out


@pytest.mark.parametrize("words", ["release list", "release show r0001", "data list", "party list"])
def test_lists_stand_on_a_roster_that_holds(files: World, capsys: pytest.CaptureFixture[str], words: str) -> None:
    files.request()
    assert run(words.split()) == 0
    sorted((files.exchange.folder / "roster").glob("*.json"))[-1].unlink()
    assert run(words.split()) == 4
    assert "taken away" in capsys.readouterr().err
