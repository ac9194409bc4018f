"""The password_policy table."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.evidence import Status
from secops.hosts.tables import Facts
from secops.hosts.tables.password_policy import TABLE
from tests.hosts.evidence_kit import Content, derive, evidence

_DEBIAN_UNIX = "password\t[success={}]\tpam_unix.so obscure {}\npassword\trequisite\tpam_deny.so\n"
_DEBIAN_AUTH = """auth	[success=1 default=ignore]	pam_unix.so nullok
auth	requisite			pam_deny.so
auth	required			pam_permit.so
"""
DEBIAN_12 = {
    "common-auth": _DEBIAN_AUTH,
    "common-password": _DEBIAN_UNIX.format("1 default=ignore", "yescrypt"),
    "passwd": "@include common-password\n",
    "sshd": "@include common-auth\naccount required pam_nologin.so\n@include common-password\n",
}
UBUNTU_22 = DEBIAN_12 | {
    "common-password": "password\trequisite\t\t\tpam_pwquality.so retry=3\n"
    + _DEBIAN_UNIX.format("1 default=ignore", "use_authtok try_first_pass yescrypt"),
}
_FAILLOCK = "deny=3 even_deny_root unlock_time=60"
OPENEULER_22 = {
    "system-auth": f"""auth        required      pam_env.so
auth        required      pam_faillock.so preauth audit {_FAILLOCK}
-auth        sufficient    pam_fprintd.so
auth        sufficient    pam_unix.so nullok try_first_pass
-auth        sufficient    pam_sss.so use_first_pass
auth        [default=die] pam_faillock.so authfail audit {_FAILLOCK}
auth        sufficient    pam_faillock.so authsucc audit {_FAILLOCK}
auth        requisite     pam_succeed_if.so uid >= 1000 quiet_success
auth        required      pam_deny.so

account     required      pam_unix.so
account     required      pam_faillock.so
password    requisite     pam_pwquality.so minlen=8 minclass=3 enforce_for_root try_first_pass local_users_only \
retry=3 dcredit=0 ucredit=0 lcredit=0 ocredit=0
password    required      pam_pwhistory.so use_authtok remember=5 enforce_for_root
password    sufficient    pam_unix.so sm3 shadow nullok try_first_pass use_authtok
-password    sufficient    pam_sss.so use_authtok
password    required      pam_deny.so
""",
    "passwd": "auth include system-auth\naccount include system-auth\npassword substack system-auth\n"
    "-password optional pam_gnome_keyring.so use_authtok\n",
    "sshd": "auth substack system-auth\naccount include system-auth\npassword include system-auth\n",
}
#: As installed: no minclass, no history.
KYLIN_V10 = {
    "system-auth": """auth        required      pam_env.so
auth        required      pam_faillock.so preauth audit deny=5 even_deny_root unlock_time=300
auth        sufficient    pam_unix.so nullok try_first_pass
auth        [default=die] pam_faillock.so authfail audit deny=5 even_deny_root unlock_time=300
auth        required      pam_deny.so
password    requisite     pam_pwquality.so try_first_pass local_users_only
password    sufficient    pam_unix.so sha512 shadow nullok try_first_pass use_authtok
password    required      pam_deny.so
""",
    "passwd": "password substack system-auth\n",
    "sshd": "auth substack system-auth\n",
}
#: authselect's profile `sssd` with-faillock and with-pwhistory.
RHEL_9 = {
    "password-auth": """auth        required      pam_env.so
auth        required      pam_faildelay.so delay=2000000
auth        required      pam_faillock.so preauth silent
auth        [default=1 ignore=ignore success=ok]         pam_usertype.so isregular
auth        [default=1 ignore=ignore success=ok]         pam_localuser.so
auth        sufficient    pam_unix.so nullok
auth        [default=1 ignore=ignore success=ok]         pam_usertype.so isregular
auth        sufficient    pam_sss.so forward_pass
auth        required      pam_faillock.so authfail
auth        required      pam_deny.so
account     required      pam_faillock.so
password    requisite     pam_pwquality.so local_users_only
password    [default=1 ignore=ignore success=ok]         pam_localuser.so
password    requisite     pam_pwhistory.so use_authtok
password    sufficient    pam_unix.so sha512 shadow nullok use_authtok
password    [success=1 default=ignore]                   pam_localuser.so
password    sufficient    pam_sss.so use_authtok
password    required      pam_deny.so
""",
    "passwd": "password substack password-auth\n",
    "sshd": "auth substack password-auth\n",
}
ANOLIS_8 = RHEL_9 | {
    "password-auth": """auth        required      pam_env.so
auth        required      pam_faildelay.so delay=2000000
auth        sufficient    pam_unix.so nullok try_first_pass
auth        required      pam_deny.so
password    requisite     pam_pwquality.so try_first_pass local_users_only retry=3 authtok_type=
password    sufficient    pam_unix.so sha512 shadow nullok try_first_pass use_authtok
password    required      pam_deny.so
""",
}


def facts(files: dict[str, str], **others: Content) -> Facts:
    content: Content = {f"/etc/pam.d/{name}": text for name, text in files.items()}
    release: Content = {"/etc/os-release": "ID=some\nVERSION_ID=1\n"}
    return derive(TABLE, evidence(**{"os_release": release, "pam_d": content, **others}))


def policy(found: Facts, aspect: str, service: str = "passwd") -> dict[str, Any]:
    """What is known of the one row, without what names the rule."""
    (row,) = (row for row in found.rows if (row["service"], row["aspect"]) == (service, aspect))
    hidden = ("service", "aspect", "settings", "source", "line")
    return {name: value for name, value in row.items() if name not in hidden}


def quality(*rules: str, **others: Content) -> dict[str, Any]:
    return policy(facts({"passwd": "\n".join((*rules, "password required pam_unix.so"))}, **others), "quality")


def lockout(*rules: str, service: str = "sshd", **others: Content) -> dict[str, Any]:
    return policy(facts({service: "\n".join(rules)}, **others), "lockout", service)


NOTHING = {"in_force": False}
PWQUALITY = {"module": "pam_pwquality", "in_force": True, "for_root": False}
FAILLOCK = {"module": "pam_faillock", "in_force": True, "for_root": True, "fail_interval": 900}


def test_debian_12_checks_and_counts_nothing() -> None:
    found = facts(DEBIAN_12)
    assert not any(found.problems.values())
    assert policy(found, "quality") == policy(found, "history") == policy(found, "lockout", "sshd") == NOTHING
    assert policy(found, "hash") == {"module": "pam_unix", "in_force": True, "algorithm": "yescrypt"}


def test_ubuntu_22_takes_eight_of_one_kind_until_the_file_asks_for_more() -> None:
    assert policy(facts(UBUNTU_22), "quality") == PWQUALITY | {"min_length": 8, "kinds": 1}
    conf: Content = {"/etc/security/pwquality.conf": "minlen = 6\nminclass=3 # of four\nenforce_for_root\n"}
    found = facts(UBUNTU_22, pam_module_settings=conf)
    assert policy(found, "quality") == PWQUALITY | {"min_length": 6, "kinds": 3, "for_root": True}
    row = next(row for row in found.rows if (row["service"], row["aspect"]) == ("passwd", "quality"))
    assert (row["source"], row["line"]) == ("/etc/pam.d/common-password", 1)
    assert row["settings"] == ["retry=3", "minlen=6", "minclass=3", "enforce_for_root"]


def test_openeuler_22_asks_for_all() -> None:
    found = facts(OPENEULER_22)
    assert not any(found.problems.values())
    assert policy(found, "quality") == PWQUALITY | {"min_length": 8, "kinds": 3, "for_root": True}
    assert policy(found, "lockout", "sshd") == FAILLOCK | {"deny": 3, "unlock_time": 60}
    assert policy(found, "history") == {
        "module": "pam_pwhistory", "in_force": True, "for_root": True, "remember": 5,
    }  # fmt: skip
    assert policy(found, "hash")["algorithm"] == "sm3crypt"


def test_kylin_v10_as_installed() -> None:
    found = facts(KYLIN_V10)
    assert policy(found, "quality") == PWQUALITY | {"min_length": 8, "kinds": 1}
    assert policy(found, "lockout", "sshd") == FAILLOCK | {"deny": 5, "unlock_time": 300}
    assert policy(found, "history") == NOTHING


def test_rhel_9_takes_numbers_from_files_and_from_the_modules() -> None:
    found = facts(RHEL_9)
    assert policy(found, "lockout", "sshd") == FAILLOCK | {"for_root": False, "deny": 3, "unlock_time": 600}
    assert policy(found, "history") == {
        "module": "pam_pwhistory", "in_force": True, "for_root": False, "remember": 10,
    }  # fmt: skip
    conf: Content = {
        "/etc/security/faillock.conf": "deny = 20\nunlock_time = never\nfail_interval=60\nroot_unlock_time = 60\n",
        "/etc/security/pwhistory.conf": "remember = 2\n",
        "/etc/security/pwquality.conf.d/50-own.conf": "minlen = 14\ndcredit = -1\nucredit = -1\nlcredit = -1\n",
    }
    found = facts(RHEL_9, pam_module_settings=conf)
    assert policy(found, "lockout", "sshd") == FAILLOCK | {"deny": 20, "unlock_time": 0, "fail_interval": 60}
    assert policy(found, "history")["remember"] == 2
    assert policy(found, "quality") == PWQUALITY | {"min_length": 14, "kinds": 3}


def test_anolis_8_as_installed() -> None:
    found = facts(ANOLIS_8)
    assert policy(found, "quality") == PWQUALITY | {"min_length": 8, "kinds": 1}
    assert policy(found, "lockout", "sshd") == policy(found, "history") == NOTHING


def test_alpine_without_pam_is_whole_and_empty() -> None:
    found = derive(TABLE, evidence())
    assert (list(found.rows), any(found.problems.values())) == ([], False)


@pytest.mark.parametrize(
    ("arguments", "length", "kinds"),
    [
        ("minlen=12 dcredit=1 ucredit=2 ocredit=1", 8, 1),  # characters with a credit count twice
        ("minlen=9 dcredit=-3 minclass=2", 9, 2),
        ("minlen=2 dictcheck=0", 6, 1),  # never less than its own least
        ("minlen=6 dcredit=-5 ucredit=-4 dictcheck=0", 9, 2),
        ("minlen=8 dcredit=4 ucredit=4", 6, 1),  # cracklib refuses less
        ("minlen=8 dcredit=4 ucredit=4 dictcheck=0", 0, 1),
        ("minclass=9", 8, 4),
    ],
)
def test_credits(arguments: str, length: int, kinds: int) -> None:
    assert quality(f"password requisite pam_pwquality.so {arguments}") == PWQUALITY | {
        "min_length": length,
        "kinds": kinds,
    }


def test_older_modules_give_credits_by_default() -> None:
    rule = "password requisite pam_pwquality.so"
    for release, length in (("ID=centos\nVERSION_ID=7\n", 6), ("ID=rocky\nVERSION_ID=9.4\n", 8), ("ID=debian\n", 8)):
        assert quality(rule, os_release={"/etc/os-release": release})["min_length"] == length
    assert quality("password required pam_cracklib.so minlen=10")["min_length"] == 6
    assert quality("password required pam_cracklib.so minlen=10 dcredit=-1 ucredit=-1 lcredit=0 ocredit=0") == {
        "module": "pam_cracklib", "in_force": True, "for_root": False, "min_length": 10, "kinds": 2,
    }  # fmt: skip


def test_passwdqc_with_its_file() -> None:
    asked = {"module": "pam_passwdqc", "in_force": True, "for_root": True}
    plain, named = ("password requisite pam_passwdqc.so" + more for more in ("", " config=/etc/passwdqc.conf"))
    assert quality(plain) == asked | {"min_length": 7, "kinds": 3}
    assert quality(plain + " min=disabled,disabled,disabled,10,8") == asked | {"min_length": 8, "kinds": 3}
    assert quality(plain + " min=8,8,8,8,8 enforce=users") == asked | {"min_length": 8, "kinds": 1, "for_root": False}
    assert quality(plain + " enforce=none")["in_force"] is False
    conf: Content = {"/etc/passwdqc.conf": "# own\nmin=disabled,disabled,disabled,disabled,12\n"}
    assert quality(named, passwdqc=conf) == asked | {"min_length": 12, "kinds": 4}
    assert quality(named + " min=disabled,24,11,9,9", passwdqc=conf)["min_length"] == 9  # what follows counts
    assert quality(plain, passwdqc=conf)["min_length"] == 7  # the file is not read unless it is named


@pytest.mark.parametrize(
    "rules",
    [
        "password optional pam_pwquality.so minclass=3",
        "password [success=ok default=ignore] pam_pwquality.so minclass=3",
        "password requisite pam_pwquality.so minclass=3 enforcing=0",
        "password sufficient pam_unix.so\npassword requisite pam_pwquality.so minclass=3",
    ],
)
def test_a_check_that_nobody_heeds_is_not_in_force(rules: str) -> None:
    found = quality(rules)
    assert (found["module"], found["in_force"]) == ("pam_pwquality", False)


def test_the_strictest_of_several_checks_counts() -> None:
    found = quality(
        "password optional pam_pwquality.so minlen=20 minclass=4",
        "password required pam_pwquality.so minclass=2",
        "password required pam_cracklib.so minlen=11 dcredit=0 ucredit=0 lcredit=0 ocredit=0 minclass=3",
    )
    assert (found["module"], found["in_force"], found["min_length"]) == ("pam_cracklib", True, 11)


PREAUTH, AUTHFAIL = "auth required pam_faillock.so preauth", "auth [default=die] pam_faillock.so authfail"
UNIX = "auth sufficient pam_unix.so"


def test_faillock_locks_only_when_it_counts_and_is_asked() -> None:
    assert lockout(PREAUTH, UNIX, AUTHFAIL)["in_force"]
    assert lockout("auth requisite pam_faillock.so", UNIX, AUTHFAIL)["in_force"]  # preauth is what it does unasked
    assert not lockout(PREAUTH, UNIX)["in_force"]  # no failure is ever counted
    assert not lockout(PREAUTH, "auth requisite pam_unix.so", AUTHFAIL)["in_force"]  # a failure ends before it
    assert not lockout(PREAUTH, UNIX, "auth requisite pam_deny.so", AUTHFAIL)["in_force"]
    assert not lockout(UNIX, PREAUTH, AUTHFAIL)["in_force"]  # a right password is taken first
    assert not lockout("auth optional pam_faillock.so preauth", UNIX, AUTHFAIL)["in_force"]
    assert lockout(UNIX, AUTHFAIL) == NOTHING
    after = "auth sufficient pam_faillock.so authsucc deny=4"
    assert not lockout(UNIX, AUTHFAIL, after)["in_force"]
    assert lockout("auth [success=1 default=bad] pam_unix.so", AUTHFAIL, after)["deny"] == 4
    assert lockout("auth [success=1 default=bad] pam_unix.so", AUTHFAIL, after)["in_force"]


def test_faillock_reads_numbers_as_its_scanf_does() -> None:
    def asked(arguments: str) -> tuple[int, int]:
        found = lockout(f"{PREAUTH} {arguments}", UNIX, AUTHFAIL)
        return found["deny"], found["unlock_time"]

    assert asked("deny=5times unlock_time=900s") == (5, 900)
    assert asked("deny=many unlock_time=700000") == (3, 600)  # refused: the default stays
    assert asked("deny=65536 unlock_time=never") == (0, 0)
    assert asked("deny=" + "9" * 5000 + " unlock_time=-1")[1] == 600


def test_tally_locks_where_the_service_is_not_root_for_it() -> None:
    tally = "auth required pam_tally2.so onerr=fail deny=5 unlock_time=300 even_deny_root"
    assert lockout(tally, UNIX) == {
        "module": "pam_tally2", "in_force": True, "for_root": True, "deny": 5, "unlock_time": 300,
    }  # fmt: skip
    assert lockout("auth required pam_tally2.so", UNIX)["deny"] == 0
    assert not lockout(UNIX, tally)["in_force"]
    assert not lockout(f"{tally} magic_root", UNIX)["in_force"]
    assert lockout(f"{tally} magic_root", UNIX, service="su")["in_force"]


def test_histories() -> None:
    def history(*rules: str) -> dict[str, Any]:
        return policy(facts({"passwd": "\n".join(rules)}), "history")

    unix = "password sufficient pam_unix.so use_authtok"
    assert history(f"{unix} remember=7") == {
        "module": "pam_unix", "in_force": True, "for_root": None, "remember": 7,
    }  # fmt: skip
    assert history("password required pam_pwhistory.so remember=x", unix)["remember"] == 0
    assert history("password required pam_pwhistory.so remember=9999", unix)["remember"] == 400
    assert history("password required pam_pwhistory.so remember=2", f"{unix} remember=7")["remember"] == 7
    assert not history(unix, "password required pam_pwhistory.so")["in_force"]


def test_the_hash_is_the_rules_or_login_defs_or_des() -> None:
    def hashed(arguments: str, **others: Content) -> tuple[str | None, bool]:
        found = facts({"passwd": f"password required pam_unix.so {arguments}"}, **others)
        return policy(found, "hash")["algorithm"], bool(found.problems["hash"])

    for method, algorithm in (("SM3", "sm3crypt"), ("yescrypt", "yescrypt"), ("DES", "descrypt"), ("", "descrypt")):
        defs: Content = {"/etc/login.defs": f"UMASK 022\nENCRYPT_METHOD {method}\n"}
        assert hashed("shadow", login_defs=defs) == (algorithm, False)
        assert hashed("md5 shadow sha512", login_defs=defs) == ("sha512crypt", False)
    assert hashed("shadow") == (None, True)
    assert hashed("sha256") == ("sha256crypt", False)


def test_what_cannot_be_told_is_not_whole() -> None:
    for rule, reason in (
        ("pam_pwquality.so minlen=1x", "/etc/pam.d/passwd:1 (pam_pwquality): cannot read minlen"),
        ("pam_passwdqc.so min=8,8", "/etc/pam.d/passwd:1 (pam_passwdqc): cannot read min"),
        ("pam_passwdqc.so config=/opt/q", "/etc/pam.d/passwd:1 (pam_passwdqc): reads /opt/q, which was not collected"),
        ("pam_deepin_pw_check.so", "/etc/pam.d/passwd:1 (pam_deepin_pw_check): checks passwords by rules"),
    ):
        found = facts({"passwd": f"password requisite {rule}\n"})
        assert found.problems["quality"][0].reason.startswith(reason)
        assert (found.problems[""], policy(found, "quality")["in_force"]) == ([], True)
    nameless: Content = {"/etc/os-release": Status.DENIED}
    for arguments, told in (("", False), ("minlen=8 dcredit=0 ucredit=0 lcredit=0 ocredit=0", True)):
        found = facts({"passwd": f"password requisite pam_pwquality.so {arguments}\n"}, os_release=nameless)
        assert (found.problems[""], not found.problems["quality"]) == ([], told)
    unread: tuple[dict[str, Content], ...] = (
        {"pam_module_settings": {"/etc/security/pwquality.conf": Status.DENIED}},
        {"passwdqc": {"/etc/passwdqc.conf": Status.DENIED}},
        {"pam_d": {"/etc/pam.d/passwd": "password include lost\n"}},
    )
    for seen in unread:
        assert all(derive(TABLE, evidence(**seen)).problems.values())


RULES = st.text(alphabet="pam_unix.sofailckqwty min=8,-disabled[]dcredit config/\n\t#", max_size=120)
VALUE = st.text(alphabet="0123456789-+,xdisabled \t٩", max_size=30)


@given(st.binary(max_size=200), RULES, VALUE)
def test_any_bytes_parse_without_raising(raw: bytes, text: str, value: str) -> None:
    modules = ("pwquality", "cracklib", "passwdqc", "pwhistory", "unix", "faillock", "tally2", "deepin_pw_check")
    keys = ("minlen", "min", "minclass", "dcredit", "remember", "deny", "unlock_time", "fail_interval", "dictcheck")
    arguments = " ".join(f"[{key}={value}]" for key in keys) + " config=/etc/passwdqc.conf " + text.replace("\n", " ")
    stack = "".join(
        f"{kind} {control} pam_{module}.so {arguments}\n"
        for module in modules
        for kind, control in (("password", "requisite"), ("auth", f"[{text.replace(chr(10), ' ')}]"))
    )
    content: Content = {"/etc/pam.d/passwd": stack, "/etc/pam.d/sshd": raw, "/etc/pam.d/login": text}
    names = ("pwquality", "faillock", "pwhistory")
    settings: Content = {f"/etc/security/{name}.conf": raw + b"\n" + value.encode() for name in names}
    seen = evidence(
        pam_d=content,
        pam_module_settings=settings,
        passwdqc={"/etc/passwdqc.conf": raw + b"\nmin=" + value.encode()},
        os_release={"/etc/os-release": f"ID=debian\nVERSION_ID={value}\n"},
        login_defs={"/etc/login.defs": raw},
    )
    derive(TABLE, seen)  # of the kit: it raises what the parser raises
