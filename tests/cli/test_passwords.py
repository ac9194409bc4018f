"""`citywall passwords audit` as a user runs it: what it finds, what it never shows, how it stops and goes on."""

from __future__ import annotations

import json
import os
import secrets as secrets_
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from secops.core.errors import Exit
from secops.hosts.bundle_format import encode, pack
from secops.hosts.carriers.root import Root
from secops.hosts.evidence import SectionEvidence
from tests.cli.scan_kit import ROOT, environment
from tests.hosts.carriers.test_seal import make_certificate
from tests.passwords.hash_kit import make
from tests.testroot import TestHost

#: Account → (GECOS, password, format). The first three are weak; their passwords must not be seen anywhere. The last
#: is not, but its format is so fast that all words are soon tried: an audit ends when there is nothing left to try.
ACCOUNTS = {
    "root": ("", "Root@123", "yescrypt"),
    "zhangwei": ("张伟", "Zhangwei@2024", "sha512crypt"),
    "svc": ("", "P@ssw0rd123", "md5crypt"),
    "li": ("Li Ming", "x9!qLw27zzQ", "descrypt"),
}
SECONDS = ("--password-seconds", "100")  # more than it takes


@pytest.fixture
def hashes() -> dict[str, str]:
    return {user: make(kind, word, count=0).decode() for user, (_, word, kind) in ACCOUNTS.items()}


@pytest.fixture
def image(tmp_path: Path, hashes: dict[str, str]) -> Path:
    place = tmp_path / "image"
    (place / "etc").mkdir(parents=True)
    users = [f"{user}:x:{number}:0:{ACCOUNTS[user][0]}:/home/{user}:/bin/bash" for number, user in enumerate(hashes)]
    (place / "etc/passwd").write_text("\n".join([*users, ""]))
    stored = [f"{user}:{value}:19800:0:99999:7:::" for user, value in hashes.items()]
    (place / "etc/shadow").write_text("\n".join([*stored, ""]))
    (place / "etc/group").write_text("root:x:0:\n")
    (place / "etc/os-release").write_text('ID=debian\nVERSION_ID="12"\n')
    return place


def command(*args: object) -> list[str]:
    return [sys.executable, "-m", "secops", *map(str, args)]


def citywall(home: Path, *args: object, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*args), cwd=ROOT, env=environment(home, **env), capture_output=True, text=True, check=False, timeout=300
    )


def secrets(hashes: dict[str, str]) -> list[bytes]:
    words = [word.encode() for _, word, _ in ACCOUNTS.values()]
    return words + [value.rpartition("$")[2].encode() for value in hashes.values()]


def seen_in(content: bytes, hashes: dict[str, str]) -> list[bytes]:
    return [secret for secret in secrets(hashes) if secret in content]


def test_weak_accounts_are_named_with_the_reason_and_no_more(
    tmp_path: Path, image: Path, hashes: dict[str, str]
) -> None:
    home = tmp_path / "home"
    done = citywall(home, "passwords", "audit", "--root", image, *SECONDS)
    assert done.returncode == Exit.FINDINGS
    lines = {line.split()[1]: line for line in done.stdout.split("\n\n")[0].splitlines()[1:]}
    assert "user name + digits" in lines["root"]
    assert "user name + year" in lines["zhangwei"]
    assert "guessed" in lines["svc"]
    assert "not among the words tried" in lines["li"]
    assert "password-guessable" in done.stdout
    assert not seen_in((done.stdout + done.stderr).encode(), hashes)
    rows = json.loads(citywall(home, "sql", "select * from password_audit", "--format", "json").stdout)
    assert {row["user_name"]: row["result"] for row in rows} == {
        "root": "guessed", "zhangwei": "guessed", "svc": "guessed", "li": "not_guessed",
    }  # fmt: skip
    for path in (path for path in tmp_path.rglob("*") if path.is_file() and image not in path.parents):
        assert not seen_in(path.read_bytes(), hashes), path

    again = citywall(home, "passwords", "audit", "--root", image, "--password-seconds", "0.01", "--lang", "zh")
    assert "用户名+年份" in again.stdout, "what was found is remembered"
    assert again.returncode == Exit.FINDINGS


@pytest.mark.parametrize(
    ("change", "options", "says"),
    [
        (
            "odd:$zz$what:19800::::::\n",
            SECONDS,
            "odd: is no hash that this machine's libcrypt knows",
        ),
        ("", ("--password-seconds", "0.001"), "the time was up after 0 of at least 100 words"),
        ("", ("--password-seconds", "0"), "passwords were not tried"),
        (None, SECONDS, "/etc/shadow: absent"),
    ],
)
def test_an_account_that_was_not_tried_makes_an_audit_incomplete(
    tmp_path: Path, image: Path, change: str | None, options: tuple[str, ...], says: str
) -> None:
    shadow = image / "etc/shadow"
    if change is None:
        shadow.unlink()
        (image / "etc/passwd").unlink()
    else:
        shadow.write_text(shadow.read_text() + change)
    done = citywall(tmp_path / "home", "passwords", "audit", "--root", image, *options)
    assert done.returncode == Exit.INCOMPLETE
    assert "not every account was tried" in done.stderr
    assert says in done.stderr


def test_hashes_stay_where_they_are_when_no_rule_needs_them(tmp_path: Path, image: Path) -> None:
    home = tmp_path / "home"
    citywall(home, "scan", "--root", image, "--only", "account-uid-zero")
    assert not (home / "passwords.key").exists()
    asked = "select reason from collection where table_name = 'password_audit' and part = ''"
    why = json.loads(citywall(home, "sql", "--format", "json", asked).stdout)
    assert why == [{"reason": "passwords were not tried"}]


def test_a_scan_tries_passwords_too_and_none_when_told(tmp_path: Path, image: Path) -> None:
    report = json.loads(
        citywall(tmp_path / "a", "scan", "--root", image, "--only", "passwords", "--format", "json").stdout
    )
    assert {f["key"]["user_name"] for f in report["findings"] if f["rule"] == "password-guessable"} >= {"root", "svc"}
    without = json.loads(
        citywall(
            tmp_path / "b", "scan", "--root", image, "--only", "passwords", "--format", "json", "--password-seconds", 0
        ).stdout
    )
    verdict = {v["rule"]: (v["status"], v["reason"]) for v in without["verdicts"]}["password-guessable"]
    assert verdict[0] == "unknown"
    assert "not tried" in verdict[1]


def test_sealed_hashes_of_a_bundle_need_the_key(tmp_path: Path, image: Path, hashes: dict[str, str]) -> None:
    certificate = make_certificate(tmp_path, "rsa:2048")
    evidence = Root(str(image), hashes=True).collect()
    section = evidence.sections["shadow_hashes"]
    sealed = subprocess.run(
        ["openssl", "cms", "-encrypt", "-binary", "-aes256", "-outform", "DER", str(certificate)],
        input=section.only.data, capture_output=True, check=True,
    ).stdout  # fmt: skip
    items = (replace(section.only, data=sealed),)
    closed = replace(evidence, sections={**evidence.sections, "shadow_hashes": SectionEvidence(section.status, items)})
    bundle = tmp_path / "host.bundle"
    bundle.write_bytes(pack(encode(closed)))
    audit = ("passwords", "audit", "--bundle", bundle, *SECONDS)
    done = citywall(tmp_path / "a", *audit, "--key", tmp_path / "key.pem")
    assert done.returncode == Exit.FINDINGS
    assert "user name + digits" in done.stdout
    without = citywall(tmp_path / "b", *audit)
    assert without.returncode == Exit.INCOMPLETE
    assert "user name + digits" not in without.stdout
    assert "--key" in without.stdout
    assert "--key" in without.stderr
    other = tmp_path / "other.pem"
    subprocess.run(["openssl", "genrsa", "-out", str(other)], capture_output=True, check=True)
    wrong = citywall(tmp_path / "c", *audit, "--key", other)
    assert wrong.returncode == Exit.INCOMPLETE
    assert "could not be opened with this key" in wrong.stdout + wrong.stderr


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_nothing_secret_stays_when_it_is_ended(
    tmp_path: Path, image: Path, hashes: dict[str, str], sign: signal.Signals
) -> None:
    home, scratch = tmp_path / "home", tmp_path / "scratch"
    scratch.mkdir()
    slow = make("yescrypt", "x9!qLw27zzQ", count=0).decode()  # there is enough left to try
    shadow = image / "etc/shadow"
    shadow.write_text(shadow.read_text().replace(hashes["li"], slow))
    hashes["li"] = slow
    shown = set()
    with subprocess.Popen(
        command("passwords", "audit", "--root", image, *SECONDS),
        cwd=ROOT, env=environment(home, TMPDIR=str(scratch)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as running:  # fmt: skip
        until = time.monotonic() + 60
        while time.monotonic() < until and running.poll() is None:
            for name in ("cmdline", "environ"):
                for place in [Path(f"/proc/{running.pid}"), *_children(running.pid)]:
                    try:
                        shown.add((place / name).read_bytes())
                    except OSError:
                        continue
            if any(b"secops.passwords.worker" in content for content in shown):
                until = min(until, time.monotonic() + 3)  # words are being tried
            time.sleep(0.1)
        assert any(b"secops.passwords.worker" in content for content in shown)
        limits = Path(f"/proc/{running.pid}/limits").read_text()
        assert [line.split()[4] for line in limits.splitlines() if line.startswith("Max core")] == ["0"]
        os.kill(running.pid, sign)
        out = running.communicate(timeout=60)[0]
    assert not any(seen_in(content, hashes) for content in shown)
    assert not seen_in(out, hashes)
    for path in (path for path in tmp_path.rglob("*") if path.is_file() and image not in path.parents):
        assert not seen_in(path.read_bytes(), hashes), path
    if sign == signal.SIGINT:
        assert b"zhangwei" in out, "what is known is shown"
        with sqlite3.connect(home / "citywall.db") as con:
            assert con.execute("select count(*) from password_trials where tried > 0").fetchone()[0] > 0


def _children(pid: int) -> list[Path]:
    try:
        return [Path(f"/proc/{n}") for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


#: Format → what sets it for the account $1 from "$1:word" on standard input, with the system's own tools.
TOOLS = {
    "descrypt": "chpasswd -c DES",
    "md5crypt": "chpasswd -c MD5",
    "sha256crypt": "chpasswd -c SHA256 -s 5000",
    "sha512crypt": "chpasswd -c SHA512 -s 5000",
    "yescrypt": "chpasswd -c YESCRYPT -s 5",
    "pam": "chpasswd",
    "openssl": "IFS=: read -r user word; usermod -p \"$(openssl passwd -6 \"$word\")\" \"$user\"",
} | {
    name: "IFS=: read -r user word; usermod -p \"$(perl -e 'print crypt($ARGV[0], $ARGV[1])' \"$word\""
    f" '{setting}')\" \"$user\""
    for name, setting in (
        ("bcrypt", "$2b$05$abcdefghijklmnopqrstuu"), ("gost-yescrypt", "$gy$j75$abcdefghijklmnop"),
        ("scrypt", "$7$2/..../....abcdefghijklmnop"),
    )
}  # fmt: skip


def test_accounts_of_the_systems_own_tools_in_every_format(tmp_path: Path, test_host: TestHost) -> None:
    """One account of each format has a likely password, and one a password that nobody would guess."""
    test_host.run(["usermod", "-p", "*", "ops"], check=True)

    def audit(users: dict[str, str], seconds: int) -> dict[str, dict[str, object]]:
        for (user, word), tool in zip(users.items(), TOOLS.values(), strict=True):
            test_host.run(["sh", "-c", f"useradd {user} && {{ {tool}; }}"], f"{user}:{word}\n".encode(), check=True)
        done = citywall(tmp_path, "passwords", "audit", "--root", test_host.root, "--password-seconds", seconds)
        assert done.returncode in (Exit.FINDINGS, Exit.INCOMPLETE), done.stderr
        asked = citywall(tmp_path, "sql", "select user_name, result, tried from password_audit", "--format", "json")
        return {row["user_name"]: row for row in json.loads(asked.stdout)}

    weak = {f"w{name[:4]}": f"W{name[:4]}@123" for name in TOOLS}
    strong = {f"s{name[:4]}": f"r{secrets_.token_hex(6)}" for name in TOOLS}
    found = audit(weak, 100)
    assert {user: row["result"] for user, row in found.items()} == dict.fromkeys(weak, "guessed")
    found = audit(strong, 4)
    assert {user for user, row in found.items() if row["result"] == "guessed"} == {*weak}
    assert all(row["tried"] for row in found.values())


def small_image(place: Path, stored: dict[str, bytes]) -> Path:
    """An image whose accounts have these hashes."""
    (place / "etc").mkdir(parents=True)
    for name, line in (("passwd", "{user}:x:{uid}:0::/:/bin/sh\n"), ("shadow", "{user}:{hash}:19800:0:99999:7:::\n")):
        lines = (
            line.format(user=user, uid=1000 + at, hash=value.decode())
            for at, (user, value) in enumerate(stored.items())
        )
        (place / "etc" / name).write_text("".join(lines))
    return place


def test_a_fleet_of_clones_is_one_hash(tmp_path: Path) -> None:
    """40 hosts, of whose 40 hashes 30 are one; all of them guessed by a word that one hash took to find. Twenty of
    the others are named."""
    cloned = make("md5crypt", "Deploy@2024")
    images = [
        small_image(tmp_path / f"h{n}", {"deploy": cloned if n < 30 else make("descrypt", f"{n}-no-one-guesses")})
        for n in range(40)
    ]
    roots = [word for image in images for word in ("--root", image)]
    done = citywall(tmp_path / "home", "passwords", "audit", *roots, *SECONDS, "--format", "json")
    assert done.returncode == Exit.FINDINGS, done.stderr
    asked = "select result, because, tried, len(same_hash) as clones from password_audit"
    rows = json.loads(citywall(tmp_path / "home", "sql", asked, "--format", "json").stdout)
    found = [row for row in rows if row["result"] == "guessed"]
    assert found == [{"result": "guessed", "because": "user-year", "tried": found[0]["tried"], "clones": 20}] * 30
    assert [row["clones"] for row in rows if row["result"] == "not_guessed"] == [0] * 10


def test_two_audits_at_once_find_the_same_and_keep_what_they_learnt(tmp_path: Path, image: Path) -> None:
    home = tmp_path / "home"
    arguments = ("passwords", "audit", "--root", image, *SECONDS, "--format", "json")
    both = [
        subprocess.Popen(
            command(*arguments), cwd=ROOT, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    ended = [(*one.communicate(timeout=120), one.returncode) for one in both]
    assert [code for *_, code in ended] == [Exit.FINDINGS] * 2, ended
    found = [{f["key"]["user_name"] for f in json.loads(out)["findings"]} for out, *_ in ended]
    assert found[0] == found[1] >= {"root", "zhangwei", "svc"}
    again = citywall(home, *arguments[:-4], "--password-seconds", "0.01", "--format", "json")
    assert {f["key"]["user_name"] for f in json.loads(again.stdout)["findings"]} == found[0]


def test_words_that_cannot_be_read_are_told_before_hosts_are_asked(tmp_path: Path, image: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_bytes("重庆".encode("gb18030"))
    done = citywall(tmp_path / "home", "passwords", "audit", "--root", image, "--words", words)
    assert done.returncode == Exit.USAGE
    assert f"{words}:1: is not UTF-8" in done.stderr
    assert "iconv" in done.stderr
