"""How far back logs tell of everything: rotation, gaps, what is cut off, what nobody writes any more."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from pathlib import Path

import pytest

from secops.hosts.evidence import Status
from secops.hosts.tables import Built
from secops.hosts.usage import image, records
from secops.hosts.usage.reach import Reach
from secops.hosts.usage.records import Record, other_hosts, read_records
from tests.hosts.evidence_kit import evidence
from tests.hosts.usage.kit import DAY, NOW, PASSWD, fill, log, seen, stamp, told

LOGIN = "sshd[1]: Accepted publickey for alice from 10.0.0.1 port 1 ssh2"
QUIET = "CRON[1]: pam_unix(cron:session): session closed for user root"

Files = dict[str, tuple[float, str | bytes]]


def reach_of(root: Path, files: Files, **sections: object) -> tuple[int | None, str | None, list[str]]:
    """(days on record, the record, what was lacking) of a host with these logs."""
    built = Built()
    found, now = read_records(seen(fill(root, files), **sections), built)
    assert now in (NOW, 0)
    reach = Reach.of(((record.name, record.since, record.until) for record in found if record.general), now)
    return reach.days, reach.record, [problem.reason for problem in built.problems]


def week(number: int) -> str:
    """A log of the week that ended so many weeks ago, without a login."""
    return log((number * 7 + 7, QUIET), (number * 7 + 0.1, QUIET))


def weeks(name: str = "auth.log", count: int = 14) -> Files:
    """What rsyslog and logrotate leave: the running log, the last one, and older ones that are packed."""
    files: Files = {f"/var/log/{name}": (0.1, week(0)), f"/var/log/{name}.1": (7, week(1))}
    packed = {f"/var/log/{name}.{at}.gz": (at * 7.0, gzip.compress(week(at).encode())) for at in range(2, count)}
    return files | packed  # type: ignore[operator] - a float is a number


def test_rotated_and_packed_files_reach_back(tmp_path: Path) -> None:
    assert reach_of(tmp_path, weeks()) == (98, "/var/log/auth.log", [])


@pytest.mark.parametrize(("name", "pack"), [("xz", lzma.compress), ("bz2", bz2.compress)])
def test_other_packers(name: str, pack: type, tmp_path: Path) -> None:
    files: Files = {"/var/log/secure": (0, week(0)), f"/var/log/secure-20260222.{name}": (7, pack(week(1).encode()))}
    assert reach_of(tmp_path, files)[:2] == (14, "/var/log/secure")


def test_no_file_beyond_one_that_is_missing_counts(tmp_path: Path) -> None:
    files = weeks()
    del files["/var/log/auth.log.3.gz"]
    assert reach_of(tmp_path, files)[0] == 21


@pytest.mark.parametrize(
    "content", [b"not gzip", gzip.compress(week(3).encode())[:-9], b"\0" * 40], ids=["none", "cut", "zeros"]
)
def test_nor_one_that_is_broken(content: bytes, tmp_path: Path) -> None:
    assert reach_of(tmp_path, weeks() | {"/var/log/auth.log.3.gz": (21, content)})[0] == 21


def test_nor_one_whose_packing_is_not_known(tmp_path: Path) -> None:
    files = weeks()
    files["/var/log/auth.log.3.zst"] = files.pop("/var/log/auth.log.3.gz")
    assert reach_of(tmp_path, files)[0] == 21


def test_a_large_log_is_read_from_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [(30 - at / 100, QUIET) for at in range(2_900)]
    files: Files = {"/var/log/auth.log": (0, log((31, LOGIN), *lines)), "/var/log/auth.log.1": (40, log((45, LOGIN)))}
    assert reach_of(tmp_path, files)[0] == 45
    monkeypatch.setattr(image, "MAX_BYTES", 100_000)
    days, _, _ = reach_of(tmp_path, files)
    assert days is not None
    assert 5 < days < 20
    assert "unread\t/var/log/auth.log.1" in told(tmp_path)


def test_an_empty_log_after_rotation_is_no_gap(tmp_path: Path) -> None:
    files = weeks()
    assert reach_of(tmp_path, {**files, "/var/log/auth.log": (0, "")})[0] == 98


def test_what_is_no_log_is_no_record(tmp_path: Path) -> None:
    assert reach_of(tmp_path, {"/var/log/auth.log": (0, "binary\0\n" * 99)})[0] is None
    assert reach_of(tmp_path, {"/var/log/auth.log": (0, "")})[0] is None


def test_the_first_line_with_a_time_counts(tmp_path: Path) -> None:
    assert (
        reach_of(tmp_path, {"/var/log/auth.log": (0, "-- begin --\n    and more\n" + log((50, QUIET), (0, QUIET)))})[0]
        == 50
    )


def test_a_log_that_ended_is_no_record_of_now(tmp_path: Path) -> None:
    old: Files = {"/var/log/auth.log": (40, log((90, QUIET), (40, LOGIN)))}
    alive = reach_of(tmp_path / "alive", {**old, "/var/log/syslog": (0, "")})
    assert alive[0] == 90  # its daemon writes other logs: nothing happened
    others: Files = {"/var/log/syslog": (40, ""), "/var/log/journal/x/system.journal": (0, "")}
    (record,), now = read_records(seen(fill(tmp_path / "dead", old | others)), Built())
    reach = Reach.of([(record.name, record.since, record.until)], now)
    assert (reach.days, reach.shortfall(90)) == (None, "the newest line on record is 40 days old")
    assert Reach(now, newest=now - DAY).shortfall(90) == "the newest line on record is 1 day old"


def test_messages_count_only_where_logins_have_no_log_of_their_own(tmp_path: Path) -> None:
    messages: Files = {"/var/log/messages": (0, log((99, QUIET), (9, LOGIN), (0, QUIET)))}
    assert reach_of(tmp_path / "suse", messages)[:2] == (99, "/var/log/messages")
    assert reach_of(tmp_path / "rhel", {**messages, "/var/log/secure": (0, log((20, QUIET), (0, QUIET)))})[0] == 20
    # su writes to `auth`, which goes there also on hosts where `authpriv` does not
    only_su: Files = {"/var/log/messages": (0, log((99, QUIET), (9, "su[1]: (to root) alice on pts/0"), (0, QUIET)))}
    assert reach_of(tmp_path / "su", only_su)[0] is None


def test_lines_of_other_hosts_are_noticed(tmp_path: Path) -> None:
    own = log((9, LOGIN), (8, LOGIN), host="web1.example.com ") + log((7, LOGIN)) + log((6, LOGIN), host="localhost ")
    files: Files = {"/var/log/auth.log": (0, own)}
    assert [*other_hosts(read_records(seen(fill(tmp_path, files)), Built())[0])] == []
    files = {"/var/log/auth.log": (0, own + log((5, LOGIN), host="web2 "))}
    (problem,) = other_hosts(read_records(seen(fill(tmp_path, files)), Built())[0])
    assert problem.reason == "/var/log/auth.log holds lines of other hosts"


FIRST, OLDEST, LAST = (stamp(days, "journal") for days in (200, 60, 0))
JOURNAL = f"now\t{NOW}\t+0000\njournal\t{FIRST}\t{LAST}\t%d\n=\t{OLDEST}\nlines\t%d\n"


def test_the_journal_reaches_back_to_its_first_entry(tmp_path: Path) -> None:
    assert reach_of(tmp_path, {}, auth_journal=JOURNAL % (0, 900))[:2] == (200, "journal")
    assert reach_of(tmp_path, {}, auth_journal=JOURNAL % (300_000, 900))[0] == 200
    assert reach_of(tmp_path, {}, auth_journal=JOURNAL % (300_000, 300_000))[0] == 60  # as far as lines were asked for
    (record,), _ = read_records(seen(tmp_path, auth_journal=JOURNAL % (0, 900), auth_logs=""), Built())
    assert (NOW - (record.uses_since or 0)) // DAY == 169


def test_records_that_follow_each_other_count_together(tmp_path: Path) -> None:
    spans = [("log", NOW - 300 * DAY, NOW - 100 * DAY), ("journal", NOW - 120 * DAY, NOW)]
    assert Reach.of(spans, NOW) == Reach(NOW, NOW - 300 * DAY, "log", NOW)
    spans = [("log", NOW - 300 * DAY, NOW - 130 * DAY), ("journal", NOW - 120 * DAY, NOW)]
    assert Reach.of(spans, NOW).days == 120
    assert Reach.of([("log", NOW - 2 * DAY, NOW)], NOW).days == 2
    assert Reach.of([("log", None, NOW)], NOW).days is None


@pytest.mark.parametrize("status", [Status.TIMEOUT, Status.TRUNCATED, Status.FAILED, Status.DENIED])
@pytest.mark.parametrize("section", ["auth_logs", "auth_journal"])
def test_what_was_not_read_whole_is_told(section: str, status: Status, tmp_path: Path) -> None:
    days, _, reasons = reach_of(tmp_path, {}, **{"auth_logs": told(fill(tmp_path, weeks())), section: status})
    assert reasons == [f"test: {status}"]
    assert days == (98 if section == "auth_journal" else None)


def test_a_log_that_the_user_may_not_read_is_no_record() -> None:
    lines = f"now\t{NOW}\t+0000\nlog\t{NOW}\tunread\t/var/log/auth.log\nlog\t{NOW - DAY}\twhole\t/var/log/auth.log.1\n"
    lines += f"=\t{stamp(90)}\n=\t{stamp(1)}\nlines\t9\n"
    (record,), _ = read_records(evidence(auth_logs=lines, passwd={"/etc/passwd": PASSWD}), Built())
    assert record == Record("/var/log/auth.log", None, 0, [], set())


def test_a_clock_that_ran_ahead_is_no_use_today(tmp_path: Path) -> None:
    """A line of tomorrow or later is one of a year ago; with its year it is none."""
    fill(tmp_path, {"/var/log/auth.log": (0, log((-30, LOGIN), style="iso") + log((0, QUIET), style="iso"))})
    (record,), _ = read_records(seen(tmp_path), Built())
    assert [event.time for event in record.events] == [NOW]
    assert record.since is None


def test_no_folder_of_logs(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text(PASSWD)
    assert told(tmp_path) == "now\t0\t+0000\n"


def test_links_and_fifos_in_the_place_of_logs(tmp_path: Path) -> None:
    fill(tmp_path, weeks())
    (tmp_path / "var/log/secure").symlink_to("/etc/nowhere")
    os.mkfifo(tmp_path / "var/log/messages")
    (tmp_path / "var/log/auth.log.1\n").write_text("no rotation gives that")
    for name in ("secure", "messages", "auth.log.1\n"):
        os.utime(tmp_path / "var/log" / name, (NOW, NOW), follow_symlinks=False)
    assert reach_of(tmp_path, {})[0] == 98
    assert records.MESSAGES not in told(tmp_path)
