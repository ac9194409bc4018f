"""What OVAL's criteria say of a host is what the statements say that are made of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from secops.patches.feeds.oval import FORMAT
from secops.patches.feeds.vetting import UNKNOWN_RELEASE
from secops.patches.statement import Reject, Statement
from tests.patches.feeds.oval_kit import Oval, both, either
from tests.patches.feeds.reading import read, rejects, statements

LEAVES = ("on 8", "on 9", "elsewhere", "must", "signed", "a < 2", "a < 3", "b < 2")
Tree = str | tuple[str, tuple["Tree", ...]]
TREES = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.tuples(st.sampled_from(["AND", "OR"]), st.lists(inner, max_size=4).map(tuple)),
)


@dataclass(frozen=True)
class Host:
    """A host of RHEL with versions of two packages; 0: not installed."""

    release: str
    versions: dict[str, int] = field(hash=False)

    def holds(self, tree: Tree) -> bool:
        """Whether criteria hold, as OVAL has it."""
        if not isinstance(tree, str):
            results = [self.holds(inner) for inner in tree[1]]
            if tree[0] == "XOR":
                return sum(results) % 2 == 1
            return all(results) is not tree[0].startswith("NOT") if tree[0].endswith("AND") else any(results)
        if tree == "signed":
            return True
        if " < " in tree:
            package, _, bound = tree.partition(" < ")
            return 0 < self.versions[package] < int(bound)
        return tree == f"on {self.release}"

    def doubted(self, found: list[Statement]) -> bool:
        """Whether one leaves a flaw of a package of the host unknown."""
        return any(one.release == self.release and self.versions[one.package] for one in found)

    def told(self, found: list[Statement]) -> bool:
        """Whether a statement covers a package of the host."""
        return any(
            one.release == self.release and 0 < self.versions[one.package] < int(one.fixed.partition("-")[0])
            for one in found
        )


def hosts() -> Iterator[Host]:
    for release, a, b in product("89", range(4), range(4)):
        yield Host(release, {"a": a, "b": b})


def criteria(tree: Tree, document: Oval) -> str:
    if not isinstance(tree, str):
        inner = [criteria(one, document) for one in tree[1]]
        if tree[0] in ("XOR", "NOT AND"):
            negate = 'negate="true"' if tree[0] == "NOT AND" else 'operator="XOR"'
            return f"<criteria {negate}>{''.join(inner)}</criteria>"
        return both(*inner) if tree[0] == "AND" else either(*inner)
    if tree.startswith("on "):
        return document.release(f"Red Hat Enterprise Linux {tree[3:]}")
    if tree == "elsewhere":
        return document.release("Red Hat CoreOS 4")
    if tree == "must":
        return document.other("Red Hat Enterprise Linux must be installed", "rpmverifyfile", "none satisfy")
    if tree == "signed":
        return document.package("a is signed with the key", "a", "<signature_keyid>1</signature_keyid>")
    package, _, bound = tree.partition(" < ")
    return document.earlier(package, f"{bound}-1")


def on_a_release(tree: Tree) -> Tree:
    return ("AND", (("OR", ("on 8", "elsewhere", "on 9")), tree))


@settings(max_examples=300, deadline=None)
@given(
    st.builds(on_a_release, TREES) | st.tuples(st.sampled_from(["AND", "OR"]), st.lists(TREES, max_size=4).map(tuple))
)
def test_statements_are_true_and_without_a_reject_they_are_all(tree: Tree) -> None:
    document = Oval()
    document.define(criteria(tree, document))
    found = statements(FORMAT, bytes(document))
    whole = all(reason == UNKNOWN_RELEASE for _, reason in rejects(FORMAT, bytes(document)))
    for host in hosts():
        assert host.holds(tree) or not host.told(found)
        assert host.told(found) or not (host.holds(tree) and whole)


ODD_TREES = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.tuples(st.sampled_from(["AND", "OR", "XOR", "NOT AND"]), st.lists(inner, max_size=4).map(tuple)),
)


@settings(max_examples=300, deadline=None)
@given(st.builds(on_a_release, ODD_TREES) | ODD_TREES.filter(lambda tree: not isinstance(tree, str)))
def test_where_operators_are_not_understood_no_flaw_is_passed_over(tree: Tree) -> None:
    document = Oval()
    document.define(criteria(tree, document))
    entries = read(FORMAT, bytes(document))
    found = [one for one in entries if isinstance(one, Statement)]
    rejected = [one for one in entries if isinstance(one, Reject)]
    left = [statement for one in rejected for statement in one.unclear]
    for host in hosts():
        if all(host.versions.values()) and host.holds(tree):
            assert host.told(found) or host.doubted(left) or any(one.lost for one in rejected)
