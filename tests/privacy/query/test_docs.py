"""Every example of docs/queries.md is accepted, and the file is read as the page says."""

from __future__ import annotations

import pytest

from privacy.data import schema, table
from privacy.disclosure.result import _KEY
from privacy.query.compute import compute
from privacy.query.spec import Query, faults
from secops.core.content import read_as
from tests.contract.documents import ROOT, blocks

PAGE = ROOT / "docs/queries.md"
SCHEMA, *QUERIES = (text for _line, text in blocks(PAGE, "yaml"))
((_line, FILE),) = blocks(PAGE, "csv")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "schema.yml").write_text(SCHEMA, "utf-8")
    (tmp_path / "wages.csv").write_text(FILE, "utf-8")
    return tmp_path


def test_the_file(folder):
    found = table.survey(folder / "wages.csv", schema.load(folder / "schema.yml"))
    assert found.records == 3
    assert {name for name, number in found.missing.items() if number == 1} == {"age", "pay"}
    assert {name for name, number in found.outside.items() if number == 1} == {"district", "insured"}
    assert sum(found.missing.values()) == sum(found.outside.values()) == 2


@pytest.mark.parametrize("text", QUERIES)
def test_the_queries(folder, text):
    (folder / "query.yml").write_text(text, "utf-8")
    query, fields = read_as(folder / "query.yml", Query), schema.load(folder / "schema.yml")
    assert faults(query, fields) == []
    assert compute(query, fields, folder / "wages.csv", "wages", "1").open(_KEY).kind == query.kind


def test_the_labels(folder):
    (folder / "query.yml").write_text(QUERIES[0], "utf-8")
    query, fields = read_as(folder / "query.yml", Query), schema.load(folder / "schema.yml")
    result = compute(query, fields, folder / "wages.csv", "wages", "1").open(_KEY)
    assert [side.labels for side in result.dimensions] == [("centre", "north"), ("<18", "[18,40)", "[40,65)", ">=65")]
    assert len(QUERIES) == 2
