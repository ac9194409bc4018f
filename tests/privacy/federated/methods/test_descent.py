"""Federated descent: one step is a step on pooled records; the hub's steps are Flower's; nothing leaves unclipped."""

import numpy as np
import pytest

from privacy.federated.design import Column
from privacy.federated.flower import Server
from privacy.federated.methods.descent import Descent, Local
from privacy.federated.methods.families import Linear, Logistic
from privacy.federated.methods.learner import Learner
from privacy.federated.methods.terms import Problem, Scaling
from secops.core.errors import RefusedError, UsageError
from tests.privacy.federated.methods.running import design, run, split

AGE, DOSE, SICK, LEVEL = Column("age", 0, 120), Column("dose", -9, 9), Column("sick", 0, 1, 2), Column("level", 0, 50)
COLUMNS = (AGE, DOSE, SICK, LEVEL)
LABELS = Learner(Problem((AGE, DOSE), SICK), Logistic(SICK))
NUMBERS = Learner(Problem((AGE, DOSE), LEVEL), Linear(LEVEL))


def _pooled(records: int = 200):
    draws = np.random.default_rng(30)
    age, dose = draws.uniform(20, 90, records), draws.normal(0, 2, records).clip(-9, 9)
    sick = draws.random(records) < 1 / (1 + np.exp(-(age - 55) / 15 - dose / 2))
    return design(COLUMNS, np.column_stack([age, dose, sick, (20 + age / 9 + dose + draws.normal(0, 2, records))]))


def _descent(learner: Learner = LABELS, local: Local | None = None, server=None, rounds: int = 3, **options) -> Descent:
    return Descent(learner, local or Local(), server or Server("fedavg"), 1000, rounds, **options)


def test_one_step_each_is_a_step_on_pooled_records() -> None:
    pooled = _pooled()
    sites = [design(COLUMNS, part) for part in np.split(pooled.values, [20, 90])]
    state = run(_descent(local=Local(rate=0.4), rounds=25), sites)
    x = pooled.values[:, :2]
    x = np.column_stack([(x - x.mean(axis=0)) / x.std(axis=0), np.ones(len(x))])
    y, weights = pooled.values[:, 2], np.zeros(3)
    for _ in range(25):
        loss = np.logaddexp(0, (1 - 2 * y) * (x @ weights)).mean()
        weights = weights + 0.4 * x.T @ (y - 1 / (1 + np.exp(-x @ weights))) / len(y)
    assert state["weights"] == pytest.approx(weights, abs=1e-4)
    assert float(state["loss"]) == pytest.approx(loss, abs=1e-4)


def test_long_enough_it_comes_to_the_optimum() -> None:
    pooled = _pooled()
    found = run(_descent(NUMBERS, Local(4, 0, 0.3), rounds=40), split(pooled, 3))
    expected = np.linalg.lstsq(np.column_stack([pooled.values[:, :2], np.ones(200)]), pooled.values[:, 3])[0]
    score = _descent(NUMBERS).score(found, pooled)
    assert score == pytest.approx(np.column_stack([pooled.values[:, :2], np.ones(200)]) @ expected, abs=0.2)


def test_the_proximal_term_holds_sites_back() -> None:
    """Against its closed form: on a quadratic loss, many steps come to where slope and pull cancel."""
    pooled = _pooled()
    descent = _descent(NUMBERS, Local(2000, 0, 0.2, proximal=0.7))
    terms, y = NUMBERS.examples(pooled, Scaling(np.array([55.0, 0.0]), np.array([20.0, 2.0])))
    start = np.array([0.3, -0.2, 0.5])
    x = np.column_stack([terms, np.ones(len(y))])
    expected = np.linalg.solve(x.T @ x / len(y) + 0.7 * np.eye(3), x.T @ y / len(y) + 0.7 * start)
    assert descent.trained(start, terms, y, 1) == pytest.approx(expected, abs=1e-8)
    pulled = np.linalg.solve(x.T @ x / len(y) + 0.7 * np.eye(3), x.T @ y / len(y))
    assert _descent(NUMBERS, Local(2000, 0, 0.2, decay=0.7)).trained(start, terms, y, 1) == pytest.approx(
        pulled, abs=1e-8
    )


def test_the_hubs_steps_are_flowers() -> None:
    pytest.importorskip("flwr")
    from tests.privacy.federated.methods.flowers import stepped

    draws = np.random.default_rng(31)
    weights = draws.normal(0, 1, 7)
    states = {name: {"weights": weights, **server.start(weights)} for name, server in _servers()}
    others = {name: stepped(name, weights) for name, _ in _servers()}
    for number in range(1, 6):
        moves, records = draws.normal(0, 0.2, (3, 7)), np.array([10, 200, 35])
        moved = records @ moves / records.sum()
        for name, server in _servers():
            at = states[name]["weights"]
            other = others[name](number, [(at + move, int(n)) for move, n in zip(moves, records, strict=True)])
            states[name] = {**states[name], **server.step(states[name], moved, number)}
            assert states[name]["weights"] == pytest.approx(other, abs=1e-12)


def _servers() -> list[tuple[str, Server]]:
    return [("FedAvg", Server("fedavg")), ("FedAdam", Server("fedadam", 0.05))]


@pytest.mark.parametrize("server", [Server("fedavg"), Server("fedadam", 0.1)])
def test_networks_learn_what_a_line_cannot(server) -> None:
    draws = np.random.default_rng(32)
    x = draws.uniform([0, -9], [120, 9], (400, 2))
    y = ((x[:, 0] - 60) * x[:, 1] > 0).astype(float)
    sites = split(design(COLUMNS, np.column_stack([x, y, y])), 4)
    learner = Learner(Problem((AGE, DOSE), SICK), Logistic(SICK), (8,))
    descent = _descent(learner, Local(20, 32, 0.5), server, 40)
    right = []
    for method in (descent, _descent(LABELS, Local(20, 32, 0.5), server, 40)):
        state = run(method, sites)
        right.append(np.mean([((method.score(state, s) > 0.5) == s.column("sick")).mean() for s in sites]))
    assert right[0] > 0.9
    assert right[1] < 0.65


def test_a_job_gives_the_same_numbers_again() -> None:
    learner = Learner(LABELS.problem, LABELS.family, (4,))
    sites = split(_pooled(), 3)
    one, other, third = (run(_descent(learner, Local(5, 16), rounds=4, seed=s), sites) for s in (1, 1, 2))
    assert (one["weights"] == other["weights"]).all()
    assert not np.allclose(one["weights"], third["weights"])


def test_a_movement_is_clipped_to_its_length_and_weighted() -> None:
    descent = _descent(local=Local(50, 0, 5.0, clip=0.25))
    state = run(descent, split(_pooled(), 2), most=1)
    vector = descent.at_site(descent.ask(state), _pooled(50))
    assert vector[-1] == 0.25
    assert np.linalg.norm(vector[:-2] / vector[-1]) == pytest.approx(0.25)


def test_a_site_without_records_moves_nobody() -> None:
    pooled, none = _pooled(), design(COLUMNS, [])
    one, other = (run(_descent(), sites) for sites in ([pooled], [pooled, none]))
    assert one["weights"] == pytest.approx(other["weights"], abs=1e-6)
    descent = _descent()
    with pytest.raises(RefusedError, match="no site has a record"):
        descent.take(run(descent, [pooled], most=1), np.zeros(5), 2)


def test_training_that_runs_away_is_refused() -> None:
    descent = _descent(NUMBERS, Local(3000, 0, 50.0))
    state = run(descent, [_pooled()], most=1)
    with np.errstate(all="ignore"), pytest.raises(RefusedError, match="stay finite"):
        descent.at_site(descent.ask(state), _pooled())


def test_room_for_many_records_costs_no_digits() -> None:
    sites = split(_pooled(), 3)
    one, other = (run(Descent(LABELS, Local(), Server("fedavg"), rows, 50), sites) for rows in (200, 10**6))
    assert one["weights"] == pytest.approx(other["weights"], abs=1e-6)


def test_32_bits_are_enough_for_a_hundred_sites() -> None:
    descent = _descent()
    ask = descent.ask(run(descent, [_pooled()], most=1))
    assert ask.largest() * 100 < 2**31


def test_options_that_do_not_fit() -> None:
    for wrong in ({"steps": 0}, {"rate": 0.0}, {"clip": np.inf}, {"clip": 0.0}, {"batch": -1}, {"proximal": -0.1}):
        with pytest.raises(UsageError):
            Local(**wrong)
    with pytest.raises(UsageError):
        Learner(LABELS.problem, LABELS.family, (0,))
