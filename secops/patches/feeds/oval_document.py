"""An OVAL document in compact form: definitions first, and tests, objects and states by id.

Definitions come before the tests that they refer to, and the stream is read once: so they are kept, without their
prose, until the document ends. Texts that come again and again are kept once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from sys import intern
from typing import BinaryIO, NamedTuple, TypeVar
from xml.etree.ElementTree import Element

from secops.core.i18n import _
from secops.patches.feeds import vetting
from secops.patches.feeds.format import FeedError
from secops.patches.feeds.platforms import of_cpe
from secops.patches.feeds.suse_products import Release
from secops.patches.feeds.xml_records import below, child, name, records, text

#: Definitions, tests, objects and states of one document at most, and criteria in all its definitions. Red Hat's for
#: one release has some 100,000 tests; SUSE's refer to each of theirs many times.
MOST = 1_000_000
MOST_CRITERIA = 5_000_000

#: A pattern that is a list of names: a dot and a plus stand for themselves only behind a backslash.
_LIST = re.compile(r"\^\(?((?:[\w-]|\\[.+])+(?:\|(?:[\w-]|\\[.+])+)*)\)?\$", re.ASCII)

_CVE = re.compile(r"\bCVE-\d{4}-\d{4,12}\b")

#: Criteria inside criteria at most.
_DEEPEST = 50


class Leaf(NamedTuple):
    """A criterion, or another definition that is named; `test` is "" for the latter."""

    test: str
    comment: str


class Node(NamedTuple):
    """Criteria; `operator` is AND, OR, or another word that is not understood."""

    operator: str
    children: tuple[Node | Leaf, ...]


class Test(NamedTuple):
    """A test; `kind` is the name of its element without `_test`."""

    kind: str
    comment: str
    check: str
    existence: str
    operator: str  # between the states
    objects: tuple[str, ...]
    states: tuple[str, ...]


Thing = TypeVar("Thing")

#: The fields of a state: name, operation, value.
State = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """What a definition says, without its prose."""

    id: str
    group: str  # the attribute class: patch, vulnerability, inventory, …
    title: str
    criteria: Node | None
    references: tuple[tuple[str, str, str], ...]  # source, id, URL
    flaws: tuple[str, ...]
    score: float | None
    severity: str
    issued: date | None
    resolutions: tuple[tuple[str, tuple[str, ...]], ...]  # state, components
    releases: frozenset[Release]  # those of its CPE names


@dataclass
class Document:
    """A whole document."""

    made: datetime | None = None
    definitions: list[Definition] = field(default_factory=list)
    tests: dict[str, Test] = field(default_factory=dict)
    objects: dict[str, tuple[str, ...]] = field(default_factory=dict)  # names of packages; one of them or a variable's
    references: dict[str, str] = field(default_factory=dict)  # object → the variable that has its names
    variables: dict[str, tuple[str, ...]] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    twice: set[str] = field(default_factory=set)  # ids that stand for several things

    def names(self, object_id: str) -> tuple[str, ...]:
        """The names of packages that an object stands for; none when it is not there, or no list of names."""
        variable = self.references.get(object_id)
        return self.variables.get(variable, ()) if variable else self.objects.get(object_id, ())


def load(stream: BinaryIO, where: str) -> Document:
    """The document in a stream. Raises `FeedError` when it is no OVAL as a whole, is cut off, or is too large."""
    document, reader = Document(), _Reader()
    for record in records(stream, where, "oval_definitions", _is_record):
        reader.note(record, document)
        if len(document.definitions) + len(document.tests) + len(document.objects) + len(document.states) > MOST:
            raise FeedError(_("more than {n} definitions, tests, objects and states").format(n=MOST), where=where)
        if reader.criteria > MOST_CRITERIA:
            raise FeedError(_("more than {n} criteria").format(n=MOST_CRITERIA), where=where)
    if not document.definitions:
        raise FeedError(_("holds no definition"), where=where)
    return document


def _is_record(tag: str) -> bool:
    return tag in ("definition", "generator", "constant_variable") or tag.endswith(("_test", "_object", "_state"))


class _Reader:
    """Turns records into what a document keeps. Equal criteria are kept once."""

    def __init__(self) -> None:
        self.criteria = 0
        self._leaves: dict[Leaf, Leaf] = {}

    def note(self, record: Element, document: Document) -> None:
        tag = name(record)
        if tag == "generator":
            stamp = text(child(record, "timestamp"))
            document.made = vetting.moment(stamp) or vetting.moment(stamp[:10])
        elif tag == "definition":
            document.definitions.append(self._definition(record))
        elif tag == "constant_variable":
            _keep(document.variables, record, tuple(map(text, below(record, "value"))), document)
        elif tag.endswith("_test"):
            _keep(document.tests, record, _test(record, tag), document)
        elif tag.endswith("_object"):
            _note_object(record, document)
        else:
            fields = ((name(one), one.get("operation", "equals"), text(one)) for one in record)
            _keep(document.states, record, tuple(tuple(map(intern, field)) for field in fields), document)

    def _definition(self, record: Element) -> Definition:
        metadata = child(record, "metadata")
        outer = metadata if metadata is not None else Element("metadata")
        advisory = child(outer, "advisory")
        inner = advisory if advisory is not None else Element("advisory")
        criteria = child(record, "criteria")
        issued = child(inner, "issued")
        references = [
            (ref.get("source", ""), ref.get("ref_id", ""), ref.get("ref_url", "")) for ref in below(outer, "reference")
        ]
        cves = list(below(inner, "cve"))
        return Definition(
            id=record.get("id", ""),
            group=intern(record.get("class", "")),
            title=vetting.line(text(child(outer, "title"))),
            criteria=self._node(criteria, 1) if criteria is not None else None,
            references=tuple(references),
            flaws=_flaws([*(ref[1] for ref in references), *map(text, cves)]),
            score=max(filter(None, map(_score, cves)), default=None),
            severity=intern(text(child(inner, "severity"))),
            issued=vetting.day(issued.get("date", "") if issued is not None else text(child(outer, "debian", "date"))),
            resolutions=tuple(
                (intern(one.get("state", "")), tuple(map(text, below(one, "component"))))
                for one in below(inner, "resolution")
            ),
            releases=frozenset(filter(None, (of_cpe(text(cpe)) for cpe in below(inner, "cpe")))),
        )

    def _node(self, element: Element, depth: int) -> Node:
        """Criteria as they are; what is turned round, or too deep, has an operator that is not understood."""
        operator = element.get("operator", "AND").upper()
        if depth > _DEEPEST:
            return Node("DEEP", ())
        children: list[Node | Leaf] = []
        for inner in element:
            self.criteria += 1
            if name(inner) == "criteria":
                children.append(self._node(inner, depth + 1))
            elif name(inner) in ("criterion", "extend_definition"):
                leaf = Leaf(intern(inner.get("test_ref", "")), intern(inner.get("comment", "").strip()))
                leaf = self._leaves.setdefault(leaf, leaf)
                children.append(Node("NOT", (leaf,)) if _is_turned(inner) else leaf)
        return Node("NOT" if _is_turned(element) else intern(operator), tuple(children))


def _is_turned(element: Element) -> bool:
    """Whether criteria hold where what they say does not."""
    return element.get("negate", "false") not in ("false", "0")


def _keep(things: dict[str, Thing], record: Element, thing: Thing, document: Document) -> None:
    """Files a thing under its id. An id of two different things stands for none."""
    key = intern(record.get("id", ""))
    if things.setdefault(key, thing) != thing:
        document.twice.add(key)


def _test(record: Element, tag: str) -> Test:
    objects = (one.get("object_ref", "") for one in record if name(one) == "object")
    states = (one.get("state_ref", "") for one in record if name(one) == "state")
    return Test(
        kind=intern(tag.removesuffix("_test")),
        comment=intern(record.get("comment", "").strip()),
        check=intern(record.get("check", "")),
        existence=intern(record.get("check_existence", "at_least_one_exists")),
        operator=intern(record.get("state_operator", "AND")),
        objects=tuple(map(intern, objects)),
        states=tuple(map(intern, states)),
    )


def _note_object(record: Element, document: Document) -> None:
    """The name of a package, or the variable that holds names; no names for objects of another kind."""
    found = child(record, "name")
    operation = found.get("operation", "equals") if found is not None else ""
    if found is not None and operation == "equals" and (variable := found.get("var_ref")):
        _keep(document.references, record, intern(variable), document)
    names = _listed(text(found)) if operation == "pattern match" else [text(found)] if operation == "equals" else []
    _keep(document.objects, record, tuple(intern(one) for one in names if one), document)


def _listed(pattern: str) -> list[str]:
    """The names that a pattern lists, `^(vim|vim-common)$`; none for one that says more."""
    found = _LIST.fullmatch(pattern)
    return [one.replace("\\", "") for one in found[1].split("|")] if found else []


def _flaws(texts: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found for one in texts for found in _CVE.findall(one)))


def _score(cve: Element) -> float | None:
    """The base score of an element `cve`: Red Hat's `cvss3="7.5/CVSS:3.1/…"`, Ubuntu's `cvss_score`."""
    try:
        return vetting.score(float(cve.get("cvss3", "").partition("/")[0] or cve.get("cvss_score", "")))
    except ValueError:
        return None
