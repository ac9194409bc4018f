"""The inventory: what is accepted, and how what is not is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from secops.core.errors import Exit, UsageError
from secops.hosts.carriers.bundle import Bundle
from secops.hosts.carriers.local import Local
from secops.hosts.carriers.root import Root
from secops.hosts.carriers.ssh import Ssh
from secops.hosts.inventory import load

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/inventory.md"


def write(folder: Path, text: str) -> Path:
    path = folder / "hosts.yml"
    path.write_text(text)
    return path


def test_the_documented_example_is_read(tmp_path: Path) -> None:
    example = DOCUMENT.read_text("utf-8").split("```yaml\n")[1].split("```")[0]
    assert load(write(tmp_path, example)) == [
        Ssh("ops@web1.example", "web1", "sudo"),
        Ssh("web2", "web2", "collector"),
        Ssh("audit@kiosk", "kiosk", "none"),
        Root("/mnt/golden", "golden-image"),
        Bundle(tmp_path / "bundles/vault.bundle", "vault"),
        Local(name="here"),
    ]


def test_another_ssh_configuration_reaches_every_host(tmp_path: Path) -> None:
    path = write(tmp_path, "hosts: [{name: a, ssh: a}, {name: b, ssh: b}]")
    assert [carrier.config for carrier in load(path, ssh_config="own") if isinstance(carrier, Ssh)] == ["own", "own"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("hosts: []", "$.hosts"),
        ("host: []", "unknown field `host`"),
        ("- a", "Expected `object`"),
        ("hosts: [{name: a}]", "exactly one of ssh, root, bundle, local - at `$.hosts[0]`"),
        ("hosts: [{name: a, ssh: a, root: /x}]", "exactly one of"),
        ("hosts: [{name: a, local: false}]", "exactly one of"),
        ("hosts: [{ssh: a}]", "missing required field `name`"),
        ("hosts: [{name: '', ssh: a}]", "the name ''"),
        ('hosts: [{name: "a\\e[2J", ssh: a}]', "the name"),
        ("hosts: [{name: a, ssh: a, become: root}]", "unknown field `become`"),
        ("hosts: [{name: a, ssh: a, sudo: always}]", "`$.hosts[0].sudo`"),
        ("hosts: [{name: a, ssh: 5}]", "`$.hosts[0].ssh`"),
        ("hosts: [{name: a, root: /x, sudo: true}]", "sudo is for hosts reached by ssh"),
        ("hosts: [{name: a, ssh: -oProxyCommand=id}]", "`$.hosts[0].ssh`"),
        ("hosts: [{name: a, ssh: a}, {name: a, ssh: b}]", "name 'a' stands twice - at `$.hosts[0]`, `$.hosts[1]`"),
        ("hosts: [{name: a, ssh: a}, {name: b, ssh: a}]", "target 'a' stands twice"),
        ("hosts:\n  - {name: a, ssh: a}\n  - {name: b, name: c}", "hosts.yml:3"),
        ("hosts: [\n\n", "hosts.yml:"),
        ("hosts: &x [{name: a, ssh: a}]\nmore: *x", "aliases"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(write(tmp_path, text))
    assert caught.value.exit_code is Exit.USAGE
    assert told in str(caught.value)
    assert str(tmp_path / "hosts.yml") in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path / "none.yml")
