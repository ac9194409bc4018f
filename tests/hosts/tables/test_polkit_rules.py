"""The polkit_rules table: one row for each thing that polkit is configured by."""

from __future__ import annotations

from secops.hosts.evidence import Status
from secops.hosts.tables.polkit_rules import TABLE
from tests.hosts.evidence_kit import derive, evidence

ACTIONS = """/usr/share/polkit-1/actions/a.policy\0<policyconfig>
<action id="org.libvirt.unix.manage"><defaults><allow_any>auth_admin</allow_any></defaults>
<annotate key="org.freedesktop.policykit.exec.path">/usr/bin/vim</annotate></action></policyconfig>\0"""
PKLA = "/var/lib/polkit-1/localauthority/10-vendor.d/x.pkla"
CONF = "/etc/polkit-1/localauthority.conf.d/51-x.conf"


def test_a_row_of_each_kind() -> None:
    found = derive(
        TABLE,
        evidence(
            polkit_actions=ACTIONS,
            polkit_rules={
                "/usr/share/polkit-1/rules.d/50-default.rules": "polkit.addAdminRule(function() { return []; });\n",
                "/etc/polkit-1/rules.d/49-x.rules": "polkit.addRule(function() {});\n\npolkit.addRule(handler);\n",
                "/etc/polkit-1/rules.d/50-default.rules": "\npolkit.addRule(function() {});\n",
            },
            polkit_local_authority={
                PKLA: "[x]\nIdentity=unix-group:a;unix-user:b\nAction=org.*;com.*\nResultAny=yes\n",
                CONF: "[Configuration]\nAdminIdentities=unix-group:sudo\n",
                CONF.replace("51", "50"): "[Configuration]\nAdminIdentities=unix-group:wheel\n",
            },
        ),
    )
    assert found.problems[""] == []
    empty = dict.fromkeys(("action", "identities", "allow_any", "allow_inactive", "allow_active", "program"))
    told = [{key: value for key, value in row.items() if value != empty.get(key, "")} for row in found.rows]
    folder, site = "/usr/share/polkit-1", "/etc/polkit-1/rules.d"
    assert told == [
        {"kind": "action", "action": "org.libvirt.unix.manage", "allow_any": "auth_admin", "allow_inactive": "no",
         "allow_active": "no", "program": "/usr/bin/vim", "understood": True, "source": f"{folder}/actions/a.policy",
         "line": 2},
        {"kind": "script", "understood": False, "source": f"{site}/49-x.rules", "line": 3},
        {"kind": "script", "understood": True, "source": f"{site}/50-default.rules", "line": 2},
        {"kind": "administrators", "understood": True, "source": f"{folder}/rules.d/50-default.rules", "line": 1},
        {"kind": "entry", "action": "org.*;com.*", "identities": ["unix-group:a", "unix-user:b"], "allow_any": "yes",
         "understood": True, "source": PKLA, "line": 1},
        {"kind": "administrators", "identities": ["unix-group:sudo"], "understood": True, "source": CONF, "line": None},
    ]  # fmt: skip


def test_what_is_not_seen_is_told() -> None:
    for name in ("polkit_actions", "polkit_rules", "polkit_local_authority", "polkit_paths"):
        found = derive(TABLE, evidence(**{name: Status.DENIED}))
        assert [problem.status for problem in found.problems[""]] == [Status.DENIED]
    found = derive(TABLE, evidence(polkit_actions="/x\0<policyconfig>"))
    assert [problem.reason for problem in found.problems[""]] == ["the list of polkit's actions is not whole"]
    assert derive(TABLE, evidence()).problems[""] == []
