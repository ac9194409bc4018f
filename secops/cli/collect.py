"""`citywall collect`: gather evidence into bundles, or print what gathers it on hosts we cannot reach."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from secops.cli._options import ssh_config_option
from secops.core.command import Command
from secops.core.errors import Exit, IncompleteError, UsageError, worst
from secops.core.i18n import N_, _, because

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secops.hosts.carriers import Carrier
    from secops.hosts.evidence import Evidence
    from secops.hosts.section import Section


@click.command(
    "collect",
    cls=Command,
    help=N_("""Gather the evidence of hosts into bundles, to be judged elsewhere by `scan --bundle`.

Without a target: this machine. A bundle holds one host; for several, -o names a folder.

Examples:
  citywall collect -o here.bundle
  citywall collect --ssh ops@web1 --ssh ops@db1 --sudo -o bundles/
  citywall collect --print-script >collect.sh   for an air-gapped host
  citywall collect --print-sudoers --for ops    root without a root shell

Exit code: 0 done, 2 wrong usage, 3 incomplete (a host did not answer, or a section
failed, took too long, was cut, or could not be sealed), 5 internal error.
"""),
)
@click.option(
    "--ssh", "ssh_targets", multiple=True, metavar="USER@HOST", help=N_("A host, through your own ssh client.")
)
@click.option("--sudo", is_flag=True, help=N_("On --ssh hosts, collect as root through `sudo -n`."))
@click.option("--collector", is_flag=True, help=N_("On --ssh hosts, use the fixed collector of --print-sudoers."))
@ssh_config_option
@click.option("--root", "roots", multiple=True, metavar="DIR", help=N_("A mounted image; nothing in it is run."))
@click.option(
    "--seal-to",
    type=click.Path(path_type=Path),
    metavar="CERT.pem",
    help=N_("Add the password hashes, encrypted on the host to this certificate."),
)
@click.option("--print-script", is_flag=True, help=N_("Print the collector, a POSIX sh script, and end."))
@click.option("--print-sudoers", is_flag=True, help=N_("Print how to install it as a fixed collector, and end."))
@click.option(
    "--for", "who", default="citywall", show_default=True, metavar="USER", help=N_("--print-sudoers: user, %group.")
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help=N_("The bundle, or a folder of them.")
)
def command(
    ssh_targets: tuple[str, ...],
    sudo: bool,
    collector: bool,
    ssh_config: str,
    roots: tuple[str, ...],
    seal_to: Path | None,
    print_script: bool,
    print_sudoers: bool,
    who: str,
    output: Path | None,
) -> int:
    from secops.hosts.certificate import load_certificate

    seal = load_certificate(seal_to) if seal_to else ""
    if print_script or print_sudoers:
        if ssh_targets or roots or sudo or collector or (print_script and print_sudoers):
            raise click.UsageError(_("--print-script and --print-sudoers stand alone."))
        _print(who if print_sudoers else None, seal, seal_to, output)
        return int(Exit.CLEAN)
    if seal and roots:
        raise click.UsageError(_("--seal-to is for running hosts; the hashes of an image are in its files."))
    carriers = _carriers(ssh_targets, sudo, collector, ssh_config, roots, seal)
    return int(_collect(carriers, _places(carriers, output), with_hashes=bool(seal)))


def _print(who: str | None, seal: str, seal_to: Path | None, output: Path | None) -> None:
    """Print the script or, for `who`, the sudoers file; into `output` if there is one."""
    from secops.core.render import write_whole
    from secops.hosts.collector import sudoers
    from secops.hosts.manifest import manifest
    from secops.hosts.script import generate

    text = generate(manifest("sealed" if seal else "none"), certificate=seal)
    if who is not None:
        text = sudoers(text, who, seal=str(seal_to or ""))
    if output:
        write_whole(output, text.encode())
    else:
        click.echo(text, nl=False)


def _carriers(
    ssh_targets: tuple[str, ...], sudo: bool, collector: bool, ssh_config: str, roots: tuple[str, ...], seal: str
) -> list[Carrier]:
    from secops.hosts.carriers.local import Local
    from secops.hosts.carriers.root import Root
    from secops.hosts.carriers.ssh import Become, Ssh

    if sudo and collector:
        raise click.UsageError(_("Give --sudo or --collector, not both."))
    if (sudo or collector or ssh_config) and not ssh_targets:
        raise click.UsageError(_("--sudo, --collector and --ssh-config are for --ssh hosts."))
    become: Become = "sudo" if sudo else "collector" if collector else "none"
    carriers: list[Carrier] = [Ssh(target, become=become, config=ssh_config, seal=seal) for target in ssh_targets]
    carriers += [Root(directory) for directory in roots]
    return carriers or [Local(seal=seal)]


def _places(carriers: Sequence[Carrier], output: Path | None) -> list[Path]:
    """The bundle file of each carrier. Raises `UsageError` when two would be one, or one cannot be written there."""
    from secops.core.render import check_place

    if output is None:
        raise click.UsageError(_("Say where the evidence goes: -o FILE."))
    if len(carriers) == 1 and not output.is_dir():
        check_place(output)
        return [output]
    places = [output / f"{_file_name(carrier.label)}.bundle" for carrier in carriers]
    for place in places:
        if places.count(place) > 1:
            raise UsageError(_("two hosts would be written there"), where=str(place), hint=_("Name each host once."))
    try:
        output.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        what = _("cannot be a folder: {reason}").format(reason=because(error))
        raise UsageError(what, where=str(output), hint=_("For several hosts, -o names a folder.")) from error
    for place in places:
        check_place(place)
    return places


def _file_name(label: str) -> str:
    """The label as a plain file name."""
    kept = "".join(char if char.isalnum() or char in "@.-" else "_" for char in label)
    return kept.strip("._")[:100] or "host"


def _collect(carriers: Sequence[Carrier], places: Sequence[Path], *, with_hashes: bool) -> Exit:
    """Ask every host, write each bundle as it comes, and tell on stderr what was not seen."""
    from secops.core.inert import printable
    from secops.core.progress import Progress
    from secops.core.render import write_whole
    from secops.core.render.reasons import reason
    from secops.hosts.bundle_format import encode, pack
    from secops.hosts.carriers.fleet import ask_all
    from secops.hosts.manifest import manifest

    sections = manifest("sealed" if with_hashes else "none")
    codes = [Exit.CLEAN]
    told: dict[int, list[str]] = {}
    with Progress() as progress, closing(ask_all(carriers, lambda carrier: carrier.collect())) as answers:
        progress.step(_("collecting"), total=len(carriers))
        for at, answer in answers:
            label, place = carriers[at].label, places[at]
            if isinstance(answer, IncompleteError):
                first = _("{host}: not seen: {reason}").format(host=label, reason=reason(answer.what))
                told[at] = [first, f"  {answer.hint}"]
                codes.append(Exit.INCOMPLETE)
            else:
                write_whole(place, pack(encode(answer)))
                told[at] = _told(label, place, answer, sections)
                codes.append(_code(answer, sections))
            progress.advance()
    click.echo(printable("\n".join(line for at in sorted(told) for line in told[at])), err=True)
    return worst(*codes)


def _told(label: str, place: Path, evidence: Evidence, sections: Sequence[Section]) -> list[str]:
    """One host: how much was seen, and what was not, with equal reasons together."""
    from secops.core.render.reasons import reason as said

    reasons: dict[str, list[str]] = {}
    for section in sections:
        if problem := evidence.problem(section):
            reasons.setdefault(problem.reason[:200], []).append(section.name)
    lacking = sum(map(len, reasons.values()))
    first = _("{host} → {place}: {whole} of {all} sections seen whole, as {user}").format(
        host=label,
        place=place,
        whole=len(sections) - lacking,
        all=len(sections),
        user="root" if evidence.uid == 0 else _("user {uid}").format(uid=evidence.uid),
    )
    return [first, *(f"  {', '.join(names)}: {said(why)}" for why, names in reasons.items())]


def _code(evidence: Evidence, sections: Sequence[Section]) -> Exit:
    """Incomplete when something that could have been seen was lost, or the hashes that were asked for are not there.

    What this user may not see, and what an image cannot have, is told but is no failure of the collection.
    """
    from secops.hosts.evidence import Status

    for section in sections:
        problem = evidence.problem(section)
        lost = (Status.FAILED, Status.TIMEOUT, Status.TRUNCATED)
        if problem and (getattr(section, "seal", False) or problem.status in lost):
            return Exit.INCOMPLETE
    return Exit.CLEAN
