"""The shadow_meta table, and the rewriting that takes the hashes out, by sed and by Python alike."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.carriers.root import rewrite
from secops.hosts.evidence import Status
from secops.hosts.tables.groups import GROUP
from secops.hosts.tables.shadow_meta import SHADOW, TABLE
from secops.hosts.tables.users import PASSWD
from tests.hosts.evidence_kit import derive, evidence

#: field as stored → field as it leaves the host, state, algorithm
FIELDS = [
    ("", "", "empty", None),
    ("*", "*", "none", None),
    ("!", "!", "none", None),
    ("!!", "!!", "none", None),
    ("!*", "!*", "none", None),
    ("x", "x", "none", None),
    ("$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7", "$y$", "set", "yescrypt"),
    ("!$6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6", "!$6$", "locked", "sha512crypt"),
    ("$sm3$f7cUOinryhcuinh2$nHJ8D7ub2ah8ilksLL74QpOwxuWvBDqBsgMl0vsjuE6", "$sm3$", "set", "sm3crypt"),
    ("$gy$j9T$abc$def", "$gy$", "set", "gost-yescrypt"),
    ("$1$abc$0123456789abcdefghijkl", "$1$", "set", "md5crypt"),
    ("$2b$12$abcdefghijklmnopqrstuv", "$2b$", "set", "bcrypt"),
    ("$6$rounds=656000$salt$hash", "$6$", "set", "sha512crypt"),
    ("ab1cD./efGHij", "DES", "set", "descrypt"),
    ("!ab1cD./efGHij", "!DES", "locked", "descrypt"),
    ("_J9..rasmBYk8r9AiWNc", "?", "unrecognised", None),
    ("plain-text-password", "?", "unrecognised", None),
    ("{SSHA}c2VjcmV0", "?", "unrecognised", None),
]


def shadow(field: str) -> str:
    return f"ops:{field}:19800:0:99999:7:::\n"


@pytest.mark.parametrize(("field", "left", "state", "algorithm"), FIELDS)
def test_only_the_algorithm_leaves_the_host(field: str, left: str, state: str, algorithm: str | None) -> None:
    travelled = rewrite(shadow(field).encode(), SHADOW.rewrite).decode()
    assert travelled == shadow(left)
    (row,) = derive(TABLE, evidence(shadow={"/etc/shadow": travelled})).rows
    assert (row["password"], row["algorithm"], row["last_change"]) == (state, algorithm, 19800)


HOSTILE = "".join(shadow(field) for field, *_ in FIELDS) + (
    "$6$salt$hash\nops:$6$salt$hash\nops:x:$6$salt$hash:0:99999:7:::\n:$6$s$h:1:2:3:4:5:6:\n\n \n"
)


@pytest.mark.parametrize("sed", [["sed"], ["busybox", "sed"]])
@pytest.mark.parametrize("section", [SHADOW, PASSWD, GROUP], ids=lambda s: s.name)
def test_sed_and_python_rewrite_alike(sed: list[str], section: object) -> None:
    rules = section.rewrite  # type: ignore[attr-defined]
    expressions = [part for ere, new in rules for part in ("-e", f"s~{ere}~{new}~;t")]
    command = [*sed, "-E", *expressions, "-e", "d"]
    done = subprocess.run(command, input=HOSTILE.encode(), capture_output=True, check=True, env={"LC_ALL": "C"})
    assert done.stdout == rewrite(HOSTILE.encode(), rules)
    assert b"$hash" not in done.stdout
    assert b"$h:" not in done.stdout


def test_a_line_that_is_no_entry_is_a_problem() -> None:
    travelled = rewrite((shadow("*") + "root:$6$salt$hash\n").encode(), SHADOW.rewrite)
    facts = derive(TABLE, evidence(shadow={"/etc/shadow": travelled}))
    assert facts.problems[""][-1].reason == "/etc/shadow:2 is not a shadow entry"


def test_ageing_fields() -> None:
    (row,) = derive(TABLE, evidence(shadow={"/etc/shadow": "a:*:0::90:7:30:20000:\n"})).rows
    assert [row[name] for name in ("last_change", "min_days", "max_days", "inactive_days", "expire_day")] == [
        0, None, 90, 30, 20000,
    ]  # fmt: skip


def test_the_password_of_passwd_counts_before_that_of_shadow() -> None:
    passwd = "root::0:0::/root:/bin/sh\nold:DES:1:1::/:/bin/sh\nold:x:1:1::/:/bin/sh\nnew:$1$:2:2::/:/bin/sh\n"
    locked = "".join(f"{name}:*:19800:0:99999:7:::\n" for name in ("root", "old", "ops"))
    found = derive(TABLE, evidence(shadow={"/etc/shadow": locked}, passwd={"/etc/passwd": passwd}))
    columns = ("user_name", "password", "algorithm", "last_change", "source", "line")
    assert {tuple(row.get(column) for column in columns) for row in found.rows} == {
        ("root", "empty", None, None, "/etc/passwd", 1),
        ("old", "set", "descrypt", None, "/etc/passwd", 2),
        ("new", "set", "md5crypt", None, "/etc/passwd", 4),
        ("ops", "none", None, 19800, "/etc/shadow", 3),
    }
    assert len(found.rows) == 4


@pytest.mark.parametrize("field", ["x", "*", "!", "!!", "!DES", "*$6$", "?"])
def test_a_field_of_passwd_that_opens_nothing_leaves_it_to_shadow(field: str) -> None:
    passwd = f"ops:{field}:1000:1000::/home/ops:/bin/sh\n"
    (row,) = derive(TABLE, evidence(shadow={"/etc/shadow": shadow("$y$")}, passwd={"/etc/passwd": passwd})).rows
    assert (row["password"], row["algorithm"], row["source"]) == ("set", "yescrypt", "/etc/shadow")


def test_without_the_whole_passwd_file_passwords_are_not_whole() -> None:
    whole = {"/etc/shadow": shadow("*")}
    for passwd, reason in ((Status.DENIED, "test: denied"), ("root::0:0\n", "/etc/passwd:1 is not a passwd entry")):
        facts = derive(TABLE, evidence(shadow=whole, passwd={"/etc/passwd": passwd}))
        assert reason in str(facts.problems[""])


@given(st.binary(max_size=300))
def test_any_passwd_parses_without_raising(raw: bytes) -> None:
    travelled = rewrite(raw, PASSWD.rewrite)
    facts = derive(TABLE, evidence(shadow={"/etc/shadow": shadow("*")}, passwd={"/etc/passwd": travelled}))
    assert "cannot be parsed" not in str(facts.problems)


@given(st.binary(max_size=300))
def test_any_bytes_parse_without_raising(raw: bytes) -> None:
    facts = derive(TABLE, evidence(shadow={"/etc/shadow": rewrite(raw, SHADOW.rewrite)}))
    assert "cannot be parsed" not in str(facts.problems)
