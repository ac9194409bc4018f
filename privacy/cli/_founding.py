"""A new exchange, from the command line."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from privacy.cli._options import signer
from secops.core.errors import UsageError
from secops.core.i18n import _

if TYPE_CHECKING:
    from privacy.parties.roster import Card
    from privacy.parties.signed import Signed
    from privacy.release.exchange import Exchange, Founding


def found(
    folder: Path, origin: str, algorithm: Literal["sha256", "sm3"], card: Path, key: Path, source: str, keeper: str,
    until: datetime,
) -> None:  # fmt: skip
    """Make it, with a new key of its keeper, and say what all parties are to be told.

    `source` and `keeper`: where the passphrases of the authority's and the keeper's key come from. Raises `UsageError`.
    """
    from privacy.parties import passphrase
    from privacy.parties.keys import Signer
    from privacy.release.exchange import Exchange, Founding

    signed = _card_of(card, key)
    authority = signer(key, source)
    founding = Founding(
        origin=origin, algorithm=algorithm, card=signed, authority=authority, keeper=Signer.new(), until=until,
        passphrase=passphrase.obtain(keeper, new=True, whose="keeper.key"),
    )  # fmt: skip
    _tell(Exchange.create(folder, founding), founding)


def _card_of(card: Path, key: Path) -> Signed[Card]:
    from privacy.parties import keyfile
    from privacy.parties.roster import Card
    from privacy.parties.signed import read

    signed = read(card, Card)
    if signed.key_id != keyfile.named(key):
        hint = _("`citywall party card` makes one.")
        raise UsageError(_("is not the card of the key"), where=str(card), hint=hint)
    return signed


def _tell(exchange: Exchange, founding: Founding) -> None:
    from secops.core.say import say

    say(_("{folder} is an exchange. Tell all parties, in person:").format(folder=exchange.folder))
    say(_("  key id of the authority     {key}").format(key=founding.authority.key_id))
    say(_("  public key of the authority {key}").format(key=founding.authority.public_key))
    say(_("  public key of the keeper    {key}").format(key=founding.keeper.public_key))
