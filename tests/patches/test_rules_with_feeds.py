"""What the rules of flaws say of hosts, from feeds to verdicts: sound feeds pass a sound host, and none else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from secops.core.content import shipped
from secops.hosts import relations
from secops.patches.match import work_out
from secops.patches.statement import Flaw, Statement
from secops.posture.cases import fill
from secops.posture.evaluate import Facts, evaluate
from secops.posture.rule import Case, load_rules
from tests.patches.match_kit import deb, feed, said

RULES = ("patch-critical-late", "patch-exploited", "patch-exploited-reachable", "patch-high-late")
LONG_AGO = datetime.now(UTC).date() - timedelta(days=60)
KEV = Flaw(flaw="CVE-2026-1", exploited_since=date(2026, 11, 1))


def verdicts(tmp_path: Path, told: Statement, package: dict[str, Any], *flaws: Flaw) -> dict[str, str]:
    """By rule, of a host with this package and code of it in a process that others cannot reach; passes left out."""
    con = duckdb.connect()
    relations.create(con)
    code = {"package": package["name"], "listening": False, "as_root": True}
    fill(con, Case(given={"packages": [package], "running_code": [code]}))
    work_out(con, [feed(tmp_path, "a", [told]), feed(tmp_path, "kev", flaws)])
    rules = load_rules([shipped("rules") / "posture"]).rules
    found = {name: evaluate(Facts(con), rules[name]).hosts for name in RULES}
    return {name: str(status) for name, ((status, _, _),) in found.items() if str(status) != "pass"}


@pytest.mark.parametrize(
    "told",
    [
        said("curl", "7.88.1-10+deb12u6"),
        said("curl", "7.88.1-10+deb12u6", severity="critical", published=LONG_AGO),
        said("curl", status="not-affected"),
        said("other", status="unknown"),
    ],
)
def test_a_host_on_which_nothing_is_open_passes_whatever_feeds_leave_out(tmp_path: Path, told: Statement) -> None:
    assert verdicts(tmp_path, told, deb("curl", "7.88.1-10+deb12u6"), KEV) == {}


@pytest.mark.parametrize(
    ("told", "expect"),
    [
        (said("curl", "9", severity="low", published=LONG_AGO), {}),
        (said("curl", "9", severity="critical", published=LONG_AGO), {"patch-critical-late": "fail"}),
        (said("curl", "9", severity="critical"), {"patch-critical-late": "unknown"}),
        (said("curl", "9", published=LONG_AGO), dict.fromkeys(("patch-critical-late", "patch-high-late"), "unknown")),
        (said("curl", "9", published=datetime.now(UTC).date()), {}),
        (said("curl", status="unknown", words="undetermined"), {}),
        (said("curl", status="unknown", words="an empty version", severity="high"), {"patch-high-late": "unknown"}),
        (said("curl", "7.88.1-10+deb12u6", severity="high"), {"patch-high-late": "unknown"}),
    ],
)
def test_of_a_fix_what_is_not_known_passes_no_rule(tmp_path: Path, told: Statement, expect: dict[str, str]) -> None:
    assert verdicts(tmp_path, told, deb("curl", "8.5.0-2~bpo12+1")) == expect


@pytest.mark.parametrize(
    ("told", "flaw", "expect"),
    [
        (said("curl", status="unknown", words="undetermined"), "CVE-2026-1", {"patch-exploited": "unknown"}),
        (said("curl", status="unknown", words="undetermined"), "CVE-2026-2", {}),
        (said("curl", "9", severity="low"), "CVE-2026-1", {"patch-exploited": "fail"}),
        (said("curl", "7.88.1-10+deb12u6", severity="low"), "CVE-2026-1", {"patch-exploited": "unknown"}),
    ],
)
def test_of_an_exploited_flaw_what_is_not_known_passes_no_rule(
    tmp_path: Path, told: Statement, flaw: str, expect: dict[str, str]
) -> None:
    kev = Flaw(flaw=flaw, exploited_since=date(2026, 11, 1))
    assert verdicts(tmp_path, told, deb("curl", "8.5.0-2~bpo12+1"), kev) == expect
