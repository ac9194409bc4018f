from __future__ import annotations

import shutil
from copy import copy
from pathlib import Path

import pytest

from privacy.release.exchange import Exchange
from tests.privacy.release.kit import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path).ready()


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One release has left."""
    world = World(tmp_path_factory.mktemp("once")).ready()
    world.leave()
    return world


@pytest.fixture
def released(once: World, tmp_path: Path) -> World:
    """The same, to be changed."""
    world = copy(once)
    shutil.copytree(once.exchange.folder, tmp_path / "exchange")
    world.exchange = Exchange(tmp_path / "exchange", once.exchange.about, once.clock)
    return world
