"""`citywall passwords`: weak passwords, found offline by trying what is likely on the stored hashes."""

from __future__ import annotations

import click

from secops.cli._judging import judge, select_rules
from secops.cli._options import Output, Targets, Trying, report_options, target_options, trying_options
from secops.core.command import Group
from secops.core.i18n import N_

#: Seconds of an audit, unless it is told otherwise.
SECONDS = 600

#: Areas and rules that are about passwords.
RULES = ("passwords", "accounts", "authentication", "joined-*password*")


@click.group(
    "passwords",
    cls=Group,
    help=N_("""Find weak passwords before an attacker does, without keeping one.

Example:
  citywall passwords audit --ssh ops@web1 --sudo --words our-words.txt
"""),
)
def command() -> None:
    pass


@command.command(
    "audit",
    help=N_("""Try likely passwords on the stored hashes of every account, the likeliest first.

What is found is never shown or kept: only why it was likely ("user name + year").
Ctrl-C ends the trying and shows what is known; the next audit goes on from there.

Examples:
  citywall passwords audit
  citywall passwords audit --inventory hosts.yml --words our-words.txt
  citywall passwords audit --bundle web1.bundle --key key.pem
"""),
)
@target_options
@trying_options(SECONDS)
@report_options(1)
def audit(targets: Targets, trying: Trying, output: Output) -> int:
    return judge(targets, trying, select_rules((), RULES), output, patient=True)
