"""Feed the collector script to a shell and read its answer: what the local and the ssh carrier share."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from secops.core.errors import IncompleteError

#: Bytes of evidence one host may send: beyond this it is cut, and what was cut is not judged.
MAX_ANSWER = 512 << 20

#: Bytes of diagnostics kept.
_MAX_COMPLAINT = 64 << 10


@dataclass(frozen=True)
class Answer:
    """What came back: the evidence stream, the diagnostics, the exit code, and why it was cut (empty if not)."""

    stream: bytes
    complaint: str
    code: int
    cut: str


def ask(command: Sequence[str], script: str, *, deadline: float, env: dict[str, str] | None = None) -> Answer:
    """Run `command` with `script` on its standard input for at most `deadline` seconds.

    The command gets its own session, which is ended with it, on time-out, and by `end_all`.
    """
    with open(os.memfd_create("collector"), "w+b") as stdin:  # in memory: nothing is left on a disk
        stdin.write(script.encode())
        stdin.seek(0)
        with subprocess.Popen(
            command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, start_new_session=True
        ) as process:
            _running.add(process)
            try:
                return _listen(process, deadline)
            finally:
                _end(process)
                _running.discard(process)


#: Commands that other threads wait for: Ctrl-C reaches only the main one.
_running: set[subprocess.Popen[bytes]] = set()


#: Of readings without a command, what tells them to end.
_reading: set[threading.Event] = set()


@contextmanager
def stoppable() -> Iterator[Callable[[], None]]:
    """What a long reading in this process calls now and then: it raises `IncompleteError` after `end_all`."""
    stop = threading.Event()

    def check() -> None:
        if stop.is_set():
            raise IncompleteError("stopped before its end")

    _reading.add(stop)
    try:
        yield check
    finally:
        _reading.discard(stop)


def end_all(sign: signal.Signals) -> bool:
    """End every command and reading that runs now, for whom threads wait. Whether any command runs."""
    running = list(_running)
    for process in running:
        _signal(process.pid, sign)
    for stop in list(_reading):
        stop.set()
    return bool(running)


def _signal(session: int, sign: signal.Signals) -> None:
    """Signal every process of a session: `timeout` moves what it runs into a process group of its own."""
    for pid in _members(session):
        with suppress(OSError):  # it has ended meanwhile
            os.kill(pid, sign)


def _members(session: int) -> Iterator[int]:
    """The processes of a session that have not ended."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, _, own, *_ = stat.read_bytes().rpartition(b")")[2].split()
            if int(own) == session and state != b"Z":
                yield int(stat.parent.name)


def _listen(process: subprocess.Popen[bytes], deadline: float) -> Answer:
    """Read until both pipes end, `deadline` seconds have passed, or the answer is too large."""
    out, err, until = bytearray(), bytearray(), time.monotonic() + deadline
    with selectors.DefaultSelector() as selector:
        for pipe, kept in ((process.stdout, out), (process.stderr, err)):
            assert pipe  # noqa: S101 - Popen was asked for pipes
            selector.register(pipe, selectors.EVENT_READ, kept)
        while selector.get_map():
            left = until - time.monotonic()
            if left <= 0:
                return Answer(bytes(out), _text(err), -1, f"time-out after {deadline:.0f} s")
            for key, _ in selector.select(left):
                chunk = os.read(key.fd, 1 << 20)
                if not chunk:
                    selector.unregister(key.fileobj)
                elif key.data is out or len(err) < _MAX_COMPLAINT:
                    key.data.extend(chunk)
            if len(out) > MAX_ANSWER:
                return Answer(bytes(out), _text(err), -1, f"the answer is larger than {MAX_ANSWER >> 20} MiB")
    return Answer(bytes(out), _text(err), process.wait(), "")


def _text(raw: bytearray) -> str:
    return raw.decode("utf-8", "backslashreplace").strip()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command and what is left of its session, also what it left behind when it ended by itself."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        _signal(process.pid, sign)
        until = time.monotonic() + 2
        while process.poll() is None or any(_members(process.pid)):
            if time.monotonic() > until:
                break
            time.sleep(0.02)
        else:
            return
