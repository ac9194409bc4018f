"""A step that works with values of people: what goes wrong in it tells nothing of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from secops.core.errors import CitywallError

T = TypeVar("T")


def guarded(step: Callable[[], T], what: str) -> T:
    """The step's result. An error of ours passes; any other becomes `what`, with its kind in place of `{kind}`."""
    try:
        return step()
    except CitywallError:
        raise
    except Exception as error:
        kind = type(error).__name__
    # raised here and not above: an exception keeps the one it was raised in, with all that it holds
    raise CitywallError(what.format(kind=kind))
