"""Evidence of dnf and apk that a hostile host, or a broken one, may send: never an error, and time in line with it."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.hosts.dnf.image import indexes
from secops.hosts.dnf.index_section import INDEXES
from secops.hosts.dnf.records import read_indexes
from secops.hosts.evidence import Evidence, Status
from secops.hosts.image import Image
from secops.hosts.tables import Built, Facts, pending_updates, update_state
from secops.patches.pending import apk, pending, rpm
from tests.hosts.evidence_kit import evidence
from tests.patches.pending.apt_kit import reasons, tables_of
from tests.patches.pending.dnf_kit import DnfRoot, Repo, Rpm

FOLDER = "repo\t1700000000\t/var/cache/dnf/base-0123456789abcdef/repodata\n"
QUERY = "a\t\t1\t1\tx86_64\ts-1-1.src.rpm\t\t1700000000\tV\nb\t1\t1\t1\tnoarch\ts-1-1.src.rpm\t\t1\tV\n"
REPO = "[base]\nbaseurl=?\n"


def seen(
    records: str, repos: str = REPO, conf: str = "", locks: str = "", query: str = QUERY, modules: str = ""
) -> tuple[Evidence, dict[str, Facts]]:
    found = evidence(
        rpm_query=query,
        dnf_indexes=records,
        dnf_repos={"/etc/yum.repos.d/base.repo": repos},
        dnf_conf={"/etc/dnf/dnf.conf": conf},
        dnf_locks={"/etc/dnf/plugins/versionlock.list": locks, "/etc/zypp/locks": locks},
        dnf_modules={"/etc/dnf/modules.d/m.module": modules},
        dnf_automatic={"/etc/dnf/automatic.conf": conf},
        dnf_history=records,
        dnf_vars={"/etc/dnf/vars/stream": conf},
        apk_installed={"/lib/apk/db/installed": "P:a\nV:1-r0\n\n"},
        apk_indexes=records,
        apk_repositories={"/etc/apk/repositories": repos},
        apk_world=locks,
    )
    return found, tables_of(found)


def asked(*what: str) -> dict[str, Facts]:
    """The tables; what raises fails the test, since `pending` would only tell of it."""
    found, tables = seen(*what)
    names = {column.name for column in pending_updates.TABLE.columns}, {one.name for one in update_state.TABLE.columns}
    for manager in (rpm.MANAGER, apk.MANAGER):
        for add, columns in zip((manager.updates, manager.state), names, strict=True):
            built = Built()
            add(found, tables, built)
            assert all(set(row) <= columns for row in built.rows)
    return pending(found, tables)


WORDS = st.sampled_from([
    "repo", "p", "u", "k", "m", "a", "d", "data", "odd", "broken", "unread", "index", "made", "end", "b", "1", "0:",
    ":1", "-1", "security", "primary", "x86_64", "noarch", "a-0:1-1.x86_64", "é", "\x00", "-", ".", "9" * 20,
    "/var/cache/dnf/base-0123456789abcdef/repodata",
])  # fmt: skip
RECORDS = st.lists(st.lists(WORDS, max_size=8).map("\t".join), max_size=12).map(
    lambda lines: "\n".join([FOLDER, *lines])
)
LINES = st.lists(
    st.sampled_from([
        "[main]", "[base]", "[m]", "[", "exclude=a*", "excludepkgs = a-1 [ *.x", " ?", "includepkgs=b", "priority=x",
        "priority=-5", "enabled=0", "enabled=1", "plugins=?", "stream=1", "state=enabled", "baseurl=https://$x/${y",
        "baseurl=file:///", "metalink=$releasever", "disable_excludes=base", "apply_updates=1", "=", "!", "!a-9:1-1.*",
        "type: package", "solvable_name: *", "a@t<1", "@t x", "a=~", "a" * 3000, "\x00", "é",
    ]),
    max_size=10,
).map("\n".join)  # fmt: skip


@given(RECORDS, LINES, LINES, LINES, LINES)
@settings(max_examples=150, deadline=None)
def test_whatever_is_sent_it_is_read_or_told(records: str, repos: str, conf: str, locks: str, modules: str) -> None:
    asked(records, repos, conf, locks, QUERY, modules)


@given(st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=80, deadline=None)
def test_text_of_any_kind_is_read_or_told(text: str, other: str) -> None:
    asked(text, other, f"[main]\nexclude={text}", other, QUERY, text)


def test_records_that_stop_are_told() -> None:
    whole = "data\tprimary\t1\tx\np\ta\t0\t2\t1\tx86_64\t\tV\nend\n"
    assert not any("dnf" in one for one in reasons(asked(FOLDER + whole)["pending_updates"]))
    assert "the indexes of dnf were not read to their end" in reasons(asked(FOLDER + whole[:-4])["pending_updates"])
    assert not read_indexes(["x", "end"]).whole


P = "p\ta\t0\t{}\t1\tx86_64\t\tV\n"
LARGE: dict[str, Callable[[int], tuple[str, ...]]] = {
    "versions": lambda n: (FOLDER + "".join(P.format(k) for k in range(n)) + "end",),
    "installed": lambda n: (FOLDER + "".join(P.format(k) for k in range(n)) + "end", REPO, "", "",
                            "".join(f"a\t\t{k}\t1\tx86_64\t\t\t1\tV\n" for k in range(n))),
    "folders": lambda n: (FOLDER * n + "end", "".join(f"[r{k}]\nbaseurl=?\n" for k in range(n))),
    "advisories": lambda n: (FOLDER + P.format(n + 1) + "".join(
        f"u\tsecurity\tLow\tS-{k}\nk\ta\t0\t{k}\t1\tx86_64\n" for k in range(n)) + "end",),
    "streams": lambda n: (FOLDER + "".join(P.format(k) + f"m\tm\t{k}\t1\tc\tx\na\ta-0:{k}-1.x86_64\n"
                                           for k in range(n)) + "end",),
    "continued": lambda n: ("end", "[base]\nexclude=a\n" + " ?\n" * n),
    "locks": lambda n: (FOLDER + P.format(2) + "end", REPO, "", "".join(f"a-0:{k}-1.*\n" for k in range(n))),
    "repositories of apk": lambda n: ("end", "".join(f"http://x/{k}\n" for k in range(n))),
    "one pattern": lambda n: (FOLDER + P.format(2) + "end", REPO, "[main]\nexclude=" + "a-" * n + " " + "*a" * n),
}  # fmt: skip


@pytest.mark.parametrize("kind", LARGE)
def test_time_grows_as_the_input_does(kind: str) -> None:
    small, large = (_seconds(LARGE[kind](count)) for count in (1_000, 8_000))
    assert large < 0.3 + 8 * 4 * small


def _seconds(what: tuple[str, ...]) -> float:
    found, tables = seen(*what)
    start = time.process_time()
    pending(found, tables)
    return time.process_time() - start


def test_too_many_patterns_are_refused() -> None:
    records = FOLDER + "".join(P.format(k) for k in range(9_000)) + "end"
    said = reasons(asked(records, REPO, "[main]\nexclude=" + "abc " * 9_000)["pending_updates"])
    assert "the settings of dnf cannot be worked out: too many patterns for so many packages" in said


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> DnfRoot:
    root = DnfRoot(tmp_path_factory.mktemp("hostile") / "root")
    root.install(Rpm("a", "1"))
    root.keep(Repo("base", [Rpm("a", "2")], packing=""))
    return root


def _primary(root: DnfRoot) -> Path:
    return next(path for path in root.path.glob("var/cache/dnf/base-*/repodata/*") if "-primary" in path.name)


PIECES = st.lists(st.one_of(st.binary(max_size=20), st.sampled_from([
    b"<package>", b"</package>", b"<name>a", b"<name>a</name>", b"<arch>x</arch>", b'<version ver="1" rel="2"/>',
    b"</metadata>", b"<!", b"</data>", b'<data type="modules">', b'<location href="x"/>', b"</repomd>", b"\n---",
])), max_size=12).map(b"".join)  # fmt: skip


@given(PIECES, st.booleans())
@settings(max_examples=100, deadline=None)
def test_any_file_of_an_image_is_read_or_told(kept: DnfRoot, content: bytes, listed: bool) -> None:
    path = _primary(kept).with_name("repomd.xml") if listed else _primary(kept)
    before = path.read_bytes()
    path.write_bytes(content)
    image = Image(str(kept.path))
    try:
        item = indexes(image, INDEXES)
    finally:
        image.close()
        path.write_bytes(before)
    assert item.status is Status.OK
    assert item.data.endswith(b"end\n")
    assert all(line.count(b"\t") < 9 for line in item.data.split(b"\n"))


def test_a_bomb_is_not_unpacked_to_its_end(tmp_path: Path) -> None:
    root = DnfRoot(tmp_path / "root")
    root.install(Rpm("a", "1"))
    root.keep(Repo("base", [Rpm("a", "2")]))
    _primary(root).write_bytes(gzip.compress(b" " * (40 << 20)))
    started = time.process_time()
    assert "the index of the repository base: a file of it is not there, or cannot be read to its end" in reasons(
        root.pending()[0]
    )
    assert time.process_time() - started < 3
