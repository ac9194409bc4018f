"""The parties of a job are those of one roster, of the right kinds, with keys that hold."""

from __future__ import annotations

import msgspec

from privacy.canonical import time_text
from privacy.federated.job import parties
from privacy.parties.keys import Signer
from privacy.parties.roster import Party, Revocation, Roster
from privacy.parties.signed import digest
from tests.privacy.federated.kit import job
from tests.privacy.parties.kit import DAY, NOW, VALID

KINDS = {
    "chief": "authority", "institute": "researcher", "hub": "hub",
    "cleveland": "site", "hungarian": "site", "switzerland": "site", "va": "site",
}  # fmt: skip


def roster(**changed: Party) -> Roster:
    made = [changed.get(name) or party(name, kind) for name, kind in KINDS.items()]
    return Roster(1, time_text(NOW - DAY), time_text(VALID), None, tuple(made))


def party(name: str, kind: str, *, revoked: Revocation | None = None) -> Party:
    signer = Signer.new()
    since, until = time_text(NOW - DAY), time_text(NOW + DAY)
    return Party(name, f"{name}'s", (kind,), signer.key_id, signer.public_key, since, until, revoked)


def codes(tmp_path, listed: Roster, *, when=NOW, **changed):
    made = job(tmp_path)
    of = msgspec.structs.replace(made.parties, roster=digest(listed), **changed)
    return [(each.code, each.en) for each in parties.judge(msgspec.structs.replace(made, parties=of), listed, when)]


def test_who_is_there_may(tmp_path):
    assert codes(tmp_path, roster()) == []


def test_another_version_of_the_roster_or_another_time(tmp_path):
    assert [each.code for each in parties.judge(job(tmp_path), roster(), NOW)] == ["job-roster"]
    assert codes(tmp_path, roster(), when=VALID)[0][0] == "job-roster-expired"
    found = codes(tmp_path, roster(), when=NOW + 2 * DAY)
    assert [code for code, _ in found] == ["job-party-state"] * 6
    assert "(expired)" in found[0][1]


def test_one_who_is_not_there_or_is_another_kind(tmp_path):
    assert codes(tmp_path, roster(), hub="cloud") == [("job-party", "cloud is not in the roster")]
    assert codes(tmp_path, roster(), researcher="hub") == [("job-party-kind", "hub is no researcher in the roster")]
    assert codes(tmp_path, roster(va=party("va", "researcher")))[0][1] == "va is no site in the roster"


def test_a_key_that_was_revoked(tmp_path):
    gone = party("va", "site", revoked=Revocation(time_text(NOW - DAY / 2), "lost"))
    assert codes(tmp_path, roster(va=gone)) == [
        ("job-party-state", "the key of va does not hold at this time (revoked)")
    ]
