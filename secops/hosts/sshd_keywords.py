"""What the keywords of sshd_config mean: their other names, the forms of their values, what an unset one stands for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

#: (major, minor) of OpenSSH.
Version = tuple[int, int]

ALIASES = {
    "challengeresponseauthentication": "kbdinteractiveauthentication",
    "skeyauthentication": "kbdinteractiveauthentication",
    "dsaauthentication": "pubkeyauthentication",
    "hostdsakey": "hostkey",
    "keepalive": "tcpkeepalive",
    "hostbasedacceptedkeytypes": "hostbasedacceptedalgorithms",
    "pubkeyacceptedkeytypes": "pubkeyacceptedalgorithms",
}

#: Each line adds; for every other keyword the first line wins.
ACCUMULATE = frozenset(
    {
        "port", "listenaddress", "hostkey", "hostcertificate", "subsystem", "acceptenv", "allowusers", "denyusers",
        "allowgroups", "denygroups",
    }
)  # fmt: skip

#: sshd refuses to start when one of these stands inside a Match block.
GLOBAL_ONLY = frozenset(
    {
        "port", "listenaddress", "addressfamily", "hostkey", "hostcertificate", "hostkeyagent", "hostkeyalgorithms",
        "ciphers", "macs", "kexalgorithms", "usepam", "usedns", "strictmodes", "logingracetime", "syslogfacility",
        "permituserenvironment", "ignoreuserknownhosts", "maxstartups", "persourcemaxstartups", "tcpkeepalive",
        "pidfile", "xauthlocation", "compression", "printmotd", "printlastlog", "versionaddendum", "fingerprinthash",
        "protocol",
    }
)  # fmt: skip

#: The release that stopped reading the keyword: from then on the line has no effect.
REMOVED: Mapping[str, Version] = {
    "protocol": (7, 4), "serverkeybits": (7, 4), "keyregenerationinterval": (7, 4), "rsaauthentication": (7, 4),
    "rhostsrsaauthentication": (7, 4), "uselogin": (7, 4), "useprivilegeseparation": (7, 5),
}  # fmt: skip

#: Lists of algorithms: distributions patch what an unset one means, so that only sshd itself can tell.
ALGORITHMS = ("ciphers", "macs", "kexalgorithms", "hostkeyalgorithms", "pubkeyacceptedalgorithms")

#: Keywords whose unset value depends on the release or the distribution.
VARYING = ("permitrootlogin", "kbdinteractiveauthentication", "usepam", "x11forwarding")

#: What an unset keyword stands for in OpenSSH 6.6 and later. An empty list restricts nobody.
DEFAULTS = {
    "addressfamily": "any", "allowagentforwarding": "yes", "allowgroups": "", "allowstreamlocalforwarding": "yes",
    "allowtcpforwarding": "yes", "allowusers": "", "authenticationmethods": "any", "authorizedkeyscommand": "none",
    "authorizedkeysfile": ".ssh/authorized_keys .ssh/authorized_keys2", "banner": "none", "chrootdirectory": "none",
    "clientalivecountmax": "3", "clientaliveinterval": "0", "denygroups": "", "denyusers": "",
    "disableforwarding": "no", "forcecommand": "none", "gatewayports": "no", "gssapiauthentication": "no",
    "hostbasedauthentication": "no", "hostbasedusesnamefrompacketonly": "no", "ignorerhosts": "yes",
    "ignoreuserknownhosts": "no", "kbdinteractiveauthentication": "yes", "kerberosauthentication": "no",
    "logingracetime": "120", "loglevel": "INFO", "maxauthtries": "6", "maxsessions": "10",
    "maxstartups": "10:30:100", "passwordauthentication": "yes", "permitemptypasswords": "no", "permittty": "yes",
    "permittunnel": "no", "permituserenvironment": "no", "permituserrc": "yes", "port": "22", "printlastlog": "yes",
    "protocol": "2", "pubkeyauthentication": "yes", "strictmodes": "yes", "syslogfacility": "AUTH",
    "tcpkeepalive": "yes", "trustedusercakeys": "none", "usepam": "no", "x11forwarding": "no",
    "x11uselocalhost": "yes",
}  # fmt: skip

_SUSE_PATCHED = frozenset({"permitrootlogin", "usepam", "x11forwarding"})
_DEBIAN_CIPHERS = (
    "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com"
)
_DEBIAN_MACS = (
    "umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,"
    "hmac-sha1-etm@openssh.com,umac-64@openssh.com,umac-128@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1"
)

_FLAG = {"yes": "yes", "no": "no"}
_FORWARDING = _FLAG | {"all": "yes", "local": "local", "remote": "remote"}
_CHOICES: Mapping[str, Mapping[str, str]] = {
    "permitrootlogin": _FLAG
    | {
        "prohibit-password": "prohibit-password",
        "without-password": "prohibit-password",
        "forced-commands-only": "forced-commands-only",
    },
    "allowtcpforwarding": _FORWARDING,
    "allowstreamlocalforwarding": _FORWARDING,
    "gatewayports": _FLAG | {"clientspecified": "clientspecified"},
    "ignorerhosts": _FLAG | {"shosts-only": "shosts-only"},
    "permittunnel": _FLAG | {"point-to-point": "point-to-point", "ethernet": "ethernet"},
    "addressfamily": {"any": "any", "inet": "inet", "inet6": "inet6"},
    "compression": _FLAG | {"delayed": "yes"},
} | dict.fromkeys(
    (
        "allowagentforwarding", "disableforwarding", "exposeauthinfo", "gssapiauthentication",
        "hostbasedauthentication", "hostbasedusesnamefrompacketonly", "ignoreuserknownhosts",
        "kbdinteractiveauthentication", "kerberosauthentication", "passwordauthentication", "permitemptypasswords",
        "permittty", "permituserrc", "printlastlog", "printmotd", "pubkeyauthentication", "strictmodes",
        "tcpkeepalive", "usedns", "usepam", "x11forwarding", "x11uselocalhost",
    ),
    _FLAG,
)  # fmt: skip
_NUMBERS = frozenset({"clientalivecountmax", "maxauthtries", "maxsessions", "requiredrsasize", "x11displayoffset"})
_TIMES = frozenset({"logingracetime", "clientaliveinterval"})
_COMMAND_LINES = frozenset({"forcecommand", "authorizedkeyscommand", "authorizedprincipalscommand", "versionaddendum"})
_SAME_LEVEL = {"DEBUG1": "DEBUG", "SILENT": "QUIET"}
_NONE_WORDS = frozenset({"none", "any"})
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_TIME = re.compile(r"(?=.)(?:[0-9]{1,9}[smhdw]){0,8}(?:[0-9]{1,9})?")
_TIME_PART = re.compile(r"([0-9]+)([smhdw]?)")


def canonical(keyword: str) -> str:
    """The keyword's present name, in lower case."""
    return ALIASES.get(keyword, keyword)


def normalise(key: str, words: Sequence[str], rest: str) -> str | None:
    """The value in one form: choices and flags in lower case, times in seconds, lists parted by one space.

    None when sshd would refuse the value.
    """
    if key in _COMMAND_LINES:
        return rest
    first = words[0]
    if key in _CHOICES:
        return _CHOICES[key].get(first.lower()) if len(words) == 1 else None
    if key in _TIMES:
        return _seconds(first.lower()) if len(words) == 1 else None
    if key in _NUMBERS:
        plain = len(words) == 1 and first.isascii() and first.isdigit() and len(first) < 11
        return str(int(first)) if plain else None
    if key in ("loglevel", "syslogfacility"):
        return _SAME_LEVEL.get(first.upper(), first.upper())
    if key == "maxstartups" and first.isascii() and first.isdigit():
        return f"{first}:30:{first}"
    if len(words) == 1 and first.lower() in _NONE_WORDS:
        return first.lower()
    return " ".join(words)


def _seconds(text: str) -> str | None:
    if not _TIME.fullmatch(text):
        return None
    return str(sum(int(count) * _SECONDS[unit] for count, unit in _TIME_PART.findall(text)))


def default(key: str, version: Version | None, vendor: str) -> str | None:
    """What an unset keyword stands for in this build of sshd; None = not known.

    `vendor` is the build's distribution where it is known to matter: `debian` (which names itself in the version and
    leaves these defaults as they are), `suse` (which allows root and turns on PAM by patch), else empty.
    """
    if vendor == "suse" and key in _SUSE_PATCHED:
        return None
    if key == "permitrootlogin":
        return None if version is None else "prohibit-password" if version >= (7, 0) else "yes"
    if key in ALGORITHMS:
        return _algorithms(key, version, vendor)
    return DEFAULTS.get(key)


def _algorithms(key: str, version: Version | None, vendor: str) -> str | None:
    """The lists that Debian and Ubuntu leave as upstream has them; stable over these releases."""
    if vendor != "debian" or version is None or not (6, 9) <= version < (10, 0):
        return None
    return {"ciphers": _DEBIAN_CIPHERS, "macs": _DEBIAN_MACS}.get(key)
