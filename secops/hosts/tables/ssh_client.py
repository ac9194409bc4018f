"""Where the ssh client forwards its agent, as its configuration says for each account and for the system."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from posixpath import join

from secops.hosts.evidence import Evidence, Item, Status
from secops.hosts.ssh_files import HOME_CONFIGS, SSH_FILES, SYSTEM_CONFIGS
from secops.hosts.ssh_records import ConfigLine
from secops.hosts.sshd_config import ALL, Dialect, Parsed, Setting, parse
from secops.hosts.tables import Built, Column, Row, Table
from secops.hosts.tables._files import one_path
from secops.hosts.tables._ssh import told_records
from secops.hosts.tables.users import PASSWD, passwd_lines

MAX_ROWS = 100_000

_MAIN = ("/etc/ssh/ssh_config", "/usr/etc/ssh/ssh_config")
_BETWEEN = " + "
_FLAGS = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}


@dataclass
class _Known:
    """The lines of configurations that are known, by home (empty: the system's) and path."""

    files: dict[str, dict[str, Item]] = field(default_factory=dict)
    numbers: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, evidence: Evidence, built: Built) -> _Known:
        lines: dict[str, list[bytes]] = {}
        found = cls()
        for record in told_records(evidence, built):
            if isinstance(record, ConfigLine):
                path = one_path(record.path)
                lines.setdefault(path, []).append(record.text)
                found.numbers.setdefault(path, []).append(record.number)
        for path, texts in lines.items():
            home, mark, _ = path.partition("/.ssh/")
            folder = found.files.setdefault((home or "/") if mark else "", {})
            folder[path] = Item(path, b"\n".join(texts) + b"\n")
        return found

    def parse(self, main: str, home: str = "") -> Parsed:
        """What a configuration says, with what it includes; nothing when no line of it matters."""
        files = self.files.get(home, {})
        if main not in files:
            return Parsed()
        base = join(home, ".ssh") if home else "/etc/ssh"
        asked = [join(home, pattern) for pattern in HOME_CONFIGS] if home else SYSTEM_CONFIGS
        blocks = {"host": _host, "match": _match}
        return parse(main, files, asked, Dialect("ssh", blocks, base, home, _BETWEEN, self.numbers))


def build(evidence: Evidence) -> Built:
    built = Built()
    known = _Known.of(evidence, built)
    system = [known.parse(path) for path in _MAIN if path in known.files.get("", {})][:1]
    parsed = {home: known.parse(join(home, ".ssh/config"), home) for home in known.files if home}
    built.rows = [row for one in system for row in _rows(one.settings, None)]
    for _, fields in passwd_lines(evidence, built):
        own = parsed.get(one_path(fields[5])) if fields[5].startswith("/") else None
        built.rows += _rows(own.settings, fields[0]) if own else ()
        if len(built.rows) > MAX_ROWS:
            built.rows = built.rows[:MAX_ROWS]
            built.lack(f"more than {MAX_ROWS} settings and accounts", Status.TRUNCATED)
            break
    built.problems += [problem for one in (*system, *parsed.values()) for problem in one.problems]
    return built


def _host(words: Sequence[str]) -> str:
    return " ".join(("host", *words))


def _match(words: Sequence[str]) -> str:
    plain = [word.lower() for word in words]
    return ALL if plain == [ALL] else " ".join(("match", *plain[:1], *words[1:]))


def _rows(settings: Iterable[Setting], user: str | None) -> Iterator[Row]:
    """The lines that count: the first for each context, and none after one that is for every host."""
    seen: set[str] = set()
    known = list(settings)
    renamed = _renamed(known)
    for setting in known:
        if setting.keyword != "forwardagent" or seen & {setting.context, "", ALL, "host *"}:
            continue
        seen.add(setting.context)
        yield {
            "user_name": user,
            "context": "" if setting.context == ALL else setting.context,
            "every_host": every_host(setting.context),
            "aliases": list(_aliases(setting.context, renamed)),
            "forward_agent": _FLAGS.get(setting.words[0].lower(), setting.words[0]),
            "source": setting.source,
            "line": setting.line,
        }


def _named(context: str) -> Iterator[str]:
    """The names, without wildcards, that blocks of a context are for."""
    for block in context.split(_BETWEEN):
        kind, _, rest = block.partition(" ")
        yield from (word for word in rest.split() if kind == "host" and not {*"*?!"} & {*word})


def _renamed(settings: Iterable[Setting]) -> dict[str, list[str]]:
    """What HostName says by the names of its block; `*` for those of blocks that are for every host."""
    found: dict[str, list[str]] = {}
    for setting in settings:
        if setting.keyword == "hostname":
            for name in ["*"] if every_host(setting.context) is not False else _named(setting.context):
                found.setdefault(name, []).append(setting.words[0])
    return found


def _aliases(context: str, renamed: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for name in dict.fromkeys(_named(context)):
        for target in [*renamed.get(name, ())[:1], *renamed.get("*", ())[:1]][:1]:
            yield f"{name} {target.replace('%h', name)}"


def every_host(context: str) -> bool | None:
    """Whether what holds in a context holds for every host but named exceptions; None when it hangs on more."""
    answers = {_every_host(part) for part in context.split(_BETWEEN)}
    return False if False in answers else None if None in answers else True


def _every_host(block: str) -> bool | None:
    kind, _, rest = block.partition(" ")
    words = rest.split()
    if kind == "host":
        return "*" in words
    if kind != "match":
        return True
    if words in (["host", "*"], ["originalhost", "*"], ["final", ALL]):
        return True
    return False if {"host", "originalhost", "user"} & {word.lower() for word in words} else None


TABLE = Table(
    name="ssh_client",
    doc="Lines of the ssh client's configuration by which it forwards the agent, one row for each that counts: the "
    "first value wins, so that what stands behind one for every host is left out. Those of an account come before "
    "those of the system. What is given on the command line is not seen.",
    columns=(
        Column("user_name", "text", "account whose ~/.ssh/config it is; NULL for the system's, which is for all"),
        Column("context", "text", "the blocks around it (`host *.gov.cn`, `match user x`); empty outside all"),
        Column("every_host", "boolean", "holds for every host but named exceptions; NULL when it hangs on more"),
        Column(
            "aliases",
            "text[]",
            "names that the blocks are for and HostName gives another, each as `name other`: HostName of the blocks "
            "that have the name, or of those for every host",
        ),
        Column("forward_agent", "text", "yes, no, or the socket that is forwarded"),
        Column("source", "text", "file"),
        Column("line", "integer", "line in the file"),
    ),
    sections=(SSH_FILES, PASSWD),
    build=build,
)
