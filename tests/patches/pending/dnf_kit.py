"""Small roots for dnf: written by hand, read by the real dnf of the test root and by ours."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import shutil
import sqlite3
import struct
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import quoteattr

import zstandard

from secops.hosts.evidence import Evidence
from secops.hosts.tables import Facts, Row
from tests.patches.pending.apt_kit import collected, work_out

_INDEX = struct.Struct(">IIII")
_PACK: Mapping[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}


@dataclass(frozen=True)
class Rpm:
    """A package as an index or the rpm database has it."""

    name: str
    version: str
    release: str = "1"
    epoch: int = 0
    arch: str = "x86_64"
    vendor: str = "Example"

    @property
    def evr(self) -> str:
        return f"{self.epoch}:{self.version}-{self.release}" if self.epoch else f"{self.version}-{self.release}"

    @property
    def nevra(self) -> str:
        return f"{self.name}-{self.epoch}:{self.version}-{self.release}.{self.arch}"

    def header(self) -> bytes:
        """As it stands in the database."""
        texts = {
            1000: self.name, 1001: self.version, 1002: self.release, 1011: self.vendor, 1021: "linux",
            1022: self.arch, 1044: f"{self.name}-{self.version}-{self.release}.src.rpm",
        }  # fmt: skip
        values = {tag: (6, text.encode() + b"\0") for tag, text in texts.items()}
        values[1003], values[1008] = (4, struct.pack(">I", self.epoch)), (4, struct.pack(">I", 1_700_000_000))
        provided = f"{self.epoch}:{self.version}-{self.release}"
        values[1047], values[1113] = (8, self.name.encode() + b"\0"), (8, provided.encode() + b"\0")
        values[1112] = (4, struct.pack(">I", 8))
        index, data = b"", b""
        for tag, (kind, content) in sorted(values.items()):
            data += b"\0" * (-len(data) % 4 if kind == 4 else 0)
            index += _INDEX.pack(tag, kind, len(data), 1)
            data += content
        return struct.pack(">II", len(values), len(data)) + index + data

    def entry(self) -> str:
        """As it stands in primary.xml."""
        evr = f'epoch="{self.epoch}" ver="{self.version}" rel="{self.release}"'
        digest = hashlib.sha256(self.nevra.encode()).hexdigest()
        return (
            f'<package type="rpm">\n  <name>{self.name}</name>\n  <arch>{self.arch}</arch>\n  <version {evr}/>\n'
            f'  <checksum type="sha256" pkgid="YES">{digest}</checksum>\n  <summary>a &lt;name>b</summary>\n'
            f'  <description>d</description>\n  <time file="1" build="1"/>\n  <size package="1" archive="1"/>\n'
            f'  <location href="{digest}.rpm"/>\n  <format>\n    <rpm:license>MIT</rpm:license>\n'
            f"    <rpm:vendor>{self.vendor}</rpm:vendor>\n    <rpm:group>None</rpm:group>\n"
            f"    <rpm:sourcerpm>{self.name}-{self.version}-{self.release}.src.rpm</rpm:sourcerpm>\n"
            f'    <rpm:provides>\n      <rpm:entry name="{self.name}" flags="EQ" {evr}/>\n    </rpm:provides>\n'
            "  </format>\n</package>\n"
        )


@dataclass(frozen=True)
class Advice:
    """An advisory of updateinfo."""

    name: str
    rpms: Sequence[Rpm]
    kind: str = "security"
    severity: str = "Important"

    def entry(self) -> str:
        packages = "".join(
            f'      <package name="{one.name}" version="{one.version}" release="{one.release}" '
            f'epoch="{one.epoch}" arch="{one.arch}" src="x.src.rpm"><filename>x.rpm</filename></package>\n'
            for one in self.rpms
        )
        return (
            f'<update from="a@b" status="final" type="{self.kind}" version="1">\n  <id>{self.name}</id>\n'
            f"  <title>t</title>\n  <severity>{self.severity}</severity>\n"
            f'  <issued date="2024-01-01 00:00:00"/>\n  <pkglist>\n    <collection short="c">\n      <name>c</name>\n'
            f"{packages}    </collection>\n  </pkglist>\n</update>\n"
        )


@dataclass(frozen=True)
class Build:
    """A build of a module's stream."""

    module: str
    stream: str
    rpms: Sequence[Rpm]
    version: int = 1

    def document(self) -> str:
        artifacts = "".join(f"    - {one.nevra}\n" for one in self.rpms)
        return (
            f'---\ndocument: modulemd\nversion: 2\ndata:\n  name: {self.module}\n  stream: "{self.stream}"\n'
            f"  version: {self.version}\n  context: c0ffee00\n  arch: x86_64\n  summary: s\n  description: >-\n    d\n"
            "  license:\n    module:\n    - MIT\n  artifacts:\n    rpms:\n" + artifacts + "...\n"
        )


@dataclass
class Repo:
    """A repository. `settings` are lines of its file; `defaults` are streams of modules that are on by themselves."""

    name: str
    rpms: Sequence[Rpm] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    advice: Sequence[Advice] | None = None
    builds: Sequence[Build] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)
    packing: str = ".gz"
    zypper: bool = False

    def files(self) -> dict[str, bytes]:
        """Its metadata by type, unpacked."""
        space = 'xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm"'
        entries = "".join(one.entry() for one in self.rpms)
        head = '<?xml version="1.0" encoding="UTF-8"?>\n'
        found = {"primary": f'{head}<metadata {space} packages="{len(self.rpms)}">\n{entries}</metadata>\n'}
        if self.advice is not None:
            found["updateinfo"] = f"{head}<updates>\n{''.join(one.entry() for one in self.advice)}</updates>\n"
        if self.builds:
            found["modules"] = "".join(one.document() for one in self.builds) + "".join(
                f'---\ndocument: modulemd-defaults\nversion: 1\ndata:\n  module: {name}\n  stream: "{stream}"\n...\n'
                for name, stream in self.defaults.items()
            )
        return {kind: text.encode() for kind, text in found.items()}

    def write(self, folder: Path) -> None:
        """Its repodata."""
        folder.mkdir(parents=True)
        lines = ""
        for kind, content in self.files().items():
            packed = _PACK[self.packing](content)
            name = f"{hashlib.sha256(packed).hexdigest()}-{kind}.{'yaml' if kind == 'modules' else 'xml'}{self.packing}"
            (folder / name).write_bytes(packed)
            lines += (
                f'  <data type="{kind}">\n    <checksum type="sha256">{hashlib.sha256(packed).hexdigest()}</checksum>\n'
                f'    <open-checksum type="sha256">{hashlib.sha256(content).hexdigest()}</open-checksum>\n'
                f"    <location href={quoteattr('repodata/' + name)}/>\n    <timestamp>1700000123</timestamp>\n"
                f"    <size>{len(packed)}</size>\n    <open-size>{len(content)}</open-size>\n  </data>\n"
            )
        (folder / "repomd.xml").write_text(
            '<?xml version="1.0" encoding="UTF-8"?>\n<repomd xmlns="http://linux.duke.edu/metadata/repo">\n'
            f"  <revision>1700000100</revision>\n{lines}</repomd>\n"
        )


class DnfRoot:
    """A root below `path`, which its own programs see as `seen`."""

    def __init__(self, path: Path, seen: str = "") -> None:
        self.path, self.seen = path, seen or str(path)
        self.write("etc/os-release", 'ID=example\nVERSION_ID="9.3"\n')
        self.write("etc/dnf/dnf.conf", "[main]\ngpgcheck=0\n")

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def main(self, **settings: object) -> None:
        """The settings of no repository."""
        self.write("etc/dnf/dnf.conf", "[main]\ngpgcheck=0\n" + _lines(settings))

    def serve(self, *repos: Repo) -> None:
        """Repositories that dnf can fetch, with what names them."""
        for repo in repos:
            repo.write(self.path / "srv" / repo.name / "repodata")
            folder = "etc/zypp/repos.d" if repo.zypper else "etc/yum.repos.d"
            address = {"name": repo.name, "baseurl": f"file://{self.seen}/srv/{repo.name}/"}
            self.write(f"{folder}/{repo.name}.repo", f"[{repo.name}]\n{_lines(address | dict(repo.settings))}")

    def keep(self, *repos: Repo) -> None:
        """The same, as it is when they were fetched."""
        self.serve(*repos)
        for repo in repos:
            digest = hashlib.sha256(f"file://{self.seen}/srv/{repo.name}/".encode()).hexdigest()[:16]
            folder = f"var/cache/zypp/raw/{repo.name}" if repo.zypper else f"var/cache/dnf/{repo.name}-{digest}"
            shutil.copytree(self.path / "srv" / repo.name / "repodata", self.path / folder / "repodata")

    def install(self, *rpms: Rpm) -> None:
        """The rpm database, as sqlite has it."""
        path = self.path / "var/lib/rpm/rpmdb.sqlite"
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
        connection.executemany("INSERT INTO Packages (blob) VALUES (?)", [(one.header(),) for one in rpms])
        connection.commit()
        connection.close()

    def evidence(self) -> Evidence:
        """What is collected of it as an image."""
        return collected(self.path)

    def pending(self) -> tuple[Facts, Facts]:
        """Our tables: pending updates, state."""
        return work_out(self.evidence())


def _lines(settings: Mapping[str, object]) -> str:
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def candidates(rows: Sequence[Row]) -> dict[tuple[str, str], str | None]:
    return {(row["package"], row["architecture"]): row["candidate"] for row in rows}


#: Takes folders of roots; prints for each what the real dnf says of it, as JSON.
ASK = r"""
import json, logging, os, subprocess, sys
import dnf
logging.disable(logging.CRITICAL)
for root in sys.argv[1:]:
    with open(root + "/headers", "rb") as headers:
        subprocess.run(["rpmdb", "--dbpath", root + "/var/lib/rpm", "--importdb"], stdin=headers, check=True)
    os.mkdir(root + "/root")
    os.symlink("../var/lib/rpm", root + "/root/.rpmdb")  # where Debian has it
    base = dnf.Base()
    conf = base.conf
    conf.config_file_path = root + "/etc/dnf/dnf.conf"
    conf.installroot = root
    conf.read()
    conf.reposdir = [root + "/etc/yum.repos.d"]
    for name in ("cachedir", "persistdir", "logdir"):
        setattr(conf, name, root + {"cachedir": "/var/cache/dnf", "persistdir": "/var/lib/dnf", "logdir": "/var"}[name])
    conf.substitutions["releasever"] = "9"
    conf.module_platform_id = "platform:el9"
    base.read_all_repos()
    base.fill_sack()
    listed = [[p.name, p.arch, p.epoch, p.version, p.release, p.reponame]
              for p in base._do_package_lists("upgrades").updates]
    base.upgrade_all()
    base.resolve()
    done = [[i.name, i.arch, i.epoch, i.version, i.release, i.from_repo] for i in base.transaction.install_set]
    print(json.dumps([listed, done]))
    base.close()
"""


def ask(root: Path, cases: Sequence[str]) -> str:
    """What the dnf of a test root prints of cases in it."""
    done = subprocess.run(
        ["chroot", str(root), "python3", "-c", ASK, *cases],
        capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
