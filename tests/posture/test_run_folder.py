"""The folder of a run in the making: nobody's is removed, one that is held never, whoever begins at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from secops.core.errors import CitywallError
from secops.posture.run_folder import run_folder


def test_what_the_block_has_not_moved_away_is_removed(tmp_path: Path) -> None:
    with run_folder(tmp_path, "1") as partial:
        (partial / "spool").touch()
    with pytest.raises(KeyboardInterrupt), run_folder(tmp_path, "2"):
        raise KeyboardInterrupt
    with run_folder(tmp_path, "3") as partial:
        partial.rename(tmp_path / "3")
    assert [path.name for path in tmp_path.iterdir()] == ["3"]


def test_only_what_nobody_holds_is_swept(tmp_path: Path) -> None:
    (tmp_path / ".0.partial" / "deep").mkdir(parents=True)
    (tmp_path / ".0.partial" / "deep" / "spool").touch()
    (tmp_path / "0.partial").mkdir()  # of no run
    with run_folder(tmp_path, "1") as first, run_folder(tmp_path, "2") as second:
        assert sorted(tmp_path.iterdir()) == [first, second, tmp_path / "0.partial"]


def test_scans_that_begin_at_once_leave_each_other_alone(tmp_path: Path) -> None:
    def begin(number: int) -> bool:
        with run_folder(tmp_path, str(number)) as partial:
            (partial / "spool").touch()
            return (partial / "spool").is_file()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(begin, range(400)))
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_an_error_for_people(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CitywallError, match="cannot be written"), run_folder(tmp_path / "file" / "runs", "1"):
        pass
