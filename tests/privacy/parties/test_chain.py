"""The roster's versions hang together; what forges, forgets, rewinds or comes late is refused with its reason."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import msgspec
import pytest

from privacy.canonical import time_text
from privacy.parties import changes
from privacy.parties.chain import Rosters, in_force, verified
from privacy.parties.keys import Signer
from privacy.parties.roster import Party, Revocation, Roster
from privacy.parties.signed import Signed, digest, dump, read, sign
from secops.core.errors import CitywallError, RefusedError, UsageError
from tests.privacy.parties.kit import DAY, NOW, VALID, YEAR, Commission, card

replace = msgspec.structs.replace


def _signed(commission: Commission) -> list[Signed[Roster]]:
    folder = commission.rosters._folder
    return [read(path, Roster) for path in sorted(folder.glob("*.json"))]


def test_every_version_is_there_and_verified(commission: Commission) -> None:
    rosters = commission.rosters.read()
    assert [roster.version for roster in rosters] == [1, 2, 3, 4, 5]
    assert [party.id for party in rosters[-1].parties] == ["chief", "ann", "bo", "rita", "owen"]
    assert rosters[-1].parties[1].kinds == ("checker",)


def test_which_was_in_force(commission: Commission) -> None:
    old = commission.roster
    new = changes.revoke(old, "ann", "left", now=NOW + 5 * DAY, valid=NOW + 10 * DAY)
    commission.rosters.issue(new, commission.chief)
    assert commission.rosters.in_force(NOW + 4 * DAY) == old
    assert commission.rosters.in_force(NOW + 5 * DAY) == new
    with pytest.raises(RefusedError, match="valid until 2026-12-10T12:00:00Z"):
        commission.rosters.in_force(NOW + 10 * DAY)
    with pytest.raises(RefusedError, match="no roster was in force"):
        commission.rosters.in_force(NOW - DAY)


def test_the_first_authority_is_pinned(commission: Commission, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match=r"version 1 .* pinned"):
        Rosters(tmp_path / "rosters", Signer.new().key_id).read()


def test_a_known_version_cannot_be_taken_away_or_exchanged(commission: Commission, tmp_path: Path) -> None:
    folder, pin = tmp_path / "rosters", commission.chief.key_id
    known = {roster.version: digest(roster) for roster in commission.rosters.read()}
    assert len(Rosters(folder, pin, known).read()) == 5
    (folder / "00000005.json").unlink()
    assert len(Rosters(folder, pin).read()) == 4
    with pytest.raises(RefusedError, match="version 5 of the roster was taken away"):
        Rosters(folder, pin, known).read()
    other = changes.enrol(
        Rosters(folder, pin).read()[-1], card("eve", Signer.new()), ["checker"], now=NOW, until=VALID, valid=VALID
    )
    Rosters(folder, pin).issue(other, commission.chief)
    with pytest.raises(RefusedError, match=r"version 5 .* known before"):
        Rosters(folder, pin, known).read()


def _forge(change: Callable[[Commission, Roster], Roster]) -> Callable[[Commission], list[Signed[Roster]]]:
    """The chain with one more version, signed by the authority itself."""

    def forged(commission: Commission) -> list[Signed[Roster]]:
        last = commission.roster
        base = replace(last, version=6, previous=digest(last), issued=time_text(NOW + DAY))
        return [*_signed(commission), sign(change(commission, base), commission.chief)]

    return forged


def _with(roster: Roster, place: int, **values: object) -> Roster:
    parties = list(roster.parties)
    parties[place] = replace(parties[place], **values)
    return replace(roster, parties=tuple(parties))


def _extra(roster: Roster, signer: Signer) -> Roster:
    values = {"id": "eve", "name": "Eve", "key_id": signer.key_id, "public_key": signer.public_key}
    return replace(roster, parties=(*roster.parties, replace(roster.parties[1], **values)))


FORGED: dict[str, tuple[str, Callable[[Commission], list[Signed[Roster]]]]] = {
    "nothing": ("", _forge(lambda _, roster: roster)),
    "a party is gone": ("the party owen is gone", _forge(lambda _, r: replace(r, parties=r.parties[:-1]))),
    "clock went back": ("a clock went back", _forge(lambda _, r: replace(r, issued=time_text(NOW - DAY)))),
    "another previous": ("does not follow", _forge(lambda _, r: replace(r, previous="sha256:" + "0" * 64))),
    "version skipped": ("missing or stands twice", _forge(lambda _, r: replace(r, version=7))),
    "begin set back": ("begin of ann", _forge(lambda _, r: _with(r, 1, since=time_text(NOW - YEAR)))),
    "no authority left": ("no authority", _forge(lambda _, r: _with(r, 0, kinds=("owner",)))),
    "authority out of date": ("no authority", _forge(lambda _, r: _with(r, 0, until=time_text(NOW + DAY / 2)))),
    "revoked in the past": (
        "not of its time",
        _forge(lambda _, r: _with(r, 1, revoked=Revocation(time_text(NOW - DAY), "x"))),
    ),
    "revoked in the future": (
        "not of its time",
        _forge(lambda _, r: _with(r, 1, revoked=Revocation(time_text(NOW + 2 * DAY), "x"))),
    ),
    "another's key": (
        "key of eve was in use",
        _forge(lambda c, r: _extra(_with(r, 1, **_key(Signer.new())), c.keys["ann"])),
    ),
    "dropped from the middle": ("missing or stands twice", lambda c: [*_signed(c)[:2], *_signed(c)[3:]]),
    "reordered": ("missing or stands twice", lambda c: [*_signed(c)[:2], _signed(c)[3], _signed(c)[2]]),
    "changed after signing": (
        "signature is false",
        lambda c: [
            *_signed(c)[:4],
            replace(_signed(c)[4], body=_with(_signed(c)[4].body, 4, kinds=("checker",))),
        ],
    ),
    "signed by a checker": (
        "not signed by an authority",
        lambda c: [*_signed(c)[:4], sign(_signed(c)[4].body, c.keys["ann"])],
    ),
    "another key named": ("not signed by", lambda c: [*_signed(c)[:4], replace(_signed(c)[4], key_id="ed25519:0")]),
}


def _key(signer: Signer) -> dict[str, str]:
    return {"key_id": signer.key_id, "public_key": signer.public_key}


@pytest.mark.parametrize("case", FORGED)
def test_a_forged_chain_is_refused(case: str, commission: Commission) -> None:
    reason, chain = FORGED[case]
    forged = chain(commission)
    if reason:
        with pytest.raises(RefusedError, match=reason):
            verified(forged, commission.chief.key_id, {})
    else:
        assert len(verified(forged, commission.chief.key_id, {})) == 6


def test_a_revocation_stays(commission: Commission) -> None:
    revoked = changes.revoke(commission.roster, "ann", "lost", now=NOW, valid=VALID)
    commission.rosters.issue(revoked, commission.chief)
    back = _with(replace(revoked, version=7, previous=digest(revoked)), 1, revoked=None)
    with pytest.raises(RefusedError, match="revocation of ann is gone"):
        commission.rosters.issue(back, commission.chief)
    moved = _with(back, 1, revoked=Revocation(time_text(NOW + DAY), "later"))
    with pytest.raises(RefusedError, match="revocation of ann is gone"):
        commission.rosters.issue(moved, commission.chief)


def test_a_key_that_was_left_never_comes_back(commission: Commission) -> None:
    new, old = Signer.new(), commission.keys["ann"]
    roster = changes.renew(commission.roster, "ann", now=NOW, until=VALID, valid=VALID, card=card("ann", new))
    commission.rosters.issue(roster, commission.chief)
    for name, back in (
        ("ann", changes.renew(roster, "ann", now=NOW, until=VALID, valid=VALID, card=card("ann", old))),
        ("eve", changes.enrol(roster, card("eve", old), ["checker"], now=NOW, until=VALID, valid=VALID)),
    ):
        with pytest.raises(RefusedError, match=f"key of {name} was in use before"):
            commission.rosters.issue(back, commission.chief)
    # two versions later as well
    later = changes.revoke(roster, "bo", "left", now=NOW, valid=VALID)
    commission.rosters.issue(later, commission.chief)
    back = changes.enrol(later, card("eve", old), ["checker"], now=NOW, until=VALID, valid=VALID)
    with pytest.raises(RefusedError, match="key of eve was in use before"):
        commission.rosters.issue(back, commission.chief)


def test_a_revoked_authority_signs_nothing_more(commission: Commission) -> None:
    deputy = Signer.new()
    roster = changes.enrol(commission.roster, card("deputy", deputy), ["authority"], now=NOW, until=VALID, valid=VALID)
    commission.rosters.issue(roster, commission.chief)
    roster = changes.revoke(roster, "chief", "left", now=NOW, valid=VALID)
    commission.rosters.issue(roster, commission.chief)
    more = changes.renew(roster, "ann", now=NOW, until=VALID, valid=VALID)
    with pytest.raises(RefusedError, match="not signed by an authority"):
        commission.rosters.issue(more, commission.chief)
    commission.rosters.issue(more, deputy)
    with pytest.raises(RefusedError, match="no authority would be left"):
        commission.rosters.issue(changes.revoke(more, "deputy", "left", now=NOW, valid=VALID), deputy)


def test_two_writers_make_one_version(commission: Commission) -> None:
    last = commission.roster
    made: list[object] = []

    def write(name: str) -> None:
        roster = changes.enrol(last, card(name, Signer.new()), ["site"], now=NOW, until=VALID, valid=VALID)
        try:
            made.append(commission.rosters.issue(roster, commission.chief))
        except RefusedError as error:
            made.append(str(error))

    writers = [threading.Thread(target=write, args=[f"site-{n}"]) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sum(isinstance(one, Signed) for one in made) == 1
    assert sum("another version was made meanwhile" in str(one) for one in made) == 3
    assert len(commission.rosters.read()) == 6


def test_a_first_version_is_made_once(commission: Commission) -> None:
    first = changes.first(card("chief", commission.chief), [], now=NOW, until=VALID)
    with pytest.raises(RefusedError, match="another version"):
        commission.rosters.issue(first, commission.chief)


def test_what_is_no_roster(commission: Commission, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no roster"):
        Rosters(tmp_path / "empty", commission.chief.key_id).read()
    (tmp_path / "rosters" / ".half.partial").write_bytes(b"{")
    assert len(commission.rosters.read()) == 5
    (tmp_path / "rosters" / "notes").write_text("x")
    with pytest.raises(UsageError, match="notes"):
        commission.rosters.read()


def test_a_full_disk_leaves_what_was(commission: Commission, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    roster = changes.revoke(commission.roster, "ann", "left", now=NOW, valid=VALID)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(dump(sign(roster, commission.chief))) - 1, hard))
    try:
        with pytest.raises(CitywallError, match="cannot be written"):
            commission.rosters.issue(roster, commission.chief)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(commission.rosters.read()) == 5
    commission.rosters.issue(roster, commission.chief)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"parties": lambda r: (*r.parties, r.parties[1])}, "id belongs to two"),
        ({"parties": lambda r: (*r.parties, replace(r.parties[1], id="eve"))}, "key belongs to two"),
        ({"until": lambda r: r.issued}, "ends before"),
        ({"previous": lambda _: None}, "first version alone"),
        ({"version": lambda _: 1}, "first version alone"),
    ],
)
def test_a_roster_is_in_order(
    change: dict[str, Callable[[Roster], object]], reason: str, commission: Commission
) -> None:
    with pytest.raises(ValueError, match=reason):
        replace(commission.roster, **{name: value(commission.roster) for name, value in change.items()})


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (_key(Signer.new()) | {"key_id": "ed25519:" + "0" * 32}, "not that of the key"),
        ({"kinds": ("checker", "checker")}, "stands twice"),
        ({"until": time_text(NOW)}, "ends before"),
        ({"revoked": Revocation("2026-13-01T00:00:00Z", "x")}, "not a time"),
    ],
)
def test_a_party_is_in_order(values: dict[str, object], reason: str, commission: Commission) -> None:
    with pytest.raises(ValueError, match=reason):
        replace(commission.roster.parties[1], **values)


def test_in_force_needs_one() -> None:
    with pytest.raises(RefusedError):
        in_force((), NOW)


@pytest.mark.parametrize(
    ("when", "state"),
    [(NOW - DAY, "early"), (NOW, "valid"), (NOW + 99 * DAY, "valid"), (NOW + 100 * DAY, "expired")],
)
def test_states_of_a_key(when: object, state: str, commission: Commission) -> None:
    party = commission.roster.parties[1]
    assert isinstance(party, Party)
    assert party.state(when) == state  # type: ignore[arg-type]


def test_a_new_key_begins_anew(commission: Commission) -> None:
    later = NOW + DAY
    roster = changes.revoke(commission.roster, "bo", "lost", now=NOW, valid=VALID)
    commission.rosters.issue(roster, commission.chief)
    renewed = changes.renew(roster, "bo", now=later, until=VALID, valid=VALID, card=card("bo", Signer.new()))
    commission.rosters.issue(renewed, commission.chief)
    party = commission.roster.party("bo")
    assert party
    assert (party.since, party.revoked, party.state(later)) == (time_text(later), None, "valid")


def test_a_folder_without_locks_is_not_written(commission: Commission, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some network file systems have none."""
    monkeypatch.setattr("privacy.parties.chain.locked", lambda _: nullcontext(False))
    roster = changes.revoke(commission.roster, "bo", "lost", now=NOW, valid=VALID)
    with pytest.raises(CitywallError, match="cannot be locked"):
        commission.rosters.issue(roster, commission.chief)
    assert len(commission.rosters.read()) == 5
