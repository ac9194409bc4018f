"""OVAL 5 definitions of patches and vulnerabilities: Anolis, Red Hat, Oracle, SUSE, Debian, Ubuntu.

The format: oval-community-guidelines.readthedocs.io. A definition holds on a host when its criteria do; they are taken
apart into cases, each of which names one release and one condition on one package, and so is a statement. A case that
asks for anything else is a reject that names the definition; the other cases are used. "Is signed with" is not asked
for, and neither is which of the installed kernels runs.

What a document may hold is limited (`oval_document.MOST`), and so is the work for one definition (`MOST_CASES`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from operator import itemgetter
from typing import BinaryIO

import msgspec

from secops.patches.feeds import vetting
from secops.patches.feeds.channels import without_rivals
from secops.patches.feeds.format import Format
from secops.patches.feeds.oval_document import Definition, Leaf, Node, load
from secops.patches.feeds.oval_facts import (
    Always,
    Arch,
    Elsewhere,
    Fact,
    Module,
    Never,
    NotUnderstood,
    OnRelease,
    Packages,
    fact,
)
from secops.patches.feeds.suse_products import Release
from secops.patches.feeds.vetting import UNKNOWN_RELEASE, Fault, line, merged, torn, vetted
from secops.patches.hot_patch import hot_patch
from secops.patches.statement import ANY_STREAM, About, Entry, Reject, Statement, Status

_ROOT = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?oval_definitions[\s>]")

#: Cases that the criteria of one definition may come to. SUSE's kernels come to some 3,000.
MOST_CASES = 50_000

#: Red Hat's words for what it does about a flaw that is not mended.
_RESOLUTIONS: dict[str, tuple[Status, str]] = {
    "will not fix": ("will-not-fix", "Will not fix"),
    "out of support scope": ("will-not-fix", "Out of support scope"),
    "fix deferred": ("affected", "Fix deferred"),
    "affected": ("affected", ""),
    "under investigation": ("unknown", "Under investigation"),
}

#: An advisory's id at the start of a title: DSA-5179-1, SUSE-SU-2021:2635-1.
_ID = re.compile(r"[A-Za-z]{2,12}(?:-[A-Z]{2,4})?-\d[\w:-]*")

_Case = tuple[Fact, ...]
_Asked = Callable[[Leaf], Fact]


class _TooManyError(Exception):
    """A definition whose criteria come to more cases than are worked out."""


def recognises(head: bytes) -> bool:
    """Whether a document's root is that of OVAL definitions."""
    return bool(_ROOT.search(head))


def read(stream: BinaryIO, where: str) -> Iterator[Entry]:
    """What one document says. Raises `FeedError` when it is no OVAL as a whole."""
    document = load(stream, where)
    made, single = document.made, len(document.definitions) < 2
    yield About(as_of=made.date() if made else None, modified=made, whole=not single)

    @cache
    def asked(leaf: Leaf) -> Fact:
        return fact(leaf, document)

    elsewhere: Counter[str] = Counter()
    for definition in document.definitions:
        if definition.group == "inventory":
            continue  # says what a release is, and is named by others
        skipped: set[str] = set()
        yield from _definition(definition, asked, skipped, line(f"{where}: {definition.id}"))
        elsewhere.update(skipped)
    for platform, count in sorted(elsewhere.items()):
        yield Reject(line(f"{where}: {platform} ({count} definitions)"), UNKNOWN_RELEASE)


def _definition(definition: Definition, asked: _Asked, skipped: set[str], where: str) -> Iterator[Statement | Reject]:
    """The statements of one definition. `skipped` takes the platforms that are not known here."""
    try:
        cases = _cases(definition.criteria, asked, skipped) if definition.criteria else []
    except _TooManyError:
        yield Reject(where, f"its criteria come to more than {MOST_CASES} cases", lost=True)
        return
    results = [_statements(case, definition) for case in cases]
    doubts: dict[Fault, list[Statement | None]] = {}  # None: of a package that nobody knows
    for case, result in zip(cases, results, strict=True):
        if isinstance(result, NotUnderstood):
            doubts.setdefault((result.thing, result.reason), []).extend(_doubts(case, definition) or [None])
    if not results and not skipped:
        yield Reject(line(f"{where}: -"), "criteria that hold on no host")
    for (thing, why), doubtful in sorted(doubts.items(), key=itemgetter(0)):
        torn_apart = list(torn(filter(None, doubtful), where, why))
        left = tuple(one for reject in torn_apart for one in reject.unclear)
        lost = None in doubtful or any(reject.lost for reject in torn_apart)
        yield Reject(line(f"{where}: {thing}"), why, left, lost=lost)
    found = (statement for result in results if isinstance(result, list) for statement in result)
    yield from (vetted(statement, where) for statement in merged(without_rivals(found)))


def _cases(node: Node | Leaf, asked: _Asked, skipped: set[str]) -> list[_Case]:
    """The ways in which criteria can hold: each is what has to be so together."""
    if isinstance(node, Leaf):
        found = asked(node)
        if isinstance(found, Elsewhere):
            skipped.add(found.platform)
        never = isinstance(found, Elsewhere | Never)
        return [] if never else [()] if isinstance(found, Always) else [(found,)]
    if node.operator not in ("AND", "OR"):
        odd = NotUnderstood(node.operator, "criteria with an operator that is not understood")
        return [(odd, *_named_below(node, asked))]
    cases: list[_Case] = [()] if node.operator == "AND" else []
    for child in node.children:
        more = _cases(child, asked, skipped)
        if len(cases) * len(more) > MOST_CASES or len(cases) + len(more) > MOST_CASES:
            raise _TooManyError
        cases = [one + other for one in cases for other in more] if node.operator == "AND" else cases + more
    return cases


def _named_below(node: Node, asked: _Asked) -> set[Fact]:
    """Packages that are named where it is not understood what is asked of them; of modules it may be any stream."""
    found: set[Fact] = set()
    waiting: list[Node | Leaf] = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Node):
            waiting += one.children
        elif isinstance(it := asked(one), Packages | NotUnderstood):
            found.add(it)
        elif isinstance(it, Module):
            found.add(Module(ANY_STREAM))
        if len(found) > MOST_CASES:
            raise _TooManyError
    return found


def _statements(case: _Case, definition: Definition) -> list[Statement] | NotUnderstood:
    """What one case says of each package that it names, or why that is not understood."""
    for found in case:
        if isinstance(found, NotUnderstood):
            return found
    releases = _releases(case, definition)
    streams = {found.stream for found in case if isinstance(found, Module)}
    packages = _packages({found for found in case if isinstance(found, Packages)})
    if not releases or len(streams) > 1:
        return NotUnderstood("-", "criteria that ask for no release, or for several at once")
    if packages is None:
        return NotUnderstood("-", "criteria that ask for no package, or for several at once")
    arches = packages.arch or next((found.names for found in case if isinstance(found, Arch)), ())
    channel = next((found.channel for found in case if isinstance(found, OnRelease) and found.channel), "")
    said = (
        _statement(name, packages, release, "".join(streams), arches, definition)
        for release in sorted(releases)
        for name in packages.names
    )
    return [msgspec.structs.replace(one, words=channel) if channel and one.fixed else one for one in said]


def _doubts(case: _Case, definition: Definition) -> list[Statement]:
    """Of the packages of a case that is not understood, where it is clear which they are: `torn` makes them unknown."""
    on = {release for found in case if isinstance(found, OnRelease) for release in found.releases}
    releases = _releases(case, definition) or on or definition.releases
    streams = sorted({found.stream for found in case if isinstance(found, Module)})
    named = {one for found in case if (one := found.packages if isinstance(found, NotUnderstood) else found)}
    return [
        _statement(name, packages, release, stream, packages.arch, definition)
        for release in sorted(releases)
        for packages in named
        if isinstance(packages, Packages)
        for name in packages.names
        for stream in streams or [""]
    ]


def _releases(case: _Case, definition: Definition) -> set[Release]:
    """The releases that a case asks for, all of what it asks together; none where that cannot be."""
    asked = [set(found.releases) for found in case if isinstance(found, OnRelease)]
    releases = set.intersection(*asked) if asked else set()
    named = {one for one in definition.releases if one[0] in {ecosystem for ecosystem, _ in releases}}
    # the CPE names beside the criteria alone tell Red Hat's extended streams
    return releases if not named or releases & named else named


def _packages(asked: set[Packages]) -> Packages | None:
    """The one condition on packages in a case. Installed and yet absent is how Red Hat says: not affected."""
    conditions = {one.asked for one in asked}
    if len({one.names for one in asked}) != 1 or len(conditions) != len(asked) or conditions == {"absent"}:
        return None
    first = next(iter(asked))
    if conditions == {"installed", "absent"}:
        return first._replace(asked="unaffected")
    if conditions == {"installed", "earlier"}:
        return next(one for one in asked if one.asked == "earlier")
    return first if len(asked) == 1 else None


def _statement(
    name: str, packages: Packages, release: Release, module: str, arch: tuple[str, ...], definition: Definition
) -> Statement:
    status, words = _status(name, packages, definition)
    advisory, url = _advisory(definition)
    return Statement(
        advisory=advisory,
        flaws=definition.flaws or (advisory,),
        ecosystem=release[0],
        release=release[1],
        kind=packages.kind,
        package=name,
        by_source=packages.source,
        arch=arch,
        module=module,
        fixed=packages.version,
        hot=release[0] in ("rhel", "ol") and hot_patch(name) is not None,
        status=status,
        words=words,
        severity=vetting.severity(definition.severity),
        score=definition.score,
        published=definition.issued,
        title=definition.title,
        url=line(url),
    )


def _status(name: str, packages: Packages, definition: Definition) -> tuple[Status, str]:
    """Status and words for it. What is only installed is affected, and Red Hat says what will be done."""
    if packages.asked == "earlier":
        return "fixed", ""
    if packages.asked == "unaffected":
        return "not-affected", ""
    own = {
        state for state, components in definition.resolutions if name in {one.rpartition("/")[2] for one in components}
    }
    states = own or {state for state, _ in definition.resolutions}
    return _RESOLUTIONS.get(states.pop().lower(), ("affected", "")) if len(states) == 1 else ("affected", "")


def _advisory(definition: Definition) -> tuple[str, str]:
    """The id and the URL of the advisory. A definition of a vulnerability is on the flaw alone."""
    for _source, key, url in definition.references if definition.group == "patch" else ():
        if "CVE-" not in key and key:
            return line(key), url
    first = definition.references[0] if definition.references else ("", "", "")
    if definition.group != "patch" and definition.flaws:
        return definition.flaws[0], first[2]
    named = _ID.match(definition.title)
    return named[0] if named else definition.id, first[2]


FORMAT = Format("oval", recognises, read)
