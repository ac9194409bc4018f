"""scikit-learn, where it is installed: labs take data and a published split from it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from secops.core.errors import UsageError
from secops.core.i18n import _


def sklearn(part: str) -> Any:
    """A module of scikit-learn. Raises `UsageError` where it is not installed."""
    try:
        return import_module(f"sklearn.{part}")
    except ImportError:
        hint = _("Install it beside Citywall: pip install 'citywall[federated]'")
        raise UsageError(_("this lab needs scikit-learn"), hint=hint) from None
