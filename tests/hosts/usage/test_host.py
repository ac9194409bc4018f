"""The scripts on a real host: under each shell, with GNU tools and busybox's, against what the image carrier sees."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from secops.hosts.carriers.root import Root
from secops.hosts.evidence import Evidence, SectionEvidence, Status, judge, summarise
from secops.hosts.section import Command
from secops.hosts.tables import Built, Row, registry
from secops.hosts.usage.records import read_records
from secops.hosts.usage.sections import AUTH_JOURNAL, AUTH_LOGS
from secops.hosts.usage.terminal import LOGIN_RECORDS
from tests.hosts.carriers.kit import Wire
from tests.hosts.evidence_kit import evidence
from tests.hosts.usage.kit import DAY, NOW, log, stamp, told, utmp
from tests.hosts.usage.test_lines import SILENT, TOLD
from tests.hosts.usage.test_terminal import lastlog
from tests.testroot import OPS, TestHost

SHELLS = {"dash": ["dash", "-c"], "bash": ["bash", "-c"], "busybox": ["busybox", "sh", "-c"]}
_JOURNALD = Path("/lib/systemd/systemd-journald")


def answer(host: TestHost, section: Command, shell: str = "dash", uid: int = 0) -> SectionEvidence:
    """What a section's script gives on the host. With busybox nothing but its own tools is found."""
    path = "PATH=/bb; " if shell == "busybox" else ""
    done = host.run([*SHELLS[shell], path + section.script], uid=uid)
    assert done.stderr == b""
    return summarise(section, [judge(section, "", done.stdout, done.returncode)])


def spoken(text: str) -> Counter[str]:
    """The lines, which come in no order; without the clock."""
    return Counter(line for line in text.splitlines() if not line.startswith("now\t"))


def put(host: TestHost, path: str, days: float, content: str | bytes) -> None:
    os.utime(host.write(path, content), (NOW - days * DAY,) * 2)


def plant(host: TestHost) -> None:
    """Logs and records of all kinds; `alice` and `bob` are accounts."""
    host.run(
        ["sh", "-c", "useradd -m -u 1001 alice; useradd -u 70000 bob; mkdir -p /bb; busybox --install -s /bb"],
        check=True,
    )
    spoken = "".join(f"{stamp(9 - at / 100)} web1 {line}\n" for at, line in enumerate([*TOLD, *SILENT]))
    put(host, "/var/log/auth.log", 0, log((12, "x[1]: -")) + spoken + f"{stamp(0.1)} web1 no newline: at the end")
    put(
        host,
        "/var/log/auth.log.1",
        15,
        log((20, "sshd[1]: Accepted password for bob from 10.0.0.9 port 1 ssh2"), style="iso"),
    )
    put(host, "/var/log/auth.log.2.gz", 25, gzip.compress(log((30, "su[1]: (to root) bob on pts/0")).encode()))
    put(host, "/var/log/auth.log.3.gz", 35, gzip.compress(log((40, "su[1]: (to root) bob on pts/0")).encode()))
    put(host, "/var/log/auth.log.4.zst", 45, b"")
    put(host, "/var/log/auth.log.5 6", 45, "passed over")
    put(host, "/var/log/secure", 3, "nothing with a time\n\xff\n")
    put(host, "/var/log/messages", 2, "")
    put(host, "/var/log/syslog", 1, "")
    own = f"{stamp(9)} : alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ;\n    COMMAND=/usr/bin/id\n"
    put(host, "/var/log/sudo-use.log", 0, own * 3)
    host.write(
        "/etc/sudoers.d/log", "Defaults:ops !syslog\n  Defaults  use_pty, logfile = /var/log/sudo-use.log\n", 0o440
    )
    records = utmp(9, "alice", "pts/0", "10.0.0.1") + utmp(8, "alice", "pts/0", kind=8) + utmp(7, "bob", "tty1")
    put(host, "/var/log/wtmp", 0, records)
    put(host, "/var/log/wtmp.1.gz", 30, gzip.compress(utmp(30, "root", ":0", ":0")))
    put(host, "/var/log/lastlog", 0, lastlog((0, 99), (1001, 9), (70_000, 7)))


def test_all_shells_and_the_image_carrier_tell_the_same(test_host: TestHost) -> None:
    plant(test_host)
    for section in (AUTH_LOGS, LOGIN_RECORDS):
        image = spoken(told(test_host.root, section))
        assert len(image) > 5
        for shell in SHELLS:
            seen = answer(test_host, section, shell)
            assert (shell, seen.status) == (shell, Status.OK)
            assert spoken(seen.only.text) == image, shell


def test_a_plain_user_is_denied(test_host: TestHost) -> None:
    plant(test_host)
    test_host.at("/var/log/auth.log").chmod(0o640)
    for shell in SHELLS:
        seen = answer(test_host, AUTH_LOGS, shell, uid=OPS)
        assert seen.status is Status.DENIED
        assert f"log\t{NOW}\tunread\t/var/log/auth.log" in seen.only.lines
        assert f"su\tbob\troot\t1\t{stamp(30)}\t" in seen.only.lines  # what they may read
        assert answer(test_host, LOGIN_RECORDS, shell, uid=OPS).status is Status.OK
    test_host.at("/var/log/lastlog").chmod(0o600)
    assert {answer(test_host, LOGIN_RECORDS, shell, uid=OPS).status for shell in SHELLS} == {Status.DENIED}
    test_host.at("/var/log").chmod(0o700)
    assert {answer(test_host, AUTH_LOGS, shell, uid=OPS).status for shell in SHELLS} == {Status.DENIED}


def test_a_packed_log_that_is_broken_is_told(test_host: TestHost) -> None:
    plant(test_host)
    content = gzip.compress(log((40, "su[1]: (to root) bob on pts/0")).encode())
    put(test_host, "/var/log/auth.log.3.gz", 35, content[:-9])
    put(test_host, "/var/log/auth.log.2.gz", 25, b"no gzip")
    for shell in SHELLS:
        read = evidence(auth_logs=answer(test_host, AUTH_LOGS, shell).only.data)
        (record,) = [record for record in read_records(read, Built())[0] if record.name == "/var/log/auth.log"]
        assert record.since == NOW - 20 * DAY, shell  # as far as the file before them


def test_a_log_larger_than_is_read_is_cut_at_its_beginning(test_host: TestHost) -> None:
    plant(test_host)
    section = Command("auth_logs", AUTH_LOGS.script.replace("left=67108864", "left=5000"))
    assert section.script != AUTH_LOGS.script
    put(test_host, "/var/log/auth.log", 0, log(*((9 - at / 100, "app[1]: Accepted ") for at in range(800))))
    for shell in SHELLS:
        text = answer(test_host, section, shell).only.lines
        at = text.index(f"log\t{NOW}\tcut\t/var/log/auth.log")
        assert text[at + 1] > f"=\t{stamp(2.5)}"
        assert f"log\t{NOW - 15 * DAY}\tunread\t/var/log/auth.log.1" in text


def rows(table: str, *known: SectionEvidence, host: TestHost) -> list[Row]:
    """The table's rows, from what the image carrier sees and what the host said itself."""
    image = Root(str(host.root)).collect()
    said = {section.name: seen for section, seen in zip((AUTH_LOGS, AUTH_JOURNAL, LOGIN_RECORDS), known, strict=False)}
    return registry()[table].build(Evidence("local", "test", 0, {**image.sections, **said})).rows


def act(host: TestHost) -> None:
    """What people do on a host."""
    host.write("/etc/sudoers.d/ops", "ops ALL=(ALL) NOPASSWD: ALL\n", 0o440)
    for command in (
        "sudo -u nobody id",
        "sudo id",
        "sudo -l",
        "sudo -n -u nosuch id",
        "sudo -v",
        "sudo su - alice -c id",
    ):
        host.run(["sh", "-c", command], uid=OPS)
    host.run(["usermod", "-aG", "games", "alice"], check=True)


def test_what_real_programs_log_is_understood(test_host: TestHost, tmp_path: Path) -> None:
    """sudo, su, sshd and usermod talk to busybox's syslogd; ops comes by key, with and without a terminal."""
    test_host.run(["useradd", "-m", "alice"], check=True)
    test_host.run(["busybox", "syslogd", "-O", "/var/log/auth.log"], check=True)
    wire = Wire.lay(test_host, tmp_path)
    while not test_host.at("/dev/log").exists():
        time.sleep(0.01)
    act(test_host)
    subprocess.run(["ssh", "-F", wire.config, "testhost", "true"], check=True, capture_output=True)
    wait_for(lambda: b"session closed for user ops" in test_host.at("/var/log/auth.log").read_bytes())
    seen = answer(test_host, AUTH_LOGS), SectionEvidence(Status.ABSENT), answer(test_host, LOGIN_RECORDS)

    uses = {(row["user_name"], row["program"]): row for row in rows("sudo_use", *seen, host=test_host)}
    sudo = uses["ops", "sudo"]
    assert (sudo["uses"], sudo["as_root"], sudo["targets"], sudo["record"]) == (
        3, True, ["nobody", "root"], "/var/log/auth.log"
    )  # fmt: skip
    assert uses["alice", "sudo"]["last_use"] is None
    assert uses["alice", "sudo"]["granted"] >= time.time() - 60
    logins = {row["user_name"]: row for row in rows("last_logins", *seen, host=test_host)}
    assert {name: row["via"] for name, row in logins.items() if row["last_login"]} == {"ops": "ssh", "alice": "su"}


def wait_for(condition: object) -> None:
    end = time.monotonic() + 10
    while not condition() and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.02)


#: A journald of its own: its folders are in memory, and its socket is the root's /dev/log.
_WITH_JOURNALD = """set -e
mount --make-rprivate /
mount -t tmpfs none /run; mount -t tmpfs none /var/log
mkdir -p /run/systemd/journal /run/systemd/journald.conf.d "/var/log/journal/$(cat /etc/machine-id)"
printf '[Journal]\\nReadKMsg=no\\nAudit=no\\n' >/run/systemd/journald.conf.d/test.conf
touch /run/systemd/journal/flushed
/lib/systemd/systemd-journald >/dev/null 2>&1 &
n=0; until [ -S /run/systemd/journal/dev-log ] || [ $n = 200 ]; do sleep 0.02; n=$((n + 1)); done
touch "$1/dev/log"; mount --bind /run/systemd/journal/dev-log "$1/dev/log"; mount -t proc proc "$1/proc"
chroot "$1" sh -c "$2" >/dev/null 2>&1 || :
n=0; until journalctl -q -t usermod | grep -q games || [ $n = 100 ]; do sleep 0.02; n=$((n + 1)); done
mount --bind "$1/etc/passwd" /etc/passwd
for script in "$3" "$4"; do sh -c "$script"; echo "exit $?"; done
kill %1
"""


@pytest.mark.skipif(
    not (_JOURNALD.exists() and shutil.which("journalctl")), reason="no systemd-journald on this machine"
)
def test_the_journal_tells_the_same(root_copy: Path) -> None:
    """A real journald, a real journalctl; also with one that cannot look for words."""
    sudoers = root_copy / "etc/sudoers.d/ops"
    sudoers.write_text("ops ALL=(ALL) NOPASSWD: ALL\n")
    sudoers.chmod(0o440)
    acts = 'useradd -m alice; a() { setpriv --reuid=ops --regid=ops --init-groups "$@"; }\n'
    acts += "a sudo -u nobody id; a sudo id; a sudo -l; a sudo -v; a sudo su - alice -c id; usermod -aG games alice"
    script = AUTH_JOURNAL.script
    old = script.replace('"$@" 2>/dev/null; }', '"$@" 2>/dev/null; }\nask() { case $* in *-g*) return 1 ;; esac; '
                         'journalctl -q --no-pager -o short-iso "$@"; }')  # fmt: skip
    assert old != script
    command = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", _WITH_JOURNALD, "x"]
    done = subprocess.run([*command, str(root_copy), acts, script, old], capture_output=True, text=True, check=False)
    first, _, second = done.stdout.partition("exit 0\n")
    found, again = (
        {tuple(line.split("\t")[:4]) for line in text.splitlines() if line.count("\t") == 5} for text in (first, second)
    )
    assert found == again
    assert found >= {
        ("sudo", "ops", "nobody", "1"), ("sudo", "ops", "root", "2"), ("su", "root", "alice", "1"),
        ("made", "alice", "", "1"), ("granted", "alice", "", "1"),
    }  # fmt: skip
    assert "journal\t20" in first


def test_a_journal_that_a_plain_user_may_not_read(test_host: TestHost) -> None:
    test_host.at("/var/log/journal/x").mkdir(parents=True)
    test_host.write("/var/log/journal/x/system.journal", b"", 0o640)
    test_host.write("/usr/bin/journalctl", "#!/bin/sh\necho it was asked\n", 0o755)
    for shell in ("dash", "bash"):
        assert answer(test_host, AUTH_JOURNAL, shell, uid=OPS).status is Status.DENIED
    test_host.at("/var/log/journal/x").chmod(0o700)
    assert answer(test_host, AUTH_JOURNAL, uid=OPS).status is Status.DENIED


def test_a_host_without_a_journal(test_host: TestHost) -> None:
    for shell in ("dash", "bash"):
        assert answer(test_host, AUTH_JOURNAL, shell).status is Status.ABSENT


_PIECES = [
    "sudo: ", "sshd[1]: ", "su[1]: ", "doas: ", "Accepted password for ", "ops", "root", " from 1.2.3.4 port 5", " : ",
    " ssh2", "TTY=pts/0 ; ", "PWD=/ ; ", "USER=root ; ", "COMMAND=/bin/sh", "COMMAND=list", " ; ", "(to root) ", " by ",
    " on pts/0", " ran command ", " as root", " from /", "pam_unix(sshd:session): session opened for user ", "(uid=0)",
    "\t", "\xff", "\\", "(", "[", "]", "\r", " ", "web1 ", "auth.info ", "Mar  1 10:00:00 ", "2026-03-01T10:00:00Z ",
]  # fmt: skip


def test_any_lines_are_told_alike(test_host: TestHost) -> None:
    """sed and awk against Python, on lines made of what the expressions look for."""
    test_host.run(["sh", "-c", "mkdir /bb; busybox --install -s /bb"], check=True)
    line = st.lists(st.sampled_from(_PIECES), max_size=12).map("".join)

    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(line, max_size=60), st.sampled_from(sorted(SHELLS)))
    def alike(texts: list[str], shell: str) -> None:
        content = "".join(f"{stamp(1)} web1 {text}\n{text}\n" for text in texts)
        put(test_host, "/var/log/auth.log", 0, content.encode("latin-1"))
        expected = spoken(told(test_host.root))
        assert spoken(answer(test_host, AUTH_LOGS, shell).only.text) == expected

    alike()
