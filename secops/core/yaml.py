"""Strict YAML: one document, no duplicate keys, no aliases, no custom tags, errors with file and line.

Plain scalars mean what they look like: `no`, `off`, `0644`, `22:30` and `2026-01-01` stay text (YAML 1.1 would make
them a boolean, 420, 1350 and a date); only true, false, null, decimal integers and decimal fractions are values.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from secops.core.errors import UsageError
from secops.core.i18n import N_, _, because

#: Bytes of one content file; rules and scenarios are a few kilobytes.
MAX_BYTES = 1 << 20

#: Lists and mappings within one another; a rule with its tests has 6. libyaml takes the square of it in time.
MAX_DEPTH = 32


#: What libyaml finds wrong in most files that are no YAML.
LIBYAML = (
    N_("did not find expected key"),
    N_("did not find expected '-' indicator"),
    N_("did not find expected ',' or ']'"),
    N_("did not find expected ',' or '}'"),
    N_("did not find expected node content"),
    N_("did not find expected comment or line break"),
    N_("could not find expected ':'"),
    N_("mapping values are not allowed in this context"),
    N_("block sequence entries are not allowed in this context"),
    N_("found character that cannot start any token"),
    N_("found unexpected end of stream"),
    N_("found unknown escape character"),
    N_("found a tab character that violates indentation"),
)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the C loader where it is built in
    yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012 - ours replace those of YAML 1.1


for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", ["n", "~", ""]),
    ("int", r"-?(?:0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?(?:0|[1-9][0-9]*)\.[0-9]+", "-0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first))


def load(path: Path) -> Any:
    """The document in `path`. Raises `UsageError` that names the file and the line."""
    try:
        # a pipe without a writer would make us wait
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UsageError(_("not a regular file"), where=str(path))
            raw = file.read(MAX_BYTES + 1)
    except IsADirectoryError as error:
        raise UsageError(_("not a regular file"), where=str(path)) from error
    except OSError as error:
        raise UsageError(_("cannot be read: {reason}").format(reason=because(error)), where=str(path)) from error
    return loads(raw, str(path))


def loads(raw: bytes, where: str) -> Any:
    """The document in `raw`; `where` names it in errors."""
    if len(raw) > MAX_BYTES:
        raise UsageError(_("is larger than {n} MiB").format(n=MAX_BYTES >> 20), where=where)
    try:
        _check_shape(raw, where)
        loader = _Loader(raw)
        try:
            node = loader.get_single_node()
            if node is None:
                raise UsageError(_("is empty"), where=where)
            _check_keys(node, where)
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise UsageError(_("is no YAML: {reason}").format(reason=_(str(error.problem))), where=where + line) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UsageError(_("is no YAML: {reason}").format(reason=str(error)[:200]), where=where) from error


def _check_shape(raw: bytes, where: str) -> None:
    """Refuse aliases, and what is nested deeper than content ever is: libyaml's composer overflows the stack."""
    depth = 0
    for event in yaml.parse(raw, _Loader):
        at = f"{where}:{event.start_mark.line + 1}" if event.start_mark else where
        if isinstance(event, yaml.AliasEvent):
            raise UsageError(_("aliases (*name) are not allowed here"), where=at)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise UsageError(_("is nested deeper than {depth} levels").format(depth=MAX_DEPTH), where=at)


def _check_keys(node: yaml.Node, where: str) -> None:
    """Refuse keys that stand twice, or are no plain text."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_keys(item, where)
    elif isinstance(node, yaml.MappingNode):
        keys = set()
        for key, value in node.value:
            if key.value in keys if isinstance(key, yaml.ScalarNode) else True:
                at = f"{where}:{key.start_mark.line + 1}"
                what = _("the key {key!r} stands twice or is no plain text").format(key=key.value)
                raise UsageError(what, where=at)
            keys.add(key.value)
            _check_keys(value, where)


def line_of(path: Path, place: str) -> int | None:
    """The line, from 1, of what msgspec calls `$.people[0].level` in a file that `load` has read; None when there is
    none. What it only calls `[...]` is the line of the whole.
    """
    with suppress(OSError, yaml.YAMLError):
        node = yaml.compose(path.read_bytes(), _Loader)
        for name, number in _STEP.findall(place):
            if number and isinstance(node, yaml.SequenceNode):
                node = node.value[int(number)]
            elif name and isinstance(node, yaml.MappingNode):
                node = next((value for key, value in node.value if key.value == name), node)
        return int(node.start_mark.line) + 1 if node and place.startswith("$") else None
    return None


_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")


@dataclass(frozen=True, repr=False)
class Leaf:
    """A scalar as it is written, below its keys (places of a sequence as numbers); `line` from 1."""

    path: tuple[str, ...]
    text: str
    line: int
    tag: str | None = None


def leaves(text: str) -> Iterator[Leaf]:
    """The scalars of a foreign file, which may hold several documents and any tag. Nothing is constructed.

    An alias is passed over: what it stands for has come at its anchor, so that no file grows by reading it. Raises
    `ValueError`, without any of the content, on what is no YAML or nested deeper than `MAX_DEPTH`.
    """
    loader = _Loader(text.encode())
    stack: list[_Collection] = []
    try:
        while (event := loader.get_event()) is not None and not isinstance(event, yaml.StreamEndEvent):
            if isinstance(event, yaml.CollectionEndEvent):
                stack.pop()
            elif isinstance(event, yaml.CollectionStartEvent):
                path = stack[-1].place() if stack else ()
                if len(path) >= MAX_DEPTH:
                    raise ValueError(f"is nested too deeply at line {_line(event)}")
                stack.append(_Collection(path, mapping=isinstance(event, yaml.MappingStartEvent)))
            elif isinstance(event, yaml.ScalarEvent) and not (stack and stack[-1].takes_key(event.value)):
                path = stack[-1].place() if stack else ()
                yield Leaf(path, event.value, _line(event), event.tag)
            elif isinstance(event, yaml.AliasEvent) and stack:
                stack[-1].place()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ValueError("is no YAML" + (f" at line {mark.line + 1}" if mark else "")) from None
    except (yaml.YAMLError, UnicodeError):
        raise ValueError("is no YAML") from None
    finally:
        loader.dispose()


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


class _Collection:
    """Where the next node of a mapping or a sequence stands."""

    def __init__(self, path: tuple[str, ...], *, mapping: bool) -> None:
        self._path, self._mapping = path, mapping
        self._key: str | None = None
        self._count = 0

    def takes_key(self, text: str) -> bool:
        """Whether a scalar here is a key; it is remembered then."""
        if not self._mapping or self._key is not None:
            return False
        self._key = text
        return True

    def place(self) -> tuple[str, ...]:
        if not self._mapping:
            self._count += 1
            return (*self._path, str(self._count - 1))
        if self._key is None:  # a collection as a key
            self._key = "?"
            return (*self._path, "?")
        key, self._key = self._key, None
        return (*self._path, key)
