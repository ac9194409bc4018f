"""Fixtures of the carriers' tests."""

from pathlib import Path

import pytest

from tests.hosts.carriers.kit import Wire
from tests.testroot import TestHost


@pytest.fixture
def wire(test_host: TestHost, tmp_path: Path) -> Wire:
    """A way to log in as `ops` on a running test host."""
    return Wire.lay(test_host, tmp_path)
