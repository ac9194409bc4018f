"""Strict YAML: one document, no duplicate keys, no aliases, no custom tags, errors with file and line.

Plain scalars mean what they look like: `no`, `off`, `0644`, `22:30` and `2026-01-01` stay text (YAML 1.1 would make
them a boolean, 420, 1350 and a date); only true, false, null, decimal integers and decimal fractions are values.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Any

import yaml

from secops.core.errors import UsageError
from secops.core.i18n import _, because

#: Bytes of one content file; rules and scenarios are a few kilobytes.
MAX_BYTES = 1 << 20

#: Lists and mappings within one another; a rule with its tests has 6.
MAX_DEPTH = 32


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
        raise UsageError(_("is no YAML: {reason}").format(reason=error.problem), where=where + line) from error
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
