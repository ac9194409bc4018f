"""What is raw cannot be shown, and what is cleared cannot be made."""

from __future__ import annotations

import ast
import copy
import dataclasses
import json
import logging
import pickle
from pathlib import Path

import msgspec
import numpy as np
import pytest

from privacy.disclosure import door, result
from privacy.disclosure.result import Cleared, Raw
from tests.privacy.disclosure.samples import POLICY, Memory, counted

MARKER = "918273645"
ROOT = Path(result.__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "show",
    [
        str, format, bytes, bool, len, hash, list, pickle.dumps, copy.copy, copy.deepcopy, json.dumps,
        "{}".format, lambda raw: f"{raw:>9}", print, msgspec.json.encode,
        msgspec.msgpack.encode, msgspec.to_builtins, lambda raw: json.dumps(raw, default=str), lambda raw: raw == raw,
        lambda raw: raw == MARKER, lambda raw: raw != MARKER, lambda raw: raw < MARKER, lambda raw: MARKER in [raw],
        vars, lambda raw: raw.__getstate__(), lambda raw: raw.open(object()), lambda raw: dataclasses.asdict(raw),
        lambda raw: np.array(raw) + 1, lambda raw: raw + "", float, int, iter,
    ],
)  # fmt: skip
def test_raw_is_not_shown(show, capsys):
    with pytest.raises((TypeError, AttributeError)) as caught:
        show(Raw(MARKER))
    assert MARKER not in repr(caught.value)
    assert MARKER not in capsys.readouterr().out


def test_its_representation_is_stars():
    # tracebacks with local variables take it: one that raises would end the report of another error
    assert repr(Raw(MARKER)) == "Raw(***)" == repr(Raw(1))


def test_a_log_does_not_show_it(caplog, capsys):
    logging.raiseExceptions, before = False, logging.raiseExceptions
    try:
        logging.getLogger("x").warning("have %s and %r", Raw(MARKER), counted([9, int(MARKER) % 1000]))
        text = "".join(record.msg for record in caplog.records)
    finally:
        logging.raiseExceptions = before
    assert MARKER not in text + capsys.readouterr().err


def test_kinds_show_no_value():
    table = counted([9, 9]).open(result._KEY)
    for part in (table, table.population, *table.dimensions):
        assert repr(part) == str(part) == object.__repr__(part)
    assert table != counted([9, 9]).open(result._KEY)  # by identity: comparing tells nothing


def test_cleared_is_made_by_the_door_alone():
    made = door.clear(counted([20, 30]), POLICY, Memory())
    assert isinstance(made, Cleared)
    for forge in (
        lambda: Cleared(key=object(), kind="counts", media="text/csv", content=b"1", policy="", dataset="", version="",
                        notes=()),
        lambda: dataclasses.replace(made, content=b"1"),
        lambda: dataclasses.replace(made, key=object(), content=b"1"),
        lambda: pickle.dumps(made),
        lambda: copy.copy(made),
        lambda: setattr(made, "content", b"1"),
    ):  # fmt: skip
        with pytest.raises((TypeError, ValueError, dataclasses.FrozenInstanceError)):
            forge()
    assert repr(made).startswith("<privacy.disclosure.result.Cleared object at 0x")


def opens_raw(node):
    """Whether this piece of a program names what opens a raw result."""
    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("privacy.disclosure"):
        return any(alias.name in ("_KEY", "*") for alias in node.names)
    return isinstance(node, ast.Attribute) and node.attr in ("_KEY", "_Raw__value")


def test_no_other_package_names_the_key():
    paths = [*(ROOT / "privacy").rglob("*.py"), *(ROOT / "secops").rglob("*.py")]
    others = [path for path in paths if ROOT / "privacy" / "disclosure" not in path.parents]
    assert others
    opened = [
        path
        for path in others
        if b"disclosure" in (source := path.read_bytes()) and any(map(opens_raw, ast.walk(ast.parse(source))))
    ]
    assert opened == []


@pytest.mark.parametrize(
    "source",
    ["from privacy.disclosure.result import _KEY", "from privacy.disclosure.door import *", "x._KEY", "x._Raw__value"],
)
def test_the_search_finds(source):
    assert any(map(opens_raw, ast.walk(ast.parse(source))))
