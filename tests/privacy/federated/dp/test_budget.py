"""A budget is spent before anything is sent, once a run, by one run at a time, and never comes back."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy import canonical
from privacy.federated.dp import budget as budgets
from privacy.federated.dp.budget import PARTS, cost_of, debit, found, paid, read
from privacy.federated.dp.plan import Noise, plan
from secops.core.errors import CitywallError, RefusedError, UsageError
from tests.privacy.federated.dp.kit import wanted

WHEN = datetime(2026, 11, 30, 12, tzinfo=UTC)
JOB = "sha256:" + "0" * 64


def _run(number: int) -> str:
    return f"sha256:{number:064x}"


@pytest.fixture(scope="module")
def noise() -> Noise:
    return plan(wanted(epsilon=0.5))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    found(tmp_path / "heart.budget", "heart", "1", "0.0001")
    return tmp_path / "heart.budget"


def test_a_new_budget_is_whole(place: Path) -> None:
    budget = read(place)
    assert (budget.dataset, budget.epsilon, budget.delta, budget.debits) == ("heart", "1", "0.0001", ())
    assert budget.left == budget.total
    assert budget.total / PARTS == pytest.approx(0.0406, abs=0.0001)
    assert budget.epsilon_spent() == 0
    assert place.stat().st_mode & 0o777 == 0o600


def test_runs_add_up_until_nothing_is_left(place: Path, noise: Noise) -> None:
    """Two of epsilon 1/2 come to less than 1, by zCDP; there is room for a third, not for a fourth."""
    for number in range(3):
        budget = debit(place, _run(number), JOB, noise, WHEN)
        assert budget == read(place)
        assert budget.spent == (number + 1) * cost_of(noise)
    assert 0.8 < read(place).epsilon_spent() <= 1
    with pytest.raises(RefusedError):
        debit(place, _run(3), JOB, noise, WHEN)
    assert len(read(place).debits) == 3


def test_a_run_is_debited_once(place: Path, noise: Noise) -> None:
    debit(place, _run(1), JOB, noise, WHEN)
    with pytest.raises(RefusedError):
        debit(place, _run(1), JOB, noise, WHEN)
    budget = read(place)
    assert budget.spent == cost_of(noise)
    assert paid(budget, _run(1), noise)
    assert not paid(budget, _run(2), noise)
    assert not paid(budget, _run(1), plan(wanted(epsilon=0.6)))  # less noise than it was debited for


def test_the_last_part_can_be_spent_and_not_one_more(place: Path, noise: Noise) -> None:
    fields = json.loads(place.read_bytes())
    for total, refused in ((cost_of(noise), False), (cost_of(noise) - 1, True)):
        place.write_bytes(canonical.encode(fields | {"total": total}))
        if refused:
            with pytest.raises(RefusedError):
                debit(place, _run(1), JOB, noise, WHEN)
        else:
            assert debit(place, _run(1), JOB, noise, WHEN).left == 0


def test_costs_are_rounded_up(noise: Noise) -> None:
    assert noise.cost * PARTS <= cost_of(noise) < noise.cost * PARTS + 1


def test_a_crash_before_the_file_is_in_place_spends_nothing_and_sends_nothing(
    place: Path, noise: Noise, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = place.read_bytes()
    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(CitywallError):
        debit(place, _run(1), JOB, noise, WHEN)
    assert place.read_bytes() == before
    assert [path.name for path in place.parent.iterdir()] == [place.name]


def test_without_a_lock_nothing_is_spent(place: Path, noise: Noise, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", broken)
    with pytest.raises(RefusedError):
        debit(place, _run(1), JOB, noise, WHEN)


_SPEND = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from privacy.federated.dp.budget import debit
from privacy.federated.dp.plan import Noise, Wanted
noise = Noise(Wanted(1.0, 1e-4, 1, 4, 3, 0, 1, 1), 100, 1e-5, 0.1)
for number in range(40):
    debit(Path(sys.argv[1]), f"sha256:{int(sys.argv[2]) + number:064x}", "sha256:" + "0" * 64, noise, datetime.now(UTC))
"""


def test_processes_do_not_spend_over_each_other(place: Path) -> None:
    args = [[sys.executable, "-c", _SPEND, str(place), str(start)] for start in (0, 1000, 2000)]
    running = [subprocess.Popen(each) for each in args]
    assert [each.wait() for each in running] == [0, 0, 0]
    budget = read(place)
    assert len(budget.debits) == 120
    assert budget.spent == 120 * 10**7


def test_a_budget_is_founded_once(place: Path) -> None:
    with pytest.raises(UsageError):
        found(place, "heart", "5", "0.0001")
    assert read(place).epsilon == "1"


@pytest.mark.parametrize(
    ("dataset", "epsilon", "delta"),
    [
        ("heart", "0", "0.0001"), ("heart", "11", "0.0001"), ("heart", "1", "0"), ("heart", "1", "0.5"),
        ("heart", "nan", "0.1"), ("heart", "1e0", "0.001"), ("Heart Data", "1", "0.001"), ("heart", "-1", "0.001"),
    ],
)  # fmt: skip
def test_what_is_no_budget_is_not_founded(tmp_path: Path, dataset: str, epsilon: str, delta: str) -> None:
    with pytest.raises(UsageError):
        found(tmp_path / "budget", dataset, epsilon, delta)
    assert list(tmp_path.iterdir()) == []


def test_a_budget_that_was_changed_by_hand_is_refused(place: Path, noise: Noise) -> None:
    debit(place, _run(1), JOB, noise, WHEN)
    fields = json.loads(place.read_bytes())
    twice = fields | {"debits": fields["debits"] * 2}
    minus = fields | {"debits": [fields["debits"][0] | {"cost": -5}]}
    over = fields | {"total": 1}
    for broken in (twice, minus, over, fields | {"note": "x"}, fields | {"total": "1"}, [], None, {}):
        place.write_bytes(canonical.encode(broken))
        with pytest.raises(UsageError):
            read(place)
        with pytest.raises(UsageError):
            debit(place, _run(2), JOB, noise, WHEN)


@given(raw=st.binary(max_size=200))
def test_no_bytes_break_it(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    place = tmp_path_factory.getbasetemp() / "hostile.budget"
    place.write_bytes(raw)
    with pytest.raises(UsageError):
        read(place)


def test_a_file_that_is_too_large_is_not_taken_in(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "_MAX_BYTES", 10)
    with pytest.raises(UsageError):
        read(place)
