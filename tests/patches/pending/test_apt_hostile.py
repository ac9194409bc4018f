"""Whatever a host sends, it is read or told, and in time that grows as the input does."""

from __future__ import annotations

import time
import timeit
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.apt.conf import ConfError, Settings, read_conf
from secops.hosts.apt.indexes import read_indexes
from secops.hosts.apt.preferences import PinError, pins
from secops.hosts.evidence import Item
from secops.hosts.tables import Built, Facts, pending_updates, update_state
from secops.patches.pending import pending
from secops.patches.pending.apt import updates
from secops.patches.pending.apt_state import state
from tests.hosts.evidence_kit import evidence
from tests.patches.pending.apt_kit import tables_of

STATUS = """\
Package: a
Status: install ok installed
Version: 1
Architecture: amd64

Package: b
Status: hold ok installed
Version: 2
Architecture: all
"""
WORDS = st.sampled_from(
    [
        "list",
        "p",
        "odd",
        "broken",
        "release",
        "h",
        "i",
        "unread",
        "end",
        "a",
        "b",
        "1",
        "2.0",
        "amd64",
        "",
        "Origin",
        "Suite",
        "Date",
        "deb.example.org_dists_s_Release",
        "deb.example.org_dists_s_m_binary-amd64_Packages",
        "m/binary-amd64/",
        "-",
        "99999999999999999999",
        "Sat, 99 Feb 99999 11:27:00 UTC",
        "s (",
        "\x00",
        "é",
    ]
)
RECORDS = st.lists(st.lists(WORDS, max_size=7).map("\t".join), max_size=12).map("\n".join)
PINS = st.lists(
    st.sampled_from(
        [
            "Package: a",
            "Package: *",
            "Package: src:a b:any /x/",
            "Pin: version 1*",
            "Pin: release a=s,n=*[,v=",
            "Pin: origin",
            "Pin: release",
            "Pin-Priority: -1",
            "Pin-Priority: 9",
            "Pin-Priority: never",
            "",
            " more",
            "#",
            ":",
            "Pin: release \\",
            "Package: [ ?:",
        ]
    ),
    max_size=12,
).map("\n".join)
SOURCE = "deb http://deb.example.org s m\n"


def seen(indexes: str, preferences: str = "", sources: str = SOURCE, conf: str = "", history: str = "") -> tuple:
    found = evidence(
        dpkg_status={"/var/lib/dpkg/status": STATUS},
        apt_indexes=indexes,
        apt_preferences={"/etc/apt/preferences": preferences},
        apt_sources={"/etc/apt/sources.list": sources},
        apt_conf=conf,
        apt_history=history,
    )
    return found, tables_of(found)


def asked(*what: str) -> dict[str, Facts]:
    """The tables; what raises fails the test, since `pending` would only tell of it."""
    found, tables = seen(*what)
    for add, table in ((updates, pending_updates.TABLE), (state, update_state.TABLE)):
        built = Built()
        add(found, tables, built)
        assert all(set(row) <= {column.name for column in table.columns} for row in built.rows)
    return pending(found, tables)


@given(RECORDS, PINS, st.text(max_size=40), st.text(max_size=40))
def test_whatever_is_sent_it_is_read_or_told(records: str, preferences: str, conf: str, history: str) -> None:
    asked(records, preferences, SOURCE, conf, history)


@given(st.text(max_size=80), st.text(max_size=80))
def test_text_of_any_kind_is_read_or_told(text: str, other: str) -> None:
    asked(text, other, text, f'APT::Default-Release "{other}";', f"upgrade\t{text}\t{other}")


@given(st.text(max_size=200))
def test_a_file_of_preferences_is_read_or_refused(text: str) -> None:
    try:
        found = list(pins(Item("/etc/apt/preferences", text.encode("utf-8", "replace"))))
    except PinError:
        return
    assert all(-32768 <= pin.priority <= 32767 and pin.priority for pin in found)


LARGE: dict[str, Callable[[int], tuple[str, ...]]] = {
    "pins of names": lambda n: ("end", "\n\n".join(f"Package: a\nPin: version {k}\nPin-Priority: 1" for k in range(n))),
    "names of a pin": lambda n: ("end", "Package: " + "a " * n + "\nPin: version 9\nPin-Priority: 1"),
    "pins of all": lambda n: ("end", "\n\n".join(f"Package: *\nPin: release a={k}\nPin-Priority: 1" for k in range(n))),
    "versions": lambda n: (
        "list\t1\tdeb.example.org_dists_s_m_binary-amd64_Packages\n"
        + "".join(f"p\ta\t{k}\tamd64\t\t\n" for k in range(n))
        + "end",
    ),
    "lists": lambda n: ("".join(f"list\t1\tx{k}_Packages\n" for k in range(n)) + "end",),
    "sources": lambda n: ("end", "", "".join(f"deb http://x{k}/ s m\n" for k in range(n))),
    "components": lambda n: ("end", "", "deb http://x/ s m\n" * n),
    "brackets": lambda n: ("end", "", "deb " + "[" * n + "#" * n),
    "settings": lambda n: ("end", "", SOURCE, "".join(f'A{k} "x";\n' for k in range(n))),
}


@pytest.mark.parametrize("kind", LARGE)
def test_time_grows_as_the_input_does(kind: str) -> None:
    small, large = (_seconds(LARGE[kind](count)) for count in (2_000, 16_000))
    assert large < 0.1 + 8 * 3 * small


def test_a_file_of_many_settings_is_refused_soon() -> None:
    start, settings = time.process_time(), Settings()
    with pytest.raises(ConfError, match="more than 5000 settings"):
        read_conf(settings, "".join(f'A{number} "x";\n#clear B{number};\n' for number in range(40_000)))
    read_conf(Settings(), "/* */" * 200_000 + '"' * 200_000 + "//" * 200_000)
    assert time.process_time() - start < 10


def _seconds(what: tuple[str, ...]) -> float:
    """The least of three runs, without the collection of what other tests left in memory."""
    found, tables = seen(*what)
    return min(timeit.repeat(lambda: pending(found, tables), timer=time.process_time, repeat=3, number=1))


def test_records_of_no_list_are_told() -> None:
    assert not read_indexes(["p\ta\t1\tamd64\t\t", "end"]).whole
    assert not read_indexes(["list\t1\tx_Packages"]).whole
    assert read_indexes(["list\t1\tx_Packages", "p\ta\t1\tamd64\t\t", "end"]).whole
