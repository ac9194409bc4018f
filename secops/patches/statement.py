"""What feeds say, in one form: statements on packages, facts on flaws, and what could not be read."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

Kind = Literal["dpkg", "rpm", "apk"]

#: What a statement says of the versions it covers. `fixed`: a version mends it, which `Statement.fixed` names.
Status = Literal["fixed", "affected", "will-not-fix", "not-affected", "unknown"]

Severity = Literal["", "critical", "high", "medium", "low"]


#: The module of a statement on a build of one whose stream is not named: it may be any.
ANY_STREAM = "*"


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One advisory on one package of one release of a distribution.

    It covers versions from `introduced` ("" = the first) up to, not with, `fixed`, or up to and with `last_affected`;
    with neither, all from there on. Versions are in the order of `kind`. `ecosystem` is the ID of os-release (debian,
    almalinux, openeuler, …), `release` the distribution's own word for it: 12, 22.04, 9, 3.19, 22.03-LTS-SP3.
    """

    advisory: str  # ALSA-2024:9827, DSA-5600-1; where the feed has none, the flaw's id
    flaws: tuple[str, ...]  # CVE ids, else the feed's own ids; never empty
    ecosystem: str
    release: str
    kind: Kind
    package: str
    by_source: bool = False  # `package` is a source package, and versions are those of source packages
    arch: tuple[str, ...] = ()  # none: all
    module: str = ""  # rpm: name:stream, or ANY_STREAM
    introduced: str = ""
    fixed: str = ""
    last_affected: str = ""
    no_epochs: bool = False  # the feed leaves epochs out, though packages may have one
    hot: bool = False  # `fixed` is the version of a hot or live patch: it mends a running system without a new package
    status: Status
    words: str = ""  # the vendor's own words for the status: no-dsa, postponed, Fix deferred, …
    severity: Severity = ""
    score: float | None = None  # CVSS base score
    published: date | None = None
    title: str = ""
    url: str = ""


class Flaw(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of flaws (KEV, EPSS) says of one, whatever package it is in."""

    flaw: str
    exploited_since: date | None = None  # the day CISA added it
    due: date | None = None  # CISA's date to have mended it by
    ransomware: bool | None = None  # known to be used by it; None: not known to be
    epss: float | None = None  # probability of exploitation within 30 days
    percentile: float | None = None
    name: str = ""


class Reject(msgspec.Struct, frozen=True, omit_defaults=True):
    """An entry that is not understood, and so counts for nothing: where it stands, and why.

    `unclear` is what it still says where it is clear what it is on, and not which versions have the flaw. Of what is
    `lost` not even that is clear: it may be on any package, so that what its feed does not say means nothing.
    """

    where: str
    reason: str
    unclear: tuple[Statement, ...] = ()
    lost: bool = False


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a document says of itself. A feed is as old as its newest `as_of`.

    `modified` is when the advisories that follow were last changed, where that is told: of one that is there twice the
    newer counts. `whole` is false where it is one advisory out of many: that others are not there then means nothing.
    """

    as_of: date | None = None
    modified: datetime | None = None
    whole: bool = True
    part: str = ""  # where a release comes in several documents (main, community): which one


#: What a reader of a format gives, in any order.
Entry = Statement | Flaw | Reject | About
