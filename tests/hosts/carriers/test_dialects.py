"""One script, three shells, two sets of tools, and the image carrier: all see the same host."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from secops.hosts.carriers.root import Root
from secops.hosts.evidence import Evidence, decode
from secops.hosts.listing import parse_listing
from secops.hosts.manifest import manifest
from secops.hosts.script import generate
from secops.hosts.section import Files, Listing
from secops.hosts.tables import Facts, derive, registry, special_files
from tests.testroot import OPS, TestHost

#: What another process would see otherwise a moment later: the collector's own processes among them.
FLEETING = {"mapped_code", "process_executables", "process_status", "socket_holders"}

#: What holds the time of the host's clock.
TIMED = {"auth_logs", "auth_journal"}

#: Every tool that Debian has and busybox too becomes busybox's.
BUSYBOX_TOOLS = """mkdir /bb; busybox --install -s /bb
for f in /bb/*; do
  n=${f##*/}
  for d in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin; do
    [ "$n" = busybox ] || ! [ -e "$d/$n" ] || [ -u "$d/$n" ] || [ -g "$d/$n" ] || ln -sf /usr/bin/busybox "$d/$n"
  done
done
rm -r /bb"""


def collect(host: TestHost, *shell: str, uid: int = 0) -> Evidence:
    answer = host.run(shell, generate(manifest()).encode(), uid=uid)
    assert (answer.returncode, answer.stderr) == (0, b"")
    return decode(answer.stdout, manifest(), carrier="local", label="test")


def tables(evidence: Evidence) -> Mapping[str, Facts]:
    return {
        name: derive(table, evidence)
        for name, table in registry().items()
        if not FLEETING & {section.name for section in table.all_sections}
    }


def rows(facts: Facts) -> list[str]:
    """The rows, in an order of their own; a sysctl that nobody may read is named by some shells only."""
    known = [row for row in facts.rows if row.get("value", "") is not None or "configured" not in row]
    return sorted(repr(sorted(row.items())) for row in known)


def plant(host: TestHost) -> None:
    """Names and contents that tools treat differently."""
    where = host.at("/home/ops")
    for number, name in enumerate(["two\nlines", "sp ace", "-n", "quo'te\"", "\\back", "日志", "*", "tab\t", "end "]):
        path = where / name
        path.write_text(f"{number}\n")
        path.chmod(0o4755 if number % 2 else 0o666)
    (where / b"\xff\xfe".decode("utf-8", "surrogateescape")).touch(0o777)
    (where / "sgid").mkdir()
    (where / "sgid").chmod(0o2777)
    host.run(["setcap", "cap_net_raw+ep", "/home/ops/two\nlines"], check=True)
    for name in ("can\ndo", "can do =", "can"):
        (where / name).touch()
        (where / name).chmod(0o755)
        host.run(["setcap", "cap_setuid=p", f"/home/ops/{name}"], check=True)
    host.run(["sh", "-c", "mkdir -m 750 /srv/shut; echo >/srv/shut/x; chmod 4711 /srv/shut/x"], check=True)
    # files of one wildcard, which share a frame; and enough to be read one by one
    for number, content in enumerate([b"Port 22", b"\n\nPort 23\n\n", b"# only\n", b"Po\0rt 24\n\xff\n", b"#\n" * 9]):
        host.write(f"/etc/ssh/sshd_config.d/{number}.conf", content)
    for name, content in (("empty", ""), ("large", "a = 1\n" * 20_000), ("small", "a = 2")):
        host.write(f"/etc/sysctl.d/{name}.conf", content)
    host.write("/home/ops/.ssh/authorized_keys", "ssh-ed25519 AAAA no newline at the end", 0o600, OPS)


@pytest.mark.parametrize("uid", [0, OPS], ids=["root", "plain user"])
def test_bash_gives_what_dash_gives_to_the_byte(test_host: TestHost, uid: int) -> None:
    plant(test_host)
    dash, bash = collect(test_host, "dash", uid=uid), collect(test_host, "bash", uid=uid)
    same = dash.sections.keys() - FLEETING - TIMED
    assert {name: bash[name] for name in same} == {name: dash[name] for name in same}


@pytest.mark.parametrize("tools", ["only its shell", "all its tools"])
@pytest.mark.parametrize("uid", [0, OPS], ids=["root", "plain user"])
def test_busybox_gives_what_dash_gives(test_host: TestHost, uid: int, tools: str) -> None:
    plant(test_host)
    if tools == "all its tools":
        before = collect(test_host, "dash", uid=uid)
        test_host.run(["busybox", "sh", "-c", BUSYBOX_TOOLS], check=True)
        after = collect(test_host, "sh", uid=uid)
    else:
        before, after = collect(test_host, "dash", uid=uid), collect(test_host, "busybox", "ash", uid=uid)
    first, second = tables(before), tables(after)
    assert first["special_files"].rows
    for name in first:
        assert rows(second[name]) == rows(first[name]), name
        statuses = [
            {part: [problem.status for problem in problems] for part, problems in facts[name].problems.items()}
            for facts in (first, second)
        ]
        assert statuses[0] == statuses[1], name


def test_the_image_carrier_sees_what_the_script_sees(test_host: TestHost) -> None:
    plant(test_host)
    live = collect(test_host, "dash")
    image = Root(str(test_host.root)).collect()
    for section in manifest():
        if not (section.live and section.image):
            continue
        if isinstance(section, Files):
            assert _contents(image, section) == _contents(live, section), section.name
        elif isinstance(section, Listing):
            assert _entries(image, section) == _entries(live, section), section.name
    found, expected = ({row["path"]: row for row in derive(special_files.TABLE, seen).rows} for seen in (image, live))
    assert {path: found[path] for path in expected if not path.startswith("/dev/")} == {
        path: row for path, row in expected.items() if not path.startswith("/dev/")
    }


def _contents(evidence: Evidence, section: Files) -> dict[str, bytes | list[str]]:
    """Contents by path, of what is stored on a disk. A rewritten one is told by its lines."""
    stored = [item for item in evidence[section.name].files if not item.path.startswith("/proc/")]
    return {item.path: item.lines if section.rewrite else item.data for item in stored}


def _entries(evidence: Evidence, section: Listing) -> set[object]:
    entries = {entry for item in evidence[section.name].items for entry in parse_listing(item.data)}
    return {entry for entry in entries if not entry.path.startswith(("/proc", "/run"))}
