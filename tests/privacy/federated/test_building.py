"""The method of a job: what it says, and what it leaves unsaid."""

from __future__ import annotations

from pathlib import Path

import pytest

from privacy.federated import building
from privacy.federated.dp.descent import PACES, NoisyDescent
from tests.privacy.federated import kit

_PRIVATE = kit.JOB.replace("missing: mean", "missing: drop").replace("[coefficients, evaluation]", "[coefficients]")


@pytest.mark.parametrize(("kind", "target"), [("logistic", "disease"), ("linear", "pressure")])
def test_noisy_training_goes_as_far_as_its_kind_was_found_to_unless_the_job_says(
    tmp_path: Path, kind: str, target: str
) -> None:
    text = (
        _PRIVATE.replace("target: disease", f"target: {target}") + 'privacy: {epsilon: 1, delta: "0.0001", clip: 1}\n'
    )
    for rate, told in ((PACES[kind].rate, ""), (5.0, ", rate: 5")):
        job = kit.job(tmp_path, text.replace("{name: logistic, ridge: 1}", f"{{name: gradient, records: 600{told}}}"))
        method = building.method(job)
        assert isinstance(method, NoisyDescent)
        assert (method.kind, method.pace.rate) == (kind, rate)
