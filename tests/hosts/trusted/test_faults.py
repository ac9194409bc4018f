"""What hides something on a host is told, and nobody can hide or forge what is another's."""

from __future__ import annotations

import pytest

from secops.hosts.evidence import Evidence, Status
from secops.hosts.tables import derive
from secops.hosts.tables.trusted_files import TABLE
from tests.hosts.trusted.kit import Planter, collect, image, use_busybox
from tests.testroot import OPS, TestHost

WAY = "file /srv/job 0775 root:devs\ncron @daily root /srv/job"


@pytest.fixture
def planter(test_host: TestHost) -> Planter:
    planter = Planter(test_host)
    planter.people()
    planter.plant(WAY)
    return planter


def told(evidence: Evidence) -> dict[str, list[tuple[Status, str]]]:
    """Why the table and its part are not whole."""
    facts = derive(TABLE, evidence)
    return {
        part: [(problem.status, problem.reason) for problem in problems] for part, problems in facts.problems.items()
    }


def points(evidence: Evidence) -> set[str]:
    return {row["point"] for row in derive(TABLE, evidence).rows}


def both(host: TestHost) -> tuple[Evidence, Evidence]:
    return collect(host, "dash"), image(host)


def test_an_access_list_that_nothing_reads_is_not_known(planter: Planter) -> None:
    host = planter.host
    host.run(["rm", "/usr/bin/getfacl"], check=True)
    assert told(collect(host, "dash")) == {"": [], "acls": []}, "GNU's ls says that there is none"
    planter.plant("acl /srv/job bob 6")
    assert told(collect(host, "dash"))["acls"] == [(Status.FAILED, "/srv/job: its access list is not known")]
    assert told(image(host)) == {"": [], "acls": []}
    use_busybox(host)
    seen = collect(host, "sh")
    assert told(seen) == {"": [], "acls": [(Status.ABSENT, "nothing here reads access lists")]}
    assert points(seen) == {"/srv/job"}


def test_a_user_who_is_not_root_sees_some_and_says_so(planter: Planter) -> None:
    seen = collect(planter.host, "dash", uid=OPS)
    assert (Status.DENIED, "needs more privilege") in told(seen)[""]
    assert points(seen) == {"/srv/job"}


def test_a_name_with_a_newline_is_left_out_and_told(planter: Planter) -> None:
    where = planter.host.at("/home/ops/.config/fish/conf.d")
    where.mkdir(parents=True)
    (where / "x\nZ").write_text("")
    (where / "y\n").symlink_to("/srv/job")
    for seen in both(planter.host):
        assert told(seen)[""] == [(Status.FAILED, "a name with a newline is left out")]
        assert points(seen) == {"/srv/job"}


def test_a_link_that_forges_another_hides_nothing(planter: Planter) -> None:
    link = planter.host.at("/home/ops/.bashrc")
    link.unlink()
    link.symlink_to("a\nL/srv\n/nowhere\nd755 0 0 755 /srv")
    for seen in both(planter.host):
        assert points(seen) == {"/srv/job"}
        assert [status for status, _ in told(seen)[""]] == [Status.FAILED]
        assert "was not looked at" in told(seen)[""][0][1]


def test_nul_and_the_marks_of_our_own_in_a_file_forge_nothing(planter: Planter) -> None:
    planter.host.write(
        "/home/ops/.profile", b"\0Z\0\n. /srv/\0job\n\0f644\0" + b"0\0" * 4 + b"/srv/job\0\0\0\nZ\nG/srv/job\n.\n"
    )
    for seen in both(planter.host):
        assert points(seen) == {"/srv/job"}
        assert told(seen) == {"": [], "acls": []}


def test_links_that_go_round_or_far_end(planter: Planter) -> None:
    planter.plant("link /srv/a b\nlink /srv/b a\ncron @daily root /srv/a/x\ncron @daily root /srv/b")
    for number in range(60):
        planter.plant(f"link /home/ops/l{number} l{number + 1}")
    planter.plant("cron @daily ops /home/ops/l0")
    for seen in both(planter.host):
        assert points(seen) == {"/srv/job"}


def test_a_file_that_is_too_large_or_names_too_much_is_told(planter: Planter) -> None:
    planter.host.write("/home/ops/.bashrc", ". /srv/x\n" + "#" * (1 << 20))
    planter.host.write("/home/ops/.profile", "".join(f". /srv/{number}\n" for number in range(4_000)))
    planter.host.write("/home/ops/.bash_login", "\\\n" * 2_000)
    for seen in both(planter.host):
        assert sorted(told(seen)[""]) == [
            (Status.TRUNCATED, f"/home/ops/{name}: was not read to its end")
            for name in (".bash_login", ".bashrc", ".profile")
        ]
        assert points(seen) == {"/srv/job"}


def test_whose_power_it_is_may_not_be_known(planter: Planter) -> None:
    planter.plant("""file /srv/their/job 0755 bob
        file /srv/roots/job 0755 root
        cron @daily root su "$NAME" -c /srv/their/job
        cron @daily root su "$NAME" -c /srv/roots/job
        cron @daily ghost /srv/their/job
        unit a.service [Service]\\nDynamicUser=yes\\nExecStart=/srv/their/job""")
    for seen in both(planter.host):
        assert told(seen)[""] == [
            (Status.FAILED, f"/etc/cron.d/job{number}:1: as whom it runs /srv/their/job is not known")
            for number in (2, 4)
        ]
        assert points(seen) == {"/srv/job"}


def test_a_host_without_awk_says_so(planter: Planter) -> None:
    planter.host.run(["rm", "/usr/bin/awk"], check=True)
    assert told(collect(planter.host, "dash"))[""] == [(Status.ABSENT, "the tool for it is not installed")]


def test_what_is_cut_off_is_not_whole(planter: Planter) -> None:
    seen = collect(planter.host, "dash")
    item = seen["trusted_paths"].only
    for end in range(0, len(item.data) - 1, len(item.data) // 40):
        cut = Evidence("local", "x", 0, {**seen.sections, "trusted_paths": _with(seen, item.data[:end])})
        assert told(cut)[""], end
    swapped = item.data.replace(b"f775\0", b"f7x5\0")
    broken = Evidence("local", "x", 0, {**seen.sections, "trusted_paths": _with(seen, swapped)})
    assert (Status.FAILED, "the list of trusted paths does not parse") in told(broken)[""]


def _with(seen: Evidence, data: bytes) -> object:
    from dataclasses import replace

    section = seen["trusted_paths"]
    return replace(section, items=(replace(section.only, data=data),))


def test_a_policy_of_ten_thousand_lines_is_read_to_its_end(planter: Planter) -> None:
    planter.plant("dir /opt/t 0755 root\nfile /opt/t/9999 0775 root:devs")
    policy = "".join(f"bob ALL=(root) /opt/t/{number} -a /opt/*/l\\n" for number in range(10_000))
    planter.plant(f"text /etc/sudoers.d/large {policy}")
    for seen in both(planter.host):
        assert told(seen) == {"": [], "acls": []}
        assert points(seen) == {"/srv/job", "/opt/t/9999"}


def test_scripts_that_run_themselves_many_others_or_what_is_no_file(planter: Planter) -> None:
    planter.plant("""text /opt/round #!/bin/sh\\n. /opt/round\\n. /opt/round2
        text /opt/round2 . /opt/round; . /srv/job; sh /opt/fifo; . /opt; . /dev/zero; . /opt/none
        cron @daily root /opt/round""")
    planter.host.run(["mkfifo", "/opt/fifo"], check=True)
    planter.host.write("/opt/large", "#!/bin/sh\n" + "#" * (1 << 20))
    planter.host.write("/opt/program", b"\x7fELF" + b"\0" * (1 << 21))
    planter.host.write("/opt/many", "".join(f". /opt/many.d/{number}\n" for number in range(2_100)))
    planter.host.at("/opt/many.d").mkdir()
    for number in range(2_100):
        planter.host.write(f"/opt/many.d/{number}", ":\n")
    planter.plant("cron @daily root /opt/large; /opt/program; sh /opt/many")
    for seen in both(planter.host):
        reasons = {reason for _, reason in told(seen)[""]}
        assert "/opt/large: was not read to its end" in reasons
        assert any(reason.startswith("/opt/many.d/") for reason in reasons)
        assert not any("program" in reason for reason in reasons)
        assert points(seen) == {"/srv/job"}


def test_a_policy_that_is_a_link_to_itself_and_groups_that_are_not_there_are_named(planter: Planter) -> None:
    planter.host.run(["sh", "-c", "rm /etc/sudoers /etc/group; ln -s sudoers /etc/sudoers"], check=True)
    for seen in both(planter.host):
        reasons = {reason for _, reason in told(seen)[""]}
        assert "/etc/group: absent" in reasons
        assert "/etc/sudoers is a link that leads to no file" in reasons
        assert not any("permission denied" in reason for reason in reasons)


def test_no_name_in_a_file_is_run_by_our_own_shell(planter: Planter) -> None:
    run = "touch /opt/ran"
    planter.host.write(
        "/etc/sudoers.d/x", f"bob ALL = /opt/$({run})/*, /opt/`{run}`*/x, ^/opt/$({run})[a]$, /*;{run}/*\n"
    )
    planter.host.write("/etc/cron.d/x", f"@daily root /opt/'$({run})'/x; sh /opt/a';{run};'b; . /opt/`{run}`\n")
    planter.host.write("/etc/passwd", planter.host.at("/etc/passwd").read_text() + f"q:x:9:9::/opt/';{run};':/bin/sh\n")
    planter.host.write("/var/spool/cron/crontabs/q", "@daily ./x; cd y; tar c *\n")
    collect(planter.host, "dash")
    use_busybox(planter.host)
    collect(planter.host, "sh")
    assert not planter.host.at("/opt/ran").exists()
