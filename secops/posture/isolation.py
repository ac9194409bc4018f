"""Untrusted rules run in a process of their own: limited in memory and time, killed and replaced when they overstay."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

import msgspec

from secops.core.errors import CitywallError, UsageError
from secops.core.finding import Verdict
from secops.core.i18n import _
from secops.hosts.tables import Column, registry
from secops.posture.evaluate import Outcome
from secops.posture.judge import MAX_ANSWER, Answer, Request, Source
from secops.posture.rule import Rule

#: Address space of a judging process: DuckDB's own limit does not hold for every function.
MEMORY = 3 << 30
MEMORY_PER_HOST = 1 << 20

#: Seconds for one rule over all hosts, and for loading the tables.
RULE_SECONDS = 10.0
RULE_SECONDS_PER_HOST = 0.005
LOAD_SECONDS = 60.0
LOAD_SECONDS_PER_HOST = 0.2


class JudgingError(CitywallError):
    """The judging process could not load the tables."""


def judge(
    source: Source,
    rules: Sequence[Rule],
    *,
    reload: Source | None = None,
    hosts: int = 1,
    rule_seconds: float = 0,
    on_loaded: Callable[[], None] = lambda: None,
) -> Iterator[Outcome]:
    """One outcome per rule, in order. A rule that overstays or breaks the process is `error` on every host.

    `reload` is where a second process finds the tables when the first one was killed.
    """
    for rule, value, error, known in _run("judge", source, rules, reload or source, hosts, rule_seconds, on_loaded):
        if error:
            yield Outcome(rule.id, [(Verdict.ERROR, error, known)], [])
        else:
            yield msgspec.convert(value, Outcome)


def rule_faults(rules: Sequence[Rule], *, run_tests: bool, rule_seconds: float = 0) -> Iterator[tuple[Rule, list[str]]]:
    """What the judging process finds wrong with each rule's SQL and, with `run_tests`, its tests."""
    op = "test" if run_tests else "lint"
    for rule, value, error, _hosts in _run(op, Source(), rules, Source(), 1, rule_seconds):
        yield rule, [error] if error else list(value)


def query(source: Source, sql: str, *, seconds: float = 60.0, hosts: int = 1) -> dict[str, Any]:
    """A user's SELECT over all tables: `{"columns": […], "rows": [[…]], "not_whole": [[table, hosts]]}`.

    `not_whole` counts, of each table that it reads, the hosts that have not shown all of it. Raises `UsageError` when
    it is refused.
    """
    memory = MEMORY + hosts * MEMORY_PER_HOST
    request = Request(op="sql", source=source, tables=_columns(), sql=sql, memory=memory, cpu=int(seconds) + 60)
    with _process(request) as channel:
        _expect_loaded(channel, LOAD_SECONDS + hosts * LOAD_SECONDS_PER_HOST)
        answer = _receive(channel, seconds)
    if answer is None:
        raise UsageError(_("the query took more than {n} s or too much memory").format(n=round(seconds)), where="sql")
    if answer.error:
        raise UsageError(answer.error, where="sql", hint=_("`citywall sql --tables` lists tables and columns."))
    result: dict[str, Any] = answer.value
    return result


def _run(
    op: str,
    source: Source,
    rules: Sequence[Rule],
    reload: Source,
    hosts: int,
    rule_seconds: float,
    on_loaded: Callable[[], None] = lambda: None,
) -> Iterator[tuple[Rule, Any, str, list[str]]]:
    """(rule, value, error, hosts) for each rule, over as many processes as it takes."""
    seconds = rule_seconds or RULE_SECONDS + hosts * RULE_SECONDS_PER_HOST
    left = list(rules)
    while left:
        cpu = int(2 * (LOAD_SECONDS + hosts * LOAD_SECONDS_PER_HOST + seconds * len(left)))
        tables = _columns() if op == "judge" else {}
        memory = MEMORY + hosts * MEMORY_PER_HOST
        request = Request(op=op, source=source, tables=tables, rules=left, memory=memory, cpu=cpu)
        with _process(request) as channel:
            known = _expect_loaded(channel, LOAD_SECONDS + hosts * LOAD_SECONDS_PER_HOST)
            on_loaded()
            while left:
                started = time.monotonic()
                answer = _receive(channel, seconds)
                rule = left.pop(0)
                if answer is None:
                    slow = time.monotonic() - started >= seconds
                    error = f"took more than {seconds:.0f} s" if slow else "broke the judging process"
                    yield rule, None, error, known
                    break
                yield rule, answer.value, answer.error, known
                if answer.error:
                    break
        source = reload


def _columns() -> dict[str, tuple[Column, ...]]:
    return {name: table.columns for name, table in registry().items()}


def _expect_loaded(channel: Connection, seconds: float) -> list[str]:
    answer = _receive(channel, seconds)
    if answer and answer.damaged:
        hint = _("Move it away and scan again: the table is written anew. Check the disk.")
        raise JudgingError(_("the file of a table is damaged"), where=answer.damaged, hint=hint)
    if answer is None or answer.error:
        what = answer.error if answer else "the judging process ended or took too long"
        what = _("the tables could not be loaded: {reason}").format(reason=what)
        raise JudgingError(what, hint=_("Is there enough disk and memory?"))
    return list(answer.value or [])


def _receive(channel: Connection, seconds: float) -> Answer | None:
    """The next answer, or None when none came in time or the process ended."""
    try:
        if channel.poll(seconds):
            return msgspec.json.decode(channel.recv_bytes(MAX_ANSWER), type=Answer)
    except (EOFError, OSError, RecursionError, msgspec.DecodeError):
        pass
    return None


@contextmanager
def _process(request: Request) -> Iterator[Connection]:
    """A judging process at work on the request; killed on leaving, whatever it is doing."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        command = [sys.executable, "-P", "-m", "secops.posture.judge", str(theirs.fileno())]
        process = subprocess.Popen(
            command,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            # what goes wrong in there is said by us; DuckDB also complains at exit about objects still in use
            stderr=None if os.environ.get("CITYWALL_DEBUG") else subprocess.DEVNULL,
            start_new_session=True,
        )
        theirs.close()
        channel = Connection(ours.detach())
        try:
            with suppress(OSError):  # a process that has ended already is told by the missing answer
                channel.send_bytes(msgspec.json.encode(request))
            yield channel
        finally:
            channel.close()
            process.kill()
            process.wait()
