"""Of the same advisory in two documents the newer counts, whatever they are called: format by format, imported."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from secops.patches import rivals
from secops.patches.importing import import_feeds
from secops.patches.shelf import Shelf
from tests.patches.feed_kit import osv
from tests.patches.feeds import csaf_kit
from tests.patches.feeds.oval_kit import Oval, both, defined
from tests.patches.feeds.test_cvrf import document, product
from tests.patches.test_importing import statements

#: A document that mends a package in a version, as of a time; without one where that is empty.
Make = Callable[[str, str], bytes]


def of_osv(fixed: str, modified: str) -> bytes:
    return json.dumps(osv("A-2026:1", ("AlmaLinux:9", "curl", fixed), modified=modified)).encode()


def of_csaf(fixed: str, modified: str) -> bytes:
    raw = json.loads(csaf_kit.redhat("curl", f"pkg:rpm/redhat/curl@{fixed}?arch=x86_64", "AppStream-9"))
    raw["document"]["tracking"]["current_release_date"] = modified
    return json.dumps(raw).encode()


def of_cvrf(fixed: str, modified: str) -> bytes:
    raw = document(product("curl", f"curl-{fixed}.x86_64.rpm")).decode()
    return raw.replace("2025-04-04", modified).encode()


def of_oval(fixed: str, modified: str) -> bytes:
    made = Oval()
    criteria = both(made.release("Red Hat Enterprise Linux 9"), made.earlier("curl", fixed))
    return defined(made, criteria).replace(b"2022-08-17T00:34:31", modified.encode())


@pytest.mark.parametrize("make", [of_osv, of_csaf, of_cvrf, of_oval])
@pytest.mark.parametrize(
    ("first", "second", "fixed"),
    [
        ("2026-02-03T04:00:00Z", "2026-02-03T05:00:00Z", "2-1"),
        ("2026-02-03T05:00:00Z", "2026-02-03T04:00:00Z", "1-1"),
        ("2026-02-03T04:00:00Z", "2026-02-03T11:00:00+08:00", "1-1"),
        ("2026-02-03T04:00:00Z", "2026-02-03T04:00:00Z", "1-1"),
        ("", "2026-02-03T04:00:00Z", "2-1"),
        ("2026-02-03T04:00:00Z", "", "1-1"),
    ],
)
def test_the_newer_counts(tmp_path: Path, make: Make, first: str, second: str, fixed: str) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a").write_bytes(make("1-1", first))
    (folder / "b").write_bytes(make("2-1", second))
    shelf = Shelf(tmp_path / "shelf")
    (feed,) = import_feeds(shelf, [folder])
    assert [found[2] for found in statements(shelf, feed)] == [fixed]
    assert feed.rejects == {rivals.TWICE: 1}
