"""Options of a line in authorized_keys: whether sshd takes them. Where it does not, it passes over the whole line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from functools import partial
from typing import NamedTuple

from secops.hosts.sshd_keywords import Version

#: True, False, or None for what is not known.
Truth = bool | None

#: Releases whose options are known: the first reads them as all do since; a newer than the last may know more.
_FIRST, _LAST = (7, 7), (10, 3)

#: Before it nobody has an sshd.
_ALWAYS = (0, 0)

#: Options without a value, and the release that first knew each: also with `no-` before it, or not.
_FLAGS: Mapping[str, Version] = {
    "restrict": (7, 2), "cert-authority": _ALWAYS,
    **{f"no-{name}": _ALWAYS for name in ("port-forwarding", "agent-forwarding", "x11-forwarding", "pty", "user-rc")},
    **dict.fromkeys(("port-forwarding", "agent-forwarding", "x11-forwarding", "pty", "user-rc"), (7, 2)),
    **dict.fromkeys(("touch-required", "no-touch-required"), (8, 2)),
    **dict.fromkeys(("verify-required", "no-verify-required"), (8, 4)),
}  # fmt: skip
_ONCE = ("command", "principals", "from")

_LONGEST_HOST = 1024
_LAST_TUNNEL = 0x7FFFFFFD

_OPTION = re.compile(r'(?:[^,"\\]++|\\"?|"(?:[^"\\]++|\\"?)*+(?:"|\Z))++')
_QUOTED = re.compile(r'"((?:[^"\\]++|\\"?)*+)"')
_ENVIRONMENT = re.compile(r"[A-Za-z0-9_]+=.*", re.DOTALL)
_HOST = re.compile(r"(\[[^]]*\]|[^:/\[][^:/]*|)([:/])(.*)", re.DOTALL)
_NUMBER = re.compile(r"[ \t]*[+-]?[0-9]+")
_TIME = re.compile(
    r"([0-9]{4})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])(?:(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9]|6[01])?)?"
    r"(?P<utc>Z|UTC)?",
    re.IGNORECASE | re.ASCII,
)


class Form(NamedTuple):
    """Of options: whether they are as the manual has them, None where it hangs on the host; who knows all of them."""

    fits: Truth = True
    since: Version = _ALWAYS

    def accepted(self, release: Version | None) -> Truth:
        """Whether sshd of a release takes them. Of one that is not known, older or newer only what all take."""
        if self.fits is False:
            return False if release is not None and _FIRST <= release <= _LAST else None
        known = self.since == _ALWAYS or (release is not None and release >= self.since)
        return self.fits if known else None


def split(text: str) -> Iterable[tuple[str, str | None]]:
    """(name in lower case, value as written) of options; without `=` the value is None."""
    for match in _OPTION.finditer(text):
        name, equals, value = match[0].partition("=")
        yield name.lower(), value if equals else None


def form(text: str) -> Form:
    """The form of options. Values of `command` do not matter, nor what stands behind `NAME=` in `environment`."""
    options = [*split(text)]
    times = Counter(name for name, _ in options)
    forms = [_form(name, value) for name, value in options]
    answers = {one.fits for one in forms}
    if any(times[name] > 1 for name in _ONCE) or (times["principals"] and not times["cert-authority"]):
        answers.add(False)
    fits = False if False in answers else None if None in answers else True
    return Form(fits, max((one.since for one in forms), default=_ALWAYS))


def last_day(text: str) -> date | None:
    """The day of a time that ends a key; None of what is no time. A 31st that is none is in the next month."""
    match = _TIME.fullmatch(text)
    try:
        day = date(int(match[1]), int(match[2]), 1) + timedelta(int(match[3]) - 1) if match else None
    except (ValueError, OverflowError):
        return None
    return day if day and day > date(1970, 1, 1) else None


def _form(name: str, value: str | None) -> Form:
    if value is None:
        return Form(name in _FLAGS, _FLAGS.get(name, _ALWAYS))
    quoted = _QUOTED.fullmatch(value)
    if name not in _VALUES or not quoted:
        return Form(fits=False)
    return _VALUES[name](quoted[1].replace('\\"', '"'))


def _any(_: str) -> Form:
    return Form()


def _environment(value: str) -> Form:
    return Form(_ENVIRONMENT.fullmatch(value) is not None)


def _expiry(value: str) -> Form:
    match = _TIME.fullmatch(value)
    return Form(last_day(value) is not None, (9, 1) if match and match["utc"] else (7, 7))


def _tunnel(value: str) -> Form:
    return Form(value.lower() == "any" or _number(value, 0, _LAST_TUNNEL))


def _permit(value: str, since: Version, *, bare: bool) -> Form:
    """host:port, the port a number, `*` or what /etc/services calls it; `bare`: a port alone will do."""
    match = _HOST.fullmatch(f"*:{value}" if bare and ":" not in value else value)
    if not match or len(match[1]) > _LONGEST_HOST:
        return Form(fits=False)
    port = match[3]
    fits = port == "*" or _number(port, 1, 65535)
    if match[2] == "/" or (fits is False and not port.isdigit() and re.fullmatch("[^:/]+", port)):
        fits = None
    return Form(fits, since)


def _number(text: str, least: int, most: int) -> Truth:
    """Whether it is a number in this range; None of one that is written oddly."""
    if text.isascii() and text.isdigit():
        return len(text) < 20 and least <= int(text) <= most
    return None if _NUMBER.fullmatch(text) else False


_VALUES: Mapping[str, Callable[[str], Form]] = {
    "command": _any, "principals": _any, "from": _any, "environment": _environment, "expiry-time": _expiry,
    "tunnel": _tunnel, "permitopen": partial(_permit, since=_ALWAYS, bare=False),
    "permitlisten": partial(_permit, since=(7, 8), bare=True),
}  # fmt: skip
