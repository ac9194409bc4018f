"""Which paths of a line of shell are run, and as whom."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.trusted.commands import runs
from secops.hosts.trusted.lines import mask
from secops.hosts.trusted.reader import Reader

HOMES = {"root": "/root", "app": "/home/app", "svc": ""}

MADE = [f"/opt/d/{name}" for name in ("GNUmakefile", "makefile", "Makefile")]

#: A line of root's → the paths that it runs, as `path`, or `path user` of another account; what `@` is the host finds.
LINES = {
    "/opt/x a /opt/data": ["/opt/x"],
    "[ -x /opt/x ] && /opt/x --quiet": ["/opt/x"],
    "test -d /opt/d || exit 0; . /opt/env; /opt/y": ["/opt/env", "/opt/y"],
    "/opt/x >/var/log/x 2>&1 </etc/in &": ["/opt/x"],
    '/opt/x > "/var/log/a b"': ["/opt/x"],
    "A=/opt/a B=1 /opt/x": ["/opt/x"],
    "if ! /opt/x; then /opt/y; else exec /opt/z; fi": ["/opt/x", "/opt/y", "/opt/z"],
    "(/opt/x | /opt/y) && { /opt/z; }": ["/opt/x", "/opt/y", "/opt/z"],
    "for f in /opt/a /opt/b; do /opt/x $f; done": ["/opt/x"],
    "/usr/bin/nice -n 10 /usr/bin/ionice -c3 /opt/x": ["/usr/bin/nice", "/usr/bin/ionice", "/opt/x"],
    "/usr/bin/timeout -k 5 1h /opt/x": ["/usr/bin/timeout", "/opt/x"],
    "/usr/bin/flock -n /run/lock/x /opt/x": ["/usr/bin/flock", "/opt/x"],
    '/usr/bin/flock /run/lock/x -c "/opt/x; /opt/y"': ["/usr/bin/flock", "/opt/x", "/opt/y"],
    "/usr/bin/env -i A=b /opt/x": ["/usr/bin/env", "/opt/x"],
    "/bin/sh /opt/x /opt/data": ["/bin/sh", "/opt/x"],
    "/bin/sh -c '/opt/x; cd /opt/d && /opt/y'": ["/bin/sh", "/opt/x", "/opt/y"],
    "/bin/bash -lc /opt/x": ["/bin/bash", "/opt/x"],
    "/usr/bin/python3.11 -u /opt/x.py /opt/data": ["/usr/bin/python3.11", "/opt/x.py"],
    "/usr/bin/python3 -c 'open(\"/opt/data\")'": ["/usr/bin/python3"],
    "/usr/bin/java -Xmx1g -jar /opt/x.jar": ["/usr/bin/java", "/opt/x.jar"],
    "/usr/bin/php -f /opt/x.php": ["/usr/bin/php", "/opt/x.php"],
    "cd /opt/d && /usr/bin/php artisan": ["/usr/bin/php", "/opt/d/"],
    "cd /opt/d && /usr/bin/php -r 'echo 1;'": ["/usr/bin/php"],
    "cd $D && /usr/bin/php artisan": ["/usr/bin/php"],
    "/usr/bin/run-parts --report /etc/cron.daily": ["/usr/bin/run-parts", "/etc/cron.daily"],
    "/usr/bin/find /opt/d -name x -exec /opt/x {} +": ["/usr/bin/find", "/opt/x"],
    "/usr/bin/find /opt/d -delete": ["/usr/bin/find"],
    "/bin/tar czf /opt/a.tgz /home": ["/bin/tar"],
    "/opt/$V/run": ["/opt/"],
    '/bin/su - app -c "/opt/x; /opt/y"; /opt/z': ["/bin/su", "/opt/x app", "/opt/y app", "/opt/z"],
    "/bin/su -c '/opt/x root' app": ["/bin/su", "/opt/x app"],
    "/bin/su -c /opt/x": ["/bin/su", "/opt/x"],
    "/bin/su -s /bin/sh ghost -c /opt/x": ["/bin/su"],
    '/bin/su "$U" -c /opt/x': ["/bin/su"],
    "/usr/bin/sudo -u app -n /opt/x": ["/usr/bin/sudo", "/opt/x app"],
    "/usr/bin/sudo /opt/x": ["/usr/bin/sudo", "/opt/x"],
    "/usr/bin/sudo -u ghost /opt/x": ["/usr/bin/sudo"],
    "/sbin/runuser -u svc -- /bin/sh /opt/x": ["/sbin/runuser", "/bin/sh svc", "/opt/x svc"],
    'for f in /opt/d/*.sh; do [ -x "$f" ] && /bin/sh "$f"; done; rm $f': ["/bin/sh", "/opt/d/"],
    'for f in /opt/d/*.sh; do "${f}" -x; done': ["/opt/d/"],
    'for f in /opt/d/*.sh; do echo "$f" $g; done; for f in $X; do /bin/sh "$f"; done': ["/bin/sh"],
    "cd /opt/d; ./*.sh; ls ./*; ../x": ["/opt/d/", "/opt/d/../x"],
    "cd /opt/d && ./run && . ./env": ["/opt/d/run"],
    ". ~app/env; /bin/sh ~ghost/x ~svc/x": ["/home/app/env", "/bin/sh"],
    "/usr/bin/make -s -f /opt/m all; cd /opt/d && /usr/bin/make": [
        "/usr/bin/make",
        "/opt/m",
        "/usr/bin/make",
        "/opt/d/",
        *MADE,
    ],
    "/usr/bin/make -C /opt/d /opt/e; /usr/bin/make /opt/e": ["/usr/bin/make", "/opt/d/", *MADE, "/usr/bin/make"],
    "/usr/bin/gawk -f /opt/a /opt/in; /bin/sed -n -f /opt/s /opt/in": ["/usr/bin/gawk", "/opt/a", "/bin/sed", "/opt/s"],
    "/bin/sed -i s/a/b/ /opt/in; /bin/tar -f /opt/in": ["/bin/sed", "/bin/tar"],
    "/usr/bin/setpriv --reuid=0 --regid 5 --clear-groups /opt/x": ["/usr/bin/setpriv", "/opt/x"],
    "/usr/bin/setpriv --reuid app --init-groups /opt/x": ["/usr/bin/setpriv", "/opt/x app"],
    "/usr/bin/setpriv --reuid=ghost /opt/x": ["/usr/bin/setpriv"],
    "/usr/bin/systemd-run -p Nice=5 --unit=x -u y /opt/x /opt/data": ["/usr/bin/systemd-run", "/opt/x"],
    "/usr/bin/systemd-run --uid=app /opt/x": ["/usr/bin/systemd-run", "/opt/x app"],
    "/usr/bin/systemd-run -p User=app /opt/x; /opt/y": ["/usr/bin/systemd-run", "/opt/x app", "/opt/y"],
    "/usr/bin/systemd-cat -t x -p info /opt/x": ["/usr/bin/systemd-cat", "/opt/x"],
    "/usr/bin/numactl -N 0-1 --all /opt/x": ["/usr/bin/numactl", "/opt/x"],
    '/usr/bin/watch -n 5 "/opt/x a"': ["/usr/bin/watch", "/opt/x"],
    "/usr/bin/strace -f -o /opt/log /opt/x": ["/usr/bin/strace", "/opt/x"],
    "/usr/bin/parallel -j 4 /opt/x ::: /opt/a": ["/usr/bin/parallel", "/opt/x"],
    "/usr/bin/taskset -c 0-3,5 /usr/bin/ionice -c 2 -n 7 /opt/x": ["/usr/bin/taskset", "/usr/bin/ionice", "/opt/x"],
    "/usr/bin/taskset 0x3 /opt/x; /usr/bin/timeout -s KILL 9 /opt/y": [
        "/usr/bin/taskset",
        "/opt/x",
        "/usr/bin/timeout",
        "/opt/y",
    ],
    "ls /opt | /usr/bin/xargs -I {} -a /opt/list /opt/x {}": ["/usr/bin/xargs", "/opt/x"],
    "/usr/sbin/chroot /opt/jail /bin/sh /x; /opt/y": ["/usr/sbin/chroot", "/opt/jail/bin/sh", "/opt/jail/x", "/opt/y"],
    "/usr/sbin/chroot / /opt/x; /usr/sbin/chroot --userspec=app:x / /opt/x": [
        "/usr/sbin/chroot",
        "/opt/x",
        "/usr/sbin/chroot",
        "/opt/x app",
    ],
    '/usr/sbin/chroot "$D" /opt/x': ["/usr/sbin/chroot"],
    "/bin/busybox /bin/sh /opt/x": ["/bin/busybox", "/bin/sh", "/opt/x"],
    'eval "$(/opt/brew shellenv)"': ["/opt/brew"],
    "echo /opt/x; # /opt/y": [],
    "trap /opt/x EXIT; trap 'rm -f /opt/d; /opt/y' INT; trap - TERM": ["/opt/x", "/opt/y"],
    "/usr/bin/nsenter -t 1 -m -u /opt/x /opt/data": ["/usr/bin/nsenter", "/opt/x"],
    "/usr/bin/env -u Y -- /opt/x /opt/data": ["/usr/bin/env", "/opt/x"],
    'X="a b" /opt/x': ["/opt/x"],
    "X=\"/opt/x\" true; y='/opt/y'": [],
    "RUN=/opt/x; $RUN /opt/data": ["/opt/x"],
    "RUN=/opt/x; echo $RUN; $RUNS; ${RUN}x": [],
}


def found(line: str, user: str = "root") -> list[str]:
    reader = Reader(HOMES, {"0": "root"})
    return [
        run.path + ("" if run.user == "root" else f" {run.user}") for run in runs(mask(reader, line), user) if run.user
    ]


@pytest.mark.parametrize("line", LINES)
def test_what_a_line_runs(line: str) -> None:
    assert found(line) == LINES[line]


_TOKENS = st.sampled_from(
    ["/opt/x", "/bin/sh", "/bin/su", "/usr/bin/sudo", "/usr/bin/find", "cd", ".", "?", ";", '"', "'", "-c", "-", "9",
     "=", "-exec", "~app", "root", "if", "{", "flock", "", "/", "@x"]
)  # fmt: skip


@given(st.lists(_TOKENS | st.text(max_size=3), max_size=40))
def test_any_tokens_give_paths_that_are_among_them(tokens: list[str]) -> None:
    paths = {token for token in tokens if token.startswith("/")}
    for run in runs(tokens, "root"):
        assert run.path in paths or run.path.rstrip("/") in {path.rstrip("/") for path in paths}


@pytest.mark.parametrize(
    "pattern",
    [["/bin/sudo"], ["-c", '"'], ["/bin/sh", "-c", '"', "/bin/sh", "-c", "'"], ["-exec"], [";"], ["flock", "/x"]],
)
def test_hostile_lines_cost_little_more_than_their_length(pattern: list[str]) -> None:
    costs = []
    for count in (2_000, 16_000):
        started = time.process_time()
        list(runs(["/bin/su", *pattern * count], "root"))
        costs.append(time.process_time() - started)
    assert costs[1] < 40 * costs[0] + 0.2
