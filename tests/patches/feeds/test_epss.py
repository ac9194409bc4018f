"""EPSS: probabilities by flaw, of the day that stands above them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.patches.feeds import epss
from secops.patches.feeds.container import documents
from secops.patches.feeds.epss import FORMAT
from secops.patches.statement import About, Entry, Flaw
from tests.patches.feeds.reading import read, refused, rejects, stands
from tests.patches.samples import sample

HEAD = b"#model_version:v2025.03.14,score_date:2026-01-31T00:00:00+0000\n"


def test_scores_of_flaws() -> None:
    found = read(FORMAT, HEAD + b"cve,epss,percentile\nCVE-2020-5902,0.97567,0.99995\nCVE-2018-19571,9.1e-04,0\n")
    assert found == [
        About(as_of=date(2026, 1, 31)),
        Flaw(flaw="CVE-2020-5902", epss=0.97567, percentile=0.99995),
        Flaw(flaw="CVE-2018-19571", epss=0.00091, percentile=0.0),
    ]


@pytest.mark.parametrize(
    "table",
    [
        b"percentile,CVE , epss\r\n0.5,CVE-2020-5902,1.00000\r\n",
        b"\xef\xbb\xbfepss,note,percentile,cve\n1,x,0.5,CVE-2020-5902\n\n",
    ],
)
def test_columns_come_in_any_order(table: bytes) -> None:
    assert read(FORMAT, table) == [Flaw(flaw="CVE-2020-5902", epss=1.0, percentile=0.5)]


def test_without_percentiles() -> None:
    assert read(FORMAT, b"cve,epss\nCVE-2020-5902,0.1\n") == [Flaw(flaw="CVE-2020-5902", epss=0.1)]


def test_rows_that_say_nothing_are_told() -> None:
    rows = [b"CVE-2020-5902,0.9", b"CVE-2020-5902,1.1,0", b"CVE-2020-5902,nan,0", b"CVE-2020-5902,0_1,0",
            b"CVE-20,0.1,0.1", b"CVE-2020-1234,0.1,x", b"CVE-2020-1234,0.1,0.1", b"CVE-2020-1234,0.2,0.1",
            "CVE-2020-１２３４,0.1,0.1".encode(), b"CVE-2020-9999,0.1,0.2"]  # fmt: skip
    assert rejects(FORMAT, b"cve,epss,percentile\n" + b"\n".join(rows)) == [
        ("doc: line 2", "has more or fewer fields than there are columns"),
        ("doc: line 3", "a number is not between 0 and 1"),
        ("doc: line 4", "a number is not between 0 and 1"),
        ("doc: line 5", "a number is not between 0 and 1"),
        ("doc: line 6: CVE-20", "no id of a flaw"),
        ("doc: line 7", "a number is not between 0 and 1"),
        ("doc: line 9: CVE-2020-1234", "stands in the list twice"),
        ("doc: line 10: CVE-2020-１２３４", "no id of a flaw"),
        ("doc: line 11", "the last line has no end: it may be cut off"),
    ]


def test_documents_that_are_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(FORMAT, HEAD) == "has no row of column names"
    assert refused(FORMAT, b"cve,epss,epss\n") == "has not one column epss"
    assert refused(FORMAT, b"cve,epss\n" + b"x" * (2 << 20)) == "a line is longer than 1024 KiB"
    monkeypatch.setattr(epss, "MAX_FLAWS", 1)
    two = b"cve,epss\nCVE-2020-5902,0.1\nCVE-2020-5903,0.1\n"
    assert refused(FORMAT, two) == "lists more than 1 flaws"
    assert not FORMAT.recognises(b"cve,score\n")
    assert not FORMAT.recognises(b"")


DOCUMENT = HEAD + b"cve,epss,percentile\nCVE-2020-5902,0.97567,0.99995\nCVE-2018-19571,0.1,0\n"


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, len(DOCUMENT)), cut=st.integers(0, 9), junk=st.binary(max_size=9))
def test_any_bytes_may_stand_anywhere(at: int, cut: int, junk: bytes) -> None:
    stands(FORMAT, DOCUMENT[:at] + junk + DOCUMENT[at + cut :])


def test_a_real_list() -> None:
    found: list[Entry] = []
    for where, stream in documents(sample("epss_scores-2023-03-07.csv.gz")):
        found += FORMAT.read(stream, where)
    assert found[0] == About(as_of=date(2023, 3, 7))
    assert found[1:] == [
        Flaw(flaw="CVE-2020-5902", epss=0.97567, percentile=0.99995),
        Flaw(flaw="CVE-2018-19571", epss=0.00113, percentile=0.43131),
    ]
