"""Small roots for apt: written by hand, read by the real apt of this machine and by ours."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from secops.hosts.carriers.root import Root as Carrier
from secops.hosts.evidence import Evidence
from secops.hosts.image import Image
from secops.hosts.section import Section
from secops.hosts.tables import Facts, Row, derive, pending_updates, registry, update_state
from secops.patches.pending import pending

NATIVE, FOREIGN = "amd64", "i386"
MACHINE = "0123456789abcdef0123456789abcdef"

#: Tables that the pending ones are worked out of.
_NEEDED = ("packages", "services", "cron_jobs", "hosts")


@dataclass(frozen=True)
class Deb:
    """A package as an index or dpkg's status has it."""

    name: str
    version: str
    architecture: str = NATIVE
    source: str = ""
    phased: int | None = None
    selection: str = "install"
    state: str = "installed"

    def entry(self, *, installed: bool = False) -> str:
        lines = [f"Package: {self.name}"]
        if installed:
            lines.append(f"Status: {self.selection} ok {self.state}")
        lines += [f"Architecture: {self.architecture}", f"Version: {self.version}", "Maintainer: Nobody <no@body>"]
        lines += [f"Source: {self.source}"] if self.source else []
        lines += ["Description: a package", " Package: not-a-package", " Version: 99"]
        if not installed:
            lines += [f"Filename: pool/{self.name}.deb", "Size: 1000", f"SHA256: {'0' * 64}"]
            lines += [f"Phased-Update-Percentage: {self.phased}"] if self.phased is not None else []
        return "\n".join(lines) + "\n"


@dataclass
class Suite:
    """A suite of a repository; `release` are lines of its Release file, None for none."""

    uri: str
    suite: str
    component: str
    debs: Sequence[Deb]
    release: Mapping[str, str] | None = field(default_factory=dict)


class AptRoot:
    """A root below `path` in which apt finds nothing but what a test puts there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for folder in (
            "etc/apt/sources.list.d",
            "etc/apt/preferences.d",
            "etc/apt/apt.conf.d",
            "var/lib/dpkg",
            "var/lib/apt/lists/partial",
            "var/cache/apt/archives/partial",
            "usr/bin",
            "var/log/apt",
        ):
            (path / folder).mkdir(parents=True)
        self.write("usr/bin/apt-config", "")
        self.write("etc/machine-id", MACHINE + "\n")
        self.write("etc/os-release", 'ID=debian\nNAME="Debian GNU/Linux"\nVERSION_CODENAME=bookworm\n')
        self.write(
            "etc/apt/apt.conf.d/00arch",
            f'APT::Architecture "{NATIVE}";\nAPT::Architectures {{ "{NATIVE}"; "{FOREIGN}"; }};\n',
        )
        self.write(
            "apt.conf",
            f'Dir "{path}"; Dir::State::status "{path}/var/lib/dpkg/status"; Dir::Cache::pkgcache ""; '
            'Dir::Cache::srcpkgcache ""; APT::Sandbox::User "root"; Debug::NoLocking "true"; '
            'Dir::Bin::ischroot "/bin/false";',
        )
        self.status()

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def status(self, *debs: Deb) -> None:
        """What dpkg has: always itself too."""
        itself = Deb("dpkg", "1.21.22")
        self.write("var/lib/dpkg/status", "\n".join(deb.entry(installed=True) for deb in (itself, *debs)))

    def keep(self, *suites: Suite, sources: bool = True) -> None:
        """Put lists where apt keeps them, by apt's names for http addresses, and name them in sources.list."""
        lines = []
        for suite in suites:
            host = suite.uri.removeprefix("http://").rstrip("/").replace("/", "_")
            base = f"var/lib/apt/lists/{host}_dists_{suite.suite}_"
            for architecture in {deb.architecture for deb in suite.debs} | {NATIVE, FOREIGN}:
                debs = [
                    deb
                    for deb in suite.debs
                    if architecture == deb.architecture or (deb.architecture == "all" and architecture == NATIVE)
                ]
                if architecture != "all":
                    text = "\n".join(deb.entry() for deb in debs)
                    self.write(f"{base}{suite.component}_binary-{architecture}_Packages", text)
            if suite.release is not None:
                head = "".join(f"{name}: {value}\n" for name, value in suite.release.items())
                self.write(f"{base}Release", f"{head}Architectures: {NATIVE} {FOREIGN}\nComponents: main contrib\n")
            lines.append(f"deb [trusted=yes] {suite.uri} {suite.suite} {suite.component}\n")
        if sources:
            self.write("etc/apt/sources.list", "".join(dict.fromkeys(lines)))

    def apt(self, *argv: str) -> str:
        """What apt says of this root."""
        done = subprocess.run(
            argv,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "APT_CONFIG": str(self.path / "apt.conf")},
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            raise AptError(done.stderr)
        return done.stdout

    def policy(self, *names: str) -> dict[str, Policy]:
        """What `apt-cache policy` says of each package."""
        out = self.apt("apt-cache", "policy", *names)
        return {name: Policy.read(text) for name, text in re.findall(r"^(\S+):\n((?: .*\n?)+)", out, re.MULTILINE)}

    def evidence(self) -> Evidence:
        """What is collected of this root as an image, of the sections that the pending tables hang on."""
        return collected(self.path)

    def pending(self) -> tuple[Facts, Facts]:
        """Our tables: pending updates, state."""
        return work_out(self.evidence())


DEBIAN, SECURITY = "http://deb.example.org/debian", "http://security.example.org"
STABLE = {"Origin": "Debian", "Label": "Debian", "Suite": "stable", "Codename": "bookworm"}
SECURE = {"Origin": "Debian", "Label": "Debian-Security", "Suite": "stable-security", "Codename": "bookworm-security"}
BACKPORTS = {
    "Origin": "Debian Backports",
    "Suite": "stable-backports",
    "NotAutomatic": "yes",
    "ButAutomaticUpgrades": "yes",
}


def stable(*debs: Deb) -> Suite:
    return Suite(DEBIAN, "stable", "main", debs, STABLE)


def secure(*debs: Deb) -> Suite:
    return Suite(SECURITY, "stable-security", "main", debs, SECURE)


def only(root: AptRoot) -> Row | None:
    """The row of the only package; None when there is none."""
    updates, _ = root.pending()
    assert reasons(updates) == []
    assert len(updates.rows) < 2
    return updates.rows[0] if updates.rows else None


class AptError(Exception):
    """apt refuses."""


@dataclass(frozen=True)
class Policy:
    """Candidate and the priority of each version, as apt prints them."""

    installed: str | None
    candidate: str | None
    table: Mapping[str, int]

    @classmethod
    def read(cls, text: str) -> Policy:
        said = dict(re.findall(r"^  (Installed|Candidate): (.*)$", text, re.MULTILINE))
        rows = re.findall(r"^ (?:\*\*\*|   ) (\S+) (-?\d+)(?: \(phased \d+%\))?$", text, re.MULTILINE)
        known = {key: None if value == "(none)" else value for key, value in said.items()}
        return cls(known["Installed"], known["Candidate"], {version: int(priority) for version, priority in rows})


@cache
def pending_sections() -> tuple[Section, ...]:
    """The sections that the pending tables hang on."""
    tables = [registry()[name] for name in _NEEDED] + [pending_updates.TABLE, update_state.TABLE]
    return tuple({section.name: section for table in tables for section in table.all_sections}.values())


def collected(path: Path) -> Evidence:
    """What is collected of a root as an image, of the sections that the pending tables hang on."""
    image = Image(str(path))
    try:
        seen = {one.name: Carrier(str(path))._section(image, one) for one in pending_sections() if one.image}
    finally:
        image.close()
    return Evidence("root", "test", 0, seen)


def tables_of(evidence: Evidence) -> dict[str, Facts]:
    """The tables that the pending ones are worked out of."""
    return {name: derive(registry()[name], evidence) for name in _NEEDED}


def work_out(evidence: Evidence) -> tuple[Facts, Facts]:
    """Our tables: pending updates, state."""
    tables = pending(evidence, tables_of(evidence))
    return tables[pending_updates.TABLE.name], tables[update_state.TABLE.name]


def reasons(facts: Facts) -> list[str]:
    return [problem.reason for problem in facts.problems[""]]
