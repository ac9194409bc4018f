"""What a criterion of OVAL asks for: a release, a package before a version, an enabled module, an architecture."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from secops.patches.feeds.oval_document import Document, Leaf, Test
from secops.patches.feeds.platforms import of_platform
from secops.patches.feeds.suse_products import Release


class OnRelease(NamedTuple):
    """One of these releases of distributions: a module of SUSE may be on several. `channel`: as `Platform` has it."""

    releases: tuple[Release, ...]
    channel: str = ""


class Elsewhere(NamedTuple):
    """A platform that is none of those known here."""

    platform: str


class Packages(NamedTuple):
    """One of the packages: installed before `version`, in any version, in none, or known not to be affected."""

    kind: Literal["rpm", "dpkg"]
    names: tuple[str, ...]
    asked: Literal["earlier", "installed", "absent", "unaffected"]
    version: str = ""
    arch: tuple[str, ...] = ()
    source: bool = False  # names are those of source packages


class Module(NamedTuple):
    """An enabled module, name:stream."""

    stream: str


class Arch(NamedTuple):
    """The architecture of the host."""

    names: tuple[str, ...]


class Never(NamedTuple):
    """Holds on no host of a release that is known here."""


class Always(NamedTuple):
    """Says nothing that matters: who signed a package, or which kernel of those installed runs."""


class NotUnderstood(NamedTuple):
    """What it asks for is not known: the thing, and why; of which packages, where that is clear."""

    thing: str
    reason: str
    packages: Packages | None = None


Fact = OnRelease | Elsewhere | Packages | Module | Arch | Never | Always | NotUnderstood

_INSTALLED = re.compile(r"(.+) is installed\.?")
_MODULE = re.compile(r"Module ([\w.+-]+:[\w.+-]+) is enabled")
_ARCH = re.compile(r"(?:Oracle Linux arch|Architecture) is ([\w]+)")
_ARCHES = re.compile(r"\(?(\w+(?:\|\w+)*)\)?")
_MUST = re.compile(r".+ must be installed")
_KERNEL = re.compile(r"kernel(?:-[\w-]+)? earlier than \S+ is (?:currently running|set to boot up on next boot)")
_NUMBER = re.compile(r"\d+")
_NO_VERSION = ("0", "0:0", "0:0-0")


def fact(leaf: Leaf, document: Document) -> Fact:
    """What one criterion asks for."""
    if not leaf.test:
        return _by_words(leaf.comment) or NotUnderstood(leaf.comment, "extends a definition that is not understood")
    test = document.tests.get(leaf.test)
    if test is None:
        return NotUnderstood(leaf.test, "refers to a test that is not there")
    if any(key in document.twice for key in (leaf.test, *test.objects, *test.states)):
        return NotUnderstood(leaf.test, "refers to what is there twice")
    if test.kind in ("rpminfo", "dpkginfo"):
        return _of_packages(leaf, test, document)
    found = _by_words(leaf.comment)
    if isinstance(found, OnRelease):
        return _confirmed(found, leaf, test, document)
    if _MUST.fullmatch(leaf.comment) and test.check == "none satisfy":
        return Never()
    if test.kind == "uname" and (leaf.comment == "all architecture" or _KERNEL.fullmatch(leaf.comment)):
        return Always()
    if test.kind == "textfilecontent54" and _KERNEL.fullmatch(leaf.comment):
        return Always()
    return found or NotUnderstood(leaf.comment, f"a test {test.kind} that is not understood")


def _by_words(comment: str) -> OnRelease | Elsewhere | Module | Arch | None:
    """What the words of a criterion say that is no matter of packages."""
    if found := _MODULE.fullmatch(comment):
        return Module(found[1])
    if found := _ARCH.fullmatch(comment):
        return Arch((found[1],))
    if found := _INSTALLED.fullmatch(comment):
        platform = of_platform(found[1])
        return OnRelease(*platform) if platform else Elsewhere(found[1])
    return None


def _confirmed(found: OnRelease, leaf: Leaf, test: Test, document: Document) -> Fact:
    """The release that the words name, unless the test's own states are for another."""
    values = [value for state in test.states for _, _, value in document.states.get(state, ()) if _NUMBER.search(value)]
    major = found.releases[0][1].partition(".")[0]
    numbers = [_NUMBER.findall(value)[0] for value in values]
    if numbers and major not in numbers:
        return NotUnderstood(leaf.comment, "words that name another release than the test")
    return found


def _of_packages(leaf: Leaf, test: Test, document: Document) -> Fact:
    """What a test of packages asks for. Releases are packages too: `sles-release`, `oraclelinux-release`."""
    names = tuple(name for one in test.objects for name in document.names(one))
    if not names:
        return NotUnderstood(leaf.test, "a test that names no package")
    missing = [state for state in test.states if state not in document.states]
    if missing:
        return NotUnderstood(missing[0], "refers to a state that is not there")
    if any("-release" in name for name in names):
        found = _by_words(leaf.comment)
        if _MUST.fullmatch(leaf.comment) and test.check == "none satisfy":
            return Never()
        return (
            _confirmed(found, leaf, test, document)
            if isinstance(found, OnRelease)
            else found or _unclear(leaf, test.kind)
        )
    fields = {field: (operation, value) for state in test.states for field, operation, value in document.states[state]}
    if fields and fields.keys() <= {"signature_keyid"}:
        return Always()
    # Debian names source packages, one in each object; Ubuntu lists the binaries in a variable.
    dpkg = test.kind == "dpkginfo"
    source = dpkg and not any(one in document.references for one in test.objects)
    packages = Packages("dpkg" if dpkg else "rpm", names, "installed", source=source)
    named = packages._replace(version=fields.get("evr", ("", ""))[1])  # a module's build is told by its version
    if test.check == "none satisfy" or test.operator != "AND":
        return _unclear(leaf, test.kind, named)
    return _asked(packages, fields, test.existence == "none_exist") or _unclear(leaf, test.kind, named)


def _asked(packages: Packages, fields: dict[str, tuple[str, str]], absent: bool) -> Fact | None:
    """What the fields of a state ask of packages; None when that is not understood."""
    arch = _ARCHES.fullmatch(fields.get("arch", ("", ""))[1])
    if ("arch" in fields) != bool(arch):
        return None
    packages = packages._replace(arch=tuple(arch[1].split("|")) if arch else ())
    asked = [(field, *rest) for field, rest in fields.items() if field != "arch"]
    if not asked:
        return packages._replace(asked="absent") if absent else packages
    (field, operation, value), *more = asked
    if more or absent or field not in ("evr", "version"):
        return None
    if value in _NO_VERSION:
        if operation == "less than":
            return NotUnderstood(packages.names[0], "says of no version whether it is affected", packages)
        if operation == "equals":
            return packages._replace(asked="unaffected")
        return packages if operation == "greater than" else None
    earlier = (field, operation) == ("evr", "less than")
    return packages._replace(asked="earlier", version=value) if earlier else None


def _unclear(leaf: Leaf, kind: str, packages: Packages | None = None) -> NotUnderstood:
    return NotUnderstood(leaf.comment, f"a test {kind} that is not understood", packages)
