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
    """The host Citywall runs on."""

    label: str = "localhost"
    name: str = ""
    shell: Sequence[str] = ("sh",)
    deadline: float = DEADLINE

    def collect(self) -> Evidence:
        """Run the script; the environment is reduced to what a shell needs."""
        answer = ask([*self.shell], generate(manifest()), deadline=self.deadline, env={"PATH": _PATH})
        return decode(answer.stream, manifest(), carrier="local", label=self.label, cut=answer.cut)


_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
