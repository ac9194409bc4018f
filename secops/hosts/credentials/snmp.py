"""Net-SNMP: communities, the passphrases of `createUser`, and the localised keys it keeps (`usmUser`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from secops.hosts.credentials.kind import Credential, Kind
from secops.hosts.credentials.text import credential, lines

_SERVICE = "snmp"
_WORD = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+))""")
_COMMUNITIES = ("rocommunity", "rwcommunity", "rocommunity6", "rwcommunity6", "trapcommunity")
_SINKS = ("trapsink", "trap2sink", "informsink")
_PASSPHRASES = ("defcommunity", "defauthpassphrase", "defprivpassphrase", "defpassphrase")
_HEX = re.compile(r"0x((?:[0-9a-fA-F]{2})+)")

#: The authentication protocols of RFC 3414 and RFC 7860, by the last number of their OIDs.
_PROTOCOLS = {"2": "md5", "3": "sha1", "4": "sha224", "5": "sha256", "6": "sha384", "7": "sha512"}
_PROTOCOL = re.compile(r"\.1\.3\.6\.1\.6\.3\.10\.1\.1\.([2-7])")


def read(path: str, content: bytes) -> Iterator[Credential]:
    for number, line in lines(content):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        words = [next(filter(None, groups), "") for groups in _WORD.findall(text[:4096])]
        for account, value in _found(words[0].lower(), words[1:]):
            if value:
                yield credential(_SERVICE, path, number, account, value)
        if words[0] == "usmUser":
            for user, stored in _localised(words[1:]):
                yield credential(_SERVICE, path, number, user, stored, "hash")


def _found(name: str, rest: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(account or setting, community or passphrase)"""
    match name:
        case _ if name in _COMMUNITIES or name in _PASSPHRASES:
            yield name, (rest or [""])[0]
        case _ if name in _SINKS:
            yield name, (*rest, "", "")[1]
        case "com2sec" | "com2sec6" | "com2secunix":
            named = rest[2:] if rest[:1] == ["-Cn"] else rest
            if len(named) > 1:
                yield named[0], named[-1] if len(named) < 3 else named[2]
        case "authcommunity":
            yield name, (*rest, "", "")[1]
        case "trapsess":
            yield from ((flag, value) for flag, value in pairwise(rest) if flag in ("-c", "-A", "-X"))
        case "createuser":
            named = rest[2:] if rest[:1] == ["-e"] else rest
            for place in (2, 4):
                if len(named) > place and named[place] not in ("-m", "-l"):
                    yield named[0], named[place]


def _localised(rest: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(user, stored form) of `usmUser status storage engine name security-name clone auth-protocol auth-key …`."""
    if len(rest) < 8:
        return
    engine, key, protocol = _HEX.fullmatch(rest[2]), _HEX.fullmatch(rest[7]), _PROTOCOL.fullmatch(rest[6])
    if engine and key and protocol:
        raw = _HEX.fullmatch(rest[3])
        user = bytes.fromhex(raw[1]).rstrip(b"\0").decode("utf-8", "surrogateescape") if raw else rest[3]
        yield user, f"snmp:{_PROTOCOLS[protocol[1]]}:{engine[1].lower()}:{key[1].lower()}"


KIND = Kind(
    _SERVICE,
    (
        "/etc/snmp/*.conf",
        "/etc/snmp/snmpd.conf.d/*.conf",
        "/usr/local/etc/snmp/*.conf",
        "/usr/share/snmp/snmpd.conf",
        "/usr/local/share/snmp/*.conf",
        "/var/lib/snmp/*.conf",
        "/var/lib/net-snmp/*.conf",
        "/var/net-snmp/*.conf",
        "~/.snmp/snmp.conf",
    ),
    read,
)
