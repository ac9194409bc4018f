"""The product tree of a CSAF document: which build of which release a product id stands for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from secops.patches.feeds.platforms import of_cpe
from secops.patches.feeds.rpm_names import Build, guesses, module_of_purl, of_file, of_purl
from secops.patches.feeds.suse_products import Release, of_suse
from secops.patches.feeds.vetting import NO_PACKAGE, NO_URL, NOT_IN_TREE, UNKNOWN_RELEASE

#: Products that a product stands inside at most: a package in a module in a release is three.
_DEEPEST = 8


class Helper(msgspec.Struct):
    """`product_identification_helper`."""

    cpe: str = ""
    purl: str = ""


class Product(msgspec.Struct):
    """`full_product_name_t`."""

    product_id: str
    name: str = ""
    product_identification_helper: Helper = msgspec.field(default_factory=Helper)


class Branch(msgspec.Struct):
    """`branches_t`."""

    branches: list[Branch] = []
    product: Product | None = None


class Relationship(msgspec.Struct):
    """One product as a part of another, and the id of both together."""

    full_product_name: Product
    product_reference: str
    relates_to_product_reference: str


class Group(msgspec.Struct):
    """Products under one id, for remediations and threats."""

    group_id: str
    product_ids: list[str] = []


class Tree(msgspec.Struct):
    """`product_tree_t`."""

    branches: list[Branch] = []
    full_product_names: list[Product] = []
    relationships: list[Relationship] = []
    product_groups: list[Group] = []


class Part(NamedTuple):
    """Builds as a part of releases; `platform` is the id of what they are a part of, and `channel` how its fixes come.

    `doubt` is why it is only guessed which packages they are.
    """

    builds: tuple[Build, ...]
    releases: tuple[Release, ...]
    platform: str
    channel: str = ""
    doubt: str = ""


class NoPart(NamedTuple):
    """A product that is none of those, and why."""

    platform: str
    reason: str


class Products:
    """Product ids of one document, looked up."""

    def __init__(self, tree: Tree) -> None:
        self._products = {product.product_id: product for product in _products(tree)}
        self._relations = {relation.full_product_name.product_id: relation for relation in tree.relationships}
        self._groups = {group.group_id: group.product_ids for group in tree.product_groups}
        self._twice = len(self._relations) != len(tree.relationships)

    @property
    def contradictory(self) -> bool:
        """Whether one id is given to two relationships."""
        return self._twice

    def group(self, group_id: str) -> list[str]:
        return self._groups.get(group_id, [])

    def part(self, product_id: str) -> Part | NoPart:
        """What a product id of a status stands for."""
        chain = self._chain(product_id)
        doubt = "" if chain else NOT_IN_TREE
        chain = chain or self._by_its_words(product_id)
        if not chain:
            return NoPart(product_id, NOT_IN_TREE)
        platform, releases, channel = _platform(chain)
        if not releases:
            return NoPart(platform, UNKNOWN_RELEASE)
        if build := _build(chain):
            return Part((build,), releases, platform, channel, doubt)
        named = () if chain[0].product_identification_helper.purl else guesses(chain[0].product_id)
        return Part(named, releases, platform, channel, doubt or NO_URL) if named else NoPart(product_id, NO_PACKAGE)

    def _chain(self, product_id: str) -> list[Product]:
        """The products that an id is made of, from the package to the release."""
        chain: list[Product] = []
        while (relation := self._relations.get(product_id)) and len(chain) < _DEEPEST:
            inner = self._products.get(relation.product_reference)
            chain.append(inner or Product(relation.product_reference))
            product_id = relation.relates_to_product_reference
        last = self._products.get(product_id)
        return [*chain, last] if last else []

    def _by_its_words(self, product_id: str) -> list[Product]:
        """What an id that nothing else explains says itself: `platform:package`."""
        platform, _, name = product_id.partition(":")
        found = self._products.get(platform)
        return [Product(name), found] if found and name else []


def _platform(chain: list[Product]) -> tuple[str, tuple[Release, ...], str]:
    """Its id, the releases that it stands for, and the channel by which its fixes come. SUSE names it in full."""
    for product in reversed(chain):
        if suse := of_suse(product.name or product.product_id):
            return product.product_id, suse.releases, suse.channel
        if cpe := product.product_identification_helper.cpe:
            release = of_cpe(cpe)
            return product.product_id, (release,) if release else (), ""
    return chain[-1].product_id, (), ""


def _build(chain: list[Product]) -> Build | None:
    purls = [product.product_identification_helper.purl for product in chain]
    build = of_purl(purls[0]) if purls[0] else of_file(chain[0].product_id)
    module = next((module for purl in purls if (module := module_of_purl(purl))), "")
    return build._replace(module=build.module or module) if build else None


def _products(tree: Tree) -> Iterator[Product]:
    yield from tree.full_product_names
    waiting = list(tree.branches)
    while waiting:
        branch = waiting.pop()
        waiting += branch.branches
        if branch.product:
            yield branch.product
