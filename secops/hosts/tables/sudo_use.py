"""When each local account last used a right to act as another, and for how long it certainly did not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from secops.hosts.evidence import Evidence, Problem, Status
from secops.hosts.tables import Built, Column, Row, Table
from secops.hosts.tables._sudo import EXTRA_SECTIONS, read_policy
from secops.hosts.tables._sudo import SECTIONS as POLICY
from secops.hosts.tables.users import PASSWD, passwd_lines
from secops.hosts.usage.event import Event
from secops.hosts.usage.reach import PERIODS, Reach, Span
from secops.hosts.usage.records import USES, Record, other_hosts, read_records
from secops.hosts.usage.sections import AUTH_JOURNAL, AUTH_LOGS

_PROGRAMS = tuple(dict.fromkeys(USES.values()))
_MAX_TARGETS = 20
_JSON = ("log_format", "json")


@dataclass(frozen=True)
class _Logging:
    """Where sudo tells of what it allows: in syslog, in a file of its own; and why that is not known."""

    syslog: bool
    logfile: str | None
    doubts: tuple[Problem, ...]


def build(evidence: Evidence) -> Built:
    built = Built()
    records, now = read_records(evidence, built)
    if not records and not built.problems:
        built.lack("no log of logins is there", Status.ABSENT)
    others = [*other_hosts(records)]
    spans = [(record.name, record.uses_since, record.until) for record in records if record.general and not others]
    logging = _logging(evidence)
    reach = dict.fromkeys(_PROGRAMS, Reach.of(spans, now)) | {"sudo": _of_sudo(records, spans, logging, now)}
    accounts = {fields[0]: fields[2] for _, fields in passwd_lines(evidence, built)}
    roots = {name for name, uid in accounts.items() if int(uid) == 0}
    events = [event for record in records for event in record.events]
    granted, uses = _granted(events), _uses(events)
    for name in accounts:
        when = max(granted.get(name, 0), granted.get("*", 0)) or None
        for program in _PROGRAMS:
            row = _row(uses.get((name, program), []), reach[program], roots)
            built.rows.append({"user_name": name, "program": program, **row, "granted": when})
    _judge(built, reach["sudo"], [*others, *logging.doubts])
    return built


def _logging(evidence: Evidence) -> _Logging:
    """What Defaults say of sudo's logs. A setting for some counts as one for all."""
    policy = Built()
    settings = read_policy(evidence, policy).settings
    problems = [problem for section in POLICY if (problem := evidence.problem(section))] + policy.problems
    syslog, logfile = True, None
    for setting in settings:
        if setting.name == "syslog":
            syslog = not setting.negated and setting.value in (None, "auth", "authpriv")
        elif setting.name == "logfile":
            logfile = None if setting.negated else setting.value
        elif (setting.name == "log_allowed" and setting.negated) or (setting.name, setting.value) == _JSON:
            problems.append(Problem(Status.FAILED, "sudo is set to log in a way that is not read here"))
    return _Logging(syslog, logfile, tuple(problems))


def _of_sudo(records: Iterable[Record], spans: Sequence[Span], logging: _Logging, now: int) -> Reach:
    """sudo writes its own file whenever it is used: it tells of everything up to now."""
    own = [(record.name, record.since, now) for record in records if record.name == logging.logfile]
    return Reach.of([] if logging.doubts else [*(spans if logging.syslog else ()), *own], now)


def _uses(events: Iterable[Event]) -> dict[tuple[str, str], list[Event]]:
    """The uses by account and program."""
    uses: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        if event.what == "use":
            uses.setdefault((event.user, USES[event.how]), []).append(event)
    return uses


def _granted(events: Iterable[Event]) -> dict[str, int]:
    """When each account, or with `*` any of them, was made or put into a group for the last time."""
    granted: dict[str, int] = {}
    for event in events:
        if event.what in ("granted", "made"):
            granted[event.user] = max(event.time, granted.get(event.user, 0))
    return granted


def _row(uses: Sequence[Event], reach: Reach, roots: set[str]) -> Row:
    last = max(uses, key=lambda use: use.time, default=None)
    counts: Counter[tuple[str, str]] = Counter()
    for use in uses:
        counts[use.record, use.how] += use.count
    targets = {use.target for use in uses}
    return {
        "last_use": last.time if last else None,
        "uses": max(counts.values(), default=0),  # several records, and two kinds of lines, tell of the same
        "as_root": True if targets & roots else None if "?" in targets else False,
        "targets": sorted(targets - {"?"})[:_MAX_TARGETS],
        "record": last.record if last else None,
        "record_since": reach.since,
        "record_days": reach.days,
        "idle_days": reach.idle(last.time if last else None),
    }


def _judge(built: Built, reach: Reach, doubts: Sequence[Problem]) -> None:
    """Say of each part why it is not known who used sudo."""
    last = [row["last_use"] for row in built.rows if row["program"] == "sudo"]
    for part, days in PERIODS.items():
        built.part_problems[part] = list(doubts)
        if not doubts and not all(reach.decides(days, use) for use in last):
            built.lack(reach.shortfall(days), part=part)


TABLE = Table(
    name="sudo_use",
    doc="What logs tell of the use of rights: one row for each local account and each of sudo, su, doas and pkexec. "
    "Listing rights, wrong passwords and refusals are no use. A part is whole when it is known of each account whether "
    "it used sudo within 90 (`quarter`) or 180 (`half_year`) days.",
    columns=(
        Column("user_name", "text", "login name"),
        Column("program", "text", "sudo, su, doas or pkexec"),
        Column("last_use", "integer", "the last time that it was allowed; NULL: none on record", "seconds since 1970"),
        Column("uses", "integer", "how often, as far as logs are kept", "times"),
        Column("as_root", "boolean", "also as root; NULL when it is not known of some use"),
        Column("targets", "text[]", f"the accounts that were acted as, {_MAX_TARGETS} at the most"),
        Column("record", "text", "the log that tells of the last use: a file, or journal"),
        Column(
            "record_since", "integer", "since when all uses are on record without a gap; NULL: they are not",
            "seconds since 1970",
        ),
        Column("record_days", "integer", "the same, back from the host's own clock (of an image: its newest log)",
               "days"),
        Column(
            "idle_days", "integer",
            "for so long there certainly was no use: back to the last one, but no further than the record; NULL "
            "without a record", "days", parts=tuple(PERIODS),
        ),
        Column(
            "granted", "integer",
            "when the account was made or put into a group, as logs tell: rights by groups may be as new",
            "seconds since 1970",
        ),
    ),
    sections=(PASSWD,),
    build=build,
    parts=dict.fromkeys(PERIODS, ()),
    extra_sections=(AUTH_LOGS, AUTH_JOURNAL, *POLICY, *EXTRA_SECTIONS),
)  # fmt: skip
