"""Import of feeds: whole or not at all, and what was not understood can be traced."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from secops.core.errors import CitywallError, UsageError
from secops.patches import importing as importing_module
from secops.patches import parquet, rivals
from secops.patches.feeds.format import FeedError
from secops.patches.importing import import_feeds
from secops.patches.shelf import CATALOGUE, STATEMENTS, Feed, Release, Shelf
from tests.patches.feed_kit import TODAY, archive, days_ago, epss, kev, osv
from tests.patches.feeds.reading import peak

ROOT = Path(__file__).parents[2]
ALMA = "AlmaLinux:9"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "feeds")


def statements(shelf: Shelf, feed: Feed) -> list[tuple[Any, ...]]:
    path = str(shelf.path(feed, STATEMENTS))
    return duckdb.sql(f"select advisory, package, fixed, flaws from '{path}' order by all").fetchall()  # noqa: S608 - a path of ours


def rejects(shelf: Shelf, feed: Feed) -> list[tuple[str, str]]:
    return [(Path(one.where).name, one.reason) for one in shelf.rejects(feed)]


def test_an_import_keeps_what_the_feed_is_and_holds(shelf: Shelf, tmp_path: Path) -> None:
    from hashlib import sha256

    path = archive(tmp_path / "a.zip", [
        osv("ALSA-2026:1", (ALMA, "curl", "7.76.1-29.el9"), (ALMA, "libcurl", "7.76.1-29.el9")),
        osv("ALSA-2026:2", (ALMA, "vim", "2:8.2-3.el9"), flaws=["CVE-2026-1002", "CVE-2026-1003"]),
    ])  # fmt: skip
    (feed,) = import_feeds(shelf, [path], max_age=3)
    assert shelf.feeds() == [feed]
    assert (feed.name, feed.format, feed.source, feed.max_age) == ("osv-almalinux-9", "osv", str(path), 3)
    assert feed.digest == sha256(path.read_bytes()).hexdigest()
    assert feed.as_of == date.fromisoformat(days_ago(1))
    assert (feed.documents, feed.advisories, feed.statements, feed.flaws) == (2, 2, 3, 0)
    assert feed.releases == [Release("almalinux", "9", 3, 0, advisories=2, kinds=["rpm"])]
    assert statements(shelf, feed) == [
        ("ALSA-2026:1", "curl", "7.76.1-29.el9", ["CVE-2026-1001"]),
        ("ALSA-2026:1", "libcurl", "7.76.1-29.el9", ["CVE-2026-1001"]),
        ("ALSA-2026:2", "vim", "2:8.2-3.el9", ["CVE-2026-1002", "CVE-2026-1003"]),
    ]
    assert not feed.rejects


def test_of_lists_of_flaws_it_is_told_which_they_are(shelf: Shelf, tmp_path: Path) -> None:
    feeds = import_feeds(shelf, [kev(tmp_path / "a", "CVE-2026-1001"), epss(tmp_path / "b", {"CVE-2026-1001": 0.5})])
    assert [(feed.name, feed.exploited, feed.scored, feed.flaws) for feed in feeds] == [
        ("kev", True, False, 1), ("epss", False, True, 1),
    ]  # fmt: skip


def test_a_feed_of_the_same_name_is_replaced_with_its_files(shelf: Shelf, tmp_path: Path) -> None:
    path, other = tmp_path / "a.zip", osv("ALSA-2026:3", (ALMA, "vim", "2-1"))
    (old,) = import_feeds(shelf, [archive(path, [osv("ALSA-2026:1", (ALMA, "curl", "1-1")), other])])
    archive(path, [osv("ALSA-2026:2", (ALMA, "vim", "2-1")), other])
    (new,) = import_feeds(shelf, [path])
    assert shelf.feeds() == [new]
    assert [row[1] for row in statements(shelf, new)] == ["vim", "vim"]
    assert {file.name.split(".")[0] for file in shelf.folder.iterdir()} == {"catalogue", new.stem}
    assert old.stem != new.stem


@pytest.mark.parametrize(
    ("ecosystems", "name"),
    [
        (["AlmaLinux:9"], "osv-almalinux-9"),
        (["AlmaLinux:9", "AlmaLinux:8"], "osv-almalinux"),
        (["AlmaLinux:9", "Rocky Linux:9"], "osv-9"),
        (["AlmaLinux:9", "Rocky Linux:8"], "osv"),
    ],
)
def test_a_feed_is_called_by_whom_it_speaks_of(shelf: Shelf, tmp_path: Path, ecosystems: list[str], name: str) -> None:
    entries = [osv(f"A-2026:{n}", (of, "curl", "1-1")) for n, of in enumerate([*ecosystems, ecosystems[0]])]
    (feed,) = import_feeds(shelf, [archive(tmp_path / "a.zip", entries)])
    assert feed.name == name


@pytest.mark.parametrize(
    ("advisory", "name"),
    [("openEuler-SA-2026:1", "openeuler-sa-2026-1"), ("A::1.", "a-1"), ("A-" + "9" * 70, "a-" + "9" * 62)],
)
def test_a_single_advisory_is_a_feed_of_its_name_that_is_not_whole(
    shelf: Shelf, tmp_path: Path, advisory: str, name: str
) -> None:
    (tmp_path / "one.json").write_text(json.dumps(osv(advisory, (ALMA, "curl", "1-1"), flaws=["CVE-2026-1001"])))
    (feed,) = import_feeds(shelf, [tmp_path / "one.json"])
    assert (feed.name, feed.whole, feed.documents) == (name, False, 1)


def test_two_files_of_one_name_are_refused_and_nothing_is_changed(shelf: Shelf, tmp_path: Path) -> None:
    paths = [archive(tmp_path / f"{name}.zip", [osv("A-2026:1", (ALMA, "curl", "1-1")),
                                                osv("A-2026:2", (ALMA, "vim", "1-1"))]) for name in "ab"]  # fmt: skip
    with pytest.raises(UsageError, match="gives the feed osv-almalinux-9, as does"):
        import_feeds(shelf, paths)
    assert shelf.feeds() == []
    assert list(shelf.folder.iterdir()) == []


def test_one_file_that_is_no_feed_leaves_all_as_it_was(shelf: Shelf, tmp_path: Path) -> None:
    (before,) = import_feeds(shelf, [kev(tmp_path / "kev.json", "CVE-2026-1001")])
    bad = tmp_path / "bad"
    for content in ("nothing of ours", "", '{"vulnerabilities": [', "{}"):
        bad.write_text(content)
        with pytest.raises(FeedError) as error:
            import_feeds(shelf, [kev(tmp_path / "kev.json", "CVE-2026-1002"), bad])
        assert error.value.where == str(bad)
    assert shelf.feeds() == [before]
    assert {file.name.split(".")[0] for file in shelf.folder.iterdir()} == {"catalogue", before.stem}


def test_a_feed_in_which_nothing_can_be_used_says_why(shelf: Shelf, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", [osv("A-2026:1", (ALMA, "c url", "1-2"))])
    with pytest.raises(FeedError, match=r"holds nothing that can be used: .* \(1\)"):
        import_feeds(shelf, [path])


# dates


@pytest.mark.parametrize(
    ("age", "limit", "stale"),
    [(0, 7, False), (7, 7, False), (8, 7, True), (8, 30, False), (-1, 7, False), (-2, 7, True)],
)
def test_a_feed_is_stale_past_its_limit_or_ahead_of_its_time(
    shelf: Shelf, tmp_path: Path, age: int, limit: int, stale: bool
) -> None:
    (feed,) = import_feeds(shelf, [kev(tmp_path / "kev.json", "CVE-2026-1001", as_of=days_ago(age))], max_age=limit)
    assert (feed.age(TODAY), feed.stale(TODAY)) == (age, stale)


def test_the_limit_of_a_feed_is_kept_when_it_is_imported_again(shelf: Shelf, tmp_path: Path) -> None:
    path, other = kev(tmp_path / "kev.json", "CVE-2026-1001"), epss(tmp_path / "epss.csv", {"CVE-2026-1001": 0.5})
    assert [feed.max_age for feed in import_feeds(shelf, [path], max_age=30)] == [30]
    assert [feed.max_age for feed in import_feeds(shelf, [path, other])] == [30, 7]
    assert [feed.max_age for feed in import_feeds(shelf, [path], max_age=0)] == [0]
    assert [feed.max_age for feed in import_feeds(shelf, [path])] == [0]
    with shelf.changing():
        shelf.remove(["kev"])
    assert [feed.max_age for feed in import_feeds(shelf, [path])] == [7]


def test_a_date_can_be_given_to_what_bears_none_and_only_to_that(shelf: Shelf, tmp_path: Path) -> None:
    undated = osv("A-2026:1", (ALMA, "curl", "1-1"))
    del undated["modified"], undated["published"]
    path = archive(tmp_path / "a.zip", {"a.json": undated, "b.json": {**undated, "id": "A-2026:2"}})
    assert import_feeds(shelf, [path])[0].as_of is None
    assert import_feeds(shelf, [path])[0].stale(TODAY)
    given = date(2026, 1, 2)
    assert import_feeds(shelf, [path], as_of=given)[0].as_of == given
    dated = kev(tmp_path / "kev.json", "CVE-2026-1001")
    assert import_feeds(shelf, [dated], as_of=given)[0].as_of == date.fromisoformat(days_ago(1))


# rejects


def test_one_bad_document_of_many_is_counted_and_listed(shelf: Shelf, tmp_path: Path) -> None:
    good = [osv(f"A-2026:{number}", (ALMA, "curl", f"{number}-1")) for number in (1, 2)]
    path = archive(tmp_path / "a.zip", {"1.json": good[0], "2.json": "{", "3.json": b"\xff\xfe", "4.json": good[1],
                                        "5.json": osv("A-2026:5", (ALMA, "vim", "1 1"))})  # fmt: skip
    (feed,) = import_feeds(shelf, [path])
    assert (feed.documents, feed.statements, feed.rejected) == (3, 3, 3)  # of vim nobody knows the versions
    listed = rejects(shelf, feed)
    assert len(listed) == sum(feed.rejects.values()) == 3
    assert [where.split(": ")[1] for where, _ in listed] == ["2.json", "3.json", "5.json"]


def test_what_cannot_be_read_of_a_feed_is_counted_apart_where_nobody_knows_what_it_is_on(
    shelf: Shelf, tmp_path: Path
) -> None:
    good, cut = osv("A-2026:1", (ALMA, "curl", "1-1")), json.dumps(osv("A-2026:2", (ALMA, "vim", "1-1")))[:-9]
    odd = {**osv("A-2026:3", (ALMA, "vim", "1 1")), "x": 1}
    documents = {"1.json": good, "2.json": cut, "3.json": odd, "README": "no feed"}
    (feed,) = import_feeds(shelf, [archive(tmp_path / "a.zip", documents)])
    assert (feed.rejected, feed.lost) == (3, 1)  # of vim the versions alone are not known
    table = tmp_path / "t.csv"
    table.write_text("advisory,system,release,type,package,fixed\nKY-1,kylin,V10,rpm,vim,1-1\nKY-2,kylin,V10\n")
    assert [one.lost for one in import_feeds(shelf, [table])] == [1]
    assert [one.lost for one in shelf.feeds()] == [1, 1]


def test_documents_that_contradict_each_other_are_told_and_the_first_counts(shelf: Shelf, tmp_path: Path) -> None:
    first, same, other = (osv("A-2026:1", (ALMA, "curl", fixed)) for fixed in ("1-1", "1-1", "9-1"))
    path = archive(tmp_path / "a.zip", {"1.json": first, "2.json": same, "3.json": other})
    (feed,) = import_feeds(shelf, [path])
    assert statements(shelf, feed) == [("A-2026:1", "curl", "1-1", ["CVE-2026-1001"])]
    assert feed.rejects == {rivals.TWICE: 2}
    assert [where for where, _ in rejects(shelf, feed)] == ["a.zip: 2.json: A-2026:1", "a.zip: 3.json: A-2026:1"]


def test_two_ranges_in_one_document_are_two_statements(shelf: Shelf, tmp_path: Path) -> None:
    later = {"package": {"ecosystem": ALMA, "name": "curl"},
             "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "1-5"}, {"fixed": "2-1"}]}]}  # fmt: skip
    two = osv("A-2026:1", (ALMA, "curl", "1-1"))
    two["affected"].append(later)
    (feed,) = import_feeds(shelf, [archive(tmp_path / "a.zip", [two, osv("A-2026:2", (ALMA, "vim", "1-1"))])])
    assert feed.statements == 3
    assert not feed.rejects


def test_a_document_that_contradicts_itself_is_told_and_all_of_it_is_kept(shelf: Shelf, tmp_path: Path) -> None:
    twice = osv("A-2026:1", (ALMA, "curl", "1-1"), (ALMA, "curl", "2-1"), (ALMA, "libcurl", "2-1"))
    (feed,) = import_feeds(shelf, [archive(tmp_path / "a.zip", [twice, osv("A-2026:2", (ALMA, "vim", "1-1"))])])
    assert (feed.statements, feed.rejects) == (4, {rivals.FIXES_DIFFER: 1})
    assert rejects(shelf, feed) == [
        ("a.zip: A-2026:1.json: A-2026:1: curl (almalinux 9): 1-1, 2-1", rivals.FIXES_DIFFER),
    ]


def test_what_is_beyond_the_limit_of_one_reason_is_counted_and_others_are_still_listed(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing_module, "MOST_REJECTS", 2)
    twice = osv("A-2026:1", (ALMA, "curl", "1-1"), (ALMA, "curl", "2-1"))
    bad = {f"{number}.json": "{" for number in range(3)}
    (feed,) = import_feeds(shelf, [archive(tmp_path / "a.zip", {**bad, "z.json": twice})])
    assert feed.rejected == 4
    unknown = "is of no format that is known here"
    assert [reason for _, reason in rejects(shelf, feed)] == [unknown, unknown, rivals.FIXES_DIFFER]


def test_formats_that_are_mixed_in_one_archive_are_refused(shelf: Shelf, tmp_path: Path) -> None:
    listed = kev(tmp_path / "kev.json", "CVE-2026-1001").read_text()
    path = archive(tmp_path / "a.zip", {"1.json": osv("A-2026:1", (ALMA, "curl", "1-1")), "2.json": listed})
    with pytest.raises(FeedError, match="is of the format kev, others beside it are of osv"):
        import_feeds(shelf, [path])
    assert shelf.feeds() == []


def test_a_release_that_is_only_named_in_passing_is_not_what_the_feed_is_of(shelf: Shelf, tmp_path: Path) -> None:
    """Ten times as much is said of another release, and nothing of this one alone."""
    entries = [osv(f"A-2026:{number}", (ALMA, "curl", f"{number}-1")) for number in range(2, 12)]
    both = osv("A-2026:1", (ALMA, "curl", "1-1"), ("AlmaLinux:8", "curl", "1-1"))
    alone = osv("A-2026:99", ("AlmaLinux:8", "vim", "1-1"))
    for more, in_passing, name in (([both], True, "osv-almalinux-9"), ([both, alone], False, "osv-almalinux")):
        (feed,) = import_feeds(shelf, [archive(tmp_path / "a.zip", [*entries, *more])])
        assert {one.release: one.in_passing for one in feed.releases} == {"8": in_passing, "9": False}
        assert feed.name == name
    (feed,) = import_feeds(shelf, [archive(tmp_path / "a.zip", [*entries[:8], both])])
    assert {one.release: one.in_passing for one in feed.releases} == {"8": False, "9": False}


# what may happen meanwhile

_IMPORT = "import sys; from pathlib import Path; from secops.patches.shelf import Shelf;" \
    " from secops.patches.importing import import_feeds;" \
    " import_feeds(Shelf(Path(sys.argv[1])), [Path(sys.argv[2])])"  # fmt: skip


def importing(shelf: Shelf, path: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", _IMPORT, str(shelf.folder), str(path)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)


def wait_for(what: str, folder: Path) -> None:
    end = time.monotonic() + 30
    while not any(path.stat().st_size for path in folder.glob(what)):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_an_import_that_is_killed_leaves_the_old_feed_and_the_next_one_sweeps(shelf: Shelf, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", [osv("A-2026:1", (ALMA, "curl", "1-1")), osv("A-2026:2", (ALMA, "vim", "1-1"))])
    (old,) = import_feeds(shelf, [path])
    before = {file.name for file in shelf.folder.iterdir()}
    many = {f"{number}.json": osv(f"A-2026:{number}", (ALMA, "curl", "2-1")) for number in range(12_000)}
    process = importing(shelf, archive(tmp_path / "many.zip", many))
    wait_for(f"{'[0-9a-f]' * 16}.statements.ndjson.gz", shelf.folder)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert {file.name for file in shelf.folder.iterdir()} > before
    assert shelf.feeds() == [old]
    assert [row[2] for row in statements(shelf, old)] == ["1-1", "1-1"]
    import_feeds(shelf, [kev(tmp_path / "kev.json", "CVE-2026-1001")])
    stems = {"catalogue", *(feed.stem for feed in shelf.feeds())}
    assert {file.name.split(".")[0] for file in shelf.folder.iterdir()} == stems


def test_what_others_put_beside_the_feeds_stays(shelf: Shelf, tmp_path: Path) -> None:
    (shelf.folder / "lost+found").mkdir(parents=True)
    mine = archive(shelf.folder / "almalinux-9-osv.zip", [osv("A-2026:1", (ALMA, "curl", "1-1"))])
    import_feeds(shelf, [mine])
    assert mine.is_file()
    assert (shelf.folder / "lost+found").is_dir()


def test_two_imports_at_once_both_count(shelf: Shelf, tmp_path: Path) -> None:
    paths = []
    for release in (8, 9):
        entries = [osv(f"A-2026:{n}", (f"AlmaLinux:{release}", "curl", "1-1")) for n in range(500)]
        paths.append(archive(tmp_path / f"{release}.zip", entries))
    processes = [importing(shelf, path) for path in paths]
    assert [process.communicate()[1] for process in processes] == [b"", b""]
    assert [(feed.name, feed.statements) for feed in shelf.feeds()] == [
        ("osv-almalinux-8", 500), ("osv-almalinux-9", 500),
    ]  # fmt: skip
    shelf.files(shelf.feeds())


_ON_DISK = 'mkdir -p "$1" && mount -t tmpfs -o size=2m none "$1" && shift && exec "$@"'
_FILLING = """
import sys
from pathlib import Path
from secops.core.errors import CitywallError
from secops.patches.importing import import_feeds
from secops.patches.shelf import Shelf
small, large, folder = map(Path, sys.argv[1:])
shelf = Shelf(folder)
import_feeds(shelf, [small])
before = shelf.feeds(), sorted(folder.iterdir())
for leave in (400, 300, 200, 30, 0):
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            file.truncate(max(0, file.tell() - leave * 1024))
    try:
        import_feeds(shelf, [large])
        print(leave, "imported")
    except CitywallError as error:
        print(leave, error.exit_code, error.what)
    ballast.unlink()
    assert (shelf.feeds(), sorted(folder.iterdir())) == before
import_feeds(shelf, [large])
"""


def test_a_full_disk_leaves_the_old_feed_and_says_so(tmp_path: Path) -> None:
    flags = "-m" if os.geteuid() == 0 else "-rm"
    if not shutil.which("unshare") or subprocess.run(["unshare", flags, "true"], check=False).returncode:
        pytest.skip("no mount namespaces here")
    small = archive(tmp_path / "s.zip", [osv(f"A-2026:{n}", (ALMA, "curl", "1-1")) for n in (1, 2)])
    noise = [osv(f"A-2026:{n}", (ALMA, os.urandom(60).hex(), "1-1")) for n in range(2500)]
    large = archive(tmp_path / "l.zip", noise)
    place = str(tmp_path / "disk")
    command = [sys.executable, "-c", _FILLING, str(small), str(large), place]
    done = subprocess.run(
        ["unshare", flags, "sh", "-c", _ON_DISK, "sh", place, *command], cwd=ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = [line.split(" ", 2) for line in done.stdout.splitlines()]
    assert len(said) == 5
    assert {code for _, code, _ in said} == {"5"}
    assert all(what.endswith("No space left on device") for _, _, what in said)
    assert {"parquet" in what for _, _, what in said} == {False, True}  # in the middle, and at the end


_READING = """
import sys
from pathlib import Path
from secops.patches.feeds.container import documents
from secops.patches.importing import Intake
with Intake(Path(sys.argv[1] + ".rows")) as intake:
    for where, stream in documents(Path(sys.argv[1]), intake.reject):
        intake.document(where, stream, one_of_many=False)
"""


def test_the_memory_that_reading_takes_does_not_grow_with_what_is_read(tmp_path: Path) -> None:
    def table(rows: int) -> Path:
        lines = [f"A-{n},CVE-2026-{1000 + n},kylin,V10,rpm,p{n % 50},1-{n % 50}" for n in range(rows)]
        path = tmp_path / f"{rows}.csv"
        path.write_text("\n".join(["advisory,flaws,system,release,type,package,fixed", *lines, ""]))
        return path

    assert peak(_READING, table(40_000)) < peak(_READING, table(1000)) + 1536  # KiB


def lists_of_flaws(path: Path) -> Path:
    """What is read line by line, and cannot be put in order in little memory."""
    flaws = [f"CVE-2026-{number}" for number in range(1000, 3000)]
    return archive(path, [osv(f"A-2026:{n}", (ALMA, "curl", f"{n}-1"), flaws=flaws) for n in range(100)])


def test_a_feed_that_takes_too_much_memory_is_refused_and_the_old_one_stays(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = lists_of_flaws(tmp_path / "a.zip")
    (old,) = import_feeds(shelf, [path])
    monkeypatch.setattr(parquet, "MEMORY", "8MB")
    with pytest.raises(FeedError, match=r"within the memory that an import may take \(8MB\)"):
        import_feeds(shelf, [path])
    assert shelf.feeds() == [old]
    assert {file.name.split(".")[0] for file in shelf.folder.iterdir()} == {"catalogue", old.stem}


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CitywallError, match="cannot be written"):
        import_feeds(Shelf(tmp_path / "file" / "feeds"), [kev(tmp_path / "kev.json", "CVE-2026-1001")])


def test_no_feed_is_put_on_a_shelf_whose_catalogue_is_damaged(shelf: Shelf, tmp_path: Path) -> None:
    import_feeds(shelf, [kev(tmp_path / "kev.json", "CVE-2026-1001")])
    (shelf.folder / CATALOGUE).write_text("[{]")
    before = sorted(shelf.folder.iterdir())
    with pytest.raises(CitywallError, match="the catalogue of feeds is damaged"):
        import_feeds(shelf, [kev(tmp_path / "kev.json", "CVE-2026-1002")])
    with suppress(CitywallError):
        shelf.feeds()
    assert set(before) <= set(shelf.folder.iterdir())


# other words for the same


def test_ids_architectures_and_releases_are_in_the_words_of_hosts(shelf: Shelf, tmp_path: Path) -> None:
    path = tmp_path / "kylin.csv"
    path.write_text(
        "advisory,flaws,system,release,package,type,arch,fixed,status\n"
        "K-1,cve-2021-44228,kylin,v10-sp3,log4j,rpm,arm64,2.17-1,\nU-1,CVE-2026-1,uos,20-1060a,vim,deb,x86_64,2:9-1,\n"
    )
    (feed,) = import_feeds(shelf, [path])
    found = duckdb.sql(f"select ecosystem, release, arch, flaws from '{shelf.path(feed, STATEMENTS)}' order by all")  # noqa: S608
    assert found.fetchall() == [
        ("kylin", "V10-SP3", ["aarch64"], ["CVE-2021-44228"]), ("uos", "20-1060a", ["amd64"], ["CVE-2026-1"]),
    ]  # fmt: skip


def test_a_feed_that_bears_no_date_is_the_oldest_and_one_of_a_day_to_come_as_new_as_its_import() -> None:
    undated, old, ahead = (feed(as_of=as_of).ranked_by() for as_of in (None, date(2001, 1, 1), date(2999, 1, 1)))
    assert undated < old < ahead
    assert (undated[:1].isdigit(), ahead[:10]) == (False, "2026-11-30")


def feed(**more: Any) -> Feed:
    return Feed(name="a", format="osv", source="", digest="", imported_at="2026-11-30T00:00:00Z", **more)
