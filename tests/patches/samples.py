"""Samples of real feeds. They lie beside the checkout, in `shared/data/feeds`, and are no part of the project."""

from pathlib import Path

import pytest

_FOLDER = Path(__file__).parents[3] / "shared" / "data" / "feeds"


def sample(name: str) -> Path:
    """A sample; the test is skipped where it is absent."""
    path = _FOLDER / name
    if not path.is_file():
        pytest.skip("no samples of real feeds beside the checkout")
    return path
