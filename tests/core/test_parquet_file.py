"""Parquet files, and what DuckDB says of a full disk."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import duckdb
import pytest

from secops.core.parquet_file import copy_to, full_disk_told, has_end, quoted

#: More than there is memory for, so that some of it is set aside on disk.
_SORTED = "create temp table t as select i, md5(i::varchar) as m from range(600000) r(i) order by m"


def test_a_file_has_its_end_only_when_it_was_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "it's.parquet"
    copy_to(duckdb.connect(), "select 1 as a", path)
    assert duckdb.sql(f"from {quoted(path)}").fetchall() == [(1,)]
    assert has_end(path)
    path.write_bytes(path.read_bytes()[:-1])
    assert not has_end(path)
    assert not has_end(tmp_path / "none")


@pytest.mark.parametrize(("room", "full"), [("200MB", False), ("1MB", True)])
def test_no_room_for_what_is_set_aside_is_a_full_disk(tmp_path: Path, room: str, full: bool) -> None:
    con = duckdb.connect(config={"memory_limit": "25MB", "threads": 1, "temp_directory": str(tmp_path)})
    con.execute(f"set max_temp_directory_size = '{room}'")
    told: Any = pytest.raises(OSError, match=r"^feeds: No space left on device$") if full else nullcontext()
    with told, full_disk_told(Path("/x/feeds")):
        con.execute(_SORTED)


def test_other_faults_stay_what_they_are() -> None:
    with pytest.raises(duckdb.ParserException), full_disk_told(Path("x")):
        duckdb.connect().execute("select from")
