"""Alpine's database: which version of a source package mends what, and what was never affected."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.patches.feeds.secdb import FORMAT
from secops.patches.statement import About, Statement
from tests.patches.feeds.reading import JUNK, nodes, read, refused, rejects, replaced, stands, statements


def database(secfixes: Any, **more: Any) -> dict[str, Any]:
    return {"apkurl": "{{urlprefix}}/{{pkg.name}}.apk", "archs": ["x86_64"], "reponame": "main",
            "urlprefix": "https://dl-cdn.example.org/alpine", "distroversion": "v3.19",
            "packages": [{"pkg": {"name": "openssl", "secfixes": secfixes}}], **more}  # fmt: skip


def raw(secfixes: Any, **more: Any) -> bytes:
    return json.dumps(database(secfixes, **more)).encode()


def test_a_version_mends_flaws() -> None:
    about, first, second = read(FORMAT, raw({"3.1.4-r0": ["CVE-2023-5363", "CVE-2023-5678"]}))
    assert about == About(part="main")
    assert first == Statement(
        advisory="CVE-2023-5363",
        flaws=("CVE-2023-5363",),
        ecosystem="alpine",
        release="3.19",
        kind="apk",
        package="openssl",
        by_source=True,
        fixed="3.1.4-r0",
        status="fixed",
    )
    assert isinstance(second, Statement)
    assert second.advisory == "CVE-2023-5678"


def test_one_text_is_one_flaw_with_all_its_names() -> None:
    names = ["CVE-2018-7540 XSA-252", "CVE-2018-1 CVE-2018-10000 CVE-2018-10001 (+ regression)", "XSA-248 (x)"]
    found = statements(FORMAT, raw({"1.0-r0": names}))
    assert [each.flaws for each in found] == [
        ("CVE-2018-7540",), ("CVE-2018-10000", "CVE-2018-10001"), ("XSA-248",)
    ]  # fmt: skip


def test_version_0_is_what_never_was_affected() -> None:
    (never,) = statements(FORMAT, raw({"0": ["CVE-2023-0001"]}))
    assert (never.status, never.fixed) == ("not-affected", "")
    (near,) = statements(FORMAT, raw({"0.1": ["CVE-2023-0001"]}))
    assert (near.status, near.fixed) == ("fixed", "0.1")


def test_what_says_nothing_is_told() -> None:
    document = raw({"1.0-r0": {}, "1.1-r0": [], "1.2-r0": ["see below", 5], "1..3": ["CVE-2023-0001"]})
    where, reasons = zip(*rejects(FORMAT, document), strict=True)
    assert where[0] == "doc: package 1: openssl 1.0-r0"
    assert reasons[:4] == ("names no flaw",) * 4
    assert len(reasons) == 5
    assert rejects(FORMAT, raw({}, packages=[{"pkg": {"secfixes": {}}}, 7])) == [
        ("doc: package 1", "is no package of the database"),
        ("doc: package 2", "is no package of the database"),
    ]


def test_the_release_may_stand_behind_the_packages_but_not_be_missing() -> None:
    last = dict(sorted(database({"1.0-r0": ["CVE-2023-0001"]}, distroversion="edge").items(), reverse=True))
    late = {key: last[key] for key in ("packages", "reponame", "distroversion")}
    assert [each.release for each in statements(FORMAT, json.dumps(late).encode())] == ["edge"]
    assert refused(FORMAT, raw({}, distroversion="")) == "names no release"
    assert refused(FORMAT, raw({}, distroversion="3.19\n")) == "names no release"
    assert refused(FORMAT, json.dumps({"packages": [], "reponame": "main"}).encode()) == "names no release"


def test_documents_that_are_not_whole() -> None:
    document = raw({"1.0-r0": ["CVE-2023-0001"]})
    for size in (10, len(document) // 2, len(document) - 1):
        assert refused(FORMAT, document[:size]) == "is cut off"
    twice = document.replace(b'"distroversion"', b'"reponame": "x", "distroversion"')
    assert refused(FORMAT, twice) == "has the key reponame twice"


@pytest.mark.parametrize("head", [b'{"packages": []}', b'[{"packages": []}]', b'{"openssl": {}}', b"packages\n"])
def test_other_documents_are_not_taken_for_it(head: bytes) -> None:
    assert not FORMAT.recognises(head)
    assert FORMAT.recognises(raw({})[:300])


DOCUMENT = database({"1.0-r0": ["CVE-2023-0001", "XSA-1"], "0": ["CVE-2023-0002"]})


@settings(max_examples=200, deadline=None)
@given(path=st.sampled_from(list(nodes(DOCUMENT))), junk=st.sampled_from(JUNK))
def test_anything_may_stand_anywhere(path: tuple[Any, ...], junk: Any) -> None:
    stands(FORMAT, json.dumps(replaced(DOCUMENT, path, junk)).encode())


@settings(max_examples=200, deadline=None)
@given(at=st.integers(0, len(json.dumps(DOCUMENT))), cut=st.integers(0, 9), junk=st.binary(max_size=9))
def test_any_bytes_may_stand_anywhere(at: int, cut: int, junk: bytes) -> None:
    document = json.dumps(DOCUMENT).encode()
    stands(FORMAT, document[:at] + junk + document[at + cut :])
