"""Phased updates of Ubuntu: which hosts get one yet, as apt draws it.

apt seeds a generator with the source, its version and the machine-id, and draws a number from 0 to 100; a host waits
while its number is above the update's percentage. It is C++'s `minstd_rand` seeded by `seed_seq`, whose numbers the
standard fixes, and `uniform_int_distribution`, which is GNU's (whose libstdc++ apt is built with).
"""

from __future__ import annotations

from secops.hosts.apt.conf import Settings

_WORD = 0xFFFFFFFF
_FACTOR, _MODULUS = 48271, 2147483647  # minstd_rand
_NUMBERS = 101


def is_deferred(
    source: str, version: str, percent: int, machine: str | None, settings: Settings, *, security: bool
) -> bool | None:
    """Whether apt holds the update back from this host for now; None when the machine-id is not known."""
    if percent == 100 or security:
        return False
    if settings.flag("APT::Get::Always-Include-Phased-Updates", "Update-Manager::Always-Include-Phased-Updates"):
        return False
    if settings.flag("APT::Get::Never-Include-Phased-Updates", "Update-Manager::Never-Include-Phased-Updates"):
        return True
    if machine is None:
        return None
    return draw(f"{source}-{version}-{machine}") > percent


def draw(text: str) -> int:
    """The number from 0 to 100 that apt draws for a text."""
    state = _seed(text.encode("utf-8", "surrogateescape")) % _MODULUS or 1
    scaling = (_MODULUS - 2) // _NUMBERS
    while True:
        state = state * _FACTOR % _MODULUS
        if state - 1 < _NUMBERS * scaling:
            return (state - 1) // scaling


def _seed(text: bytes) -> int:
    """The last of four words that `seed_seq` makes of the characters, which are signed."""
    given = [(byte - 256 if byte > 127 else byte) & _WORD for byte in text]
    words, count = [0x8B8B8B8B] * 4, max(len(given) + 1, 4)
    for k in range(count):
        mixed = _mix(words[k % 4] ^ words[(k + 1) % 4] ^ words[(k - 1) % 4]) * 1664525 & _WORD
        more = mixed + (len(given) if k == 0 else k % 4 + (given[k - 1] if k <= len(given) else 0)) & _WORD
        words[(k + 1) % 4] = words[(k + 1) % 4] + mixed & _WORD
        words[(k + 2) % 4] = words[(k + 2) % 4] + more & _WORD
        words[k % 4] = more
    for k in range(count, count + 4):
        mixed = _mix(words[k % 4] + words[(k + 1) % 4] + words[(k - 1) % 4] & _WORD) * 1566083941 & _WORD
        less = mixed - k % 4 & _WORD
        words[(k + 1) % 4] ^= mixed
        words[(k + 2) % 4] ^= less
        words[k % 4] = less
    return words[3]


def _mix(word: int) -> int:
    return word ^ word >> 27
