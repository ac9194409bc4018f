"""Roots for apt."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patches.pending.apt_kit import AptRoot


@pytest.fixture
def root(tmp_path: Path) -> AptRoot:
    return AptRoot(tmp_path / "root")
