"""A small commission of parties with real keys, and a clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from privacy.canonical import time_text
from privacy.parties import changes
from privacy.parties.chain import Rosters
from privacy.parties.keys import Signer
from privacy.parties.roster import Card, Roster
from privacy.parties.signed import Signed, sign

NOW = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC)
DAY = timedelta(days=1)
YEAR = 365 * DAY
VALID = NOW + YEAR


def card(name: str, signer: Signer, *, issued: datetime = NOW - DAY) -> Signed[Card]:
    return sign(Card(name, f"{name} of the city", signer.public_key, time_text(issued)), signer)


class Commission:
    """An authority, two checkers, a researcher and an owner; one version of the roster for each."""

    KINDS = {"ann": ["checker"], "bo": ["checker"], "rita": ["researcher"], "owen": ["owner"]}  # noqa: RUF012

    def __init__(self, folder: Path) -> None:
        self.keys = {name: Signer.new() for name in ("chief", *self.KINDS)}
        self.chief = self.keys["chief"]
        self.rosters = Rosters(folder, self.chief.key_id)
        roster = changes.first(card("chief", self.chief), [], now=NOW, until=VALID)
        self.rosters.issue(roster, self.chief)
        for name, kinds in self.KINDS.items():
            roster = changes.enrol(
                roster, card(name, self.keys[name]), kinds, now=NOW, until=NOW + 100 * DAY, valid=VALID
            )
            self.rosters.issue(roster, self.chief)

    @property
    def roster(self) -> Roster:
        return self.rosters.read()[-1]
