"""The operator's certificate, to which hosts seal what must not travel in clear."""

from __future__ import annotations

import re
import ssl
from pathlib import Path

from secops.core.errors import UsageError
from secops.core.i18n import _, because

_MAX_BYTES = 64 << 10
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----[A-Za-z0-9+/=\s]*-----END \1-----")


def load_certificate(path: Path) -> str:
    """The one X.509 certificate in a PEM file, as PEM. Raises `UsageError`, also when a private key is with it."""
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_BYTES + 1).decode("ascii", "replace")
    except OSError as error:
        raise UsageError(_("cannot be read: {reason}").format(reason=because(error)), where=str(path)) from error
    command = "openssl req -x509 -newkey rsa:3072 -keyout key.pem -out cert.pem -days 365 -subj /CN=citywall"
    hint = _("Make one: {command}").format(command=command)
    if "PRIVATE KEY" in text:
        raise UsageError(_("holds a private key: it would go to every host"), where=str(path), hint=hint)
    blocks = list(_BLOCK.finditer(text))
    if len(text) > _MAX_BYTES or len(blocks) != 1 or blocks[0].group(1) != "CERTIFICATE":
        raise UsageError(_("must hold one PEM certificate and nothing else"), where=str(path), hint=hint)
    try:
        der = ssl.PEM_cert_to_DER_cert(blocks[0].group())
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=der)
    except (ValueError, ssl.SSLError) as error:
        raise UsageError(_("is no X.509 certificate"), where=str(path), hint=hint) from error
    return ssl.DER_cert_to_PEM_cert(der)
