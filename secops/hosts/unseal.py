"""Opening what a host sealed to the operator's certificate, with the operator's openssl and private key."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

from secops.core.errors import IncompleteError, UsageError
from secops.core.i18n import _
from secops.hosts.credentials import LISTING
from secops.hosts.evidence import MISSING, Evidence, Item, SectionEvidence, Status
from secops.hosts.held import SEALED

_SECONDS = 120  # openssl may ask for the key's passphrase


def opened(evidence: Evidence, key: Path | None) -> Evidence:
    """The evidence with its sealed sections in clear, in memory; without a key they are `denied`.

    Sections that the host was never asked for are left out. Raises `UsageError` when the key cannot be read,
    `IncompleteError` when it is not the one.
    """
    sections = dict(evidence.sections)
    for name in sections.keys() & {LISTING.name, *(section.name for section in SEALED)}:
        section = sections[name]
        if section == MISSING:
            del sections[name]
        elif any(_is_sealed(item) for item in section.items):
            sections[name] = _clear(section, key, evidence.label)
    return replace(evidence, sections=sections)


def _clear(section: SectionEvidence, key: Path | None, label: str) -> SectionEvidence:
    if not key:
        return SectionEvidence(Status.DENIED, reason="sealed: give the private key with --key")
    items = tuple(_open(item, key, label) if _is_sealed(item) else item for item in section.items)
    return replace(section, items=items)


def _is_sealed(item: Item) -> bool:
    """CMS in DER is a SEQUENCE of a long form; text is not."""
    return item.data[:1] == b"\x30" and item.data[1:2] >= b"\x80"


def _open(item: Item, key: Path, label: str) -> Item:
    if not key.is_file():
        raise UsageError(_("no such file"), where=str(key), hint=_("Name the private key of the certificate."))
    command = ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-inkey", str(key)]
    try:
        done = subprocess.run(command, input=item.data, capture_output=True, timeout=_SECONDS, check=False)
    except FileNotFoundError as error:
        raise UsageError(_("openssl is not installed"), where="--key", hint=_("Install openssl.")) from error
    except subprocess.TimeoutExpired as error:
        raise IncompleteError(_("openssl took too long to open the hashes"), where=label) from error
    if done.returncode:
        raise IncompleteError(
            _("the sealed hashes could not be opened with this key"),
            where=label,
            hint=_("Was the bundle sealed to its certificate? Try: openssl pkey -noout -in KEY"),
        )
    return replace(item, data=done.stdout, status=Status.OK)
