"""Times of logs: years that are not written, zones, and what is no time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.usage.clock import DAY, moment, offset

CHINA = timezone(timedelta(hours=8))
LATEST = int(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp())


def said(text: str, zone: timezone = UTC, latest: int = LATEST) -> str | None:
    time = moment(text, latest, zone)
    return None if time is None else f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mar  1 10:00:00", "2026-03-01 10:00:00"),
        ("Mar  2 12:00:00", "2026-03-02 12:00:00"),
        ("Mar  2 12:00:01", "2025-03-02 12:00:01"),  # not after the end of the log
        ("Dec 31 23:59:59", "2025-12-31 23:59:59"),
        ("Feb 29 08:00:00", "2024-02-29 08:00:00"),  # the last year that has one
        ("Nov 30 17:46:06 2024", "2024-11-30 17:46:06"),
        ("2026-03-01T10:00:00+08:00", "2026-03-01 02:00:00"),
        ("2026-03-01T10:00:00.123456+00:00", "2026-03-01 10:00:00"),
        ("2026-03-01T10:00:00+0800", "2026-03-01 02:00:00"),
        ("2026-03-01T10:00:00Z", "2026-03-01 10:00:00"),
        ("2026-03-03T10:00:00Z", None),
        ("Nov 30 17:46:06 2027", None),
        ("Feb 30 10:00:00", None),
        ("Abc  1 10:00:00", None),
        ("Mar  1 25:00:00", None),
        ("1969-03-01T10:00:00Z", None),
        ("", None),
    ],
)
def test_a_time_is_read(text: str, expected: str | None) -> None:
    assert said(text) == expected


def test_a_time_without_zone_is_the_hosts() -> None:
    assert said("Mar  1 10:00:00", CHINA) == "2026-03-01 02:00:00"
    assert said("Jan  1 02:00:00", CHINA) == "2025-12-31 18:00:00"
    assert said("2026-03-01T10:00:00", CHINA) == "2026-03-01 02:00:00"


def test_zones() -> None:
    assert [offset(text) for text in ("+0800", "-0330", "+0000")] == [
        CHINA, timezone(-timedelta(hours=3, minutes=30)), UTC
    ]  # fmt: skip
    assert {offset(text) for text in ("", "+9900", "+0099", "CST", "+08:00")} == {UTC}


@given(st.text(max_size=40), st.integers(0, 10**12))
def test_any_text_is_read_without_raising(text: str, latest: int) -> None:
    time = moment(text, latest, UTC)
    assert time is None or 0 < time <= latest


@given(st.datetimes(datetime(2019, 1, 1), datetime(2026, 3, 1)), st.integers(0, 300))
def test_a_time_without_a_year_is_the_right_one_within_a_year(then: datetime, later: int) -> None:
    time = int(then.replace(tzinfo=UTC, microsecond=0).timestamp())
    assert moment(f"{then:%b} {then.day:2} {then:%H:%M:%S}", time + later * DAY, UTC) == time
