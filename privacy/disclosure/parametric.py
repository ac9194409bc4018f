"""Regressions and models: whether enough people stand behind them, and their file."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from privacy.disclosure import files, freedom, group_size, min_cell, shape
from privacy.disclosure.files import writable
from privacy.disclosure.policy import Policy
from privacy.disclosure.reasons import refusal
from privacy.disclosure.result import Model, Regression
from privacy.labels import names_fit, parameter_fits
from privacy.reason import Reason


def judge_regression(fit: Regression, policy: Policy) -> list[Reason]:
    """What keeps a regression inside."""
    if not shape.regression_fits(fit):
        return [refusal("malformed")]
    return [refusal(code) for code in fit.checks if _OF_REGRESSION[code](fit, policy)]


def judge_model(model: Model, policy: Policy) -> list[Reason]:
    """What keeps a model inside."""
    if not shape.model_fits(model):
        return [refusal("malformed")]
    return [refusal(code) for code in model.checks if _OF_MODEL[code](model, policy)]


def _thin(model: Model, policy: Policy) -> bool:
    return model.people < policy.group_size.people or group_size.small(model.groups, policy.group_size)


def _roomy(model: Model, policy: Policy) -> bool:
    size = sum(part.size for part in model.parameters.values())
    return group_size.roomy(size, model.people, policy.group_size)


_OF_REGRESSION: dict[str, Callable[[Regression, Policy], bool]] = {
    "labels": lambda fit, _policy: not names_fit(fit.terms),
    "family": lambda fit, policy: fit.family not in policy.group_size.families,
    "freedom": lambda fit, policy: freedom.unsafe(fit.people, len(fit.terms), policy.freedom),
    "group-size": lambda fit, policy: group_size.small(fit.support, policy.group_size),
    "not-finite": lambda fit, _policy: not (writable(fit.coefficients) and writable(fit.errors)),
}
_OF_MODEL: dict[str, Callable[[Model, Policy], bool]] = {
    "labels": lambda model, _policy: not all(map(parameter_fits, model.parameters)),
    "family": lambda model, policy: model.family not in policy.group_size.families,
    "group-size": _thin,
    "capacity": _roomy,
    "not-finite": lambda model, _policy: not all(map(writable, model.parameters.values())),
}


def write_regression(fit: Regression, policy: Policy) -> bytes:
    """The JSON file: a list of terms, and the rounded number of people."""
    digits = policy.files.digits
    columns = zip(fit.terms, files.decimals(fit.coefficients, digits), files.decimals(fit.errors, digits), strict=True)
    terms = [{"term": term, "coefficient": value, "error": error} for term, value, error in columns]
    return files.document(
        {"kind": fit.kind, "family": fit.family, "people": _rounded(fit.people, policy), "terms": terms}
    )


def write_model(model: Model, policy: Policy) -> bytes:
    """The JSON file: each parameter with its shape and values, in C order."""
    parameters = {
        name: {"shape": list(part.shape), "values": files.decimals(part, policy.files.digits)}
        for name, part in model.parameters.items()
    }
    people = _rounded(model.people, policy)
    return files.document({"kind": model.kind, "family": model.family, "people": people, "parameters": parameters})


def _rounded(people: int, policy: Policy) -> int:
    return int(min_cell.round_to(np.array([people]), policy.min_cell.base)[0])
