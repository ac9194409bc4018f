"""The JSON report is the document itself."""

from __future__ import annotations

import json

import msgspec
import pytest

from secops.core.render import Page
from secops.core.render import json as renderer
from secops.core.report import Report
from tests.core.sample_report import HOSTILE, sample_report


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_reads_back_as_the_same_report(lang: str) -> None:
    report = sample_report(lang)
    assert msgspec.json.decode(renderer.render(report, Page(lang)), type=Report) == report


def test_it_is_always_in_the_same_order() -> None:
    report = sample_report()
    turned = [
        msgspec.structs.replace(
            host, counts=dict(reversed(host.counts.items())), not_seen=dict(reversed(host.not_seen.items()))
        )
        for host in report.hosts
    ]
    assert renderer.render(msgspec.structs.replace(report, hosts=turned), Page()) == renderer.render(report, Page())


def test_it_is_indented_ends_with_a_newline_and_keeps_chinese() -> None:
    document = renderer.render(sample_report("zh"), Page("zh"))
    assert document.startswith('{\n "schema": "citywall.report/1",\n')
    assert document.endswith("\n}\n")
    assert "账户口令为弱口令" in document


def test_a_terminal_obeys_nothing_in_it() -> None:
    document = renderer.render(sample_report(), Page())
    assert all(char.isprintable() or char == "\n" for char in document)
    assert "\\u202e" in document
    assert "\\u001b]0;owned\\u0007" in document
    users = [finding["key"].get("user") for finding in json.loads(document)["findings"]]
    assert users[: len(HOSTILE)] == list(HOSTILE)
