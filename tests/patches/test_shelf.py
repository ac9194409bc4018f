"""The shelf of feeds: what is on it is whole, and who reads it is not disturbed."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from secops.core.errors import CitywallError, UsageError
from secops.patches.importing import import_feeds
from secops.patches.shelf import CATALOGUE, FLAWS, STATEMENTS, Shelf
from tests.patches.feed_kit import epss, kev


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    shelf = Shelf(tmp_path / "feeds")
    import_feeds(shelf, [kev(tmp_path / "kev", "CVE-2026-1001"), epss(tmp_path / "epss", {"CVE-2026-1001": 0.5})])
    return shelf


def test_a_shelf_that_was_never_used_is_empty(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "none")
    with shelf.reading():
        assert shelf.feeds() == []
    assert not shelf.folder.exists()


def test_a_feed_that_is_removed_takes_its_files_along(shelf: Shelf) -> None:
    with shelf.changing():
        shelf.remove(["kev"])
    (left,) = shelf.feeds()
    assert left.name == "epss"
    assert {path.name.split(".")[0] for path in shelf.folder.iterdir()} == {"catalogue", left.stem}


def test_of_feeds_to_remove_one_that_is_not_there_keeps_all(shelf: Shelf) -> None:
    before = shelf.feeds()
    with pytest.raises(UsageError, match="there is no such feed"), shelf.changing():
        shelf.remove(["kev", "nvd"])
    assert shelf.feeds() == before
    assert len(shelf.files(before)) == 2


@pytest.mark.parametrize("content", ["", "[{]", "{}", '[{"name": 1}]', "null"])
def test_a_damaged_catalogue_is_told_and_its_files_stay(shelf: Shelf, content: str) -> None:
    before = sorted(shelf.folder.iterdir())
    (shelf.folder / CATALOGUE).write_text(content)
    with pytest.raises(CitywallError, match="the catalogue of feeds is damaged") as error:
        shelf.feeds()
    assert error.value.exit_code == 5
    with pytest.raises(CitywallError), shelf.changing():
        shelf.remove(["kev"])
    assert sorted(shelf.folder.iterdir()) == before


@pytest.mark.parametrize("kind", [STATEMENTS, FLAWS])
@pytest.mark.parametrize("left", [None, 0, 100])
def test_a_file_that_is_missing_or_cut_off_is_told(shelf: Shelf, kind: str, left: int | None) -> None:
    feeds = shelf.feeds()
    path = shelf.path(feeds[0], kind)
    if left is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(CitywallError, match="the file of a feed is missing or damaged") as error:
        shelf.files(feeds)
    assert error.value.where == str(path)
    assert "feeds remove epss" in error.value.hint


def test_who_changes_the_shelf_waits_for_those_who_read_it(shelf: Shelf, tmp_path: Path) -> None:
    other = kev(tmp_path / "kev", "CVE-2026-1002")
    writer = threading.Thread(target=import_feeds, args=(shelf, [other]))
    with shelf.reading(), shelf.reading():  # readers do not wait for each other
        feeds = shelf.feeds()
        writer.start()
        writer.join(0.3)
        assert writer.is_alive()
        assert shelf.feeds() == feeds
        shelf.files(feeds)
    writer.join(30)
    assert [feed.stem for feed in shelf.feeds()] != [feed.stem for feed in feeds]
    assert len(list(shelf.folder.iterdir())) == 1 + 3 * 2
