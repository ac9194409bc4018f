"""Text from hosts reaches a terminal as text and as nothing else."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.core.inert import printable, readable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("web1 /etc/ssh é 主机 “…” 😀", "web1 /etc/ssh é 主机 “…” 😀"),
        ("a\nb", "a\nb"),
        ("\x1b]0;owned\x07", "\\x1b]0;owned\\x07"),
        ("\x9b2J\x85\x7f\r\t\0", "\\x9b2J\\x85\\x7f\\x0d\\x09\\x00"),
        ("\u202a\u202b\u202c\u202d\u202e", "\\u202a\\u202b\\u202c\\u202d\\u202e"),
        ("\u2066\u2067\u2068\u2069\u200e\u200f\u061c", "\\u2066\\u2067\\u2068\\u2069\\u200e\\u200f\\u061c"),
        ("\u200b\u200c\u200d\u2060\ufeff\xad", "\\u200b\\u200c\\u200d\\u2060\\ufeff\\xad"),
        ("a\u2028b\u2029c\xa0d\u3000e", "a\\u2028b\\u2029c\\xa0d\\u3000e"),
        ("\u3164\u115f\u2800\ufe0f\U000e0100\U000e0041", "\\u3164\\u115f\\u2800\\ufe0f\\U000e0100\\U000e0041"),
        ("\udcff\ue000", "\\udcff\\ue000"),
    ],
)
def test_what_a_terminal_would_obey_or_hide_is_shown(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"a\xff", "a\\xff"),
        (b"a\\xff", "a\\x5cxff"),
        (b"a\\x5cxff", "a\\x5cx5cxff"),
        (b"\\\xff", "\\\\xff"),
        (b"\\x2d \\n \\x5", "\\x2d \\n \\x5"),
        ("é中".encode(), "é中"),
    ],
)
def test_bytes_that_differ_differ_as_text(raw: bytes, text: str) -> None:
    assert readable(raw) == text


@given(st.text())
def test_nothing_but_visible_text_and_newlines_comes_out(text: str) -> None:
    shown = printable(text)
    assert all(char in " \n" or unicodedata.category(char)[0] in "LMNPS" for char in shown)
    assert printable(shown) == shown
