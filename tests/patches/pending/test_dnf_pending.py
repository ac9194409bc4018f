"""Pending updates of rpm's packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patches.pending.apt_kit import reasons
from tests.patches.pending.dnf_kit import DnfRoot, Repo, Rpm, candidates


@pytest.fixture
def root(tmp_path: Path) -> DnfRoot:
    return DnfRoot(tmp_path / "root")


@pytest.mark.parametrize("packing", ["", ".gz", ".xz", ".zst"])
def test_a_newer_version_is_pending(root: DnfRoot, packing: str) -> None:
    root.install(Rpm("tool", "1.0"), Rpm("other", "1.0"))
    root.keep(Repo("base", [Rpm("tool", "1.1"), Rpm("other", "1.0"), Rpm("third", "9")], packing=packing))
    updates, _ = root.pending()
    assert reasons(updates) == []
    assert candidates(updates.rows) == {("tool", "x86_64"): "1.1-1"}
