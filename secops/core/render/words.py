"""The words of reports in both languages: severities, verdicts, and the reasons that collection gives."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from secops.core.finding import Severity, Verdict
from secops.core.i18n import N_, _

_SEVERITIES = {
    Severity.CRITICAL: N_("critical"),
    Severity.HIGH: N_("high"),
    Severity.MEDIUM: N_("medium"),
    Severity.LOW: N_("low"),
    Severity.INFO: N_("info"),
}
_VERDICTS = {
    Verdict.PASS: N_("pass"),
    Verdict.FAIL: N_("fail"),
    Verdict.WAIVED: N_("waived"),
    Verdict.UNKNOWN: N_("unknown"),
    Verdict.ERROR: N_("error"),
    Verdict.NOT_APPLICABLE: N_("not applicable"),
}
_CARRIERS = {
    "local": N_("this machine"),
    "ssh": N_("ssh"),
    "root": N_("mounted image"),
    "bundle": N_("bundle"),
}
_FRAMEWORKS = {
    "attack": "ATT&CK",
    "cis": "CIS",
    "mlps": N_("MLPS"),
    "nist": "NIST",
    "stig": "STIG",
    "cve": "",
    "doc": "",
}

#: Why something was not seen, as collection and judging say it (after a path and a colon).
REASONS = (
    N_("permission denied"),
    N_("needs more privilege"),
    N_("no such file"),
    N_("not a regular file"),
    N_("empty"),
    N_("absent"),
    N_("failed"),
    N_("not collected"),
    N_("the tool for it is not installed"),
    N_("took longer than {n} s"),
    N_("larger than {n} bytes"),
    N_("exit code {n}"),
    N_("the evidence ends early"),
    N_("section missing from the evidence"),
    N_("cannot seal: openssl with CMS is not there"),
    N_("it cannot be told whether the rule applies"),
    N_("needs a running host"),
    N_("a mounted image runs no kernel"),
    N_("a mounted image runs nothing"),
    N_("neither systemd nor OpenRC runs here and can be asked"),
    N_("getcap is not installed"),
    N_("accounts of a directory own files too, and are not listed"),
    N_("the walk ended early"),
)
_NEED_PRIVILEGE = ("permission denied", "needs more privilege")


def severity(value: Severity) -> str:
    return _(_SEVERITIES[value])


def verdict(value: Verdict) -> str:
    return _(_VERDICTS[value])


def carrier(value: str) -> str:
    return _(_CARRIERS[value]) if value in _CARRIERS else value


def framework(name: str) -> str:
    """What references of a framework begin with; empty where their ids say it."""
    word = _FRAMEWORKS.get(name, name)
    return _(word) if word else ""


def reason(text: str) -> str:
    """A reason in the language in use; what is not known stays as it was said."""
    for phrase, pattern in _patterns():
        found = pattern.search(text)
        if found:
            return text[: found.start()] + _(phrase).format(**found.groupdict())
    return text


def advice(text: str) -> str:
    """What would let Citywall see it; empty when a reader cannot change it."""
    return _("run as root or with sudo") if text.endswith(_NEED_PRIVILEGE) else ""


def listed(values: Sequence[str], limit: int = 5) -> str:
    """The first `limit` values, and how many more there are."""
    shown = _(", ").join(values[:limit])
    rest = len(values) - limit
    if rest <= 0:
        return shown
    return _("{names} and {n} more").format(names=shown, n=rest)


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Each phrase, where it is all of a reason or its end after a colon."""
    return [
        (phrase, re.compile(r"(?:(?<=: )|^)" + re.escape(phrase).replace(r"\{n\}", r"(?P<n>\d{1,12})") + r"\Z"))
        for phrase in REASONS
    ]
