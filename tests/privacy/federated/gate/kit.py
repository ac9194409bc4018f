"""Some sites with made-up people, each behind its gate, and a hub; in between somebody may lose, change and hear all.

Every answer of a gate is looked at as it leaves: it is one of the few things that may leave, in its very length.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from privacy.federated import building, flower, wire
from privacy.federated.ask import Ask
from privacy.federated.gate import Gate, Places
from privacy.federated.hub import Hub, Standing
from privacy.federated.job.job import Job
from privacy.federated.secagg import sealing, shamir
from privacy.federated.secagg.keying import Keys
from privacy.federated.secagg.terms import Member
from privacy.federated.site import floors, policy
from privacy.federated.site.mapping import FileSource, Floor, Policy, Site
from privacy.parties import signed
from privacy.parties.keys import Signer
from secops.core.errors import RefusedError
from tests.privacy.federated.gate.made_up import people
from tests.privacy.federated.secagg.watch import Watch

#: What happens to an order on its way: it arrives, as it is or changed, or it is lost.
Way = Callable[[str, wire.Order], wire.Order | None]

#: Every code that a site may tell a hub.
_CODES = {"", *policy.TEXTS, *floors.TEXTS}


def signer(name: str) -> Signer:
    return Signer(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest()))


@dataclass(frozen=True)
class Heard:
    """An order as a site got it (None: bytes that are none), what it answered, and that as it left."""

    site: str
    order: wire.Order | None
    answer: wire.Answer
    raw: bytes


class World:
    """Sites and a hub. `heard` is all that went over the line; `liars` tell the hub all that they know."""

    def __init__(self, folder: Path, of: Job, *, liars: tuple[str, ...] = (), **policy: Any) -> None:
        self.folder, self.job, self.liars, self.heard = folder, of, liars, list[Heard]()
        methods = ("statistics", "logistic", "fedavg", "gradient")
        rules = {"methods": methods, "aggregation": ("masks", "plain"), "floor": Floor(rows=5, cell=1), **policy}
        self.sites = {
            name: Site(site=name, dataset="d", source=FileSource(path="x"), person=None, features={},
                       policy=Policy(**rules)) for name in of.parties.sites
        }  # fmt: skip
        self.records = {name: people(of.columns(), seed) for seed, name in enumerate(self.sites)}
        self.members = [Member(name, signer(name).public_key) for name in self.sites]
        self.gates: dict[str, Gate] = {}
        self.watches: dict[str, Watch] = {}
        self.restart(*self.sites)

    def places(self, name: str) -> Places:
        return Places(self.folder / name, self.folder / f"{name}.budget.json")

    def restart(self, *names: str) -> None:
        """End the gates of these sites and begin new ones, over the same journals."""
        for name in names:
            if name in self.gates:
                self.gates[name].close()
            found = [self.job, self.sites[name], signer(name), self.members, lambda name=name: self.records[name]]
            self.gates[name] = Gate(*found, self.places(name))

    def hub(self, way: Way | None = None, late: Callable[[str, wire.Order], bool] | None = None) -> Hub:
        """A hub of this job. `way` is what happens to its orders; an answer that is `late` it does not get."""
        nodes = {name: place for place, name in enumerate(self.sites, 1)}
        grid = flower.LocalGrid({nodes[name]: lambda raw, name=name: self.sent(name, raw) for name in self.sites})
        over = flower.exchange(grid, nodes, self.job.id)

        def exchange(orders: Mapping[str, bytes]) -> dict[str, bytes]:
            arrive = {site: way(site, wire.order(raw)) if way else wire.order(raw) for site, raw in orders.items()}
            answers = over({site: wire.encode(order) for site, order in arrive.items() if order is not None})
            return {s: raw for s, raw in answers.items() if not (late and late(s, wire.order(orders[s])))}

        hub = Hub(self.job, self.members, exchange)
        hub.method = Watched(hub.method)
        return hub

    def say(self, site: str, order: wire.Order) -> wire.Answer:
        """What a site answers to an order of anyone."""
        return wire.answer(self.sent(site, wire.encode(order)))

    def sent(self, site: str, raw: bytes) -> bytes:
        """What a site answers to bytes: heard, and looked at."""
        order = _order(raw)
        if isinstance(order, wire.Compute) and order.setup not in self.watches:
            self._watch(order.setup)
        left = self.gates[site].answer(raw)
        answer = wire.answer(left)
        self.heard.append(Heard(site, order, answer, left))
        self._check(site, order, answer)
        return left

    def _watch(self, setup: str) -> None:
        """Before the first vector of a set-up: who holds which shares."""
        masked = {n: g._masked for n, g in self.gates.items() if g._setup == setup and g._masked and g._masked._setup}
        if masked:
            terms = next(iter(masked.values()))._terms
            cast = SimpleNamespace(hub=SimpleNamespace(sites=tuple(masked)), sites=masked)
            self.watches[setup] = Watch(cast, terms.rounds, terms.threshold, self.liars)

    def _check(self, site: str, order: wire.Order | None, answer: wire.Answer) -> None:
        """Only what may leave a site leaves it."""
        if isinstance(answer, wire.Refused):
            assert answer.code in _CODES
            return
        masked, content, parts, text = self.gates[site]._masked, answer.content, answer.parts, answer.text
        match order:
            case wire.Keys():
                assert signed.parse(content, Keys, "").body.site == site
                assert answer == wire.Done(content)
            case wire.Deal():
                assert {len(sealed) for sealed in parts.values()} == {sealing.sealed_size(masked._terms)}
                assert answer == wire.Done(parts=parts)
            case wire.Accept():
                assert answer == wire.Done()
            case wire.Compute():
                assert answer == wire.Done(content)
                self._check_vector(site, order, content)
            case wire.Agree():
                assert len(text) == 88
                assert answer == wire.Done(text=text)
            case wire.Reveal():
                assert len(content) == shamir.SHARE * len(masked._setup.sites)
                assert answer == wire.Done(content)
                self.watches[order.setup].hear(content)
            case None:
                raise AssertionError("bytes that are no order were answered")

    def _check_vector(self, site: str, order: wire.Compute, content: bytes) -> None:
        """Under masks as many random words as were asked for, else the numbers themselves."""
        ask = building.method(self.job).asked(order.stage, order.round, wire.unpacked(order.given))
        masked = self.gates[site]._masked
        words = np.frombuffer(content, masked._terms.word if masked else "<i8")
        plain = plain_sum(self, ask, (site,)).astype("<i8").astype(words.dtype)
        assert len(words) == ask.size + (masked is not None)  # secure aggregation counts the sites in one word more
        assert (masked is None) == (words[: ask.size] == plain).all()

    def check_sealed(self) -> None:
        """Nothing that was told covers all masks of one honest site."""
        least = self.job.minimum.sites - len(self.liars)
        for watch in self.watches.values():
            for turn in {secret.turn for secret, _holder in watch._owner.values()}:
                assert all(len(together) >= least for together in watch.learned(turn))


def _order(raw: bytes) -> wire.Order | None:
    try:
        return wire.order(raw)
    except RefusedError:
        return None


class Watched:
    """A method that keeps what a hub made of each round: the question, and the sum in steps."""

    def __init__(self, method: Any) -> None:
        self._method, self.taken = method, list[tuple[Ask, np.ndarray]]()

    def take(self, state: Any, total: np.ndarray, sites: int) -> Any:
        ask = self._method.ask(state)
        self.taken.append((ask, np.rint(total / ask.step)))
        return self._method.take(state, total, sites)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._method, name)


def finished(hub: Hub, standing: Standing | None = None) -> Standing:
    """All rounds that are left."""
    at = standing or hub.begin()
    while (after := hub.step(at)) is not None:
        at = after
    return at


def plain_sum(world: World, ask: Ask, sites: tuple[str, ...]) -> np.ndarray:
    """What comes out when whole numbers are added up without any mask."""
    method = building.method(world.job)
    designs = [world.gates[site]._take_part() if world.job.privacy else world.records[site].design for site in sites]
    vectors = [method.at_site(ask, design) for design in designs]
    return np.sum([np.rint(vector / ask.step) for vector in vectors], axis=0)


def check_sums(world: World, hub: Hub, standing: Standing) -> None:
    """Every sum is that of exactly the sites that it lists, to the last bit that a float has."""
    taken = hub.method.taken
    assert len(taken) == len(standing.rounds)
    for (ask, total), done in zip(taken, standing.rounds, strict=True):
        plain = plain_sum(world, ask, done.sites)
        assert (np.abs(total - plain) <= np.abs(plain) * 2.0**-50).all()
        assert len(done.sites) >= world.job.minimum.sites
    world.check_sealed()
