"""Debian's security tracker: what became of each flaw in each release, in Debian's own words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.patches.feeds import debian_tracker
from secops.patches.feeds.debian_tracker import FORMAT
from secops.patches.statement import Statement
from tests.patches.feeds.reading import (
    JUNK,
    about,
    doubted,
    nodes,
    peak,
    refused,
    rejects,
    replaced,
    stands,
    statements,
)  # fmt: skip
from tests.patches.samples import sample


def tracker(state: dict[str, Any], codename: str = "bookworm") -> bytes:
    return json.dumps({"vim": {"CVE-2024-1": {"description": "A  flaw\n", "releases": {codename: state}}}}).encode()


def one(state: dict[str, Any]) -> Statement:
    (found,) = statements(FORMAT, tracker(state))
    return found


OPEN = {"status": "open", "urgency": "not yet assigned", "repositories": {"bookworm": "2:9.0-1"}}


def test_a_mended_flaw_has_the_version_of_the_source_package() -> None:
    found = one({"status": "resolved", "fixed_version": "2:9.0.1378-2", "urgency": "medium"})
    assert (found.ecosystem, found.release, found.kind) == ("debian", "12", "dpkg")
    assert (found.package, found.by_source, found.fixed, found.status) == ("vim", True, "2:9.0.1378-2", "fixed")
    assert (found.flaws, found.severity, found.words, found.title) == (("CVE-2024-1",), "medium", "", "A flaw")


@pytest.mark.parametrize(
    ("state", "status", "words"),
    [
        (OPEN, "affected", ""),
        (OPEN | {"nodsa": "Minor issue", "nodsa_reason": ""}, "affected", "no-dsa"),
        (OPEN | {"nodsa": "Minor issue", "nodsa_reason": "postponed"}, "affected", "postponed"),
        (OPEN | {"nodsa": "Minor issue", "nodsa_reason": "ignored"}, "will-not-fix", "ignored"),
        (OPEN | {"nodsa": "Minor issue", "nodsa_reason": "some\nday"}, "affected", "some day"),
        (OPEN | {"urgency": "end-of-life"}, "will-not-fix", "end-of-life"),
        (OPEN | {"urgency": "unimportant"}, "affected", "unimportant"),
        ({"status": "undetermined", "urgency": "not yet assigned"}, "unknown", "undetermined"),
        ({"status": "resolved", "fixed_version": "0", "urgency": "unimportant"}, "not-affected", ""),
        ({"status": "resolved", "fixed_version": "1", "urgency": "unimportant"}, "fixed", "unimportant"),
        ({"status": "resolved", "fixed_version": "0.1", "urgency": "low"}, "fixed", ""),
    ],
)
def test_statuses_are_kept_apart(state: dict[str, Any], status: str, words: str) -> None:
    found = one(state)
    assert (found.status, found.words, found.fixed != "") == (status, words, status == "fixed")


@pytest.mark.parametrize(
    ("urgency", "severity"), [("high", "high"), ("low**", "low"), ("unimportant", "low"), ("not yet assigned", "")]
)
def test_urgency_is_severity(urgency: str, severity: str) -> None:
    assert one(OPEN | {"urgency": urgency}).severity == severity


def test_sid_is_a_release_and_an_unknown_codename_is_a_reject_with_its_count() -> None:
    (found,) = statements(FORMAT, tracker(OPEN, "sid"))
    assert found.release == "sid"
    assert statements(FORMAT, tracker(OPEN, "potato")) == []
    reason = "no release of a distribution that is known here"
    assert rejects(FORMAT, tracker(OPEN, "potato")) == [("doc: potato (1 entries)", reason)]


@pytest.mark.parametrize(
    "state",
    [
        {"status": "resolved"},
        OPEN | {"fixed_version": "1"},
        {"status": "undetermined", "fixed_version": "1"},
        {"status": "closed"},
        {"status": "open", "urgency": 3},
        {"status": "resolved", "fixed_version": "1 2"},
        {},
    ],
)
def test_contradictory_and_malformed_entries_are_rejects(state: dict[str, Any]) -> None:
    assert statements(FORMAT, tracker(state)) == []
    ((where, _reason),) = rejects(FORMAT, tracker(state))
    assert where.startswith("doc: vim CVE-2024-1 bookworm")
    assert [(one.package, one.release, one.status, one.fixed) for one in doubted(FORMAT, tracker(state))] == [
        ("vim", "12", "unknown", ""),
    ]


def test_a_bad_flaw_leaves_the_others() -> None:
    document = {"vim": {"CVE-2024-1": {"releases": 3}, "CVE-2024-2": {"releases": {"bookworm": OPEN}}}, "nano": []}
    raw = json.dumps(document).encode()
    assert [found.flaws for found in statements(FORMAT, raw)] == [("CVE-2024-2",)]
    assert [where for where, _ in rejects(FORMAT, raw)] == ["doc: vim CVE-2024-1", "doc: nano"]


def test_what_stands_twice_counts_for_nothing() -> None:
    state = json.dumps(OPEN)
    twice = f'{{"bookworm": {state}, "bookworm": {{"status": "resolved", "fixed_version": "0"}}}}'
    raw = f'{{"vim": {{"CVE-2024-1": {{"releases": {twice}}}, "CVE-2024-2": {{"releases": {{"sid": {state}}}}}}}}}'
    assert [found.flaws for found in statements(FORMAT, raw.encode())] == [("CVE-2024-2",)]
    assert len(rejects(FORMAT, raw.encode())) == 1
    assert [(found.flaws, found.release) for found in doubted(FORMAT, raw.encode())] == [(("CVE-2024-1",), "12")]
    again = tracker(OPEN)[:-1] + b"," + tracker(OPEN)[1:]
    assert len(statements(FORMAT, again)) == 1
    assert rejects(FORMAT, again) == [("doc: vim", "stands twice in the document")]
    assert [(found.flaws, found.status) for found in doubted(FORMAT, again)] == [(("CVE-2024-1",), "unknown")]


def test_of_a_flaw_that_stands_twice_in_its_package_nothing_is_known() -> None:
    """Which of them hides another is not seen any more."""
    one = f'"CVE-2024-1": {{"releases": {{"bookworm": {json.dumps(OPEN)}}}}}'
    raw = f'{{"vim": {{{one}, {one}, {one.replace("-1", "-2")}}}}}'.encode()
    assert statements(FORMAT, raw) == []
    assert len(rejects(FORMAT, raw)) == 1
    assert [found.flaws for found in doubted(FORMAT, raw)] == [("CVE-2024-1",), ("CVE-2024-2",)]


def test_it_has_no_date_and_is_whole() -> None:
    assert (about(FORMAT, tracker(OPEN)).as_of, about(FORMAT, tracker(OPEN)).whole) == (None, True)


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b"3", tracker(OPEN)[:-5], tracker(OPEN) + b"x", b'{"vim": NaN}'])
def test_what_is_no_tracker_is_refused(raw: bytes) -> None:
    assert refused(FORMAT, raw)


def test_a_package_that_never_ends_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian_tracker, "LARGEST", 1 << 20)
    flaws = {f"CVE-2024-{number}": {"releases": {"bookworm": OPEN}} for number in range(20_000)}
    assert refused(FORMAT, json.dumps({"vim": flaws}).encode()) == "one entry is larger than 1 MiB"


@pytest.mark.parametrize("raw", [b'{"id": "GHSA-1"}', b'{"vim": 3}', b'{"document": {"csaf_version": "2.0"}}', b"<a/>"])
def test_other_documents_are_not_recognised(raw: bytes) -> None:
    assert not FORMAT.recognises(raw)


def test_the_real_sample() -> None:
    raw = sample("debian-tracker-sample.json").read_bytes()
    found = {(one.flaws[0], one.release): (one.status, one.words, one.fixed) for one in statements(FORMAT, raw)}
    assert found["CVE-2016-5416", "11"] == ("will-not-fix", "ignored", "")
    assert found["CVE-2016-5416", "sid"] == ("affected", "", "")
    assert found["CVE-2016-5405", "11"] == ("fixed", "", "1.3.5.15-1")
    assert found["TEMP-0000000-0CA7E3", "11"] == ("not-affected", "", "")
    assert len(found) == 8
    assert not rejects(FORMAT, raw)


SEED = json.loads(tracker({"status": "resolved", "fixed_version": "1", "urgency": "low"}))
SEED["nano"] = {"CVE-2024-2": {"releases": {"sid": OPEN | {"nodsa": "Minor", "nodsa_reason": "ignored"}}}}


@settings(max_examples=150)
@given(st.sampled_from(list(nodes(SEED))), st.sampled_from(JUNK), st.integers(0, 400), st.binary(max_size=4))
def test_no_document_harms_it(path: tuple[Any, ...], junk: Any, at: int, noise: bytes) -> None:
    raw = json.dumps(replaced(SEED, path, junk)).encode()
    stands(FORMAT, raw)
    stands(FORMAT, raw[:at] + noise + raw[at + 1 :])


_CHILD = """
import io, itertools, json, sys
from secops.patches.feeds.debian_tracker import FORMAT

class Pieces(io.RawIOBase):
    def __init__(self, pieces):
        self.pieces, self.left = pieces, b""
    def read(self, size=-1):
        while len(self.left) < size and (piece := next(self.pieces, b"")):
            self.left += piece
        out, self.left = self.left[:size], self.left[size:]
        return out

state = {"status": "resolved", "fixed_version": "1:2.3-4", "urgency": "low", "repositories": {"bookworm": "1"}}
flaw = {"description": "d" * 600, "releases": dict.fromkeys(("bullseye", "bookworm", "trixie", "sid"), state)}
package = json.dumps({f"CVE-2024-{number}": flaw for number in range(100)}).encode()
count = int(sys.argv[1]) * (1 << 20) // len(package)
pieces = ((b"{" if not n else b",") + b'"p%d":' % n + package for n in range(count))
entries = sum(1 for entry in FORMAT.read(Pieces(itertools.chain(pieces, [b"}"])), "doc"))
assert entries == count * 400 + 1, entries
"""


def test_memory_does_not_grow_with_the_document() -> None:
    assert peak(_CHILD, 12) < peak(_CHILD, 1) + 6 * 1024


@pytest.mark.slow
def test_memory_does_not_grow_with_a_large_document() -> None:
    assert peak(_CHILD, 150) < peak(_CHILD, 1) + 6 * 1024
