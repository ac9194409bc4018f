"""Slopes are those of differences of the loss, and scores those of scikit-learn's networks."""

import numpy as np
import pytest

from privacy.federated.methods.network import Network

NETWORKS = [
    Network(4),
    Network(4, (), labels=False),
    Network(4, (5,)),
    Network(4, (3, 2)),
    Network(4, (6, 3), labels=False),
]


def _examples(network: Network) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draws = np.random.default_rng(20)
    y = draws.integers(0, 2, 9).astype(float) if network.labels else draws.normal(0, 1, 9)
    return draws.normal(0, 0.7, network.size), draws.normal(0, 1, (9, 4)), y


@pytest.mark.parametrize("network", NETWORKS)
def test_slopes_are_those_of_differences(network: Network) -> None:
    parameters, terms, y = _examples(network)
    steps = np.eye(network.size) * 1e-5

    def loss(at: np.ndarray) -> np.ndarray:
        return network.run(at, terms, y).loss

    each = np.array([(loss(parameters + step) - loss(parameters - step)) / 2e-5 for step in steps])
    assert network.run(parameters, terms, y).slope() == pytest.approx(each.mean(axis=1), abs=1e-8)


@pytest.mark.parametrize("network", NETWORKS)
def test_a_loss_is_that_of_the_output(network: Network) -> None:
    parameters, terms, y = _examples(network)
    output = network.output(parameters, terms)
    own = (
        -np.log(np.where(y == 1, 1, 0) + (1 - 2 * y) / (1 + np.exp(output)))
        if network.labels
        else (output - y) ** 2 / 2
    )
    assert network.run(parameters, terms, y).loss == pytest.approx(own)


def test_a_network_is_scikit_learns_with_the_same_weights() -> None:
    neural = pytest.importorskip("sklearn.neural_network")
    network = Network(4, (5, 3))
    draws = np.random.default_rng(21)
    terms, y = draws.normal(0, 1, (60, 4)), draws.integers(0, 2, 60)
    other = neural.MLPClassifier((5, 3), activation="tanh", max_iter=3, random_state=1)
    with pytest.warns(Warning, match="converge"):
        other.fit(terms, y)
    layers = [np.vstack([w, b]).ravel() for w, b in zip(other.coefs_, other.intercepts_, strict=True)]
    probability = 1 / (1 + np.exp(-network.output(np.concatenate(layers), terms)))
    assert probability == pytest.approx(other.predict_proba(terms)[:, 1])


def test_first_parameters_are_those_of_the_seed() -> None:
    network = Network(4, (5,))
    assert network.size == 5 * 5 + 6
    assert (network.start(3) == network.start(3)).all()
    assert not np.allclose(network.start(3), network.start(4))
    assert (Network(4).start(3) == 0).all()
