"""Portions: in order, each word once, also when portions come back and when a run goes on where another stopped."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from secops.passwords.candidates import Slice
from secops.passwords.portions import Feed


def slices(*sizes: int) -> Iterator[Slice]:
    number = 0
    for place, size in enumerate(sizes):
        yield Slice(f"g{place}", 1 / (place + 2), [f"w{number + n}" for n in range(size)])
        number += size


def drained(feed: Feed, most: int = 7) -> list[str]:
    words = []
    while feed.chance:
        portion = feed.take(most)
        assert len(portion.words) == len(portion.groups) <= most
        words += [word.decode() for word in portion.words]
        feed.settle(portion)
    return words


@given(st.lists(st.integers(1, 20), max_size=6), st.integers(1, 30), st.integers(0, 60))
def test_every_word_in_order_from_where_it_goes_on(sizes: list[int], most: int, skip: int) -> None:
    whole = [word for part in slices(*sizes) for word in part.words]
    feed = Feed(lambda: slices(*sizes), skip)
    assert drained(feed, most) == whole[skip:]
    assert feed.exhausted


def test_groups_are_told_of_each_word() -> None:
    portion = Feed(lambda: slices(2, 2)).take(3)
    assert portion.groups == ["g0", "g0", "g1"]


def test_what_is_done_stops_at_the_first_gap() -> None:
    feed = Feed(lambda: slices(10))
    first, second = feed.take(4), feed.take(4)
    feed.settle(second)
    assert feed.done == 0
    feed.put_back(first)
    assert feed.done == 0
    assert not feed.exhausted
    again = feed.take(1)
    assert again.words == first.words
    feed.settle(again)
    assert feed.done == 8


def test_nothing_is_made_before_it_is_asked_for() -> None:
    made = []

    def make() -> Iterator[Slice]:
        made.append(1)
        return slices(3)

    feed = Feed(make)
    assert feed.chance == 1.0
    assert not feed.exhausted
    assert not made
    feed.take(1)
    assert made == [1]
