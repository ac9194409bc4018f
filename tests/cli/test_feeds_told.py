"""What `citywall patches` tells of feeds, word by word."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from secops.cli import _feeds, _flaws
from secops.core.render import reasons
from secops.patches.shelf import Feed, Release


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("t.csv: line 8", "t.csv: <line 8>"),
        ("t.csv: line 8: vim 1-1", "t.csv: <line 8>: vim 1-1"),
        ("a.json: entry 3: package 12", "a.json: <entry 3>: <package 12>"),
        ("line 8.csv: a line 8: is cut off", "line 8.csv: a line 8: is cut off"),
    ],
)
def test_lines_and_entries_are_named_in_the_readers_language_and_names_of_documents_are_not(
    monkeypatch: pytest.MonkeyPatch, where: str, told: str
) -> None:
    monkeypatch.setattr(reasons, "_", lambda text: f"<{text}>")
    assert _feeds._place(where) == told


def test_lists_are_joined_as_the_language_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secops.core.i18n._", lambda text: "、" if text == ", " else text)
    assert _flaws._some(["a", "b"]) == "a、b"
    assert _flaws._some(["a", "b", "c", "d"]) == "a、b、c、…"
    releases = [Release("debian", str(at), 1, 1) for at in range(9, 13)]
    feed = Feed(name="a", format="osv", source="/a", digest="", as_of=date(2026, 1, 1), imported_at="",
                releases=releases)  # fmt: skip
    assert _feeds._line(feed)[-1] == "debian 9、debian 10、debian 11、…"


def test_the_day_of_a_feed_and_the_system_of_an_upgrade_are_words_of_their_own() -> None:
    """One word for both reads wrong in Chinese."""
    texts = [Path(str(module.__file__)).read_text("utf-8") for module in (_feeds, _flaws)]
    assert '_("as of")' in texts[0]
    assert '_("system")' in texts[1]
    assert not any('_("of")' in text for text in texts)
