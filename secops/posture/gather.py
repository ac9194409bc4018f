"""Asking hosts: each answers, is spooled, and is called by an identity that is settled when all have answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from secops.core.folder import writing
from secops.core.i18n import _, ngettext
from secops.core.progress import Progress
from secops.core.report import HostReport, Os
from secops.hosts.carriers import Carrier
from secops.hosts.carriers.fleet import ask_all
from secops.hosts.evidence import Evidence, Problem, Status
from secops.hosts.held import Held
from secops.hosts.identity import settle
from secops.hosts.snapshot import HostFacts, Spooled, observe, spool, spool_late
from secops.hosts.tables import Facts, registry
from secops.patches.basis import Basis, digest, late_tables
from secops.patches.pending import pending
from secops.patches.shelf import Feed
from secops.privilege.fleet.fleet import Fleet, Position
from secops.privilege.ways import privileges

#: What tries passwords: what each host holds in, the late tables of each host out.
Audit = Callable[[Mapping[str, Held], Progress], Mapping[str, Mapping[str, Facts]]]


#: What is told of a host that did not answer: its label, and what to do.
Advise = Callable[[str, str], None]


def no_audit(hosts: Mapping[str, Held], progress: Progress) -> dict[str, dict[str, Facts]]:  # noqa: ARG001 - an Audit
    """An audit that tries nothing, and says so."""
    lack = [Problem(Status.ABSENT, "passwords were not tried")]
    late = {
        name: Facts([], {"": lack, **dict.fromkeys(table.parts, lack)})
        for name, table in registry().items()
        if table.late == "passwords"
    }
    return dict.fromkeys(hosts, late)


def work_out(evidence: Evidence, tables: Mapping[str, Facts]) -> dict[str, Facts]:
    """The tables that other rooms work out of one host's own."""
    return {**privileges(evidence, tables), **pending(evidence, tables)}


class Seen(msgspec.Struct, frozen=True):
    """A host that answered (its spool and what the report says of it) or did not (`unreachable`).

    `claim` is who it says it is; who it is in this run is in `report` and `spooled`. `position` and `basis` are for the
    tables over all hosts, `logins` are its accounts, None when they are not all known.
    """

    claim: str
    report: HostReport
    family: str | None = None
    spooled: Spooled | None = None
    held: Held = Held()
    position: Position | None = None
    basis: Basis = Basis("", "")
    logins: frozenset[str] | None = None


def gather(
    carriers: Sequence[Carrier],
    directory: Path,
    audit: Audit,
    fleet: Fleet,
    advise: Advise,
    progress: Progress,
) -> list[Seen]:
    """Ask every host and spool its tables below `directory`. Gives the hosts as they were named.

    What hangs on feeds is still to come: see `with_feeds`.
    """
    seen = _ask(carriers, directory, fleet, advise, progress)
    late = audit({one.report.host: one.held for one in seen if one.spooled}, progress)
    progress.step(_("working out paths to root"))
    over = fleet.tables({one.report.host: one.position for one in seen if one.position})
    hosts = [one.report.host for one in seen]
    return [
        _completed(one, {**late[host], **over[host]}) if one.spooled else one
        for host, one in zip(hosts, seen, strict=True)
    ]


def with_feeds(seen: Sequence[Seen], feeds: Sequence[Feed]) -> list[Seen]:
    """The hosts with the tables that hang on the feeds."""
    today = datetime.now(UTC).date()
    return [_with_feeds(one, feeds, today) if one.spooled else one for one in seen]


def _with_feeds(seen: Seen, feeds: Sequence[Feed], today: date) -> Seen:
    late = late_tables(seen.basis, feeds, today)
    seen = _completed(seen, late)
    assert seen.spooled  # noqa: S101 - callers look first
    digests = seen.spooled.digests
    pending = dict.fromkeys((name for name, facts in late.items() if facts.pending), digest(digests, feeds, today))
    return msgspec.structs.replace(seen, spooled=msgspec.structs.replace(seen.spooled, digests={**digests, **pending}))


def _completed(seen: Seen, late: Mapping[str, Facts]) -> Seen:
    """The host with tables that could be filled only now."""
    assert seen.spooled  # noqa: S101 - callers look first
    path = Path(seen.spooled.path)
    with writing(path.parent.parent):
        spooled = spool_late(seen.spooled, path.name, late)
    report = msgspec.structs.replace(seen.report, not_seen={**seen.report.not_seen, **_not_seen(late)})
    return msgspec.structs.replace(seen, spooled=spooled, report=report, held=Held(), position=None)


def _ask(carriers: Sequence[Carrier], directory: Path, fleet: Fleet, advise: Advise, progress: Progress) -> list[Seen]:
    """Ask every host, some at a time, and spool each answer as it comes."""
    progress.step(_("collecting"), total=len(carriers))
    seen: dict[int, Seen] = {}
    with closing(ask_all(carriers, lambda carrier: observe(carrier.collect(), carrier.name, work_out))) as answers:
        for at, answer in answers:
            if isinstance(answer, HostFacts):
                seen[at] = _spooled(answer, directory / f"{at}.ndjson.gz", fleet)
            else:
                label = carriers[at].label
                host = carriers[at].name or label
                advise(label, answer.hint)
                seen[at] = Seen(host, HostReport(host=host, name=host, label=label, unreachable=answer.what))
            progress.advance()
    in_order = [seen[at] for at in range(len(carriers))]
    settled = settle([carrier.name or carrier.label for carrier in carriers], [one.claim for one in in_order])
    return [_called(one, host) for one, host in zip(in_order, settled, strict=True)]


def _spooled(facts: HostFacts, path: Path, fleet: Fleet) -> Seen:
    """A host that answered. Its spool goes by the file's name until its identity is settled."""
    with writing(path.parent.parent):
        spooled = spool(facts, path.name, path)
    row = next(iter(facts.tables["hosts"].rows), {})
    report = HostReport(
        host=facts.host,
        name=row.get("name") or facts.label,
        carrier=row.get("carrier") or "",
        label=facts.label,
        as_root=bool(row.get("as_root")),
        os=Os(row.get("os_id") or "", row.get("os_version") or "", row.get("os_name") or ""),
        not_seen=_not_seen(facts.tables),
    )
    held, position, basis = facts.held, fleet.position(facts.tables), Basis.of(facts.tables)
    return Seen(facts.host, report, row.get("family"), spooled, held, position, basis, position.logins)


def _not_seen(tables: Mapping[str, Facts]) -> dict[str, str]:
    """What is not whole, a table or a part of it, with the first reason."""
    return {
        f"{table}.{part}" if part else table: problems[0].reason
        for table, facts in tables.items()
        for part, problems in facts.problems.items()
        if problems and (not part or not facts.problems[""])
    }


def _called(seen: Seen, host: str) -> Seen:
    """The host under its settled identity."""
    report = msgspec.structs.replace(seen.report, host=host)
    spooled = msgspec.structs.replace(seen.spooled, host=host) if seen.spooled else None
    return msgspec.structs.replace(seen, report=report, spooled=spooled)


def disputed(seen: Iterable[Seen]) -> list[str]:
    """Notes on the identities that several hosts claim."""
    notes = []
    for claim, hosts in Counter(one.claim for one in seen if one.claim != one.report.host).items():
        text = ngettext(
            "{count} host claims to be {claim}, as another is called: it is judged under a name of its own"
            " ({claim}@…), and the waivers and history of {claim} do not count for it.",
            "{count} hosts claim to be {claim}: each is judged under a name of its own ({claim}@…), and the waivers"
            " and history of {claim} do not count for them.",
            hosts,
        )
        notes.append(text.format(count=hosts, claim=claim))
    return notes
