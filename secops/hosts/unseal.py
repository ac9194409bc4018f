"""Opening what a host sealed to the operator's certificate, with the operator's openssl and private key."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

from secops.core.errors import IncompleteError, UsageError
from secops.hosts.evidence import Evidence, Item, SectionEvidence, Status
from secops.hosts.hashes import SHADOW_HASHES

_SECONDS = 120  # openssl may ask for the key's passphrase


def opened(evidence: Evidence, key: Path | None) -> Evidence:
    """The evidence with its sealed section in clear, in memory; without a key that section is `denied`.

    A section that the host was never asked for is left out.

    Raises `UsageError` when the key cannot be read, `IncompleteError` when it is not the one.
    """
    section = evidence.sections.get(SHADOW_HASHES.name)
    if not section:
        return evidence
    if section.status is Status.FAILED and not section.items:
        return replace(evidence, sections={n: s for n, s in evidence.sections.items() if n != SHADOW_HASHES.name})
    if not any(_is_sealed(item) for item in section.items):
        return evidence
    if key:
        items = tuple(_open(item, key, evidence.label) if _is_sealed(item) else item for item in section.items)
        clear = replace(section, items=items)
    else:
        clear = SectionEvidence(Status.DENIED, reason="sealed: give the private key with --key")
    return replace(evidence, sections={**evidence.sections, SHADOW_HASHES.name: clear})


def _is_sealed(item: Item) -> bool:
    """CMS in DER is a SEQUENCE of a long form; text is not."""
    return item.data[:1] == b"\x30" and item.data[1:2] >= b"\x80"


def _open(item: Item, key: Path, label: str) -> Item:
    if not key.is_file():
        raise UsageError("no such file", where=str(key), hint="Name the private key of the certificate.")
    command = ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-inkey", str(key)]
    try:
        done = subprocess.run(command, input=item.data, capture_output=True, timeout=_SECONDS, check=False)
    except FileNotFoundError as error:
        raise UsageError("openssl is not installed", where="--key", hint="Install openssl.") from error
    except subprocess.TimeoutExpired as error:
        raise IncompleteError("openssl took too long to open the hashes", where=label) from error
    if done.returncode:
        raise IncompleteError(
            "the sealed hashes could not be opened with this key",
            where=label,
            hint="Was the bundle sealed to its certificate? Try: openssl pkey -noout -in KEY",
        )
    return replace(item, data=done.stdout, status=Status.OK)
