"""XML documents as a stream of records, in memory that does not grow with the document.

No feed needs a DTD or an entity of its own: documents with one are refused, and so is what they could be used for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from secops.core.i18n import _
from secops.patches.feeds.format import FeedError
from secops.patches.feeds.metered import Metered

#: Bytes of the largest record: one definition, one test, one vulnerability.
LARGEST = 32 << 20

#: Elements that stand open at once at most.
DEEPEST = 200


def name(element: Element) -> str:
    """The name of an element without its namespace; formats are written in several of them."""
    return element.tag.rpartition("}")[2]


def text(element: Element | None) -> str:
    """The text of an element, "" when there is none."""
    return (element.text or "").strip() if element is not None else ""


def child(element: Element, *path: str) -> Element | None:
    """The first element found by going down along the names."""
    for step in path:
        found = next((inner for inner in element if name(inner) == step), None)
        if found is None:
            return None
        element = found
    return element


def below(element: Element, wanted: str) -> Iterator[Element]:
    """Every element of that name inside another."""
    return (inner for inner in element.iter() if name(inner) == wanted)


def records(stream: BinaryIO, where: str, root: str, wanted: Callable[[str], bool]) -> Iterator[Element]:
    """Every outermost element whose name is wanted, whole; it is emptied when the next one is asked for.

    Raises `FeedError` when the document's root has another name, when it is cut off or no XML, and for what is refused.
    """
    metered = Metered(stream, where, LARGEST)
    try:
        yield from _records(metered, where, root, wanted)
    except DefusedXmlException as error:
        raise FeedError(_("has a DTD or entities, which is refused"), where=where) from error
    except (ParseError, LookupError, ValueError) as error:
        raise FeedError(_("no XML, or cut off: {error}").format(error=error), where=where) from error


def _records(metered: Metered, where: str, root: str, wanted: Callable[[str], bool]) -> Iterator[Element]:
    opened: list[Element] = []
    inside = 0  # records that stand open
    asked: dict[str, bool] = {}
    for event, element in iterparse(metered, events=("start", "end"), forbid_dtd=True):
        record = asked.get(element.tag)
        if record is None:
            record = asked[element.tag] = wanted(name(element))
        if event == "start":
            if not opened and name(element) != root:
                raise FeedError(_("the document is no {root}").format(root=root), where=where)
            if len(opened) >= DEEPEST:
                raise FeedError(_("elements stand more than {n} deep").format(n=DEEPEST), where=where)
            opened.append(element)
            inside += record
            continue
        opened.pop()
        inside -= record
        if inside:
            continue
        if record:
            yield element
            metered.rest()
        element.clear()
        if opened:
            del opened[-1][:]
