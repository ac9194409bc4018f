"""The sysctl table."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.carriers.root import rewrite
from secops.hosts.evidence import Status
from secops.hosts.listing import record
from secops.hosts.tables import Facts, Row
from secops.hosts.tables.sysctl import ROOT_ONLY_KEYS, SECURITY_KEYS, SYSCTL_CONF, SYSCTL_RUNNING, TABLE, dotted
from tests.hosts.evidence_kit import derive, evidence
from tests.hosts.tables.live_kit import Shell, collect, denied_at_most, run, shells

RUNNING = """?net/core/bpf_jit_limit
kernel/osrelease:5.10.0-153.el
kernel/randomize_va_space:2
kernel/core_pattern:|/usr/lib/systemd/systemd-coredump %P %u
kernel/domainname:
kernel/modprobe:first
kernel/modprobe:second
net/ipv4/tcp_rmem:4096\t131072\t6291456
net/ipv4/conf/all/rp_filter:0
net/ipv4/conf/default/rp_filter:1
net/ipv4/conf/eth0.100/rp_filter:1
net/ipv4/conf/hub0/rp_filter:0
net/ipv6/conf/all/stable_secret:fe80::1
"""
UNIT = "/usr/lib/systemd/system/systemd-sysctl.service"


def conf(files: dict[str, bytes | str | Status], *, unit: bool = True, **sections: object) -> Facts:
    """A live host with these configuration files; `unit`: it boots with systemd."""
    units = {UNIT: "[Unit]\n"} if unit else {}
    return derive(
        TABLE, evidence(**{"sysctl_running": RUNNING, "systemd_sysctl": units, "sysctl_conf": files} | sections)
    )


def image(files: dict[str, bytes | str | Status]) -> Facts:
    return derive(TABLE, evidence(carrier="root", systemd_sysctl={UNIT: "[Unit]\n"}, sysctl_conf=files))


def row(facts: Facts, key: str) -> Row:
    (found,) = [row for row in facts.rows if row["key"] == key]
    return found


def configured(facts: Facts, key: str) -> tuple[str | None, str | None, int | None]:
    found = row(facts, key)
    assert found["is_default"] is (found["configured"] is None)
    return found["configured"], found["source"], found["line"]


def test_running_values_have_their_white_space_normalised() -> None:
    facts = conf({})
    assert facts.problems == {"": [], "running": [], "root_only": []}
    assert row(facts, "kernel.randomize_va_space") == {
        "key": "kernel.randomize_va_space", "value": "2", "present": True, "configured": None, "source": None,
        "line": None, "is_default": True,
    }  # fmt: skip
    assert row(facts, "net.ipv4.tcp_rmem")["value"] == "4096 131072 6291456"
    assert row(facts, "kernel.core_pattern")["value"] == "|/usr/lib/systemd/systemd-coredump %P %u"
    assert (row(facts, "kernel.domainname")["value"], row(facts, "kernel.modprobe")["value"]) == ("", "first second")
    assert row(facts, "net.ipv4.conf.eth0/100.rp_filter")["value"] == "1"


def test_every_key_that_rules_ask_for_has_a_row_and_a_key_the_kernel_lacks_says_so() -> None:
    assert {dotted(path) for path in SECURITY_KEYS} <= {row["key"] for row in conf({}).rows}
    lacking = row(conf({}), "kernel.yama.ptrace_scope")
    assert (lacking["value"], lacking["present"], lacking["is_default"]) == (None, False, True)


def test_an_image_knows_what_is_configured_and_not_what_runs() -> None:
    facts = image({"/etc/sysctl.d/9.conf": "kernel.sysrq = 0\n"})
    assert (facts.problems[""], bool(facts.problems["running"]), bool(facts.problems["root_only"])) == ([], True, True)
    found = row(facts, "kernel.sysrq")
    assert (found["value"], found["present"], found["configured"]) == (None, None, "0")
    assert row(facts, "kernel.randomize_va_space")["present"] is None
    assert (
        configured(image({"/etc/sysctl.d/9.conf": "net.ipv4.conf.*.rp_filter=2"}), "net.ipv4.conf.all.rp_filter")[0]
        == "2"
    )


def test_files_are_read_by_name_and_an_earlier_directory_hides_the_same_name() -> None:
    facts = conf(
        {
            "/lib/sysctl.d/50-a.conf": "kernel.sysrq=9\n",
            "/usr/lib/sysctl.d/50-a.conf": "kernel.sysrq=8\nvm.mmap_min_addr=1\n",
            "/etc/sysctl.d/50-a.conf": "# local\n; both mark comments\n\n kernel.sysrq = 16 \n",
            "/run/sysctl.d/60-b.conf": "kernel/dmesg_restrict\t=\t1\n",
            "/usr/local/lib/sysctl.d/10-c.conf": "kernel.dmesg_restrict=0\nkernel.panic=7\n",
        }
    )
    assert facts.problems[""] == []
    assert configured(facts, "kernel.sysrq") == ("16", "/etc/sysctl.d/50-a.conf", 4)
    assert configured(facts, "kernel.dmesg_restrict") == ("1", "/run/sysctl.d/60-b.conf", 1)
    assert configured(facts, "kernel.panic") == ("7", "/usr/local/lib/sysctl.d/10-c.conf", 2)
    assert configured(facts, "vm.mmap_min_addr") == (None, None, None)


def test_an_empty_file_or_a_link_to_dev_null_hides_the_same_name() -> None:
    links = record(b"/etc/sysctl.d/60-b.conf", (0o120777, 0, 0, 9, 0), b"/dev/null")
    files = {
        "/etc/sysctl.d/50-a.conf": "",
        "/usr/lib/sysctl.d/50-a.conf": "kernel.sysrq=1\n",
        "/etc/sysctl.d/60-b.conf": Status.FAILED,
        "/usr/lib/sysctl.d/60-b.conf": "kernel.panic=1\n",
        "/usr/lib/sysctl.d/70-c.conf": "kernel.tainted=1\n",
    }
    facts = conf(files, sysctl_links=links)
    assert facts.problems[""] == []
    assert (configured(facts, "kernel.sysrq")[0], configured(facts, "kernel.panic")[0]) == (None, None)
    assert configured(facts, "kernel.tainted")[0] == "1"
    assert conf(files).problems[""], "a special file that is no such link is not understood"
    denied = files | {"/etc/sysctl.d/80-d.conf": Status.DENIED}
    assert conf(denied, sysctl_links=links).problems[""][0].status is Status.DENIED


def test_sysctl_conf_is_last_except_where_systemd_does_not_read_it() -> None:
    files = {"/etc/sysctl.conf": "kernel.sysrq=1\n", "/etc/sysctl.d/99-z.conf": "kernel.sysrq=0\n"}
    assert configured(conf(files, unit=False), "kernel.sysrq") == ("1", "/etc/sysctl.conf", 1)
    assert configured(conf(files), "kernel.sysrq") == ("0", "/etc/sysctl.d/99-z.conf", 1)
    linked = files | {"/etc/sysctl.d/99-sysctl.conf": "kernel.sysrq=1\n", "/etc/sysctl.d/90-a.conf": "kernel.sysrq=3"}
    del linked["/etc/sysctl.d/99-z.conf"]
    assert configured(conf(linked), "kernel.sysrq") == ("1", "/etc/sysctl.d/99-sysctl.conf", 1)


def test_patterns_yield_to_keys_of_their_own_and_to_exclusions() -> None:
    facts = conf(
        {
            "/etc/sysctl.d/90.conf": "net.ipv4.conf.all.rp_filter = 0\n",
            "/usr/lib/sysctl.d/95.conf": "-net.ipv4.conf.*.rp_filter = 2\n-net.ipv4.conf.hub0.rp_filter\n",
            "/usr/lib/sysctl.d/99.conf": "net.ipv4.conf.def*.rp_filter = 1\nnet.*.rp_filter = 9\n",
        }
    )
    assert configured(facts, "net.ipv4.conf.all.rp_filter") == ("0", "/etc/sysctl.d/90.conf", 1)
    assert configured(facts, "net.ipv4.conf.eth0/100.rp_filter") == ("2", "/usr/lib/sysctl.d/95.conf", 1)
    assert configured(facts, "net.ipv4.conf.default.rp_filter") == ("1", "/usr/lib/sysctl.d/99.conf", 1)
    assert configured(facts, "net.ipv4.conf.hub0.rp_filter") == (None, None, None)


def test_slashes_may_separate_and_a_dot_is_then_part_of_a_name() -> None:
    facts = conf({"/etc/sysctl.d/9.conf": "net/ipv4/conf/eth0.100/rp_filter=2\nnet.ipv4.conf.new/7.rp_filter=1\n"})
    assert configured(facts, "net.ipv4.conf.eth0/100.rp_filter")[0] == "2"
    assert (
        row(facts, "net.ipv4.conf.new/7.rp_filter")["present"],
        configured(facts, "net.ipv4.conf.new/7.rp_filter")[0],
    ) == (
        False,
        "1",
    )


def test_lines_that_are_no_assignment_are_ignored_as_at_boot() -> None:
    facts = conf({"/etc/sysctl.d/9.conf": f"kernel.sysrq\n= 3\n-\n-=\n{'k' * 600}=1\nkernel.panic = \n"})
    assert facts.problems[""] == []
    assert configured(facts, "kernel.panic")[0] == ""
    assert not [row for row in facts.rows if row["key"].startswith("kk")]


def test_a_key_that_rules_ask_for_and_nobody_may_read_is_denied() -> None:
    old_kernel = (
        RUNNING + "?fs/protected_hardlinks\n?net/ipv4/conf/eth0/rp_filter\n?vm/mmap_rnd_bits\n?kernel/cad_pid\n"
    )
    facts = conf({}, sysctl_running=old_kernel)
    assert facts.problems[""] == []
    assert [(problem.status, problem.reason) for problem in facts.problems["running"]] == [
        (Status.DENIED, "fs.protected_hardlinks cannot be read"),
        (Status.DENIED, "net.ipv4.conf.eth0.rp_filter cannot be read"),
    ]
    assert [problem.reason for problem in facts.problems["root_only"]] == ["vm.mmap_rnd_bits cannot be read"]
    assert (row(facts, "fs.protected_hardlinks")["value"], row(facts, "fs.protected_hardlinks")["present"]) == (
        None,
        True,
    )


@pytest.mark.parametrize("running", ["", "kernel/sysrq:1\n", Status.TIMEOUT])
def test_running_values_that_are_not_whole_are_told(running: str | Status) -> None:
    facts = conf({}, sysctl_running=running)
    assert (facts.problems[""], bool(facts.problems["running"]), bool(facts.problems["root_only"])) == ([], True, True)


def test_secret_keys_get_into_no_row_and_do_not_leave_the_host() -> None:
    text = b"net.ipv6.conf.*.stable_secret=fe80::1\nnet/ipv4/tcp_fastopen_key = fe80::1\nkernel.sysrq=1\n"
    facts = conf({"/etc/sysctl.d/9.conf": text})
    assert "fe80" not in repr(facts.rows)
    assert rewrite(text, SYSCTL_CONF.rewrite) == (
        b"net.ipv6.conf.*.stable_secret\nnet/ipv4/tcp_fastopen_key\nkernel.sysrq=1\n"
    )


def test_too_many_patterns_are_told() -> None:
    facts = conf({"/etc/sysctl.d/9.conf": "".join(f"net.ipv4.conf.a{n}*.rp_filter=1\n" for n in range(200))})
    assert facts.problems[""][0].reason == "more than 100 patterns are configured"


@pytest.mark.parametrize("shell", shells(), ids=lambda shell: shell.name)
def test_this_machine_shows_its_values(shell: Shell) -> None:
    facts = derive(TABLE, collect(*TABLE.all_sections, shell=shell))
    assert facts.problems[""] == []
    assert denied_at_most(facts.problems["running"])
    for key in (
        "kernel.osrelease",
        "kernel.randomize_va_space",
        "net.ipv4.conf.all.rp_filter",
        "net.ipv4.conf.lo.rp_filter",
    ):
        path = Path("/proc/sys", key.replace(".", "/"))
        assert row(facts, key)["value"] == path.read_text().strip()


@pytest.mark.parametrize("shell", shells(), ids=lambda shell: shell.name)
def test_a_plain_user_is_told_which_keys_stay_closed(shell: Shell) -> None:
    data, code = run(SYSCTL_RUNNING.script, shell, as_nobody=True)
    closed = {path for path in ROOT_ONLY_KEYS if Path("/proc/sys", path).exists()}
    assert code == 0
    assert {f"?{path}" for path in closed} <= set(data.decode().split("\n"))
    assert b"kernel/osrelease:" in data


def test_nothing_secret_or_acting_is_read_and_two_readings_agree() -> None:
    first, second = (run(SYSCTL_RUNNING.script, Shell("sh", ("sh",)))[0] for _ in range(2))
    assert first == second
    for never in (b"stable_secret", b"tcp_fastopen_key", b"stat_refresh", b"binfmt_misc", b"ns_last_pid"):
        assert never not in first


def test_long_hostile_content_stays_linear() -> None:
    start = time.process_time()
    for text in ("stable_secret" * 80_000, "*" * 400 + "=1\n", "[" * 1_000_000, "a.*.b=1\n" * 100_000, "?" * 1_000_000):
        conf({"/etc/sysctl.d/9.conf": text}, sysctl_running=text)
        rewrite(text.encode(), SYSCTL_CONF.rewrite)
    conf(
        {"/etc/sysctl.d/9.conf": "".join(f"k.{'*a' * 100}{n}=1\n" for n in range(100))},
        sysctl_running="k/" + "a" * 4000,
    )
    assert time.process_time() - start < 10


@given(st.binary(max_size=300), st.binary(max_size=300), st.binary(max_size=100))
def test_any_bytes_parse_without_raising(running: bytes, text: bytes, links: bytes) -> None:
    conf({"/etc/sysctl.d/9.conf": text, "/odd": text}, sysctl_running=running, sysctl_links=links)
    conf({"/etc/sysctl.d/9.conf": b"a." + text + b"=1"}, sysctl_running=b"a/" + running + b":1")
