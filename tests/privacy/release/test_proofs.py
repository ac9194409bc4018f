"""What nobody has signed is found out in the ledger, and what was signed counts."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import pytest

from privacy import canonical
from privacy.parties.signed import as_value, of, plain, sign
from privacy.release.documents import Objection, Registration, Request
from privacy.release.proofs import Proofs
from privacy.release.telling import Teller
from privacy.release.trace import trace
from secops.core.errors import CitywallError, RefusedError
from tests.privacy.release.kit import World
from tests.privacy.release.trace_kit import Entry, entries, faults, forge


def _other_owner(world: World) -> Entry:
    body = of(entries(world)[8]["registration"], Registration).body
    return entries(world)[8] | {"registration": plain(sign(body, world.keys["rita"]))}


def _other_requester(world: World) -> Entry:
    body = of(entries(world)[12]["request"], Request).body
    return entries(world)[12] | {"request": plain(sign(body, world.keys["sam"])), "release": "r0002"}


def _changed(number: int, *path: str, to: object) -> Callable[[World], Entry]:
    """An entry with one value in it changed."""

    def make(world: World) -> Entry:
        entry = place = deepcopy(entries(world)[number])
        for key in path[:-1]:
            place = place[key]
        assert place[path[-1]] != to
        place[path[-1]] = to
        return entry

    return make


def _objection(number: str = "r0001", **changes: str) -> Callable[[World], Entry]:
    def make(world: World) -> Entry:
        checked = world.exchange.state().releases[number].checked
        body = Objection(
            **{  # type: ignore[arg-type]
                "release": number, "subject": checked.subject if checked else "", "party": "bo", "outcome": "refused",
                "because": "purpose", "issued": canonical.time_text(world.clock()), **changes,
            }
        )  # fmt: skip
        entry = {"type": "refused", "release": number, "objection": plain(sign(body, world.keys["bo"]))}
        return entry | {"reasons": [as_value(Objection.reason.fget(body))]}  # type: ignore[attr-defined]

    return make


def _with_reason(code: str) -> Callable[[World], Entry]:
    def make(world: World) -> Entry:
        entry = _objection()(world)
        return entry | {"reasons": [entry["reasons"][0] | {"code": code}]}

    return make


#: Entries that are there: 8 dataset, 9 shared, 10 accepted, 12 request, 13 checked, 14 approval, 16 release.
FORGED: dict[str, tuple[Callable[[World], Entry], str]] = {
    "a data set that another has signed": (_other_owner, "not signed with the key that owen had"),
    "a registration of other data": (
        _changed(8, "registration", "body", "digest", to=f"sha256:{'0' * 64}"), "not signed with the key that owen"),
    "a contract that ends later": (
        _changed(9, "contract", "until", to="2099-01-01"), "the signature is for another contract or policy"),
    "a weaker policy": (_changed(9, "policy", "min_cell", "below", to=2), "for another contract or policy"),
    "another owner's contract": (_changed(9, "contract", "owner", to="bo"), "for another contract or policy"),
    "an acceptance for another": (_changed(10, "approval", "body", "approver", to="ann"), "key that ann had"),
    "a request in another's name": (_other_requester, "not signed with the key that rita had"),
    "a check of another request": (
        _changed(13, "request", to=f"sha256:{'0' * 64}"), "what was checked is another request"),
    "an approval in another's name": (_changed(14, "approval", "body", "approver", to="bo"), "the key that bo had"),
    "an approval for longer": (_changed(14, "approval", "body", "uses", to=99), "not signed with the key that ann"),
    "an objection to something else": (
        _objection(subject=f"sha256:{'0' * 64}"), "the objection is to something else"),
    "an objection in another's name": (_objection(party="ann"), "not signed with the key that ann had"),
    "an objection with another outcome": (_objection(outcome="changes"), "the objection is to something else"),
    "another reason than the objection's": (_with_reason("objection-data"), "the objection is to something else"),
    "a result that nobody checked": (
        _changed(16, "content", to=f"sha256:{'0' * 64}"), "what was published is not what was checked"),
    "a result for somebody else": (_changed(16, "requester", to="sam"), "what was published is another request"),
    "approvals that nobody gave": (_changed(16, "approvals", to=[f"sha256:{'0' * 64}"]), "that nobody gave"),
    "a party that the roster does not know": (
        _changed(2, "changed", to=[]), "not what version 3 of the roster says"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_what_nobody_has_signed_is_found_out(released: World, name: str) -> None:
    make, said = FORGED[name]
    teller = Teller()
    entry = make(released)
    number = forge(released, entry)
    if entry["type"] == "roster":  # of nobody, so of no data set: asked of the proofs themselves
        assert _roster_fault(released, teller, number).endswith(said)
        return
    found = faults(trace(released.exchange, "flu"))
    assert said in found.pop(number)
    assert found == {}


def _roster_fault(world: World, teller: Teller, number: int) -> str:
    proofs = Proofs(world.exchange.signed_rosters(world.exchange.state()), teller.state)
    for entry in entries(world)[: number + 1]:
        teller.take(entry)
    return proofs.fault(entries(world)[number]) or ""


def test_the_same_objection_as_it_was_signed_counts(released: World) -> None:
    released.request(["sex"])
    number = forge(released, _objection("r0002")(released))
    (row,) = [row for row in trace(released.exchange, "flu") if row.event.number == number]
    assert row.fault == ""


def test_an_approval_spent_for_another_request_is_found_out(released: World) -> None:
    """Each is genuine, but for something else."""
    released.request(["sex"])
    taken = entries(released)[14] | {"release": "r0002"}
    number = forge(released, taken)
    assert "for something else" in faults(trace(released.exchange, "flu"))[number]


def test_a_roster_that_the_ledger_does_not_name_is_refused(released: World) -> None:
    last = sorted((released.exchange.folder / "roster").glob("*.json"))[-1]
    last.unlink()
    with pytest.raises(RefusedError, match="taken away"):
        trace(released.exchange, "flu")


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "roster", "version": 8, "digest": "of it", "by": "y", "changed": [{"id": 1}]},
        {"type": "roster", "version": [], "digest": "x", "by": "y", "changed": []},
        {"type": "dataset"}, {"type": "dataset", "registration": [], "history": ""},
        {"type": "release", "release": "r0001", "approvals": 7},
        {"type": "approval", "release": "r0099"}, {"type": "checked", "release": "r0001"},
    ],
    ids=str,
)  # fmt: skip
def test_an_entry_that_is_none_of_ours_is_an_error_without_its_words(released: World, entry: Entry) -> None:
    if "digest" in entry:  # of a roster that there is, so that only the change in it is wrong
        entry = entry | {"digest": released.exchange.state().rosters[8]}
    forge(released, entry)
    with pytest.raises(CitywallError, match="none of an exchange's") as error:
        trace(released.exchange, "flu")
    assert error.value.__cause__ is error.value.__context__ is None
