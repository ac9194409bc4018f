"""rpm: `[epoch:]version[-release]` (rpm-version(7)).

Numbers and words of ASCII letters are compared one by one; whatever else only separates them, save `~`, which comes
before the end, and `^`, which comes right after it. A word comes before a number. A release that is not there comes
before all that are.
"""

from __future__ import annotations

import re

from secops.patches.versions.number import number

_PART = re.compile(r"[0-9]+|[A-Za-z]+|[~^]")
_EPOCH = re.compile(r"([0-9]*):")
_ODD = re.compile(r"[^0-9A-Za-z._+~^{}]")
_MAX_EPOCH = "4294967295"

# In ASCII `!` < `#` < `$` < the letters < `{`; a word ends with a blank, so that it comes before its continuations.
_SIGNS = {"~": "!", "^": "$"}
_END = "#"
_NUMBER = "{"


def order(version: str, *, epoch: bool = True) -> str:
    """The order of a version. Digits before a colon at its beginning are the epoch."""
    if not version:
        return ""
    number_of, version, release = _parts(version)
    text = (number(number_of or "") if epoch else "") + _segments(version)
    return text if release is None else text + _segments(release)


def _parts(version: str) -> tuple[str | None, str, str | None]:
    """Epoch, version and release; None for an epoch or release that is not there."""
    epoch = None
    if ":" in version and (found := _EPOCH.match(version)):
        epoch, version = found[1], version[found.end() :]
    if "-" not in version:
        return epoch, version, None
    version, _, release = version.rpartition("-")
    return epoch, version, release


def _segments(text: str) -> str:
    return "".join([_segment(part) for part in _PART.findall(text)]) + _END


def _segment(part: str) -> str:
    if "0" <= part[0] <= "9":
        return _NUMBER + number(part)
    return _SIGNS.get(part) or part + " "


def fault(version: str) -> str:
    """What rpm refuses to build; besides, a version begins with a letter or a digit. The release may be missing."""
    if not version:
        return "an empty version"
    epoch, version, release = _parts(version)
    if epoch == "" or ":" in version:
        return "an epoch that is no number"
    if epoch and (len(digits := epoch.lstrip("0")), digits) > (len(_MAX_EPOCH), _MAX_EPOCH):
        return "an epoch that is too large"
    if not version:
        return "an epoch without a version" if release is None else "an empty version"
    if "-" in version:
        return "a version with a hyphen inside"
    if release == "":
        return "a version with an empty release"
    return _fault_of_text(version, release or "")


def _fault_of_text(version: str, release: str) -> str:
    if ".." in version or ".." in release:
        return "a version with two dots in a row"
    if not version[0].isascii() or not version[0].isalnum():
        return "a version that begins with neither letter nor digit"
    return "a character that no version may have" if _ODD.search(version) or _ODD.search(release) else ""
