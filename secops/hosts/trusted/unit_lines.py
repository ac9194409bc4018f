"""Lines of systemd's units: with `grammars`, for images, the twin of the first awk program (see `awk_grammars`)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from secops.hosts.trusted import words
from secops.hosts.trusted.lines import mask
from secops.hosts.trusted.reader import Reader

_KEY = re.compile("([A-Za-z]+)[ \t]*=")
_UNIT, _INSTALL = re.compile(words.UNIT), re.compile(words.INSTALL)
_PULLS, _PULLED, _OPEN = re.compile(words.PULLS), re.compile(words.PULLED), re.compile(words.OPEN)
_UNIT_NAME = re.compile(r"[A-Za-z0-9:_.@\\-]+")


@dataclass
class UnitLines:
    """One unit, or one drop-in, while it is read. Its commands are told last: where they run may stand behind them."""

    reader: Reader
    tell: Callable[[int, list[str]], None]
    folder: str = ""
    commands: list[tuple[int, list[str], str]] = field(default_factory=list)

    def line(self, number: int, text: str) -> None:
        text = text.lstrip(" \t")
        found = _KEY.match(text) if _UNIT.match(text) else None
        if not found:
            return
        key, value = found[1], text[found.end() :].replace("\r", "").lstrip(" \t")
        if _INSTALL.match(key):
            if value:
                self.tell(number, ["Install="])
        elif re.fullmatch("Exec[A-Z][A-Za-z]*", key) and key != "ExecSearchPath":
            mark = re.match("[-@:+!|]*", value)[0]  # type: ignore[index]  # it matches always
            elevated = any(char in "+!" for char in mark.replace("!!", ""))
            self.commands.append((number, [f"{key}=", *["+"] * elevated], value[len(mark) :]))
        elif (tokens := self.setting(key, value)) is not None:
            self.tell(number, [f"{key}=", *tokens])

    def setting(self, key: str, value: str) -> list[str] | None:
        """The tokens of a setting that is no command; None for one that does not matter."""
        if key == "Environment":
            found = self.reader.assigned(value)
            return found if found or not value else None
        if _PULLS.match(key):
            return [name for name in re.split("[ \t\n]+", value) if _PULLED.match(name)] or None
        value = re.split("[ \t]", value, maxsplit=1)[0]
        match key:
            case "WorkingDirectory":
                value = value.removeprefix("-")
                self.folder = value if value.startswith("/") and not _OPEN.search(value) else ""
                return [self.reader.path(self.folder)] if self.folder else None
            case "EnvironmentFile":
                value = value.removeprefix("-")
                return [self.reader.path(value)] if value.startswith("/") else []
            case "User":
                return [self.reader.user(self.reader.names.get(value, value))] if value else []
            case "DynamicUser" | "PermissionsStartOnly":
                return ["9"] if re.match("[yY1tT]|on", value) else []
            case "RootDirectory" | "RootImage" | "BusName":
                return ["9"] if value else []
            case "Unit" | "Service" if _UNIT_NAME.fullmatch(value):
                return [value]
        return None

    def finish(self) -> None:
        for number, head, text in self.commands:
            self.reader.cwd = self.folder
            self.tell(number, [*head, *mask(self.reader, text, "unit")])
