"""Many hosts at once: collecting waits for the network and for the hosts' disks, not for us."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from secops.core.errors import CitywallError, IncompleteError
from secops.core.i18n import _
from secops.hosts.carriers import Carrier
from secops.hosts.carriers.process import end_all

#: Hosts asked at the same time.
AT_ONCE = 16

T = TypeVar("T")


def ask_all(carriers: Sequence[Carrier], work: Callable[[Carrier], T]) -> Iterator[T | IncompleteError]:
    """`work` on each carrier, in their order; a host that gives no evidence is its error.

    When the caller stops early (Ctrl-C, an error), nothing more is asked and what runs is ended.
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
    try:
        yield from pool.map(one, carriers)
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        end_all()
        raise
    pool.shutdown()
