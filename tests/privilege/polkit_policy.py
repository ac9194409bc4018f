"""Configurations of polkit made by hand, and what ways come of them."""

from __future__ import annotations

from typing import Any

from secops.hosts.evidence import Evidence
from secops.hosts.listing import record
from secops.hosts.snapshot import observe
from secops.hosts.tables import Facts, Row
from secops.privilege.ways import privileges
from tests.hosts.evidence_kit import evidence
from tests.privilege.test_ways import GROUP, PASSWD

PKEXEC = record(b"/usr/bin/pkexec", (0o104755, 0, 0, 1, 1))
RULES, SHIPPED = "/etc/polkit-1/rules.d/40-site.rules", "/usr/share/polkit-1/rules.d/50-default.rules"
WHEEL = 'polkit.addAdminRule(function(action, subject) {\n    return ["unix-group:wheel"];\n});\n'
EXEC, UNITS = "org.freedesktop.policykit.exec", "org.freedesktop.systemd1.manage-units"
FILES, LIBVIRT = "org.freedesktop.systemd1.manage-unit-files", "org.libvirt.unix.manage"
LOCAL = "/etc/polkit-1/localauthority/50-local.d/site.pkla"
ADMINS = "/etc/polkit-1/localauthority.conf.d/60-site.conf"


def action(name: str, allow: str = "auth_admin", **annotations: str) -> str:
    """An action with one default from everywhere."""
    defaults = "".join(f"<{key}>{allow}</{key}>" for key in ("allow_any", "allow_inactive", "allow_active"))
    annotated = "".join(
        f'<annotate key="org.freedesktop.policykit.{key.replace("_", ".")}">{value}</annotate>'
        for key, value in annotations.items()
    )
    return f'<action id="{name}">\n<defaults>{defaults}</defaults>{annotated}</action>\n'


STOCK = action(EXEC) + action(UNITS) + action(FILES, imply=UNITS) + action(LIBVIRT)


def seen(
    rules: str = "",
    *,
    actions: str = STOCK,
    local: dict[str, str] | None = None,
    version: str = "122-3",
    paths: bytes = PKEXEC,
    shipped: str = WHEEL,
    group: str = GROUP,
    nss: str = "passwd: files\n",
    systemd: str = "252.39-1",
) -> Evidence:
    name = "polkitd" if version[0] != "0" else "policykit-1"
    installed = {name: version, "systemd": systemd}
    status = "\n".join(
        f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {number}\n"
        for name, number in installed.items()
    )
    return evidence(
        passwd={"/etc/passwd": PASSWD},
        group={"/etc/group": group},
        nsswitch={"/etc/nsswitch.conf": nss},
        polkit_actions=f"/usr/share/polkit-1/actions/x.policy\0<policyconfig>\n{actions}</policyconfig>\0",
        polkit_rules={SHIPPED: shipped} | ({RULES: rules} if rules else {}),
        polkit_local_authority=local or {},
        polkit_paths=paths,
        dpkg_status={"/var/lib/dpkg/status": status},
    )


def facts(rules: str = "", **others: Any) -> Facts:
    return observe(seen(rules, **others), "web1", privileges).tables["root_ways"]


def ways(rules: str = "", **others: Any) -> list[Row]:
    found = facts(rules, **others)
    assert found.problems["polkit"] == []
    return [row for row in found.rows if row["way"] == "polkit"]


def short(rows: list[Row]) -> list[tuple[str, str, str, str, str]]:
    return [(row["user_name"], row["thing"], row["program"], row["gives"], row["password"]) for row in rows]


def rule(condition: str, result: str = "YES") -> str:
    return f"polkit.addRule(function(action, subject) {{\n if ({condition}) return polkit.Result.{result};\n}});\n"


def is_exec(program: str) -> str:
    return f'action.id == "{EXEC}" && action.lookup("program") == "{program}"'


IS_EXEC, IS_UNITS, IS_LIBVIRT = (f'action.id == "{name}"' for name in (EXEC, UNITS, LIBVIRT))

ADMIN = "polkit.addAdminRule(function(action, subject) {{ {} }});\n"
