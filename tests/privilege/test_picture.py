"""Pictures of paths: everything is in them once, in columns to the right, and what hosts say stays text."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.privilege.fleet.graph import Agents, At, Graph, Key, Node, Step
from secops.privilege.fleet.layout import arranged
from secops.privilege.fleet.picture import MOST_PATHS, Row, page
from tests.cli.store_kit import is_inert
from tests.privilege.graph_kit import graph, step

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert(1)</script>\x1b]0;x\u202e{{7*7}}\"'&"


def drawn(made: Graph, paths: list[list[Node]], marked: set[Node] | None = None) -> ElementTree.Element:
    document = page(made, paths, marked or set(), title="t", rows=[])
    return ElementTree.fromstring(re.search(r"<svg.*?</svg>", document, re.DOTALL)[0])  # noqa: S314 - our own


@given(st.lists(st.lists(st.integers(0, 12), min_size=2, max_size=6, unique=True), max_size=8))
def test_every_node_stands_once_and_left_of_what_it_leads_to(paths: list[list[int]]) -> None:
    layout = arranged(paths)
    column = {node: at for at, nodes in enumerate(layout.columns) for node in nodes}
    assert sorted(column) == sorted({node for path in paths for node in path})
    assert sum(map(len, layout.columns)) == len(column)
    assert set(layout.edges) == {pair for path in paths for pair in pairwise(path)}
    if not _has_circle(layout.edges):
        assert all(column[one] < column[other] for one, other in layout.edges)


def _has_circle(edges: object) -> bool:
    import networkx as nx

    return not nx.is_directed_acyclic_graph(nx.DiGraph(list(edges)))  # type: ignore[call-overload]


def test_a_picture_has_a_box_for_each_node_and_a_line_for_each_edge() -> None:
    root, far, key = At("root", "web"), At("root", "db"), Key("SHA256:k")
    paths: list[list[Node]] = [[At("a", "web"), step("vim", "web"), root], [root, key, step("line", "db"), far]]
    made = graph(["web", "db"], [pair for path in paths for pair in pairwise(path)])
    found = drawn(made, paths, {key})
    groups = {group.find(f"{SVG}title").text: group.get("class") for group in found.iter(f"{SVG}g")}
    assert groups == {
        "a@web": "account", "sudo vim (/etc/sudoers)": "way", "root@web": "root", "SHA256:k": "key cut",
        "sudo line (/etc/sudoers)": "way", "root@db": "root",
    }  # fmt: skip
    assert len(list(found.iter(f"{SVG}path"))) == 5


def test_an_agent_is_drawn_as_one_and_the_legend_says_so() -> None:
    root, far, key = At("root", "web"), At("root", "db"), Key("SHA256:k")
    setting = Step("bastion", "agent", "ops", "ops", "/home/ops/.ssh/config", 3)
    line = Step("db", "key", "SHA256:k", "root", "/root/.ssh/authorized_keys", 1)
    path: list[Node] = [root, Agents(key, 0, 0), setting, key, line, far]
    made = graph(["web", "db"], [], possible=list(pairwise(path)))
    classes = [group.get("class") for group in drawn(made, [path], {setting}).iter(f"{SVG}g")]
    assert sorted(classes) == ["agent", "agent cut", "key", "root", "root", "way"]
    assert '<g class="agent"><rect' in page(made, [path], set(), title="t").partition('class="legend"')[2]


def test_accounts_that_lead_to_the_same_are_one_box() -> None:
    paths: list[list[Node]] = [[At(f"u{n}", "h"), step("docker"), At("root", "h")] for n in range(9)]
    made = graph(["h"], [pair for path in paths for pair in pairwise(path)])
    texts = [text.text for text in drawn(made, paths).iter(f"{SVG}text")]
    assert texts == ["9 accounts: u0@h, u1@h, …", "sudo docker (/etc/sudoers)", "root@h"]


def test_of_many_paths_it_is_said_how_many_are_left_out() -> None:
    paths: list[list[Node]] = [
        [At("a", f"h{n}"), step("s", f"h{n}"), At("root", f"h{n}")] for n in range(MOST_PATHS + 3)
    ]
    made = graph([f"h{n}" for n in range(MOST_PATHS + 3)], [pair for path in paths for pair in pairwise(path)])
    assert "3 more paths are not drawn." in page(made, paths, set(), title="t")


@pytest.mark.parametrize("name", [HOSTILE, HOSTILE * 9])
def test_what_hosts_say_stays_text(name: str) -> None:
    paths: list[list[Node]] = [[At(name, "h"), step(name), At("root", "h")]]
    made = graph(["h"], [pair for path in paths for pair in pairwise(path)])
    made.names["h"] = name
    document = page(made, paths, set(), title=name, rows=[Row(name, name, name)])
    assert is_inert(document)
    assert not re.search("<script|href|src=|url\\(|onload|javascript:", document)
    tags = set(re.findall(r"<(/?\w+)", document))
    assert tags <= {
        "html", "/html", "meta", "title", "/title", "style", "/style", "h1", "/h1", "svg", "/svg", "g", "/g", "rect",
        "text", "/text", "path", "ul", "/ul", "li", "/li",
        "table", "/table", "tr", "/tr", "th", "/th", "td", "/td", "code", "/code", "p",
    }  # fmt: skip
