"""What polkit is configured to allow: defaults of actions, rules, authorizations of its local authority."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import basename, dirname

from secops.hosts.evidence import Evidence, Item
from secops.hosts.polkit.actions import Action, PolicyError, read
from secops.hosts.polkit.collected import ACTIONS, LOCAL_AUTHORITY, PATHS, RULES, STORES, policies
from secops.hosts.polkit.local_authority import Entry, KeyFileError, administrators, entries
from secops.hosts.polkit.script import Script, ScriptError
from secops.hosts.polkit.script import read as read_script
from secops.hosts.tables import Built, Column, Row, Table
from secops.hosts.tables._listed import listed

SECTIONS = (ACTIONS, RULES, LOCAL_AUTHORITY, PATHS)


@dataclass(frozen=True)
class ScriptFile:
    """A file of rules; `script` is None for one that is not understood, from its line `fault` on."""

    path: str
    script: Script | None
    fault: int | None = None


@dataclass(frozen=True)
class PolkitConfig:
    """A host's configuration in polkit's own order.

    `stores` are what the folders of the local authority authorize, the later the stronger; `administrators` the
    identities that its files name, and the file. `pkexec`: it is there, SUID root.
    """

    pkexec: bool
    actions: dict[str, Action]
    scripts: list[ScriptFile]
    stores: list[list[Entry]]
    administrators: tuple[tuple[str, ...], str] | None


def read_polkit(evidence: Evidence, built: Built) -> PolkitConfig:
    """The host's configuration. What is not seen or not known of it is told to `built`, but not what is in scripts."""
    pkexec = _pkexec(evidence, built)
    found = {action.id: action for action in _actions(evidence, built)}
    scripts = [_script(item) for item in sorted(evidence[RULES.name].files, key=_rules_order)]
    files = evidence[LOCAL_AUTHORITY.name].files
    stores: dict[str, list[Entry]] = {}
    for item in sorted((item for item in files if item.path.endswith(".pkla")), key=_store_order):
        stores.setdefault(dirname(item.path), []).extend(_entries(item, built))
    named = [(item.path, identities) for item in files if (identities := _administrators(item, built)) is not None]
    path, identities = max(named, default=("", None))
    return PolkitConfig(pkexec, found, scripts, [*stores.values()], (identities, path) if identities else None)


def _pkexec(evidence: Evidence, built: Built) -> bool:
    """Whether pkexec is there, SUID root."""
    found = False
    for entry in listed(evidence, PATHS, built):
        if basename(entry.path) != "pkexec":
            built.lack(f"{entry.path}: not known whether polkit reads it here")
        elif entry.kind == "l":
            built.lack(f"{entry.path}: mode and owner of the file are not seen")
        else:
            found = found or (entry.uid == 0 and bool(entry.mode & 0o4000))
    return found


def _actions(evidence: Evidence, built: Built) -> Iterator[Action]:
    """The actions as polkitd reads them: of those with one id the last counts."""
    try:
        for path, content in sorted(policies(evidence[ACTIONS.name].only.data)):
            try:
                yield from read(content, path)
            except PolicyError as error:
                built.lack(f"{path}:{error.line} is not understood, and what follows it")
                yield from error.actions
    except ValueError:
        built.lack("the list of polkit's actions is not whole")


def _rules_order(item: Item) -> tuple[str, str]:
    return basename(item.path), item.path


def _store_order(item: Item) -> tuple[str, int, str]:
    folder = dirname(item.path)
    return basename(folder), STORES.index(dirname(folder)) if dirname(folder) in STORES else 0, item.path


def _script(item: Item) -> ScriptFile:
    try:
        return ScriptFile(item.path, read_script(item.text))
    except ScriptError as error:
        return ScriptFile(item.path, None, error.line)


def _entries(item: Item, built: Built) -> list[Entry]:
    try:
        return entries(item.text, item.path)
    except KeyFileError as error:
        built.lack(f"{item.path}:{error.line} is not understood, nor the file with it")
        return []


def _administrators(item: Item, built: Built) -> tuple[str, ...] | None:
    try:
        return administrators(item.text) if item.path.endswith(".conf") else None
    except KeyFileError as error:
        built.lack(f"{item.path}:{error.line} is not understood, nor the file with it")
        return None


def build(evidence: Evidence) -> Built:
    built = Built()
    config = read_polkit(evidence, built)
    built.rows = [*map(_action, config.actions.values())]
    for file in config.scripts:
        built.rows += _of_script(file)
    built.rows += [_of_entry(entry) for store in config.stores for entry in store]
    if config.administrators:
        identities, path = config.administrators
        built.rows.append(_row("administrators", path, None, identities=list(identities)))
    return built


def _row(kind: str, source: str, line: int | None, **values: object) -> Row:
    empty = dict.fromkeys(("action", "identities", "allow_any", "allow_inactive", "allow_active", "program"))
    return {"kind": kind, **empty, "understood": True, **values, "source": source, "line": line}


def _action(action: Action) -> Row:
    return _row("action", action.source, action.line, action=action.id, program=action.program, **action.defaults)


def _of_script(file: ScriptFile) -> Iterator[Row]:
    if file.script is None:
        yield _row("script", file.path, file.fault, understood=False)
    elif file.script.is_local_authority:
        yield _row("script", file.path, 1)
    else:
        for function in file.script.functions:
            yield _row("administrators" if function.admin else "script", file.path, function.line)


def _of_entry(entry: Entry) -> Row:
    return _row(
        "entry", entry.source, entry.line, action=";".join(entry.actions), identities=list(entry.identities),
        allow_any=entry.any, allow_inactive=entry.inactive, allow_active=entry.active,
    )  # fmt: skip


TABLE = Table(
    name="polkit_rules",
    doc="What polkit is configured by, one row for each default, rule, authorization and list of administrators. Of "
    "actions only those that give root, or by which pkexec runs a program. What counts hangs on the version of polkit.",
    columns=(
        Column(
            "kind",
            "text",
            "action (its defaults), script (a rule in JavaScript), entry (an authorization of the local authority, "
            ".pkla), administrators (a rule or a file that names them)",
        ),
        Column("action", "text", "the action's id; of an entry its patterns, joined by ;"),
        Column("identities", "text[]", "for whom: unix-user:name, unix-group:name, unix-netgroup:name, default"),
        Column("allow_any", "text", "yes, no, auth_self, auth_admin and these with _keep: also from outside (ssh)"),
        Column("allow_inactive", "text", "the same in a session at the machine's own seat that is not in front"),
        Column("allow_active", "text", "the same in the session in front"),
        Column("program", "text", "of an action: what pkexec runs by it"),
        Column("understood", "boolean", "false for a script that holds more than is read here"),
        Column("source", "text", "file"),
        Column("line", "integer", "line where it begins; of a script that is not understood, where that ends"),
    ),
    sections=SECTIONS,
    build=build,
)
