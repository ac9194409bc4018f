"""The roster: who takes part with which key, as the authority signs it. One version replaces the one before."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal, get_args

import msgspec

from privacy import canonical
from privacy.parties import keys
from privacy.parties.signed import Digest, KeyId, Line, Name, Time, check_times

#: What a party may be; the authority signs rosters, a witness co-signs heads of the ledger.
Kind = Literal["owner", "checker", "researcher", "site", "hub", "witness", "authority"]
KINDS: tuple[str, ...] = get_args(Kind)


class Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a party hands to the authority to be enrolled. Signed with its own key: so nobody enrols another's key."""

    CONTEXT: ClassVar[str] = "citywall-card/1"

    id: Name
    name: Line
    public_key: str
    issued: Time

    def __post_init__(self) -> None:
        keys.key_id(self.public_key)
        check_times(self.issued)


class Revocation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From `time` on nothing that the key signs or has signed counts."""

    time: Time
    reason: Line


class Party(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person or an institution, with the key (base64) that it signs with from `since` to before `until`."""

    id: Name
    name: Line
    kinds: Annotated[tuple[Kind, ...], msgspec.Meta(min_length=1)]
    key_id: KeyId
    public_key: str
    since: Time
    until: Time
    revoked: Revocation | None = None

    def __post_init__(self) -> None:
        if keys.key_id(self.public_key) != self.key_id:
            raise ValueError("the key id is not that of the key")
        if len(set(self.kinds)) < len(self.kinds):
            raise ValueError("a kind stands twice")
        check_times(self.since, self.until)
        if self.revoked:
            check_times(self.revoked.time)

    def state(self, when: datetime) -> Literal["valid", "early", "expired", "revoked"]:
        """Whether its key may sign at a time, or why not."""
        now = canonical.time_text(when)
        if self.revoked and self.revoked.time <= now:
            return "revoked"
        if now < self.since:
            return "early"
        return "valid" if now < self.until else "expired"


class Roster(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All parties, from `issued` to before `until`, or until the next version. `previous` is the digest of the last."""

    CONTEXT: ClassVar[str] = "citywall-roster/1"

    version: Annotated[int, msgspec.Meta(ge=1, le=10**8 - 1)]
    issued: Time
    until: Time
    previous: Digest | None
    parties: tuple[Party, ...]

    def __post_init__(self) -> None:
        check_times(self.issued, self.until)
        if (self.version == 1) != (self.previous is None):
            raise ValueError("the first version alone has none before it")
        for what, values in (("an id", [p.id for p in self.parties]), ("a key", [p.key_id for p in self.parties])):
            if len(set(values)) < len(values):
                raise ValueError(f"{what} belongs to two parties")

    def party(self, name: str) -> Party | None:
        """The party with this id."""
        return next((party for party in self.parties if party.id == name), None)

    def holder(self, key_id: str) -> Party | None:
        """The party with this key."""
        return next((party for party in self.parties if party.key_id == key_id), None)

    def authorities(self, when: datetime) -> list[Party]:
        """Those who may sign the next version at a time."""
        return [p for p in self.parties if "authority" in p.kinds and p.state(when) == "valid"]

    def holds(self, when: datetime) -> bool:
        """Whether a time is within its validity."""
        return self.issued <= canonical.time_text(when) < self.until
