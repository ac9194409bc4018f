"""Ways by polkit: actions that an account may do without a password, with its own, or as an administrator."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from secops.core.content import Text
from secops.hosts.polkit.actions import Action
from secops.hosts.sudoers import TooLargeError
from secops.hosts.tables import Built, Row
from secops.hosts.tables.polkit_rules import PolkitConfig, read_polkit
from secops.privilege.accounts import Account
from secops.privilege.fits import fits, takes
from secops.privilege.polkit import Administrators, Decision, Groups, Polkit
from secops.privilege.techniques import POWERS, ActionPower, Chosen, Power, by_action, usable
from secops.privilege.way import EVERYONE, Kind, View, Way

#: polkit, as distributions call it, and the action that comes with it and with nothing else.
_PACKAGES = frozenset({"polkitd", "policykit-1", "polkit", "polkit-elogind", "polkit-noelogind", "polkit-common"})
_ITS_OWN = "org.freedesktop.policykit.exec"
_VERSION = re.compile(r"(?:[0-9]{1,9}:)?([0-9]{1,9})(?:\.([0-9]{1,9}))?")

#: A program and an argument that no rule names.
_ANY = "/citywall/any-program"
_ANY_ARGUMENT = "citywall-any-argument"

_UNIT = re.compile(r"[\w:.@-]{1,100}", re.ASCII)
_NAME = re.compile(r"[a-zA-Z_][\w.@-]{0,63}\$?", re.ASCII)


def find(view: View, built: Built) -> Iterator[Way]:
    """Actions by which accounts become root."""
    config = read_polkit(view.evidence, Built())
    if _ITS_OWN not in config.actions:
        return
    version = _version(view.rows("packages"))
    if version is None:
        built.lack("polkit's version is not known")
        return
    polkit = Polkit(config, version, Groups.from_rows(view.rows("groups"), view.memberships))
    if polkit.reads_scripts:
        for file in config.scripts:
            if file.script is None:
                built.lack(f"{file.path}:{file.fault} is not understood: polkit may allow more by it")
    try:
        yield from _Search(view, polkit).ways()
    except TooLargeError as error:
        built.lack(str(error))


def _version(packages: Sequence[Row]) -> tuple[int, int] | None:
    found = (_VERSION.match(row["version"] or "") for row in packages if row["name"] in _PACKAGES)
    return next(((int(match[1]), int(match[2] or 0)) for match in found if match), None)


@dataclass(frozen=True)
class _Probe:
    """A request for an action, and what it gives to whoever is authorized to it."""

    action: str
    details: Mapping[str, str]
    program: str
    gives: Power
    how: Text
    any_program: bool = False
    certain: bool = True


class _Search:
    def __init__(self, view: View, polkit: Polkit) -> None:
        self._polkit, self._root = polkit, view.root.name
        self._literals = sorted(_literals(polkit.config)) if polkit.reads_scripts else []
        self._accounts = [account for account in view.accounts.values() if account.uid != 0]
        if view.has_directory:
            self._accounts += _of_a_directory([*self._literals, *_named(polkit.config)], view.accounts)
        self._ground = view.ground

    def ways(self) -> Iterator[Way]:
        as_administrator: dict[tuple[str, str], Way] = {}
        for action in self._polkit.config.actions.values():
            told: set[tuple[str, str]] = set()  # who may run any program, or this one
            for probe in self._probes(action):
                for way in self._by(probe):
                    if way.thing != action.id:
                        _keep_strongest(as_administrator, way)
                    elif not told & {(who, what) for who in (way.user, EVERYONE) for what in ("", probe.program)}:
                        told.add((way.user, "" if probe.any_program else probe.program))
                        yield way
        yield from as_administrator.values()

    def _by(self, probe: _Probe) -> Iterator[Way]:
        """Who is authorized: everyone where the answer hangs on nobody, else one account after the other."""
        anyone = self._polkit.decide(None, probe.action, probe.details)
        if anyone.result in ("yes", "auth_self"):
            yield self._way(EVERYONE, probe, anyone)
        elif anyone.result != "no":
            whose = self._polkit.administrators(None, probe.action)
            for account in self._accounts:
                known = anyone if anyone.result else self._polkit.decide(account, probe.action, probe.details)
                if known.result == "auth_admin":
                    yield from self._by_administrator(account, probe, whose, certain=known.certain)
                elif known.result != "no":
                    yield self._way(account.name, probe, known)

    def _way(self, user: str, probe: _Probe, decision: Decision) -> Way:
        return Way(
            user, self._root, "polkit", probe.action, probe.gives, probe.how, decision.source, decision.line,
            probe.program, "own" if decision.result == "auth_self" else "none",
            certain=probe.certain and decision.certain and decision.result is not None,
        )  # fmt: skip

    def _by_administrator(
        self, account: Account, probe: _Probe, whose: Administrators, *, certain: bool
    ) -> Iterator[Way]:
        if whose.identities is None:
            whose = self._polkit.administrators(account, probe.action)
        if whose.identities is None:
            yield self._way(account.name, probe, Decision(None, whose.source, whose.line))
        for identity in whose.identities or ():
            answer = self._polkit.is_administrator(account, identity)
            if answer is not False:
                yield Way(
                    account.name, self._root, "polkit", identity, probe.gives, probe.how, whose.source, whose.line,
                    probe.program, "own", certain=probe.certain and certain and whose.certain and answer is True,
                )  # fmt: skip

    def _probes(self, action: Action) -> Iterator[_Probe]:
        """What to ask polkit of an action."""
        known, pkexec = by_action().get(action.id), self._polkit.config.pkexec
        if known and (pkexec or known.program != "pkexec"):
            details = known.details | (_run(_ANY, _ANY_ARGUMENT) if known.runs else {})
            yield _Probe(action.id, details, known.program, known.gives, known.how, any_program=known.runs)
            if known.runs:
                yield from self._unless_told(action.id, details, self._programs(action.id, known.details))
            if known.chosen:
                yield from self._unless_told(action.id, details, self._made_up(known, known.chosen))
        elif action.program and pkexec:
            arguments = f"{action.argument} *" if action.argument else None
            yield from self._technique(action.id, {"user": "root"} | _run(action.program, _ANY_ARGUMENT), arguments)

    def _unless_told(self, action: str, details: Mapping[str, str], probes: Iterator[_Probe]) -> Iterator[_Probe]:
        """The requests that are answered otherwise than the one with these details, or not to everyone alike."""
        usual = self._polkit.decide(None, action, details).result
        for probe in probes:
            answer = self._polkit.decide(None, action, probe.details).result
            if answer is None or answer != usual:
                yield probe

    def _programs(self, action: str, details: Mapping[str, str]) -> Iterator[_Probe]:
        """Single programs that a rule may let through, with any arguments or with those that it names."""
        own = {known.program for known in self._polkit.config.actions.values()} if action == _ITS_OWN else ()
        for literal in self._literals:
            program, _, arguments = literal.partition(" ")
            if program.startswith("/") and program not in own:  # pkexec asks for that action instead
                yield from self._technique(action, {**details, **_run(program, _ANY_ARGUMENT)}, None)
                yield from self._technique(action, {**details, **_run(program, arguments)}, arguments)

    def _made_up(self, known: ActionPower, chosen: Chosen) -> Iterator[_Probe]:
        """Values of a detail that a rule lets through for how they begin, end or look, not for what they are."""
        version = self._ground.majors.get(chosen.package)
        if version is None or version >= chosen.major:
            for literal in self._literals:
                for value in _like(literal):
                    details = {**known.details, chosen.detail: value}
                    yield _Probe(known.id, details, known.program, known.gives, known.how, certain=version is not None)

    def _technique(self, action: str, details: Mapping[str, str], arguments: str | None) -> Iterator[_Probe]:
        program = self._ground.program(details["program"])
        for power, how in self._given(program, arguments)[:1]:
            yield _Probe(action, details, program, power, how)

    def _given(self, program: str, arguments: str | None) -> list[tuple[Power, Text]]:
        """What a program gives with arguments that end in a star, or are as they stand; None = any."""
        if arguments is not None and arguments.endswith(" *"):
            return [(one.gives, one.how) for one in usable(program, self._ground.majors) if takes(one, arguments)]
        found = fits(program, arguments, self._ground)
        return [(fit.gives, fit.how) for fit in found if not (fit.mine or fit.linked) and fit.user in (None, "root")]


def _run(program: str, arguments: str) -> dict[str, str]:
    return {"program": program, "command_line": f"{program} {arguments}".rstrip()}


def _like(literal: str) -> Iterator[str]:
    """Names of units that begin, end or look as a text or a regular expression says."""
    plain = re.sub(r"\[[^\]]*\][*+]?|\.[*+]", "x", literal.strip("^$")).replace("\\", "")
    if _UNIT.fullmatch(plain):
        yield f"{plain}-citywall-any.service"
        yield f"citywall-any-{plain}"
        if plain != literal:
            yield plain


def _keep_strongest(kept: dict[tuple[str, str], Way], way: Way) -> None:
    old = kept.get((way.user, way.thing))
    if old is None or (POWERS.index(way.gives), not way.certain) < (POWERS.index(old.gives), not old.certain):
        kept[way.user, way.thing] = way


def _literals(config: PolkitConfig) -> set[str]:
    return {literal for file in config.scripts if file.script for literal in file.script.literals}


def _named(config: PolkitConfig) -> list[str]:
    """Users and groups that the files of the local authority name."""
    identities = [identity for store in config.stores for entry in store for identity in entry.identities]
    identities += config.administrators[0] if config.administrators else ()
    return [identity.partition(":")[2] for identity in identities if ":" in identity]


def _of_a_directory(names: Sequence[str], known: Mapping[str, Account]) -> Iterator[Account]:
    """Users and groups by names that stand somewhere in the rules and that a directory may hold."""
    for text in dict.fromkeys(names):
        name = text.removeprefix("unix-group:").removeprefix("unix-user:")
        if _NAME.fullmatch(name):
            if name not in known:
                yield Account(name)
            yield Account(f"unix-group:{name}", groups=frozenset({name}))


KIND = Kind("polkit", ("polkit_rules",), find)
