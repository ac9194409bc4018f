"""The super-servers' configuration: which network services inetd and xinetd start on demand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Served:
    """One service, by its id or name, and whether it is switched on."""

    name: str
    enabled: bool
    path: str


@dataclass(frozen=True)
class Block:
    """One `{ … }` of an xinetd file; `service` is empty for the defaults."""

    service: str
    settings: dict[str, list[str]]
    path: str


def parse_inetd(path: str, lines: Iterable[str]) -> Iterator[Served]:
    """`service socket protocol wait user program …`, one a line; the service may have an address before it."""
    names = [line.split()[0] for line in lines if len(line.split()) >= 6 and not line.startswith("#")]
    for name in dict.fromkeys(name.rpartition(":")[2].partition("/")[0] for name in names):
        if name:
            yield Served(name, True, path)


def parse_xinetd(path: str, lines: Iterable[str]) -> tuple[list[Block], list[str]]:
    """The blocks of one file, and what it includes (`include FILE`, `includedir DIRECTORY`)."""
    blocks: list[Block] = []
    includes: list[str] = []
    title: list[str] = []
    block: Block | None = None
    for line in lines:
        words = line.replace("{", " { ").replace("}", " } ").replace("=", " = ", 1).split()
        if not words or words[0].startswith("#"):
            continue
        if block is None and words[0] in ("include", "includedir"):
            includes += words[1:2]
        elif block is None and words[0] in ("service", "defaults"):
            title = [word for word in words if word != "{"]
        if "{" in words and title:
            block = Block(title[1] if title[0] == "service" and len(title) > 1 else "", {}, path)
            blocks.append(block)
        elif "}" in words:
            title, block = [], None
        elif block is not None and "=" in words:
            key = words[0].rstrip("+-")
            block.settings.setdefault(key, []).extend(words[words.index("=") + 1 :])
    return blocks, includes


def judge_xinetd(blocks: Iterable[Block]) -> list[Served]:
    """Each service's state: `disable = yes`, or a name in the defaults' `disabled` or missing in their `enabled`."""
    known = list(blocks)
    defaults = [block.settings for block in known if not block.service]
    off = {name for settings in defaults for name in settings.get("disabled", [])}
    only = {name for settings in defaults for name in settings.get("enabled", [])}
    services: dict[str, Served] = {}
    for block in known:
        name = "".join(block.settings.get("id", [])[:1]) or block.service
        names = {name, block.service}
        on = block.settings.get("disable", [])[-1:] != ["yes"] and not names & off and (not only or bool(names & only))
        if block.service and (on or name not in services):
            services[name] = Served(name, on, block.path)
    return list(services.values())
