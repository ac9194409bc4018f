"""What a hub may ask is the method's alone: another question is refused, and costs the site nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest

from privacy.federated import wire
from tests.privacy.federated.gate.kit import World, finished
from tests.privacy.federated.gate.lying import anew, done, last, refused, started
from tests.privacy.federated.gate.made_up import NEWTON, STATISTICS, A, job, records

Change = Callable[[wire.Compute], wire.Compute]

#: A signalling NaN whose other bits say something.
_PAYLOAD = np.frombuffer((0x7FF4_0000_5EC2_E700).to_bytes(8, "little"), "<f8")


def _given(**arrays: object) -> Change:
    def change(order: wire.Compute) -> wire.Compute:
        changed = {name: np.asarray(values, float) for name, values in arrays.items() if values is not None}
        kept = {name: array for name, array in order.given.items() if name not in arrays}
        return msgspec.structs.replace(order, given=kept | wire.packed(changed))

    return change


def _entry(name: str, value: float) -> Change:
    def change(order: wire.Compute) -> wire.Compute:
        values = wire.unpacked(order.given)[name].copy()
        values[-1] = value
        return _given(**{name: values})(order)

    return change


def _of(**fields: object) -> Change:
    return partial(msgspec.structs.replace, **fields)


def _cut(order: wire.Compute) -> wire.Compute:
    beta = order.given["beta"]
    return _of(given={**order.given, "beta": wire.Array(beta.shape, beta.data[:-8])})(order)


SIZE = 6  # an intercept, two numbers, two labels more than one: 5; and one too many

CHANGED: dict[str, tuple[Change, str]] = {
    "beta that is no number": (_entry("beta", np.nan), "method"),
    "bits in a NaN": (_entry("beta", float(_PAYLOAD[0])), "method"),
    "infinite beta": (_entry("beta", np.inf), "method"),
    "infinite mean": (_entry("mean", -np.inf), "method"),
    "sd of 0": (_entry("sd", 0.0), "method"),
    "sd below 0": (_entry("sd", -1.0), "method"),
    "sd that is no number": (_entry("sd", np.nan), "method"),
    "one coefficient more": (_given(beta=np.zeros(SIZE)), "method"),
    "a table of coefficients": (_given(beta=np.zeros((1, SIZE - 1))), "method"),
    "one number as coefficients": (_given(beta=0.0), "method"),
    "no coefficients": (_given(beta=None), "method"),
    "nothing given": (_of(given={}), "method"),
    "rows beside": (_given(rows=np.arange(12.0).reshape(3, 4)), "method"),
    "a bound": (_given(bound=np.full(SIZE, 1e9)), "method"),
    "a step": (_given(step=np.full(SIZE, 1e-9)), "method"),
    "fewer bytes than the shape says": (_cut, "method"),
    "coefficients beyond all bounds": (_entry("beta", 1e308), "method"),
    "scaled beyond all bounds": (_entry("sd", 1e-308), "method"),
    "another stage": (_of(stage="train"), "method"),
    "a stage of another output": (_of(stage="evaluate", round=1), "method"),
    "a stage without its round": (_of(stage="moments"), "method"),
    "a stage that is over": (_of(stage="moments", round=1, given={}), "answered"),
    "round 0": (_of(round=0), "method"),
    "a round too many": (_of(round=5), "method"),
    "a round a hundred years on": (_of(round=10**9), "method"),
    "a number that is over": (_of(number=1), "answered"),
    "a number beyond the set-up": (_of(number=9), "masks"),
    "another job": (_of(job=f"sha256:{'1' * 64}"), "order"),
    "another set-up": (_of(setup="e" * 32), "order"),
    "no set-up": (_of(setup=""), "order"),
}


def _order(world: World) -> wire.Compute:
    """What a hub has to ask in round 2, in a set-up for it."""
    hub, standing = started(world)
    anew(world, first=2)
    ask = hub.method.ask(standing.state)
    setup, given = last(world, wire.Keys).setup, wire.packed(ask.given)
    return wire.Compute(job=world.job.digest, setup=setup, number=2, stage=ask.stage, round=ask.round, given=given)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, wire.Compute]:
    world = World(tmp_path_factory.mktemp("world"), job(NEWTON))
    return world, _order(world)


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("how", CHANGED)
def test_another_question_is_refused(asked: tuple[World, wire.Compute], how: str) -> None:
    world, order = asked
    change, fault = CHANGED[how]
    before = len(world.gates[A]._journal.entries)
    refused(world.say(A, change(order)), fault)
    assert len(world.gates[A]._journal.entries) == before


def test_after_all_that_the_question_itself_is_answered(asked: tuple[World, wire.Compute]) -> None:
    """None of the others has used the round up."""
    world, order = asked
    done(world.say(A, order))


def test_other_coefficients_of_the_right_shape_are_answered(tmp_path: Path) -> None:
    """That is what a hub decides: it is a sum over sites all the same, and one for the round."""
    world = World(tmp_path, job(NEWTON))
    order = _order(world)
    done(world.say(A, _entry("beta", 0.25)(order)))
    refused(world.say(A, order), "masks")


def test_what_is_measured_is_measured_on_test_records(tmp_path: Path) -> None:
    """Asked to measure coefficients, a site says nothing of the records that it trained with."""
    of = job(NEWTON, aggregation={"by": "plain"}, outputs=["evaluation"], split={"by": "site"})
    world = World(tmp_path, of)
    finished(world.hub())
    order = last(world, wire.Compute)
    assert order.stage == "evaluate"
    design = world.records[A].design
    for part, same in ((~design.held, True), (design.held, False)):
        values = design.values.copy()
        values[part] = np.roll(values[part], 1, axis=0) * 0.5
        other = World(tmp_path / f"{same}", of)
        other.records[A] = records(design.columns, np.where(values == 0.5, 1, values))
        told = done(other.say(A, order)).content
        assert (told == done(world.say(A, order)).content) == same


def test_a_stage_that_the_job_has_no_output_for(tmp_path: Path) -> None:
    """The same question to a job that asked for an evaluation, and to one that did not."""
    plain = {"aggregation": {"by": "plain"}, "split": {"by": "site"}}
    with_it = World(tmp_path / "with", job(NEWTON, outputs=["evaluation"], **plain))
    finished(with_it.hub())
    order = last(with_it, wire.Compute)
    without = World(tmp_path / "without", job(NEWTON, **plain))
    refused(without.say(A, msgspec.structs.replace(order, job=without.job.digest)), "method")


@pytest.mark.parametrize("kind", [wire.Deal, wire.Accept, wire.Agree, wire.Reveal])
def test_steps_that_no_set_up_goes_before(tmp_path: Path, kind: type) -> None:
    world = World(tmp_path / "one", job(STATISTICS))
    finished(world.hub())
    order = last(world, kind)
    fresh = World(tmp_path / "two", job(STATISTICS))
    refused(fresh.say(A, order), "order")
    refused(fresh.say(A, msgspec.structs.replace(order, setup="")), "order")
