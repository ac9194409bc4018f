"""The login_defs table."""

from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.evidence import Status
from secops.hosts.tables import Facts
from secops.hosts.tables.login_defs import TABLE
from tests.hosts.evidence_kit import derive, evidence

OPENEULER = """#
# Please note that the parameters in this configuration file control the
# behavior of the tools from the shadow-utils component.
MAIL_DIR	/var/spool/mail
UMASK		077
PASS_MAX_DAYS	90
PASS_MIN_DAYS	0
PASS_MIN_LEN	8
PASS_WARN_AGE	7
UID_MIN                  1000
CREATE_HOME	yes
ENCRYPT_METHOD SHA512
ENV_PATH	PATH=/usr/local/bin:/usr/bin
LOGIN_STRING "Password of %s: "
LASTONE
PASS_MAX_DAYS	99999
"""


def facts(text: bytes | str, path: str = "/etc/login.defs") -> Facts:
    return derive(TABLE, evidence(login_defs={path: text}))


def value(found: Facts, key: str) -> tuple[str, int | None, bool]:
    (row,) = (row for row in found.rows if row["key"] == key)
    return row["value"], row["line"], row["is_default"]


def test_the_last_line_of_a_key_wins() -> None:
    found = facts(OPENEULER)
    assert found.problems[""] == []
    assert value(found, "PASS_MAX_DAYS") == ("99999", 16, False)
    assert value(found, "PASS_MIN_LEN") == ("8", 8, False)
    assert value(found, "ENCRYPT_METHOD") == ("SHA512", 12, False)
    assert value(found, "ENV_PATH") == ("PATH=/usr/local/bin:/usr/bin", 13, False)
    assert value(found, "LOGIN_STRING") == ("Password of %s:", 14, False)
    assert {row["source"] for row in found.rows} == {"/etc/login.defs", None}
    assert not [row for row in found.rows if row["key"] == "LASTONE"]


def test_unset_keys_have_the_value_shadow_utils_takes() -> None:
    found = facts("UID_MIN 500\nUMASK 027\n")
    assert value(found, "PASS_MAX_DAYS") == ("-1", None, True)
    assert value(found, "UID_MAX") == ("60000", None, True)
    assert value(found, "SYS_UID_MAX") == ("499", None, True)
    assert value(found, "SYS_GID_MAX") == ("999", None, True)
    assert value(found, "HOME_MODE") == ("0750", None, True)
    assert value(found, "ENCRYPT_METHOD") == ("DES", None, True)
    assert value(facts("HOME_MODE 0700\nSYS_UID_MAX 899\n"), "HOME_MODE") == ("0700", 1, False)


def test_what_is_no_number_is_not_in_force() -> None:
    for text in ("90 # days", "ninety", "08", "0x", "9" * 5000, "-0x5g", "٩"):
        found = facts(f"PASS_MAX_DAYS {text}\nUMASK -1\nHOME_MODE x\n")
        assert value(found, "PASS_MAX_DAYS") == ("-1", 1, True)
        assert value(found, "UMASK") == ("022", 2, True)
        assert value(found, "HOME_MODE") == ("0755", 3, True)
    assert value(facts("PASS_MAX_DAYS 0x5a\n"), "PASS_MAX_DAYS") == ("0x5a", 1, False)


def test_suse_keeps_the_vendors_file_under_usr() -> None:
    vendor, own = "/usr/etc/login.defs", "/etc/login.defs"
    assert value(facts("PASS_MAX_DAYS 60\n", vendor), "PASS_MAX_DAYS") == ("60", 1, False)
    both = derive(TABLE, evidence(login_defs={vendor: "PASS_MAX_DAYS 60\nPASS_MIN_DAYS 1\n", own: "UMASK 027\n"}))
    assert value(both, "PASS_MAX_DAYS") == ("-1", None, True)
    drop_ins = {
        "/etc/login.defs.d/50-own.defs": "PASS_MAX_DAYS 30\n",
        "/usr/etc/login.defs.d/50-own.defs": "PASS_MAX_DAYS 31\nPASS_MIN_DAYS 9\n",
        "/usr/etc/login.defs.d/60-x.defs": "PASS_WARN_AGE 14\n",
    }
    found = derive(TABLE, evidence(login_defs={vendor: "PASS_MAX_DAYS 60\n"}, login_defs_drop_ins=drop_ins))
    assert found.problems[""] == []
    assert value(found, "PASS_MAX_DAYS") == ("30", 1, False)
    assert value(found, "PASS_MIN_DAYS") == ("-1", None, True)
    assert value(found, "PASS_WARN_AGE") == ("14", 1, False)


def test_drop_ins_where_nobody_is_known_to_read_them_are_a_problem() -> None:
    seen = evidence(
        login_defs={"/etc/login.defs": "UMASK 027\n"}, login_defs_drop_ins={"/etc/login.defs.d/a.defs": "UMASK 0\n"}
    )
    found = derive(TABLE, seen)
    assert value(found, "UMASK") == ("027", 1, False)
    assert found.problems[""][0].reason.startswith("/etc/login.defs.d/a.defs: not known")


def test_without_the_file_nothing_is_known() -> None:
    for seen in (evidence(), evidence(login_defs=Status.DENIED)):
        found = derive(TABLE, seen)
        assert (list(found.rows), len(found.problems[""])) == ([], 1)
    assert facts("").problems[""]


@given(st.binary(max_size=300), st.text(alphabet='UMASKPD_HOE \t"0x9-#\n', max_size=200))
def test_any_bytes_parse_without_raising(raw: bytes, text: str) -> None:
    for content in (raw, text):
        found = facts(content, "/usr/etc/login.defs")
        assert not [problem for problem in found.problems[""] if "cannot be parsed" in problem.reason]
