"""The services table."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.evidence import Status
from secops.hosts.listing import record
from secops.hosts.tables import Facts
from secops.hosts.tables.services import TABLE
from tests.hosts.evidence_kit import Content, derive, evidence

ETC, LIB, OLD = "/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"


def facts(*, carrier: str = "local", **contents: Content) -> Facts:
    return derive(TABLE, evidence(carrier=carrier, **contents))


def listing(*paths: str) -> bytes:
    """Records of files (executable, 100 bytes) and, as `path -> target`, of links."""
    records = []
    for path in paths:
        name, arrow, target = path.partition(" -> ")
        mode = 0o120777 if arrow else 0o100755
        records.append(record(name.encode(), (mode, 0, 0, 100, 0), target.encode()))
    return b"".join(records)


def rows(found: Facts) -> dict[str, dict[str, Any]]:
    assert len({(row["manager"], row["name"]) for row in found.rows}) == len(found.rows)
    return {row["name"]: dict(row) for row in found.rows}


def units(*paths: str) -> dict[str, dict[str, Any]]:
    found = facts(service_units=listing(*paths))
    assert found.problems[""] == []
    return rows(found)


def enabled(seen: dict[str, dict[str, Any]]) -> dict[str, str]:
    assert all((row["enabled_by"] is not None) == bool(row["enabled"]) for row in seen.values())
    return {name: row["enabled_by"] for name, row in seen.items() if row["enabled"]}


def test_a_unit_is_enabled_by_the_link_that_pulls_it_in() -> None:
    seen = units(
        f"{LIB}/ssh.service",
        f"{LIB}/cron.service",
        f"{LIB}/apt-daily.timer",
        f"{ETC}/multi-user.target.wants/ssh.service -> {OLD}/ssh.service",
        f"{ETC}/timers.target.wants/apt-daily.timer -> ../../../../usr/lib/systemd/system/apt-daily.timer",
    )
    assert seen["ssh.service"] == {
        "name": "ssh.service", "kind": "service", "manager": "systemd", "enabled": True, "masked": False,
        "enabled_by": f"{ETC}/multi-user.target.wants/ssh.service", "unit_path": f"{LIB}/ssh.service", "aliases": [],
        "active": None,
    }  # fmt: skip
    assert seen["cron.service"]["enabled"] is False
    assert (seen["apt-daily.timer"]["kind"], seen["apt-daily.timer"]["enabled"]) == ("timer", True)


def test_where_lib_is_a_link_each_unit_is_one_row() -> None:
    seen = units(
        *(f"{where}/{name}" for where in (OLD, LIB) for name in ("dbus.socket", "sockets.target.wants/dbus.socket"))
    )
    assert (list(seen), seen["dbus.socket"]["unit_path"]) == (["dbus.socket"], f"{LIB}/dbus.socket")
    assert enabled(seen) == {"dbus.socket": f"{LIB}/sockets.target.wants/dbus.socket"}


def test_the_file_of_the_administrator_goes_before_the_vendors() -> None:
    seen = units(f"{LIB}/a.service", "/run/systemd/system/a.service", "/usr/local/lib/systemd/system/b.service",
                 f"{ETC}/a.service", f"{OLD}/b.service")  # fmt: skip
    assert [row["unit_path"] for row in seen.values()] == [
        f"{ETC}/a.service",
        "/usr/local/lib/systemd/system/b.service",
    ]


def test_a_masked_unit_is_not_enabled() -> None:
    seen = units(
        f"{LIB}/rpcbind.service",
        f"{ETC}/rpcbind.service -> /dev/null",
        f"{ETC}/multi-user.target.wants/rpcbind.service -> {LIB}/rpcbind.service",
        f"{ETC}/ctrl-alt-del.target -> ../../../dev/null",
        f"{LIB}/ctrl-alt-del.target -> reboot.target",
        f"{LIB}/reboot.target",
    )
    assert {name: (row["masked"], row["enabled"]) for name, row in seen.items()} == {
        "ctrl-alt-del.target": (True, False),
        "reboot.target": (False, False),
        "rpcbind.service": (True, False),
    }


def test_an_empty_file_masks_too() -> None:
    empty = record(f"{ETC}/a.service".encode(), (0o100644, 0, 0, 0, 0))
    (row,) = facts(service_units=empty).rows
    assert row["masked"] is True


def test_a_link_to_nothing_cancels_the_vendors_wish() -> None:
    seen = units(
        f"{LIB}/a.service",
        f"{LIB}/multi-user.target.wants/a.service -> ../a.service",
        f"{ETC}/multi-user.target.wants/a.service -> /dev/null",
    )
    assert enabled(seen) == {}


def test_aliases_lead_to_the_real_unit_and_enable_it_only_in_etc() -> None:
    seen = units(
        f"{LIB}/ssh.service",
        f"{LIB}/graphical.target",
        f"{LIB}/default.target -> graphical.target",
        f"{LIB}/lightdm.service",
        f"{ETC}/sshd.service -> {LIB}/ssh.service",
        f"{ETC}/display-manager.service -> {OLD}/lightdm.service",
        f"{LIB}/graphical.target.wants/display-manager.service -> ../display-manager.service",
    )
    assert {name: row["aliases"] for name, row in seen.items()} == {
        "graphical.target": ["default.target"],
        "lightdm.service": ["display-manager.service"],
        "ssh.service": ["sshd.service"],
    }
    assert enabled(seen) == {
        "ssh.service": f"{ETC}/sshd.service",
        "lightdm.service": f"{LIB}/graphical.target.wants/display-manager.service",
    }


def test_instances_of_templates_are_rows_and_templates_are_never_enabled() -> None:
    seen = units(
        f"{LIB}/getty@.service",
        f"{LIB}/autovt@.service -> getty@.service",
        f"{ETC}/getty.target.wants/getty@tty1.service -> {LIB}/getty@.service",
        f"{ETC}/getty.target.wants/autovt@tty2.service -> {LIB}/autovt@.service",
        f"{LIB}/vpn@.service",
        f"{ETC}/vpn@city.service -> {LIB}/vpn@.service",
    )
    assert enabled(seen) == {
        "getty@tty1.service": f"{ETC}/getty.target.wants/getty@tty1.service",
        "getty@tty2.service": f"{ETC}/getty.target.wants/autovt@tty2.service",
    }
    assert seen["getty@tty1.service"]["unit_path"] == f"{LIB}/getty@.service"
    assert set(seen) >= {"getty@.service", "vpn@.service", "vpn@city.service"}


def test_what_a_removed_package_leaves_enabled_starts_nothing() -> None:
    assert units(f"{LIB}/a.service", f"{ETC}/multi-user.target.wants/gone.service -> {LIB}/gone.service").keys() == {
        "a.service"
    }


def test_a_unit_linked_from_elsewhere_counts() -> None:
    seen = units(
        f"{ETC}/agent.service -> /opt/agent/agent.service",
        f"{ETC}/multi-user.target.wants/agent.service -> /opt/agent/agent.service",
        f"{ETC}/multi-user.target.wants/odd.service -> /opt/odd.service",
    )
    assert {name: (row["enabled"], row["unit_path"]) for name, row in seen.items()} == {
        "agent.service": (True, f"{ETC}/agent.service"),
        "odd.service": (True, "/opt/odd.service"),
    }


def test_links_in_a_circle_end() -> None:
    seen = units(f"{ETC}/a.service -> b.service", f"{ETC}/b.service -> a.service")
    assert enabled(seen) == {}


def test_what_only_the_initial_ramdisk_starts_is_not_enabled() -> None:
    assert enabled(units(f"{LIB}/a.target", f"{LIB}/initrd.target.wants/a.target -> ../a.target")) == {}


LIST_UNITS = """\
ssh.service                        loaded    active   running   OpenBSD Secure Shell server
getty@tty1.service                 loaded    active   running   Getty on tty1
rpcbind.socket                     loaded    inactive dead      RPCbind Server Activation Socket
gone.service                       not-found inactive dead      gone.service
user@1000.service                  loaded    active   running   User Manager for UID 1000
run-u7.service                     loaded    active   running   /opt/tool  --flag
● bad.service                      loaded    failed   failed    Bad
telnetd.service                    loaded    active   running   LSB: telnet
"""


def test_systemd_says_what_runs() -> None:
    found = facts(
        service_units=listing(
            f"{LIB}/ssh.service", f"{LIB}/getty@.service", f"{LIB}/rpcbind.socket", f"{LIB}/bad.service",
            f"{LIB}/quiet.service", f"{LIB}/user@.service",
        ),
        service_scripts=listing("/etc/init.d/telnetd", "/etc/init.d/ssh", "/etc/rc2.d/S02telnetd -> ../init.d/telnetd"),
        systemctl=LIST_UNITS,
    )  # fmt: skip
    assert found.problems == {"": [], "active": []}
    seen = rows(found)
    assert {name for name, row in seen.items() if row["active"]} == {
        "ssh.service", "getty@tty1.service", "user@1000.service", "run-u7.service", "telnetd",
    }  # fmt: skip
    assert {row["active"] for row in seen.values()} == {True, False}
    assert seen["user@1000.service"]["enabled"] is False
    assert (seen["run-u7.service"]["enabled"], seen["run-u7.service"]["unit_path"]) == (None, None)
    assert "gone.service" not in seen


def test_a_script_that_a_unit_replaces_is_no_service_where_systemd_is_the_init() -> None:
    files = listing(f"{LIB}/ssh.service", f"{LIB}/hwclock.service -> /dev/null")
    scripts = ["/etc/init.d/ssh", "/etc/init.d/hwclock.sh", "/etc/rc2.d/S01ssh -> ../init.d/ssh"]
    known = facts(
        service_units=files, service_scripts=listing(*scripts, "/sbin/init -> /lib/systemd/systemd"), carrier="root"
    )
    assert set(rows(known)) == {"ssh.service", "hwclock.service"}
    unknown = facts(service_units=files, service_scripts=listing(*scripts), carrier="root")
    assert set(rows(unknown)) == {"ssh.service", "hwclock.service", "ssh", "hwclock.sh"}


@pytest.mark.parametrize("folder", ["/etc/rc3.d", "/etc/rc.d/rc3.d", "/etc/init.d/rc3.d"])
def test_sysv_scripts_are_enabled_by_their_start_links(folder: str) -> None:
    found = facts(
        service_scripts=listing(
            "/etc/init.d/sshd", "/etc/init.d/telnet", "/etc/init.d/functions", f"{folder}/S55sshd -> ../init.d/sshd"
        )
        + record(b"/etc/init.d/notes", (0o100644, 0, 0, 9, 0))
    )
    assert [(row["name"], row["manager"], row["enabled_by"]) for row in found.rows] == [
        ("sshd", "sysv", f"{folder}/S55sshd"),
        ("telnet", "sysv", None),
    ]
    assert {row["active"] for row in found.rows} == {None}
    assert found.problems["active"]


ALPINE = listing(
    "/etc/init.d/sshd", "/etc/init.d/crond", "/etc/init.d/killprocs",
    "/etc/init.d/functions.sh -> /lib/rc/sh/functions.sh",
    "/etc/runlevels/default/sshd -> /etc/init.d/sshd", "/etc/runlevels/shutdown/killprocs -> /etc/init.d/killprocs",
    "/sbin/openrc", "/sbin/init -> /bin/busybox",
)  # fmt: skip


def test_openrc_runlevels_and_what_was_started() -> None:
    started = listing("/run/openrc/softlevel", "/run/openrc/started/crond -> /etc/init.d/crond")
    found = facts(service_scripts=ALPINE, openrc_started=started)
    assert found.problems == {"": [], "active": []}
    assert [(row["name"], row["manager"], row["enabled"], row["active"]) for row in found.rows] == [
        ("crond", "openrc", False, True),
        ("killprocs", "openrc", False, False),
        ("sshd", "openrc", True, False),
    ]


def test_the_same_facts_come_from_an_image_but_nothing_runs_there() -> None:
    found = facts(service_scripts=ALPINE, carrier="root")
    assert found.problems[""] == []
    assert [problem.reason for problem in found.problems["active"]] == ["a mounted image runs nothing"]
    assert {row["active"] for row in found.rows} == {None}


XINETD = """\
# default: off
service telnet
{
\tdisable         = yes
\tserver          = /usr/sbin/in.telnetd
}
service tftp { disable = no
  socket_type = dgram
}
service time
{
        id = time-stream
        type = INTERNAL
}
service rsync
{
        flags = IPv6
}
"""


def test_super_servers() -> None:
    found = facts(
        inetd={
            "/etc/inetd.conf": "#off stream tcp nowait root /x x\n127.0.0.1:telnet stream tcp nowait root /x t\n"
            "telnet stream tcp6 nowait root /x t\nshort line\n",
            "/etc/xinetd.conf": "defaults\n{\n instances = 60\n disabled = rsync\n}\nincludedir /etc/xinetd.d\n",
            "/etc/xinetd.d/all": XINETD,
            "/etc/xinetd.d/all.rpmsave": "service ftp\n{\n}\n",
        },
        service_units=listing(f"{LIB}/xinetd.service", f"{LIB}/inetd.service"),
        systemctl="xinetd.service loaded active running x\ninetd.service loaded inactive dead x\n",
    )
    assert found.problems == {"": [], "active": []}
    seen = [row for row in found.rows if row["manager"] != "systemd"]
    assert [(row["manager"], row["name"], row["enabled"], row["active"]) for row in seen] == [
        ("inetd", "telnet", True, False),
        ("xinetd", "rsync", False, False),
        ("xinetd", "telnet", False, False),
        ("xinetd", "tftp", True, True),
        ("xinetd", "time-stream", True, True),
    ]


def test_xinetd_that_enables_by_name() -> None:
    conf = {"/etc/xinetd.conf": "defaults\n{\n enabled = tftp\n}\n", "/etc/xinetd.d/all": XINETD}
    assert {row["name"] for row in facts(inetd=conf).rows if row["enabled"]} == {"tftp"}


def test_an_include_that_was_not_collected_is_told() -> None:
    found = facts(inetd={"/etc/xinetd.conf": "includedir /opt/x\nincludedir /etc/xinetd.d/\n"})
    assert [problem.reason for problem in found.problems[""]] == [
        "/etc/xinetd.conf includes /opt/x, which was not collected"
    ]


@pytest.mark.parametrize(
    "answer", [Status.FAILED, Status.DENIED, Status.TIMEOUT, Status.TRUNCATED, "", "ssh.service loaded\n"]
)
def test_activity_that_was_not_told_makes_only_its_part_not_whole(answer: Content) -> None:
    found = facts(service_units=listing(f"{LIB}/ssh.service"), systemctl=answer)
    assert found.problems[""] == []
    assert found.problems["active"]


def test_a_container_without_an_init_does_not_know_what_runs() -> None:
    found = facts(service_units=listing(f"{LIB}/ssh.service"))
    assert found.rows[0]["active"] is None
    assert "neither systemd nor OpenRC" in found.problems["active"][0].reason


def test_nothing_at_all_is_not_whole() -> None:
    assert facts().problems[""][0].reason == "no systemd, OpenRC, SysV or inetd services are there"


def test_a_listing_that_was_denied_or_is_broken_is_not_whole() -> None:
    assert facts(service_units=Status.DENIED).problems[""]
    assert facts(service_units=listing(f"{LIB}/a.service") + b"x\0").problems[""]


NAMES = st.sampled_from(
    ["a.service", "a@.service", "a@b.service", "b.target", "@.service", "..service", "a.wants", "x"]
)
FOLDERS = st.sampled_from([ETC, LIB, f"{ETC}/b.target.wants", "/etc/init.d", "/etc/rc2.d", "/etc/runlevels/default"])
TARGETS = st.one_of(st.just(""), st.just("/dev/null"), NAMES, st.builds("{}/{}".format, FOLDERS, NAMES), st.text())


@given(st.lists(st.tuples(FOLDERS, NAMES, TARGETS), max_size=12))
def test_any_tangle_of_links_gives_one_row_for_each_name(tangle: list[tuple[str, str, str]]) -> None:
    paths = [f"{folder}/{name} -> {target}" if target else f"{folder}/{name}" for folder, name, target in tangle]
    raw = b"".join(listing(path.replace("\0", "")) for path in paths if path.isascii())
    found = facts(service_units=raw, service_scripts=raw, systemctl="a@b.service loaded active running x\n")
    enabled(rows(found))


@given(st.binary(max_size=300), st.sampled_from(["local", "root"]))
def test_any_bytes_parse_without_raising(raw: bytes, carrier: str) -> None:
    facts(
        carrier=carrier, service_units=listing(f"{LIB}/a.service") + raw, service_scripts=ALPINE + raw,
        inetd={"/etc/inetd.conf": raw, "/etc/xinetd.conf": b"service x\n{\n" + raw, "/etc/xinetd.d/a": raw},
        systemctl=b"a.service loaded active x\n" + raw, openrc_started=raw,
    )  # fmt: skip
