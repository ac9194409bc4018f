"""Registering data sets, and sharing them by contract."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from privacy.canonical import digest as digest_of
from privacy.data import table
from privacy.data.schema import Schema
from privacy.disclosure.differencing import History
from privacy.disclosure.policy import Policy
from privacy.parties.approval import Approval, Case, Quorum, approve, weigh
from privacy.parties.contract import Contract
from privacy.parties.keys import Signer
from privacy.parties.roster import KINDS
from privacy.parties.signed import Signed, as_value, digest, made, sign
from privacy.release.documents import Registration, Terms
from privacy.release.exchange import Desk
from privacy.release.grounds import CONTRACT, acting, offered, refuse
from privacy.release.places import Place, history_path, keep, of_dataset, there
from privacy.release.state import Sharing, accepted_entry, dataset_entry, shared_entry
from secops.core.errors import RefusedError, UsageError
from secops.core.i18n import _

if TYPE_CHECKING:
    from privacy.disclosure.modular import Ints


class Data(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be registered: its name and version, the file, its schema; `size_known`: outsiders know how many."""

    dataset: str
    version: str
    path: Path
    schema: Schema
    size_known: bool = True


class Registered(msgspec.Struct, frozen=True):
    """What was signed; `outside`: of each field, how many values are not in the schema. For the owner alone."""

    registration: Registration
    outside: dict[str, int]


def _registration(data: Data, owner: str, records: int, desk: Desk) -> Registration:
    return made(
        Registration, dataset=data.dataset, version=data.version, owner=owner, digest=table.file_digest(data.path),
        schema=data.schema.digest, records=records, issued=desk.time,
    )  # fmt: skip


def register(desk: Desk, data: Data, owner: Signer) -> Registered:
    """Record a version of a data set, with an empty history. The same again only tells where the file is now."""
    name = acting(desk.roster, owner.key_id, "owner", desk.now).id
    survey = table.survey(data.path, data.schema)
    new = _registration(data, name, survey.records, desk)
    folder = there(of_dataset(desk.folder, data.dataset, data.version))
    place = Place(str(data.path.absolute()), data.schema)
    before = desk.state.datasets.get((data.dataset, data.version))
    if before:
        _same(before.signed.body, new)
        keep(folder, place)
        return Registered(before.signed.body, dict(survey.outside))
    history = History.start(survey.records, people=_people(data), size_known=data.size_known)
    keep(folder, place)
    history.save(history_path(folder, history.digest()))
    desk.record(dataset_entry(sign(new, owner), history.digest(), desk.time))
    return Registered(new, dict(survey.outside))


def _people(data: Data) -> Ints | None:
    person = data.schema.person
    return table.read(data.path, data.schema, [person])[person] if person else None


def _same(old: Registration, new: Registration) -> None:
    if (old.owner, old.digest, old.schema) != (new.owner, new.digest, new.schema):
        what = _("{dataset} {version} is registered with another file, schema or owner")
        hint = _("What was registered is never changed: register it as another version.")
        raise UsageError(what.format(dataset=new.dataset, version=new.version), hint=hint)


def share(desk: Desk, contract: Contract, policy: Policy, owner: Signer) -> Terms:
    """The owner offers a contract with a policy. An earlier one of the same id ends, and is accepted anew."""
    name = acting(desk.roster, owner.key_id, "owner", desk.now).id
    if name != contract.owner:
        what = _("the contract is that of {owner}").format(owner=contract.owner)
        raise RefusedError(what, where=contract.id, hint=_("The owner named in it signs it."))
    for party in contract.recipients:
        if desk.roster.party(party) is None:
            hint = _("`citywall party enrol` comes first.")
            raise UsageError(_("{party} is not enrolled").format(party=party), where=contract.id, hint=hint)
    value = as_value(policy)
    terms = Terms(contract=contract.digest, policy=digest_of(value), owner=name, issued=desk.time)
    desk.record(shared_entry(contract, value, sign(terms, owner), desk.time))
    return terms


def acceptance(desk: Desk, contract: str, recipient: Signer) -> Signed[Approval]:
    """A recipient's signature below a contract: until the contract ends."""
    sharing = _sharing(desk, contract)
    until = datetime.combine(sharing.contract.until, time(), UTC) + timedelta(days=1)
    if until <= desk.now:
        raise RefusedError(_("the contract ended on {day}").format(day=sharing.contract.until), where=contract)
    return approve(
        desk.roster, recipient, subject=digest(sharing.terms.body), purpose=CONTRACT,
        requester=sharing.contract.owner, now=desk.now, until=until,
    )  # fmt: skip


def _sharing(desk: Desk, contract: str) -> Sharing:
    if contract not in desk.state.sharings:
        hint = _("`citywall data list` shows them.")
        raise UsageError(_("there is no contract {contract}").format(contract=contract), hint=hint)
    return desk.state.sharings[contract]


def accept(desk: Desk, contract: str, approval: Signed[Approval]) -> None:
    """Record that a recipient has signed a contract. Raises `RefusedError` for a signature that does not count."""
    sharing = _sharing(desk, contract)
    party = approval.body.approver
    if party not in sharing.contract.recipients:
        raise RefusedError(_("{party} is no recipient of the contract").format(party=party), where=contract)
    if not offered(desk.rosters, sharing):
        raise RefusedError(_("the owner's own signature does not count any more"), where=contract)
    case = Case(
        roster=desk.roster, subject=digest(sharing.terms.body), purpose=CONTRACT, requester=sharing.contract.owner,
        rule=Quorum(count=1, kinds=KINDS), used={}, now=desk.now,
    )  # fmt: skip
    weighed = weigh([approval], case)
    if not weighed.enough:
        raise refuse(weighed.reasons, _("the signature does not count"), contract)
    desk.record(accepted_entry(contract, approval, desk.time))
