"""The order of versions, as dpkg, rpm and apk have it.

Each kind turns a version into text whose plain order (code point by code point) is the order of versions, and which is
equal where versions are equal. So one comparison of text decides, in SQL as well. All of it is pure, takes time linear
in the version, has no limit on numbers that the tool does not have, and raises for no string.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from secops.patches.statement import Kind
from secops.patches.versions import apk, dpkg, rpm


class _Order(Protocol):
    def __call__(self, version: str, *, epoch: bool = True) -> str: ...


_ORDERS: Mapping[Kind, _Order] = {"apk": apk.order, "dpkg": dpkg.order, "rpm": rpm.order}
_FAULTS: Mapping[Kind, Callable[[str], str]] = {"apk": apk.fault, "dpkg": dpkg.fault, "rpm": rpm.fault}


def compare(kind: Kind, a: str, b: str, *, epoch: bool = True) -> int:
    """-1, 0 or 1: `a` is older than `b`, the same, or newer; with `epoch=False` as if neither had an epoch.

    As the tool of the kind says, also of what it refuses to build (see `fault`). Where the tool gives no answer at all
    the order is a fixed one all the same; an empty version is older than all others.
    """
    if a == b:  # as candidate and installed version mostly are
        return 0
    order = _ORDERS[kind]
    first, second = order(a, epoch=epoch), order(b, epoch=epoch)
    return (first > second) - (first < second)


def key(kind: Kind, version: str, *, epoch: bool = True) -> str | None:
    """Printable ASCII whose binary order is the order of versions; None where there is none: then compare pairs.

    There is none for an empty version and for characters that no version of dpkg may have. A key does not make a
    version valid: see `fault`. With `epoch=False` it is the key of the version without its epoch, which compares with
    its like only.
    """
    text = _ORDERS[kind](version, epoch=epoch)
    return text if text and text.isascii() and text.isprintable() else None


def fault(kind: Kind, version: str) -> str:
    """Why this is no version of the kind; empty when it is one. Reasons say nothing of what stands in the version."""
    return _FAULTS[kind](version)
