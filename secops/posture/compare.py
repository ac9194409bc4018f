"""What two runs tell apart. Pure. A finding that is gone counts as fixed only where the later run looked, whole."""

from __future__ import annotations

import msgspec

from secops.core.finding import Finding, Verdict
from secops.core.i18n import _, ngettext
from secops.core.report import Report


class Undecided(msgspec.Struct, frozen=True):
    """A finding of the earlier run of which the later one cannot tell, and why."""

    finding: Finding
    reason: str


class Diff(msgspec.Struct, frozen=True, kw_only=True):
    """Two runs by finding. Every finding of either is in exactly one list; one of both as the later run has it."""

    schema: str = "citywall.diff/1"
    before: str
    after: str
    new: list[Finding] = []
    reopened: list[Finding] = []  # waived before, open now
    no_longer_decided: list[Undecided] = []
    fixed: list[Finding] = []
    newly_waived: list[Finding] = []
    still_open: list[Finding] = []
    still_waived: list[Finding] = []
    notes: list[str] = []

    def newly_open(self) -> list[Finding]:
        """What somebody must look at now and did not have to before."""
        return [finding for finding in (*self.new, *self.reopened) if finding.status is Verdict.FAIL]


def diff(before: Report, after: Report) -> Diff:
    """Compare two reports, each in its own order of risk."""
    old, new = _by_identity(before), _by_identity(after)
    result = Diff(before=before.run.id, after=after.run.id)
    for identity, finding in new.items():
        _place(result, old.get(identity), finding)
    later = _Sight(after, before)
    for identity, finding in old.items():
        if identity not in new:
            reason = later.blind(finding)
            if reason:
                result.no_longer_decided.append(Undecided(finding, reason))
            else:
                result.fixed.append(finding)
    result.notes.extend(_notes(before, after, result))
    return result


def _by_identity(report: Report) -> dict[str, Finding]:
    return {finding.identity: finding for finding in report.findings}


def _place(result: Diff, was: Finding | None, now: Finding) -> None:
    """Put a finding of the later run into its list."""
    if was is None:
        result.new.append(now)
    elif now.status is Verdict.WAIVED:
        (result.still_waived if was.status is Verdict.WAIVED else result.newly_waived).append(now)
    else:
        (result.reopened if was.status is Verdict.WAIVED else result.still_open).append(now)


class _Sight:
    """What a report could see: whether the absence of a finding in it proves anything."""

    def __init__(self, report: Report, other: Report) -> None:
        self._verdicts = {(verdict.rule, verdict.host): verdict for verdict in report.verdicts}
        # a host that did not answer has no machine-id: it is known by the label under which it was asked
        silent = {name: host.unreachable for host in report.hosts for name in (host.host, host.label) if name}
        self._silent = {host.host: silent.get(host.host) or silent.get(host.label) for host in other.hosts}
        self._hosts = {host.host for host in report.hosts}

    def blind(self, finding: Finding) -> str:
        """Why the report cannot tell whether the finding is there; empty when it can."""
        verdict = self._verdicts.get((finding.rule, finding.host))
        if verdict is None:
            if reason := self._silent.get(finding.host):
                return f"the host was not reached: {reason}"
            return "the rule did not run" if finding.host in self._hosts else "the host was not asked"
        if verdict.status in (Verdict.UNKNOWN, Verdict.ERROR):
            return verdict.reason or str(verdict.status)
        if verdict.status in (Verdict.FAIL, Verdict.WAIVED) and verdict.reason:
            return f"seen in part: {verdict.reason}"
        return ""


def _notes(before: Report, after: Report, result: Diff) -> list[str]:
    notes = []
    if before.run.started > after.run.started:
        notes.append(_("The first run is the later one: read new as fixed, and fixed as new."))
    if before.run.rules.digest != after.run.rules.digest:
        notes.append(_("The rules changed between the runs: some differences may come from them, not from the hosts."))
    earlier = _Sight(before, after)
    if count := sum(bool(earlier.blind(finding)) for finding in result.new):
        text = ngettext(
            "{count} new finding was not decided in the first run: it may be older than it looks.",
            "{count} new findings were not decided in the first run: they may be older than they look.",
            count,
        )
        notes.append(text.format(count=count))
    return notes
