"""The life of a data set: everything in it is told once, and in order."""

from __future__ import annotations

import pytest

from privacy import canonical
from privacy.parties import changes
from privacy.parties.keys import Signer
from privacy.release import approvals
from privacy.release.exchange import KEEPER
from privacy.release.state import _STEPS, State
from privacy.release.telling import TYPES, Teller
from privacy.release.trace import trace
from secops.core.errors import UsageError
from secops.core.i18n import speaking
from tests.privacy.release.kit import DAY, NOW, World
from tests.privacy.release.trace_kit import entries, faults, forge, lines


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


def test_an_entry_of_a_kind_to_come_is_passed_over_and_told(released: World) -> None:
    forge(released, {"type": "by", "dataset": "flu"})
    assert faults(trace(released.exchange, "flu")) == {}
    teller = Teller()
    (event,) = [teller.take(entry) for entry in entries(released)][-1]
    assert event.what == "an entry of the kind by, which this program does not know"


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
