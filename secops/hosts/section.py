"""What can be asked of a host. A section is data; `script` and the `root` carrier know how to fetch it."""

from __future__ import annotations

from dataclasses import dataclass

#: Bytes of one file or one command's output that leave a host, unless a section says otherwise.
DEFAULT_LIMIT = 1 << 20

#: Bytes of /etc/passwd that are read, for itself and for the homes in it.
PASSWD_LIMIT = 16 << 20

#: Seconds one file or one command may take, unless a section says otherwise.
DEFAULT_TIMEOUT = 20

#: (extended regular expression, replacement), tried in order on each line; the first that matches replaces it.
#: Written so that POSIX `sed -E` and Python's `re` agree, without `~`; no match drops the line.
Rewrite = tuple[tuple[str, str], ...]


def ends_wild(pattern: str) -> bool:
    """Whether the last part of a path pattern holds a wildcard."""
    return any(char in pattern.rpartition("/")[2] for char in "*?[")


def without_password(rest: str) -> Rewrite:
    """Rewrite rules for `name:password:rest` files: of a hash only its `$algorithm$` leaves the host.

    `rest` is the pattern of what follows the password field. Locks (`!`) stay; anything that is neither a known form
    nor plainly no hash becomes `?`, and a line of another shape becomes a bare `?`, so that it is still counted.
    """
    return (
        (rf"^([^:]*):([!*]*)(\$[a-z0-9]{{1,8}}\$)[^:]*:({rest})$", r"\1:\2\3:\4"),
        (rf"^([^:]*):([!*]*)[./0-9A-Za-z]{{13}}:({rest})$", r"\1:\2DES:\3"),
        (rf"^([^:]*:[!*]*x?:{rest})$", r"\1"),
        (rf"^([^:]*):[^:]*:({rest})$", r"\1:?:\2"),
        (r"^.+$", "?"),
    )


@dataclass(frozen=True)
class Files:
    """The content of files.

    `patterns` are absolute paths, may hold shell globs, and `~/` at the start stands for each home directory of the
    passwd file. Directories that a glob matches are passed over. `required` says that a host without them, or with an
    empty one, cannot be judged. `rewrite` filters lines before they leave the host, so that what must not travel never
    does. `seal` marks content that leaves only encrypted to the operator's key, `raw` what comes as it is: what is no
    text, and stored passwords that were asked for. `found` names what finds more paths by reading; see `script`.
    """

    name: str
    patterns: tuple[str, ...]
    required: bool = False
    limit: int = DEFAULT_LIMIT
    timeout: int = DEFAULT_TIMEOUT
    rewrite: Rewrite = ()
    seal: bool = False
    raw: bool = False
    found: str = ""
    live: bool = True  # a running host is asked
    image: bool = True  # a mounted image is asked


@dataclass(frozen=True)
class Listing:
    """Type, mode, owner and link target of paths, without their content. `patterns` as in `Files`."""

    name: str
    patterns: tuple[str, ...]
    required: bool = False
    limit: int = 8 << 20
    timeout: int = DEFAULT_TIMEOUT
    found: str = ""
    live: bool = True
    image: bool = True


@dataclass(frozen=True)
class Command:
    """The output of a POSIX sh snippet, run as `sh -c` with input from /dev/null; never run for an image.

    The snippet exits 0 when its output is whole, 65 when a fact could not be read for want of privilege,
    66 when the tool it needs is not there. `required` says that no output cannot be true. `raw` is output that is no
    text. With `image`, the `root` carrier has a function of the same name that gives the same for an image.
    """

    name: str
    script: str
    required: bool = True
    limit: int = 8 << 20
    timeout: int = DEFAULT_TIMEOUT
    raw: bool = False
    live: bool = True
    image: bool = False


@dataclass(frozen=True)
class Walk:
    """One pass over each local file system: SUID, SGID, world-writable and unowned files, capabilities."""

    name: str
    required: bool = True
    limit: int = 16 << 20
    timeout: int = 600
    live: bool = True
    image: bool = True


Section = Files | Listing | Command | Walk


def is_text(section: Section) -> bool:
    """Whether stored passwords are cut out of what is read. Names of files must stay what they are."""
    return isinstance(section, Files | Command) and not section.raw and not getattr(section, "seal", False)
