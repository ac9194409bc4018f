"""Groups that make root, told apart from those that do not."""

from __future__ import annotations

import pytest

from secops.hosts.snapshot import observe
from secops.privilege.ways import privileges
from tests.privilege.test_ways import PASSWD, seen


@pytest.mark.parametrize(("group", "gives"), [("microk8s", "shell"), ("lpadmin", None), ("adm", None)])
def test_members_of_a_group_are_root_or_not(group: str, gives: str | None) -> None:
    groups = f"root:x:0:\nalice:x:1001:\n{group}:x:700:alice\n"
    facts = observe(seen("", passwd=PASSWD, group=groups), "web1", privileges).tables["root_ways"]
    found = [(row["user_name"], row["gives"]) for row in facts.rows if row["thing"] == group]
    assert found == ([("alice", gives)] if gives else [])
