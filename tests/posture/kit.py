"""Small rules and snapshots for tests."""

from __future__ import annotations

from typing import Any

import duckdb

from secops.core.finding import Severity
from secops.hosts import relations
from secops.posture.cases import fill
from secops.posture.evaluate import Facts
from secops.posture.rule import Case, Fix, Rule, Text

TEXT = Text("uid {uid}", "用户编号 {uid}")


def rule(query: str, *, needs: list[str] | None = None, **fields: Any) -> Rule:
    """A rule with this query; everything else is ordinary."""
    defaults: dict[str, Any] = {
        "id": "test-rule", "title": TEXT, "severity": Severity.HIGH, "key": ["user_name"], "message": TEXT,
        "why": Text("because", "因为"), "fix": Fix("do", "做", {"any": "true"}), "refs": {"doc": ["x"]}, "tests": [],
    }  # fmt: skip
    return Rule(query=query, needs=["users"] if needs is None else needs, **{**defaults, **fields})


def facts(case: Case) -> Facts:
    """The tables of a rule test, ready to be judged."""
    con = duckdb.connect(":memory:")
    relations.create(con)
    fill(con, case)
    return Facts(con)
