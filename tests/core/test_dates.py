"""Days as exports write them; what only looks like one is none."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.core.dates import Days, fault_of

DAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01", "2026/3/1", "2026.3.1", "2026年3月1日", "20260301", "2026-03-01 08:00", "2026-03-01T08:00:00Z",
        "2026-03-01 08:00:00.123", "2026年3月1日 8时5分", "2026-3-1 8:5", "20260301080000",
    ],
)  # fmt: skip
def test_usual_forms(text: str) -> None:
    assert Days().read(text) == DAY


@pytest.mark.parametrize(
    "text",
    ["", "2026", "2026-03", "26-03-01", "2026-02-29", "2026-13-01", "2026-03/01", "01/03/2026", "46082", "2026-03-01x",
     "2026030", "1772323200", "٢٠٢٦-٠٣-٠١"],
)  # fmt: skip
def test_what_is_none(text: str) -> None:
    assert Days().read(text) is None


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%d/%m/%Y", "1/3/2026"), ("%d %b %Y %H:%M", "01 Mar 2026 08:00"), ("excel", "46082"), ("excel", "46082.75"),
        ("epoch", "1772323200"), ("epoch_ms", "1772323200000"),
    ],
)  # fmt: skip
def test_forms_that_a_mapping_names(form: str, text: str) -> None:
    assert Days(["%Y|%m|%d", form]).read(text) == DAY


@pytest.mark.parametrize(
    ("form", "fault"),
    [("%Y%m%d", False), ("excel", False), ("%y-%m-%d", False), ("%m-%d", True), ("YYYY", True), ("%", True)],
)
def test_forms_that_cannot_tell_a_day(form: str, fault: bool) -> None:
    assert fault_of(form) is fault


_PIECES = st.sampled_from(
    ["2026", "-", "/", "03", "1", "年", "月", "日", " ", "T", ":", "9" * 30, "nan", "inf", "1e400", "-1"]
)


@given(st.lists(_PIECES, max_size=8).map("".join) | st.text(max_size=20))
def test_no_text_breaks_it(text: str) -> None:
    assert isinstance(Days(["excel", "epoch", "epoch_ms", "%d/%m/%Y"]).read(text), date | None)
