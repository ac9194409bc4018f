"""The grammar of rules: tokens → functions that tell what a rule returns. What is not of it raises `ScriptError`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from secops.hosts.polkit import script_meaning as meaning
from secops.hosts.polkit.script_lexer import ScriptError, Token
from secops.hosts.polkit.script_meaning import Expression, Scope, Statement, Subject
from secops.hosts.polkit.values import NULL, UNDEFINED, UNKNOWN, pattern

_MAX_DEPTH, _MAX_CHAIN = 30, 8
_RESULTS = {
    "NO": "no", "YES": "yes", "AUTH_SELF": "auth_self", "AUTH_SELF_KEEP": "auth_self_keep",
    "AUTH_ADMIN": "auth_admin", "AUTH_ADMIN_KEEP": "auth_admin_keep", "NOT_HANDLED": NULL,
}  # fmt: skip
_CONSTANTS = {"true": True, "false": False, "null": NULL, "undefined": UNDEFINED}


@dataclass(frozen=True)
class Found:
    """A function that is added as a rule: `admin` with addAdminRule. `size` is the number of its tokens."""

    admin: bool
    line: int
    size: int
    body: Statement
    constants: Mapping[str, Any]


class Parser:
    """One file. Not used twice."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens, self._at, self._depth = tokens, 0, 0
        self._parameters = ["", ""]
        self._constants: dict[str, Any] = {}
        self._variables: set[str] = set()

    def functions(self) -> Iterator[Found]:
        while self._next.kind:
            if self._has("var"):
                self._variables = set(self._constants)
                self._var()(scope := Scope(Subject("", {}, "", ()), self._constants))
                self._constants = scope.names
            elif not self._has(";"):
                yield self._rule()

    # tokens

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _has(self, text: str) -> bool:
        """Take the mark or word if it is next."""
        found = self._next.text == text and self._next.kind in (text, "name")
        self._at += found
        return found

    def _take(self, text: str) -> None:
        if not self._has(text):
            raise ScriptError(self._next.line)

    def _word(self) -> str:
        token = self._next
        if token.kind != "name":
            raise ScriptError(token.line)
        self._at += 1
        return token.text

    def _end(self) -> None:
        """The end of a statement: a semicolon, or where JavaScript puts one itself."""
        if not self._has(";") and self._next.kind not in ("}", "") and not self._next.after_newline:
            raise ScriptError(self._next.line)

    # functions and statements

    def _rule(self) -> Found:
        line, begun = self._next.line, self._at
        for text in ("polkit", "."):
            self._take(text)
        admin = self._has("addAdminRule")
        if not admin:
            self._take("addRule")
        for text in ("(", "function", "("):
            self._take(text)
        self._parameters, self._variables = [], set(self._constants)
        while not self._has(")"):
            self._parameters.append(self._word())
            if self._next.kind != ")":
                self._take(",")
        self._parameters = [*self._parameters, "", ""][:2]
        self._take("{")
        body = self._block()
        self._take(")")
        self._end()
        return Found(admin, line, self._at - begun, body, dict(self._constants))

    def _block(self) -> Statement:
        statements = []
        while not self._has("}"):
            statements.append(self._statement())
        return partial(meaning.run, statements)

    def _statement(self) -> Statement:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ScriptError(self._next.line)
        try:
            if self._has("{"):
                return self._block()
            if self._has("if"):
                return self._if()
            if self._has("return"):
                return self._return()
            if self._has("var"):
                return self._var()
            return partial(meaning.run, []) if self._has(";") else self._evaluated()
        finally:
            self._depth -= 1

    def _if(self) -> Statement:
        line = self._tokens[self._at - 1].line
        self._take("(")
        condition = self._expression()
        self._take(")")
        then = self._statement()
        otherwise = self._statement() if self._has("else") else partial(meaning.run, [])
        return partial(meaning.branch, condition, then, otherwise, line)

    def _return(self) -> Statement:
        value: Expression = partial(meaning.constant, UNDEFINED)
        if not (self._next.after_newline or self._next.kind in (";", "}")):
            value = self._expression()
        self._end()
        return partial(meaning.give_back, value)

    def _var(self) -> Statement:
        statements = []
        while True:
            name = self._word()
            if name in (*self._parameters, *self._constants):  # another meaning of a name that has one
                raise ScriptError(self._next.line)
            self._variables.add(name)
            if self._has("="):
                statements.append(partial(meaning.assign, name, self._expression()))
            if not self._has(","):
                self._end()
                return partial(meaning.run, statements)

    def _evaluated(self) -> Statement:
        """`polkit.log("…" + …)`, of what begins with a text since it takes nothing else; or an unused value."""
        logs = [token.text for token in self._tokens[self._at : self._at + 4]] == ["polkit", ".", "log", "("]
        if logs:
            self._at += 4
            if self._next.kind != "text":
                raise ScriptError(self._next.line)
        value = self._expression()
        if logs:
            self._take(")")
        self._end()
        return partial(meaning.evaluate, value)

    # expressions, the loosest first

    def _expression(self) -> Expression:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ScriptError(self._next.line)
        alternatives = [self._all()]
        while self._has("||"):
            alternatives.append(self._all())
        self._depth -= 1
        return partial(meaning.any_of, alternatives) if len(alternatives) > 1 else alternatives[0]

    def _all(self) -> Expression:
        conditions = [self._comparison()]
        while self._has("&&"):
            conditions.append(self._comparison())
        return partial(meaning.all_of, conditions) if len(conditions) > 1 else conditions[0]

    def _comparison(self) -> Expression:
        left = self._sum()
        operator = self._next.kind
        if operator in ("==", "!=", "===", "!==", "<", ">", "<=", ">="):
            self._at += 1
            return partial(meaning.compare, operator, left, self._sum())
        return left

    def _sum(self) -> Expression:
        terms = [self._unary()]
        while self._has("+"):
            terms.append(self._unary())
        return partial(meaning.add, terms) if len(terms) > 1 else terms[0]

    def _unary(self) -> Expression:
        negations = 0
        while self._has("!"):
            negations += 1
        minus = not negations and self._has("-")
        if minus and self._next.kind != "number":
            raise ScriptError(self._next.line)
        value = partial(meaning.constant, -self._number()) if minus else self._chain()
        return partial(meaning.negate, value, negations) if negations else value

    def _number(self) -> int:
        self._at += 1
        return int(self._tokens[self._at - 1].text)

    def _chain(self) -> Expression:
        """A value and the methods called on it."""
        value = self._primary()
        for _ in range(_MAX_CHAIN):
            if not self._has("."):
                return value
            name = self._word()
            value = partial(meaning.call, name, value, self._argument())
        raise ScriptError(self._next.line)

    def _argument(self) -> Expression:
        self._take("(")
        value = self._expression()
        self._take(")")
        return value

    def _primary(self) -> Expression:
        token = self._next
        if token.kind == "number":
            return partial(meaning.constant, self._number())
        if self._has("("):
            value = self._expression()
            self._take(")")
            return value
        if self._has("["):
            return self._array()
        self._at += 1
        if token.kind in ("text", "pattern"):
            return partial(meaning.constant, token.text if token.kind == "text" else pattern(token.text))
        if token.kind != "name":
            raise ScriptError(token.line)
        return self._named(token)

    def _array(self) -> Expression:
        items = []
        while not self._has("]"):
            items.append(self._expression())
            if self._next.kind != "]":
                self._take(",")
        return partial(meaning.array, items)

    def _named(self, token: Token) -> Expression:
        name = token.text
        if name in self._parameters:
            return self._property("action" if name == self._parameters[0] else "subject")
        if name in self._variables:
            return partial(meaning.variable, name)
        if name in _CONSTANTS:
            return partial(meaning.constant, _CONSTANTS[name])
        if name == "polkit":
            for text in (".", "Result", "."):
                self._take(text)
            return partial(meaning.constant, _RESULTS.get(self._word(), UNDEFINED))
        if name == "RegExp" or (name == "new" and self._has("RegExp")):
            return partial(meaning.expression_of, self._argument())
        raise ScriptError(token.line)

    def _property(self, of: str) -> Expression:
        if not self._has("."):
            return partial(meaning.constant, UNKNOWN)
        name = self._word()
        if self._next.kind != "(":
            return partial(meaning.read, f"{of}.{name}")
        if f"{of}.{name}" not in ("action.lookup", "subject.isInGroup", "subject.isInNetGroup"):
            raise ScriptError(self._next.line)
        return partial(meaning.ask, name, self._argument())
