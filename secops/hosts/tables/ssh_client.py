"""Where the ssh client forwards its agent, as its configuration says for each account and for the system."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from posixpath import join

from secops.hosts.evidence import Evidence, Item, Status
from secops.hosts.identities import HOME_CONFIGS, SYSTEM_CONFIGS
from secops.hosts.masking import any_case
from secops.hosts.section import Files
from secops.hosts.sshd_config import ALL, Dialect, Parsed, Setting, parse
from secops.hosts.tables import Built, Column, Row, Table
from secops.hosts.tables._files import one_path
from secops.hosts.tables.users import PASSWD, passwd_lines

MAX_ROWS = 100_000

_MAIN = ("/etc/ssh/ssh_config", "/usr/etc/ssh/ssh_config")
_BETWEEN = " + "
_KEYWORDS = "|".join(map(any_case, ("host", "match", "forwardagent", "identityfile", "include")))
_OPENING = f'[ \t]*"?({_KEYWORDS})"?[ \t=]'

#: Of all that a configuration holds (commands with passwords too) only these lines leave the host, without remarks and
#: without what `Match exec` runs. Blank lines keep the numbering.
SSH_CLIENT = Files(
    "ssh_client",
    (*SYSTEM_CONFIGS, *(f"~/{name}" for name in HOME_CONFIGS), *(f"/{name}" for name in HOME_CONFIGS)),
    rewrite=(
        (f'^([ \t]*"?{any_case("match")}"?[ \t=]).*{any_case("exec")}.*$', r"\1exec ?"),
        (f"^({_OPENING}.*)[ \t]#.*$", r"\1"),
        (f"^({_OPENING}.*)$", r"\1"),
        ("^.*$", ""),
    ),
)

_FLAGS = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}


def build(evidence: Evidence) -> Built:
    built = Built()
    files = {one_path(item.path): item for item in evidence[SSH_CLIENT.name].items if item.status is not Status.ABSENT}
    own = of_homes(files)
    main = next((path for path in _MAIN if path in files), "")
    parsed: dict[str, Parsed] = {}
    if main:
        parsed[""] = parse(main, files, SYSTEM_CONFIGS, _dialect("/etc/ssh"))
        built.rows += _rows(parsed[""].settings, None)
    for _, fields in passwd_lines(evidence, built):
        name, home = fields[0], one_path(fields[5])
        config = join(home, ".ssh/config")
        if not fields[5].startswith("/") or config not in own.get(home, {}):
            continue
        if home not in parsed:
            asked = [join(home, pattern) for pattern in HOME_CONFIGS]
            parsed[home] = parse(config, own[home], asked, _dialect(join(home, ".ssh"), home))
        built.rows += _rows(parsed[home].settings, name)
        if len(built.rows) > MAX_ROWS:
            built.rows = built.rows[:MAX_ROWS]
            built.lack(f"more than {MAX_ROWS} settings and accounts", Status.TRUNCATED)
            break
    built.problems += [problem for one in parsed.values() for problem in one.problems]
    return built


def of_homes(files: Mapping[str, Item]) -> dict[str, dict[str, Item]]:
    """Configurations by the home that they lie in."""
    found: dict[str, dict[str, Item]] = {}
    for path, item in files.items():
        home, mark, _ = path.partition("/.ssh/")
        if mark:
            found.setdefault(home or "/", {})[path] = item
    return found


def _dialect(base: str, home: str = "") -> Dialect:
    return Dialect("ssh", {"host": _host, "match": _match}, base, home, _BETWEEN)


def _host(words: Sequence[str]) -> str:
    return " ".join(("host", *words))


def _match(words: Sequence[str]) -> str:
    plain = [word.lower() for word in words]
    return ALL if plain == [ALL] else " ".join(("match", *plain[:1], *words[1:]))


def _rows(settings: Iterable[Setting], user: str | None) -> Iterator[Row]:
    """The lines that count: the first for each context, and none after one that is for every host."""
    seen: set[str] = set()
    for setting in settings:
        if setting.keyword != "forwardagent" or seen & {setting.context, "", ALL, "host *"}:
            continue
        seen.add(setting.context)
        yield {
            "user_name": user,
            "context": "" if setting.context == ALL else setting.context,
            "every_host": every_host(setting.context),
            "forward_agent": _FLAGS.get(setting.words[0].lower(), setting.words[0]),
            "source": setting.source,
            "line": setting.line,
        }


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
        Column("forward_agent", "text", "yes, no, or the socket that is forwarded"),
        Column("source", "text", "file"),
        Column("line", "integer", "line in the file"),
    ),
    sections=(SSH_CLIENT, PASSWD),
    build=build,
)
