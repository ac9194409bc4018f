"""The pam_rules table."""

import time

from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.evidence import Status
from secops.hosts.tables import Facts
from secops.hosts.tables.pam_rules import TABLE
from tests.hosts.evidence_kit import Content, derive, evidence

DEBIAN = {
    "su": "auth       sufficient pam_rootok.so\n@include common-auth\n@include common-account\n",
    "common-auth": """# here are the per-package modules (the "Primary" block)
auth	[success=1 default=ignore]	pam_unix.so nullok
auth	requisite			pam_deny.so
auth	required			pam_permit.so
""",
    "common-account": "account [ success = 1  new_authtok_reqd=done default=ignore ] pam_unix.so \n",
}
OPENEULER = {
    "sshd": "auth substack password-auth\nauth include postlogin\naccount include password-auth\n"
    "-session optional x.so\n",
    "password-auth": """auth        required      pam_faillock.so preauth silent deny=3 even_deny_root unlock_time=60
auth        sufficient    pam_unix.so nullok try_first_pass
account     required      pam_unix.so
password    requisite     pam_pwquality.so minlen=8 try_first_pass local_users_only
password    required      pam_pwhistory.so use_authtok
password    sufficient    pam_unix.so sha512 shadow nullok use_authtok remember=5
""",
    "postlogin": "session optional pam_umask.so silent\n",
}


def facts(files: dict[str, str], folder: str = "/etc/pam.d/", **others: Content) -> Facts:
    content: Content = {folder + name: text for name, text in files.items()}
    return derive(TABLE, evidence(pam_d=content, **others))


def stack(found: Facts, service: str, kind: str) -> list[str]:
    """The rules of one stack in order, as text."""
    rows = [row for row in found.rows if (row["service"], row["type"]) == (service, kind)]
    assert [row["position"] for row in rows] == list(range(1, len(rows) + 1))
    return [" ".join([row["control"], row["module"], *row["arguments"]]) for row in rows]


def test_debian_puts_files_in_place() -> None:
    found = facts(DEBIAN)
    assert found.problems[""] == []
    assert stack(found, "su", "auth") == [
        "sufficient pam_rootok",
        "[success=1 default=ignore] pam_unix nullok",
        "requisite pam_deny",
        "required pam_permit",
    ]
    assert stack(found, "su", "account") == ["[success=1 new_authtok_reqd=done default=ignore] pam_unix"]
    assert list(found.rows)[-3] == {
        "service": "su", "type": "auth", "position": 3, "control": "requisite", "module": "pam_deny", "arguments": [],
        "source": "/etc/pam.d/common-auth", "line": 3, "via": "common-auth",
    }  # fmt: skip


def test_an_include_brings_only_its_own_type() -> None:
    found = facts(OPENEULER)
    assert found.problems[""] == []
    assert stack(found, "sshd", "auth") == [
        "required pam_faillock preauth silent deny=3 even_deny_root unlock_time=60",
        "sufficient pam_unix nullok try_first_pass",
    ]
    assert stack(found, "sshd", "account") == ["required pam_unix"]
    assert stack(found, "sshd", "session") == ["optional x"]
    assert stack(found, "sshd", "password") == []


def test_nested_includes_say_how_they_were_reached() -> None:
    found = facts({"a": "auth include b\n", "b": "@include c\n", "c": "auth required x.so\naccount required y.so\n"})
    (row,) = (row for row in found.rows if row["service"] == "a")
    assert (row["module"], row["via"], row["source"]) == ("x", "b > c", "/etc/pam.d/c")
    assert [row["via"] for row in found.rows if row["service"] == "c"] == [None, None]


def test_lines_are_put_together_as_pam_does() -> None:
    text = """# auth required no.so \\
AUTH \\
  Required \\
  /lib/security/$ISA/pam_exec.so [two words] [a \\] b] x[y] # not this \\
auth required pam_env.so
"""
    found = facts({"x": text})
    assert stack(found, "x", "auth") == ["required pam_exec two words a ] b x[y]", "required pam_env"]
    assert [row["line"] for row in found.rows] == [2, 5]
    assert found.rows[0]["arguments"] == ["two words", "a ] b", "x[y]"]


def test_settings_in_files_are_added_where_the_rule_does_not_override_them() -> None:
    settings: Content = {
        "/etc/security/faillock.conf": "# deny = 9\ndeny = 5\n  audit # yes\nunlock_time=900\nfail_interval\t600\n",
        "/usr/etc/security/faillock.conf": "deny = 99\n",
        "/etc/security/pwquality.conf": "minlen = 14\nminclass=3\n",
        "/etc/security/pwquality.conf.d/10-a.conf": "minclass = 4\ndcredit = -1\n",
        "/etc/security/pwquality.conf.d/20-b.conf": "dcredit = -2\n",
        "/usr/etc/security/pwhistory.conf": "remember = 24\nremember = 1\nenforce_for_root\n",
    }
    found = facts(OPENEULER, pam_module_settings=settings)
    assert found.problems[""] == []
    assert stack(found, "password-auth", "auth")[0] == (
        "required pam_faillock preauth silent deny=3 even_deny_root unlock_time=60 audit fail_interval=600"
    )
    assert stack(found, "password-auth", "password") == [
        "requisite pam_pwquality minlen=8 try_first_pass local_users_only minclass=3 dcredit=-2",
        "required pam_pwhistory use_authtok remember=24 enforce_for_root",
        "sufficient pam_unix sha512 shadow nullok use_authtok remember=5",
    ]


def test_a_module_may_name_its_own_settings() -> None:
    text = "auth required pam_faillock.so conf={}\n"
    settings: Content = {"/etc/security/faillock.conf": "deny = 5\n"}
    known = facts({"x": text.format("/etc/security/faillock.conf")}, pam_module_settings=settings)
    assert stack(known, "x", "auth") == ["required pam_faillock conf=/etc/security/faillock.conf deny=5"]
    other = facts({"x": text.format("/opt/f.conf")}, pam_module_settings=settings)
    assert stack(other, "x", "auth") == ["required pam_faillock conf=/opt/f.conf"]
    assert [problem.reason for problem in other.problems[""]] == [
        "/opt/f.conf: configuration of a PAM module, which was not collected"
    ]


def test_secrets_stay_out() -> None:
    found = facts({"x": "auth required pam_mysql.so user=u passwd=hunter2 [bindpw=a b] use_authtok authtok_type=\n"})
    assert found.rows[0]["arguments"] == [
        "user=u",
        "passwd=(hidden)",
        "bindpw=(hidden)",
        "use_authtok",
        "authtok_type=",
    ]


def test_etc_comes_before_the_vendors_folders() -> None:
    content: Content = {
        "/usr/lib/pam.d/x": "auth required vendor.so\n",
        "/etc/pam.d/x": "auth required own.so\nauth include /usr/etc/pam.d/y\n",
        "/usr/etc/pam.d/y": "auth required y.so\n",
    }
    found = derive(TABLE, evidence(pam_d=content))
    assert stack(found, "x", "auth") == ["required own", "required y"]
    assert stack(found, "y", "auth") == ["required y"]


def test_pam_conf_counts_only_without_folders() -> None:
    conf = "login auth required pam_unix.so\nLogin auth required pam_deny.so\nftp auth include login\nbroken\n"
    alone = derive(TABLE, evidence(pam_d={"/etc/pam.conf": conf}))
    assert stack(alone, "login", "auth") == ["required pam_unix", "required pam_deny"]
    assert [problem.reason for problem in alone.problems[""]] == [
        "/etc/pam.conf:4 is not a PAM rule",
        "/etc/pam.conf:3 includes login, which was not found",
    ]
    beside = derive(TABLE, evidence(pam_d={"/etc/pam.conf": conf, "/etc/pam.d/x": "auth required a.so\n"}))
    assert ({row["service"] for row in beside.rows}, beside.problems[""]) == ({"x"}, [])


def test_copies_that_were_left_behind_are_no_services() -> None:
    found = facts(
        {"x": "auth required a.so\n", "x.rpmsave": "?", "x~": "?", "x.dpkg-old": "?", "README": "Dear reader"}
    )
    assert ({row["service"] for row in found.rows}, found.problems[""]) == ({"x"}, [])


def test_missing_includes_and_loops_are_told() -> None:
    found = facts({"a": "auth include b\nauth required x.so\n", "b": "auth include a\nauth include lost\n"})
    assert stack(found, "a", "auth") == ["required x"]
    assert sorted(problem.reason for problem in found.problems[""]) == [
        "/etc/pam.d/a:1 includes b in itself or too deeply",
        "/etc/pam.d/b:1 includes a in itself or too deeply",
        "/etc/pam.d/b:2 includes lost, which was not found",
    ]


def test_malformed_rules_are_told() -> None:
    for text in ("auth\n", "auth required\n", "author required x.so\n", "@include\n", "@include a b\n"):
        assert facts({"x": text}).problems[""][0].reason == "/etc/pam.d/x:1 is not a PAM rule"


def test_no_pam_is_whole_and_empty_and_what_was_not_seen_is_not() -> None:
    nothing = derive(TABLE, evidence())
    assert (list(nothing.rows), nothing.problems[""]) == ([], [])
    for seen in (
        evidence(pam_d=Status.FAILED),
        evidence(pam_d={"/etc/pam.d/su": Status.DENIED}),
        evidence(pam_module_settings={"/etc/security/faillock.conf": Status.DENIED}),
    ):
        assert derive(TABLE, seen).problems[""]


def test_hostile_files_stay_cheap() -> None:
    start = time.process_time()
    deep = {f"f{i}": f"@include f{i + 1}\n" * 40 for i in range(14)} | {"f14": "auth required x.so\n"}
    assert "too large" in facts(deep).problems[""][0].reason
    wide = {"a": "@include b\n" * 50_000, "b": "auth required x.so " + "passw" * 200_000 + "\n"}
    assert "too large" in facts(wide).problems[""][0].reason
    facts({"a": "auth required x.so " + "[" * 1_000_000, "b": "\\\n" * 500_000, "c": "auth [" + " " * 1_000_000})
    facts({"a": "auth required pam_faillock.so conf=/x\n" * 20_000 + "?\n" * 20_000})
    assert time.process_time() - start < 20


TEXT = st.text(alphabet="auth requisncld@b.\\\n[]#=-\t/", max_size=200)


@given(st.binary(max_size=200), TEXT)
def test_any_bytes_parse_without_raising(raw: bytes, text: str) -> None:
    names = ("/etc/pam.d/b", "/etc/pam.d/r", "/usr/lib/pam.d/b")
    content: Content = dict(
        zip(names, (raw, text, f"auth include r\nauth required pam_faillock.so {text}"), strict=True)
    )
    settings: Content = {"/etc/security/faillock.conf": raw, "/etc/security/pwhistory.conf": text}
    for seen in (
        evidence(pam_d=content, pam_module_settings=settings),
        evidence(pam_d={"/etc/pam.conf": raw + b"\n" + text.encode()}),
    ):
        assert not [problem for problem in derive(TABLE, seen).problems[""] if "cannot be parsed" in problem.reason]
