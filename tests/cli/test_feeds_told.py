"""What `citywall patches` tells of feeds, word by word."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from secops.cli import _feeds, _flaws
from secops.core.i18n import speaking
from secops.patches.shelf import Feed, Release, Shelf


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("t.csv: line 8", "t.csv: 第 8 行"),
        ("t.csv: line 8: vim 1-1", "t.csv: 第 8 行: vim 1-1"),
        ("a.json: entry 3: package 12", "a.json: 第 3 条记录: 第 12 个软件包"),
        ("line 8.csv: a line 8: is cut off", "line 8.csv: a line 8: is cut off"),
    ],
)
def test_lines_and_entries_are_named_in_the_readers_language_and_names_of_documents_are_not(
    where: str, told: str
) -> None:
    with speaking("zh"):
        assert _feeds._place(where) == told


FEED = Feed(
    name="a", format="osv", source="/a", digest="", as_of=date(2026, 1, 1), imported_at="",
    releases=[Release("debian", str(at), 1, 1) for at in range(9, 13)],
)  # fmt: skip


def test_lists_are_joined_as_the_language_does_it() -> None:
    with speaking("zh"):
        assert _flaws._some(["a", "b"]) == "a、b"
        assert _flaws._some(["a", "b", "c", "d"]) == "a、b、c、…"
        assert _feeds._line(FEED)[-1] == "debian 9、debian 10、debian 11、…"


def test_the_day_of_a_feed_and_the_system_of_an_upgrade_are_words_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One word for both reads wrong in Chinese."""
    shelf = Shelf(tmp_path)
    monkeypatch.setattr(shelf, "feeds", lambda: [FEED])
    with speaking("zh"):
        _feeds.show_feeds(shelf, "text")
        assert _flaws._text("upgrade", [])[0][2] == "系统"
    assert "数据日期" in capsys.readouterr().out.split("\n")[0]
