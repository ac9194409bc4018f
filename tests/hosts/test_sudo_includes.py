"""What a policy of sudo includes from elsewhere is collected, and judged as sudo itself does."""

from __future__ import annotations

import pytest

from secops.hosts.carriers.root import Root
from secops.hosts.evidence import decode
from secops.hosts.script import generate
from secops.hosts.snapshot import observe
from secops.hosts.tables import sudo_rules
from secops.hosts.tables._sudo import SUDOERS
from tests.testroot import TestHost

SECTIONS = list(sudo_rules.TABLE.all_sections)

MAIN = """@include sub/%h
@include "/etc/sudo rs"
#include /etc/old
@includedir /etc/sd2
@include /etc/bl\\ ank # a remark
# @include /etc/remark
"""
FILES = {
    "/etc/sudoers.d/sub/testhost": "ann ALL=/bin/id\n",
    "/etc/sudo rs": "@include deep\nben ALL=/bin/id\n",
    "/etc/deep": "cat ALL=/bin/id\n",
    "/etc/old": "dan ALL=/bin/id\n",
    "/etc/sd2/x": "eve ALL=/bin/id\n",
    "/etc/sd2/x.bak": "fay ALL=/bin/id\n",
    "/etc/sd2/y": "gus ALL=/bin/id\n",
    "/etc/bl ank": "hal ALL=/bin/id\n",
    "/etc/remark": "ian ALL=/bin/id\n",
}
ALLOWED = {"ann", "ben", "cat", "dan", "eve", "hal"}


def plant(host: TestHost) -> None:
    host.run(["sh", "-c", "mkdir -p /etc/sudoers.d/sub /etc/sd2; for u in ann ben cat dan eve fay gus hal ian; do"
              " useradd -M $u; done"], check=True)  # fmt: skip
    host.write("/etc/sudoers.d/more", MAIN, 0o440)
    for path, text in FILES.items():
        host.write(path, text, 0o440)
    host.run(["chmod", "666", "/etc/sd2/y"], check=True)


def test_includes_are_followed_and_judged_as_sudo_does(test_host: TestHost) -> None:
    plant(test_host)
    users = ("ann", "ben", "cat", "dan", "eve", "fay", "gus", "hal", "ian")
    really = {user for user in users if b"/bin/id" in test_host.run(["sudo", "-l", "-U", user]).stdout}
    assert really == ALLOWED
    paths = set[tuple[str, ...]]()
    for shell in (["dash"], ["bash"], ["busybox", "sh"]):
        done = test_host.run(shell, generate(SECTIONS).encode(), check=True)
        assert done.stderr == b""
        evidence = decode(done.stdout, SECTIONS, carrier="local", label="test")
        paths.add(tuple(sorted(item.path for item in evidence[SUDOERS.name].files)))
        facts = observe(evidence, "h").tables["sudo_rules"]
        assert {row["user_name"] for row in facts.rows} & set(users) == ALLOWED
        assert facts.problems[""] == []
    image = Root(str(test_host.root)).collect()
    paths.add(tuple(sorted(item.path for item in image[SUDOERS.name].files)))
    assert len(paths) == 1
    assert set(FILES) - {"/etc/remark"} < set(*paths)


@pytest.mark.parametrize("name", ["/etc/sudoers.d/a b", "/etc/sudoers.d/loop"])
def test_odd_names_and_loops_end(test_host: TestHost, name: str) -> None:
    test_host.write(name, f'@include "{name}"\n@includedir /etc/none\n@include $(id)\n@include /dev/zero\n', 0o440)
    done = test_host.run(["sh"], generate([SUDOERS]).encode(), check=True)
    assert done.stderr == b""
    paths = [item.path for item in decode(done.stdout, [SUDOERS], carrier="local", label="test")[SUDOERS.name].files]
    assert name in paths
