"""Fleets judged in one go, and the program itself in a process of its own: for tests from end to end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from secops.core.content import shipped
from secops.core.finding import Verdict
from secops.core.progress import Progress
from secops.core.report import Report
from secops.hosts.evidence import Evidence
from secops.hosts.held import Held
from secops.hosts.snapshot import Spooled, observe, spool, spool_late
from secops.hosts.tables import Facts
from secops.passwords.audit import Mac, Past
from secops.passwords.auditor import Auditor
from secops.passwords.candidates import Candidates
from secops.passwords.wordlists import load
from secops.patches.basis import Basis, late_tables
from secops.patches.shelf import Feed, Release
from secops.posture.findings import findings
from secops.posture.gather import work_out
from secops.posture.isolation import judge
from secops.posture.judge import Source
from secops.posture.rule import Rule, load_rules
from secops.privilege.fleet.fleet import Fleet
from tests.testroot import TestHost

#: The folder that holds the package.
HERE = Path(__file__).resolve().parents[2]


TODAY = datetime.now(UTC).date()

#: Feeds of today that know of no flaw: of Debian 12, KEV and EPSS.
FEEDS = [
    msgspec.structs.replace(
        Feed(name="tracker", format="debian-tracker", source="", digest="", as_of=TODAY, imported_at=""), **more
    )
    for more in (
        {"releases": [Release("debian", "12", 1, 1000, advisories=1000)]},
        {"name": "kev", "exploited": True, "whole": True},
        {"name": "epss", "scored": True, "whole": True},
    )
]


@dataclass
class Judged:
    """What one host got: (verdict, reason) by rule, and findings as (rule, key, message)."""

    verdicts: dict[str, tuple[Verdict, str]] = field(default_factory=dict)
    findings: set[tuple[str, str, str]] = field(default_factory=set)

    def of(self, *wanted: Verdict) -> set[str]:
        """The rules with one of these verdicts."""
        return {rule for rule, (verdict, _) in self.verdicts.items() if verdict in wanted}


def shipped_rules(*, without: str = "roles") -> dict[str, Rule]:
    """All but those of an area: of roles nothing is declared."""
    rules = load_rules([shipped("rules") / "posture"])
    return {name: rule for name, rule in rules.rules.items() if rules.files[name].area != without}


def judged(fleet: Mapping[str, Evidence], rules: Mapping[str, Rule], scratch: Path) -> dict[str, Judged]:
    """Every rule on every host of the fleet, whose names become their identities."""
    spools = spooled(fleet.items(), scratch)
    source = Source(spools=[s.path for s in spools], widest=max(s.widest for s in spools))
    outcomes = list(judge(source, list(rules.values()), hosts=len(spools)))
    found = {name: Judged() for name in fleet}
    for outcome in outcomes:
        for verdict, reason, hosts in outcome.hosts:
            for host in hosts:
                found[host].verdicts[outcome.rule] = (verdict, reason)
    for finding in findings(outcomes, rules, {}, "en"):
        key = msgspec.json.encode(finding.key, order="deterministic").decode()
        found[finding.host].findings.add((finding.rule, key, finding.message))
    return found


def spooled(fleet: Iterable[tuple[str, Evidence]], scratch: Path) -> list[Spooled]:
    """The spools of hosts, named as given, with what passwords and paths to root say of each by itself."""
    scratch.mkdir(exist_ok=True)
    candidates, known = Candidates(load(), 2026), dict[str, Past]()
    auditor = Auditor(lambda: candidates, 0, Mac(b"k" * 32), recall=lambda _: known, keep=known.update)
    spools = []
    for number, (name, evidence) in enumerate(fleet):
        facts = observe(evidence, name, work_out)
        early, position = spool(facts, name, scratch / f"{number}.gz"), Fleet().position(facts.tables)
        late = _audited(auditor, name, facts.held) | Fleet().tables({name: position})[name]
        late |= late_tables(Basis.of(facts.tables), FEEDS, TODAY)
        spools.append(spool_late(early, name, late))
    return spools


def _audited(auditor: Auditor, host: str, held: Held) -> dict[str, Facts]:
    """The late tables of a host. What hosts before it had needs no time; what is new gets as long as it takes."""
    late = {}
    for auditor.seconds in (0.1, *[2] * 20):
        late = auditor({host: held}, Progress(quiet=True))[host]
        if all(row["result"] != "not_tried" for table in late.values() for row in table.rows):
            break
    return late


def command(*args: str | Path) -> list[str]:
    return [sys.executable, "-m", "secops", *map(str, args)]


def environment(home: Path, **env: str) -> dict[str, str]:
    """What the program needs, its own folder, English, and what `env` says."""
    inherited = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR")}
    return {**inherited, "CITYWALL_HOME": str(home), "LANG": "C.UTF-8", **env}


def citywall(home: Path, *args: str | Path, prefix: Sequence[str] = (), **env: str) -> subprocess.CompletedProcess[str]:
    """Run `citywall`, under `prefix` if there is one."""
    return subprocess.run(
        [*prefix, *command(*args)],
        env=environment(home, **env),
        cwd=HERE,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def reported(done: subprocess.CompletedProcess[str]) -> Report:
    """The JSON report on standard output."""
    return msgspec.json.decode(done.stdout, type=Report)


def as_on(host: TestHost, folder: Path) -> list[str]:
    """A prefix under which `citywall` takes the test host for the machine it runs on.

    It gets a mount namespace of its own, in which this machine's sh is a door: it starts the host's sh on the host.
    """
    door = folder / "door"
    door.write_text(
        f"#!{sys.executable}\nimport os, sys\nos.execvp('nsenter', {host.command('sh')!r} + sys.argv[1:])\n"
    )
    door.chmod(0o755)
    mount = 'mount --bind "$1" "$(readlink -f /bin/sh)" && shift && exec "$@"'
    return ["unshare", "--mount", "--", "/bin/sh", "-c", mount, "sh", str(door)]
