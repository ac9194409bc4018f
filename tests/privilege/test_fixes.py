"""What closes a way by sudo or doas is told for the program and its arguments that open it."""

from __future__ import annotations

import pytest

from secops.privilege.fleet import fixes
from secops.privilege.fleet.graph import Detail, Graph, Step

EVERYTHING, NARROW, NEVER = "name the one command", "fix arguments with which", "arguments do not help"


@pytest.mark.parametrize("way", ["sudo", "doas"])
@pytest.mark.parametrize(
    ("program", "gives", "wanted"),
    [
        (None, "shell", EVERYTHING), ("vim", "shell", NEVER), ("less", "shell", NEVER), ("vim", "write", NEVER),
        ("bash", "shell", NARROW), ("tee", "write", NARROW), ("su", "shell", NARROW), ("passwd", "account", NARROW),
    ],
)  # fmt: skip
def test_the_fix_is_one_that_closes_it(way: str, program: str | None, gives: str, wanted: str) -> None:
    step = Step("h", way, "/usr/bin/x", "root", "/etc/sudoers", 4)
    graph = Graph(details={step: Detail(gives, "how", "how", program)})
    told = fixes.fix(graph, step, "en")
    assert wanted in told
    assert "(/etc/sudoers:4)" in told
    assert (program or "entry") in told or program is None
    assert program is None or program in fixes.fix(graph, step, "zh")
