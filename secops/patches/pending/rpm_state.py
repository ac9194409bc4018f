"""How a host with dnf or zypper is kept up to date: when it last was, and whether that happens by itself."""

from __future__ import annotations

from secops.hosts.dnf.sections import AUTOMATIC, AUTOMATIC_CONF, HISTORY, YUM_CRON_CONF
from secops.hosts.dnf.settings import SettingError, Settings, read_sections, truth
from secops.hosts.evidence import Evidence
from secops.hosts.tables import Built, Facts, Row
from secops.hosts.usage.clock import moment, offset

_LATEST = 1 << 40  # seconds: any time of a host's clock

#: Units that install updates: by their settings, and whatever these say.
_BY_SETTINGS = {
    "dnf-automatic.timer": AUTOMATIC_CONF,
    "dnf5-automatic.timer": AUTOMATIC_CONF,
    "yum-cron.service": YUM_CRON_CONF,
}
_ALWAYS = ("dnf-automatic-install.timer", "transactional-update.timer")


def state_row(evidence: Evidence, settings: Settings, services: Facts, built: Built) -> Row:
    """The row of rpm's packages."""
    indexes = [one.index for one in settings.repositories if one.index]
    why = _why_not(evidence, services)
    known = None if why is None else not why
    security = any(advisory.kind == "security" for index in indexes for advisory in index.advisories)
    return {
        "kind": "rpm",
        "lists_updated_at": max((index.mtime for index in indexes), default=0) or None,
        "indexes_made_at": max((index.made for index in indexes), default=0) or None,
        "last_upgrade_at": _upgraded(evidence, built),
        "automatic": known,
        "automatic_security": known,  # whatever else is taken, what is for security is
        "why_not": why or None,
        "security_repository": True if security else (None if built.problems else False),
    }


def _upgraded(evidence: Evidence, built: Built) -> int | None:
    if problem := evidence.problem(HISTORY):
        built.problems.append(problem)
    words = [line.split("\t") for line in evidence[HISTORY.name].only.lines]
    times = [moment(word[1], _LATEST, offset("+0000")) for word in words if word[0] == "upgrade" and len(word) == 2]
    return max((time for time in times if time is not None), default=None)


def _why_not(evidence: Evidence, services: Facts) -> str | None:
    """What keeps updates from being automatic; empty when nothing does, None when it is not known."""
    on = [row["name"] for row in services.rows if row["enabled"] and not row["masked"]]
    if any(name in on for name in _ALWAYS):
        return ""
    reasons = [_why_not_by(evidence, name) for name in _BY_SETTINGS if name in on]
    if "" in reasons:
        return ""
    if None in reasons or services.problems[""]:
        return None
    return next(iter(reasons), "no timer that installs updates is enabled")


def _why_not_by(evidence: Evidence, unit: str) -> str | None:
    """Why a unit that is on installs nothing; empty when it does, None when its settings were not read."""
    if evidence.problem(AUTOMATIC):
        return None
    path = _BY_SETTINGS[unit]
    commands = read_sections([item for item in evidence[AUTOMATIC.name].files if item.path == path]).get("commands", {})
    said = commands.get("apply_updates", "no")
    try:
        return "" if truth(said) else f"apply_updates of {path} is {said}"
    except SettingError:
        return None
