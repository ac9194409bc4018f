"""A private key in its file: encrypted PKCS#8 below a line that names the key, so that a damaged file is noticed."""

from __future__ import annotations

import re
from pathlib import Path

from privacy.parties import pkcs8
from privacy.parties.keys import Signer
from secops.core.errors import UsageError
from secops.core.folder import locked
from secops.core.i18n import _, because
from secops.core.render import write_whole
from secops.core.secret import Secret

_NAMED = re.compile(rb"Citywall key (ed25519:[0-9a-f]{32})\n")
_MAX_BYTES = 1 << 16


def save(signer: Signer, path: Path, passphrase: Secret[bytes]) -> None:
    """Write a key to a new file that only its owner may read. Raises `UsageError` where a file is."""
    text = f"Citywall key {signer.key_id}\n{pkcs8.encrypted(signer.document(), passphrase)}"
    with locked(path.absolute().parent):
        if path.is_symlink() or path.exists():
            hint = _("Choose another name; a key that is replaced is lost.")
            raise UsageError(_("there is a file already"), where=str(path), hint=hint)
        write_whole(path, text.encode())


def load(path: Path, passphrase: Secret[bytes]) -> Signer:
    """The key in a file. Raises `UsageError` for a wrong passphrase, and for a file that is none or was changed."""
    raw, named = _read(path)
    signer = _opened(raw, passphrase)
    if signer is None:
        raise UsageError(_("the passphrase is wrong, or the file was changed"), where=str(path))
    if signer.key_id != named:
        raise UsageError(_("holds another key than it says: the file was changed"), where=str(path))
    return signer


def named(path: Path) -> str:
    """The id of the key in a file, as the file says; no passphrase is needed."""
    return _read(path)[1]


def _read(path: Path) -> tuple[bytes, str]:
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES)
    except OSError as error:
        raise UsageError(_("cannot be read: {reason}").format(reason=because(error)), where=str(path)) from error
    found = _NAMED.match(raw)
    if not found or b"\n-----BEGIN ENCRYPTED PRIVATE KEY-----\n" not in raw:
        raise UsageError(_("is no private key of Citywall's"), where=str(path))
    return raw, found[1].decode()


def _opened(raw: bytes, passphrase: Secret[bytes]) -> Signer | None:
    """None when it cannot be opened; the library's own error stays here."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(raw, passphrase.reveal())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return Signer(key) if isinstance(key, Ed25519PrivateKey) else None
