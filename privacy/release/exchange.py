"""The exchange: one folder on the owner's secure side with the roster, the ledger, and what is on its way.

    exchange.json       the key id of the authority whose roster counts
    keeper.key          the key that signs heads of the ledger, encrypted
    roster/, ledger/    who takes part; what happened
    datasets/           of each version: where its data is, its schema, the history of its releases
    requests/           of each request: a job's result, and what would leave, for those who approve
    out/PARTY/          what is handed to a party: receipts, results

One process writes at a time, and what it writes is recorded in the ledger or has not happened.
"""

from __future__ import annotations

import os
import shutil
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Literal, Self

import msgspec

from privacy import canonical
from privacy.ledger.log import Ledger
from privacy.parties import changes, keyfile
from privacy.parties.chain import Rosters, in_force
from privacy.parties.keys import Signer
from privacy.parties.roster import Card, Roster
from privacy.parties.signed import KeyId, Name, Signed, sign
from privacy.release.receipts import hand_out, handed
from privacy.release.state import Entry, State, roster_entry
from secops.core.errors import CitywallError, RefusedError, UsageError
from secops.core.folder import locked, must_be_new, writing
from secops.core.i18n import _
from secops.core.render import write_whole
from secops.core.secret import Secret

#: The party that keeps the ledger, as the roster of a new exchange calls it.
KEEPER = "keeper"


def utc_now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`exchange.json`."""

    authority: KeyId
    format: Literal["citywall-exchange/1"] = "citywall-exchange/1"


class Founding(msgspec.Struct, frozen=True, kw_only=True):
    """What a new exchange is made with. `until`: how long its roster and the keeper's key are valid.

    The keeper's key goes into the folder when there is a passphrase to encrypt it with.
    """

    origin: Name
    algorithm: Literal["sha256", "sm3"]
    card: Signed[Card]  # the authority's
    authority: Signer
    keeper: Signer
    until: datetime
    passphrase: Secret[bytes] | None = None


class Exchange:
    """The folder, for whoever reads it. `writing` gives the desk at which it is changed."""

    def __init__(self, folder: Path, about: About, clock: Callable[[], datetime] = utc_now) -> None:
        self.folder, self.about, self.clock = folder, about, clock

    @classmethod
    def open(cls, folder: Path, *, clock: Callable[[], datetime] = utc_now) -> Self:
        """An exchange that is there. Raises `UsageError` for a folder that is none."""
        place = folder / "exchange.json"
        try:
            about = msgspec.json.decode(place.read_bytes(), type=About)
        except (OSError, msgspec.DecodeError) as error:
            hint = _("`citywall ledger create` makes one; --exchange says where it is.")
            raise UsageError(_("is no exchange"), where=str(folder), hint=hint) from error
        return cls(folder, about, clock)

    @classmethod
    def create(cls, folder: Path, founding: Founding, *, clock: Callable[[], datetime] = utc_now) -> Self:
        """A new exchange with its authority and its keeper enrolled; whole, or not at all."""
        must_be_new(folder)
        partial = folder.with_name(f".{folder.name[:40]}.{token_hex(8)}.partial")
        about = About(founding.authority.key_id)
        try:
            with writing(folder):
                partial.mkdir(mode=0o700, parents=True)
                cls(partial, about, clock)._begin(founding)
                os.rename(partial, folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return cls(folder, about, clock)

    def _begin(self, founding: Founding) -> None:
        now, until = self.clock(), founding.until
        if founding.passphrase:
            keyfile.save(founding.keeper, self.keeper_key, founding.passphrase)
        rosters = Rosters(self.folder / "roster", self.about.authority)
        first = changes.first(founding.card, [], now=now, until=until)
        keeper = sign(
            Card(KEEPER, founding.origin, founding.keeper.public_key, canonical.time_text(now)), founding.keeper
        )
        second = changes.enrol(first, keeper, ["hub"], now=now, until=until, valid=until)
        for roster in (first, second):
            rosters.issue(roster, founding.authority)
        Ledger.create(self.folder / "ledger", founding.origin, founding.algorithm, founding.keeper, clock=self.clock)
        write_whole(self.folder / "exchange.json", msgspec.json.encode(self.about) + b"\n")
        with self.writing(founding.keeper):
            pass  # the rosters are recorded

    @property
    def keeper_key(self) -> Path:
        """The file of the key that signs the ledger."""
        return self.folder / "keeper.key"

    @property
    def ledger(self) -> Ledger:
        """The ledger, for reading."""
        return Ledger.open(self.folder / "ledger", clock=self.clock)

    def state(self) -> State:
        """What the ledger says."""
        state = State()
        self.walk(state.take)
        return state

    def verified(self) -> State:
        """The same, once the rosters are those that it names. Raises `RefusedError` for a false one."""
        state = self.state()
        self.signed_rosters(state)
        return state

    def walk(self, take: Callable[[Entry], None]) -> None:
        """Give each entry of the ledger to `take`. Raises `CitywallError` for one that is none of an exchange's."""
        try:
            for entry in self.ledger.entries():
                take(entry)
            return
        except (ValueError, KeyError, TypeError, AttributeError):  # with no more words: they would show the entry
            pass
        raise CitywallError(_("an entry of the ledger is none of an exchange's"), where=str(self.folder / "ledger"))

    def rosters(self, state: State | None = None) -> tuple[Roster, ...]:
        """All versions of the roster, verified against the ledger. Raises `RefusedError` for a false one."""
        return tuple(signed.body for signed in self.signed_rosters(state or self.state()))

    def signed_rosters(self, state: State) -> tuple[Signed[Roster], ...]:
        """The same with their signatures."""
        return self.chain(state.rosters).signed()

    def keeper_keys(self) -> dict[str, bytes]:
        """The public keys, by their ids, that may sign heads of the ledger: of hubs in any version of the roster."""
        return self._keys("hub")

    def witness_keys(self) -> dict[str, bytes]:
        """Those that may sign what a witness has seen."""
        return self._keys("witness")

    def _keys(self, kind: str) -> dict[str, bytes]:
        """By the rosters alone: the ledger may be what is in question."""
        parties = [party for roster in self.chain({}).read() for party in roster.parties if kind in party.kinds]
        return {party.key_id: b64decode(party.public_key) for party in parties}

    def chain(self, known: dict[int, str]) -> Rosters:
        """The folder of rosters, with the versions that must be there."""
        return Rosters(self.folder / "roster", self.about.authority, known)

    @contextmanager
    def writing(self, keeper: Signer) -> Iterator[Desk]:
        """Be the only one who changes the exchange, for a block. What was cut short before is brought to its end."""
        with locked(self.folder) as held:
            if not held:
                raise CitywallError(_("cannot be locked"), where=str(self.folder))
            ledger = Ledger.open(self.folder / "ledger", keeper, clock=self.clock)
            desk = Desk(self, ledger, self.state(), keeper.key_id)
            desk.must_go_on()
            desk.catch_up()
            yield desk


class Desk:
    """The exchange while one process writes: its state, the time, and the roster in force."""

    def __init__(self, exchange: Exchange, ledger: Ledger, state: State, keeper: str) -> None:
        """`keeper`: id of the key that signs the ledger."""
        self.exchange, self.state, self._ledger, self._keeper = exchange, state, ledger, keeper
        self.now = exchange.clock()
        self._signed: tuple[Signed[Roster], ...] = ()
        #: Why receipts were not handed out yet; what was recorded is recorded all the same.
        self.owed: CitywallError | None = None

    @property
    def folder(self) -> Path:
        return self.exchange.folder

    @property
    def time(self) -> str:
        return canonical.time_text(self.now)

    @property
    def rosters(self) -> tuple[Roster, ...]:
        """All versions of the roster, verified."""
        return tuple(signed.body for signed in self._signed_rosters())

    def _signed_rosters(self) -> tuple[Signed[Roster], ...]:
        """Read and verified once, and again after a version was issued."""
        self._signed = self._signed or self.exchange.signed_rosters(self.state)
        return self._signed

    @property
    def latest(self) -> Roster:
        """The last version of the roster, in force or out of date."""
        return self.rosters[-1]

    @property
    def roster(self) -> Roster:
        """The roster in force. Raises `RefusedError` when there is none."""
        return in_force(self.rosters, self.now)

    def record(self, *entries: Entry) -> None:
        """Append to the ledger, all or nothing; then hand out receipts. Raises `RefusedError` for a key that is out."""
        self._must_keep()
        self._ledger.append(entries)
        for entry in entries:
            self.state.take(entry)
        self._hand_out()

    def issue(self, roster: Roster, authority: Signer) -> None:
        """Put a version of the roster in force, and record it."""
        self.exchange.chain(self.state.rosters).issue(roster, authority)
        self._signed = ()
        self.catch_up()

    def catch_up(self) -> None:
        """Record what was done and not recorded, hand out what was recorded and not handed out."""
        entries, before = [], None
        for signed in self._signed_rosters():
            if signed.body.version not in self.state.rosters:
                entries.append(roster_entry(before, signed, self.time))
            before = signed.body
        if entries:
            self.record(*entries)
        else:
            self._hand_out()

    def must_go_on(self) -> None:
        """Raise `RefusedError` when receipts were handed out that the ledger does not reach: to go on would fork it."""
        if self.state.size < (known := handed(self.folder / "out")):
            what = _("the ledger has {size} entries, and receipts of {known} were handed out: was a backup put back?")
            hint = _("Bring the later ledger back; docs/ledger.md says what to do without.")
            where = str(self.folder / "ledger")
            raise RefusedError(what.format(size=self.state.size, known=known), where=where, hint=hint)

    def _must_keep(self) -> None:
        """The key that signs is that of a hub, and not revoked: now, or before what is to be recorded ends that."""
        recorded = [roster for roster in self.rosters if roster.version == max(self.state.rosters, default=0)]
        for roster in (self.latest, *recorded):
            party = roster.holder(self._keeper)
            if party and "hub" in party.kinds and not party.revoked:
                return
        hint = _("Put a new key in the place of keeper.key, and its card into `citywall party renew keeper --card`.")
        raise RefusedError(
            _("the key that signs the ledger is revoked, or that of no hub"), where=self._keeper, hint=hint
        )

    def _hand_out(self) -> None:
        try:
            hand_out(self.folder / "out", self._ledger, self.state)
            self.owed = None
        except CitywallError as error:
            self.owed = error
