"""This machine: the collector script, run by its own sh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from secops.hosts.carriers.process import ask
from secops.hosts.evidence import Evidence, decode
from secops.hosts.manifest import manifest
from secops.hosts.script import generate

#: Seconds the whole collection may take.
DEADLINE = 900.0


@dataclass
class Local:
    """The host Citywall runs on. `hashes` also reads the stored password hashes, into memory; with the certificate
    `seal` (PEM) they come encrypted to it.
    """

    label: str = "localhost"
    name: str = ""
    hashes: bool = False
    seal: str = ""
    shell: Sequence[str] = ("sh",)
    deadline: float = DEADLINE

    def collect(self) -> Evidence:
        """Run the script; the environment is reduced to what a shell needs."""
        sections = manifest("sealed" if self.seal else "clear" if self.hashes else "none")
        script = generate(sections, certificate=self.seal)
        answer = ask([*self.shell], script, deadline=self.deadline, env={"PATH": _PATH})
        return decode(answer.stream, sections, carrier="local", label=self.label, cut=answer.cut)


_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
