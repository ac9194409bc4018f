"""Jobs with differential privacy: paid before a word is said, once, for so many sums; each with noise enough."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations
from pathlib import Path

import msgspec
import numpy as np
import pytest
from scipy.stats import chi2

from privacy.federated import building, gate, wire
from privacy.federated.dp import budget
from privacy.federated.dp.plan import Noise, share
from privacy.federated.dp.randomness import Ints, system
from privacy.federated.dp.sampler import draw, drawable
from secops.core.errors import RefusedError
from tests.privacy.federated.gate.kit import World, finished, plain_sum
from tests.privacy.federated.gate.lying import anew, done, last, refused, started
from tests.privacy.federated.gate.made_up import NAMES, NOISY, PRIVACY, A, B, C, D, job

SMALL = job(NOISY, privacy=PRIVACY, rounds=2)


@pytest.fixture(autouse=True, scope="module")
def _planned_once() -> Iterator[None]:
    """To plan noise takes a while, and the same is planned at every site of every world."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "plan", cache(building.plan))
        yield


def world_of(folder: Path, of: object = SMALL, epsilon: str = "1.2", poor: str = "") -> World:
    """Sites with a budget each, of which one may have too little."""
    world = World(folder, of)
    for name in NAMES:
        budget.found(world.places(name).budget, "records", "0.5" if name == poor else epsilon, "0.0001")
    return world


def spent(world: World, site: str = A) -> int:
    return budget.read(world.places(site).budget).spent


def debits(world: World, site: str = A) -> int:
    return len(budget.read(world.places(site).budget).debits)


def _done(world: World, site: str) -> list[wire.Answer]:
    return [heard.answer for heard in world.heard if heard.site == site and isinstance(heard.answer, wire.Done)]


def test_a_run_is_paid_in_full_before_its_first_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_of(tmp_path)
    debit, said = budget.debit, []
    monkeypatch.setattr(budget, "debit", lambda *given: said.append(len(_done(world, A))) or debit(*given))
    order = wire.Keys(job=SMALL.digest, setup="f" * 32, first=1, rounds=2, bits=64)
    done(world.say(A, order))
    assert said == [0]
    assert spent(world) == budget.cost_of(building.noise(SMALL))
    assert spent(world, B) == 0


@pytest.mark.parametrize("poor", [D, A])
def test_too_small_a_budget(tmp_path: Path, poor: str) -> None:
    """It says nothing but that, and spends nothing; the others go on."""
    world = world_of(tmp_path, poor=poor)
    hub = world.hub()
    standing = finished(hub)
    assert {done.sites for done in standing.rounds} == {tuple(site for site in NAMES if site != poor)}
    assert hub.faults == {poor: "budget"}
    assert not _done(world, poor)
    assert spent(world, poor) == 0


def test_no_budget_at_all(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    world.places(D).budget.unlink()
    hub = world.hub()
    finished(hub)
    assert hub.faults == {D: "budget"}
    assert not _done(world, D)


def test_a_budget_is_enough_once(tmp_path: Path) -> None:
    """A second job over the same records, alike but for its name, finds too little left."""
    world = world_of(tmp_path)
    finished(world.hub())
    world.job = msgspec.structs.replace(SMALL, id="again")
    world.restart(*NAMES)
    hub = world.hub()
    with pytest.raises(RefusedError):
        finished(hub)
    assert set(hub.faults.values()) == {"budget"}
    assert debits(world) == 1


def test_a_run_that_failed_is_not_refunded(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    hub = world.hub(lambda site, order: None if isinstance(order, wire.Compute) and site in (C, D) else order)
    with pytest.raises(RefusedError):
        finished(hub)
    assert spent(world) == budget.cost_of(building.noise(SMALL))


def test_a_run_that_is_taken_up_again_is_paid_once(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    _hub, standing = started(world)
    before = spent(world)
    for _time in range(2):
        world.restart(*NAMES)
        with pytest.raises(RefusedError):
            world.hub(late=lambda *_: True).step(standing)
    finished(world.hub(), standing)
    assert [spent(world, site) for site in NAMES] == [before] * 4
    assert debits(world) == 1


def test_a_crash_just_before_the_payment_leaves_it_to_be_paid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_of(tmp_path)

    def full(*_given: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(budget, "debit", full)
        hub = world.hub()
        with pytest.raises(RefusedError):
            finished(hub)
    assert set(hub.faults.values()) == {"internal"}
    assert not _done(world, A)
    world.restart(*NAMES)
    finished(world.hub())
    assert debits(world) == 1


def test_a_budget_that_is_put_back_is_paid_again(tmp_path: Path) -> None:
    """An older file in its place does not make a run that goes on free."""
    world = world_of(tmp_path)
    older = world.places(A).budget.read_bytes()
    _hub, standing = started(world)
    world.places(A).budget.write_bytes(older)
    world.restart(*NAMES)
    finished(world.hub(), standing)
    assert debits(world) == 1


def test_a_journal_that_is_lost_is_another_run(tmp_path: Path) -> None:
    """What it said before is not known any more: it may say it again, and pays again."""
    world = world_of(tmp_path, epsilon="3")
    finished(world.hub())
    shutil.rmtree(world.places(A).journals)
    world.restart(*NAMES)
    hub = world.hub()
    with pytest.raises(RefusedError):
        finished(hub)
    assert [debits(world, site) for site in NAMES] == [2, 1, 1, 1]


def test_no_more_sums_than_were_paid_for(tmp_path: Path) -> None:
    """The same rounds under new numbers would be as many sums as a hub likes."""
    world = world_of(tmp_path)
    finished(world.hub())
    order = last(world, wire.Compute)
    anew(world, first=3)
    for number, turn, fault in ((3, 1, "answered"), (4, 2, "answered"), (3, 3, "method"), (3, 0, "method")):
        asked = msgspec.structs.replace(order, setup="f" * 32, number=number, round=turn)
        refused(world.say(A, asked), fault)


#: One after the other all that may survive, where three of four are needed.
SURVIVORS = [sites for many in (3, 4) for sites in combinations(NAMES, many)]

#: Four features of a hundred labels: 397 coefficients.
_WIDE = {
    **{f"code{n}": {"type": "text", "labels": [f"label {m}" for m in range(100)]} for n in range(4)},
    "sick": {"type": "boolean"},
}

Shares = Callable[[Noise], Ints]


def _noises(folder: Path, colluding: int, shares: Shares, patch: pytest.MonkeyPatch) -> tuple[Noise, list[np.ndarray]]:
    """What is in the sums of real rounds besides the data, (entries,) each, after the liars took off their own.

    Each set of survivors has a round, in which the first sites of it are the liars.
    """
    rounds = dict(enumerate(SURVIVORS, 1))
    aggregation = {"by": "masks", "colluding": colluding}
    of = job(NOISY, features=_WIDE, privacy=PRIVACY, rounds=len(rounds), aggregation=aggregation)
    world, drawn = world_of(folder, of), list[Ints]()

    def keep(noise: Noise) -> Ints:
        drawn.append(shares(noise))
        return drawn[-1]

    patch.setattr(gate, "share", keep)
    hub = world.hub(
        lambda site, order: None if isinstance(order, wire.Compute) and site not in rounds[order.number] else order
    )
    standing = finished(hub)
    assert [done.sites for done in standing.rounds] == SURVIVORS
    found = []
    for (ask, total), sites in zip(hub.method.taken, SURVIVORS, strict=True):
        own, drawn = np.array(drawn[: len(sites)]), drawn[len(sites) :]
        noise = total - plain_sum(world, ask, sites)
        assert (noise == own.sum(axis=0)).all()
        found.append(noise - own[:colluding].sum(axis=0))
    noise = building.noise(of)
    assert noise
    return noise, found


def _too_little(seen: np.ndarray, least: int) -> float:
    """How likely a variance as small as this one is, had the noise the least variance that it must have."""
    return float(chi2.cdf((seen**2).sum() / least, len(seen)))


def _half(noise: Noise) -> Ints:
    return draw(drawable(noise.variance // 2), noise.wanted.size, system)


@pytest.mark.parametrize("colluding", [0, 1])
def test_every_sum_that_is_unmasked_holds_noise_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, colluding: int
) -> None:
    noise, found = _noises(tmp_path, colluding, share, monkeypatch)
    assert len(found) == 5
    assert all(_too_little(seen, noise.total) > 1e-5 for seen in found)
    assert _too_little(found[0], noise.total) < 1 - 1e-5  # three sites: what was planned, and no more


@pytest.mark.parametrize("colluding", [0, 1])
def test_sites_that_add_half_of_their_noise_are_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, colluding: int
) -> None:
    noise, found = _noises(tmp_path, colluding, _half, monkeypatch)
    assert min(_too_little(seen, noise.total) for seen in found) < 1e-9


def test_noise_is_new_in_every_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _noise, found = _noises(tmp_path, 0, share, monkeypatch)
    assert all((one != other).mean() > 0.99 for one, other in combinations(found, 2))
