"""What every reader asks of a statement: names, versions, modules, service packs, the order of versions."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from secops.patches.feeds.vetting import day, line, merged, score, settled, severity, vetted
from secops.patches.statement import Reject, Statement

RPM = Statement(
    advisory="RHSA-2024:1", flaws=("CVE-2024-1",), ecosystem="rhel", release="9", kind="rpm", package="vim",
    fixed="2:9.0-1.el9", status="fixed",
)  # fmt: skip
EULER = msgspec.structs.replace(RPM, ecosystem="openeuler", release="22.03-LTS-SP3", fixed="9.0-1.oe2203sp3")


@pytest.mark.parametrize(
    "statement",
    [
        RPM, EULER,
        msgspec.structs.replace(RPM, fixed="1-1.module+el9+1", module="vim:9"),
        msgspec.structs.replace(RPM, introduced="2:8-1"),
        msgspec.structs.replace(RPM, fixed="", introduced="1-1", last_affected="1-1", status="affected"),
        msgspec.structs.replace(EULER, release="22.03-LTS", fixed="9-1.oe2203"),
        msgspec.structs.replace(EULER, fixed="9-1"),
    ],
)  # fmt: skip
def test_sound_statements_pass(statement: Statement) -> None:
    assert vetted(statement, "doc") == statement


@pytest.mark.parametrize(
    ("statement", "changes", "reason"),
    [
        (RPM, {"package": ""}, "no name of a package"),
        (RPM, {"package": "v\0im"}, "no name of a package"),
        (RPM, {"package": "vïm"}, "no name of a package"),
        (RPM, {"flaws": ()}, "no id of a flaw"),
        (RPM, {"flaws": ("CVE-2024-1", "x\n")}, "no id of a flaw"),
        (RPM, {"advisory": ""}, "no id of an advisory"),
        (RPM, {"module": "vim"}, "no name of a module and its stream"),
        (RPM, {"arch": ("x86 64",)}, "no name of an architecture"),
        (RPM, {"fixed": "9-0-1"}, "a version with a hyphen inside"),
        (RPM, {"fixed": "1-1.module+el9+1"}, "a module's build whose stream is not named"),
        (RPM, {"fixed": "1-1.module_el9+1"}, "a module's build whose stream is not named"),
        (RPM, {"introduced": "2:9.0-1.el9"}, "mended no later than it began"),
        (RPM, {"introduced": "3:1-1"}, "mended no later than it began"),
        (RPM, {"last_affected": "1-1"}, "both mended in a version and affected up to one"),
        (RPM, {"fixed": ""}, "mended, but in no version"),
        (RPM, {"status": "affected"}, "mended in a version, and yet not mended"),
        (EULER, {"release": "22.03-LTS-SP4"}, "a build for another release"),
        (EULER, {"release": "22.03-LTS"}, "a build for another release"),
        (EULER, {"fixed": "9-1.oe2203"}, "a build for another release"),
        (EULER, {"fixed": "9-1.oe2403sp3"}, "a build for another release"),
    ],
)
def test_others_are_rejects(statement: Statement, changes: dict[str, Any], reason: str) -> None:
    found = vetted(msgspec.structs.replace(statement, **changes), "doc")
    assert isinstance(found, Reject)
    assert found.reason == reason
    assert found.where.startswith("doc: ")
    assert found.where.isprintable()


def test_an_odd_advisory_id_leaves_its_flaw_unknown_and_an_odd_package_nothing() -> None:
    odd = vetted(msgspec.structs.replace(RPM, advisory="ä 1"), "doc")
    assert isinstance(odd, Reject)
    assert [(one.advisory, one.package, one.status, one.fixed) for one in odd.unclear] == [
        (RPM.flaws[0], RPM.package, "unknown", "")
    ]
    nameless = vetted(msgspec.structs.replace(RPM, package="ä"), "doc")
    assert isinstance(nameless, Reject)
    assert not nameless.unclear
    assert nameless.lost
    assert not odd.lost


@pytest.mark.parametrize(
    ("changes", "module", "arch"),
    [
        ({"module": "nodejs"}, "*", RPM.arch),
        ({"fixed": "9-1.module+el9"}, "*", RPM.arch),
        ({"fixed": "9-1.module+el9 ", "module": "nodejs:18"}, "nodejs:18", RPM.arch),
        ({"module": "*"}, "*", RPM.arch),
        ({"arch": ("x 86",)}, "", ()),
    ],
)
def test_what_is_on_builds_that_are_not_clear_is_on_all_that_it_may_be(
    changes: dict[str, Any], module: str, arch: tuple[str, ...]
) -> None:
    found = vetted(msgspec.structs.replace(RPM, **changes), "doc")
    assert isinstance(found, Reject)
    assert [(one.module, one.arch, one.status) for one in found.unclear] == [(module, arch, "unknown")]
    assert not found.lost


def test_architectures_are_put_together() -> None:
    def of(*arch: str) -> Statement:
        return msgspec.structs.replace(RPM, arch=arch)

    assert [found.arch for found in merged([of("x86_64"), of("aarch64")])] == [("aarch64", "noarch", "x86_64")]
    assert [found.arch for found in merged([of("x86_64"), of("noarch")])] == [()]
    assert [found.arch for found in merged([of("x86_64"), of()])] == [()]
    other = msgspec.structs.replace(of("x86_64"), fixed="1-1")
    assert len(list(merged([of("x86_64"), other]))) == 2


def test_statuses_that_exclude_each_other() -> None:
    said = [("a", "fixed"), ("b", "fixed"), ("a", "fixed"), ("b", "affected")]
    assert settled(said) == ({"a": "fixed", "b": "unknown"}, {"b"})  # type: ignore[type-var]


def test_words_days_scores_and_lines() -> None:
    assert [severity(word) for word in ("Important", " MODERATE", "negligible", "None", "")] == [
        "high",
        "medium",
        "low",
        "",
        "",
    ]
    assert day("2025-03-30T01:00:00+08:00") == date(2025, 3, 29)
    assert day("2025-04-03") == date(2025, 4, 3)
    assert (day("3.4.2025"), day("2025-13-01"), day("")) == (None, None, None)
    assert (score(7.5), score(11), score("7.5"), score(float("nan"))) == (7.5, None, None, None)
    assert line(" a\n\0b\ud800 c\ue000d\u202ee ") == "a b c d e"
    assert len(line("x" * 10_000)) == 200
