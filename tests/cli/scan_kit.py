"""A small image to scan, and `citywall` as it runs at a terminal, into a pipe, or onto a full disk."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import RawIOBase
from pathlib import Path

#: Its findings: an account with uid 0 beside root, which is high; nothing in the area `accounts` is undecided.
PASSWD = "root:x:0:0:root:/root:/bin/bash\ntoor:x:0:0::/root:/bin/sh\nwww:x:33:33::/var/www:/usr/sbin/nologin\n"

ROOT = Path(__file__).resolve().parents[2]


def image(folder: Path, passwd: str = PASSWD) -> str:
    """A mounted image of a Debian, as far as accounts go; returns its path."""
    (folder / "etc").mkdir(parents=True)
    for name, content in {
        "passwd": passwd, "group": "root:x:0:\n", "shadow": "root:!:19000:0:99999:7:::\n",
        "os-release": 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12"\n',
    }.items():  # fmt: skip
        (folder / "etc" / name).write_text(content)
    return str(folder)


def environment(home: Path, **more: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH")}
    return {**inherited, "CITYWALL_HOME": str(home), "LANG": "C.UTF-8", **more}


def into(descriptor: int, home: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run `citywall` with this standard output, which is closed afterwards."""
    command = [sys.executable, "-m", "secops", *args]
    try:
        return subprocess.run(
            command, cwd=ROOT, env=environment(home, **env), stdout=descriptor, stderr=subprocess.PIPE, text=True,
            check=False,
        )  # fmt: skip
    finally:
        os.close(descriptor)


def nobody_reads() -> int:
    """A pipe whose reader has left before anything was said."""
    read, write = os.pipe()
    os.close(read)
    return write


def at_terminal(home: Path, *args: str, **env: str) -> str:
    """What a terminal is sent, of 80 columns unless COLUMNS says otherwise. It is read meanwhile: it holds little."""
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal, ThreadPoolExecutor(1) as pool:
        said = pool.submit(_read_all, terminal)
        into(theirs, home, *args, TERM="xterm-256color", **env)
        return said.result().decode().replace("\r\n", "\n")


def _read_all(terminal: RawIOBase) -> bytes:
    said = b""
    with suppress(OSError):  # Linux says EIO at the end
        while part := terminal.read(65536):
            said += part
    return said
