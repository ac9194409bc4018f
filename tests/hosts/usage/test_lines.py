"""What lines of logs are reduced to: in the forms in which programs really write them, and what only looks so."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.hosts.usage.kit import fill, stamp, told

#: `tag: message` → kind, user, target, address. Taken from sudo 1.9, OpenSSH 9.2, util-linux 2.38, shadow 4.13,
#: busybox 1.35 where no other is named.
TOLD = {
    "sshd[39]: Accepted publickey for alice from 10.1.2.3 port 40022 ssh2: ED25519 SHA256:2RQXoEYeIV8":
        ("ssh", "alice", "", "10.1.2.3"),
    "sshd-session[39]: Accepted password for alice from fe80::1%eth0 port 4 ssh2": ("ssh", "alice", "", "fe80::1%eth0"),
    "sshd[39]: Accepted keyboard-interactive/pam for alice from gate port 1 ssh2": ("ssh", "alice", "", "gate"),
    "sshd[39]: Accepted publickey for alice from 10.1.2.3 port 1 ssh2: RSA-CERT SHA256:x ID x from 9.9.9.9 port 2 (s)":
        ("ssh", "alice", "", "10.1.2.3"),
    "dropbear[9]: Pubkey auth succeeded for 'alice' with ssh-rsa key SHA256:abc from 10.1.2.3:5555":
        ("ssh", "alice", "", "10.1.2.3"),
    "dropbear[9]: Password auth succeeded for 'alice' from 10.1.2.3:5555": ("ssh", "alice", "", "10.1.2.3"),
    "sshd[39]: pam_unix(sshd:session): session opened for user alice(uid=1000) by (uid=0)":
        ("session", "alice", "sshd sshd (uid=0)", ""),
    "login[7]: pam_unix(login:session): session opened for user alice by LOGIN(uid=0)":
        ("session", "alice", "login login LOGIN(uid=0)", ""),
    "gdm-password][7]: pam_unix(gdm-password:session): session opened for user alice(uid=1000) by (uid=0)":
        ("session", "alice", "gdm-password gdm-password (uid=0)", ""),
    "gdm-password]: pam_unix(gdm-password:session): session opened for user alice by (uid=0)":
        ("session", "alice", "gdm-password gdm-password (uid=0)", ""),
    "su[7]: pam_unix(su-l:session): session opened for user root(uid=0) by alice(uid=1000)":
        ("session", "root", "su su-l alice(uid=1000)", ""),
    "su[7]: (to root) alice on pts/0": ("su", "alice", "root", ""),
    "su: + /dev/pts/0 alice:root": ("su", "alice", "root", ""),
    "sudo:    alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/id": ("sudo", "alice", "root", ""),
    "sudo[27279]:    alice : PWD=/ ; USER=bob ; COMMAND=/usr/bin/sh -c x": ("sudo", "alice", "bob", ""),
    "sudo:    alice : HOST=web1 ; TTY=pts/0 ; PWD=/ ; USER=root ; GROUP=adm ; TSID=01 ; ENV=A=b ; COMMAND=sudoedit /x":
        ("sudo", "alice", "root", ""),
    "sudo:    alice : TTY=pts/0 ; CHROOT=/srv ; PWD=/ ; USER=root ; COMMAND=/bin/sh -c 'a ; USER=bob ; COMMAND=/b'":
        ("sudo", "alice", "root", ""),
    "sudo:    alice : TTY=pts/0 ; PWD=/a ; USER=bob ; b ; USER=root ; COMMAND=/usr/bin/id": ("sudo", "alice", "?", ""),
    "sudo:    alice : TTY=pts/0 ; PWD=/home ; USER=root ; ENV=A=" + "x" * 900: ("sudo", "alice", "?", ""),  # wrapped
    "doas: alice ran command ls -l as root from /home/alice": ("doas", "alice", "root", ""),  # OpenDoas 6.8
    "doas: alice ran command echo as bob from / as root from /home/alice": ("doas", "alice", "?", ""),
    "pkexec[5]: alice: Executing command [USER=root] [TTY=/dev/pts/0] [CWD=/] [COMMAND=/usr/bin/id]":
        ("pkexec", "alice", "root", ""),  # polkit 122
    "useradd[5]: new user: name=alice, UID=1000, GID=1000, home=/home/alice, shell=/bin/sh, from=none":
        ("made", "alice", "", ""),
    "useradd[5]: add 'alice' to group 'sudo'": ("granted", "alice", "", ""),
    "usermod[5]: add 'alice' to group 'adm'": ("granted", "alice", "", ""),
    "gpasswd[5]: user alice added by root to group games": ("granted", "alice", "", ""),
    "gpasswd[5]: members of group games set by root to alice,bob": ("granted", "*", "", ""),
}  # fmt: skip

#: Lines that tell of no login and no use, or of somebody else's than they seem to.
SILENT = [
    "sshd[39]: Failed password for alice from 10.1.2.3 port 22 ssh2",
    "sshd[39]: Invalid user Accepted publickey for alice from 10.1.2.3 port 22 from 9.9.9.9 port 1",
    "sshd[39]: Accepted publickey for nobody-here from 10.1.2.3 port 40022 ssh2",
    "sshd[39]: pam_unix(sshd:session): session closed for user alice",
    "CRON[9]: pam_unix(cron:session): session opened for user alice(uid=1000) by (uid=0)",
    "systemd[9]: pam_unix(systemd-user:session): session opened for user alice(uid=1000) by (uid=0)",
    "sudo: pam_unix(sudo:session): session opened for user root(uid=0) by alice(uid=1000)",
    "sudo:    alice : command not allowed ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/id",
    "sudo:    alice : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/id",
    "sudo:    alice : 1 incorrect password attempt ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/id",
    "sudo:    alice : a password is required ; PWD=/ ; USER=root ; COMMAND=/usr/bin/id",
    "sudo:    alice : unknown user nope ; PWD=/ ; USER=nope ;",
    "sudo:    alice : unable to resolve host vm: Name or service not known ; USER=root",
    "sudo:    alice : (command continued) ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/id",
    "sudo:    alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=list",
    "sudo:    alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=list /usr/bin/id",
    "sudo:    alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=validate",
    "app[1]: sudo:    alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/id",
    "app[1]: Mar  1 10:00:00 web1 sudo:    alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/id",
    "app sudo:    alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/id",
    "sudoku:    alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/id",
    "app[1]: Accepted publickey for alice from 10.1.2.3 port 40022 ssh2",
    "app[1]: (to root) alice on pts/0",
    "su[7]: FAILED SU (to root) alice on pts/0",
    "su: - /dev/pts/0 alice:root",
    "su[7]: pam_unix(su:auth): authentication failure; logname=alice uid=1000 session opened for",
    "doas: failed auth for alice ran command",
    "pkexec[5]: alice: Error executing command as another user: Executing command",
    "gpasswd[5]: user alice removed by root from group games",
    "usermod[5]: delete 'alice' from group 'adm'",
    "groupadd[5]: group added to /etc/group: name=alice, GID=1",
]  # fmt: skip

#: How a daemon begins its lines: before the tag, and before the time.
FORMS = {"rsyslog": "web1 ", "busybox": "web1 authpriv.notice ", "busybox -S": "", "an address": "10.0.0.1 "}


def events(root: Path, text: str) -> list[tuple[str, ...]]:
    """kind, user, target, address of what the log tells."""
    fill(root, {"/var/log/auth.log": (0, text)})
    rows = [line.split("\t") for line in told(root).splitlines()]
    return [(*row[:3], row[5]) for row in rows if len(row) == 6]


@pytest.mark.parametrize("line", TOLD)
def test_a_line_is_reduced_to_who_and_how(line: str, tmp_path: Path) -> None:
    assert events(tmp_path, f"{stamp(1)} web1 {line}\n") == [TOLD[line]]


@pytest.mark.parametrize("line", SILENT)
def test_a_line_that_only_looks_so_tells_nothing(line: str, tmp_path: Path) -> None:
    assert events(tmp_path, f"{stamp(1)} web1 {line}\n") == []


@pytest.mark.parametrize("style", ["rfc3164", "iso", "journal"])
@pytest.mark.parametrize("form", FORMS)
def test_lines_of_all_daemons_are_read(form: str, style: str, tmp_path: Path) -> None:
    text = "".join(f"{stamp(1, style)} {FORMS[form]}{line}\n" for line in [*TOLD, *SILENT])
    expected = {told for told in TOLD.values() if told[0] != "ssh"}
    assert {event for event in events(tmp_path, text) if event[0] != "ssh"} == expected


def test_what_happened_more_than_once_is_counted_and_the_last_time_kept(tmp_path: Path) -> None:
    lines = [
        f"{stamp(9 - at)} web1 sshd[1]: Accepted publickey for alice from 10.0.0.{at} port 1 ssh2" for at in range(3)
    ]
    fill(tmp_path, {"/var/log/auth.log": (0, "\n".join(lines))})
    assert f"ssh\talice\t\t3\t{stamp(7)}\t10.0.0.2" in told(tmp_path).splitlines()


def test_nothing_of_a_command_leaves_the_host(tmp_path: Path) -> None:
    text = f"{stamp(1)} web1 sudo: alice : TTY=pts/0 ; PWD=/s3cret ; USER=root ; COMMAND=/usr/bin/mysql -ps3cret\n"
    fill(tmp_path, {"/var/log/auth.log": (0, text * 20)})
    assert "sudo\talice\troot\t20" in told(tmp_path)
    assert "s3cret" not in told(tmp_path)


def test_the_own_file_of_sudo_is_read_with_its_wrapped_lines(tmp_path: Path) -> None:
    text = (
        f"{stamp(9)} : alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ;\n    COMMAND=/usr/bin/id\n"
        f"{stamp(8)} 2026 : alice : HOST=web1 ; TTY=pts/0 ;\n    PWD=/home/alice ; USER=bob ; COMMAND=/usr/bin/id\n"
        f"{stamp(7)} : bob : command not allowed ; TTY=pts/0 ; PWD=/ ;\n    USER=root ; COMMAND=/usr/bin/id\n"
        f"{stamp(6)} : bob : TTY=pts/0 ; PWD=/home/bob ; USER=root ;\n    COMMAND=list\n"
    )
    sudoers = 'Defaults env_reset\nDefaults  logfile="/var/log/sudo/use.log", !syslog\n'
    fill(tmp_path, {"/var/log/sudo/use.log": (0, text), "/etc/sudoers": (0, sudoers)})
    lines = told(tmp_path).splitlines()
    assert f"sudo\talice\troot\t1\t{stamp(9)}\t" in lines
    assert f"sudo\talice\tbob\t1\t{stamp(8)} 2026\t" in lines
    assert not [line for line in lines if "bob" in line.split("\t")[1:2]]


#: What a long line may be made of: beginnings of what the expressions look for, over and over.
HOSTILE = [
    "su", "su[1", "(to ", ") ", "sudo: ", " : ", "TTY=x ; ", " ; USER=", " ; COMMAND=list", " ran command ", " as x",
    " as x from ", " set by ", "members of group ", "user a added by ", " to group ", "from ", "' auth succeeded for '",
    "session opened for ", "pam_unix(", "2026-01-01T0", "Accepted ", ": ", "a", " ", "[", "]", "\t", "    ",
]  # fmt: skip


def test_hostile_lines_stay_linear(tmp_path: Path) -> None:
    heads = [
        "",
        "web1 su: (to root) ",
        "web1 sudo: alice : PWD=",
        "web1 doas: alice ran command ",
        "web1 sshd: Accepted x for ",
    ]
    heads += ["web1 gpasswd: members of group ", "web1 dropbear: Password auth succeeded for 'a' ", "web1 su: + "]
    lines = [f"{stamp(1)} {head}; USER={piece * (100_000 // len(piece))}" for head in heads for piece in HOSTILE]
    fill(tmp_path, {"/var/log/auth.log": (0, "\n".join(lines))})
    start = time.process_time()
    told(tmp_path)
    assert time.process_time() - start < 10
