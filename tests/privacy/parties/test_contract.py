"""The contract reads strictly, and judges a use by every line of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.parties.contract import LEVELS, Contract, load
from privacy.parties.judge import TEXTS, Use, judge
from privacy.parties.signed import as_value
from secops.core.content import shipped
from secops.core.errors import UsageError
from tests.contract.documents import example

EXAMPLE = shipped("rules") / "privacy" / "contract.example.yml"
CONTRACT = load(EXAMPLE)

PLANNING = Use(
    party="city-hospital", purpose="capacity-planning", dataset="outpatient-visits", version="2026-09",
    fields=("visit_month", "department"), method="counts", now=datetime(2026, 12, 1, tzinfo=UTC), min_cell=8,
)  # fmt: skip
RESEARCH = Use(
    party="medical-institute", purpose="diabetes-research", dataset="outpatient-visits", version="2026-09",
    fields=("age_group", "hba1c"), method="regression", now=datetime(2026, 12, 1, tzinfo=UTC), min_cell=13,
)  # fmt: skip

replace = msgspec.structs.replace


def _codes(use: Use, contract: Contract = CONTRACT) -> list[str]:
    return [reason.code for reason in judge(contract, use)]


@pytest.mark.parametrize("use", [PLANNING, RESEARCH, replace(PLANNING, fields=()), replace(PLANNING, min_cell=100)])
def test_what_the_contract_allows(use: Use) -> None:
    assert _codes(use) == []


@pytest.mark.parametrize(
    ("use", "values", "codes"),
    [
        (PLANNING, {"now": datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)}, ["contract-early"]),
        (PLANNING, {"now": datetime(2026, 1, 1, tzinfo=UTC)}, []),
        (PLANNING, {"now": datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC)}, []),
        (PLANNING, {"now": datetime(2028, 1, 1, tzinfo=UTC)}, ["contract-expired"]),
        (RESEARCH, {"now": datetime(2027, 6, 30, 23, tzinfo=UTC)}, []),
        (RESEARCH, {"now": datetime(2027, 7, 1, tzinfo=UTC)}, ["contract-purpose-expired"]),
        (PLANNING, {"dataset": "inpatient-visits"}, ["contract-dataset"]),
        (PLANNING, {"version": "2025-09"}, ["contract-version"]),
        (PLANNING, {"purpose": "marketing"}, ["contract-purpose"]),
        (PLANNING, {"party": "insurer"}, ["contract-party"]),
        (RESEARCH, {"party": "city-hospital"}, ["contract-purpose-party"]),
        (PLANNING, {"party": "medical-institute"}, []),
        (PLANNING, {"fields": ("visit_month", "id_number")}, ["contract-fields"]),
        (PLANNING, {"fields": ("visit_month", "drug_cost"), "min_cell": 10}, ["contract-over-collection"]),
        (PLANNING, {"fields": ("drug_cost",)}, ["contract-over-collection", "contract-cell"]),
        (PLANNING, {"method": "quantiles"}, ["contract-method"]),
        (PLANNING, {"method": "regression"}, ["contract-method"]),
        (RESEARCH, {"method": "sums"}, ["contract-method"]),
        (PLANNING, {"min_cell": None}, ["contract-no-cell"]),
        (PLANNING, {"min_cell": 7}, ["contract-cell"]),
        (RESEARCH, {"min_cell": 12}, ["contract-cell"]),
        (RESEARCH, {"min_cell": 12, "fields": ("age_group", "sex")}, []),
        (RESEARCH, {"min_cell": 9, "fields": ("age_group",)}, ["contract-cell"]),
    ],
)
def test_what_it_does_not(use: Use, values: dict[str, Any], codes: list[str]) -> None:
    found = judge(CONTRACT, replace(use, **values))
    assert [reason.code for reason in found] == codes
    assert all(reason.refused for reason in found)


def test_a_method_that_a_high_level_forbids() -> None:
    wide = replace(CONTRACT, purposes=tuple(replace(one, methods=None) for one in CONTRACT.purposes))
    assert _codes(replace(RESEARCH, method="sums"), wide) == ["contract-method-level"]
    assert _codes(replace(RESEARCH, method="sums", fields=("age_group",)), wide) == []


def test_over_collection_is_reported_where_the_contract_says_so() -> None:
    use = replace(PLANNING, fields=("visit_month", "sex", "age_group"), min_cell=10)
    (refused,) = judge(CONTRACT, use)
    (reported,) = judge(replace(CONTRACT, over_collection="report"), use)
    assert (refused.refused, reported.refused) == (True, False)
    assert reported.en == "more than the purpose capacity-planning needs (over-collection): age_group, sex"
    assert reported.zh == "超出用途 capacity-planning 所需的字段（过度收集）：age_group, sex"


def test_fields_outside_are_refused_even_then() -> None:
    contract = replace(CONTRACT, over_collection="report")
    (found,) = judge(contract, replace(PLANNING, fields=("id_number",)))
    assert (found.code, found.refused) == ("contract-fields", True)


def test_texts_are_short_and_inert() -> None:
    use = replace(PLANNING, fields=tuple(f"x\x1b{n}" for n in range(1000)))
    (found,) = judge(CONTRACT, use)
    assert "\x1b" not in found.en
    assert found.en.endswith("…")
    assert len(found.en) < 100


def test_every_text_has_the_same_places_in_both_languages() -> None:
    from string import Formatter

    for en, zh in TEXTS.values():
        places = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in (en, zh)]
        assert places[0] == places[1]


def test_the_digest_is_of_what_it_says(tmp_path: Path) -> None:
    path = tmp_path / "contract.yml"
    document = yaml.safe_load(EXAMPLE.read_text("utf-8"))
    document["since"], document["until"] = str(document["since"]), str(document["until"])
    for purpose in document["purposes"]:
        if "until" in purpose:
            purpose["until"] = str(purpose["until"])
    path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=True), "utf-8")
    text = path.read_text("utf-8")
    assert load(path).digest == CONTRACT.digest
    path.write_text(text.replace("min_cell: 8", "min_cell: 7"), "utf-8")
    assert load(path).digest != CONTRACT.digest
    assert as_value(CONTRACT)["since"] == "2026-01-01"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("until: 2027-12-31", "until: 2025-12-31", "it ends before it begins"),
        ("until: 2027-06-30", "until: 2028-06-30", "not within the days"),
        ("recipients: [medical-institute]", "recipients: [institute]", "institute is not among the recipients"),
        ("waiting_minutes, district]", "waiting_minutes, home]", "home is not among the fields"),
        ("methods: [counts, sums, means]", "methods: [counts, plot]", "plot is not among the methods"),
        ("methods: [counts, sums, means]", "methods: [counts, counts]", "counts stands twice"),
        ("- id: diabetes-research", "- id: capacity-planning", "capacity-planning stands twice"),
        ("[city-hospital, medical-institute]", "[city-hospital, health-commission, medical-institute]", "no recipient"),
        ("{level: 3, min_cell: 10}", "{level: 3, min_cell: 7}", "weaker"),
        ("methods: [counts, means, regression, model, federated-learning]}", "methods: [plot]}", "allows more"),
        ("level: 4}", "level: 5}", "level"),
        ("min_cell: 8", "min_cell: 0", "min_cell"),
        ("over_collection: refuse", "over_collection: ignore", "over_collection"),
        ("over_collection: refuse", "overcollection: refuse", "overcollection"),
        ("since: 2026-01-01", "since: 01.01.2026", "since"),
        ("  visit_month: {", '  "visit\\u200bmonth": {', "not seen"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(old: str, new: str, reason: str, tmp_path: Path) -> None:
    text = EXAMPLE.read_text("utf-8")
    assert old in text
    path = tmp_path / "contract.yml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(UsageError, match=reason) as caught:
        load(path)
    known = new != "overcollection: refuse"  # what the whole file does not know has no line
    assert caught.value.where.startswith(f"{path}:" if known else str(path))


def test_the_line_is_that_of_the_name(tmp_path: Path) -> None:
    text = EXAMPLE.read_text("utf-8").replace("waiting_minutes, district]", "waiting_minutes, home]", 1)
    path = tmp_path / "contract.yml"
    path.write_text(text, "utf-8")
    with pytest.raises(UsageError) as caught:
        load(path)
    assert caught.value.where == f"{path}:{text[: text.index('home]')].count(chr(10)) + 1}"


def test_the_example_of_the_document_is_a_contract(tmp_path: Path) -> None:
    path = tmp_path / "contract.yml"
    path.write_text(example("contract.md"), "utf-8")
    contract = load(path)
    assert {level for level in LEVELS if level in {field.level for field in contract.fields.values()}}


_FIELDS = st.lists(st.sampled_from([*CONTRACT.fields, "id_number"]), unique=True, max_size=4).map(tuple)


@settings(max_examples=200)
@given(
    fields=_FIELDS, party=st.sampled_from(["city-hospital", "medical-institute", "insurer"]),
    purpose=st.sampled_from(["capacity-planning", "diabetes-research"]),
    method=st.sampled_from(["counts", "sums", "model", "text"]), cell=st.none() | st.integers(1, 20),
)  # fmt: skip
def test_nothing_is_allowed_that_one_line_forbids(
    fields: tuple[str, ...], party: str, purpose: str, method: str, cell: int | None
) -> None:
    """The example's rules once more, by hand."""
    use = replace(PLANNING, fields=fields, party=party, purpose=purpose, method=method, min_cell=cell)
    planning = purpose == "capacity-planning"
    needs = (
        {"visit_month", "department", "waiting_minutes", "district"}
        if planning
        else {"visit_month", "age_group", "sex", "diagnosis_code", "hba1c"}
    )
    least = 13 if {"diagnosis_code", "hba1c"} & set(fields) else 10 if {"age_group", "sex"} & set(fields) else 8
    allowed = (
        party == "medical-institute" or (planning and party == "city-hospital"),
        set(fields) <= needs,
        method in (("counts", "sums") if planning else ("counts", "model")),
        cell is not None and cell >= least,
    )
    assert (judge(CONTRACT, use) == []) == all(allowed)
