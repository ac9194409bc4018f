"""Which format a document is of, its content says."""

from __future__ import annotations

import pytest

from secops.patches.feeds import formats, recognise
from secops.patches.feeds.format import HEAD, FeedError

DOCUMENTS = {
    "osv": b'{"id": "CVE-2024-1", "modified": "2024-01-01T00:00:00Z", "affected": []}',
    "secdb": b'{"reponame": "main", "distroversion": "v3.19", "packages": []}',
    "kev": b'{"catalogVersion": "1", "vulnerabilities": []}',
    "epss": b"#model_version:1\ncve,epss\n",
    "table": "漏洞编号,系统,版本,软件包,状态\n".encode(),
}


def test_all_formats_are_there() -> None:
    names = [found.name for found in formats()]
    assert len(names) == len(set(names)) == 9
    assert set(DOCUMENTS) < set(names)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_one_format_recognises_a_document(name: str) -> None:
    assert [found.name for found in formats() if found.recognises(DOCUMENTS[name][:HEAD])] == [name]
    assert recognise(DOCUMENTS[name], "doc").name == name


@pytest.mark.parametrize("head", [b"{}", b"[]", b"", b"\0" * 999, b"<html>", b"name,version\n", b"\x7fELF"])
def test_of_no_format_names_those_that_are_known(head: bytes) -> None:
    with pytest.raises(FeedError) as caught:
        recognise(head, "doc")
    assert caught.value.where == "doc"
    assert caught.value.what == "is of no format that is known here"
    assert all(found.name in caught.value.hint for found in formats())
    assert "docs/feeds-csv.md" in caught.value.hint
