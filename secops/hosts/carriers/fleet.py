"""Many hosts at once: collecting waits for the network and for the hosts' disks, not for us."""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from queue import Empty, SimpleQueue
from typing import TypeVar

from secops.core.errors import CitywallError, IncompleteError
from secops.core.i18n import _
from secops.hosts.carriers import Carrier
from secops.hosts.carriers.process import end_all

#: Hosts asked at the same time.
AT_ONCE = 16

#: Seconds after which a signal is noticed at the latest.
_ATTENTION = 1.0

T = TypeVar("T")


def ask_all(carriers: Sequence[Carrier], work: Callable[[Carrier], T]) -> Generator[tuple[int, T | IncompleteError]]:
    """`work` on each carrier: (its position, the answer) as they come; a host without evidence is its error.

    Nothing is kept of an answer that was handed out. When the caller stops early (Ctrl-C, an error), nothing more is
    asked and what runs is ended; close it then (`contextlib.closing`): it would wait for the traceback to be forgotten.
    """

    def one(carrier: Carrier) -> T | IncompleteError:
        try:
            return work(carrier)
        except IncompleteError as error:
            return error
        except CitywallError:
            raise
        except Exception as error:  # one host's answer must not cost the others their verdicts
            reason = f"{type(error).__name__}: {error}"[:300]
            what = _("its answer broke Citywall: {reason}").format(reason=reason)
            return IncompleteError(what, where=carrier.label)

    pool = ThreadPoolExecutor(max_workers=max(1, min(AT_ONCE, len(carriers))))
    asked = {pool.submit(one, carrier): position for position, carrier in enumerate(carriers)}
    done: SimpleQueue[Future[T | IncompleteError]] = SimpleQueue()
    try:
        for future in asked:
            future.add_done_callback(done.put)
        while asked:
            try:  # a signal that comes just before the wait does not end it, and would be noticed with the next answer
                future = done.get(timeout=_ATTENTION)
            except Empty:
                continue
            yield asked.pop(future), future.result()
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        _end([future for future in asked if not future.done()])
        raise
    pool.shutdown()


def _end(asked: Sequence[Future[T]]) -> None:
    """End the commands that threads wait for: asked to for two seconds, then killed.

    Again and again, since a thread may be about to start one. A thread that reads an image is left to itself.
    """
    for sign in [signal.SIGTERM] * 10 + [signal.SIGKILL] * 10:
        running = end_all(sign)
        if not wait(asked, timeout=0.2).not_done or not running:
            return
