"""Real documents of feeds, which are not part of the project: they lie beside the checkout where it is worked on."""

from __future__ import annotations

from pathlib import Path

import pytest

_FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "feeds"


def sample(name: str) -> Path:
    """A real document; the test is skipped where it is not at hand."""
    path = _FOLDER / name
    if not path.is_file():
        pytest.skip("no real feeds beside this checkout")
    return path
