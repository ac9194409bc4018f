"""From a parser's result to facts: what breaks or does not fit makes the table, and each of its parts, not whole."""

import pytest

from secops.hosts.evidence import Evidence, SectionEvidence, Status
from secops.hosts.section import Files
from secops.hosts.tables import Built, Column, Table, derive

FILE = Files("file", ("/x",))
WHOLE = Evidence("local", "test", 0, {"file": SectionEvidence(Status.ABSENT)})


def table(built: Built) -> Table:
    columns = (Column("n", "integer", "a number"),)
    return Table("t", "test", columns, (FILE,), lambda _: built, parts={"p": ()})


def test_a_parser_that_raises_makes_the_table_failed() -> None:
    def broken(_: Evidence) -> Built:
        raise ZeroDivisionError

    facts = derive(Table("t", "test", (), (FILE,), broken, parts={"p": ()}), WHOLE)
    assert facts.problems["p"] == facts.problems[""]
    assert [problem.reason for problem in facts.problems[""]] == ["cannot be parsed (ZeroDivisionError)"]


def test_a_value_out_of_range_is_told_to_the_table_and_its_parts() -> None:
    facts = derive(table(Built(rows=[{"n": 1}, {"n": 2**63}])), WHOLE)
    assert list(facts.rows) == [{"n": 1}]
    assert [problem.reason for problem in facts.problems["p"]] == ["n is out of range"]


def test_a_part_can_be_missing_alone() -> None:
    built = Built(rows=[{"n": None}])
    built.lack("not seen", part="p")
    facts = derive(table(built), WHOLE)
    assert (facts.problems[""], [problem.reason for problem in facts.problems["p"]]) == ([], ["not seen"])


@pytest.mark.parametrize("row", [{"m": 1}, {"n": "1"}, {"n": True}])
def test_a_row_of_another_shape_is_our_own_mistake(row: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError)):
        derive(table(Built(rows=[row])), WHOLE)


@pytest.mark.parametrize("status", [Status.DENIED, Status.TIMEOUT, Status.TRUNCATED, Status.FAILED])
def test_a_section_that_was_not_seen_whole_is_a_problem_of_table_and_parts(status: Status) -> None:
    seen = Evidence("local", "test", 0, {"file": SectionEvidence(status, reason="why")})
    facts = derive(table(Built()), seen)
    assert [(p.status, p.reason) for p in facts.problems[""]] == [(status, "why")]
    assert facts.problems["p"] == facts.problems[""]
