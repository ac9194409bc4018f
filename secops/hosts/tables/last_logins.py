"""When each local account last logged in, and for how long it certainly did not."""

from __future__ import annotations

from collections.abc import Iterator

from secops.hosts.evidence import Evidence, Problem, Status
from secops.hosts.tables import Built, Column, Row, Table, hosts, shadow_meta, sshd_effective
from secops.hosts.tables.users import NO_LOGIN, PASSWD, passwd_lines
from secops.hosts.usage.clock import DAY
from secops.hosts.usage.event import TERMINAL, Event
from secops.hosts.usage.reach import PERIODS, Reach
from secops.hosts.usage.records import Record, other_hosts, read_records
from secops.hosts.usage.sections import AUTH_JOURNAL, AUTH_LOGS
from secops.hosts.usage.terminal import LASTLOG2, LOGIN_RECORDS, terminal_logins

#: Levels at which sshd does not tell who came in.
_SILENT = frozenset({"quiet", "fatal", "error"})


def build(evidence: Evidence) -> Built:
    built = Built()
    records, now = read_records(evidence, built)
    doubts = [*_doubts(evidence, records)]
    spans = [(record.name, record.since, record.until) for record in records if record.general and not doubts]
    reach = Reach.of(spans, now)
    if not records and not built.problems:
        built.lack("no log of logins is there", Status.ABSENT)
    logins, made = _newest(evidence, records, built)
    changed = _changed(evidence, now)
    undecided = set()
    for name, shell in {fields[0]: fields[6] for _, fields in passwd_lines(evidence, built)}.items():
        login = logins.get(name)
        signs = (login.time if login else None, made.get(name), changed.get(name))
        built.rows.append(_row(name, login, reach, signs))
        if shell.rsplit("/", 1)[-1] not in NO_LOGIN:
            undecided |= {part for part, days in PERIODS.items() if not reach.decides(days, *signs)}
    for part, days in PERIODS.items():
        built.part_problems[part] = list(doubts)
        if part in undecided and not doubts:
            built.lack(reach.shortfall(days), part=part)
    return built


def _newest(evidence: Evidence, records: list[Record], built: Built) -> tuple[dict[str, Event], dict[str, int]]:
    """The last login of each account, and when accounts were made."""
    events = [event for record in records for event in record.events]
    made = {event.user: event.time for event in events if event.what == "made"}
    logins = [event for event in (*events, *terminal_logins(evidence, built)) if event.what == "login"]
    return {event.user: event for event in sorted(logins, key=_telling)}, made


def _telling(login: Event) -> tuple[int, bool, bool]:
    """The later, and of two records of one login the one that tells more."""
    return login.time, login.how != TERMINAL, login.address != ""


def _changed(evidence: Evidence, now: int) -> dict[str, int]:
    """When each account's password was last set, which is also when it was made, if that was later."""
    rows = shadow_meta.build(evidence).rows
    days = {row["user_name"]: row.get("last_change") or 0 for row in rows}
    return {name: day * DAY for name, day in days.items() if 0 < day * DAY <= now}


def _row(name: str, login: Event | None, reach: Reach, signs: tuple[int | None, ...]) -> Row:
    return {
        "user_name": name,
        "last_login": login.time if login else None,
        "via": login.how if login else None,
        "address": login.address or None if login else None,
        "record": login.record if login else None,
        "record_since": reach.since,
        "record_days": reach.days,
        "idle_days": reach.idle(*signs),
    }


def _doubts(evidence: Evidence, records: list[Record]) -> Iterator[Problem]:
    """Why nobody can be said to have been away: logins that no log tells of, lines of others, accounts of any age."""
    if problem := evidence.problem(shadow_meta.SHADOW):
        yield problem
    if hosts.build(evidence).rows[0]["has_pam"] is not True:
        yield Problem(Status.ABSENT, "without PAM nothing tells of logins at the console")
    settings = sshd_effective.build(evidence).rows
    silent = any(row["key"] == "loglevel" and str(row["value"]).lower() in _SILENT for row in settings)
    if silent and any(row["key"] == "usepam" and row["value"] != "yes" for row in settings):
        yield Problem(Status.ABSENT, "sshd is set to log no logins")
    yield from other_hosts(records)


_PARTS = tuple(PERIODS)

TABLE = Table(
    name="last_logins",
    doc="The last login of each local account, from the journal and text logs (sshd, su and sessions of PAM, read back "
    "as far as they are kept; of text logs the newest 64 MiB) and from the records of logins with a terminal (lastlog, "
    "lastlog2, wtmp). That there was none is told by the logs alone, which also know logins without a terminal. A part "
    "is whole when it is known of each account with a shell whether it logged in within 90 (`quarter`) or 180 "
    "(`half_year`) days.",
    columns=(
        Column("user_name", "text", "login name"),
        Column("last_login", "integer", "the last login, also by su; NULL: none on record", "seconds since 1970"),
        Column(
            "via", "text", "ssh, console, terminal (of a kind not known), su, or the PAM service; NULL without login"
        ),
        Column("address", "text", "remote address, as recorded; NULL when none was"),
        Column("record", "text", "what tells of it: a log, journal, wtmp, lastlog, lastlog2"),
        Column(
            "record_since", "integer", "since when all logins are on record without a gap; NULL: they are not",
            "seconds since 1970",
        ),
        Column("record_days", "integer", "the same, back from the host's own clock (of an image: its newest log)",
               "days"),
        Column(
            "idle_days", "integer",
            "for so long the account certainly did not log in: back to the last login, but no further than the record, "
            "the making of the account and the last change of its password; NULL without a record", "days",
            parts=_PARTS,
        ),
    ),
    sections=(PASSWD, LOGIN_RECORDS, LASTLOG2),
    build=build,
    parts=dict.fromkeys(PERIODS, ()),
    extra_sections=(
        AUTH_LOGS, AUTH_JOURNAL, shadow_meta.SHADOW, *hosts.TABLE.sections, *sshd_effective.TABLE.extra_sections
    ),
)  # fmt: skip
