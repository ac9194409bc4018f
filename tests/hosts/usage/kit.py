"""Logs in the forms of the daemons, images that hold them, and what the collector makes of them."""

from __future__ import annotations

import os
import struct
from datetime import UTC, datetime
from pathlib import Path

from secops.hosts.evidence import Evidence, Status
from secops.hosts.image import Image
from secops.hosts.section import Command
from secops.hosts.usage.image import auth_logs
from secops.hosts.usage.sections import AUTH_LOGS
from secops.hosts.usage.terminal import LOGIN_RECORDS
from secops.hosts.usage.terminal_image import login_records
from tests.hosts.evidence_kit import evidence

DAY = 86_400

#: The time of the hosts here: a Monday at noon.
NOW = int(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp())

PASSWD = """root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
oracle:x:54:54:Oracle:/home/oracle:/bin/bash
alice:x:1000:1000:Alice:/home/alice:/bin/bash
bob:x:1001:1001:Bob:/home/bob:/bin/bash
"""

#: All were made long ago.
SHADOW = "".join(f"{line.partition(':')[0]}:!:15000:0:99999:7:::\n" for line in PASSWD.splitlines())


def stamp(days: float, style: str = "rfc3164") -> str:
    """The time `days` ago, as logs write it."""
    then = datetime.fromtimestamp(NOW - days * DAY, UTC)
    if style == "rfc3164":
        return f"{then:%b} {then.day:2} {then:%H:%M:%S}"
    return then.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00" if style == "iso" else "%Y-%m-%dT%H:%M:%S+0000")


def log(*lines: tuple[float, str], style: str = "rfc3164", host: str = "web1 ") -> str:
    """Lines of (days ago, `tag: message`)."""
    return "".join(f"{stamp(days, style)} {host}{text}\n" for days, text in lines)


def fill(root: Path, files: dict[str, tuple[float, str | bytes]]) -> Path:
    """Put files with (days since they were written, content) below `root`, and the accounts."""
    whole = {"/etc/passwd": (300, PASSWD), "/var/log/syslog": (0, "")} | files
    for path, (days, content) in whole.items():
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(target, (NOW - days * DAY,) * 2)
    return root


def told(root: Path, section: Command = AUTH_LOGS) -> str:
    """What the image carrier makes of the logs below `root`."""
    image = Image(str(root))
    try:
        item = {AUTH_LOGS: auth_logs, LOGIN_RECORDS: login_records}[section](image, section)
    finally:
        image.close()
    assert item.status in (Status.OK, Status.EMPTY), item
    return item.text


def seen(root: Path, **sections: object) -> Evidence:
    """Evidence of a Debian host with the logs below `root`."""
    known = {
        "auth_logs": told(root), "login_records": told(root, LOGIN_RECORDS), "passwd": {"/etc/passwd": PASSWD},
        "shadow": {"/etc/shadow": SHADOW}, "landmarks": b"d755\x000\x000\x001\x001\x00/etc/pam.d\0\0\0",
    }  # fmt: skip
    return evidence(**(known | sections))  # type: ignore[arg-type] - of any section


def utmp(days: float, user: str, line: str, host: str = "", *, kind: int = 7, wide: bool = False) -> bytes:
    """A record of wtmp, as glibc has it on x86, or `wide` as on ARM."""
    form = "<hxxi32s4s32s256shhqqq16s20x4x" if wide else "<hxxi32s4s32s256shhiii16s20x"
    texts = (line.encode(), b"", user.encode(), host.encode())
    return struct.pack(form, kind, 1, *texts, 0, 0, 0, int(NOW - days * DAY), 0, b"")
