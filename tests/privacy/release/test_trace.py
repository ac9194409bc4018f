"""The life of a data set: everything in it is told once, in order, and what nobody has signed is found out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from copy import copy, deepcopy
from pathlib import Path
from typing import Any

import pytest

from privacy import canonical
from privacy.ledger.log import Ledger
from privacy.parties import changes
from privacy.parties.keys import Signer
from privacy.parties.signed import as_value, of, plain, sign
from privacy.release import approvals
from privacy.release.documents import Objection, Registration, Request
from privacy.release.exchange import KEEPER, Exchange
from privacy.release.proofs import Proofs
from privacy.release.state import _STEPS, State
from privacy.release.telling import TYPES, Teller
from privacy.release.trace import Row, trace
from secops.core.errors import CitywallError, RefusedError, UsageError
from secops.core.i18n import speaking
from tests.privacy.release.kit import DAY, NOW, World

Entry = dict[str, Any]


def lines(rows: list[Row]) -> list[tuple[str, str, str]]:
    return [(row.event.type, row.event.about, row.event.who) for row in rows if row.event.type != "roster"]


def faults(rows: list[Row]) -> dict[int, str]:
    return {row.event.number: row.fault for row in rows if row.fault}


def entries(world: World) -> list[Entry]:
    return list(world.exchange.ledger.entries())


def forge(world: World, entry: Entry) -> int:
    """What a keeper writes whom nobody watches. The number of the entry."""
    ledger = Ledger.open(world.exchange.folder / "ledger", world.keys["keeper"], clock=world.clock)
    ledger.append([entry | {"time": canonical.time_text(world.clock())}])
    return ledger.head().size - 1


def refuse(world: World, number: str, because: str) -> None:
    with world.desk() as desk:
        approvals.object_to(desk, number, approvals.objection(desk, number, world.keys["bo"], "refused", because))


def test_each_type_of_entry_is_told() -> None:
    assert set(TYPES) == set(_STEPS)


def test_the_whole_life_in_order(world: World) -> None:
    world.leave(["district", "flu"])
    world.request(["sex"])
    refuse(world, "r0002", "purpose")
    world.request(["age"])  # more than the purpose needs
    rows = trace(world.exchange, "flu")
    assert lines(rows) == [
        ("dataset", "flu 2026-06", "owen"), ("shared", "flu-2026", "owen"),
        ("accepted", "flu-2026", "rita"), ("accepted", "flu-2026", "ann"),
        ("request", "r0001", "rita"), ("checked", "r0001", KEEPER), ("approval", "r0001", "ann"),
        ("approval", "r0001", "bo"), ("release", "r0001", KEEPER),
        ("request", "r0002", "rita"), ("checked", "r0002", KEEPER), ("refused", "r0002", "bo"),
        ("request", "r0003", "rita"), ("refused", "r0003", KEEPER),
    ]  # fmt: skip
    said = {row.event.number: row.event.what for row in rows}
    numbers = [row.event.number for row in rows]
    assert numbers == sorted(numbers)
    told = "\n".join(said.values())
    registration = entries(world)[8]["registration"]["body"]
    for part in (
        f"400 records, {registration['digest']}",
        "contract flu-2026 is offered to rita, ann, until ", ": Flu in the city",
        "for planning: Flu (counts by district and flu)", "published to rita, as ann, bo approved: sha256:",
        "r0002 is refused: a checker says that the purpose does not need this", "over-collection",
    ):  # fmt: skip
        assert part in told
    assert faults(rows) == {}
    unsigned = [lines([row])[0] for row in rows if row.fault is None]
    assert unsigned == [
        ("checked", "r0001", KEEPER), ("checked", "r0002", KEEPER), ("refused", "r0003", KEEPER),
    ]  # fmt: skip


def test_the_roster_is_told_of_those_who_had_to_do_with_it(released: World) -> None:
    before = {row.event.about: row.event for row in trace(released.exchange, "flu") if row.event.type == "roster"}
    assert set(before) == {KEEPER, "owen", "ann", "bo", "rita"}
    assert before["rita"].who == "bureau"
    assert "is enrolled as researcher with the key" in before["rita"].what
    released.revoke("sam")
    assert len([row for row in trace(released.exchange, "flu") if row.event.about == "sam"]) == 0
    released.revoke("bo")
    (last,) = [
        row for row in trace(released.exchange, "flu") if row.event.about == "bo" and "revoked" in row.event.what
    ]
    assert last.event.what.endswith(": lost")
    assert last.fault == ""


def test_a_signature_counts_no_more_when_its_key_is_revoked(released: World) -> None:
    kinds = {row.event.number: row.event.type for row in trace(released.exchange, "flu")}
    released.revoke("bo")
    found = faults(trace(released.exchange, "flu"))
    assert sorted(kinds[number] for number in found) == ["approval", "release"]
    assert all("the key of bo is revoked since 2026-11-30T" in fault for fault in found.values())


def test_one_version_is_told_without_the_others(world: World) -> None:
    world.register("2026-07")
    world.request(["sex"], version="2026-07")
    world.request(["sex"])
    only = trace(world.exchange, "flu", "2026-07")
    assert [about for _, about, _ in lines(only)] == [
        "flu-2026", "flu-2026", "flu-2026", "flu 2026-07", "r0001", "r0001",
    ]  # fmt: skip
    assert "r0002" in {about for _, about, _ in lines(trace(world.exchange, "flu"))}


def test_a_contract_for_other_versions_is_not_that_of_a_version(world: World) -> None:
    text = (world.folder / "contract.yml").read_text("utf-8")
    (world.folder / "contract.yml").write_text(text.replace("flu-2026", "flu-2025").replace("2026-*", "2025-*"))
    world.share()
    abouts = {about for _, about, _ in lines(trace(world.exchange, "flu"))}
    assert abouts == {"flu 2026-06", "flu-2026", "flu-2025"}
    abouts = {about for _, about, _ in lines(trace(world.exchange, "flu", "2026-06"))}
    assert abouts == {"flu 2026-06", "flu-2026"}


def test_of_what_there_is_nothing(world: World) -> None:
    for name, version in (("fever", ""), ("flu", "2025-01")):
        with pytest.raises(UsageError, match="nothing was recorded"):
            trace(world.exchange, name, version)


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


def _objection(**changes: str) -> Callable[[World], Entry]:
    def make(world: World) -> Entry:
        checked = world.exchange.state().releases["r0001"].checked
        body = Objection(
            **{  # type: ignore[arg-type]
                "release": "r0001", "subject": checked.subject if checked else "", "party": "bo", "outcome": "refused",
                "because": "purpose", "issued": canonical.time_text(world.clock()), **changes,
            }
        )  # fmt: skip
        entry = {"type": "refused", "release": "r0001", "objection": plain(sign(body, world.keys["bo"]))}
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


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One release has left."""
    world = World(tmp_path_factory.mktemp("once")).ready()
    world.leave()
    return world


@pytest.fixture
def released(once: World, tmp_path: Path) -> World:
    """The same, to be changed."""
    world = copy(once)
    shutil.copytree(once.exchange.folder, tmp_path / "exchange")
    world.exchange = Exchange(tmp_path / "exchange", once.exchange.about, once.clock)
    return world


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
    number = forge(released, _objection()(released))
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


def test_an_entry_of_a_kind_to_come_is_passed_over_and_told(released: World) -> None:
    forge(released, {"type": "by", "dataset": "flu"})
    assert faults(trace(released.exchange, "flu")) == {}
    teller = Teller()
    (event,) = [teller.take(entry) for entry in entries(released)][-1]
    assert event.what == "an entry of the kind by, which this program does not know"


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


def test_titles_and_reasons_are_in_the_language_of_the_reader(released: World) -> None:
    released.request(["age"])
    with speaking("zh"):
        rows = trace(released.exchange, "flu")
    told = "\n".join(row.event.what for row in rows)
    assert "全市流感" in told
    assert "过度收集" in told
    assert "Flu" not in told


def test_a_key_that_is_renewed_is_told_and_old_signatures_stay(released: World) -> None:
    released.keys = released.keys | {"owen": Signer.new()}
    with released.desk() as desk:
        until = NOW + 300 * DAY
        new = changes.renew(desk.latest, "owen", now=desk.now, until=until, valid=until, card=released.card("owen"))
        desk.issue(new, released.keys["bureau"])
    rows = trace(released.exchange, "flu")
    assert [row.event.what for row in rows if "new key" in row.event.what] == [
        f"owen has a new key {released.keys['owen'].key_id}, until {canonical.time_text(until)}"
    ]
    assert faults(rows) == {}


def test_the_state_is_that_of_the_exchange(released: World) -> None:
    teller = Teller()
    for entry in entries(released):
        teller.take(entry)
    assert teller.state == released.exchange.state()
    assert isinstance(teller.state, State)
