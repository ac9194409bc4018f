"""The sshd_effective table."""

import re

from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.evidence import Evidence, Item, SectionEvidence, Status
from secops.hosts.tables import Facts, Row
from secops.hosts.tables.sshd_effective import POLICY, SSHD_CONFIG, SSHD_PROGRAM, TABLE, authorized_keys_files, release
from tests.hosts.evidence_kit import Content, derive, evidence

MAIN = "/etc/ssh/sshd_config"
DEBIAN = """Include /etc/ssh/sshd_config.d/*.conf
#Port 22
KbdInteractiveAuthentication no
UsePAM yes
X11Forwarding yes
PrintMotd no
AcceptEnv LANG LC_*
Subsystem	sftp	/usr/lib/openssh/sftp-server
"""
DEBIAN_PROGRAM: Content = {"/usr/sbin/sshd": "OpenSSH_9.2\nOpenSSH_9.2p1 Debian\nOpenSSH_6.6.1p1\n"}
RHEL8_UNIT = """[Service]
EnvironmentFile=-/etc/crypto-policies/back-ends/opensshserver.config
EnvironmentFile=-/etc/sysconfig/sshd
ExecStart=/usr/sbin/sshd -D $OPTIONS $CRYPTO_POLICY
"""
RHEL8_POLICY = (
    "CRYPTO_POLICY='-oCiphers=aes256-ctr,aes256-cbc -oMACs=hmac-sha2-256 -oKexAlgorithms=curve25519-sha256'\n"
)


def facts(config: str = "", *, program: Content | None = None, **others: Content) -> Facts:
    files: dict[str, bytes | str | Status] = {MAIN: config}
    files.update(others.pop("also", {}))
    seen = evidence(sshd_config=files, sshd_program=DEBIAN_PROGRAM if program is None else program, **others)
    return derive(TABLE, seen)


def rows(found: Facts, key: str, context: str = "") -> list[Row]:
    return [row for row in found.rows if row["key"] == key and row["match_context"] == context]


def values(found: Facts, key: str, context: str = "") -> list[str | None]:
    return [row["value"] for row in rows(found, key, context)]


def test_debian_settings_and_defaults() -> None:
    found = facts(DEBIAN, also={"/etc/ssh/sshd_config.d/50-cloud-init.conf": "PasswordAuthentication no\n"})
    assert found.problems[""] == []
    assert rows(found, "passwordauthentication") == [
        {
            "match_context": "", "key": "passwordauthentication", "value": "no",
            "source": "/etc/ssh/sshd_config.d/50-cloud-init.conf", "line": 1, "is_default": False,
        }
    ]  # fmt: skip
    assert rows(found, "permitrootlogin") == [
        {
            "match_context": "", "key": "permitrootlogin", "value": "prohibit-password", "source": None, "line": None,
            "is_default": True,
        }
    ]  # fmt: skip
    assert values(found, "acceptenv") == ["LANG LC_*"]
    assert values(found, "subsystem") == ["sftp /usr/lib/openssh/sftp-server"]
    assert values(found, "usepam") == ["yes"]
    assert values(found, "logingracetime") == ["120"]
    assert values(found, "allowusers") == [""]
    assert values(found, "port") == ["22"]
    assert "aes256-ctr" in str(values(found, "ciphers"))
    assert found.problems["ciphers"] == []
    assert values(found, "kexalgorithms") == [None]
    assert found.problems["kexalgorithms"][0].status is Status.ABSENT


def test_a_plain_user_is_told_that_privilege_would_help() -> None:
    found = facts(DEBIAN, sshd_test={"": Status.DENIED})
    assert (found.problems[""], found.problems["kexalgorithms"][0].status) == ([], Status.DENIED)


def test_the_first_line_of_a_keyword_wins_and_lists_accumulate() -> None:
    found = facts("Port 22\nport 2222\nMaxAuthTries 4\nMaxAuthTries 3\nAllowUsers a b\nAllowUsers c\n")
    assert values(found, "port") == ["22", "2222"]
    assert values(found, "maxauthtries") == ["4"]
    assert [(row["value"], row["line"]) for row in rows(found, "allowusers")] == [("a b", 5), ("c", 6)]


def test_the_last_maxstartups_wins_until_10_1() -> None:
    config = "MaxStartups 5:50:20\nMaxStartups 10:30:60\n"
    assert values(facts(config), "maxstartups") == ["10:30:60"]
    assert values(facts(config, program={"/usr/sbin/sshd": "OpenSSH_10.2p1"}), "maxstartups") == ["5:50:20"]


def test_values_have_one_form() -> None:
    config = """PermitRootLogin without-password
PasswordAuthentication YES
LoginGraceTime 1h2m
ClientAliveInterval "5m"
ClientAliveCountMax 03
LogLevel debug1
AllowTcpForwarding all
MaxStartups 10
Banner None
ForceCommand  /bin/x 'a b' # c
AuthorizedKeysFile  .ssh/a   "/etc/keys/%u"
Compression delayed
"""
    found = facts(config)
    assert found.problems[""] == []
    expected = {
        "permitrootlogin": "prohibit-password", "passwordauthentication": "yes", "logingracetime": "3720",
        "clientaliveinterval": "300", "clientalivecountmax": "3", "loglevel": "DEBUG", "allowtcpforwarding": "yes",
        "maxstartups": "10:30:10", "banner": "none", "forcecommand": "/bin/x 'a b' # c",
        "authorizedkeysfile": ".ssh/a /etc/keys/%u", "compression": "yes",
    }  # fmt: skip
    assert {key: values(found, key) for key in expected} == {key: [value] for key, value in expected.items()}


def test_values_that_sshd_refuses_are_problems_and_kept_as_written() -> None:
    config = "PermitRootLogin maybe\nMaxAuthTries 3 4\nLoginGraceTime soon\nStrictModes on\nMaxSessions " + "9" * 5000
    found = facts(config)
    assert [problem.reason.split(": ")[1] for problem in found.problems[""]] == [
        f"sshd refuses {key} with this value"
        for key in ("permitrootlogin", "maxauthtries", "logingracetime", "strictmodes", "maxsessions")
    ]
    assert values(found, "permitrootlogin") == ["maybe"]


def test_match_blocks_have_their_context() -> None:
    config = "PasswordAuthentication no\nMatch User ops Address 10.0.0.0/8\nPasswordAuthentication yes\n"
    found = facts(config + "PasswordAuthentication no\n")
    assert values(found, "passwordauthentication") == ["no"]
    assert values(found, "passwordauthentication", "user ops address 10.0.0.0/8") == ["yes"]


def test_match_all_beats_the_lines_before_it_and_the_blocks_after_it() -> None:
    config = """PermitRootLogin no
Port 22
Match User a
PermitRootLogin no
Match all
PermitRootLogin yes
Port 2222
Match User b
PermitRootLogin no
Banner none
"""
    found = facts(config)
    assert found.problems[""] == []
    assert values(found, "permitrootlogin") == ["yes"]
    assert values(found, "permitrootlogin", "user a") == ["no"]
    assert values(found, "permitrootlogin", "user b") == []
    assert values(found, "banner", "user b") == ["none"]
    assert values(found, "port") == ["22", "2222"]


def test_a_global_keyword_inside_a_match_block_stops_sshd() -> None:
    found = facts("Match User a\nUsePAM no\n")
    assert found.problems[""][0].reason == f"{MAIN}:2: sshd refuses usepam inside a Match block"


def test_old_names_and_the_two_ways_to_keyboard_interactive() -> None:
    assert values(facts("ChallengeResponseAuthentication no\n"), "kbdinteractiveauthentication") == ["no"]
    assert values(facts("PubkeyAcceptedKeyTypes rsa-sha2-512\n"), "pubkeyacceptedalgorithms") == ["rsa-sha2-512"]
    old: Content = {"/usr/sbin/sshd": "OpenSSH_8.0p1\n"}
    only_one = "KbdInteractiveAuthentication no\n"
    before = facts(only_one, program=old)
    assert [(row["value"], row["is_default"]) for row in rows(before, "kbdinteractiveauthentication")] == [
        ("yes", True)  # the other keyword, unset, still turned it on
    ]
    assert values(facts(only_one), "kbdinteractiveauthentication") == ["no"]
    unknown = facts(only_one, program={"/usr/sbin/sshd": ""})
    assert values(unknown, "kbdinteractiveauthentication") == [None]
    assert unknown.problems["kbdinteractiveauthentication"]
    both = facts("KbdInteractiveAuthentication yes\nChallengeResponseAuthentication no\n", program=old)
    assert [(row["value"], row["line"]) for row in rows(both, "kbdinteractiveauthentication")] == [("yes", 1)]


def test_root_login_by_default_depends_on_release_and_distribution() -> None:
    for text, value in (("OpenSSH_8.2p1", "prohibit-password"), ("OpenSSH_6.6.1p1", "yes"), ("", None)):
        found = facts("Port 22\n", program={"/usr/sbin/sshd": text})
        assert values(found, "permitrootlogin") == [value]
        assert bool(found.problems["permitrootlogin"]) is (value is None)
        assert found.problems[""] == []
    suse = facts("Port 22\n", os_release={"/etc/os-release": 'ID="sles"\nID_LIKE="suse"\n'})
    assert values(suse, "permitrootlogin") == [None]


def test_releases_that_differ_are_no_release() -> None:
    two: Content = {"/usr/sbin/sshd": "OpenSSH_7.4p1", "/usr/local/sbin/sshd": "OpenSSH_9.8p1"}
    assert release(evidence(sshd_program=two)) == (None, "")
    zeros = {"/usr/sbin/sshd": b"OpenSSH_9.2\0OpenSSH_9.2p1 Debian\0OpenSSH_7.4\0"}  # as busybox sed prints them
    assert release(evidence(sshd_program=zeros)) == ((9, 2), "debian")


def test_keywords_without_effect_in_this_release_have_no_row() -> None:
    config = "Protocol 1,2\nUsePrivilegeSeparation no\n"
    found = facts(config)
    assert (values(found, "protocol"), values(found, "useprivilegeseparation")) == (["2"], [])
    old = facts(config, program={"/usr/sbin/sshd": "OpenSSH_5.3p1"})
    assert (values(old, "protocol"), values(old, "useprivilegeseparation")) == (["1,2"], ["no"])


def test_changes_to_a_default_list_are_unknown_without_sshd() -> None:
    found = facts("Ciphers +aes128-cbc\nMACs hmac-sha2-256\n")
    assert (values(found, "ciphers"), values(found, "macs")) == ([None], ["hmac-sha2-256"])
    assert found.problems["ciphers"]
    assert found.problems["macs"] == []


def test_sshd_fills_what_was_not_known_and_overrules_what_was_read() -> None:
    told = "\n".join(
        (
            "port 22", "port 2222", "ciphers a,b", "kexalgorithms k", "permitrootlogin yes", "maxauthtries 9",
            "passwordauthentication yes", "acceptenv LC_*", "acceptenv LANG", "somethingnew x", "hostkeyalgorithms h",
            "pubkeyacceptedkeytypes p", "challengeresponseauthentication yes", "kbdinteractiveauthentication no",
        )
    )  # fmt: skip
    config = "Port 22\nPort 2222\nCiphers +b\nMaxAuthTries 6\nAcceptEnv LANG LC_*\nKbdInteractiveAuthentication no\n"
    found = facts(config + "Match User x\nPasswordAuthentication no\n", sshd_test=told + "\n")
    assert [row["source"] for row in rows(found, "port")] == [MAIN, MAIN]
    assert [(r["value"], r["source"], r["is_default"]) for r in rows(found, "ciphers")] == [("a,b", MAIN, False)]
    assert [(r["value"], r["source"], r["is_default"]) for r in rows(found, "kexalgorithms")] == [("k", None, True)]
    assert [(r["value"], r["source"], r["is_default"]) for r in rows(found, "permitrootlogin")] == [
        ("yes", "sshd -T", True)
    ]
    assert [(r["value"], r["source"], r["line"], r["is_default"]) for r in rows(found, "maxauthtries")] == [
        ("9", "sshd -T", None, False)
    ]
    assert [row["line"] for row in rows(found, "acceptenv")] == [5]
    assert rows(found, "somethingnew") == []
    assert values(found, "pubkeyacceptedalgorithms") == ["p"]
    assert values(found, "kbdinteractiveauthentication") == ["no"]
    assert all(not problems for problems in found.problems.values())


def test_sshd_has_no_last_word_on_what_a_match_block_sets() -> None:
    config = "PasswordAuthentication yes\nMatch User root\nPasswordAuthentication no\n"
    found = facts(config, sshd_test="passwordauthentication no\n")  # it answers for root
    assert values(found, "passwordauthentication") == ["yes"]


def test_an_sshd_that_could_not_tell_leaves_the_files_standing() -> None:
    for status in (Status.FAILED, Status.TIMEOUT, Status.ABSENT):
        assert facts("PermitRootLogin no\n", sshd_test=status).problems[""] == []


def test_rhel_9_includes_its_crypto_policy() -> None:
    config = "Include /etc/ssh/sshd_config.d/*.conf\nCiphers 3des-cbc\n"
    also = {
        "/etc/ssh/sshd_config.d/50-redhat.conf": f"Include {POLICY}\nUsePAM yes\n",
        POLICY: "Ciphers aes256-gcm@openssh.com\n",
    }
    found = facts(config, also=also)
    assert [(row["value"], row["source"]) for row in rows(found, "ciphers")] == [("aes256-gcm@openssh.com", POLICY)]


def test_rhel_8_passes_its_crypto_policy_on_the_command_line() -> None:
    unit: Content = {"/usr/lib/systemd/system/sshd.service": RHEL8_UNIT}
    told = "ciphers from,the,program\nmacs from,the,program\n"
    found = facts("Ciphers 3des-cbc\n", also={POLICY: RHEL8_POLICY}, sshd_start=unit, sshd_test=told)
    assert [(r["value"], r["source"], r["line"]) for r in rows(found, "ciphers")] == [
        ("aes256-ctr,aes256-cbc", POLICY, 1)
    ]
    assert values(found, "macs") == ["hmac-sha2-256"]


def test_rhel_8_may_opt_out_of_its_crypto_policy() -> None:
    opted: Content = {"/usr/lib/systemd/system/sshd.service": RHEL8_UNIT, "/etc/sysconfig/sshd": "CRYPTO_POLICY=\n"}
    commented: Content = {**opted, "/etc/sysconfig/sshd": "# CRYPTO_POLICY=\n"}
    own_unit: Content = {**commented, "/etc/systemd/system/sshd.service": "ExecStart=/usr/sbin/sshd -D\n"}
    for start, ciphers in ((opted, "3des-cbc"), (commented, "aes256-ctr,aes256-cbc"), (own_unit, "3des-cbc")):
        found = facts("Ciphers 3des-cbc\n", also={POLICY: RHEL8_POLICY}, sshd_start=start)
        assert values(found, "ciphers") == [ciphers]
    unseen = facts("Ciphers 3des-cbc\n", sshd_start=Status.FAILED)
    assert (unseen.problems[""], bool(unseen.problems["ciphers"])) == ([], True)
    lost = facts("Ciphers 3des-cbc\n", also={POLICY: Status.DENIED}, sshd_start=commented)
    assert (lost.problems[""], lost.problems["ciphers"][0].status) == ([], Status.DENIED)


def test_suse_keeps_its_own_configuration_under_usr() -> None:
    includes = "Include /etc/ssh/sshd_config.d/*.conf\nInclude /usr/etc/ssh/sshd_config.d/*.conf\n"
    files: Content = {
        "/usr/etc/ssh/sshd_config": includes,
        "/etc/ssh/sshd_config.d/a.conf": "PermitRootLogin no\n",
        "/usr/etc/ssh/sshd_config.d/b.conf": "PermitRootLogin yes\n",
    }
    found = derive(TABLE, evidence(sshd_config=files))
    assert (values(found, "permitrootlogin"), found.problems[""]) == (["no"], [])


def test_no_sshd_is_whole_and_empty_but_sshd_without_configuration_is_not() -> None:
    nothing = derive(TABLE, evidence())
    assert (list(nothing.rows), any(nothing.problems.values())) == ([], False)
    bare = derive(TABLE, evidence(sshd_program=DEBIAN_PROGRAM))
    assert bare.problems[""][0].reason == "/usr/sbin/sshd is there, but no sshd_config was found"


def test_what_was_not_seen_is_never_whole() -> None:
    assert derive(TABLE, Evidence("local", "x", 0)).problems[""]
    assert derive(TABLE, evidence(sshd_program=Status.FAILED)).problems[""]
    denied = derive(TABLE, evidence(sshd_config={MAIN: Status.DENIED}, sshd_program=DEBIAN_PROGRAM))
    assert (list(denied.rows), denied.problems[""][0].status) == ([], Status.DENIED)
    assert facts("Port 22\n", also={"/usr/local/etc/sshd_config": "Port 23\n"}).problems[""]


def test_a_section_that_was_cut_off_is_not_whole_though_a_file_came() -> None:
    seen = evidence()
    cut = SectionEvidence(Status.FAILED, (Item(MAIN, b"Port 22\n"),), "the evidence ends early")
    found = derive(TABLE, Evidence("local", "x", 0, {**seen.sections, SSHD_CONFIG.name: cut}))
    assert [problem.reason for problem in found.problems[""]] == ["the evidence ends early"]


def test_a_stray_directory_beside_the_configuration_does_no_harm() -> None:
    found = facts(DEBIAN, also={"/etc/ssh/sshd_config.d/disabled": Status.FAILED})
    assert found.problems[""] == []


def test_authorized_keys_files_of_everyone() -> None:
    assert authorized_keys_files(evidence()) == [".ssh/authorized_keys", ".ssh/authorized_keys2"]
    config = "AuthorizedKeysFile /etc/keys/%u .ssh/authorized_keys\nMatch User a\nAuthorizedKeysFile none\n"
    config += "Match User b\nAuthorizedKeysFile /srv/k\n"
    assert authorized_keys_files(evidence(sshd_config={MAIN: config})) == [
        "/etc/keys/%u",
        ".ssh/authorized_keys",
        "/srv/k",
    ]


@given(
    st.text(alphabet="PermitRootLogin \n\"'#=MatchallUsersCiphers+-^0123456789mh", max_size=200),
    st.binary(max_size=200),
)
def test_any_bytes_parse_without_raising(text: str, raw: bytes) -> None:
    for config in (text.encode(), raw):
        seen = evidence(
            sshd_config={MAIN: config, POLICY: raw}, sshd_program={"/usr/sbin/sshd": raw}, sshd_test=raw,
            sshd_start={"/etc/sysconfig/sshd": b"CRYPTO_POLICY=" + raw, "/etc/systemd/system/sshd.service": RHEL8_UNIT},
        )  # fmt: skip
        assert not [p for p in derive(TABLE, seen).problems[""] if "cannot be parsed" in p.reason]
        authorized_keys_files(seen)


def test_only_releases_leave_the_host_from_the_program() -> None:
    ((pattern, replacement),) = SSHD_PROGRAM.rewrite
    lines = ("\x7fELF x OpenSSH_8.2p1 Ubuntu-4ubuntu0.11 y", "OpenSSH_2.5.1p1*,OpenSSH_3.*", "OpenSSH_10.0p2", "code")
    found = [re.match(pattern, line) for line in lines]
    assert [match and match.expand(replacement) for match in found] == [
        "OpenSSH_8.2p1 Ubuntu",
        None,
        "OpenSSH_10.0p2",
        None,
    ]
