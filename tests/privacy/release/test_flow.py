"""From a registered data set to what has left: each step, and each reason why it is not taken."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from privacy.disclosure.policy import load as load_policy
from privacy.ledger.head import Receipt, verify_receipt
from privacy.ledger.verify import verify
from privacy.parties.approval import approve as sign_approval
from privacy.release import approvals, datasets, requests
from privacy.release.dry import judge, judge_result
from privacy.release.state import Release, accepted_entry, shared_entry
from secops.core.errors import RefusedError, UsageError
from tests.privacy.release.kit import DAY, NOW, World, people, write_csv


def codes(release: Release) -> list[str]:
    return [reason.code for reason in release.reasons]


def entries(world: World) -> list[str]:
    return [entry["type"] for entry in world.exchange.ledger.entries()]


def keeper_keys(world: World) -> dict[str, bytes]:
    return world.exchange.keeper_keys()


def test_a_clean_release_leaves_and_all_of_it_is_recorded(world: World) -> None:
    release = world.request(["district", "flu"])
    assert (release.number, release.stage) == ("r0001", "checked")
    world.approve("r0001", "ann", "bo")
    place = world.publish("r0001")
    assert place == world.exchange.folder / "out/rita/r0001"
    rows = list(csv.DictReader((place / "result.csv").open(encoding="utf-8")))
    want = sum(1 for row in world.rows if (row["district"], row["flu"]) == ("east", "yes"))
    assert [int(row["count"]) for row in rows if (row["district"], row["flu"]) == ("east", "yes")] == [want]
    assert entries(world)[-7:] == ["accepted", "accepted", "request", "checked", "approval", "approval", "release"]
    assert verify(world.exchange.folder / "ledger", [], [], keeper_keys(world)) == []


def test_everybody_whom_it_concerns_has_a_receipt(world: World) -> None:
    world.leave()
    last = world.exchange.ledger.head().size - 1
    for party in ("rita", "owen", "ann", "bo"):
        raw = (world.exchange.folder / "out" / party / "receipts" / f"{last:06}.json").read_bytes()
        receipt = Receipt.read(raw)
        assert receipt.entry["type"] == "release"
        assert verify_receipt(receipt, keeper_keys(world))
    assert not (world.exchange.folder / "out/sam/receipts" / f"{last:06}.json").exists()


def test_nothing_is_published_twice(world: World) -> None:
    place = world.leave()
    before = {path: path.read_bytes() for path in place.iterdir()}
    assert world.publish("r0001") == place
    assert {path: path.read_bytes() for path in place.iterdir()} == before
    assert entries(world).count("release") == 1


def test_the_same_request_again_is_the_one_before(world: World) -> None:
    signed = world.signed(world.asked())
    for _ in range(2):
        with world.desk() as desk:
            assert requests.submit(desk, signed, None).number == "r0001"
    assert entries(world).count("request") == 1


def test_a_result_of_a_job_leaves_the_same_way(world: World) -> None:
    path = world.count_file()
    release = world.request(method="counts", fields=["district"], result=path)
    assert release.stage == "checked"
    world.approve(release.number, "ann", "bo")
    assert (world.publish(release.number) / "result.csv").is_file()


def test_a_result_that_is_not_the_one_signed_for(world: World) -> None:
    path = world.count_file()
    signed = world.signed(world.asked(method="counts", fields=["district"]), path)
    path.write_bytes(path.read_bytes() + b"\0")
    with world.desk() as desk, pytest.raises(RefusedError, match="not the file that was signed"):
        requests.submit(desk, signed, path)
    assert "request" not in entries(world)


def test_a_result_of_other_data_than_the_request_says(world: World) -> None:
    world.register("2026-07", world.data)
    release = world.request(method="counts", fields=["district"], version="2026-07", result=world.count_file())
    assert (release.stage, codes(release)) == ("changes", ["release-other"])


def test_without_enough_approvals_nothing_leaves(world: World) -> None:
    world.request()
    with pytest.raises(RefusedError, match="0 of 2"):
        world.publish("r0001")
    world.approve("r0001", "ann")
    with pytest.raises(RefusedError, match="1 of 2"):
        world.publish("r0001")
    assert not (world.exchange.folder / "out/rita/r0001").exists()
    assert "release" not in entries(world)
    world.approve("r0001", "bo")
    assert world.publish("r0001").is_dir()


@pytest.mark.parametrize(
    ("who", "why"), [("rita", "cannot approve its own"), ("sam", "none of those who may"), ("owen", "none of those")]
)
def test_who_may_not_approve(world: World, who: str, why: str) -> None:
    world.request()
    with pytest.raises(RefusedError, match=why):
        world.approve("r0001", who)
    assert "approval" not in entries(world)


def test_a_checker_cannot_approve_what_it_asks_itself(world: World) -> None:
    assert world.request(requester="ann").stage == "checked"
    with pytest.raises(RefusedError, match="own request"):
        world.approve("r0001", "ann")


def test_nobody_counts_twice(world: World) -> None:
    world.request()
    world.approve("r0001", "ann")
    with pytest.raises(RefusedError, match="counts once only"):
        world.approve("r0001", "ann")
    with pytest.raises(RefusedError, match="1 of 2"):
        world.publish("r0001")


def test_an_approval_is_for_one_request_alone(world: World) -> None:
    world.request()
    world.request(["sex"])
    with world.desk() as desk:
        signed = approvals.approval(desk, "r0001", world.keys["ann"], NOW + DAY)
        with pytest.raises(RefusedError, match="something else"):
            approvals.approve(desk, "r0002", signed)
        approvals.approve(desk, "r0001", signed)
        approvals.approve(desk, "r0001", signed)  # handed in twice: the same
    assert entries(world).count("approval") == 1


def test_an_approval_for_another_purpose(world: World) -> None:
    release = world.request()
    assert release.checked
    with world.desk() as desk:
        signed = sign_approval(
            desk.roster, world.keys["ann"], subject=release.checked.subject, purpose="contract", requester="rita",
            now=desk.now, until=NOW + DAY,
        )  # fmt: skip
        with pytest.raises(RefusedError, match="another purpose"):
            approvals.approve(desk, "r0001", signed)


def test_approvals_end(world: World) -> None:
    world.request()
    world.approve("r0001", "ann", "bo", until=NOW + DAY)
    world.clock.now += 2 * DAY
    with pytest.raises(RefusedError, match="out of date"):
        world.publish("r0001")


def test_a_revoked_key_counts_no_longer(world: World) -> None:
    world.request()
    world.approve("r0001", "ann", "bo")
    world.revoke("bo")
    with pytest.raises(RefusedError, match="revoked"):
        world.publish("r0001")


@pytest.mark.parametrize(
    ("who", "code"), [("rita", "release-request"), ("owen", "release-registration"), ("owen", "release-terms")]
)
def test_nothing_stands_on_a_revoked_key(world: World, who: str, code: str) -> None:
    world.request()
    world.approve("r0001", "ann", "bo")
    world.revoke(who)
    with pytest.raises(RefusedError):
        world.publish("r0001")
    if who == "owen":
        assert code in codes(world.exchange.state().release("r0001"))
    assert "release" not in entries(world)


def test_who_has_not_accepted_the_contract(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.register()
    world.share()
    release = world.request()
    assert (release.stage, codes(release)) == ("refused", ["release-accepted"])


@pytest.mark.parametrize("what", ["contract", "policy"])
def test_the_keeper_puts_another_contract_or_policy_beside_the_signature(world: World, what: str) -> None:
    sharing = world.exchange.state().sharings["flu-2026"]
    weaker = (
        msgspec.structs.replace(sharing.contract, over_collection="report") if what == "contract" else sharing.contract
    )
    policy = sharing.policy | ({"name": "other"} if what == "policy" else {})
    with world.desk() as desk:
        desk.record(shared_entry(weaker, policy, sharing.terms, desk.time))
        for approval in sharing.accepted:
            desk.record(accepted_entry("flu-2026", approval, desk.time))
    assert codes(world.request()) == ["release-terms"]


def test_a_contract_that_is_offered_anew_is_accepted_anew(world: World) -> None:
    world.share()
    assert codes(world.request()) == ["release-accepted"]
    world.accept("rita")
    assert world.request().stage == "checked"


def test_who_is_no_recipient_accepts_nothing(world: World) -> None:
    with world.desk() as desk, pytest.raises(RefusedError, match="no recipient"):
        datasets.accept(desk, "flu-2026", datasets.acceptance(desk, "flu-2026", world.keys["sam"]))


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"query": {"by": [{"field": "age", "cuts": [40]}]}}, "contract-over-collection"),
        ({"requester": "sam"}, "contract-party"),
        ({"purpose": "sale"}, "contract-purpose"),
        ({"version": "2027-01"}, "release-dataset"),
        ({"contract": "none"}, "release-contract"),
    ],
)
def test_what_is_outside_the_contract_is_refused(world: World, asked: dict[str, object], code: str) -> None:
    release = world.request(**asked)  # type: ignore[arg-type]
    assert release.stage == "refused"
    assert code in codes(release)
    assert "checked" not in entries(world)


def test_a_contract_that_ends_between_approval_and_release(world: World) -> None:
    world.clock.now = NOW + 150 * DAY
    world.request()
    world.approve("r0001", "ann", "bo", until=NOW + 365 * DAY)
    world.clock.now = NOW + 199 * DAY
    assert world.publish("r0001").is_dir()


def test_another_contract_between_approval_and_release(world: World) -> None:
    world.request()
    world.approve("r0001", "ann", "bo")
    path = world.folder / "contract.yml"
    path.write_text(path.read_text("utf-8").replace("Recognise nobody.", "Do as you like."), "utf-8")
    world.share()
    world.accept("rita")
    with pytest.raises(RefusedError, match="have changed"):
        world.publish("r0001")
    assert codes(world.exchange.state().release("r0001")) == ["release-changed"]


def test_a_policy_below_what_the_contract_needs(world: World) -> None:
    (world.folder / "policy.yml").write_text("name: weak\nmin_cell: {below: 3, base: 1}\n", "utf-8")
    world.share()
    world.accept("rita")
    assert codes(world.request()) == ["contract-cell"]


def test_a_small_cell_is_hidden_and_said(tmp_path: Path) -> None:
    rows = people()
    for number, row in enumerate(rows):
        row["district"] = "west" if number < 5 else "east"
    world = World(tmp_path, rows=rows, policy="name: rounded\n").ready()
    release = world.request()
    assert release.checked
    assert "redacted" in [note.code for note in release.checked.notes]


def test_data_that_was_changed_is_not_what_was_registered(world: World) -> None:
    write_csv(world.data, people(seed=2))
    with pytest.raises(RefusedError, match="not the data that was registered"):
        world.request()
    assert world.exchange.state().release("r0001").stage == "requested"
    write_csv(world.data, world.rows)
    with world.desk() as desk:
        assert requests.check(desk, "r0001").stage == "checked"


def test_data_that_was_moved_is_found_again(world: World) -> None:
    moved = world.data.rename(world.folder / "moved.csv")
    with pytest.raises(UsageError, match="not there"):
        world.request()
    world.register(path=moved)
    assert entries(world).count("dataset") == 1
    with world.desk() as desk:
        assert requests.check(desk, "r0001").stage == "checked"


def test_a_version_is_registered_once(world: World) -> None:
    other = write_csv(world.folder / "other.csv", people(seed=3))
    with pytest.raises(UsageError, match="another file"):
        world.register(path=other)


def test_an_objection_ends_a_request(world: World) -> None:
    world.request()
    with world.desk() as desk:
        signed = approvals.objection(desk, "r0001", world.keys["ann"], "changes", "detail")
        approvals.object_to(desk, "r0001", signed)
    assert codes(world.exchange.state().release("r0001")) == ["objection-detail"]
    with pytest.raises(RefusedError, match="changes are wanted"):
        world.approve("r0001", "bo")
    assert world.request(replaces="r0001").number == "r0002"


def test_who_may_not_approve_may_not_object(world: World) -> None:
    world.request()
    with world.desk() as desk, pytest.raises(RefusedError, match="none of those"):
        approvals.object_to(desk, "r0001", approvals.objection(desk, "r0001", world.keys["sam"], "refused", "data"))


def test_a_request_signed_by_somebody_else(world: World) -> None:
    signed = world.signed(world.asked(), by="sam")
    with world.desk() as desk, pytest.raises(RefusedError, match="not signed with a valid key of rita"):
        requests.submit(desk, signed, None)


def test_a_query_that_does_not_fit_the_data(world: World) -> None:
    with pytest.raises(UsageError, match="label"):
        world.request(["sex"], query={"by": [{"field": "sex", "labels": {"all": ["x"]}}]})
    assert "request" not in entries(world)


def test_a_clock_that_goes_back(world: World) -> None:
    world.request()
    world.approve("r0001", "ann", "bo")
    world.clock.now -= timedelta(seconds=10)
    with pytest.raises(RefusedError, match="from the future"):
        world.publish("r0001")
    assert not (world.exchange.folder / "out/rita/r0001").exists()
    world.clock.now += timedelta(hours=2)
    assert world.publish("r0001").is_dir()


def test_a_dry_check_leaves_no_trace(world: World) -> None:
    before = {path: path.read_bytes() for path in world.exchange.folder.rglob("*") if path.is_file()}
    reasons, may_leave = judge(world.exchange, world.asked(), None, None)
    assert may_leave
    assert [reason.code for reason in reasons if reason.refused] == []
    reasons, may_leave = judge(
        world.exchange, world.asked(["age"], query={"by": [{"field": "age", "cuts": [40]}]}), None, None
    )
    assert not may_leave
    assert {path: path.read_bytes() for path in world.exchange.folder.rglob("*") if path.is_file()} == before


def test_a_result_alone_is_judged_as_the_first_of_its_data(world: World) -> None:
    assert judge_result(world.count_file(), load_policy(world.folder / "policy.yml"))[1]


@pytest.mark.parametrize("people", [np.arange(3), np.array(["a", "b"] * 200), np.zeros((400, 2), np.int64)])
def test_a_result_whose_people_do_not_fit_is_malformed(world: World, people: np.ndarray[Any, Any]) -> None:
    path = world.count_file()
    with np.load(path) as file:
        np.savez(path, **dict(file), people=people)
    reasons, may_leave = judge_result(path, load_policy(world.folder / "policy.yml"))
    assert ([reason.code for reason in reasons], may_leave) == (["malformed"], False)
