"""Files that arguments name: whose they are, who runs them, and where links lead; each with its near miss."""

from __future__ import annotations

import pytest

from secops.hosts.trusted.places import PLACES
from tests.privilege.test_arguments import LOAD, READ, ROOT, WRITE, WRITE_MAYBE, Told, told

#: Files of hers anywhere, and those that she may write, make or replace; and those that she may not.
HERS: dict[str, Told] = {
    "/usr/bin/tar xf /srv/hers.tar -C /": WRITE,
    "/usr/bin/tar xf /srv/roots -C /": set(),
    "/usr/bin/cp /srv/hers.tar /etc/cron.d/x": WRITE,
    "/usr/bin/cp /srv/roots /etc/cron.d/x": set(),
    "/usr/bin/cp -r /home/alice/cron.d /etc/": WRITE,
    "/usr/bin/cp -r /home/alice/x /etc/": set(),  # /etc/x
    "/usr/bin/cp -r /srv/roots /etc/cron.d": set(),
    "/usr/bin/rsync -a /home/alice/www/ /etc/cron.d/": WRITE,
    "/usr/bin/rsync -a /home/alice/www/ /etc/": WRITE,
    "/usr/bin/rsync -a /home/alice/www/ /": WRITE,
    "/usr/bin/rsync -a /home/alice/www /etc/": set(),  # /etc/www
    "/usr/bin/rsync -a /home/alice/www/ /srv/www/": set(),
    "/usr/bin/mv /srv/hers.tar /etc/cron.d/x": WRITE,
    "/usr/bin/mv /srv/roots /etc/cron.d/x": set(),
    "/usr/bin/install -m 644 /srv/hers.tar /etc/cron.d/x": WRITE,
    "/usr/bin/cat /srv/hers/x": READ,
    "/usr/bin/cat /srv/roots": set(),
    "/usr/bin/cat /srv/hers.tar": set(),  # hers, but where it is she can make no link
    "/usr/bin/cat /srv/link": READ,
    "/usr/bin/tee /srv/hers/out": WRITE,
    "/usr/bin/tee /srv/all/out": WRITE_MAYBE,
    "/usr/bin/chown alice /srv/hers/x": {("root", "account", True)},
    "/usr/bin/chown alice /srv/roots": set(),
    "/usr/bin/chmod 666 /srv/hers/x": {("root", "account", True)},
    "/usr/bin/dpkg -i /srv/groups.deb": ROOT,
    "/usr/bin/dpkg -i /srv/all/x.deb": ROOT,
    "/usr/bin/dpkg -i /srv/roots": set(),
    "/usr/bin/dpkg -i /srv/shared/x.deb": ROOT,
    "/usr/bin/at -f /srv/hers.tar now": ROOT,
    "/usr/bin/at -f /srv/roots now": set(),
    "/usr/bin/crontab /srv/hers.tar": ROOT,
    "/usr/sbin/sysctl -p /srv/hers.tar": ROOT,
    "/usr/sbin/sysctl -p /srv/roots": set(),
    "/usr/sbin/nginx -c /srv/hers.tar": LOAD,
    "/usr/sbin/nginx -c /srv/roots": set(),
    "/usr/bin/docker compose -f /srv/hers.tar up": ROOT,
    "/usr/bin/docker compose -f /srv/roots up": set(),
    "/usr/bin/make -C /srv/hers install": ROOT,
    "/usr/bin/make -C /opt/app install": set(),
    "/usr/bin/ansible-playbook /srv/hers/x.yml": ROOT,
    "/usr/sbin/logrotate -f /srv/hers.tar": set(),  # which it refuses
}


@pytest.mark.parametrize("command", HERS)
def test_files_that_the_caller_may_change(command: str) -> None:
    assert told(command, sysctl_running="") == HERS[command]


#: Programs by other names: links are followed, but for programs that do what they are called.
CALLED: dict[str, Told] = {
    "/usr/bin/editor /etc/motd": ROOT,
    "/opt/lnk /etc/motd": ROOT,
    "/opt/show /etc/motd": ROOT,
    "/usr/bin/nice /opt/lnk /etc/motd": ROOT,
    "/opt/who": set(),
    "/opt/ls /etc": set(),
    "/usr/bin/sensible-editor /etc/motd": ROOT,
    "/usr/bin/pager /etc/motd": ROOT,
}


@pytest.mark.parametrize("command", CALLED)
def test_programs_by_another_name(command: str) -> None:
    assert told(command) == CALLED[command]


#: What a cron job of root, and one of bob, run here.
JOBS = b"P%d /etc/cron.d/x\0Fcron /etc/cron.d/x\0N1 ~root /srv/roots\0N2 ~bob /opt/app/job\0" % next(
    number for number, place in enumerate(PLACES) if "/etc/cron.d/*" in place.patterns
)

RUN: dict[str, Told] = {
    "sudoedit /srv/roots": WRITE,
    "sudoedit /srv/other": set(),
    "sudoedit /srv/*": WRITE,
    "sudoedit /srv/x*": set(),
    "/usr/bin/tee /srv/roots": WRITE,
    "/usr/bin/tee /srv/x/../roots": WRITE,
    "/usr/bin/tee /opt/app/job": {("bob", "write", True)},
    "sudoedit /opt/app/job": {("bob", "write", True)},
    "/usr/bin/cat /srv/roots": set(),
    "/usr/bin/mv notes /srv/roots": WRITE,
    "/usr/bin/mv notes /srv/other": set(),
    "/usr/bin/chown alice /srv/roots": {("root", "account", True)},
}


@pytest.mark.parametrize("command", RUN)
def test_files_that_root_runs_here(command: str) -> None:
    assert told(command, JOBS) == RUN[command]
