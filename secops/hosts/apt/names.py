"""How apt names what it keeps of a source, and which files of a folder of settings it reads."""

from __future__ import annotations

import re
from collections.abc import Container

_BAD = frozenset('\\|{}[]<>"^~_=!@#$%^&*')
_FILE = re.compile(r"[A-Za-z0-9_:-][A-Za-z0-9_:.-]*(?<!\.)")
_URI = re.compile(r"([^:]*):(?://)?((?:\[[^\]]*\]|[^/\[])*)(.*)", re.DOTALL)
_PORT = re.compile(r"(.*):([0-9]{0,9})[^:\]]*", re.DOTALL)


def is_read(path: str, endings: Container[str]) -> bool:
    """Whether apt reads a file of a folder, by its name. `endings` are those it takes, "" for none."""
    name = path.rpartition("/")[2]
    ending = name.rpartition(".")[2] if "." in name else ""
    return bool(_FILE.fullmatch(name)) and ending in endings


def split_uri(uri: str) -> tuple[str, str, str]:
    """Host, `:port` (or empty) and path; without user and password."""
    found = _URI.fullmatch(uri)
    if not found:
        return "", "", uri
    host = found[2].rpartition("@")[2]
    port = ""
    bare = host.replace("[", "").replace("]", "")
    if (numbered := _PORT.fullmatch(host)) and numbered[2] and "]" not in host[len(numbered[1]) :]:
        bare = numbered[1].replace("[", "").replace("]", "")
        port = f":{int(numbered[2])}" if int(numbered[2]) else ""
    return bare, port, found[3] or "/"


def list_name(uri: str) -> str:
    """The name in the folder of lists of what comes from `uri`."""
    text = "".join(split_uri(uri)).encode("utf-8", "surrogateescape")
    return "".join(
        f"%{byte:02x}" if byte <= 0x20 or byte >= 0x7F or chr(byte) in _BAD else chr(byte) for byte in text
    ).replace("/", "_")
