"""Options of authorized_keys that sshd takes and that it refuses, and asking the real one."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.testroot import TestHost

#: Options of lines by whether sshd takes them; those of None it takes or not, as its host or its patches have it.
OPTIONS: dict[bool | None, tuple[str, ...]] = {
    True: (
        "", "No-PTY,PTY,,Restrict", "restrict,port-forwarding,agent-forwarding,X11-forwarding,user-rc", "no-user-rc,",
        "no-port-forwarding,no-agent-forwarding,no-x11-forwarding", "no-touch-required,touch-required",
        "verify-required", "no-verify-required", 'command="a \\"b\\", c"', 'COMMAND=""',
        'environment="A_1=x y"', 'environment="A="', 'environment="A=1",environment="A=2"', 'tunnel="any"',
        'tunnel="0"', 'Tunnel="2147483645"', 'permitopen="h:80"', 'permitopen="*:*"', 'permitopen="[::1]:65535"',
        'permitopen="a.b-c:00080",permitopen=":1"', 'permitlisten="80"', 'permitlisten="*"', 'permitlisten="l:0080"',
        'expiry-time="29990101"', 'expiry-time="299901011259"', 'expiry-time="29990101125960Z"',
        'expiry-time="29990101utc"', 'expiry-time="29990231"', 'from="127.0.0.1"', "restrict,pty",
    ),
    False: (
        "nonsense-option", "ptyx", "pty=yes", 'pty="yes"', "no-restrict", "no-cert-authority", "no-no-pty",
        "restrict;pty", 'principals="a,b"', 'principals=""',
        "command", "tunnel", "from=127.0.0.1", "tunnel=0", "permitopen=h:80", 'tunnel="2147483646"', 'tunnel=""',
        'tunnel="tun0"', 'tunnel="-"', 'permitopen="bad"', 'permitopen="h:"', 'permitopen="h:0"',
        'permitopen="h:65536"',
        'permitopen="80"', 'permitopen="::1:80"', 'permitopen="[::1:80"', 'permitopen="[::1]80"', 'permitopen=""',
        'permitlisten=""', 'permitlisten="0"', 'permitlisten="h:"', 'permitopen="h:80,h:81"', 'environment="A-B=x"',
        'environment="A"', 'environment="=x"', 'environment=" A=x"', 'command="x"y', 'no-pty,"command"="x"',
        'command="a",command="a"', 'from="127.0.0.1",from="*"', 'principals="a",principals="a"', "no-pty,nonsense",
        'expiry-time="2999"', 'expiry-time="29991301"', 'expiry-time="29990132"', 'expiry-time="299901012460"',
        'expiry-time="29990101 "', 'expiry-time="29990101ZZ"', 'expiry-time=""', 'expiry-time="never"',
        'from="127.0.0.1/8"', 'from="127.0.0.1,"', 'from="!10.0.0.1"',
    ),
    None: ('permitopen="h:http"', 'permitopen="h:nosuch"', 'tunnel="+5"', 'permitopen="h/80"'),
}  # fmt: skip


def offered(host: TestHost, user: str, keys: list[Path]) -> set[int]:
    """Which keys, by number, sshd of the host would take. The client has their public parts alone."""
    taken = set[int]()
    for some in (keys[:60], keys[60:]):  # ssh offers a hundred at most
        argv = ["nsenter", f"--target={host.pid}", "--net", "ssh", "-v", "-F", "/dev/null", "-oBatchMode=yes",
                "-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null", "-oIdentitiesOnly=yes",
                *(f"-oIdentityFile={key}" for key in some), f"{user}@127.0.0.1", "true"]  # fmt: skip
        told = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60)
        assert "Permission denied" in told.stderr
        taken |= {int(Path(path).name) for path in re.findall(r"Server accepts key: (\S+)", told.stderr)}
    return taken
