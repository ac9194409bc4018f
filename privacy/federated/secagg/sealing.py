"""What one site sends another through the hub, in one message: its shares of the secrets of all rounds, sealed.

The key is that of both sites' share keys, bound to all keys of the set-up, to the sender and to the receiver: it seals
one message, so that the nonce may be fixed, and opens it nowhere else. ChaCha20-Poly1305.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from privacy.federated.secagg import masks, shamir
from privacy.federated.secagg.keying import Group
from privacy.federated.secagg.terms import Terms
from secops.core.errors import RefusedError
from secops.core.i18n import _

_NONCE = bytes(12)

#: Bytes of the shares for one round: of the key of the masks with others, and of the seed of the own mask.
PAIR = 2 * shamir.SHARE

#: What sealing adds.
_TAG = 16


@dataclass(frozen=True, slots=True, repr=False)
class Shares:
    """One site's shares of the two secrets that another has for a round. Never are both of them told."""

    mask_key: bytes
    seed: bytes


def sealed_size(terms: Terms) -> int:
    """Bytes of a sealed message."""
    return PAIR * terms.rounds + _TAG


def shares_of(plain: bytes | bytearray, turn: int) -> Shares:
    """Those for the round with this number in the set-up, from 0."""
    start = PAIR * turn
    return Shares(bytes(plain[start : start + shamir.SHARE]), bytes(plain[start + shamir.SHARE : start + PAIR]))


def forget(plain: bytearray, turn: int) -> None:
    """Overwrite the shares for that round."""
    plain[PAIR * turn : PAIR * (turn + 1)] = bytes(PAIR)


def seal(plain: bytes, private: X25519PrivateKey, group: Group, terms: Terms, way: tuple[str, str]) -> bytes:
    """What a sender, with its private share key, has for a receiver; `way` is both. Raises `RefusedError`."""
    return ChaCha20Poly1305(_key(private, way[1], group, terms, way)).encrypt(_NONCE, plain, None)


def unseal(message: bytes, private: X25519PrivateKey, group: Group, terms: Terms, way: tuple[str, str]) -> bytearray:
    """What the sender sealed for the receiver, whose private share key this is. Raises `RefusedError`."""
    cipher = ChaCha20Poly1305(_key(private, way[0], group, terms, way))
    try:
        plain = cipher.decrypt(_NONCE, message, None)
    except InvalidTag:
        plain = b""
    if len(plain) != PAIR * terms.rounds:
        hint = _("It was changed on its way, or the site is faulty: set up anew without it.")
        raise RefusedError(_("its shares cannot be opened"), where=way[0], hint=hint)
    return bytearray(plain)


def _key(private: X25519PrivateKey, peer: str, group: Group, terms: Terms, way: tuple[str, str]) -> bytes:
    try:
        secret = masks.shared(private, group.keys[peer].share_key)
    except ValueError as error:
        raise RefusedError(_("its key shares no secret"), where=peer) from error
    return masks.key(secret, terms.job, "share", group=group.digest, sender=way[0], receiver=way[1])
