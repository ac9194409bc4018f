"""CISA's catalogue: which flaws are exploited, since when, and until when to mend them."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.patches.feeds import kev
from secops.patches.feeds.container import documents
from secops.patches.feeds.kev import FORMAT
from secops.patches.statement import About, Flaw, Reject
from tests.patches.feeds.reading import JUNK, nodes, read, refused, rejects, replaced, stands
from tests.patches.samples import sample


def listed(**more: Any) -> dict[str, Any]:
    return {"cveID": "CVE-2025-48384", "vendorProject": "Git", "product": "Git", "dateAdded": "2025-08-25",
            "vulnerabilityName": "Git Link Following", "dueDate": "2025-09-15",
            "knownRansomwareCampaignUse": "Unknown", "cwes": ["CWE-59"], **more}  # fmt: skip


def catalogue(*entries: Any, **more: Any) -> dict[str, Any]:
    return {"title": "KEV", "catalogVersion": "2025.08.25", "dateReleased": "2025-08-25T17:04:19.9796Z",
            "count": len(entries), "vulnerabilities": list(entries), **more}  # fmt: skip


def raw(*entries: Any, **more: Any) -> bytes:
    return json.dumps(catalogue(*entries, **more)).encode()


def test_a_flaw_that_is_exploited() -> None:
    other = listed(cveID="CVE-2025-1", knownRansomwareCampaignUse="Known")
    found = read(FORMAT, raw(listed(), {**other, "cveID": "CVE-2025-10000", "dueDate": ""}))
    assert found == [
        About(as_of=date(2025, 8, 25)),
        Flaw(
            flaw="CVE-2025-48384",
            exploited_since=date(2025, 8, 25),
            due=date(2025, 9, 15),
            name="Git Link Following",
        ),
        Flaw(
            flaw="CVE-2025-10000",
            exploited_since=date(2025, 8, 25),
            ransomware=True,
            name="Git Link Following",
        ),
    ]


def test_entries_that_say_nothing_are_told() -> None:
    entries = [listed(cveID="CVE-1"), listed(), listed(dueDate="2026-01-01"), {"cveID": 1}, listed(dateAdded="soon")]
    assert rejects(FORMAT, raw(*entries, listed(cveID="CVE-2025-48384\n"))) == [
        ("doc: entry 1: CVE-1", "no id of a flaw"),
        ("doc: entry 3: CVE-2025-48384", "stands in the catalogue twice"),
        ("doc: entry 4", "is no entry of the catalogue"),
        ("doc: entry 5: CVE-2025-48384", "does not say since when it is exploited"),
        ("doc: entry 6: CVE-2025-48384", "no id of a flaw"),
    ]


def test_a_catalogue_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kev, "MOST", 1)
    assert len(read(FORMAT, raw(listed()))) == 2
    assert refused(FORMAT, raw(listed(), listed())) == "lists more than 1 flaws"


def test_a_catalogue_that_is_not_whole_is_refused() -> None:
    assert refused(FORMAT, raw(listed(), count=2)) == "says that it has 2 entries, but has 1"
    assert len(read(FORMAT, raw(listed(), count="2"))) == 2
    document = raw(listed())
    for size in (20, len(document) // 2, len(document) - 1):
        assert refused(FORMAT, document[:size]) == "is cut off"


@pytest.mark.parametrize("head", [b'{"document": {}, "vulnerabilities": [{"cve": 1}]}', b'{"cveID": 1}', b"cveID"])
def test_other_documents_are_not_taken_for_it(head: bytes) -> None:
    assert not FORMAT.recognises(head)
    assert FORMAT.recognises(raw(listed())[:200])


DOCUMENT = catalogue(listed(), listed(cveID="CVE-2025-10000"))


@settings(max_examples=200, deadline=None)
@given(path=st.sampled_from(list(nodes(DOCUMENT))), junk=st.sampled_from(JUNK))
def test_anything_may_stand_anywhere(path: tuple[Any, ...], junk: Any) -> None:
    stands(FORMAT, json.dumps(replaced(DOCUMENT, path, junk)).encode())


@settings(max_examples=200, deadline=None)
@given(at=st.integers(0, len(json.dumps(DOCUMENT))), cut=st.integers(0, 9), junk=st.binary(max_size=9))
def test_any_bytes_may_stand_anywhere(at: int, cut: int, junk: bytes) -> None:
    document = json.dumps(DOCUMENT).encode()
    stands(FORMAT, document[:at] + junk + document[at + cut :])


def test_the_real_catalogue() -> None:
    path = sample("known_exploited_vulnerabilities.json")
    found = [each for where, stream in documents(path) for each in FORMAT.read(stream, where)]
    flaws = [each for each in found if isinstance(each, Flaw)]
    assert len(flaws) == 1404
    assert sum(each.ransomware is True for each in flaws) == 293
    assert not [each for each in found if isinstance(each, Reject)]
    assert all(each.due for each in flaws)
