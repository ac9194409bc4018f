from __future__ import annotations

from pathlib import Path

import pytest

from tests.privacy.parties.kit import Commission


@pytest.fixture
def commission(tmp_path: Path) -> Commission:
    return Commission(tmp_path / "rosters")
