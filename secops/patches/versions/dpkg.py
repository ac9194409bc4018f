"""dpkg: `[epoch:]upstream[-revision]` (deb-version(7)).

Runs of other characters and numbers take turns. `~` comes before the end of a run, then letters, then the rest. A
number that is not there is zero, and so is a revision.
"""

from __future__ import annotations

import re

from secops.patches.versions.number import number

_NUMBER = re.compile(r"[0-9]+")
#: What C's strtol() takes for a number up to the colon. dpkg wants nothing else before the first colon.
_EPOCH = re.compile(r"[\t-\r ]*(?:\+?([0-9]+)|-0+):")
_VALID = re.compile(r"(?:[0-9]{1,9}:)?[0-9][0-9A-Za-z.+~]*(?:-[0-9A-Za-z.+~]+)?")
_MAX_EPOCH = "2147483647"

#: The end of a part: after `~`, before the digits that begin a number, and before letters.
_END = "#"

#: The characters besides letters, digits and `~` that a version may have, in dpkg's order, and what stands for them.
_MARKS = {ord("+"): "{", ord("-"): "|", ord("."): "}", ord(":"): "~"}


def _stand_ins() -> dict[int, str]:
    """What stands for each byte that is no digit.

    dpkg compares signed bytes: those beyond ASCII come after letters and before marks. What no version may have stands
    behind the last that may, by way of DEL, which no key has.
    """
    table, last = {ord("~"): "!"}, "z"
    letters = [byte for byte in range(128) if chr(byte).isalpha()]
    others = [byte for byte in range(128) if not chr(byte).isalnum() and byte != ord("~")]
    for place, byte in enumerate((*range(128, 256), *others), start=128):
        last = _MARKS.get(byte, last)
        table[byte] = last if byte in _MARKS else f"{last}\x7f{chr(place)}"
    return table | {byte: chr(byte) for byte in letters}


_STAND_INS = _stand_ins()


def order(version: str, *, epoch: bool = True) -> str:
    """The order of a version. An empty one is older than all; an epoch that dpkg refuses belongs to the version."""
    version = version.strip(" \t")
    if not version:
        return ""
    number_of, upstream, revision = _parts(version)
    return (number(number_of) if epoch else "") + _part(upstream) + _part(revision)


def _parts(version: str) -> tuple[str, str, str]:
    """Epoch (digits, or none), upstream version and revision."""
    epoch = ""
    if ":" in version and (found := _EPOCH.match(version)):
        epoch, version = found[1] or "", version[found.end() :]
    upstream, _, revision = version.rpartition("-") if "-" in version else (version, "", "")
    return epoch, upstream, revision


def _part(text: str) -> str:
    if not text.isascii():
        text = text.encode("utf-8", "surrogatepass").decode("latin-1")
    if not "0" <= text[-1:] <= "9":
        text += "0"
    return _NUMBER.sub(lambda run: number(run[0]), text.translate(_STAND_INS)) + _END


def fault(version: str) -> str:
    """What dpkg complains of when it reads the version."""
    version = version.strip(" \t")
    if _VALID.fullmatch(version):
        return ""
    if not version:
        return "an empty version"
    if " " in version or "\t" in version:
        return "a version with blanks inside"
    if ":" in version and (why := _fault_of_epoch(version)):
        return why
    _, upstream, revision = _parts(version)
    if "-" in version and not revision:
        return "a version with an empty revision"
    if not "0" <= upstream[:1] <= "9":
        return "a version that does not begin with a digit"
    odd = re.search(r"[^0-9A-Za-z.+~:-]", upstream) or re.search(r"[^0-9A-Za-z.+~]", revision)
    return "a character that no version may have" if odd else ""


def _fault_of_epoch(version: str) -> str:
    found = _EPOCH.match(version)
    if not found:
        return "an epoch that is no number"
    digits = (found[1] or "").lstrip("0")
    if (len(digits), digits) > (len(_MAX_EPOCH), _MAX_EPOCH):
        return "an epoch that is too large"
    return "" if found.end() < len(version) else "an epoch without a version"
