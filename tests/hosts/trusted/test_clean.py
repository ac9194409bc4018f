"""Systems on which nothing is wrong give nothing, and the table of them is whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hosts.trusted.kit import Planter, image, rows, ways
from tests.testroot import TestHost

_HERE = Path(__file__).parent


def plant(root: Path, lines: str) -> Planter:
    """A root made of nothing but these lines."""
    root.chmod(0o755)
    planter = Planter(TestHost(root, 0))
    planter.plant("\n".join(line for line in lines.split("\n") if not line.startswith("#")))
    return planter


def test_a_server_of_the_rhel_family_gives_nothing(test_root: Path, tmp_path: Path) -> None:
    planter = plant(tmp_path, (_HERE / "rhel.txt").read_text())
    assert rows(image(planter.host)) == []
    assert ways(image(planter.host)) == set()


@pytest.mark.parametrize(
    ("line", "way"),
    [
        ("own /usr/local/bin 2775 root:wheel", ("admin", "root", "/usr/local/bin", "shell")),
        ("own /usr/local/bin 2775 root:mail", None),
        ("own /etc/polkit-1/rules.d 0700 tomcat:root", ("tomcat", "root", "/etc/polkit-1/rules.d", "shell")),
        ("own /home/oracle 0775 oracle:dba", None),
        ("own /home/oracle 0777 oracle", ("*", "oracle", "/home/oracle", "shell")),
        ("own /usr/lib/systemd/system/tomcat.service 0644 tomcat",
         ("tomcat", "root", "/usr/lib/systemd/system/tomcat.service", "shell")),
        ("dir /usr/libexec/tomcat 0755 tomcat", None),
        ("dir /usr/libexec/tomcat 0775 root:dba", ("oracle", "tomcat", "/usr/libexec/tomcat", "shell")),
    ],
)  # fmt: skip
def test_one_thing_wrong_on_it_is_found(
    test_root: Path, tmp_path: Path, line: str, way: tuple[str, ...] | None
) -> None:
    planter = plant(tmp_path, (_HERE / "rhel.txt").read_text() + line)
    assert way is None or way in ways(image(planter.host))
    assert way is not None or ways(image(planter.host)) == set()
