"""What the entries of the ledger say, in words for people, in the language in use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from privacy.parties.roster import Party
from privacy.parties.signed import of
from privacy.query.words import in_words
from privacy.reason import Reason
from privacy.release.documents import Objection, Registration, Request
from privacy.release.exchange import KEEPER
from privacy.release.receipts import concerned
from privacy.release.state import Entry, Release, State
from secops.core.content import convert
from secops.core.i18n import _, language
from secops.core.render.words import listed


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What happened: `number` and `time` of its entry, who did it, and what.

    `about` names the request, the contract, the version of a data set or the party that it is about; `dataset` is
    empty for events of the roster, `version` for those of contracts too. `parties` are all whom it concerns.
    """

    number: int
    time: str
    type: str
    dataset: str = ""
    version: str = ""
    about: str = ""
    who: str
    what: str
    parties: frozenset[str]


class Teller:
    """Takes in the entries of an exchange's ledger, one after the other, and tells what each one says."""

    def __init__(self) -> None:
        self.state = State()
        self._parties: dict[str, Party] = {}

    def take(self, entry: Entry) -> list[Event]:
        """The events of the next entry: one, or one for each party that a roster changes.

        Raises `ValueError`, `KeyError` and the like for an entry that is none of ours.
        """
        number = self.state.size
        self.state.take(entry)
        if entry["type"] == "roster":
            return list(self._roster(number, entry))
        tell = _TELLERS.get(entry["type"], _unknown)
        return [tell(self.state, entry, number)]

    def _roster(self, number: int, entry: Entry) -> Iterator[Event]:
        holders = {party.key_id: name for name, party in self._parties.items()}
        changed = convert(entry["changed"], tuple[Party, ...])
        holders = {party.key_id: party.id for party in changed} | holders
        by = holders.get(entry["by"], "")
        for party in changed:
            what = _changed(self._parties.get(party.id), party)
            self._parties[party.id] = party
            yield Event(
                number=number, time=entry["time"], type="roster", about=party.id, who=by, what=what,
                parties=frozenset({party.id, by}),
            )  # fmt: skip
        if not changed:
            what = _("version {version} of the roster changes no party").format(version=entry["version"])
            yield Event(number=number, time=entry["time"], type="roster", who=by, what=what, parties=frozenset({by}))


def _changed(old: Party | None, new: Party) -> str:
    """What became of a party."""
    if old is None:
        what = _("{party} ({name}) is enrolled as {kinds} with the key {key}, until {until}")
    elif new.revoked and not (old.revoked and old.key_id == new.key_id):
        return _("the key of {party} is revoked: {reason}").format(party=new.id, reason=new.revoked.reason)
    elif old.key_id != new.key_id:
        what = _("{party} has a new key {key}, until {until}")
    else:
        what = _("{party} takes part as {kinds} until {until}")
    kinds = listed(new.kinds)
    return what.format(party=new.id, name=new.name, kinds=kinds, key=new.key_id, until=new.until)


def _event(
    state: State, entry: Entry, number: int, *, about: str, who: str, what: str, dataset: tuple[str, str]
) -> Event:
    return Event(
        number=number, time=entry["time"], type=entry["type"], dataset=dataset[0], version=dataset[1], about=about,
        who=who, what=what, parties=frozenset({*concerned(state, entry), who}),
    )  # fmt: skip


def _unknown(_state: State, entry: Entry, number: int) -> Event:
    what = _("an entry of the kind {kind}, which this program does not know").format(kind=entry["type"])
    return Event(number=number, time=entry["time"], type=entry["type"], who="", what=what, parties=frozenset())


def _dataset(state: State, entry: Entry, number: int) -> Event:
    body = of(entry["registration"], Registration).body
    what = _("{dataset} {version} is registered: {records} records, {digest}").format(
        dataset=body.dataset, version=body.version, records=body.records, digest=body.digest
    )
    about, whose = f"{body.dataset} {body.version}", (body.dataset, body.version)
    return _event(state, entry, number, about=about, who=body.owner, what=what, dataset=whose)


def _shared(state: State, entry: Entry, number: int) -> Event:
    contract = state.sharings[entry["contract"]["id"]].contract
    what = _("contract {contract} is offered to {recipients}, until {until}: {title}").format(
        contract=contract.id, recipients=listed(contract.recipients), until=contract.until,
        title=contract.title.get(language()),
    )  # fmt: skip
    return _event(
        state, entry, number, about=contract.id, who=contract.owner, what=what, dataset=(contract.dataset, "")
    )


def _accepted(state: State, entry: Entry, number: int) -> Event:
    sharing = state.sharings[entry["contract"]]
    who, about = sharing.accepted[-1].body.approver, sharing.contract.id
    what = _("contract {contract} is accepted").format(contract=about)
    return _event(state, entry, number, about=about, who=who, what=what, dataset=(sharing.contract.dataset, ""))


def _of_release(say: Callable[[Release, Entry], tuple[str, str]]) -> Callable[[State, Entry, int], Event]:
    """An event of a request, from what says who and what."""

    def tell(state: State, entry: Entry, number: int) -> Event:
        release = state.releases[entry["release"]]
        request = release.request
        who, what = say(release, entry)
        whose = (request.dataset, request.version)
        return _event(state, entry, number, about=release.number, who=who, what=what, dataset=whose)

    return tell


def _requested(release: Release, _entry: Entry) -> tuple[str, str]:
    request = release.request
    what = _("{release} is asked for, by contract {contract} for {purpose}: {title} ({asked})").format(
        release=release.number, contract=request.contract, purpose=request.purpose,
        title=request.title.get(language()), asked=_asked(request),
    )  # fmt: skip
    if request.replaces:
        what = _("{what}; in place of {release}").format(what=what, release=request.replaces)
    return request.requester, what


def _asked(request: Request) -> str:
    if request.query:
        return in_words(request.query)
    fields = listed(request.fields)
    return _("the result of a job: {method} with the fields {fields}").format(method=request.method, fields=fields)


def _checked(release: Release, _entry: Entry) -> tuple[str, str]:
    what = _("{release} is checked, and waits for approvals").format(release=release.number)
    return KEEPER, _because(what, release.checked.notes if release.checked else ())


def _outcome(release: Release, entry: Entry) -> tuple[str, str]:
    words = {"changes": _("changes are wanted of {release}"), "refused": _("{release} is refused")}
    who = of(entry["objection"], Objection).body.party if "objection" in entry else KEEPER
    return who, _because(words[entry["type"]].format(release=release.number), release.reasons)


def _because(what: str, reasons: Iterable[Reason]) -> str:
    told = _("; ").join(str(reason) for reason in reasons)
    return _("{what}: {reasons}").format(what=what, reasons=told) if told else what


def _approval(release: Release, _entry: Entry) -> tuple[str, str]:
    body = release.approvals[-1].body
    what = _("{release} is approved, until {until}").format(release=release.number, until=body.until)
    return body.approver, what


def _release(release: Release, entry: Entry) -> tuple[str, str]:
    approvers = [one.body.approver for one in release.approvals if one.digest in entry["approvals"]]
    what = _("{release} is published to {party}, as {approvers} approved: {digest}").format(
        release=release.number, party=release.request.requester, approvers=listed(approvers), digest=entry["content"]
    )
    return KEEPER, what


_TELLERS: dict[str, Callable[[State, Entry, int], Event]] = {
    "dataset": _dataset,
    "shared": _shared,
    "accepted": _accepted,
    "request": _of_release(_requested),
    "checked": _of_release(_checked),
    "changes": _of_release(_outcome),
    "refused": _of_release(_outcome),
    "approval": _of_release(_approval),
    "release": _of_release(_release),
}

#: Types of entries.
TYPES = ("roster", *_TELLERS)
