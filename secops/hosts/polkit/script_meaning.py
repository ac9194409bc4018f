"""What the statements and expressions of rules mean: functions of one call, its subject and variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from secops.hosts.polkit.values import (
    UNDEFINED,
    UNKNOWN,
    Nothing,
    ScriptFailure,
    equal,
    method,
    order,
    pattern,
    plus,
    truth,
)


@dataclass(frozen=True)
class Subject:
    """Who asks for what, as a rule sees it. What is asked of `details` and not there is not known.

    `user` and `groups` may be `UNKNOWN`: what a rule then returns, it returns to everyone.
    """

    action: str
    details: Mapping[str, str]
    user: str | Nothing
    groups: tuple[str, ...] | Nothing
    local: bool = False
    active: bool = False


@dataclass
class Scope:
    """One call of a function: `names` are its variables, and `return` its value once it has one.

    `line` is that of the condition on which it goes, the innermost; None before the first.
    """

    subject: Subject
    names: dict[str, Any] = field(default_factory=dict)
    line: int | None = None


class Unsure(Exception):  # noqa: N818 - the end of a function, not an error
    """Which way a function goes hangs on what is not known."""


Expression = Callable[[Scope], Any]
Statement = Callable[[Scope], bool]  # whether it returned


def run(statements: Sequence[Statement], scope: Scope) -> bool:
    return any(statement(scope) for statement in statements)


def branch(condition: Expression, then: Statement, otherwise: Statement, line: int, scope: Scope) -> bool:
    holds, outer = truth(condition(scope)), scope.line
    if holds is False:
        return otherwise(scope)
    scope.line = line
    if holds is None:
        raise Unsure
    returned = then(scope)
    scope.line = scope.line if returned else outer
    return returned


def give_back(value: Expression, scope: Scope) -> bool:
    scope.names["return"] = value(scope)
    return True


def assign(name: str, value: Expression, scope: Scope) -> bool:
    scope.names[name] = value(scope)
    return False


def evaluate(value: Expression, scope: Scope) -> bool:
    value(scope)
    return False


def constant(value: Any, scope: Scope) -> Any:  # noqa: ARG001 - an `Expression`
    return value


def variable(name: str, scope: Scope) -> Any:
    return scope.names.get(name, UNDEFINED)


def array(items: Sequence[Expression], scope: Scope) -> Any:
    return tuple(item(scope) for item in items)


def any_of(alternatives: Sequence[Expression], scope: Scope) -> Any:
    """`||`. After one that is not known, the value is known only where it is the same in either case."""
    unsure, value = False, UNDEFINED
    for alternative in alternatives:
        value = _asked(alternative, scope, unsure=unsure)
        if truth(value):
            return value if not unsure or value is True else UNKNOWN
        unsure = unsure or value is UNKNOWN
    return UNKNOWN if unsure else value


def all_of(conditions: Sequence[Expression], scope: Scope) -> Any:
    """`&&`, likewise."""
    unsure, value = False, UNDEFINED
    for condition in conditions:
        value = _asked(condition, scope, unsure=unsure)
        if truth(value) is False:
            return False if unsure else value
        unsure = unsure or value is UNKNOWN
    return UNKNOWN if unsure else value


def _asked(value: Expression, scope: Scope, *, unsure: bool) -> Any:
    """A value that, after one that is not known, may not be asked for at all: then neither is its failure known."""
    try:
        return value(scope)
    except ScriptFailure:
        if unsure:
            raise Unsure from None
        raise


def compare(operator: str, left: Expression, right: Expression, scope: Scope) -> Any:
    one, other = left(scope), right(scope)
    if operator[0] not in "=!":
        return order(operator, one, other)
    same = equal(one, other, strict=len(operator) == 3)
    return same if same is UNKNOWN or operator[0] == "=" else not same


def add(terms: Sequence[Expression], scope: Scope) -> Any:
    values = [term(scope) for term in terms]
    total = values[0]
    for value in values[1:]:
        total = plus(total, value)
    return total


def negate(value: Expression, times: int, scope: Scope) -> Any:
    holds = truth(value(scope))
    return UNKNOWN if holds is None else holds if times % 2 == 0 else not holds


def call(name: str, target: Expression, argument: Expression, scope: Scope) -> Any:
    of = target(scope)
    if of is UNKNOWN:  # it may be one that has no methods
        raise Unsure
    return method(name, of, argument(scope))


def expression_of(text: Expression, scope: Scope) -> Any:
    value = text(scope)
    return pattern(value) if isinstance(value, str) else UNKNOWN


def read(name: str, scope: Scope) -> Any:
    subject = scope.subject
    known = {
        "action.id": subject.action, "subject.user": subject.user, "subject.groups": subject.groups,
        "subject.local": subject.local, "subject.active": subject.active,
    }  # fmt: skip
    return known.get(name, UNKNOWN)


def ask(name: str, argument: Expression, scope: Scope) -> Any:
    asked = argument(scope)
    if name == "isInNetGroup" or not isinstance(asked, str):
        return UNKNOWN
    if name == "lookup":
        return scope.subject.details.get(asked, UNKNOWN)
    groups = scope.subject.groups
    return asked in groups if isinstance(groups, tuple) else UNKNOWN
