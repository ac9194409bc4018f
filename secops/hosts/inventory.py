"""The inventory: hosts by name, and how each is reached. The format is in docs/inventory.md."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from secops.core import yaml
from secops.core.errors import UsageError
from secops.core.i18n import _
from secops.hosts.carriers import Carrier
from secops.hosts.carriers.bundle import Bundle
from secops.hosts.carriers.local import Local
from secops.hosts.carriers.root import Root
from secops.hosts.carriers.ssh import Become, Ssh


class Host(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry: a name and exactly one of `ssh`, `root`, `bundle`, `local`."""

    name: str
    ssh: str | None = None
    root: str | None = None
    bundle: str | None = None
    local: bool = False
    sudo: bool | Literal["collector"] = False

    @property
    def ways(self) -> list[str]:
        """The ways to reach it that the entry names."""
        return [way for way in ("ssh", "root", "bundle", "local") if getattr(self, way) not in (None, False)]


class Inventory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file: one list of hosts."""

    hosts: list[Host]


def load(path: Path, *, ssh_config: str = "") -> list[Carrier]:
    """The carriers of every host in the file, in its order. Raises `UsageError` that names file and field.

    Relative paths in it start at its folder. `ssh_config` replaces the user's own for all of them.
    """
    try:
        hosts = msgspec.convert(yaml.load(path), Inventory, strict=True).hosts
    except msgspec.ValidationError as error:
        raise _wrong(path, str(error)) from error
    if not hosts:
        raise _wrong(path, _("holds no host - at `$.hosts`"))
    for number, host in enumerate(hosts):
        if fault := _fault(host):
            raise _wrong(path, f"{fault} - at `$.hosts[{number}]`")
    carriers = [_carrier(path, number, host, ssh_config) for number, host in enumerate(hosts)]
    _refuse_twins(path, "name", (host.name for host in hosts))
    _refuse_twins(path, "target", (f"{carrier.label}" for carrier in carriers))
    return carriers


def _fault(host: Host) -> str:
    """What is wrong with one entry; empty when nothing is."""
    if not host.name or not host.name.isprintable() or host.name != host.name.strip() or len(host.name) > 253:
        return _("the name {name!r} is empty, too long or not printable").format(name=host.name[:80])
    if len(host.ways) != 1:
        return _("{name} needs exactly one of ssh, root, bundle, local").format(name=host.name)
    if host.sudo and host.ssh is None:
        return _("sudo is for hosts reached by ssh, which {name} is not").format(name=host.name)
    return ""


def _carrier(path: Path, number: int, host: Host, ssh_config: str) -> Carrier:
    if host.ssh is not None:
        become: Become = "collector" if host.sudo == "collector" else "sudo" if host.sudo else "none"
        try:
            return Ssh(host.ssh, host.name, become, ssh_config)
        except UsageError as error:
            raise _wrong(path, f"{error.what} - at `$.hosts[{number}].ssh`", error.hint) from error
    if host.root is not None:
        return Root(str(path.parent / host.root), host.name)
    if host.bundle is not None:
        return Bundle(path.parent / host.bundle, host.name)
    return Local(name=host.name)


def _refuse_twins(path: Path, field: str, values: Iterable[str]) -> None:
    """Two entries for one host would be judged, and counted, twice."""
    seen: dict[str, int] = {}
    for number, value in enumerate(values):
        if value in seen:
            what = _("the {field} {value!r} stands twice").format(field=field, value=value)
            raise _wrong(path, f"{what} - at `$.hosts[{seen[value]}]`, `$.hosts[{number}]`")
        seen[value] = number


def _wrong(path: Path, what: str, hint: str = "") -> UsageError:
    return UsageError(what, where=str(path), hint=hint or _("The format of an inventory is in docs/inventory.md."))
