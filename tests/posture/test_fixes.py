"""Commands of fixes, run on a real host: what they promise holds afterwards."""

import pytest

from secops.core.content import shipped
from secops.posture.findings import commands
from secops.posture.rule import load_rules
from tests.testroot import TestHost

RULES = dict(load_rules([shipped("rules") / "posture"]).rules)
PLANTED = "$6$salt$0123456789abcdef"


@pytest.mark.parametrize("field", [PLANTED, ""], ids=["hash", "empty"])
@pytest.mark.parametrize(
    "rule",
    [
        "account-password-in-passwd", "account-empty-password", "account-empty-password-closed",
        "joined-admin-empty-password", "joined-admin-weak-password",
    ],
)  # fmt: skip
def test_a_password_planted_in_passwd_is_locked(test_host: TestHost, rule: str, field: str) -> None:
    test_host.run(["sed", "-i", f"s|^ops:x:|ops:{field}:|", "/etc/passwd"], check=True)
    test_host.run(["sh"], commands(RULES[rule], {"user_name": "ops"}, "debian", "en").encode())
    assert test_host.run(["getent", "passwd", "ops"]).stdout.startswith(b"ops:x:")
    assert test_host.run(["getent", "shadow", "ops"]).stdout.startswith(f"ops:!{field}:".encode())
