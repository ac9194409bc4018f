"""The awk program that reads files on a host, and its twin for images, read alike: under each awk of this machine."""

from __future__ import annotations

import glob
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from secops.hosts.trusted.awk_names import READ_AWK
from secops.hosts.trusted.grammars import read
from secops.hosts.trusted.patterns import beginning, steps
from secops.hosts.trusted.places import Grammar
from secops.hosts.trusted.reader import Reader

AWKS = [awk for awk in (("mawk",), ("gawk",), ("busybox", "awk")) if shutil.which(awk[0])]
GRAMMARS: tuple[Grammar, ...] = (
    "cron", "tab", "anacron", "unit", "shell", "rc", "words", "variables", "rotation", "rules", "sshd", "sudo",
    "inetd", "xinetd", "apt", "script", "commands", "pam",
)  # fmt: skip

#: Pieces of lines, parted by blanks; what holds a blank stands below.
WORDS = r"""
/opt/x /opt//y/ / //host/share /proc/1 /opt/$V/run /opt/*.sh /opt/c\d ./run.sh .././x bin/x x.py ~/a $HOME/b ${HOME}/c
cd sh bash python3 run-parts . source [ test if then exec nice flock timeout su sudo runuser root daemon nobody ghost
-c -lc -x - -- -exec -ok 10 1.5h A=b PATH=/a:/b:$PATH PATH='/c:~/d' LD_PRELOAD=/l.so export @reboot @daily * */5 0 JAN
; && || | & ( ) ` $( { } ! " ' > >> 2>&1 < <( \ \% % # #x ~ $ = : , a\b é
[Service] [Install] ExecStart= ExecStart=-/opt/s ExecStartPre=+/opt/p ExecStop=!!/opt/q ExecSearchPath=/opt
EnvironmentFile=-/etc/e User= User=daemon User=1 User=ghost DynamicUser=yes DynamicUser=no RootDirectory=/r BusName=a.b
Environment= Environment="PATH=/e:/f" PYTHONPATH=/g WorkingDirectory=/srv WorkingDirectory=-~ PermissionsStartOnly=1
Wants=x.service y.timer z After=x OnFailure=b@%n.service /opt/%i.sh /opt/%i/x pre-up install remove
kernel.core_pattern=|/opt/c -kernel/modprobe = envfile=/srv/e file=/srv/l conf=x dir=/srv/d pam_env.so
Unit=a@.service Unit=b\x2dc.service Service=x WantedBy=z postrotate endscript
RUN+="/opt/u" IMPORT{program}="/opt/w" PROGRAM="/opt/v Include=/etc/ssh/x /opt/t,/opt/u\, secure_path="/s:/t"
start-stop-daemon daemon --exec -x --chuid -u --user=daemon --chuid=x:y daemon:daemon --startas tar chown 7z *.c * -- ?
ForceCommand AuthorizedKeysCommand Match User daemon,root all server = user = disable = yes { } tcpd DPkg::Post-Invoke
DPkg::Pre-Install-Pkgs {"/opt/h"; "/opt/i";}; post-invoke=/opt/j // "/opt/k";
DIR=/opt/c $DIR/x ${DIR}/y "$DIR" X="/opt/d" x='/opt/e' $DIR $x readonly
for in do done $f ${f} "$f" f ./*.sh ./b/*.d/x ~daemon/env ~ghost/x make -C -f --file awk sed /opt/x/*.sh /usr/lib/*.d
setpriv --reuid=0 --reuid systemd-run --uid=daemon --uid -p User=daemon -pUser=x --property=User=1 strace -o chroot /
xargs -I {} -a taskset 0x3 0-3 timeout -s KILL ionice /opt/venv/bin/python3 /usr/bin/python3 busybox --userspec=daemon:x
^/opt/(a|b)/r\.sh$ ^/etc/[a-z]+\.d/.*$ ^/usr/(lib|s[[:alpha:]]*)/x{1,2}$ ^/no/end ,/etc/*.d/
=/usr/*/[lp]oca? :/opt/a'*b/c (root)/etc/init.d/ NOPASSWD:/usr/l*/x*/*.py !/proc/*/exe ,/*/*/*/*
"""
OTHERS = (
    "cd /srv", "> /dev/null", '>"/var/log/a b"', "su daemon daemon", "TrustedUserCAKeys /etc/ca", "Plugin p /opt/p.so",
    "Subsystem sftp /usr/lib/sftp", "Debug sudo /var/log/d", "include /etc/ld.so.conf.d/*.conf", "\t", "\r", "\f", "\v",
    "alice ALL=(root) /opt/t", "Match User daemon,x,root", "match all", "server = /opt/s", "user = 1", "disable = yes",
    "ForceCommand /opt/f",
    "for f in /opt/x/*.sh; do", 'X="a b" /opt/x', 'readonly DIR="/opt/f"', 'x="$X b" /opt/x', 'DIR=/opt/g; $DIR',
    "cd /srv; make", "chroot /opt/j /x",
    "DPkg { Post-Invoke", "http stream tcp nowait root.www /opt/s s", "cd /srv; tar c x *",
    "\xff", "a" * 40, "/" + "b" * 1030,
)  # fmt: skip
PIECES = (*WORDS.split(), *OTHERS)
HEADS = (
    "",
    "DIR=/opt/h; ",
    "",
    "5 4 * * * ",
    "* * * * * root ",
    "@daily daemon ",
    "1 5 id ",
    "ForceCommand ",
    "match user ",
    "server = ",
)
#: First lines.
FIRST = ("", "", "#!/opt/python -u\n", "#!/usr/bin/env -S /opt/sh /opt/x\n")
GAPS = (" ", " ", " ", "  ", "\t", "")


def lines(seed: int, count: int) -> str:
    """Lines of pieces, most parted by blanks."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    made = []
    for _ in range(count):
        words = (chance.choice(PIECES) + chance.choice(GAPS) for _ in range(chance.randrange(12)))
        made.append(chance.choice(HEADS) + "".join(words))
    return "\n".join(made) + chance.choice(["\n", ""])


def by_awk(awk: tuple[str, ...], path: Path, grammar: str) -> tuple[list[str], set[str]]:
    """(lines that name paths, paths to look at) as the host's program prints them."""
    command = [*awk, "-v", "links= /bin", READ_AWK]
    environment = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
    asked = f"P 0 {grammar} {path}\n".encode()
    done = subprocess.run(command, input=asked, capture_output=True, check=True, env=environment)
    assert done.stderr == b""
    printed = done.stdout.decode("latin-1").split("\n")
    return [line for line in printed if line[:1] in ("N", "T")], {
        line for line in printed if line[:1] in ("Q", "C", "W")
    }


def listing(pattern: str) -> set[str]:
    """What a shell of this machine makes of a pattern."""
    there = ((path, rest) for before, rest in steps(pattern) for path in glob.glob(before))
    found = {path + rest for path, rest in there if not rest or os.path.isdir(path)}
    return (found | {beginning(pattern)}) - {"/"}


def by_twin(path: Path, grammar: Grammar) -> tuple[list[str], set[str]]:
    passwd = [line.split(":") for line in Path("/etc/passwd").read_text().splitlines()]
    reader = Reader({f[0]: f[5].rstrip("/") for f in passwd}, {f[2]: f[0] for f in reversed(passwd)}, {"/bin"})
    reader.wanted[str(path)] = None
    whole = read(reader, str(path), grammar, path.read_bytes().decode("latin-1"))
    named = [f"N{named.line} {' '.join(named.tokens)}" for named in reader.named]
    for pattern in reader.patterns:
        reader.wanted |= dict.fromkeys(listing(pattern))
    asked = {f"Q{path}" for path in reader.wanted} | {f"W{pattern}" for pattern in reader.patterns}
    asked |= {f"C{path}" for path in reader.candidates}
    return [*named, *([] if whole else [f"T{path}"])], asked


@pytest.mark.parametrize("awk", AWKS, ids=lambda awk: awk[0])
@pytest.mark.parametrize("grammar", GRAMMARS)
def test_the_twin_reads_what_awk_reads(awk: tuple[str, ...], grammar: Grammar, tmp_path: Path) -> None:
    path = tmp_path / "daemon"  # as a crontab of the spool is called
    for seed, first in enumerate(FIRST):
        path.write_bytes((first + lines(seed, 150)).encode("latin-1"))
        found, expected = by_awk(awk, path, grammar), by_twin(path, grammar)
        for one, other in zip(*(result[0] for result in (found, expected)), strict=False):
            assert one == other
        assert found == expected
