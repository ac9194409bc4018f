"""Logs as records: since when one tells of every login and every use of a right, until when, and what it tells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, timezone
from posixpath import split

from secops.hosts.evidence import Evidence, Problem, Status
from secops.hosts.tables import Built
from secops.hosts.tables.users import passwd_lines
from secops.hosts.usage.clock import DAY, moment, offset
from secops.hosts.usage.event import CONSOLE, SSH, SU, Event
from secops.hosts.usage.lines import NO_LOGIN
from secops.hosts.usage.sections import AUTH_JOURNAL, AUTH_LOGS, LOGS

JOURNAL, MESSAGES = "journal", "/var/log/messages"

#: journald keeps what accounts did in files of their own, each of up to a month (MaxFileSec), and removes the oldest
#: file first: of an account it may know a month less than of the system.
_SPLIT = 31 * DAY

_NUMBER = re.compile("[0-9]{1,12}")
_ROTATED = re.compile(r"[.-][0-9].*$", re.DOTALL)
_COUNTED = re.compile(r"\.([0-9]{1,4})(\.[a-z0-9]+)?$")

#: Services whose sessions are no login, or one by su.
_NO_LOGIN = frozenset({*NO_LOGIN, "su", "su-l", ""})
_BY = re.compile(r"([^(]*)\(uid=([0-9]+)\)")
_UNKNOWN = "UNKNOWN"  # sshd's word where it was not started by a connection
_CONSOLES = ("login", "remote", "gdm", "lightdm", "sddm", "xdm", "kde")

#: Lines that tell of the use of a right, by the program. One use of su may be told by both kinds of its lines.
USES: Mapping[str, str] = {"sudo": "sudo", "su": "su", "su_session": "su", "doas": "doas", "pkexec": "pkexec"}


@dataclass
class Record:
    """One log with what rotation made of it, or the journal. Times are seconds since 1970.

    From `since` to `until` it tells of every login; `since` is None when it tells of none for certain.
    """

    name: str
    since: int | None = None
    until: int = 0
    events: list[Event] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    @property
    def general(self) -> bool:
        """Whether it tells of all programs, and not of sudo alone."""
        return self.name in (*LOGS, JOURNAL)

    @property
    def uses_since(self) -> int | None:
        """The same of what accounts do themselves, as sudo."""
        return self.since + _SPLIT if self.since and self.name == JOURNAL else self.since


@dataclass
class Log:
    """One file of a log, or the journal, as the sections tell of it. `times` begin with its ends."""

    path: str
    mtime: int
    read: str
    limit: int = 0
    lines: int = 0
    times: list[str] = field(default_factory=list)
    told: list[list[str]] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)


@dataclass
class Answer:
    """What a section gave: logs in order, the host's clock, and when a daemon last wrote another log."""

    logs: list[Log] = field(default_factory=list)
    now: int | None = None
    zone: timezone = UTC
    alive: int = 0


def read_records(evidence: Evidence, built: Built) -> tuple[list[Record], int]:
    """The records of logins of a host, and what time it is there (0 when not known). Lacks are told to `built`."""
    for section in (AUTH_LOGS, AUTH_JOURNAL):
        problem = evidence.problem(section)
        if problem and not (section is AUTH_JOURNAL and problem.status is Status.ABSENT):
            built.problems.append(problem)
    logs, journal = _answer(evidence, AUTH_LOGS.name), _answer(evidence, AUTH_JOURNAL.name)
    names: dict[str, list[str]] = {}
    for _, fields in passwd_lines(evidence):
        names.setdefault(f"#{fields[2]}", []).append(fields[0])
    now = logs.now or journal.now or 0
    return [*_of_logs(logs, now + DAY, names), *_of_journal(journal, now + DAY, names)], now


def other_hosts(records: Iterable[Record]) -> Iterator[Problem]:
    """Of which logs it cannot be told whether this host is meant."""
    for record in records:
        if len(record.hosts - {"localhost"}) > 1:
            yield Problem(Status.FAILED, f"{record.name} holds lines of other hosts")


def _answer(evidence: Evidence, section: str) -> Answer:
    """What the section says. Nothing when it was cut off: what is missing could be what matters."""
    answer, log = Answer(), Log("", 0, "")
    if evidence[section].status not in (Status.OK, Status.DENIED):
        return answer
    for line in evidence[section].only.lines:
        match line.split("\t"):
            case ["now", clock, zone]:
                answer.now = int(clock) if _NUMBER.fullmatch(clock) else None
                answer.zone = offset(zone)
            case ["alive", time] if _NUMBER.fullmatch(time):
                answer.alive = max(answer.alive, int(time))
            case ["log", mtime, read, path] if _NUMBER.fullmatch(mtime):
                log = Log(path, int(mtime), read)
                answer.logs.append(log)
            case ["journal", first, last, limit] if _NUMBER.fullmatch(limit):
                log = Log(JOURNAL, 0, "whole", int(limit), times=[first, last])
                answer.logs.append(log)
            case fields:
                _add(log, fields)
    return answer


def _add(log: Log, fields: list[str]) -> None:
    match fields:
        case ["=", time]:
            log.times.append(time)
        case ["lines", number] if _NUMBER.fullmatch(number):
            log.lines = int(number)
        case ["broken"]:
            log.read = "unread"
        case ["host", name]:
            log.hosts.add(name.strip().partition(".")[0].lower())
        case [_, _, _, count, _, _] if _NUMBER.fullmatch(count):
            log.told.append(fields)


def _of_logs(answer: Answer, latest: int, names: Mapping[str, list[str]]) -> Iterator[Record]:
    """One record for each log. /var/log/messages is one of logins only where these go to no log of their own."""
    families: dict[str, list[Log]] = {}
    for log in answer.logs:
        folder, name = split(log.path)
        families.setdefault(f"{folder}/{_ROTATED.sub('', name)}", []).append(log)
    apart = bool(families.keys() & {*LOGS} - {MESSAGES})
    alive = max(answer.alive, *(log.mtime for log in families.get(MESSAGES, ()) if apart), 0)
    for name, logs in families.items():
        since, until = _ends(logs, latest, answer.zone)
        events = [event for log in logs for event in _events(log, name, latest, answer.zone, names)]
        if name == MESSAGES and (apart or not any(event.what == "login" and event.how != SU for event in events)):
            since = None  # su writes there on many hosts, sshd does not
        if name in LOGS and until:
            until = max(until, min(alive, latest))
        yield Record(name, since, until, events, {host for log in logs for host in log.hosts})


def _ends(logs: Iterable[Log], latest: int, zone: timezone) -> tuple[int | None, int]:
    """Since when and until when the files, the newest first, tell of everything: up to the first that is missing."""
    since, until, number = None, 0, 0
    for log in logs:
        last = moment(log.times[-1] if log.times else "", latest, zone) or 0
        until = max(until, last)
        counted = _COUNTED.search(log.path)
        if log.read == "unread" or (counted and int(counted[1]) > number + 1):
            break
        number = int(counted[1]) if counted else number
        if log.lines:
            first = moment(log.times[0], last, zone) if last else None
            if first is None:
                break
            since = min(first, since or first)
        if log.read == "cut":
            break
    return since, until


def _of_journal(answer: Answer, latest: int, names: Mapping[str, list[str]]) -> Iterator[Record]:
    for log in answer.logs:
        first, last, oldest, *_ = [*log.times, "", "", ""]
        if log.limit and log.lines >= log.limit:
            first = oldest  # there are older ones, that were not asked for
        since, until = (moment(time, latest, answer.zone) for time in (first, last))
        yield Record(JOURNAL, since, until or 0, [*_events(log, JOURNAL, latest, answer.zone, names)])


def _events(log: Log, record: str, latest: int, zone: timezone, names: Mapping[str, list[str]]) -> Iterator[Event]:
    """What a file tells, by the names of accounts. A time that is none is taken for that of the file's end."""
    end = moment(log.times[-1] if log.times else "", latest, zone) or min(log.mtime, latest)
    for kind, user, target, count, text, address in log.told:
        time = moment(text, end, zone) or end
        for name in names.get(user, [user]):
            if kind == "ssh":
                yield Event("login", SSH, name, time, record, address="" if address == _UNKNOWN else address)
            elif kind == "session":
                yield from _session(target.split(" "), name, time, record, int(count), names)
            elif kind in ("granted", "made"):
                yield Event(kind, "", name, time, record)
            elif kind in USES:
                yield Event("use", kind, name, time, record, target, count=int(count))
                if kind == "su":
                    yield Event("login", SU, target, time, record)


def _session(
    told: list[str], user: str, time: int, record: str, count: int, names: Mapping[str, list[str]]
) -> Iterator[Event]:
    """What a session of PAM tells, of `tag service by`: a login, or by whom su was used. Of others' tags nothing."""
    tag, service, by = told if len(told) == 3 else ("", "", "")
    found = _BY.fullmatch(by)
    if tag == "su" and service in ("su", "su-l"):
        yield Event("login", SU, user, time, record)
        for name in [found[1]] if found and found[1] else names.get(f"#{found[2]}", []) if found else []:
            yield Event("use", "su_session", name, time, record, user, count=count)
    elif service not in _NO_LOGIN and (tag.startswith(service) or service.startswith(tag) or tag == "login"):
        how = SSH if service == "sshd" else CONSOLE if service.startswith(_CONSOLES) else service
        yield Event("login", how, user, time, record)
