"""How a host with apt is kept up to date: when it last was, and whether unattended-upgrades does it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from secops.hosts.apt.conf import Settings
from secops.hosts.apt.host import Apt, read_apt
from secops.hosts.apt.indexes import Release, newest_date
from secops.hosts.apt.names import list_name
from secops.hosts.apt.repository import Repository
from secops.hosts.apt.sections import CONF, HISTORY, STAMPS
from secops.hosts.evidence import Evidence
from secops.hosts.sudoers_patterns import matches_wildcard
from secops.hosts.tables import Built, Facts
from secops.hosts.tables._listed import listed
from secops.hosts.tables.hosts import os_release
from secops.hosts.usage.clock import moment, offset

_SERVICE = "unattended-upgrades"
_TIMERS = ("apt-daily.timer", "apt-daily-upgrade.timer")
_DAILY = "/etc/cron.daily/apt-compat"
_LATEST = 1 << 40  # seconds: any time of a host's clock

#: Keys of a pattern of unattended-upgrades, by apt's letters; `archive` and `suite` are the same.
_KEYS = {
    "o": "o", "origin": "o", "l": "l", "label": "l", "a": "a", "suite": "a", "archive": "a", "n": "n", "codename": "n",
    "c": "c", "component": "c", "site": "site",
}  # fmt: skip


def state(evidence: Evidence, tables: Mapping[str, Facts], built: Built) -> None:
    """Add the row of dpkg's packages."""
    rows = [row for row in tables["packages"].rows if row["kind"] == "dpkg"]
    apt = read_apt(evidence, rows, built)
    security = [repository for repository in apt.repositories if repository.is_security]
    why = _why_not(apt.settings, tables) if _is_seen(evidence) else None
    known = None if why is None else not why
    built.rows.append(
        {
            "kind": "dpkg",
            "lists_updated_at": _updated(evidence, apt, built),
            "indexes_made_at": newest_date(_configured(apt)),
            "last_upgrade_at": _upgraded(evidence, built),
            "automatic": known,
            "automatic_security": _with_security(apt.settings, security, evidence, whole=not built.problems) if known
            else known,
            "why_not": why or None,
            "security_repository": True if security else (None if built.problems else False),
        }
    )  # fmt: skip


def _is_seen(evidence: Evidence) -> bool:
    """Whether the settings were read: without them nothing is known of what happens by itself."""
    return evidence.problem(CONF) is None and bool(evidence[CONF.name].files)


def _updated(evidence: Evidence, apt: Apt, built: Built) -> int | None:
    if problem := evidence.problem(STAMPS):
        built.problems.append(problem)
    times = [entry.mtime for entry in listed(evidence, STAMPS, built)]
    return max(times, default=None) if apt.kept.indexes else None


def _configured(apt: Apt) -> dict[str, Release]:
    """Release files of the sources that are configured."""
    found = (apt.kept.release(list_name(source.base)) for source in apt.sources)
    return {release.name: release for release in found if release}


def _upgraded(evidence: Evidence, built: Built) -> int | None:
    if problem := evidence.problem(HISTORY):
        built.problems.append(problem)
    zone, times = "", []
    for line in evidence[HISTORY.name].only.lines:
        word, *rest = line.split("\t")
        if word == "zone" and rest:
            zone = rest[0]
        elif word == "upgrade" and len(rest) == 2:
            times.append(moment(rest[1], _LATEST, offset(zone)))
    return max((time for time in times if time is not None), default=None)


def _why_not(settings: Settings, tables: Mapping[str, Facts]) -> str | None:
    """What keeps updates from being automatic; empty when nothing does, None when it is not known."""
    if not any(row["name"] == _SERVICE and row["status"] == "installed" for row in tables["packages"].rows):
        return f"{_SERVICE} is not installed"
    for name, usual in (("Enable", "1"), ("Update-Package-Lists", "0"), ("Unattended-Upgrade", "0")):
        if _is_never(settings.find(f"APT::Periodic::{name}", usual)):
            return f"APT::Periodic::{name} is {settings.find(f'APT::Periodic::{name}', usual)}"
    return _why_not_started(tables)


def _is_never(interval: str) -> bool:
    """Whether an interval (days, or a number with s, m, h, d; `always`) is none."""
    return interval != "always" and not int(re.sub("[^0-9].*", "", interval, flags=re.DOTALL)[:9] or 0)


def _why_not_started(tables: Mapping[str, Facts]) -> str | None:
    """What starts it daily: systemd's timers, else cron; None when these were not seen whole."""
    timers = {row["name"]: row for row in tables["services"].rows if row["name"] in _TIMERS}
    host = next(iter(tables["hosts"].rows), {})
    if host.get("init") == "systemd":
        for name in _TIMERS:
            timer = timers.get(name)
            if timer is None or not timer["enabled"] or timer["masked"]:
                return None if tables["services"].problems[""] else f"{name} is not enabled"
        return ""
    if tables["cron_jobs"].problems[""] or host.get("init") is None:
        return None
    return "" if any(row["source"] == _DAILY for row in tables["cron_jobs"].rows) else f"{_DAILY} is not there"


def _with_security(
    settings: Settings, security: Sequence[Repository], evidence: Evidence, *, whole: bool
) -> bool | None:
    """Whether unattended-upgrades takes what security repositories have."""
    patterns = list(_patterns(settings, os_release(evidence)))
    if security:
        return all(any(_takes(pattern, one) for pattern in patterns) for one in security)
    return False if whole else None


def _patterns(settings: Settings, release: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """What may be upgraded, as apt's letters to wildcards."""
    names = {
        "distro_id": release.get("NAME", "").partition(" GNU/")[0].replace(" ", ""),
        "distro_codename": release.get("VERSION_CODENAME", ""),
    }

    def filled(text: str) -> str:
        return re.sub(r"\$\{(\w+)\}", lambda found: names.get(found[1], found[0]), text)

    for text in settings.values("Unattended-Upgrade::Allowed-Origins"):
        origin, _, suite = filled(text).partition(":")
        yield {"o": origin, "a": suite}
    for text in settings.values("Unattended-Upgrade::Origins-Pattern"):
        pairs = [part.strip().partition("=") for part in filled(text).split(",")]
        if all(mark and key.strip() in _KEYS for key, mark, _ in pairs):
            yield {_KEYS[key.strip()]: value.strip() for key, _, value in pairs}


def _takes(pattern: Mapping[str, str], repository: Repository) -> bool:
    own = {
        "o": repository.origin, "l": repository.label, "a": repository.suite, "n": repository.codename,
        "c": repository.component, "site": repository.site,
    }  # fmt: skip
    return all(matches_wildcard(wanted, own[key] or "") for key, wanted in pattern.items())
