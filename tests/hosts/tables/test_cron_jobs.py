"""The cron_jobs table."""

import subprocess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.crontab import parse_line, reduce, reduction
from secops.hosts.evidence import Status
from secops.hosts.listing import record
from secops.hosts.tables import Facts
from secops.hosts.tables.cron_jobs import TABLE
from tests.hosts.evidence_kit import derive, evidence

DEBIAN = """# /etc/crontab: system-wide crontab
SHELL=/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin

17 *\t* * *\troot    cd / && run-parts --report /etc/cron.hourly
25 6\t* * *\troot\ttest -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.daily )
"""
RHEL_ANACRONTAB = """SHELL=/bin/sh
RANDOM_DELAY=45
START_HOURS_RANGE=3-22
#period in days   delay in minutes   job-identifier   command
1\t5\tcron.daily\t\tnice run-parts /etc/cron.daily
@monthly 45\tcron.monthly\t\tnice run-parts /etc/cron.monthly
"""
ALPINE = """# do daily/weekly/monthly maintenance
*/15\t*\t*\t*\t*\trun-parts /etc/periodic/15min
"""


def listing(*entries: tuple[str, int], link: str = "") -> bytes:
    return b"".join(record(path.encode(), (mode, 7, 0, 1, 1), link.encode()) for path, mode in entries)


def facts(**sections: Any) -> Facts:
    return derive(TABLE, evidence(**sections))


def rows(found: Facts, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[column] for column in columns) for row in found.rows]


def test_debian() -> None:
    found = facts(
        cron_system={"/etc/crontab": DEBIAN, "/etc/cron.d/x": "@reboot www-data /opt/x --token=S3cret\n"},
        cron_spool={"/var/spool/cron/crontabs/alice": "*/5 * * * * mysqldump -pS3cret db > /srv/db.sql\n"},
        cron_listing=listing(("/etc/crontab", 0o100644), ("/etc/cron.d/x", 0o100666),
                             ("/var/spool/cron/crontabs/alice", 0o100600)),
    )  # fmt: skip
    assert (found.problems[""], found.problems["modes"]) == ([], [])
    assert rows(found, "user_name", "schedule", "command", "command_path", "kind", "line") == [
        ("root", "17 * * * *", "cd", "/etc/cron.hourly", "crontab", 5),
        ("root", "25 6 * * *", "test", "/usr/sbin/anacron", "crontab", 6),
        ("www-data", "@reboot", "/opt/x", "/opt/x", "cron_d", 1),
        ("alice", "*/5 * * * *", "mysqldump", None, "spool", 1),
    ]
    assert found.rows[2] == {
        "user_name": "www-data", "schedule": "@reboot", "command": "/opt/x", "command_path": "/opt/x",
        "kind": "cron_d", "source": "/etc/cron.d/x", "line": 1,
        "file_mode": "0666", "file_uid": 7, "group_writable": True, "world_writable": True,
    }  # fmt: skip
    assert "S3cret" not in str(found.rows)


def test_rhel() -> None:
    found = facts(
        anacrontab={"/etc/anacrontab": RHEL_ANACRONTAB},
        cron_system={"/etc/cron.d/0hourly": "01 * * * * root run-parts /etc/cron.hourly\n"},
        cron_spool={"/var/spool/cron/oracle": "0 1 * * 0 /home/oracle/rman.sh\n"},
    )
    assert found.problems[""] == []
    assert rows(found, "user_name", "schedule", "command", "command_path", "kind") == [
        ("root", "01 * * * *", "run-parts", "/etc/cron.hourly", "cron_d"),
        ("oracle", "0 1 * * 0", "/home/oracle/rman.sh", "/home/oracle/rman.sh", "spool"),
        ("root", "1 5", "nice", "/etc/cron.daily", "anacron"),
        ("root", "@monthly 45", "nice", "/etc/cron.monthly", "anacron"),
    ]


def test_alpine_whose_spool_is_a_link() -> None:
    found = facts(
        cron_spool={"/var/spool/cron/crontabs/root": ALPINE, "/etc/crontabs/root": ALPINE,
                    "/var/spool/cron/crontabs": Status.FAILED},
        cron_listing=listing(("/var/spool/cron/crontabs", 0o120777), link="../../../etc/crontabs"),
    )  # fmt: skip
    assert found.problems[""] == []
    assert rows(found, "user_name", "source") == [("root", "/var/spool/cron/crontabs/root")]


def test_directories_in_the_spool_are_not_crontabs() -> None:
    spool = {"/var/spool/cron/crontabs": Status.FAILED, "/var/spool/cron/atjobs": Status.FAILED}
    directories = listing(*((path, 0o041730) for path in spool))
    assert facts(cron_spool=spool, cron_listing=directories).problems[""] == []
    other = facts(cron_spool=spool | {"/var/spool/cron/pipe": Status.FAILED}, cron_listing=directories)
    assert [problem.status for problem in other.problems[""]] == [Status.FAILED]


def test_scripts_of_periodic_directories() -> None:
    found = facts(
        cron_listing=listing(
            ("/etc/cron.daily/logrotate", 0o100755),
            ("/etc/cron.daily/notes", 0o100644),
            ("/etc/cron.weekly/man-db~", 0o100755),
            ("/etc/cron.hourly/dir", 0o040755),
            ("/etc/periodic/15min/sync", 0o100775),
            ("/etc/crontab", 0o100644),
        )
    )
    assert (found.problems[""], found.problems["modes"]) == ([], [])
    assert rows(found, "user_name", "schedule", "command_path", "kind", "line", "file_mode", "group_writable") == [
        ("root", "@daily", "/etc/cron.daily/logrotate", "script", None, "0755", False),
        ("root", "@15min", "/etc/periodic/15min/sync", "script", None, "0775", True),
    ]


def test_the_rights_behind_a_link_are_not_known_and_said_to_be_so() -> None:
    found = facts(cron_listing=listing(("/etc/cron.daily/x", 0o120777), link="/opt/x"))
    assert rows(found, "file_mode", "file_uid", "group_writable", "world_writable") == [(None, None, None, None)]
    assert found.problems[""] == []
    assert [problem.reason for problem in found.problems["modes"]] == [
        "/etc/cron.daily/x: mode and owner of the file are not seen"
    ]
    unlisted = facts(cron_system={"/etc/crontab": DEBIAN})
    assert unlisted.problems["modes"]


@pytest.mark.parametrize("name", ["x~", "x.rpmsave", "x.dpkg-old", ".x.swp"])
def test_leftovers_do_not_run(name: str) -> None:
    assert facts(cron_system={f"/etc/cron.d/{name}": "* * * * * root /x\n"}).rows == []
    assert facts(cron_spool={"/var/spool/cron/crontabs/tmp.Xy1": "* * * * * /x\n"}).rows == []


def test_what_is_not_seen_or_not_understood_is_a_problem() -> None:
    denied = facts(cron_spool={"/var/spool/cron/crontabs/*": Status.DENIED})
    assert [problem.status for problem in denied.problems[""]] == [Status.DENIED]
    broken = facts(cron_system={"/etc/crontab": DEBIAN + "nonsense\n* * * * root\n5 5 * * * root /x"})
    assert [problem.reason for problem in broken.problems[""]] == [
        "/etc/crontab: 2 lines are not cron entries, the first is 7"
    ]
    assert len(broken.rows) == 3


def test_a_host_without_cron_is_whole_and_empty() -> None:
    found = facts()
    assert (list(found.rows), found.problems[""]) == ([], [])


LINES = r"""* * * * * root /usr/bin/backup --password=S3cret
* * * * * root PW="S3 cret" TOKEN=S3cret /opt/x S3cret
* * * * * root PW="S3\"cret a b" /opt/x
* * * * * root PW=$(echo S3cret) x
* * * * * root PW=`echo S3cret y` x
* * * * * root PW="$(echo "S3cret y z")" x
* * * * * root PW=a\ S3cret x
@reboot root sh -c "/usr/bin/x --pw S3cret"
* * * * * root mail -s x%S3cret /etc/x
* * * * * root date +\%F > /dev/null && /usr/bin/x
* * * * * root [ -x /a/b ] && /a/b S3cret
* * * * * root foo 2>&1 >/var/log/x
* * * * * root (cd /opt && ./a S3cret)
* * * * * root foo;S3cret
* * * * * root $HOME/S3cret
* * * * * root ./run 10.0.0.1 2x /opt/备份/run.sh S3cret
0~59 1-5/2 */3 JAN mon-fri root x
-*/15 * * * * root x
"TO KEN" = S3cret
TOKEN = S3cret
 # S3cret
S3cret is no entry at all of any kind
* * * * * root
"""
REDUCED = """* * * * * root /usr/bin/backup
* * * * * root /opt/x
* * * * * root ?
* * * * * root ?
* * * * * root ?
* * * * * root ?
* * * * * root ?
@reboot root sh /usr/bin/x
* * * * * root mail
* * * * * root date /usr/bin/x
* * * * * root [ /a/b
* * * * * root foo
* * * * * root cd /opt
* * * * * root foo
* * * * * root ?
* * * * * root ./run /opt/备份/run.sh
0~59 1-5/2 */3 JAN mon-fri root x
-*/15 * * * * root x



?
?
"""


def test_only_the_command_leaves_the_host() -> None:
    lines, expected = LINES.split("\n"), REDUCED.split("\n")
    assert [reduce(line, "system") for line in lines] == expected
    assert "S3cret" not in REDUCED
    rules = [f"-es~{ere}~{replacement}~;t" for ere, replacement in reduction("system")]
    done = subprocess.run(["sed", "-E", *rules, "-ed"], input=LINES.encode(), capture_output=True, check=True)
    assert done.stdout.decode() == REDUCED


def test_the_first_path_ends_where_a_shell_ends_words() -> None:
    job = parse_line("@daily /opt/x;rm -rf /tmp/y", "user")
    assert job
    assert (job.user, job.command, job.path) == (None, "/opt/x", "/opt/x")


@pytest.mark.parametrize("kind", ["system", "user", "anacron"])
def test_the_filter_is_portable(kind: str) -> None:
    for ere, replacement in reduction(kind):
        assert "~" not in ere  # sed's delimiter
        assert "(?" not in ere
        assert not any(f"\\{number}" in replacement for number in range(10, 30))  # sed knows nine groups


@pytest.mark.parametrize(
    "text", ["a", "a ", "> ", ">", '"', "\\ ", "A=b ", "1 ", "(", "/ ", "* ", "=", "2>& ", '"a" ', "\\", "'"]
)
def test_hostile_lines_cost_no_more_than_their_length(text: str) -> None:
    for head in ("", "* * * * * root ", "* * * * * root x ", "@x A="):
        for kind in ("system", "user", "anacron"):
            reduce(head + text * 50_000, kind)


_PIECES = st.sampled_from(
    ["* * * * * ", "@daily ", "root ", "A=", "/x", " ", "\t", '"', "'", "\\", "%", "$(", "`", ";", "&", ">", "?", "x",
     "#", "\u00a0", "\x1f", "1 5 id ", "~", "é", "\r"]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=25).map("".join), st.sampled_from(["system", "user", "anacron"]))
def test_reducing_twice_changes_nothing(line: str, kind: str) -> None:
    assert reduce(reduce(line, kind), kind) == reduce(line, kind)


def test_only_blanks_and_tabs_part_words() -> None:
    job = parse_line("* * * * * a\u00a0b x\x1fy z", "system")
    assert job
    assert (job.user, job.command) == ("a\u00a0b", "x\x1fy")


@given(st.binary(max_size=200) | st.lists(_PIECES, max_size=25).map(lambda pieces: "".join(pieces).encode()))
def test_any_bytes_parse_without_raising(raw: bytes) -> None:
    facts(
        cron_system={"/etc/crontab": raw, "/etc/cron.d/x": b"* * * * * " + raw}, anacrontab={"/etc/anacrontab": raw},
        cron_spool={"/var/spool/cron/x": raw}, cron_listing=raw,
    )  # fmt: skip
