"""Fixtures for tests that need a host: see `tests/testroot.py`. Where they cannot run they are skipped, and say why."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests import testroot

# tests assert results, not times: a busy machine must not fail them
settings.register_profile("citywall", deadline=None)
settings.load_profile("citywall")


@pytest.fixture(scope="session")
def test_root() -> Path:
    """The cached Debian root; read only, by agreement."""
    if why := testroot.obstacle():
        pytest.skip(f"test root: {why}")
    return testroot.base()


@pytest.fixture
def root_copy(test_root: Path) -> Iterator[Path]:
    """A private copy of the root, not running."""
    with testroot.copy() as root:
        yield root


@pytest.fixture
def test_host(test_root: Path) -> Iterator[testroot.TestHost]:
    """A private copy of the root, running as a host."""
    with testroot.host() as host:
        yield host
