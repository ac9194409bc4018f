"""An exchange with real keys: a bureau, an owner with data of 400 people, two checkers, an institute, a witness."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from privacy.canonical import time_text
from privacy.data import schema as schemas
from privacy.data.table import file_digest
from privacy.disclosure import policy as policies
from privacy.parties import changes, contract
from privacy.parties.keys import Signer
from privacy.parties.roster import Card
from privacy.parties.signed import Signed, sign
from privacy.release import approvals, datasets, documents, requests
from privacy.release.exchange import Desk, Exchange, Founding
from privacy.release.state import Release

NOW = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC)
DAY = timedelta(days=1)

PARTIES = {
    "owen": ["owner"], "ann": ["checker"], "bo": ["checker"], "rita": ["researcher"], "sam": ["researcher"],
    "wu": ["witness"],
}  # fmt: skip

SCHEMA = """
person: id
fields:
  id: {type: integer}
  district: {type: text, labels: [east, west]}
  sex: {type: text, labels: [f, m]}
  flu: {type: text, labels: ["no", "yes"]}
  age: {type: integer, minimum: 0, maximum: 120}
  days: {type: integer, minimum: 0, maximum: 60}
"""

#: Exact counts, so that differences are not lost in rounding.
POLICY = """
name: exact
min_cell: {below: 8, base: 1}
"""

CONTRACT = """
id: flu-2026
title: {en: Flu in the city, zh: 全市流感}
dataset: flu
versions: "2026-*"
owner: owen
recipients: [rita, ann]
since: 2026-01-01
until: 2099-12-31
fields:
  district: {category: {en: residence, zh: 居住}, level: 2}
  sex: {category: {en: person, zh: 个人}, level: 3}
  flu: {category: {en: health, zh: 健康}, level: 4}
  age: {category: {en: person, zh: 个人}, level: 3}
  days: {category: {en: health, zh: 健康}, level: 4}
purposes:
  - id: planning
    title: {en: Planning of beds, zh: 床位规划}
    fields: [district, sex, flu, days]
protection:
  min_cell: 8
  methods: [counts, sums, means, quantiles, model]
over_collection: refuse
duties:
  owner: [{en: Registers each version., zh: 登记每个版本。}]
  recipients: [{en: Recognise nobody., zh: 不得识别个人。}]
"""


class Clock:
    """A time that is set by hand; each reading is a second later."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def people(seed: int = 1) -> list[dict[str, Any]]:
    """400 people: district, sex, flu, age, days in bed."""
    dice = random.Random(seed)  # noqa: S311 - the same people each time
    return [
        {
            "id": number, "district": dice.choice(["east", "west"]), "sex": dice.choice("fm"),
            "flu": "yes" if dice.random() < 0.3 else "no", "age": dice.randrange(18, 90), "days": dice.randrange(1, 15),
        }
        for number in range(400)
    ]  # fmt: skip


def write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


class World:
    """The exchange in `folder/exchange`, the keys of all, and the files they work with."""

    def __init__(
        self, folder: Path, *, policy: str = POLICY, rows: Sequence[dict[str, Any]] | None = None, start: datetime = NOW
    ) -> None:
        self.folder, self.clock, self.start = folder, Clock(start), start
        self.keys = {name: Signer.new() for name in ("bureau", "keeper", *PARTIES)}
        self.rows = list(rows or people())
        self.data = write_csv(folder / "flu.csv", self.rows)
        for name, text in (("schema", SCHEMA), ("policy", policy), ("contract", CONTRACT)):
            (folder / f"{name}.yml").write_text(text, "utf-8")
        founding = Founding(
            origin="exchange.city", algorithm="sha256", card=self.card("bureau"), authority=self.keys["bureau"],
            keeper=self.keys["keeper"], until=start + 365 * DAY,
        )  # fmt: skip
        self.exchange = Exchange.create(folder / "exchange", founding, clock=self.clock)
        for name, kinds in PARTIES.items():
            self.enrol(name, kinds)

    def card(self, name: str) -> Signed[Card]:
        signer = self.keys[name]
        return sign(Card(name, f"{name} of the city", signer.public_key, time_text(self.start - DAY)), signer)

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        with self.exchange.writing(self.keys["keeper"]) as desk:
            yield desk

    def enrol(self, name: str, kinds: Sequence[str]) -> None:
        with self.desk() as desk:
            until = self.start + 200 * DAY
            roster = changes.enrol(
                desk.latest, self.card(name), kinds, now=desk.now, until=until, valid=self.start + 365 * DAY
            )
            desk.issue(roster, self.keys["bureau"])

    def revoke(self, name: str) -> None:
        with self.desk() as desk:
            roster = changes.revoke(desk.latest, name, "lost", now=desk.now, valid=self.start + 365 * DAY)
            desk.issue(roster, self.keys["bureau"])

    def register(self, version: str = "2026-06", path: Path | None = None) -> datasets.Registered:
        schema = schemas.load(self.folder / "schema.yml")
        data = datasets.Data(dataset="flu", version=version, path=path or self.data, schema=schema)
        with self.desk() as desk:
            return datasets.register(desk, data, self.keys["owen"])

    def share(self) -> None:
        terms = contract.load(self.folder / "contract.yml")
        with self.desk() as desk:
            datasets.share(desk, terms, policies.load(self.folder / "policy.yml"), self.keys["owen"])

    def accept(self, *names: str) -> None:
        for name in names:
            with self.desk() as desk:
                datasets.accept(desk, "flu-2026", datasets.acceptance(desk, "flu-2026", self.keys[name]))

    def ready(self) -> World:
        """Registered, shared, accepted by both recipients."""
        self.register()
        self.share()
        self.accept("rita", "ann")
        return self

    def asked(self, by: Sequence[str] = ("district",), **more: Any) -> documents.Asked:
        """The request for counts by some fields."""
        query: Any = {"kind": "counts", "by": [{"field": field} for field in by]} | (more.pop("query", {}) or {})
        if "method" in more:  # a result that a job has left
            query = None
        document = {
            "title": {"en": "Flu", "zh": "流感"}, "dataset": "flu", "version": "2026-06", "contract": "flu-2026",
            "purpose": "planning", "requester": "rita", "query": query,
        } | more  # fmt: skip
        path = self.folder / "request.yml"
        path.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
        return documents.asked(path)

    def signed(self, asked: documents.Asked, result: Path | None = None, by: str = "") -> Signed[documents.Request]:
        digest = file_digest(result) if result else None
        request = documents.request_of(asked, digest, time_text(self.clock()))
        return sign(request, self.keys[by or asked.requester])

    def request(self, by: Sequence[str] = ("district",), result: Path | None = None, **more: Any) -> Release:
        signed = self.signed(self.asked(by, **more), result)
        with self.desk() as desk:
            return requests.submit(desk, signed, result)

    def approve(self, number: str, *names: str, until: datetime = NOW + 30 * DAY) -> None:
        for name in names:
            with self.desk() as desk:
                approvals.approve(desk, number, approvals.approval(desk, number, self.keys[name], until))

    def publish(self, number: str) -> Path:
        with self.desk() as desk:
            return requests.leave(desk, number)

    def leave(self, by: Sequence[str] = ("district",), **more: Any) -> Path:
        """Requested, approved, published."""
        number = self.request(by, **more).number
        self.approve(number, "ann", "bo")
        return self.publish(number)

    def count_file(self) -> Path:
        """The result that a job has left: counts by district."""
        cells = np.array([0 if row["district"] == "east" else 1 for row in self.rows], np.int32)
        about = {
            "kind": "counts", "dataset": "flu", "version": "2026-06",
            "dimensions": [{"name": "district", "labels": ["east", "west"]}],
        }  # fmt: skip
        path = self.folder / "result.npz"
        np.savez(path, about=json.dumps(about), counts=np.bincount(cells), cells=cells)
        return path
