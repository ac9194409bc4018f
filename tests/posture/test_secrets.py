"""No secret of a host is kept, shown or carried away: every byte that a scan or a bundle leaves behind is searched."""

from __future__ import annotations

import base64
import gzip
import json
import re
import sqlite3
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests import testroot
from tests.hosts import key_kit
from tests.hosts.carriers.test_seal import make_certificate
from tests.posture.whole import as_on, citywall
from tests.testroot import OPS, TestHost

#: Stored passwords: account → the field. The part that must not be seen is what follows the last `$`.
HASHES = {
    "yescrypt": "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7",
    "sha512": "$6$qaMVstYXsxN4$E5wCtPDv0kYVhWyVJ0pe9EPyWIzpEIF3VWcPyXWEjbGyHjgtu2sSbQ2RA0uIvKHhTZ9pkHVHX3Pg0bS1IpEBx0",
    "sm3": "$sm3$dfWuPLkwJdFdGYqk$Kyv.JjsFnUDbWrC0uIk5eKfaLjBxmHVtRgy6Q2uTx9A",
    "gost": "$gy$j9T$Ak1XVzGXYjBtaSu9kJ9Xf1$0TzqmbDBZOGlFyCxtVtHvm5GvKu0QvUSq2jpBSlaw5C",
    "md5": "$1$qfBwu4iJ$Bw0Xl4FzLhLeIVDnYIvGK.",
    "bcrypt": "$2b$12$GhvMmNVjRW29ulnudl.LbuAnUtN4LRfeZaqQdoDBrVYnXELzBQ7kG",
    "locked": "!$6$LockedSaltNow$9gQXlTQbD6Jmuz3yYTSwJ2xVtvEVhGzl7qVb3cFRIrXozbDoPpmhqtLKxIuTkTLW4xYv9hYqW8m0v9VhT3ZJ",
    "des": "aZqWsXeDcRfVt",
    "odd": "{SSHA}gVZaTcwYq0tXkXwzcR7dGJQv1m2KfPzn",
}
#: Tables made of what holds secrets.
HOLD = (
    "cron_jobs",
    "groups",
    "login_defs",
    "mounts",
    "pam_rules",
    "processes",
    "ssh_client",
    "ssh_identities",
    "sshd_effective",
    "sudo_rules",
    "users",
)

#: Where text may hold a stored password, and such text, with `{}` for the hash.
HASHED = {
    "sudoers": ("/etc/sudoers.d/z", "ops ALL=(root) /usr/sbin/usermod -p {} x,/bin/sh\n"),
    "force": ("/etc/ssh/sshd_config.d/force.conf", "Match User nobody\n ForceCommand /sbin/usermod -p '{}' x\n"),
    "keycommand": ("/etc/ssh/sshd_config.d/keys.conf", "AuthorizedKeysCommand /bin/x {}\n"),
    "banner": ("/etc/ssh/sshd_config.d/banner.conf", "Banner /etc/{}\n"),
    "pam": ("/etc/pam.d/exec", "auth required pam_exec.so /bin/x {}\n"),
    "sysctl": ("/etc/sysctl.d/core.conf", "kernel.core_pattern = |/bin/x {}\n"),
    "cron": ("/etc/cron.d/hash", "* * * * * {} /bin/true\n"),
    "keys": ("/root/.ssh/authorized_keys", "ssh-ed25519 @KEY@ {}\n"),
    "public": ("/root/.ssh/id.pub", "ssh-ed25519 @KEY@ {}\n"),
    "defs": ("/etc/login.defs", "USERDEL_CMD /bin/x {}\n"),
    "gecos": ("/etc/passwd", "named:x:2200:100:{}:/nonexistent:/bin/sh\n"),
    "inetd": ("/etc/inetd.conf", "9000 stream tcp nowait root /bin/x x {}\n"),
    "unit": ("/etc/systemd/system/sshd.service.d/x.conf", "[Service]\nExecStart=/usr/sbin/sshd -D -o Banner={}\n"),
    "unwhole": ("/etc/sudo.conf", "Plugin x y {}"),
}

#: Secrets elsewhere; the numbers make each one the only one of its kind.
TOKENS = {
    place: f"Zx9{number}-{place}-QwErTy{number}"
    for number, place in enumerate(
        ("passwd", "group", "gshadow", "backup", "cifs", "cifs2", "davfs", "cron", "crontab", "environment", "argument",
         "sudoers", "sshd", "pam", "pamcomment", "defs", "key", "fstabcomment", "sudoarg", "sudoarg2", "setenv",
         "force", "keycommand", "keyenvironment", "identity", "client", "clientmatch",
         *(f"hashed{place}" for place in HASHED)),
        start=100,
    )
}  # fmt: skip

#: A public key, of no one.
KEY = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0 " + b"k" * 32).decode()

SHADOW = "".join(f"{name}:{value}:19700:0:99999:7:::\n" for name, value in HASHES.items())
MOUNTS = f"""# was: {TOKENS["fstabcomment"]}
//files/share /mnt/a cifs username=web,password={TOKENS["cifs"]},uid=0,password2={TOKENS["cifs2"]} 0 0
https://web:{TOKENS["davfs"]}@dav.example.cn/ /mnt/b davfs rw 0 0
"""


def plant(host: TestHost) -> None:
    """Every secret in its place, and a process that was given one."""
    with host.at("/etc/passwd").open("a") as passwd:
        for number, name in enumerate(HASHES):
            passwd.write(f"{name}:x:{2000 + number}:100::/home/{name}:/bin/sh\n")
        passwd.write(f"inpasswd:$6$salt${TOKENS['passwd']}:2100:100::/nonexistent:/bin/sh\n")
        passwd.write(f"broken:$6$salt${TOKENS['passwd']}:x\n")
    for name in ("shadow", "shadow-"):
        host.write(f"/etc/{name}", f"root:*:19700::::::\nops:!:19700::::::\n{SHADOW}", 0o640)
    with host.at("/etc/shadow-").open("a") as backup:
        backup.write(f"gone:$6$salt${TOKENS['backup']}:19700::::::\n")
    with host.at("/etc/group").open("a") as group:
        group.write(f"secret:$6$salt${TOKENS['group']}:3000:ops\n")
    host.write("/etc/gshadow", f"secret:$6$salt${TOKENS['gshadow']}::ops\n", 0o640)
    host.write("/etc/fstab", MOUNTS)
    curl = f"/usr/bin/curl -u web:{TOKENS['cron']} https://x | sh -c {TOKENS['cron']}"
    host.write("/etc/cron.d/push", f"* * * * * root {curl}\n")
    dump = f"TOKEN={TOKENS['crontab']} mysqldump -p{TOKENS['crontab']} all%{TOKENS['crontab']}"
    host.write("/var/spool/cron/crontabs/ops", f"PASSWORD={TOKENS['environment']}\n@daily {dump}\n", 0o600, OPS)
    host.write("/etc/sudoers.d/x", f"# old password: {TOKENS['sudoers']}\nops ALL=(root) /bin/ls\n", 0o440)
    backup = f"/usr/bin/backup --password\\={TOKENS['sudoarg']} -v"
    restore = f"/usr/bin/restore --db-token {TOKENS['sudoarg2']}"
    host.write("/etc/sudoers.d/y", f"ops ALL=(root) {backup}\nops ALL=(root) {restore}, /usr/bin/id\n", 0o440)
    forced = f"Match User nobody\n  ForceCommand /bin/push --token {TOKENS['force']} x\n"
    settings = f"PermitRootLogin no\nSetEnv APP_KEY={TOKENS['setenv']}\n{forced}"
    host.write("/etc/ssh/sshd_config.d/x.conf", f"  # {TOKENS['sshd']}\n{settings}")
    options = f'command="/bin/x -p {TOKENS["keycommand"]}",environment="A={TOKENS["keyenvironment"]}"'
    host.at("/etc/ssh/authorized_keys.d").mkdir()
    host.write("/etc/ssh/authorized_keys.d/root", f"{options} ssh-ed25519 {KEY} x\n", 0o600)
    host.write(
        "/etc/pam.d/vpn", f"auth required pam_mysql.so user=x passwd={TOKENS['pam']} db=y # {TOKENS['pamcomment']}\n"
    )
    with host.at("/etc/login.defs").open("a") as defs:
        defs.write(f"# {TOKENS['defs']}\n")
    for place, (path, text) in HASHED.items():
        host.at(path).parent.mkdir(parents=True, exist_ok=True)
        with host.at(path).open("a") as file:
            file.write(text.format(f"$6$saltsalt${TOKENS[f'hashed{place}']}").replace("@KEY@", KEY))
    (keys := host.at("/home/ops/.ssh/authorized_keys")).unlink(missing_ok=True)
    keys.symlink_to("/etc/shadow")
    private = key_kit.with_public_part(base64.b64decode(KEY), TOKENS["identity"].encode())
    host.write("/root/.ssh/id", private, 0o600)
    client = f'  ProxyCommand nc -P {TOKENS["client"]} %h\nMatch exec "/bin/x {TOKENS["clientmatch"]}"\n'
    host.write("/home/ops/.ssh/config", f"Host *\n{client}  ForwardAgent yes\n", 0o600, OPS)
    host.write("/home/ops/.ssh/authorized_keys2", f"-----BEGIN OPENSSH PRIVATE KEY-----\n{TOKENS['key']}\n", 0o600, OPS)
    program = """sh -c 'sleep 600; :' sh --password="$0" </dev/null >/dev/null 2>&1 &"""
    host.run(["sh", "-c", program, TOKENS["argument"]], check=True)


def forms(secret: str) -> Iterator[bytes]:
    """The secret as it is, in hex, and in base64 at each of the three places it can start at."""
    raw = secret.encode()
    yield raw
    yield raw.hex().encode()
    for lead, mixed in ((0, 0), (1, 2), (2, 3)):
        whole = base64.b64encode(b"\0" * lead + raw)
        yield whole[mixed : 8 * (lead + len(raw)) // 6]


SECRETS = {name: re.split(r"[$}]", value)[-1] for name, value in HASHES.items()} | TOKENS
FORMS = {name: [*forms(secret)] for name, secret in SECRETS.items()}


def found(content: bytes) -> list[str]:
    """Which secrets a text holds."""
    return [name for name, shapes in FORMS.items() if any(shape in content for shape in shapes)]


def contents(path: Path) -> Iterator[bytes]:
    """A file's bytes, and what it holds compressed: bundles and their frames, tables, the store's reports."""
    raw = path.read_bytes()
    yield raw
    if raw.startswith(b"\x1f\x8b"):
        raw = gzip.decompress(raw)
        yield raw
    if raw.startswith(b"CITYWALL-EVIDENCE"):
        yield from frames(raw)
    if raw.startswith(b"PAR1"):
        with duckdb.connect() as con:
            yield repr(con.execute("select * from read_parquet(?)", [str(path)]).fetchall()).encode()
    if raw.startswith(b"SQLite format 3"):
        with sqlite3.connect(path) as store:
            for (document,) in store.execute("select report from runs"):
                yield zlib.decompress(document)


def frames(stream: bytes) -> Iterator[bytes]:
    """The contents of a bundle's frames."""
    at = stream.index(b"\n") + 1
    while at < len(stream):
        header, _, rest = stream[at:].partition(b"\n")
        length = int(header.split()[3])
        yield base64.b64decode(rest[:length])
        at += len(header) + length + 2


def leaks(*places: Path) -> dict[str, list[str]]:
    """Files with what they give away."""
    files = [path for place in places for path in (place.rglob("*") if place.is_dir() else [place]) if path.is_file()]
    assert files
    seen = {str(path): sorted({name for content in contents(path) for name in found(content)}) for path in files}
    return {path: names for path, names in seen.items() if names}


@pytest.fixture(scope="module")
def host(test_root: Path) -> Iterator[TestHost]:
    with testroot.host() as running:
        plant(running)
        yield running


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where Citywall works: its own folder, the one for temporary files, and the one for results."""
    folder = tmp_path_factory.mktemp("desk")
    for name in ("home", "tmp", "out"):
        (folder / name).mkdir()
    return folder


@pytest.fixture(scope="module")
def bundles(host: TestHost, desk: Path) -> list[Path]:
    """Evidence of the script, plain and sealed, as an operator would carry it home, and of the image."""
    out = desk / "out"
    keys = desk.parent / "operator"
    keys.mkdir()
    certificate = make_certificate(keys, "rsa:2048")
    run(desk, "collect", "--print-script", "-o", out / "plain.sh")
    run(desk, "collect", "--print-script", "--seal-to", certificate, "-o", out / "sealed.sh")
    for name in ("plain", "sealed"):
        script = (out / f"{name}.sh").read_bytes()
        (out / f"{name}.bundle").write_bytes(host.run(["sh"], script, check=True).stdout)
    run(desk, "collect", "--root", host.root, "-o", out / "image.bundle")
    return [out / f"{name}.bundle" for name in ("plain", "sealed", "image")]


def run(desk: Path, *args: str | Path, prefix: list[str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the program; whatever it says is kept to be searched, too."""
    done = citywall(desk / "home", *args, prefix=prefix or [], TMPDIR=str(desk / "tmp"))
    with (desk / "out" / "said").open("a") as said:
        said.write(done.stdout + done.stderr)
    assert done.returncode in (0, 1, 3), done.stderr
    return done


def test_the_search_finds_a_secret_in_every_form(tmp_path: Path) -> None:
    secret = SECRETS["yescrypt"]
    for lead in range(5):
        text = b"x" * lead + secret.encode() + b"y"
        for content in (text, text.hex().encode(), base64.b64encode(text), base64.b64encode(text * 3)):
            assert found(content) == ["yescrypt"], (lead, content)
    evidence = b"CITYWALL-EVIDENCE 1 n 0 base64\nn a file 4\nYWJj\n"
    frame = base64.b64encode(secret.encode())
    (tmp_path / "b").write_bytes(gzip.compress(evidence + b"n a file %d\n%s\n" % (len(frame), frame)))
    table = tmp_path / "t.parquet"
    with duckdb.connect() as con:
        con.execute(f"copy (select '{secret}' as a) to '{table}' (format parquet, compression zstd)")
    with sqlite3.connect(tmp_path / "s.db") as store:
        store.execute("create table runs (report blob)")
        store.execute("insert into runs values (?)", [zlib.compress(secret.encode())])
    assert leaks(tmp_path) == {str(tmp_path / name): ["yescrypt"] for name in ("b", "t.parquet", "s.db")}


def test_the_host_holds_every_secret(host: TestHost) -> None:
    """Otherwise nothing would be shown by not finding them."""
    places = ("passwd", "shadow", "shadow-", "group", "gshadow", "fstab", "cron.d/push", "sudoers.d/x", "pam.d/vpn",
              "sudoers.d/y", "ssh/sshd_config.d/x.conf", "login.defs")  # fmt: skip
    texts = [host.at(f"/etc/{place}").read_bytes() for place in places]
    texts += [host.at(path).read_bytes() for path, _text in HASHED.values()]
    texts += [
        host.at(path).read_bytes()
        for path in (
            "/home/ops/.ssh/authorized_keys2",
            "/home/ops/.ssh/config",
            "/root/.ssh/id",
            "/etc/ssh/authorized_keys.d/root",
            "/var/spool/cron/crontabs/ops",
        )
    ]
    texts += [host.run(["sh", "-c", "cat /proc/[0-9]*/cmdline"]).stdout]
    assert {name for text in texts for name in found(text)} == set(SECRETS)


def test_no_bundle_holds_a_secret(bundles: list[Path], desk: Path) -> None:
    assert b"CITYWALL-EVIDENCE" in bundles[0].read_bytes()
    assert leaks(desk) == {}


def test_no_scan_leaves_a_secret_anywhere(host: TestHost, bundles: list[Path], desk: Path, tmp_path: Path) -> None:
    out = desk / "out"
    soon = ("--password-seconds", "2")
    run(desk, "scan", "--verbose", *soon, prefix=as_on(host, tmp_path))
    query = " union all ".join(f"from {table} select count(*) as n" for table in HOLD)
    done = run(desk, "sql", "--format", "json", query)
    assert all(row["n"] for row in json.loads(done.stdout)), done.stdout
    done = run(desk, "sql", "select user_name, password, algorithm from shadow_meta order by 1")
    assert "sm3crypt" in done.stdout
    assert "gost-yescrypt" in done.stdout
    targets = [word for bundle in bundles for word in ("--bundle", bundle)]
    run(desk, "scan", "--root", host.root, *targets, *soon, "--format", "json", "-o", out / "report.json")
    run(desk, "report", "last", "--format", "text", "--verbose")
    assert list((desk / "tmp").iterdir()) == []
    assert leaks(desk) == {}
