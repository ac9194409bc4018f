"""sources.list(5), in one line and as deb822 stanzas: which repositories apt is told of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from secops.hosts.apt.conf import truth
from secops.hosts.apt.names import is_read
from secops.hosts.apt.stanzas import stanzas
from secops.hosts.evidence import Evidence
from secops.hosts.tables import Built

_MOST = 5_000  # sources of a stanza
_LONGEST = 4_096  # characters of a line; longer ones do not leave a host
_LINE = re.compile(r"(\S+)\s+(?:\[([^\]]*)\]\s*)?(.+)")
_WORD = re.compile(r'(?:\[[^\]]*\]|"[^"]*"|[^\s\["])+')
_ESCAPED = re.compile(r"%([0-9a-fA-F]{2})")
_OPTION = re.compile(r'([^\s="]+)=((?:"[^"]*"|[^\s"])*)')

#: Fields of a stanza that are options of a line.
_FIELDS = {"architectures": "arch", "targets": "target"} | {
    name: name for name in ("snapshot", "include", "exclude")
}  # fmt: skip

#: Options that change which packages there are in a way that is not followed.
_UNKNOWN = ("target", "target+", "target-", "snapshot", "include", "exclude", "Packages")


class SourceError(ValueError):
    """An entry that apt refuses, and with it all its sources."""


@dataclass(frozen=True)
class Source:
    """One suite of one repository. A suite that ends with `/` is a folder with an index of its own."""

    uri: str
    suite: str
    components: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    where: str = ""

    @property
    def base(self) -> str:
        """The address of the Release file's folder, with a slash at its end."""
        if self.suite.endswith("/"):
            return self.uri if self.suite == "/" else self.uri + self.suite
        return f"{self.uri}dists/{self.suite}/"

    def architectures(self, known: Sequence[str]) -> list[str]:
        """Those that it gives: the host's (`known`) unless it says so, and `all` unless that is taken out."""
        found = _listed(self.options.get("arch")) or list(known)
        found += [one for one in _listed(self.options.get("arch+")) if one not in found]
        without = _listed(self.options.get("arch-"))
        found = [one for one in found if one not in without]
        return found if "all" in found or "all" in without else [*found, "all"]

    @property
    def unknown(self) -> str:
        """An option that is not followed; empty when there is none."""
        return next((name for name in _UNKNOWN if name in self.options), "")


def _listed(text: str | None) -> list[str]:
    return [one for one in (text or "").split(",") if one]


def read_sources(evidence: Evidence, section: str, native: str, built: Built) -> list[Source]:
    """The sources of binary packages that are switched on. What apt refuses is told."""
    found = []
    for item in evidence[section].files:
        main = item.path == "/etc/apt/sources.list"
        if not main and not is_read(item.path, ("list", "sources")):
            continue
        read = _stanzas if item.path.endswith(".sources") else _lines
        try:
            found += list(read(item.lines, item.path, native))
        except SourceError as error:
            built.lack(f"{item.path}: {error}")
    for source in found:
        if source.unknown:
            built.lack(f"{source.where}: the option {source.unknown} is not followed")
    return found


def _lines(lines: Sequence[str], path: str, native: str) -> Iterator[Source]:
    for number, raw in enumerate(lines, start=1):
        line = _uncommented(raw).strip()
        if not line:
            continue
        parsed = _LINE.fullmatch(line) if len(line) <= _LONGEST else None
        words = _words(parsed[3]) if parsed else []
        if parsed is None or parsed[1] not in ("deb", "deb-src") or len(words) < 2:
            raise SourceError(f"entry {number} is no source")
        if parsed[1] == "deb":
            options = dict(_OPTION.findall(parsed[2] or ""))
            yield _source(*words, options=options, where=f"{path}:{number}", native=native)


def _uncommented(line: str) -> str:
    """Up to a `#` outside brackets."""
    depth = 0
    for at, char in enumerate(line):
        depth += {"[": 1, "]": -1}.get(char, 0)
        if char == "#" and depth <= 0:
            return line[:at]
    return line


def _words(text: str) -> list[str]:
    """Words; quotes and brackets hold spaces (the names of discs have them), and %20 is one."""
    return [_ESCAPED.sub(lambda hexed: chr(int(hexed[1], 16)), word.replace('"', "")) for word in _WORD.findall(text)]


def _source(uri: str, suite: str, *components: str, options: Mapping[str, str], where: str, native: str) -> Source:
    uri = uri.replace("$(ARCH)", native)
    flat = suite.endswith("/")
    suite = suite.replace("$(ARCH)", native) if flat or where.rpartition(":")[0].endswith(".sources") else suite
    if ":" not in uri or flat == bool(components):
        raise SourceError(f"entry {where.rpartition(':')[2]} is no source")
    return Source(uri if uri.endswith("/") else f"{uri}/", suite, components, options, where)


def _stanzas(lines: Sequence[str], path: str, native: str) -> Iterator[Source]:
    for number, fields in enumerate(stanzas(lines), start=1):
        values = {name: text.split() for name, text in fields.items()}
        if "types" not in values or set(values["types"]) - {"deb", "deb-src"}:
            raise SourceError(f"entry {number} is no source")
        if "deb" not in values["types"] or not truth(fields.get("enabled") or "yes", default=True):
            continue
        if not values.get("uris") or not values.get("suites"):
            raise SourceError(f"entry {number} is no source")
        if len(values["uris"]) * len(values["suites"]) > _MOST:
            raise SourceError(f"more than {_MOST} sources")
        options = {
            _FIELDS[base] + sign: ",".join(values[base + suffix])
            for base in _FIELDS
            for suffix, sign in (("", ""), ("-add", "+"), ("-remove", "-"))
            if base + suffix in values
        }
        for uri in values["uris"]:
            for suite in values["suites"]:
                yield _source(
                    uri, suite, *values.get("components", ()), options=options, where=f"{path}:{number}", native=native
                )
