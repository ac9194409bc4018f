"""How long vendors support their releases: `rules/patches/end-of-life.yml`, read strictly."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

import msgspec

from secops.core.content import read_as, shipped
from secops.core.errors import UsageError
from secops.core.i18n import _


class Extended(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Support beyond what everybody gets. `enrol`: a host must be subscribed to it."""

    name: str
    source: str = ""  # none: that of the product
    enrol: bool = True


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last day of each kind of support."""

    ends: date
    extended_ends: date | None = None


class Product(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A distribution: `id` is its ecosystem, the keys of `releases` are releases as `release_of` has them."""

    id: str
    name: str
    source: str
    as_of: date
    releases: dict[str, Release]
    extended: Extended | None = None


class _Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    products: list[Product]


def load(path: Path) -> Mapping[str, Product]:
    """The products by id. Raises `UsageError` on what is no such file, or contradicts itself."""
    products: dict[str, Product] = {}
    for product in read_as(path, _Content).products:
        if product.id in products:
            raise UsageError(_("{id} stands twice").format(id=product.id), where=str(path))
        products[product.id] = product
        for name, release in product.releases.items():
            if release.extended_ends and (not product.extended or release.extended_ends <= release.ends):
                what = _("{id} {release}: extended support must have a name and end after the other")
                raise UsageError(what.format(id=product.id, release=name), where=str(path))
    return products


@cache
def known() -> Mapping[str, Product]:
    """What is shipped."""
    return load(shipped("rules") / "patches" / "end-of-life.yml")
