"""Many hosts at once: answers are handed out as they come, and not kept."""

from __future__ import annotations

import gc
import weakref
from contextlib import closing
from pathlib import Path
from threading import Event

from secops.core.errors import IncompleteError
from secops.hosts.carriers import Carrier
from secops.hosts.carriers.bundle import Bundle
from secops.hosts.carriers.fleet import ask_all
from secops.hosts.evidence import Evidence

HOSTS = [Bundle(Path(f"host{n}")) for n in range(40)]


def test_a_slow_host_does_not_pile_up_the_answers_of_the_others() -> None:
    others_done = Event()

    def work(carrier: Carrier) -> Evidence:
        if carrier is HOSTS[0] and not others_done.wait(20):
            raise IncompleteError("nobody took the other answers")
        return Evidence("bundle", carrier.label, 0, {})

    alive: list[weakref.ref[Evidence]] = []
    order = []
    with closing(ask_all(HOSTS, work)) as answers:
        for at, answer in answers:
            assert isinstance(answer, Evidence), answer
            assert answer.label == HOSTS[at].label
            order.append(at)
            alive.append(weakref.ref(answer))
            del answer
            if len(order) == len(HOSTS) - 1:
                gc.collect()
                kept = sum(ref() is not None for ref in alive)
                others_done.set()
    assert sorted(order) == list(range(len(HOSTS)))
    assert order[-1] == 0
    assert kept <= 1
