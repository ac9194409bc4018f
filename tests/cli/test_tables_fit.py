"""Tables for people: how room is given to columns."""

from __future__ import annotations

import pytest

from secops.core.columns import cell_len, wrap
from secops.core.rows import _widths


@pytest.mark.parametrize("head", ["步数", "steps", "属于"])
def test_a_short_head_is_not_broken_where_others_need_the_room(head: str) -> None:
    columns = [("账户", "a" * 20), ("成为", "b" * 20), (head, "2"), ("路径", "sudo " * 30)]
    widths = _widths(columns, 74)
    assert widths[2] >= cell_len(head)
    assert wrap(head, widths[2]) == [head]
    assert sum(widths) <= 74


def test_a_long_head_may_be() -> None:
    widths = _widths([("这是一个很长的列标题", "1"), ("x", "y" * 60)], 66)
    assert widths[0] < cell_len("这是一个很长的列标题")
