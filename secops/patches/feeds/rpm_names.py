"""Builds of rpm packages as feeds write them: file names, and package URLs."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

_ARCHES = (
    "noarch|src|nosrc|x86_64|x86_64_v2|aarch64|i386|i486|i586|i686|ppc|ppc64|ppc64le|s390|s390x|riscv64|loongarch64"
    "|sw_64|mips64el|armv6hl|armv7hl|armv7hnl|ia64|athlon"
)
_FILE = re.compile(rf"(?P<name>.+)-(?:(?P<epoch>\d+):)?(?P<version>[^-:]+)-(?P<release>[^-:]+)\.(?P<arch>{_ARCHES})")
_PLAIN = re.compile(r"[A-Za-z0-9_][\w.+-]*", re.ASCII)
_NUMBERED = re.compile(r"^(.+)-\d[^-]*-[^-]+$")
_LONGEST = 400


class Build(NamedTuple):
    """A package; `version` is `[epoch:]version-release`, or "" for all of them; `module` is name:stream."""

    name: str
    version: str
    arch: str
    module: str = ""

    @property
    def source(self) -> bool:
        """Whether it is a source package."""
        return self.arch in ("src", "nosrc")


def of_file(name: str) -> Build | None:
    """The build that a file name stands for: `vim-9.0-33.oe2203sp3.src.rpm`, `vim-2:9.0-33.el9.x86_64`."""
    found = _FILE.fullmatch(name.removesuffix(".rpm")) if len(name) <= _LONGEST else None
    if not found:
        return None
    return Build(found["name"], _evr(found["epoch"], f"{found['version']}-{found['release']}"), found["arch"])


def of_purl(purl: str) -> Build | None:
    """The build that a package URL of type rpm stands for; None for any other.

    Red Hat writes modules as `?rpmmod=nodejs:18:8060…:ad00…`, and packages of a module that are not mended as
    `pkg:rpmmod/redhat/nodejs:18/nodejs`. A package without a version and an architecture is a source package there;
    SUSE names binary packages, and their source beside them: `pkg:rpm/suse/xz@?upstream=xz.src.rpm`.
    """
    kind, path, qualifiers = _parts(purl)
    place, _, last = path.rpartition("/")
    name, _, version = last.partition("@")
    stream = qualifiers.get("rpmmod", "") if kind == "rpm" else place.partition("/")[2]
    if kind not in ("rpm", "rpmmod") or not name or (kind == "rpmmod" and not stream):
        return None
    version = _evr(qualifiers.get("epoch", ""), unquote(version)) if version else ""
    binary = version or "upstream" in qualifiers
    return Build(unquote(name), version, qualifiers.get("arch", "") or ("" if binary else "src"), stream_of(stream))


def guesses(name: str) -> tuple[Build, ...]:
    """Packages, in all their versions, that a name may stand for which is neither a file's nor a package URL."""
    stream, _, package = name.rpartition("/")
    names = dict.fromkeys((package, *_NUMBERED.findall(package))) if len(name) <= _LONGEST else ()
    module = stream_of(stream)
    if not all(map(_PLAIN.fullmatch, names)) or bool(stream) != bool(module):
        return ()
    return tuple(Build(one, "", arch, module) for one in names for arch in ("", "src"))


def module_of_purl(purl: str) -> str:
    """The module `name:stream` that a package URL of type rpmmod stands for (`…/nodejs@18:8060…`); "" if none."""
    kind, path, _ = _parts(purl)
    name, _, version = path.rpartition("/")[2].partition("@")
    return stream_of(f"{unquote(name)}:{unquote(version)}") if kind == "rpmmod" and version else ""


def stream_of(module: str) -> str:
    """`name:stream` out of `name:stream:version:context`; "" when there is no stream."""
    name, _, rest = unquote(module).partition(":")
    stream = rest.partition(":")[0]
    return f"{name}:{stream}" if name and stream else ""


def _parts(purl: str) -> tuple[str, str, dict[str, str]]:
    """Type, path and qualifiers of a package URL."""
    scheme, _, rest = purl[:_LONGEST].partition(":")
    path, _, query = rest.partition("#")[0].partition("?")
    kind, _, path = path.strip("/").partition("/")
    return (kind if scheme == "pkg" else ""), path, dict(parse_qsl(query.replace("+", "%2B"), keep_blank_values=True))


def _evr(epoch: str | None, version: str) -> str:
    return f"{epoch}:{version}" if epoch and epoch.strip("0") else version
