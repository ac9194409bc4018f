"""Mounted images of hosts of which only the release and the packages matter."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from tests.hosts.test_rpmdb import blob


class Package(NamedTuple):
    """A package as its manager keeps it. `version` of rpm is `[epoch:]version-release`."""

    name: str
    version: str
    source: str = ""
    source_version: str = ""
    arch: str = ""
    module: str = ""


def image(place: Path, name: str, os_release: str, packages: Sequence[Package], kind: str) -> Path:
    """A root with this os-release whose manager (dpkg, rpm, apk) lists these packages."""
    (place / "etc").mkdir(parents=True)
    (place / "etc/os-release").write_text(os_release)
    (place / "etc/hostname").write_text(f"{name}\n")
    {"dpkg": _dpkg, "rpm": _rpm, "apk": _apk}[kind](place, packages)
    return place


def _dpkg(place: Path, packages: Sequence[Package]) -> None:
    stanzas = []
    for one in packages:
        source = f"Source: {one.source}{f' ({one.source_version})' if one.source_version else ''}\n"
        stanzas.append(
            f"Package: {one.name}\nStatus: install ok installed\nArchitecture: {one.arch or 'amd64'}\n"
            f"{source if one.source else ''}Version: {one.version}\n\n"
        )
    (place / "var/lib/dpkg").mkdir(parents=True)
    (place / "var/lib/dpkg/status").write_text("".join(stanzas))


def _apk(place: Path, packages: Sequence[Package]) -> None:
    stanzas = [f"P:{one.name}\nV:{one.version}\nA:x86_64\no:{one.source or one.name}\n\n" for one in packages]
    (place / "lib/apk/db").mkdir(parents=True)
    (place / "lib/apk/db/installed").write_text("".join(stanzas))


def _rpm(place: Path, packages: Sequence[Package]) -> None:
    folder = place / "usr/lib/sysimage/rpm"
    folder.mkdir(parents=True)
    with closing(sqlite3.connect(folder / "rpmdb.sqlite")) as database:
        database.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL)")
        database.executemany("INSERT INTO Packages (blob) VALUES (?)", [(_header(one),) for one in packages])
        database.commit()


def _header(package: Package) -> bytes:
    epoch, _, evr = package.version.rpartition(":")
    version, _, release = evr.rpartition("-")
    source = f"{package.source or package.name}-{package.source_version or evr}.src.rpm"
    texts = {1000: package.name, 1001: version, 1002: release, 1022: package.arch or "x86_64", 1044: source,
             5096: package.module}  # fmt: skip
    entries = [(tag, 6, text.encode() + b"\0") for tag, text in texts.items() if text]
    # an integer first: its place must be a multiple of four
    return blob(*([(1003, 4, int(epoch).to_bytes(4, "big"))] if epoch else []), *entries)


def inventory(path: Path, images: dict[str, Path]) -> Path:
    path.write_text("hosts:\n" + "".join(f"  - {{name: {name}, root: {place}}}\n" for name, place in images.items()))
    return path
