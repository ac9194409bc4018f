"""NetworkManager's connections (key files): passphrases of Wi-Fi, 802.1X, VPN, PPPoE and mobile networks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from secops.hosts.credentials.kind import Credential, Kind
from secops.hosts.credentials.text import credential, ini

_SERVICE = "networkmanager"
_SECRET = re.compile(r"psk|pin|leap-password|wep-key[0-3]|(?:[\w-]+-)?password|mka-cak")
_ACCOUNTS = ("identity", "username", "user", "user-name", "leap-username", "ssid")
_ESCAPE = re.compile(r"\\([sntr\\])")
_LETTERS = {"s": " ", "n": "\n", "t": "\t", "r": "\r"}


def read(path: str, content: bytes) -> Iterator[Credential]:
    """A secret with `-flags` of 1 to 4 is kept elsewhere or not at all: then none stands here, and none is found."""
    settings = list(ini(content, "#"))
    accounts = {(s.section, s.name): s.value for s in settings if s.name in _ACCOUNTS}
    connection = next((s.value for s in settings if (s.section, s.name) == ("connection", "id")), "")
    for setting in settings:
        if setting.value and (_SECRET.fullmatch(setting.name) or setting.section == "vpn-secrets"):
            section = "vpn" if setting.section == "vpn-secrets" else setting.section
            account = next((accounts[section, name] for name in _ACCOUNTS if (section, name) in accounts), connection)
            value = _ESCAPE.sub(lambda match: _LETTERS.get(match[1], match[1]), setting.value)
            yield credential(_SERVICE, path, setting.line, account or setting.name, value)


KIND = Kind(
    _SERVICE,
    ("/etc/NetworkManager/system-connections/*", "/usr/lib/NetworkManager/system-connections/*"),
    read,
)
