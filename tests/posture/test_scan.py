"""The pipeline as a whole: hosts that do not answer, snapshots, a damaged store, disks that fill up."""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from secops.core.content import shipped
from secops.core.database import StoreError
from secops.core.errors import Exit
from secops.core.finding import Verdict
from secops.core.store import Store
from secops.hosts.bundle_format import encode, pack
from secops.hosts.carriers.bundle import Bundle
from secops.hosts.carriers.local import Local
from secops.hosts.evidence import Evidence, Item, summarise
from secops.hosts.manifest import manifest
from secops.hosts.tables import registry
from secops.posture.rule import load_rules
from secops.posture.scan import NotKeptError, scan
from tests import testroot
from tests.posture.test_unseen import plant
from tests.posture.whole import citywall, reported

MACHINE = "0123456789abcdef0123456789abcdef"
FEW = ("--only", "account-*")  # rules, where it does not matter which


@pytest.fixture(scope="module")
def evidence(test_root: Path) -> Evidence:
    """A machine with faults."""
    with testroot.host() as host:
        plant(host)
        return Local(shell=host.command("sh")).collect()


@pytest.fixture
def bundle(evidence: Evidence, tmp_path: Path) -> Path:
    return write(tmp_path / "a.bundle", evidence)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def write(path: Path, evidence: Evidence) -> Path:
    path.write_bytes(pack(encode(evidence)))
    return path


def changed(evidence: Evidence, name: str, content: bytes) -> Evidence:
    """The same machine after one file of one section has changed."""
    section = next(section for section in manifest() if section.name == name)
    item = evidence[name].only
    return replace(evidence, sections={**evidence.sections, name: summarise(section, [Item(item.path, content)])})


def runs(home: Path) -> list[Path]:
    """The folders of the snapshots, oldest first; nothing half-written may be among them."""
    found = sorted((home / "runs").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    assert all((path / "index.json").is_file() for path in found), found
    assert not [path for path in home.rglob("*") if path.name.endswith((".partial", ".gz"))]
    return found


def kept(home: Path) -> int:
    """How many runs the store holds."""
    return len(Store.open(f"sqlite:///{home}/citywall.db").list_runs(100))


# --- hosts -----------------------------------------------------------------------------------------------------------


def refusing() -> str:
    """An ssh target where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"ssh://ops@127.0.0.1:{server.getsockname()[1]}"


def test_a_host_that_refuses_is_in_the_report_and_the_scan_incomplete(home: Path, bundle: Path) -> None:
    target = refusing()
    done = citywall(home, "scan", *FEW, "--format", "json", "--ssh", target, "--bundle", bundle)
    assert done.returncode == Exit.INCOMPLETE
    assert f"{target}: not seen: connection refused" in done.stderr
    assert "\n  Does sshd run there" in done.stderr
    report = reported(done)
    assert [host.host for host in report.hosts] == [target, MACHINE]
    assert "connection refused" in report.hosts[0].unreachable
    assert report.hosts[0].score is None
    assert report.hosts[1].score is not None
    assert {verdict.host for verdict in report.verdicts} == {MACHINE}
    text = citywall(home, "report", "last", "--format", "text").stdout
    assert "connection refused" in text


def test_when_no_host_answers_the_run_is_kept_and_empty(home: Path, bundle: Path) -> None:
    citywall(home, "scan", *FEW, "--bundle", bundle)
    done = citywall(home, "scan", *FEW, "--ssh", refusing())
    assert done.returncode == Exit.INCOMPLETE
    assert json.loads(citywall(home, "sql", "--format", "json", "select * from users").stdout) == []
    citywall(home, "scan", *FEW, "--bundle", bundle)
    _full, empty, again = runs(home)
    assert names(empty) == {"index.json"}
    assert names(again) == {"index.json"}, "what has not changed since the first run is not written again"


def test_clones_stay_two_hosts_and_are_reported(home: Path, bundle: Path, evidence: Evidence, tmp_path: Path) -> None:
    clone = write(tmp_path / "b.bundle", evidence)
    other = write(tmp_path / "c.bundle", changed(evidence, "machine_id", b"f" * 32 + b"\n"))
    targets = [word for path in (bundle, clone, other) for word in ("--bundle", path)]
    done = citywall(home, "scan", "--only", "joined-machine-id-shared", "--format", "json", *targets)
    report = reported(done)
    twins = [f"{MACHINE}@bundle:{bundle}", f"{MACHINE}@bundle:{clone}"]
    assert [host.host for host in report.hosts] == [*twins, "f" * 32]
    assert sorted(finding.host for finding in report.findings) == twins
    assert [v.host for v in report.verdicts if v.status is Verdict.PASS] == ["f" * 32]
    for _ in range(2):  # written, and referred to by the next run
        counted = citywall(home, "sql", "--format", "json", "select host, machine_id from hosts order by host")
        ids = {row["host"]: row["machine_id"] for row in json.loads(counted.stdout)}
        assert ids == {**dict.fromkeys(twins, MACHINE), "f" * 32: "f" * 32}
        citywall(home, "scan", "--only", "joined-machine-id-shared", *targets)
    assert names(runs(home)[-1]) == {"index.json"}


def test_a_host_that_claims_the_identity_of_another_gets_neither_its_waivers_nor_its_past(
    home: Path, bundle: Path, evidence: Evidence, tmp_path: Path
) -> None:
    citywall(home, "scan", "--only", "account-uid-zero", "--bundle", bundle)
    why = ("--reason", "break-glass account", "--approver", "Li Wei", "--expires", "30d")
    assert citywall(home, "waive", "add", "account-uid-zero", "--host", MACHINE, *why).returncode == 0
    own = reported(citywall(home, "scan", "--only", "account-uid-zero", "--format", "json", "--bundle", bundle))
    assert {(finding.host, finding.status) for finding in own.findings} == {(MACHINE, Verdict.WAIVED)}

    hostile = write(tmp_path / "hostile.bundle", evidence)
    twins = {f"{MACHINE}@bundle:{path}" for path in (hostile, bundle)}
    both = ["--bundle", hostile, "--bundle", bundle]  # the hostile one first
    report = reported(citywall(home, "scan", "--only", "account-uid-zero", "--format", "json", *both))
    assert {(finding.host, finding.status) for finding in report.findings} == {(twin, Verdict.FAIL) for twin in twins}
    assert {finding.first_seen for finding in report.findings} == {report.run.started}
    assert any(note.startswith(f"2 hosts claim to be {MACHINE}") for note in report.notes), report.notes


def test_no_host_takes_the_name_of_another(home: Path, evidence: Evidence, tmp_path: Path) -> None:
    """A host without a machine-id is known by its own name, which may be another one's in the inventory."""
    nameless = changed(changed(evidence, "machine_id", b""), "kernel_hostname", b"web1\n")
    path = write(tmp_path / "nameless.bundle", nameless)
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(f"hosts:\n  - name: web1\n    ssh: {refusing()}\n")
    done = citywall(home, "scan", *FEW, "--format", "json", "--bundle", path, "--inventory", inventory)
    assert done.returncode == Exit.INCOMPLETE, done.stderr
    hosts = reported(done).hosts
    assert [host.host for host in hosts] == [f"web1@bundle:{path}", "web1"]
    assert [bool(host.unreachable) for host in hosts] == [False, True]


# --- snapshots -------------------------------------------------------------------------------------------------------


def names(run: Path) -> set[str]:
    return {path.name for path in run.iterdir()}


def digest(home: Path, run: str) -> object:
    """A digest of every table as `citywall sql` gives it."""
    query = " union all ".join(
        f"from {name} t select '{name}' as name, count(*) as n, sum(hash(t)::hugeint)::varchar as digest"
        for name in registry()
    )
    done = citywall(home, "sql", "--run", run, "--format", "json", f"{query} order by all")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_what_did_not_change_is_kept_once(home: Path, bundle: Path, evidence: Evidence) -> None:
    for _ in range(2):
        citywall(home, "scan", *FEW, "--bundle", bundle)
    passwd = evidence["passwd"].only.data.rstrip(b"\n") + b"\nlate:x:1500:100::/home/late:/bin/sh\n"
    write(bundle, changed(evidence, "passwd", passwd))
    citywall(home, "scan", *FEW, "--bundle", bundle)

    first, second, third = runs(home)
    everything = {f"{table}.parquet" for table in registry()} | {"index.json"}
    assert names(first) == everything
    assert names(second) == {"index.json"}
    assert {"users.parquet", "collection.parquet", "index.json"} <= names(third)
    assert not {"packages.parquet", "sysctl.parquet", "shadow_meta.parquet", "hosts.parquet"} & names(third)
    assert digest(home, first.name) == digest(home, second.name) != digest(home, third.name)
    late = "select uid from users where user_name = 'late'"
    assert json.loads(citywall(home, "sql", "--format", "json", late).stdout) == [{"uid": 1500}]

    shutil.rmtree(first)
    for run in (first.name, second.name, third.name):
        done = citywall(home, "sql", "--run", run, late)
        assert (done.returncode, done.stdout) == (Exit.USAGE, "")
        missing = ("the file of a table is missing or damaged", "the tables of this run are not here")
        assert any(text in done.stderr for text in missing)
        assert_clear(done)
    citywall(home, "scan", *FEW, "--bundle", bundle)
    assert names(runs(home)[-1]) == everything
    assert json.loads(citywall(home, "sql", "--format", "json", late).stdout) == [{"uid": 1500}]


def test_a_damaged_snapshot_is_an_error_and_not_an_answer(home: Path, bundle: Path) -> None:
    citywall(home, "scan", *FEW, "--bundle", bundle)
    (run,) = runs(home)
    for name, code in (("users.parquet", Exit.USAGE), ("index.json", Exit.USAGE)):
        (run / name).write_bytes((run / name).read_bytes()[:-20])
        done = citywall(home, "sql", "select * from users")
        assert (done.returncode, done.stdout) == (code, "")
        assert_clear(done)


# --- the store and the report ----------------------------------------------------------------------------------------


def assert_clear(done: subprocess.CompletedProcess[str]) -> None:
    """A message of at most a few lines, for people."""
    assert done.stderr.startswith("citywall: "), done.stderr
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr
    assert done.stderr.count("\n") == 2, done.stderr


def test_a_damaged_store_ends_the_scan_before_a_host_is_asked(home: Path, bundle: Path) -> None:
    home.mkdir()
    (home / "citywall.db").write_bytes(b"no database" * 1000)
    done = citywall(home, "scan", *FEW, "--bundle", bundle)
    assert done.returncode == Exit.INTERNAL
    assert "citywall.db: is damaged" in done.stderr
    assert_clear(done)
    assert not (home / "runs").exists()


def test_a_report_into_a_folder_that_is_not_there_ends_it_before_a_host_is_asked(home: Path, bundle: Path) -> None:
    done = citywall(home, "scan", *FEW, "--bundle", bundle, "-o", home / "none" / "report.json")
    assert done.returncode == Exit.USAGE
    assert_clear(done)
    assert not (home / "runs").exists()


# --- disks that fill up ----------------------------------------------------------------------------------------------


@contextmanager
def disk(place: Path, kilobytes: int) -> Iterator[Path]:
    """A small file system of its own, mounted where only this process and its children see it."""
    testroot.own_mounts()
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k,mode=700", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path, *, leave: int) -> None:
    """Use all but so many bytes of a disk."""
    with (place / "ballast").open("wb", buffering=0) as ballast:
        with suppress(OSError):
            while True:
                ballast.write(bytes(4096))
        ballast.truncate(ballast.tell() - leave)


def test_a_full_disk_leaves_nothing_half_written_whenever_it_fills_up(
    test_root: Path, tmp_path: Path, bundle: Path
) -> None:
    store = tmp_path / "store"
    store.mkdir()
    said = {}
    for size in (16, 64, 1000):
        with disk(tmp_path / f"home{size}", size) as home:
            where = f"sqlite:///{store}/citywall.db"
            done = citywall(home, "scan", *FEW, "--bundle", bundle, CITYWALL_DATABASE=where)
            left = {path.name for path in home.glob("runs/*")} if (home / "runs").exists() else set()
            if done.returncode == Exit.INTERNAL:
                assert_clear(done)
                assert left == set()
                said[size] = done.stderr.split("\n")[0]
            else:
                assert len(runs(home)) == 1
                assert done.returncode == Exit.FINDINGS, done.stderr
                said[size] = ""
    stored = len(Store.open(f"sqlite:///{store}/citywall.db").list_runs(100))
    assert stored == list(said.values()).count("")
    assert said[1000] == ""
    assert any("cannot be written" in text for text in said.values()), said
    assert any(".parquet: No space left on device" in text for text in said.values()), said


def test_a_full_disk_of_the_store_keeps_neither_half_of_a_run(test_root: Path, tmp_path: Path, bundle: Path) -> None:
    home = tmp_path / "home"
    with disk(tmp_path / "store", 200) as store:
        where = f"sqlite:///{store}/citywall.db"
        assert citywall(home, "scan", *FEW, "--bundle", bundle, CITYWALL_DATABASE=where).returncode == Exit.FINDINGS
        fill(store, leave=48 << 10)  # enough to be read, not for another run
        done = citywall(home, "scan", *FEW, "--bundle", bundle, CITYWALL_DATABASE=where)
        assert done.returncode == Exit.INTERNAL
        assert "the disk is full" in done.stderr
        assert_clear(done)
        assert "could not be kept" in done.stdout
        assert "uid 0" in done.stdout, "the report"
        (store / "ballast").unlink()
        assert len(Store.open(where).list_runs(100)) == 1
    assert len(runs(home)) == 1


def test_a_locked_store_does_not_cost_the_report(home: Path, bundle: Path, tmp_path: Path) -> None:
    judged = ("scan", *FEW, "--format", "json", "--bundle", bundle)
    first = reported(citywall(home, *judged))
    where = f"sqlite:///{home}/citywall.db?timeout=0.5"
    with closing(sqlite3.connect(home / "citywall.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        done = citywall(home, *judged, CITYWALL_DATABASE=where)
        with disk(tmp_path / "out", 4) as out:
            neither = citywall(home, *judged, "-o", out / "report.json", CITYWALL_DATABASE=where)
    report = reported(done)
    assert done.returncode == neither.returncode == Exit.INTERNAL
    assert "another program has been writing to it" in done.stderr
    assert_clear(done)
    assert {f.identity: f.first_seen for f in report.findings} == {f.identity: f.first_seen for f in first.findings}
    assert "could not be kept" in report.notes[-1]
    assert neither.stderr.index("No space left on device") < neither.stderr.index("another program")
    assert (len(runs(home)), kept(home)) == (1, 1)


def test_a_store_that_is_gone_after_the_judging_does_not_cost_the_report(bundle: Path, tmp_path: Path) -> None:
    def gone(identities: Iterable[str]) -> dict[str, str]:
        raise StoreError("cannot be used", where="db1")

    rules = load_rules([shipped("rules") / "posture"]).subset(["account-uid-zero"])
    with pytest.raises(NotKeptError, match="cannot be used") as caught:
        scan([Bundle(bundle)], rules, tmp_path / "runs", lang="en", first_seen=gone)
    assert caught.value.exit_code is Exit.INTERNAL
    assert caught.value.where == "db1"
    assert [(f.rule, f.first_seen) for f in caught.value.report.findings] == [("account-uid-zero", "")]
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_report_that_finds_no_space_is_an_error_and_the_run_is_kept(
    test_root: Path, home: Path, tmp_path: Path, bundle: Path
) -> None:
    with disk(tmp_path / "out", 4) as out:
        target = out / "report.json"
        done = citywall(home, "scan", *FEW, "--bundle", bundle, "--format", "json", "-o", target)
        assert done.returncode == Exit.INTERNAL
        assert "No space left on device" in done.stderr
        assert_clear(done)
        assert list(out.iterdir()) == []
    assert (len(runs(home)), kept(home)) == (1, 1)
    assert citywall(home, "report", "last", "--format", "json").returncode == 0
