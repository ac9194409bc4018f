"""The picture of a data set's life: a mark for each event, a lane for each request, and nothing in it is obeyed."""

from __future__ import annotations

import re
from collections import Counter
from xml.etree import ElementTree

import pytest

from privacy.release.picture import MOST_REQUESTS, page
from privacy.release.telling import TYPES, Event
from privacy.release.trace import Row, trace
from secops.core.i18n import speaking
from tests.cli.store_kit import is_inert
from tests.privacy.release.kit import World

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert(1)</script>\x1b]0;x\u202e{{7*7}}\"'&"


def row(number: int, kind: str, about: str, *, fault: str | None = "", day: str = "2026-11-30", **more: str) -> Row:
    named = {"dataset": "flu", "who": "ann", "what": f"what {number}"} | more
    event = Event(number=number, time=f"{day}T12:00:00Z", type=kind, about=about, parties=frozenset(), **named)
    return Row(event, fault)


def drawn(document: str) -> ElementTree.Element:
    return ElementTree.fromstring(re.findall(r"<svg.*?</svg>", document, re.DOTALL)[0])  # noqa: S314 - our own


def lanes(picture: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in picture.findall(f"{SVG}text") if not text.get("class")]


def test_a_mark_for_each_event_in_the_lane_of_what_it_is_about(world: World) -> None:
    world.leave()
    world.request(["sex"])
    rows = trace(world.exchange, "flu")
    picture = drawn(page(rows, "t"))
    assert lanes(picture) == ["roster", "data set flu", "contract flu-2026", "request r0001", "request r0002"]
    heights = {text.text: float(text.get("y", "")) - 4 for text in picture.findall(f"{SVG}text")}
    lane = {
        "dataset": "data set flu",
        "shared": "contract flu-2026",
        "accepted": "contract flu-2026",
        "roster": "roster",
    }
    marks = {}
    for group in picture.iter(f"{SVG}g"):
        circle, title = group.find(f"{SVG}circle"), group.findtext(f"{SVG}title", "")
        assert circle is not None
        marks[title.partition("\n")[0]] = (float(circle.get("cx", "")), float(circle.get("cy", "")))
    assert len(marks) == len(rows)
    for one in rows:
        _, y = marks[f"{one.event.number} · {one.event.time}"]
        assert abs(y - heights[lane.get(one.event.type, f"request {one.event.about}")]) < 1
    across = [marks[f"{one.event.number} · {one.event.time}"][0] for one in rows]
    assert across == sorted(set(across))


def test_each_type_has_a_sign_of_its_own_and_its_meaning() -> None:
    document = page([row(n, kind, "r0001") for n, kind in enumerate(TYPES)], "t")
    items = re.findall(r"<li>.*?</li>", document)
    assert len(items) == len(TYPES) + 1
    classes = Counter(group.get("class") for group in drawn(document).iter(f"{SVG}g"))
    assert classes == {"": 4, "done": 2, "good": 2, "wait": 1, "bad": 1}


def test_what_does_not_count_stands_out() -> None:
    rows = [row(0, "request", "r0001"), row(1, "checked", "r0001", fault=None), row(2, "approval", "r0001", fault="no")]
    document = page(rows, "t")
    assert [group.get("class") for group in drawn(document).iter(f"{SVG}g")] == ["", "", "good false"]
    table = document.partition("<table>")[2]
    assert re.findall(r"<td>([^<]*|<span.*?</span>)</td></tr>", table) == [
        "counts", "", '<span class="fault">no</span>'
    ]  # fmt: skip


def test_each_day_is_marked_once() -> None:
    days = ["2026-11-30"] * 3 + ["2026-12-01"] * 3 + ["2026-12-05"]
    picture = drawn(page([row(n, "request", "r0001", day=day) for n, day in enumerate(days)], "t"))
    small = [text.text for text in picture.findall(f"{SVG}text") if text.get("class") == "small"]
    assert small == ["2026-11-30", "2026-12-01", "2026-12-05"]
    assert len([path for path in picture.iter(f"{SVG}path") if path.get("class") == "day"]) == 3


def test_of_many_requests_the_last_are_drawn_and_the_table_has_all() -> None:
    rows = [row(n, "request", f"r{n:04}") for n in range(MOST_REQUESTS + 3)]
    document = page([row(0, "dataset", "flu 1"), *rows], "t")
    assert "3 earlier requests are not drawn; the table has them." in document
    assert len(lanes(drawn(document))) == MOST_REQUESTS + 1
    assert document.count("<tr>") == len(rows) + 2
    assert "not drawn" not in page(rows[3:], "t")


@pytest.mark.parametrize("text", [HOSTILE, HOSTILE * 9])
def test_what_others_wrote_stays_text(text: str) -> None:
    rows = [
        row(n, kind, text, what=text, who=text, dataset=text, fault=text, day=text)
        for n, kind in enumerate([*TYPES, text])
    ]
    document = page(rows, text)
    assert is_inert(document)
    assert not re.search("<script|href|src=|url\\(|onload|javascript:", document)
    tags = {tag.lstrip("/") for tag in re.findall(r"<(/?\w+)", document)}
    assert tags == {
        "html", "meta", "title", "style", "h1", "div", "svg", "g", "circle", "text", "path", "ul", "li", "table", "tr",
        "th", "td", "span",
    }  # fmt: skip
    drawn(document)


def test_the_page_says_its_language(world: World) -> None:
    rows = trace(world.exchange, "flu")
    assert '<html lang="en">' in page(rows, "t")
    with speaking("zh"):
        assert '<html lang="zh">' in page(rows, "t")
