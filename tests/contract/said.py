"""What the code says to users, found in its syntax: errors, hints, and the reasons why something was not seen."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: Calls whose words reach a user → which positional arguments are words. Keyword arguments in `_KEYWORDS` always are.
CALLS = {
    "CitywallError": (0,), "UsageError": (0,), "IncompleteError": (0,), "RefusedError": (0,), "StoreError": (0,),
    "JudgingError": (0,), "SudoersError": (0,), "TooLargeError": (0,), "RpmdbError": (0,), "SqliteError": (0,),
    "ConfError": (0,), "SourceError": (0,), "PinError": (0,), "UndecidableError": (0,),
    "Problem": (1,), "SectionEvidence": (2,), "Item": (3,), "lack": (0,), "_lack": (1,), "fault": (0,), "_wrong": (1,),
    "fail": (0,), "_refused": (2,), "Answer": (3,), "_complain": (0, 1), "_tell": (1,), "echo": (0,),
}  # fmt: skip
_KEYWORDS = ("reason", "hint", "error")

#: Functions of which every text that they return or yield is such a reason.
GIVERS = (
    "_misfit", "hidden", "_cut", "unpack", "blind", "_named", "_needs_exist", "_translated", "_families", "_tested",
    "_referenced", "query_faults", "_misfits", "_run", "_compare", "_fault", "shortfall",
)  # fmt: skip


@dataclass(frozen=True)
class Said:
    """A text with `9` where a value is filled in."""

    place: str
    text: str


def everything() -> Iterator[Said]:
    for path in sorted([*(ROOT / "secops").rglob("*.py"), *(ROOT / "privacy").rglob("*.py")]):
        tree = ast.parse(path.read_text("utf-8"))
        for scope in ast.walk(tree):
            if isinstance(scope, ast.FunctionDef | ast.Module):
                for node in _words(scope):
                    for part in _texts(node, scope):
                        yield Said(f"{path.relative_to(ROOT)}:{part.lineno}", _sample(part))


def _words(scope: ast.FunctionDef | ast.Module) -> Iterator[ast.expr]:
    """Expressions in one function (or outside all) whose text is shown."""
    giver = isinstance(scope, ast.FunctionDef) and scope.name in GIVERS
    for node in _own(scope):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            yield from (node.args[at] for at in CALLS.get(name, ()) if at < len(node.args))
            yield from (word.value for word in node.keywords if word.arg in _KEYWORDS)
        elif giver and isinstance(node, ast.Return | ast.Yield) and node.value:
            yield node.value


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """What stands in a scope but not in a function inside it."""
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, ast.FunctionDef):
            yield child
            yield from _own(child)


def _texts(node: ast.AST, scope: ast.AST) -> Iterator[ast.Constant | ast.JoinedStr]:
    """The literal texts that an expression may be; a name stands for all that its function gives it."""
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            yield node
        case ast.IfExp():
            yield from _texts(node.body, scope)
            yield from _texts(node.orelse, scope)
        case ast.BoolOp() | ast.Tuple() | ast.List():
            for value in node.values if isinstance(node, ast.BoolOp) else node.elts:
                yield from _texts(value, scope)
        case ast.Subscript():
            yield from _texts(node.value, scope)
        case ast.Name():
            for other in _own(scope):
                if isinstance(other, ast.Assign) and any(
                    isinstance(target, ast.Name) and target.id == node.id for target in other.targets
                ):
                    yield from _texts(other.value, scope)


def _sample(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "9" for part in node.values)
