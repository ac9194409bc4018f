"""A host over SSH, through the user's own OpenSSH client: their configuration, agent, keys and jump hosts.

One round trip: the collector script goes to a shell's standard input and the evidence comes back. Nothing is left on
the target, nothing is ever asked for, and a host key that is not known already ends it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from secops.core.errors import IncompleteError, UsageError
from secops.core.i18n import _
from secops.hosts.carriers.local import DEADLINE
from secops.hosts.carriers.process import Answer, ask
from secops.hosts.carriers.ssh_faults import explain, last_line
from secops.hosts.collector import COLLECTOR
from secops.hosts.evidence import MAGIC, Evidence, decode
from secops.hosts.manifest import manifest
from secops.hosts.script import generate
from secops.hosts.unseal import opened

#: How the collector runs: as the user who logs in, as root through sudo, or as the fixed file on the target.
Become = Literal["none", "sudo", "collector"]

# env, since a login shell need not know `NAME=value command`; the C locale, since sudo's messages are read
_REMOTE: dict[Become, str] = {
    "none": "sh",
    "sudo": "env LC_ALL=C sudo -n sh",
    "collector": f"env LC_ALL=C sudo -n {COLLECTOR}",
}

#: Seconds between signs of life, and how many may be missed.
_ALIVE, _MISSED = 15, 3

#: Over the user's configuration: no questions, no doubts about the host key, nothing forwarded, no process kept.
_OPTIONS = (
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "UpdateHostKeys=no",
    f"ServerAliveInterval={_ALIVE}",
    f"ServerAliveCountMax={_MISSED}",
    "ControlMaster=no",
    "ClearAllForwardings=yes",
    "ForwardAgent=no",
    "ForwardX11=no",
    "PermitLocalCommand=no",
    "RemoteCommand=none",
    "LogLevel=INFO",
)

_PUNCTUATION = frozenset("@._:%+=,[]/~-")


@dataclass
class Ssh:
    """The host `target` ([user@]host, an alias of ssh_config, or ssh://user@host:port).

    `config` is an ssh_config file that replaces the user's. `hashes` also reads the stored password hashes, into
    memory; with the certificate `seal` (PEM) they come encrypted to it. The fixed collector sends what it was made for; `key`
    opens what it sealed.
    """

    target: str
    name: str = ""
    become: Become = "none"
    config: str = ""
    hashes: bool = False
    seal: str = ""
    key: Path | None = None
    connect_timeout: int = 15
    deadline: float = DEADLINE

    def __post_init__(self) -> None:
        """Refuse a target that ssh, or a ProxyCommand in its configuration, would read as something else."""
        host = self.target.rpartition("@")[2]
        clean = all(char.isalnum() or char in _PUNCTUATION for char in self.target)
        if not host or not clean or self.target.startswith(("-", "@")) or host.startswith("-"):
            raise UsageError(
                _("{target!r} is no target for ssh").format(target=self.target),
                where="--ssh",
                hint=_("Write user@host, a name from your ssh_config, or ssh://user@host:port."),
            )

    @property
    def label(self) -> str:
        return self.target

    def command(self) -> list[str]:
        """The client's command line."""
        options = [f"-o{option}" for option in (*_OPTIONS, f"ConnectTimeout={self.connect_timeout}")]
        own = ["-F", self.config] if self.config else []
        return ["ssh", *own, "-T", *options, "--", self.target, _REMOTE[self.become]]

    def collect(self) -> Evidence:
        """Ask the host. Raises `IncompleteError`, with the reason, when it sent no evidence.

        When the connection is lost in the middle, what had come whole is kept and the rest is `failed`.
        """
        fixed = self.become == "collector"
        sections = manifest("sealed" if self.seal or fixed else "clear" if self.hashes else "none")
        script = "" if fixed else generate(sections, certificate=self.seal)
        try:
            answer = ask(self.command(), script, deadline=self.deadline, env=_environment())
        except FileNotFoundError as error:
            raise IncompleteError(
                _("the ssh client is not installed"), where=self.label, hint=_("Install openssh-client.")
            ) from error
        if MAGIC not in answer.stream:
            raise explain(answer, self.target, self.become)
        evidence = decode(answer.stream, sections, carrier="ssh", label=self.label, cut=_cut(answer))
        return opened(evidence, self.key) if fixed else evidence


def _cut(answer: Answer) -> str:
    """Why evidence may end early; empty when the remote command ended well."""
    if answer.cut or answer.code == 0:
        return answer.cut
    if answer.code == 255:  # the client's own code
        return f"connection lost: {last_line(answer.complaint)}"
    return f"the collector ended with exit code {answer.code}"


def _environment() -> dict[str, str]:
    """The user's, with messages in the C locale, and without the windows in which a client could ask for passwords."""
    kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "SSH_ASKPASS", "LANGUAGE")}
    return {**kept, "LC_ALL": "C", "SSH_ASKPASS_REQUIRE": "never"}
