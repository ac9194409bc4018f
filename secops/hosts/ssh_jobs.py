"""Private keys that jobs, units and scripts of the system name: `ssh -i FILE`, `IdentityFile`. As awk and as Python.

Only paths that stand there in full, or below a home, in files that speak of SSH. What lies there is still looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from secops.hosts.ssh_records import LONGEST

#: Where is looked: directories are not walked.
JOBS = (
    "/etc/crontab", "/etc/anacrontab", "/etc/cron.d/*", "/etc/cron.hourly/*", "/etc/cron.daily/*", "/etc/cron.weekly/*",
    "/etc/cron.monthly/*",
    "/var/spool/cron/*", "/var/spool/cron/crontabs/*", "/var/spool/cron/tabs/*", "/etc/crontabs/*",
    "/etc/systemd/system/*.service", "/etc/systemd/system/*.service.d/*.conf", "/etc/rc.local", "/etc/rc.d/rc.local",
    "/etc/init.d/*", "/usr/local/bin/*", "/usr/local/sbin/*", "/root/*.sh", "/root/bin/*",
)  # fmt: skip

#: Names that are taken of one file.
_MOST = 100

_NAMING = "(-i[ \t=]*|[Ii]dentity[Ff]ile[ \t=]+)[^A-Za-z0-9_.]?(~|[$]HOME|[$][{]HOME[}])?/[A-Za-z0-9_./@+:-]+"
_SPEAKS = "ssh|scp|sftp|rsync"

#: Prints the names in the files that it is given, `~/…` for those below a home.
JOBS_AWK = (
    r"""
BEGIN {
  for (i = 1; i < ARGC; i++) {
    speaks = n = 0
    while ((getline line < ARGV[i]) > 0) {
      if (length(line) >= @LONGEST@) continue
      if (line ~ "@SPEAKS@") speaks = 1
      while (n < @COUNT@ && match(line, "@NAMING@")) {
        name[++n] = substr(line, RSTART, RLENGTH); line = substr(line, RSTART + RLENGTH)
        sub("^[^~/$]*", "", name[n]); sub("^[$][{]?HOME[}]?", "~", name[n])
      }
    }
    close(ARGV[i])
    if (speaks) for (k = 1; k <= n; k++) print name[k]
  }
}
""".replace("@NAMING@", _NAMING)
    .replace("@SPEAKS@", _SPEAKS)
    .replace("@COUNT@", str(_MOST))
)

_NAME = re.compile(_NAMING.encode())
_SPEAKING = re.compile(_SPEAKS.encode())
_LEAD = re.compile(rb"[^~/$]*")
_HOME = re.compile(rb"[$][{]?HOME[}]?")


def job_keys(content: bytes, home: bytes) -> Iterator[bytes]:
    """Files that a job or script names as private keys. `home` stands for `~` and `$HOME`."""
    lines = [line for line in content.removesuffix(b"\n").split(b"\n") if len(line) < LONGEST]
    if any(map(_SPEAKING.search, lines)):
        for match in islice((match for line in lines for match in _NAME.finditer(line)), _MOST):
            name = _HOME.sub(b"~", _LEAD.sub(b"", match[0], count=1), count=1)
            yield home + name[1:] if name.startswith(b"~") else name
