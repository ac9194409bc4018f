"""Options that several verbs share, so that they mean the same everywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from secops.core.errors import UsageError
from secops.core.i18n import N_, _

if TYPE_CHECKING:
    from secops.hosts.carriers import Carrier

ssh_config_option = click.option(
    "--ssh-config", default="", metavar="FILE", help=N_("An ssh_config to use instead of yours.")
)

_FILE = click.Path(path_type=Path)

_TARGETS = (
    click.option(
        "--ssh", "ssh_targets", multiple=True, metavar="USER@HOST", help=N_("A host, through your own ssh client.")
    ),
    click.option("--sudo", is_flag=True, help=N_("On --ssh hosts, collect as root through `sudo -n`.")),
    click.option(
        "--collector", is_flag=True, help=N_("On --ssh hosts, use the fixed collector of `collect --print-sudoers`.")
    ),
    ssh_config_option,
    click.option("--root", "roots", multiple=True, metavar="DIR", help=N_("A mounted image; nothing in it is run.")),
    click.option(
        "--bundle", "bundles", multiple=True, metavar="FILE", help=N_("Evidence gathered by `collect` or its script.")
    ),
    click.option("--inventory", type=_FILE, metavar="FILE", help=N_("Hosts by name (docs/inventory.md).")),
)


class Targets(NamedTuple):
    """The hosts that a command line names, and how they are reached; none: this machine."""

    ssh_targets: tuple[str, ...]
    sudo: bool
    collector: bool
    ssh_config: str
    roots: tuple[str, ...]
    bundles: tuple[str, ...]
    inventory: Path | None

    def carriers(self, *, hashes: bool, key: Path | None = None) -> list[Carrier]:
        """A carrier for each host. `hashes`: stored password hashes are read too; `key` opens sealed ones."""
        from secops.hosts.carriers.bundle import Bundle
        from secops.hosts.carriers.local import Local
        from secops.hosts.carriers.root import Root
        from secops.hosts.carriers.ssh import Become, Ssh
        from secops.hosts.inventory import load

        if self.sudo and self.collector:
            raise click.UsageError(_("Give --sudo or --collector, not both."))
        if (self.sudo or self.collector) and not self.ssh_targets:
            raise click.UsageError(_("--sudo and --collector are for --ssh hosts; an inventory says it host by host."))
        if self.ssh_config and not (self.ssh_targets or self.inventory):
            raise click.UsageError(_("--ssh-config is for --ssh hosts and those of an inventory."))
        become: Become = "sudo" if self.sudo else "collector" if self.collector else "none"
        carriers: list[Carrier] = [Ssh(target, become=become, config=self.ssh_config) for target in self.ssh_targets]
        carriers += [Root(directory) for directory in self.roots]
        carriers += [Bundle(Path(path)) for path in self.bundles]
        carriers += load(self.inventory, ssh_config=self.ssh_config) if self.inventory else []
        _refuse_twins(carrier.name or carrier.label for carrier in carriers)
        _refuse_twins(carrier.label for carrier in carriers)
        carriers = carriers or [Local()]
        for carrier in carriers:
            if isinstance(carrier, Local | Root | Ssh):
                carrier.hashes = hashes
            if isinstance(carrier, Bundle | Ssh):
                carrier.key = key
        return carriers


def target_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that name hosts, given to the command as one `targets`."""

    @wraps(function)
    def command(**values: Any) -> Any:
        return function(targets=Targets(*(values.pop(name) for name in Targets._fields)), **values)

    for option in reversed(_TARGETS):
        option(command)
    return command


def _refuse_twins(names: Iterable[str]) -> None:
    """A host asked twice would be judged, and counted, twice."""
    for name, times in Counter(names).items():
        if times > 1:
            raise UsageError(_("the host is named twice"), where=name, hint=_("Name each host once."))


class Trying(NamedTuple):
    """What is tried on password hashes, and for how long."""

    seconds: float
    words: Path | None
    key: Path | None


def trying_options(seconds: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The options of trying passwords, given to the command as one `trying`."""
    options = (
        click.option(
            "--password-seconds",
            "seconds",
            type=click.FloatRange(0),
            default=seconds,
            show_default=True,
            metavar="N",
            help=N_("Try likely passwords on the stored hashes for so long; 0: leave the hashes where they are."),
        ),
        click.option(
            "--words", type=_FILE, metavar="FILE", help=N_("Your organisation's words, for passwords made of them.")
        ),
        click.option("--key", type=_FILE, metavar="FILE", help=N_("The private key that opens sealed hashes.")),
    )

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def command(**values: Any) -> Any:
            return function(trying=Trying(*(values.pop(name) for name in Trying._fields)), **values)

        for option in reversed(options):
            option(command)
        return command

    return add


_REPORT = (
    click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text", show_default=True),
    click.option("-o", "--output", type=_FILE, metavar="FILE", help=N_("Write the report to a file.")),
    click.option("--verbose", "-v", is_flag=True, help=N_("Every finding in full.")),
    click.option(
        "--fail-on",
        type=click.Choice(["critical", "high", "medium", "low", "info", "never"]),
        default="high",
        show_default=True,
        help=N_("Exit 1 when a finding is at least this severe."),
    ),
)


class Output(NamedTuple):
    """How a report is given, and what counts as clean."""

    fmt: str
    output: Path | None
    verbose: bool
    fail_on: str
    min_coverage: int


def report_options(min_coverage: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The options of a report, given to the command as one `output`."""
    floor = click.option(
        "--min-coverage",
        type=click.IntRange(0, 100),
        default=min_coverage,
        show_default=True,
        metavar="PCT",
        help=N_("Exit 3 when a host has less of its rules decided."),
    )

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def command(**values: Any) -> Any:
            return function(output=Output(*(values.pop(name) for name in Output._fields)), **values)

        for option in reversed((*_REPORT, floor)):
            option(command)
        return command

    return add
