"""Strict YAML: one document, no duplicate keys, no aliases, no custom tags, errors with file and line.

Plain scalars mean what they look like: `no`, `off`, `0644`, `22:30` and `2026-01-01` stay text (YAML 1.1 would make
them a boolean, 420, 1350 and a date); only true, false, null, decimal integers and decimal fractions are values.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
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
    yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012 - none of those of YAML 1.1; ours are below


#: Plain scalars that are no text, by what they begin with: all others are not looked at any further.
_PLAIN = re.compile(
    r"(?P<bool>true|false)|(?P<null>null|~|)|(?P<int>-?(?:0|[1-9][0-9]*))|(?P<float>-?(?:0|[1-9][0-9]*)\.[0-9]+)"
)
_FIRST = frozenset("tfn~-0123456789")
_TAGS = "tag:yaml.org,2002:"
_MEANS: dict[str, Callable[[str], Any]] = {
    "bool": lambda text: text == "true", "null": lambda _: None, "int": int, "float": float,
}  # fmt: skip


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
    loader = None
    try:
        loader = _Loader(raw)
        return _document(loader, where)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise UsageError(_("is no YAML: {reason}").format(reason=_(str(error.problem))), where=where + line) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UsageError(_("is no YAML: {reason}").format(reason=str(error)[:200]), where=where) from error
    finally:
        if loader:
            loader.dispose()


def _document(loader: Any, where: str) -> Any:
    """The one document, made out of the parser's events: PyYAML's own way there goes over them three times."""
    loader.get_event()  # the start of the stream
    if isinstance(loader.get_event(), yaml.StreamEndEvent):
        raise UsageError(_("is empty"), where=where)
    value = _value(loader, loader.get_event(), where, 1)
    loader.get_event()  # the end of the document
    if not isinstance(more := loader.get_event(), yaml.StreamEndEvent):
        raise yaml.MarkedYAMLError(problem="but found another document", problem_mark=more.start_mark)
    return value


def _value(loader: Any, event: Any, where: str, depth: int) -> Any:
    """What begins with the event. `depth` counts the collections that it is within, and itself."""
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event)
    if isinstance(event, yaml.AliasEvent):
        raise UsageError(_("aliases (*name) are not allowed here"), where=_at(event, where))
    if depth > MAX_DEPTH:
        raise UsageError(_("is nested deeper than {depth} levels").format(depth=MAX_DEPTH), where=_at(event, where))
    is_list = isinstance(event, yaml.SequenceStartEvent)
    if event.tag not in (None, "!", f"{_TAGS}{'seq' if is_list else 'map'}"):
        raise _no_such(event.tag, event)
    return (_sequence if is_list else _mapping)(loader, where, depth)


def _sequence(loader: Any, where: str, depth: int) -> list[Any]:
    found = []
    while not isinstance(event := loader.get_event(), yaml.SequenceEndEvent):
        found.append(_value(loader, event, where, depth + 1))
    return found


def _mapping(loader: Any, where: str, depth: int) -> dict[Any, Any]:
    """A mapping. Keys that stand twice, or are no plain text, are refused."""
    found: dict[Any, Any] = {}
    keys: set[str] = set()
    while not isinstance(event := loader.get_event(), yaml.MappingEndEvent):
        key = _value(loader, event, where, depth + 1)
        text = event.value if isinstance(event, yaml.ScalarEvent) else None
        if text is None or text in keys:
            what = _("the key {key!r} stands twice or is no plain text").format(key=key if text is None else text)
            raise UsageError(what, where=_at(event, where))
        keys.add(text)
        found[key] = _value(loader, loader.get_event(), where, depth + 1)
    return found


def _scalar(event: Any) -> Any:
    text, tag = event.value, event.tag
    if tag == "!" or tag == f"{_TAGS}str" or (tag is None and not event.implicit[0]):
        return text
    match = _PLAIN.fullmatch(text) if not text or text[0] in _FIRST else None
    kind = match.lastgroup if match else None
    if tag is not None and (kind is None or tag != f"{_TAGS}{kind}"):
        raise _no_such(tag, event)
    return _MEANS[kind](text) if kind else text


def _no_such(tag: str, event: Any) -> yaml.MarkedYAMLError:
    what = f"could not determine a constructor for the tag {tag!r}"
    return yaml.MarkedYAMLError(problem=what, problem_mark=event.start_mark)


def _at(event: yaml.Event, where: str) -> str:
    return f"{where}:{_line(event)}" if event.start_mark else where


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
