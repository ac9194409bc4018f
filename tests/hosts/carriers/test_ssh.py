"""The ssh carrier against a real client and a real sshd."""

import socket
from pathlib import Path

import pytest

from secops.core.errors import Exit, IncompleteError, UsageError
from secops.hosts.carriers.process import Answer
from secops.hosts.carriers.ssh import Ssh
from secops.hosts.carriers.ssh_faults import explain
from secops.hosts.collector import COLLECTOR, sudoers
from secops.hosts.evidence import Evidence, Status
from secops.hosts.manifest import manifest
from secops.hosts.script import generate
from secops.hosts.tables import derive, special_files
from tests.hosts.carriers.kit import Wire, make_key, tree
from tests.testroot import OPS, TestHost

EVERYTHING = "ops ALL=(ALL:ALL) NOPASSWD: ALL\n"


def allow_sudo(host: TestHost, rule: str = EVERYTHING) -> None:
    host.write("/etc/sudoers.d/ops", rule, 0o440)
    assert host.run(["visudo", "-c"]).returncode == 0


def install_collector(host: TestHost) -> None:
    """As `collect --print-sudoers` says."""
    script = generate(manifest())
    host.write(COLLECTOR, script, 0o755)
    allow_sudo(host, sudoers(script, "ops"))


def refusal(carrier: Ssh) -> IncompleteError:
    with pytest.raises(IncompleteError) as caught:
        carrier.collect()
    error = caught.value
    assert error.exit_code is Exit.INCOMPLETE
    assert error.where == carrier.target
    assert error.hint
    return error


def unseen(evidence: Evidence) -> dict[str, Status]:
    found = {section.name: evidence.problem(section) for section in manifest()}
    return {name: problem.status for name, problem in found.items() if problem}


def test_a_plain_user_sees_what_it_may_and_leaves_nothing_behind(wire: Wire) -> None:
    before = tree(wire.host.root)
    evidence = wire.ssh().collect()
    assert (evidence.carrier, evidence.label, evidence.uid) == ("ssh", "testhost", 1000)
    assert b"ops:x:1000:" in evidence["passwd"].only.data
    assert evidence["shadow"].status is Status.DENIED
    assert set(unseen(evidence).values()) <= {Status.DENIED, Status.ABSENT}

    after = tree(wire.host.root)
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    of_any_login = {"var/log/lastlog", "var/log/wtmp", "run/utmp", "run/motd.dynamic", "run"}
    assert changed <= of_any_login
    assert wire.host.left_running(3) == []


def test_sudo_sees_all_but_no_hash(wire: Wire) -> None:
    allow_sudo(wire.host)
    evidence = wire.ssh(become="sudo").collect()
    assert evidence.uid == 0
    assert set(unseen(evidence).values()) <= {Status.ABSENT}
    (line,) = [line for line in evidence["shadow"].only.lines if line.startswith("ops:")]
    assert line.startswith("ops:$y$:")
    stored = wire.host.at("/etc/shadow").read_text().split("\nops:")[1].split(":")[0]
    assert not any(stored.encode() in item.data for section in evidence.sections.values() for item in section.items)


def test_sudo_is_never_used_unless_asked_for(wire: Wire) -> None:
    allow_sudo(wire.host)
    assert wire.ssh().collect().uid == 1000


@pytest.mark.parametrize("rule", ["", "ops ALL=(ALL) ALL\n"], ids=["no rule", "with a password"])
def test_sudo_that_asks_for_a_password_is_told_apart(wire: Wire, rule: str) -> None:
    allow_sudo(wire.host, rule)
    error = refusal(wire.ssh(become="sudo"))
    assert "sudo does not let this account" in error.what
    assert "--print-sudoers" in error.hint


def test_a_host_without_sudo_is_told_apart(wire: Wire) -> None:
    wire.host.at("/usr/bin/sudo").unlink()
    assert "sudo is not installed" in refusal(wire.ssh(become="sudo")).what


def test_the_fixed_collector_runs_and_nothing_else_does(wire: Wire) -> None:
    assert "collector is not installed" in _without_collector(wire)
    install_collector(wire.host)
    evidence = wire.ssh(become="collector").collect()
    assert evidence.uid == 0
    assert set(unseen(evidence).values()) <= {Status.ABSENT}
    assert "sudo does not let" in refusal(wire.ssh(become="sudo")).what
    assert wire.host.run(["sudo", "-n", COLLECTOR, "argument"], uid=OPS).returncode != 0


def _without_collector(wire: Wire) -> str:
    allow_sudo(wire.host)
    return refusal(wire.ssh(become="collector")).what


def test_a_modified_collector_is_not_run(wire: Wire) -> None:
    install_collector(wire.host)
    with wire.host.at(COLLECTOR).open("a") as script:
        script.write("touch /root/owned\n")
    error = refusal(wire.ssh(become="collector"))
    assert "sudo does not let" in error.what
    assert "not the pinned one" in error.hint
    assert not wire.host.at("/root/owned").exists()


def test_a_forced_command_gives_the_same_and_ignores_what_is_asked(wire: Wire) -> None:
    install_collector(wire.host)
    wire.authorise(f'command="sudo -n {COLLECTOR}",restrict {wire.public_key}')
    assert wire.ssh().collect().uid == 0
    assert wire.ssh(become="collector").collect().uid == 0


def test_an_unknown_host_key_ends_it(wire: Wire) -> None:
    wire.know([])
    error = refusal(wire.ssh())
    assert "host key is not known" in error.what
    assert (wire.folder / "known_hosts").read_text() == ""


def test_a_changed_host_key_is_said_loudly(wire: Wire) -> None:
    make_key(wire.folder / "other")
    wire.know([" ".join((wire.folder / "other.pub").read_text().split()[:2])])
    error = refusal(wire.ssh())
    assert "THE HOST KEY HAS CHANGED" in error.what
    assert "SHA256:" in error.hint
    assert "ssh-keygen -R testhost" in error.hint


def test_a_key_that_is_not_let_in(wire: Wire) -> None:
    wire.authorise("")
    assert "authentication failed" in refusal(wire.ssh()).what


def test_a_closed_port(wire: Wire) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    wire.configure()
    assert "connection refused" in refusal(wire.ssh(f"ssh://ops@127.0.0.1:{port}")).what


def test_a_host_that_accepts_and_says_nothing(wire: Wire) -> None:
    wire.configure()
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = f"ssh://ops@127.0.0.1:{server.getsockname()[1]}"
        assert "no answer in time" in refusal(wire.ssh(target, connect_timeout=1)).what


def test_a_name_that_does_not_exist(wire: Wire) -> None:
    wire.configure()
    too_long_for_dns = "a" * 64 + ".invalid"
    assert "no host of that name" in refusal(wire.ssh(too_long_for_dns)).what


def test_a_connection_lost_in_the_middle_keeps_what_came_whole(wire: Wire) -> None:
    allow_sudo(wire.host)
    killer = "for p in /proc/[0-9]*; do read -r n <$p/comm; [ $n != sshd ] || kill -9 ${p#/proc/}; done"
    wire.host.write("/usr/sbin/getcap", f"#!/bin/sh\n{killer}\n", 0o755)
    evidence = wire.ssh(become="sudo").collect()
    assert evidence["passwd"].status is Status.OK
    assert evidence["walk"].status is Status.FAILED
    assert evidence["walk"].reason.startswith("connection lost")
    assert unseen(evidence)["walk"] is Status.FAILED


def test_a_host_that_is_too_slow_keeps_what_came_whole(wire: Wire) -> None:
    wire.host.write("/usr/sbin/getcap", "#!/bin/sh\nsleep 60\n", 0o755)
    evidence = wire.ssh(deadline=5).collect()
    assert evidence["passwd"].status is Status.OK
    assert evidence["walk"].status is Status.TIMEOUT


def test_login_noise_is_tolerated(wire: Wire) -> None:
    noise = r"printf 'Welcome!\nCITYWALL-EVIDENCE 1 soon\n\033[2J no newline at the end'"
    wire.host.write("/home/ops/.bashrc", f"{noise}\n{noise} >&2\n", 0o644, 1000)
    evidence = wire.ssh().collect()
    assert evidence["passwd"].status is Status.OK
    assert set(unseen(evidence).values()) <= {Status.DENIED, Status.ABSENT}


def test_an_account_that_may_not_log_in(wire: Wire) -> None:
    wire.host.run(["usermod", "--shell", "/usr/sbin/nologin", "ops"], check=True)
    error = refusal(wire.ssh())
    assert "no evidence" in error.what
    assert "This account is currently not available." in error.hint


def test_a_host_without_sh(wire: Wire) -> None:
    wire.host.at("/usr/bin/sh").unlink()
    assert "no sh on the host" in refusal(wire.ssh()).what


def test_a_host_without_proc(wire: Wire) -> None:
    wire.host.run(["umount", "--lazy", "/proc"], check=True)
    assert "/proc is not mounted" in refusal(wire.ssh()).what


def test_a_host_without_find_timeout_and_base64(wire: Wire) -> None:
    allow_sudo(wire.host)
    for tool in ("find", "timeout", "base64"):
        wire.host.at(f"/usr/bin/{tool}").unlink()
    evidence = wire.ssh(become="sudo").collect()
    assert b"ops:x:1000:" in evidence["passwd"].only.data
    assert evidence["landmarks"].status is Status.OK
    assert derive(special_files.TABLE, evidence).problems[""], "what was not walked is not whole"


def test_a_configuration_that_ssh_does_not_accept(wire: Wire) -> None:
    wire.configure("NoSuchOption yes")
    assert "configuration is not accepted" in refusal(wire.ssh()).what


@pytest.mark.parametrize(
    ("code", "become", "complaint", "told"),
    [
        (255, "none", "ssh: connect to host h port 22: No route to host", "network does not reach"),
        (255, "none", "ssh: connect to host h port 22: Connection timed out", "no answer in time"),
        (255, "none", "Timeout, server h not responding.", "no answer in time"),
        (255, "none", "Unable to negotiate with h port 22: no matching host key type found.", "no algorithm in common"),
        (255, "none", "kex_exchange_identification: read: Connection reset by peer", "connection lost"),
        (255, "none", "ops@h: Permission denied (publickey,password).", "authentication failed"),
        (255, "none", "Received disconnect from h: Too many authentication failures", "authentication failed"),
        (255, "none", "something new", "no evidence (something new)"),
        (1, "sudo", "sudo: sorry, you must have a tty to run sudo", "sudo does not let"),
        (1, "sudo", "ops is not in the sudoers file.", "sudo does not let"),
        (1, "none", "ops is not in the sudoers file.", "no evidence"),
        (1, "none", "Permission denied (publickey).", "no evidence"),
        (127, "none", "ksh: sh: not found", "no sh on the host"),
        (70, "none", "sh: 14: cannot open /proc/sys/kernel/random/uuid", "/proc is not mounted"),
    ],
)
def test_messages_are_told_apart_by_who_said_them(code: int, become: str, complaint: str, told: str) -> None:
    assert told in explain(Answer(b"", complaint, code, ""), "h", become).what


def test_what_a_host_says_is_quoted_inert() -> None:
    answer = Answer(b"\x1b]0;owned\x07 {target}", "line\n\x1b[2Jerror \u202e{0}", 3, "")
    error = explain(answer, "h", "none")
    shown = error.what + error.hint
    assert "{target}" in shown
    assert "\\x1b[2Jerror" in shown
    assert not any(char in shown for char in "\x1b\x07\u202e")


@pytest.mark.parametrize(
    "target",
    ["", "-oProxyCommand=id", "ops@", "@host", "ops@-oProxyCommand=id", "a b", "a\nb", "a\x1b[0m", "$(id)", "a;id",
     "`id`@host", "ops@host'", "a|b", "a&b", "a\\", "​"],
)  # fmt: skip
def test_a_target_that_could_be_read_as_something_else_is_refused(target: str) -> None:
    with pytest.raises(UsageError) as caught:
        Ssh(target)
    assert caught.value.exit_code is Exit.USAGE


@pytest.mark.parametrize(
    "target", ["web1", "ops@web1", "ssh://ops@web1:2222", "ops@10.0.0.1", "ops@[fe80::1%eth0]", "甲@主机"]
)
def test_targets_that_are_accepted(target: str) -> None:
    command = Ssh(target).command()
    assert command[command.index("--") + 1 :] == [target, "sh"]


def test_the_users_configuration_is_used_unless_replaced() -> None:
    assert "-F" not in Ssh("web1").command()
    assert Path(Ssh("web1", config="own").command()[2]) == Path("own")
