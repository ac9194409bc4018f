"""What has left before decides on what may follow: differences by one person, directly and over several releases."""

from __future__ import annotations

from pathlib import Path

import pytest

from secops.core.errors import RefusedError
from tests.privacy.release.kit import World, people

ALL_BUT_ONE = {"where": [{"field": "days", "to": 60}]}
WOMEN = {"by": [{"field": "sex", "labels": {"f": ["f"]}}]}
MEN = {"by": [{"field": "sex", "labels": {"m": ["m"]}}]}
MEN_BUT_ONE = MEN | ALL_BUT_ONE
ILL = {"by": [{"field": "flu", "labels": {"yes": ["yes"]}}]}
ILL_WOMEN = WOMEN | {"where": [{"field": "flu", "in": ["yes"]}]}


def world_of(folder: Path) -> World:
    """One person was 60 days in bed. One man alone had no flu."""
    rows = people()
    rows[0]["days"] = 60
    for number, row in enumerate(rows):
        row["sex"] = "f" if number % 2 else "m"
        row["flu"] = "yes" if row["sex"] == "m" or number % 3 else "no"
    rows[2]["flu"] = "no"
    return World(folder, rows=rows).ready()


def refused(world: World, **query: object) -> list[str]:
    release = world.request(query=query)
    assert release.stage == "changes"
    return [reason.code for reason in release.reasons]


def test_directly(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    world.leave(query=MEN)
    assert refused(world, **MEN_BUT_ONE)[0].startswith("difference-")


def test_the_near_miss_leaves(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    world.leave(query=MEN)
    assert world.leave(query=MEN | {"where": [{"field": "days", "from": 8}]}).is_dir()


def test_as_a_plus_b_minus_c(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    world.leave(query=WOMEN)
    world.leave(query=ILL)
    assert refused(world, **ILL_WOMEN)[0].startswith("difference-")


def test_without_b_it_leaves(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    world.leave(query=WOMEN)
    assert world.leave(query=ILL_WOMEN).is_dir()


def test_two_that_are_fine_alone_and_not_together(tmp_path: Path) -> None:
    """Both are checked before either has left; the second to be published is given back."""
    world = world_of(tmp_path)
    numbers = [world.request(query=MEN).number, world.request(query=MEN_BUT_ONE).number]
    for number in numbers:
        assert world.exchange.state().release(number).stage == "checked"
        world.approve(number, "ann", "bo")
    world.publish(numbers[0])
    with pytest.raises(RefusedError, match="too few people"):
        world.publish(numbers[1])
    assert world.exchange.state().release(numbers[1]).stage == "changes"
    assert not (world.exchange.folder / "out/rita" / numbers[1]).exists()


@pytest.mark.parametrize("records", [1, 40])
def test_rounding_hides_a_record_and_not_a_person_with_many(tmp_path: Path, records: int) -> None:
    rows = people()
    rows += [rows[1] | {"id": 9999, "days": 60, "sex": "f"} for _ in range(records)]
    world = World(tmp_path, rows=rows, policy="name: rounded\n").ready()
    world.leave(["sex"])
    release = world.request(["sex"], query=ALL_BUT_ONE)
    assert release.stage == ("checked" if records == 1 else "changes")


def test_no_number_of_people_stands_in_a_refusal(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    world.leave(["district"])
    release = world.request(query=ALL_BUT_ONE)
    texts = [text for reason in release.reasons for text in (reason.en, reason.zh)]
    assert not any(char.isdigit() for text in texts for char in text)


def everybody_ill(folder: Path, healthy: int) -> World:
    """So many people of the east did not have the flu."""
    rows = people()
    east = [row for row in rows if row["district"] == "east"]
    for number, row in enumerate(east):
        row["flu"] = "no" if number < healthy else "yes"
    return World(folder, rows=rows).ready()


def test_as_many_as_have_the_flu(tmp_path: Path) -> None:
    """Each table is fine; together they say that everybody in the east had the flu, which a table of both hides."""
    world = everybody_ill(tmp_path, healthy=0)
    world.leave()
    assert refused(world, where=[{"field": "flu", "in": ["yes"]}]) == ["difference-empty"]


def test_all_but_eight_may_be_told(tmp_path: Path) -> None:
    world = everybody_ill(tmp_path, healthy=8)
    world.leave()
    assert world.leave(query={"where": [{"field": "flu", "in": ["yes"]}]}).is_dir()


def test_sums_tell_of_empty_groups_too(tmp_path: Path) -> None:
    world = everybody_ill(tmp_path, healthy=0)
    world.leave(query={"kind": "sums", "measure": "days"})
    asked = {"kind": "means", "measure": "days", "where": [{"field": "flu", "in": ["yes"]}]}
    assert refused(world, **asked) == ["difference-empty"]
