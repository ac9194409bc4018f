"""Grading of a real host, from its files to the gaps."""

from __future__ import annotations

from pathlib import Path

from secops.hosts.evidence import decode
from secops.hosts.manifest import manifest
from secops.hosts.script import generate
from secops.hosts.snapshot import observe
from secops.privilege.roles.grading import gaps
from secops.privilege.roles.holdings import holdings
from secops.privilege.roles.levels import Level
from secops.privilege.ways import privileges
from tests.hosts.tables.test_authorized_keys import key
from tests.privilege.roles_kit import TODAY, roles
from tests.testroot import TestHost

PLANT = """set -e
for name in alice bob carol dave; do
  useradd -m -s /bin/bash -p '$6$salt$0123456789abcdef' "$name"
done
useradd -m -s /bin/bash locked
gpasswd -a bob adm
"""
SUDOERS = """alice ALL=(ALL:ALL) ALL
carol ALL=(root) /usr/sbin/nft list ruleset
dave ALL=(root) /usr/bin/systemctl restart cron
"""
DECLARED = """people:
  - {name: A, accounts: [alice], level: system}
  - {name: B, accounts: [bob], level: audit}
  - {name: C, accounts: [carol], level: operator}
  - {name: D, accounts: [dave], level: 操作员}
"""


def test_a_real_host(test_host: TestHost, tmp_path: Path) -> None:
    test_host.run(["sh", "-c", PLANT], check=True)
    test_host.write("/etc/sudoers.d/people", SUDOERS, 0o440)
    keys = "".join(f"{key('ssh-ed25519', name.encode() * 8)} {name}@pc\n" for name in ("li", "wang"))
    test_host.run(["mkdir", "-m", "700", "/root/.ssh"])
    test_host.write("/root/.ssh/authorized_keys", keys, 0o600)
    stream = test_host.run(["sh"], generate(manifest("clear")).encode(), check=True).stdout
    seen = decode(stream, manifest("clear"), carrier="local", label="web1")
    found = holdings(observe(seen, "web1", privileges).tables, TODAY)
    assert found.lacks[""] == []
    levels = {user: set(one.levels) for user, one in found.accounts.items() if one.levels}
    assert levels.pop("ops", set()) <= {Level.VIEWER, Level.SYSTEM}  # the test root's own
    assert levels == {
        "alice": {Level.SYSTEM}, "bob": {Level.AUDIT}, "carol": {Level.SECURITY}, "dave": {Level.OPERATOR},
    }  # fmt: skip
    rows = gaps(roles(tmp_path, DECLARED), {"web1": found}, TODAY)["web1"].rows
    assert {(row["gap"], row["user_name"], row["level"]) for row in rows if row["user_name"] != "ops"} >= {
        ("too_much", "carol", "security"), ("shared", "root", None),
    }  # fmt: skip
    assert not [row for row in rows if row["user_name"] in ("alice", "bob", "dave", "locked")]
