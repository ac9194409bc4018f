"""Readers on bytes of any kind: they end, in time, with credentials or the declared error, and tell no secret."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.core.yaml import leaves
from secops.hosts.credentials import KINDS, SECTIONS, Kind, UnreadableError, credentials
from secops.hosts.evidence import Evidence, Item, SectionEvidence, Status, summarise
from tests.hosts.credentials import test_applications as applications
from tests.hosts.credentials import test_services as services

#: A file of each format that a kind reads.
PATHS = {
    "application": ("/a/application.yml", "/a/application.properties", "/a/config.php", "/a/x.ini"),
    "mysql": ("/root/.my.cnf", "/root/.mylogin.cnf"),
    "mosquitto": ("/etc/mosquitto/passwd", "/etc/mosquitto/mosquitto.conf"),
    "postgresql": ("/root/.pgpass", "/etc/pg_service.conf", "/a/recovery.conf", "/etc/pgbouncer/userlist.txt"),
    "rsync": ("/etc/rsyncd.secrets", "/etc/rsyncd.conf"),
    "tomcat": ("/a/tomcat-users.xml", "/a/server.xml"),
}
CASES = [(kind, path) for kind in KINDS for path in PATHS.get(kind.service, ("/a/file",))]

every_format = pytest.mark.parametrize(("kind", "path"), CASES, ids=[path for _, path in CASES])

SAMPLES = [value.encode() for module in (services, applications) for name, value in vars(module).items()
           if name.isupper() and isinstance(value, str)]  # fmt: skip
WORDS = [b"password", b"=", b":", b'"', b"'", b"\\", b"\n", b"\r\n", b" ", b"#", b"[a]", b"$", b"{", b"}", b"- ", b"&a",
         b"*a", b"\0", b"\xff", b"<", b"/>", b"user ", b">x", b"machine ", b"usmUser ", b"0x", b"://"]  # fmt: skip

content = st.one_of(
    st.binary(max_size=300),
    st.lists(st.sampled_from(WORDS), max_size=60).map(b"".join),
    st.tuples(st.sampled_from(SAMPLES), st.integers(0, 1500), st.integers(0, 40), st.binary(max_size=20)).map(
        lambda made: made[0][: made[1]] + made[3] + made[0][made[1] + made[2] :]
    ),
)


def read(kind: Kind, path: str, raw: bytes) -> str:
    """Read a file; the reason when it is refused. Any other exception is the test's."""
    try:
        for found in kind.read(path, raw):
            assert "Secret(***)" in repr(found)
            found.account.encode()
    except UnreadableError as error:
        return str(error)
    return ""


@every_format
@settings(max_examples=150, deadline=None)
@given(raw=content)
def test_any_bytes_are_read_or_refused(kind: Kind, path: str, raw: bytes) -> None:
    assert read(kind, path, raw).isascii()


LONG = 1 << 18
HUGE = {
    unit: (unit * LONG)[:LONG]
    for unit in (b"a", b" ", b'"', b"'", b"\\", b"\n", b"[", b"{a: ", b"- ", b"? ", b"\\'", b'"\\', b"password=' ",
                 b"<a>", b"a:b\n", b"$7$", b"\xff", b"=", b"#", b"://", b"a\\\n", b"x=${", b"/*", b'" "', b"&a [*a,")
}  # fmt: skip
HUGE |= {b"key " + unit: b"password" + (unit * LONG)[: LONG - 10] for unit in (b" ", b"=", b"='", b'="\\"')}


@every_format
def test_huge_files_take_no_time(kind: Kind, path: str) -> None:
    for unit, raw in HUGE.items():
        started = time.process_time()
        read(kind, path, raw)
        assert time.process_time() - started < 3, unit


def test_yaml_that_grows_or_is_too_deep() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
    )
    assert len(list(leaves(bomb))) == 2
    with pytest.raises(ValueError, match="nested too deeply"):
        list(leaves("[" * 100_000))


def evidence(**files: dict[str, bytes]) -> Evidence:
    """Evidence of one host that has these files, by service."""
    seen = {section.name: SectionEvidence(Status.ABSENT) for section in SECTIONS}
    for section in SECTIONS:
        items = [Item(path, raw) for path, raw in files.get(section.name.removeprefix("credentials_"), {}).items()]
        seen[section.name] = summarise(section, items)
    return Evidence("local", "test", 0, seen)


SECRET = b"Hunter2hunter2"


@every_format
def test_no_secret_is_shown(kind: Kind, path: str) -> None:
    planted = [
        b"password: [" + SECRET + b"\n",
        b"<user password='" + SECRET + b"'",
        SECRET + b"\0",
        b"password=" + SECRET + b"\nu: " + SECRET + b"\n- x\n",
        b"requirepass " + SECRET + b"\npassword_file " + SECRET + b"\nsecrets file=" + SECRET,
    ]
    for raw in (*planted, b"".join(planted)):
        found, problems = credentials(evidence(**{kind.service: {path: raw}}))
        assert SECRET.decode() not in repr((found, problems))


def test_what_is_found_before_the_fault_counts() -> None:
    config = b"remote_password pw\npassword_file /srv/x\n"
    found, problems = credentials(evidence(mosquitto={"/etc/mosquitto/a.conf": config}, netrc={"/root/.netrc": b"\0"}))
    assert [each.value.reveal() for each in found] == [b"pw"]
    assert [problem.reason for problem in problems] == [
        "/etc/mosquitto/a.conf: names a password_file where none is looked for",
        "/root/.netrc: is no text: it holds NUL bytes",
    ]


def test_a_host_cannot_make_us_hold_any_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secops.hosts.credentials.MOST_OF_FILE", 3)
    monkeypatch.setattr("secops.hosts.credentials.MOST", 4)
    files = dict.fromkeys(("/etc/rsyncd.secrets", "/etc/rsync.secrets"), b"a:b\n" * 5)
    found, problems = credentials(evidence(rsync=files))
    assert [len(found), len(problems)] == [4, 2]
    assert all("too many credentials" in problem.reason for problem in problems)


def test_a_reader_that_breaks_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: str, raw: bytes) -> list[None]:
        raise KeyError(raw)

    monkeypatch.setattr("secops.hosts.credentials.KINDS", tuple(Kind(k.service, k.patterns, broken) for k in KINDS))  # type: ignore[arg-type]
    found, problems = credentials(evidence(netrc={"/root/.netrc": SECRET}))
    assert (found, [p.reason for p in problems]) == ([], ["/root/.netrc: cannot be parsed (KeyError)"])


def test_what_was_not_asked_for_is_not_clean() -> None:
    assert credentials(Evidence("local", "test", 0))[1][0].status is Status.ABSENT
    denied = evidence()
    sections = {**denied.sections, "credentials_redis": SectionEvidence(Status.DENIED, reason="permission denied")}
    assert [p.status for p in credentials(Evidence("local", "test", 0, sections))[1]] == [Status.DENIED]


def test_the_last_line_of_a_cut_file_is_not_believed() -> None:
    item = Item("/etc/rsyncd.secrets", b"a:whole\nb:ha", Status.TRUNCATED, "larger than 1048576 bytes")
    sections = {**evidence().sections, "credentials_rsync": SectionEvidence(Status.TRUNCATED, (item,), "larger")}
    found, problems = credentials(Evidence("local", "test", 0, sections))
    assert [each.value.reveal() for each in found] == [b"whole"]
    assert [problem.status for problem in problems] == [Status.TRUNCATED]
