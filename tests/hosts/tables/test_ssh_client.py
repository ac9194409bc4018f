"""The ssh_client table."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.evidence import Status
from secops.hosts.ssh_records import MOST, closed_record, config_records
from secops.hosts.tables import Facts
from secops.hosts.tables.ssh_client import TABLE, every_host
from tests.hosts.evidence_kit import derive, evidence
from tests.testroot import OPS, TestHost

PASSWD = """root:x:0:0:root:/root:/bin/bash
alice:x:1000:1000::/home/alice:/bin/bash
twin:x:1001:1001::/home/alice/:/bin/bash
bare:x:1002:1002::/:/bin/sh
"""
SYSTEM, ALICE = "/etc/ssh/ssh_config", "/home/alice/.ssh/config"


def answer(files: dict[str, Any]) -> bytes:
    """The records of configurations; `Status.DENIED` stands for one that may not be read."""
    records: list[bytes] = []
    for path, text in files.items():
        content = text.encode() if isinstance(text, str) and not isinstance(text, Status) else text
        closed = text is Status.DENIED
        records += [closed_record(path.encode())] if closed else config_records(path.encode(), content)
    return b"".join(record + b"\n" for record in records)


def facts(files: dict[str, Any]) -> Facts:
    return derive(TABLE, evidence(ssh_files=answer(files), passwd={"/etc/passwd": PASSWD}))


def told(config: str, path: str = ALICE, **others: str) -> list[tuple[str, str, bool | None]]:
    found = facts({path: config, **{f"/home/alice/.ssh/config.d/{name}": text for name, text in others.items()}})
    assert found.problems[""] == []
    rows = [row for row in found.rows if row["user_name"] != "twin"]
    return [(row["context"], row["forward_agent"], row["every_host"]) for row in rows]


def test_rows() -> None:
    found = facts({ALICE: "\nHost *.gov.cn\n ForwardAgent=yes\n", SYSTEM: "ForwardAgent no\n"})
    assert found.problems[""] == []
    row = {"context": "host *.gov.cn", "every_host": False, "aliases": [], "forward_agent": "yes"}
    row |= {"source": ALICE, "line": 3}
    every = {"context": "", "every_host": True, "aliases": [], "forward_agent": "no", "source": SYSTEM, "line": 1}
    assert list(found.rows) == [
        {"user_name": None} | every,
        {"user_name": "alice"} | row,
        {"user_name": "twin"} | row,
    ]


@pytest.mark.parametrize(
    ("config", "aliases"),
    [
        ("Host w1\nHostName 10.0.0.5\nForwardAgent yes", ["w1 10.0.0.5"]),
        ("Host w1 w2\nForwardAgent yes\nHost w2\nHostName db1\nHostName db2", ["w2 db1"]),
        ("Host w1 *.x !w3\nForwardAgent yes\nHost *\nHostName %h.gov.cn", ["w1 w1.gov.cn"]),
        ("Host w1\nForwardAgent yes\nHost w2\nHostName db1", []),
        ("Host *\nForwardAgent yes\nHostName db1", []),
    ],
)
def test_names_that_stand_for_others(config: str, aliases: list[str]) -> None:
    assert [row["aliases"] for row in facts({ALICE: config}).rows if row["user_name"] == "alice"] == [aliases]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("ForwardAgent yes", [("", "yes", True)]),
        ("forwardagent TRUE # x", [("", "yes", True)]),
        ("ForwardAgent $SSH_AUTH_SOCK", [("", "$SSH_AUTH_SOCK", True)]),
        ("Host *\nForwardAgent yes", [("host *", "yes", True)]),
        ("Host !bad *\nForwardAgent yes", [("host !bad *", "yes", True)]),
        ("Host web? db1\nForwardAgent yes", [("host web? db1", "yes", False)]),
        ("Match all\nForwardAgent yes", [("", "yes", True)]),
        ("Match final all\nForwardAgent yes", [("match final all", "yes", True)]),
        ("Match host *\nForwardAgent yes", [("match host *", "yes", True)]),
        ("Match host web* user root\nForwardAgent yes", [("match host web* user root", "yes", False)]),
        ('Match exec "test x"\nForwardAgent yes', [("match exec ?", "yes", None)]),
        ("Match localuser alice\nForwardAgent yes", [("match localuser alice", "yes", None)]),
        # the first value wins
        ("ForwardAgent no\nHost *\nForwardAgent yes", [("", "no", True)]),
        ("Host a\nForwardAgent yes\nHost *\nForwardAgent no", [("host a", "yes", False), ("host *", "no", True)]),
        ("Host *\nForwardAgent no\nHost a\nForwardAgent yes", [("host *", "no", True)]),
        ("Host !b *\nForwardAgent no\nHost b\nForwardAgent yes", [("host !b *", "no", True), ("host b", "yes", False)]),
        ("Host a\nForwardAgent no\nHost a\nForwardAgent yes", [("host a", "no", False)]),
        ("Host a\nUser x", []),
        ("#ForwardAgent yes", []),
    ],
)
def test_settings(config: str, expected: list[tuple[str, str, bool | None]]) -> None:
    assert told(config) == expected


def test_includes_are_read_where_they_stand_and_inside_their_block() -> None:
    assert told("Include config.d/*\nForwardAgent no", a="ForwardAgent yes") == [("", "yes", True)]
    assert told("Host a\nInclude ~/.ssh/config.d/a\nHost *\nForwardAgent no", a="Host b\nForwardAgent yes\n") == [
        ("host a + host b", "yes", False),
        ("host *", "no", True),
    ]
    missed = facts({ALICE: "Include other\n"}).problems[""]
    assert [problem.reason for problem in missed] == [f"{ALICE}:1: includes other, which was not collected"]
    system = facts({SYSTEM: "Include ssh_config.d/*.conf\n", "/etc/ssh/ssh_config.d/a.conf": "ForwardAgent yes\n"})
    assert [(row["user_name"], row["source"]) for row in system.rows] == [(None, "/etc/ssh/ssh_config.d/a.conf")]


def test_a_home_that_is_the_root_directory() -> None:
    (row,) = facts({"/.ssh/config": "ForwardAgent yes\n"}).rows
    assert (row["user_name"], row["source"]) == ("bare", "/.ssh/config")


def test_what_is_not_seen_or_not_understood_is_a_problem() -> None:
    assert facts({ALICE: Status.DENIED}).problems[""][0].status is Status.DENIED
    assert facts({ALICE: "ForwardAgent\n"}).problems[""][0].reason == (
        f"{ALICE}:1: ssh refuses this line (no argument, or an open quote)"
    )
    assert derive(TABLE, evidence()).problems[""]


def test_a_configuration_that_is_too_large_is_told() -> None:
    found = facts({ALICE: "Host a\n" * (MOST + 1)})
    assert found.problems[""][0].reason == f"{ALICE}: the configuration is too large to be read"
    assert facts({ALICE: "Host a\n" * MOST}).problems[""] == []


def test_ssh_itself_says_the_same(test_host: TestHost) -> None:
    config = (
        "Host web*\n  ForwardAgent yes\nHost !db1 db*\n  ForwardAgent yes\nMatch host mail\n  ForwardAgent yes\n"
        "Include config.d/*\nHost *\n  ForwardAgent no\nHost late\n  ForwardAgent yes\n"
    )
    test_host.at("/home/ops/.ssh/config.d").mkdir()
    test_host.write("/home/ops/.ssh/config", config, 0o600, OPS)
    test_host.write("/home/ops/.ssh/config.d/a", "Host far\n  ForwardAgent yes\n", 0o600, OPS)
    told_ = {}
    for name in ("web1", "db1", "db2", "mail", "far", "late", "x"):
        said = test_host.run(["ssh", "-G", name, "-F", "/home/ops/.ssh/config"], uid=OPS, check=True).stdout
        told_[name] = "forwardagent yes" in said.decode().split("\n")
    assert told_ == {"web1": True, "db1": False, "db2": True, "mail": True, "far": False, "late": False, "x": False}
    paths = ("/home/ops/.ssh/config", "/home/ops/.ssh/config.d/a")
    passwd = test_host.at("/etc/passwd").read_text()
    records = answer({path: test_host.at(path).read_text() for path in paths})
    rows = derive(TABLE, evidence(ssh_files=records, passwd={"/etc/passwd": passwd})).rows
    assert [(row["context"], row["forward_agent"]) for row in rows] == [
        ("host web*", "yes"), ("host !db1 db*", "yes"), ("match host mail", "yes"),
        ("match host mail + host far", "yes"), ("host *", "no"),
    ]  # fmt: skip


@given(st.text(alphabet="aHost Match*!\"'#=\n\tForwardAgentincludeall./~", max_size=300), st.binary(max_size=200))
def test_any_text_parses_without_raising(text: str, raw: bytes) -> None:
    facts({ALICE: text, SYSTEM: raw, "/home/alice/.ssh/config.d/x": raw, "x/.ssh/config": text})
    derive(
        TABLE, evidence(ssh_files=raw + b"\nc 9999999\t/home/alice/.ssh/config\t" + raw, passwd={"/etc/passwd": PASSWD})
    )


@given(st.text(max_size=100))
def test_any_context_has_an_answer(context: str) -> None:
    assert every_host(context) in (True, False, None)
