"""All shipped rules over a synthetic fleet of 1, 100, 1,000 and 5,000 hosts: how time and memory grow."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

#: Hosts, and packages on each.
SIZES = (1, 100, 1000, 5000)
PACKAGES = 500


def lines() -> list[str]:
    """The report of this benchmark."""
    rows = [_one(size) for size in SIZES]
    base = rows[0]
    out = [
        f"## {base['rules']} rules over a synthetic fleet, {PACKAGES} packages a host",
        "",
        "Judging: load the tables of all hosts and evaluate every rule. Growth is against one host, per host: 1.0",
        "would be linear.",
        "",
        "| hosts | package rows | load s | rules s | peak MB | time per host, of one host's |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        growth = (row["load"] + row["rules_s"]) / row["hosts"] / (base["load"] + base["rules_s"])
        out.append(
            f"| {row['hosts']:,} | {row['hosts'] * PACKAGES:,} | {row['load']:.2f} | {row['rules_s']:.2f} "
            f"| {row['peak']:.0f} | {growth:.4f} |"
        )
    return out


def _one(size: int) -> dict[str, float]:
    """One size in a process of its own, so that its peak memory is its own."""
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.fleet", str(size), scratch], check=True, capture_output=True, text=True
        )
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _run(size: int, scratch: Path) -> dict[str, float]:
    """Spool `size` hosts made from this machine's own facts, then judge them; seconds and MB."""
    import resource
    import time

    from secops.core.content import shipped
    from secops.hosts.carriers.local import Local
    from secops.hosts.snapshot import observe, spool
    from secops.posture.isolation import judge
    from secops.posture.judge import Source
    from secops.posture.rule import load_rules
    from secops.privilege.ways import privileges

    rules = list(load_rules([shipped("rules") / "posture"]).rules.values())
    facts = observe(Local().collect(), more=privileges)
    packages = (list(facts.tables["packages"].rows) * PACKAGES)[:PACKAGES]
    facts.tables["packages"] = type(facts.tables["packages"])(packages, facts.tables["packages"].problems)
    spools = [spool(facts, f"host{n}", scratch / f"{n}.gz") for n in range(size)]
    source = Source(spools=[s.path for s in spools], widest=max(s.widest for s in spools))

    started = time.monotonic()
    marks: list[float] = []
    for _ in judge(source, rules, hosts=size, on_loaded=lambda: marks.append(time.monotonic())):
        pass
    ended = time.monotonic()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"hosts": size, "rules": len(rules), "load": marks[0] - started, "rules_s": ended - marks[0], "peak": peak}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_run(int(sys.argv[1]), Path(sys.argv[2]))))
