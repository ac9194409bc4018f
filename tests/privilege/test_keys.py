"""Keys joined over the fleet: which opens what, why not, and who holds it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.tables import Facts, Row, column_types, registry
from secops.privilege.fleet.fleet import Fleet, Position
from secops.privilege.fleet.keys import HELD_BY, MAX_HOLDERS, MAX_ROWS, OPENED_BY, doubts, trust

TODAY = date(2026, 5, 20)
EPOCH = date(1970, 1, 1)


def line(user: str = "ops", fingerprint: str | None = "SHA256:a", **more: Any) -> Row:
    """A line of authorized_keys; `options` also set the columns that stand for them."""
    options = [option.partition("=")[0] for option in more.get("options", [])]
    return {
        "user_name": user, "path": f"/home/{user}/.ssh/authorized_keys", "line": 1, "effective": True, "refused": False,
        "accepted": True,
        "key_type": "ssh-ed25519", "fingerprint": fingerprint, "key_bits": 256, "comment": "", "options": [],
        "from_restricted": "from" in options, "forced_command": "command" in options, "restrict": "restrict" in options,
        "cert_authority": "cert-authority" in options,
    } | more  # fmt: skip


def identity(owner: str | None = "ops", fingerprint: str | None = "SHA256:a", **more: Any) -> Row:
    return {
        "user_name": owner, "path": f"/home/{owner}/.ssh/id", "owner": owner, "readers": [], "encrypted": False,
        "fingerprint": fingerprint, "by_public_file": False,
    } | more  # fmt: skip


def login(user: str = "ops", *, key: bool | None = True, shell: bool | None = True, agent: bool | None = True) -> Row:
    return {"user_name": user, "publickey": key, "publickey_shell": shell, "agent_forwarding": agent}


def setting(key: str, value: str | None, context: str = "") -> Row:
    return {"match_context": context, "key": key, "value": value}


def forward(value: str, user: str | None = "ops", *, every: bool | None = True) -> Row:
    return {"user_name": user, "forward_agent": value, "every_host": every}


def host(**tables: list[Row]) -> dict[str, list[Row]]:
    """A host with the accounts root and ops, where sshd and PAM let both in."""
    usual = {
        "users": [{"user_name": "root", "uid": 0}, {"user_name": "ops", "uid": 1000}],
        "hosts": [{"has_sshd": True}],
        "ssh_logins": [login("root"), login("ops")],
        "sshd_effective": [setting("usepam", "yes")],
        "shadow_meta": [{"user_name": name, "password": "set", "expire_day": None} for name in ("root", "ops")],
    }
    return usual | tables


def only(tables: Mapping[str, list[Row]], **others: Mapping[str, list[Row]]) -> Row:
    found = trust({"web1": tables, **others}, TODAY)["web1"]
    assert len(found) == 1
    assert set(found[0]) == set(column_types(registry()["key_trust"]))
    return found[0]


def day(iso: str) -> int:
    return (date.fromisoformat(iso) - EPOCH).days


PAM = setting("usepam", "yes")
LOCKED = {"user_name": "ops", "password": "locked", "expire_day": None}
ENDS = {"user_name": "ops", "password": "set", "expire_day": day("2026-05-19")}
OPENS: dict[str, tuple[dict[str, list[Row]], bool | None, str | None]] = {
    "a plain line": ({}, True, None),
    "another shape of options": ({"authorized_keys": [line(options=["no-pty", "from=10.0.0.1"])]}, True, None),
    "sshd reads another file": ({"authorized_keys": [line(effective=False)]}, False, "not_read"),
    "others may write the file": ({"authorized_keys": [line(refused=True)]}, False, "strict_modes"),
    "not known whether they may": ({"authorized_keys": [line(refused=None)]}, True, None),
    "sshd refuses the options": ({"authorized_keys": [line(accepted=False)]}, False, "options"),
    "not known whether it does": ({"authorized_keys": [line(accepted=None)]}, None, "options"),
    "refused options and a command": (
        {"authorized_keys": [line(options=["command"], accepted=False)]}, False, "options",
    ),
    "a list of from= that is none": ({"authorized_keys": [line(options=["from=10.0.0.1/8"])]}, False, "options"),
    "which files sshd reads is not known": ({"authorized_keys": [line(effective=None)]}, None, "not_read"),
    "the account is not let in": ({"ssh_logins": [login(key=False)]}, False, "login_refused"),
    "not known whether it is": ({"ssh_logins": [login(key=None)]}, None, "login_refused"),
    "logins were not seen": ({"ssh_logins": []}, None, "login_refused"),
    "no sshd": ({"ssh_logins": [], "hosts": [{"has_sshd": False}]}, False, "login_refused"),
    "a forced command": ({"authorized_keys": [line(options=["command"])]}, False, "forced_command"),
    "sshd forces a command": ({"ssh_logins": [login(shell=False)]}, False, "sshd_command"),
    "not known whether sshd does": ({"ssh_logins": [login(shell=None)]}, None, "sshd_command"),
    "an authority": ({"authorized_keys": [line(options=["cert-authority"])]}, None, "certificate"),
    "an authority that may not log in": (
        {"authorized_keys": [line(options=["cert-authority"])], "ssh_logins": [login(key=False)]},
        False, "login_refused",
    ),
    "a certificate": ({"authorized_keys": [line(fingerprint=None)]}, None, "certificate"),
    "DSA": ({"authorized_keys": [line(key_type="ssh-dss")]}, None, "key_type"),
    "revoked keys": ({"sshd_effective": [PAM, setting("revokedkeys", "/etc/r")]}, None, "revoked_keys"),
    "no revoked keys": ({"sshd_effective": [PAM, setting("revokedkeys", "none")]}, True, None),
    "the account ended": ({"shadow_meta": [ENDS]}, False, "account_expired"),
    "it ends today": ({"shadow_meta": [ENDS | {"expire_day": day("2026-05-20")}]}, None, "account_expired"),
    "it ends tomorrow": ({"shadow_meta": [ENDS | {"expire_day": day("2026-05-21")}]}, True, None),
    "locked, with PAM": ({"shadow_meta": [LOCKED]}, True, None),
    "locked, without PAM": (
        {"shadow_meta": [LOCKED], "sshd_effective": [setting("usepam", "no")]},
        False, "account_locked",
    ),
    "without a password, without PAM": (
        {"shadow_meta": [LOCKED | {"password": "none"}], "sshd_effective": [setting("usepam", "no")]},
        None, "account_locked",
    ),
    "with a password, without PAM": ({"sshd_effective": [setting("usepam", "no")]}, True, None),
    "a block's PAM is not the server's": (
        {"shadow_meta": [], "sshd_effective": [setting("usepam", "no", "user x"), PAM]}, True, None,
    ),
    "the line ended": ({"authorized_keys": [line(options=["expiry-time=20260519"])]}, False, "expired"),
    "the line ended at noon": ({"authorized_keys": [line(options=["expiry-time=202605191200Z"])]}, False, "expired"),
    "the line ends today": ({"authorized_keys": [line(options=["expiry-time=20260520"])]}, None, "expired"),
    "the line ends later": ({"authorized_keys": [line(options=["expiry-time=20270101"])]}, True, None),
    "the first of two ends counts": (
        {"authorized_keys": [line(options=["expiry-time=20270101", "expiry-time=20260519"])]}, False, "expired",
    ),
    "a 31st that is none is in the next month": (
        {"authorized_keys": [line(options=["expiry-time=20260431"])]}, False, "expired",
    ),
    "an end in UTC": ({"authorized_keys": [line(options=["expiry-time=202701011200UTC"])]}, True, None),
    "an end that is none": ({"authorized_keys": [line(options=["expiry-time=20261340"])]}, False, "expired"),
}  # fmt: skip


@pytest.mark.parametrize("name", OPENS)
def test_what_a_line_opens(name: str) -> None:
    tables, opens, why = OPENS[name]
    row = only(host(**({"authorized_keys": [line()]} | tables)))
    assert (row["opens"], row["why"]) == (opens, why)


def test_without_the_day_nothing_is_known_of_what_ends() -> None:
    tables = host(authorized_keys=[line(options=["expiry-time=20270101"])])
    assert [row["opens"] for row in trust({"web1": tables})["web1"]] == [None]


def test_of_lines_with_one_key_the_first_that_always_counts_decides() -> None:
    forced, here, plain = line(options=["command"]), line(options=["from=10.0.0.1"], line=2), line(line=3)
    elsewhere = line(path="/etc/ssh/authorized_keys/ops")

    def told(*lines: Row) -> list[tuple[bool | None, str | None]]:
        return [(row["opens"], row["why"]) for row in trust({"h": host(authorized_keys=list(lines))}, TODAY)["h"]]

    assert told(forced, plain) == [(False, "forced_command"), (False, "earlier_line")]
    assert told(here, plain) == [(True, None), (True, None)]
    assert told(plain, here) == [(True, None), (False, "earlier_line")]
    assert told(line(options=["command"], accepted=False), plain) == [(False, "options"), (True, None)]
    assert told(line(accepted=None), plain) == [(None, "options"), (True, None)]
    assert told(plain, elsewhere) == [(True, None), (True, None)]
    assert told(line(user="root"), plain, line(fingerprint="SHA256:b")) == [(True, None)] * 3


def test_one_line_says_what_is_not_known() -> None:
    lines = [line(options=["cert-authority"]), line(fingerprint="SHA256:b", line=2), line(key_type="ssh-dss", line=3)]
    found = doubts(trust({"h": host(authorized_keys=lines)}, TODAY)["h"])
    assert [problem.reason for problem in found] == [
        "/home/ops/.ssh/authorized_keys:3: whether it is for ops here is not known"
    ]
    assert doubts(trust({"h": host(authorized_keys=lines[:2])}, TODAY)["h"]) == []


@pytest.mark.parametrize(
    ("held", "lacks"),
    [
        (
            identity(fingerprint=None, encrypted=True),
            ["bastion: /home/ops/.ssh/id: which key the private file holds is not known"],
        ),
        (identity(encrypted=True, by_public_file=True), []),  # the public file beside it tells
    ],
)
def test_a_private_key_that_does_not_tell_which_it_is_may_be_any(held: Row, lacks: list[str]) -> None:
    hosts = {"web1": host(authorized_keys=[line()]), "bastion": host(ssh_identities=[held])}
    positions = {name: Position.of(whole(tables)) for name, tables in hosts.items()}
    found = Fleet(today=TODAY).tables(positions)
    for name in hosts:
        trusted, paths = found[name]["key_trust"], found[name]["root_paths"]
        assert trusted.problems[""] == []
        assert [problem.reason for problem in trusted.problems["holders"]] == lacks
        assert [problem.reason for problem in paths.problems[""]] == lacks


def whole(tables: Mapping[str, list[Row]]) -> dict[str, Facts]:
    """All tables of a host as they are when everything was seen."""
    named = {**tables, "hosts": [{"name": None, "has_sshd": True}]}
    return {
        name: Facts(named.get(name, []), {part: [] for part in ("", *table.parts)})
        for name, table in registry().items()
    }


AUTHORITY = {
    "path": "/etc/ssh/ca.pub", "line": 1, "key_type": "ssh-ed25519", "fingerprint": "SHA256:ca", "key_bits": 256,
    "comment": "",
}  # fmt: skip


def test_an_authority_of_sshds_has_a_line_for_each_account_that_keys_may_open() -> None:
    logins = [login("root", key=False), login("ops")]
    web = host(ssh_authorities=[AUTHORITY], ssh_logins=logins)
    row = only(web, bastion=host(ssh_identities=[identity("ca", "SHA256:ca")]))
    assert (row["user_name"], row["path"], row["holder_host"], row["holder_user"]) == (
        "ops", "/etc/ssh/ca.pub", "bastion", "ca",
    )  # fmt: skip
    assert (row["opens"], row["why"], row["cert_authority"]) == (None, "certificate", True)
    assert (row["holders"], row["accounts_opened"]) == (1, 1)


@pytest.mark.parametrize(
    ("tables", "unknown"),
    [
        ({"ssh_authorities": [AUTHORITY]}, "/etc/ssh/ca.pub:1"),
        ({"authorized_keys": [line(options=["cert-authority"])]}, "/home/ops/.ssh/authorized_keys:1"),
        ({"authorized_keys": [line(options=["cert-authority", "command=x"])]}, ""),
        ({"authorized_keys": [line()]}, ""),
    ],
)  # fmt: skip
def test_who_may_log_in_by_certificates_is_not_known(tables: dict[str, list[Row]], unknown: str) -> None:
    """Neither on the host that takes them, nor of those with a private key, which may have one."""
    hosts = {"web1": host(**tables), "with": host(ssh_identities=[identity(fingerprint="SHA256:x")]), "without": host()}
    found = Fleet(today=TODAY).tables({name: Position.of(whole(own)) for name, own in hosts.items()})
    reason = f"{unknown}: who holds certificates of this authority is not known"
    expected = [reason] if unknown else []
    assert [one.reason for one in found["web1"]["key_trust"].problems["holders"]] == expected
    assert found["web1"]["key_trust"].problems[""] == []
    assert [one.reason for one in found["web1"]["root_paths"].problems[""]] == expected
    assert [one.reason for one in found["with"]["root_paths"].problems[""]] == [f"web1: {one}" for one in expected]
    assert found["without"]["root_paths"].problems[""] == []


@pytest.mark.parametrize(("value", "known"), [("yes", False), ("no", True)])
def test_whom_other_hosts_vouch_for_is_not_known_on_any(value: str, known: bool) -> None:
    web = host(sshd_effective=[setting("usepam", "yes"), setting("hostbasedauthentication", value)])
    found = Fleet(today=TODAY).tables({name: Position.of(whole(own)) for name, own in (("web1", web), ("db1", host()))})
    reason = "whom sshd lets in by the key of another host (HostbasedAuthentication) is not known"
    assert [one.reason for one in found["web1"]["key_trust"].problems["holders"]] == [reason] * (not known)
    assert [one.reason for one in found["db1"]["key_trust"].problems["holders"]] == []
    assert [one.reason for one in found["db1"]["root_paths"].problems[""]] == [f"web1: {reason}"] * (not known)


def test_lines_of_nobody_are_left_out() -> None:
    assert trust({"h": host(authorized_keys=[line(user_name=None)])}) == {"h": []}


AGENT = [
    ([], True, True),
    ([], False, False),
    ([], None, None),
    (["restrict"], True, False),
    (["no-agent-forwarding"], True, False),
    (["restrict", "agent-forwarding"], True, True),
    (["agent-forwarding", "restrict"], True, False),
    (["restrict"], None, False),
]


@pytest.mark.parametrize(("options", "server", "allowed"), AGENT)
def test_agents_are_forwarded_when_line_and_server_let_them(
    options: list[str], server: bool | None, allowed: bool | None
) -> None:
    tables = host(authorized_keys=[line(options=options)], ssh_logins=[login(agent=server)])
    assert only(tables)["agent_forwarding"] is allowed


def test_a_key_that_nobody_holds_has_one_row() -> None:
    row = only(host(authorized_keys=[line(comment="li@laptop")], ssh_identities=[identity(fingerprint="SHA256:b")]))
    assert (row["holder_known"], row["holder_host"], row["holder_user"], row["holders"]) == (False, None, None, 0)
    assert (row["comment"], row["accounts_opened"], row["hosts_opened"]) == ("li@laptop", 1, 1)


def test_every_account_that_may_read_the_file_holds_the_key() -> None:
    other = host(
        ssh_identities=[
            identity(readers=["bob", "li"], encrypted=True),
            identity(owner="twin", path="/srv/key", readers=["*"], by_public_file=True),
            identity(owner=None, user_name="alice", path="/home/alice/.ssh/id", encrypted=None),
            identity(fingerprint=None, path="/x"),
        ]
    )
    rows = trust({"web1": host(authorized_keys=[line()]), "db1": other}, TODAY)["web1"]
    assert [(row["holder_host"], row["holder_user"], row["holder_path"], row["encrypted"]) for row in rows] == [
        ("db1", "*", "/srv/key", False),
        ("db1", "alice", "/home/alice/.ssh/id", None),
        ("db1", "twin", "/srv/key", False),
        ("db1", "bob", "/home/ops/.ssh/id", True),
        ("db1", "li", "/home/ops/.ssh/id", True),
        ("db1", "ops", "/home/ops/.ssh/id", True),
    ]
    assert {row["holders"] for row in rows} == {3}
    assert [row["holder_certain"] for row in rows] == [False, True, False, True, True, True]


def test_a_file_of_two_accounts_is_one_file() -> None:
    shared = [identity(user_name=name, owner="ops", path="/home/ops/.ssh/id") for name in ("ops", "twin")]
    row = only(host(authorized_keys=[line()], ssh_identities=shared))
    assert (row["holders"], row["holder_user"]) == (1, "ops")


def test_how_much_a_key_opens_is_counted_over_the_fleet() -> None:
    lines = [line(), line(path="/home/ops/.ssh/authorized_keys2"), line("root"), line("x", effective=False)]
    hosts = {"a": host(authorized_keys=lines), "b": host(authorized_keys=[line(), line("root", "SHA256:b")])}
    rows = [row for found in trust(hosts).values() for row in found]
    assert {(row["fingerprint"], row["accounts_opened"], row["hosts_opened"]) for row in rows} == {
        ("SHA256:a", 3, 2), ("SHA256:b", 1, 1),
    }  # fmt: skip


FITS = [
    (None, True, True),
    ("10.0.0.0/8", None, None),
    ("*", True, True),
    ("!10.0.0.1,*", True, None),
    ("127.0.0.1,::1", True, False),
    ("127.0.0.1,10.0.0.1", True, None),
]


@pytest.mark.parametrize(("patterns", "same", "other"), FITS)
def test_whether_from_lets_the_holder_in(patterns: str | None, same: bool | None, other: bool | None) -> None:
    options = [f"from={patterns}"] if patterns else []
    tables = host(authorized_keys=[line(options=options)], ssh_identities=[identity()])
    rows = trust({"web1": tables, "db1": host(ssh_identities=[identity()])}, TODAY)["web1"]
    assert {row["holder_host"]: row["from_fits"] for row in rows} == {"web1": same, "db1": other}
    assert {row["from_text"] for row in rows} == {patterns}


CLIENTS = [
    ([], False),
    ([forward("yes")], True),
    ([forward("/run/agent")], True),
    ([forward("yes", None)], True),
    ([forward("yes", "other")], False),
    ([forward("no"), forward("yes", None)], False),
    ([forward("yes", None), forward("no")], False),  # an account's own settings come first
    ([forward("yes", every=False)], None),
    ([forward("yes", every=None), forward("no", None)], None),
    ([forward("no", every=False), forward("yes", None)], True),
    ([forward("no", every=False)], False),
]


@pytest.mark.parametrize(("client", "expected"), CLIENTS)
def test_whether_the_holders_client_forwards_its_agent(client: list[Row], expected: bool | None) -> None:
    row = only(host(authorized_keys=[line()], ssh_identities=[identity()], ssh_client=client))
    assert row["forwards_agent"] is expected


def test_a_shared_key_does_not_explode_and_says_what_it_leaves_out() -> None:
    """1,000 hosts × 50 accounts that one key opens, which lies on 50 of them."""
    users = [f"u{number}" for number in range(50)]
    tables = host(
        users=[{"user_name": name, "uid": 1000 + at} for at, name in enumerate(users)],
        ssh_logins=[login(name) for name in users],
        authorized_keys=[line(name) for name in users],
    )
    hosts = {f"h{number}": tables for number in range(1000)}
    holders = host(ssh_identities=[identity(f"u{number}", encrypted=number > 0) for number in range(50)])
    started = time.process_time()
    rows = trust(hosts | {"bastion": holders}, TODAY)
    assert time.process_time() - started < 10
    assert sum(map(len, rows.values())) <= MAX_ROWS
    assert {len(found) for host_, found in rows.items() if host_ != "bastion"} == {50 * (MAX_ROWS // 50_000)}
    first = rows["h0"][0]
    assert (first["holder_user"], first["encrypted"], first["left_out"]) == ("u0", False, 50 - MAX_ROWS // 50_000)
    assert (first["holders"], first["accounts_opened"], first["hosts_opened"]) == (50, 50_000, 1000)
    few = trust({"h0": tables, "bastion": holders}, TODAY)["h0"]
    assert Counter(row["user_name"] for row in few) == dict.fromkeys(users, MAX_HOLDERS)


PRINTS = st.sampled_from(["SHA256:a", "SHA256:b", None])
NAMES = st.sampled_from(["root", "ops", "ghost"])
TRUTH = st.sampled_from([True, False, None])
READERS = st.lists(st.sampled_from(["root", "ops", "*"]))
OPTIONS = st.lists(
    st.sampled_from(["restrict", "command", "from=10.0.0.1", "expiry-time=2026", "cert-authority"]), max_size=2
)
HOSTS = st.dictionaries(
    st.sampled_from(["a", "b", "c"]),
    st.builds(
        lambda lines, ids, logins: host(authorized_keys=lines, ssh_identities=ids, ssh_logins=logins),
        st.lists(st.builds(line, NAMES, PRINTS, options=OPTIONS, effective=TRUTH), max_size=4),
        st.lists(st.builds(identity, NAMES, PRINTS, encrypted=TRUTH, readers=READERS), max_size=3),
        st.lists(st.builds(login, NAMES, key=TRUTH, shell=TRUTH, agent=TRUTH), max_size=3),
    ),
    max_size=3,
)  # fmt: skip


@given(HOSTS)
def test_every_line_of_an_account_is_told_and_every_row_holds_together(hosts: dict[str, dict[str, list[Row]]]) -> None:
    found = trust(hosts, TODAY)
    assert found.keys() == hosts.keys()
    for name, rows in found.items():
        lines = {(one["user_name"], one["path"], one["fingerprint"]) for one in hosts[name]["authorized_keys"]}
        assert {(row["user_name"], row["path"], row["fingerprint"]) for row in rows} == lines
        for row in rows:
            assert row["holder_known"] == (row["holder_host"] is not None) == (row["holders"] > 0)
            assert (row["why"] is None) == (row["opens"] is True)
            assert not (row["opens"] and (row["forced_command"] or row["fingerprint"] is None or row["cert_authority"]))


@given(HOSTS)
def test_what_one_host_opens_does_not_hang_on_the_others(hosts: dict[str, dict[str, list[Row]]]) -> None:
    """Only who holds the key does, and how much it opens elsewhere."""
    together = trust(hosts, TODAY)
    for name, tables in hosts.items():
        alone = trust({name: tables}, TODAY)[name]
        for rows in (alone, together[name]):
            for row in rows:
                assert row["opens"] in (True, False, None)
        assert [*dict.fromkeys((row["user_name"], row["line"], row["opens"], row["why"]) for row in alone)] == [
            *dict.fromkeys((row["user_name"], row["line"], row["opens"], row["why"]) for row in together[name])
        ]


def test_the_tables_that_it_asks_for_are_tables() -> None:
    assert {*OPENED_BY, *HELD_BY} <= registry().keys()
