"""polkit on a test host: the root keeps it below /opt/polkit, where nothing finds it (see `tests/testroot.py`)."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.testroot import TestHost

#: A bus without a policy of its own, and what its packages would have done to the files.
_INSTALL = """set -e
tar -cC /opt/polkit . | tar -xC / --keep-directory-symlink
useradd --system polkitd
chmod u+s /usr/bin/pkexec
install -d -o polkitd -m 700 /etc/polkit-1/rules.d /usr/share/polkit-1/rules.d
install -d /run/dbus /etc/polkit-1/localauthority.conf.d /etc/polkit-1/localauthority/50-local.d
for package in polkitd pkexec polkitd-pkla; do
  printf 'Package: %s\\nStatus: install ok installed\\nArchitecture: amd64\\nVersion: 122-3\\n\\n' $package
done >>/var/lib/dpkg/status
(cd /opt/polkit && find . -type f | sed "s/^[.]//") >/var/lib/dpkg/info/polkitd.list
cat >/run/dbus/bus.conf <<'END'
<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="*"/><allow receive_type="*"/></policy>
</busconfig>
END
"""


def install(host: TestHost, *, local_authority: bool = False) -> None:
    """polkitd and pkexec 122 as Debian has them, with the files of the local authority if asked for."""
    host.run(["sh"], _INSTALL.encode(), check=True)
    if not local_authority:
        host.at("/usr/share/polkit-1/rules.d/49-polkit-pkla-compat.rules").unlink()


@contextmanager
def running(host: TestHost) -> Iterator[None]:
    """A bus and a polkitd that answer, as long as the block."""
    bus = _start(host, "dbus-daemon", "--config-file=/run/dbus/bus.conf", "--nofork")
    try:
        _until(lambda: host.at("/run/dbus/system_bus_socket").exists())
        polkitd = _start(host, "/usr/lib/polkit-1/polkitd", "--no-debug")
        try:
            _until(lambda: host.run(["pkaction"]).returncode == 0)
            yield
        finally:
            polkitd.kill()
            polkitd.wait()
    finally:
        bus.kill()
        bus.wait()


def _start(host: TestHost, *argv: str) -> subprocess.Popen[bytes]:
    nothing = subprocess.DEVNULL
    return subprocess.Popen(host.command(*argv), stdin=nothing, stdout=nothing, stderr=nothing)


def _until(ready: object) -> None:
    for _ in range(100):
        if callable(ready) and ready():
            return
        time.sleep(0.05)
    raise RuntimeError("polkit does not answer")
