"""The words of reports in both languages: severities, verdicts, carriers, frameworks."""

from __future__ import annotations

from collections.abc import Sequence

from secops.core.finding import Severity, Verdict
from secops.core.i18n import N_, _, joined

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


def listed(values: Sequence[str], limit: int = 5) -> str:
    """The first `limit` values, and how many more there are."""
    shown = joined(values[:limit])
    rest = len(values) - limit
    if rest <= 0:
        return shown
    return _("{names} and {n} more").format(names=shown, n=rest)
