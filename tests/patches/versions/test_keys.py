"""What holds for the order of every kind, whatever a version looks like."""

from __future__ import annotations

import time

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.patches.statement import Kind
from secops.patches.versions import compare, fault, key
from tests.patches.versions import generate

_KINDS: tuple[Kind, ...] = ("dpkg", "rpm", "apk")
_MAKERS = {"dpkg": generate.dpkg, "rpm": generate.rpm, "apk": generate.apk}

kinds = st.sampled_from(_KINDS)
#: From near versions, so that there are equal ones and beginnings of others, to all that Python takes for text.
texts = st.one_of(
    st.text("0019.~^-ar_:", max_size=9),
    st.lists(st.sampled_from(["1", "0", "00", "10", ".", "~", "^", "-", "_p", "_rc", "-r", "a", ":", "+"])).map(
        "".join
    ),
    st.text(st.characters(exclude_categories=())),
)


@given(kinds, texts, texts, st.booleans())
def test_keys_are_in_the_order_of_versions(kind: Kind, a: str, b: str, epoch: bool) -> None:
    one, two = key(kind, a, epoch=epoch), key(kind, b, epoch=epoch)
    assert all(text.isascii() and text.isprintable() for text in (one, two) if text is not None)
    if one is not None and two is not None:
        assert (one > two) - (one < two) == compare(kind, a, b, epoch=epoch)
    assert compare(kind, a, b) == -compare(kind, b, a)
    assert compare(kind, a, a) == 0


@given(kinds, st.lists(texts, min_size=3, max_size=3))
def test_the_order_is_total(kind: Kind, versions: list[str]) -> None:
    low, middle, high = sorted(versions, key=lambda version: sum(compare(kind, version, other) for other in versions))
    assert compare(kind, low, middle) <= 0
    assert compare(kind, middle, high) <= 0
    assert compare(kind, low, high) <= 0


@given(kinds, texts)
def test_what_has_no_fault_has_keys(kind: Kind, version: str) -> None:
    if not fault(kind, version):
        assert key(kind, version)
        assert key(kind, version, epoch=False)


@pytest.mark.parametrize("kind", _KINDS)
def test_duckdb_sorts_by_keys(kind: Kind) -> None:
    versions = [version for pair in generate.pairs(_MAKERS[kind], "0.~-a", 1000, seed=5) for version in pair]
    keys = [text for version in versions if (text := key(kind, version))]
    query = "with k as (select unnest(?::varchar[]) k) select count(*), count(distinct k), list(k order by k) from k"
    with duckdb.connect() as con:
        count, distinct, ordered = con.execute(query, [keys]).fetchall()[0]
    assert (count, distinct, ordered) == (len(keys), len(set(keys)), sorted(keys))


@pytest.mark.parametrize("kind", ["dpkg", "rpm"])
@pytest.mark.parametrize(("with_epoch", "without"), [("5:1.2-3", "1.2-3"), ("0:1.2-3", "1.2-3"), ("01:1.2", "1.2")])
def test_epochs_are_left_out_when_asked(kind: Kind, with_epoch: str, without: str) -> None:
    assert key(kind, with_epoch, epoch=False) == key(kind, without, epoch=False)
    assert compare(kind, with_epoch, without, epoch=False) == 0
    assert compare(kind, with_epoch, without) == (with_epoch[0] == "5" or with_epoch.startswith("01"))


@pytest.mark.parametrize("kind", ["dpkg", "rpm"])
def test_numbers_have_no_limit(kind: Kind) -> None:
    numbers = ["9", "10", "9" * 9, "1" + "0" * 9, "9" * 99, "1" + "0" * 99, "9" * 999, "1" + "0" * 999]
    keys = [key(kind, f"1.{number}") or "" for number in numbers]
    assert keys == sorted(set(keys))
    assert compare(kind, "1." + "0" * 1000 + "9", "1.9") == 0


_SIZE = 40_000
_SHAPES = (
    "0", "9", "-", "~", ":", ".", "a", "1a", "1.", ".0", ".00", "1_p", "_rc", "-r1", "\t", " ", "é", "\0", "\ud800",
)  # fmt: skip


@pytest.mark.parametrize("kind", _KINDS)
def test_time_is_linear_in_the_version(kind: Kind) -> None:
    """Were it not, one of these would take far longer."""
    for shape in _SHAPES:
        for version in (shape * (_SIZE // len(shape)) + end for end in ("", ":", "!")):
            start = time.process_time()
            fault(kind, version)
            compare(kind, version, "1")
            fault(kind, "1" + version)
            key(kind, "1" + version)
            assert time.process_time() - start < 2
