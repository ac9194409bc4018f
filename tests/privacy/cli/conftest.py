"""An exchange made by commands."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from privacy.parties import pkcs8
from secops.cli.main import run
from tests.privacy.cli.ledger_kit import PASS, Citywall, Ran
from tests.privacy.release.kit import CONTRACT, PARTIES, POLICY, SCHEMA, people, write_csv

NAMES = ("bureau", *PARTIES)

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
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("CITYWALL_EXCHANGE", "exchange")
        assert [run(command.split()) for command in commands] == [0] * (len(commands) - 1) + [4]
    return folder


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
