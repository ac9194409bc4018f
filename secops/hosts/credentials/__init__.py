"""Credentials at rest in the files of services: evidence in memory only, like the hashes of accounts.

One module per family of formats, each with a `KIND`. No table holds what they find, and a bundle only sealed.
"""

from __future__ import annotations

from secops.hosts.credentials import (
    application,
    cloudinit,
    dotenv,
    htpasswd,
    mosquitto,
    mysql,
    netrc,
    networkmanager,
    postgresql,
    redis,
    rsync,
    snmp,
    tomcat,
    vnc,
)
from secops.hosts.credentials.kind import Credential, Form, Kind, UnreadableError
from secops.hosts.evidence import Evidence, Item, Problem, Status
from secops.hosts.section import Files, Listing

__all__ = ["KINDS", "LISTING", "SECTIONS", "Credential", "Form", "Kind", "UnreadableError", "credentials"]

KINDS: tuple[Kind, ...] = (
    application.KIND,
    cloudinit.KIND,
    dotenv.KIND,
    htpasswd.KIND,
    mosquitto.KIND,
    mysql.KIND,
    netrc.KIND,
    networkmanager.KIND,
    postgresql.KIND,
    redis.KIND,
    rsync.KIND,
    snmp.KIND,
    tomcat.KIND,
    vnc.KIND,
)

#: The files, one section for each kind. `seal`: only encrypted to the operator's key, where evidence is written to a
#: file.
SECTIONS = tuple(
    Files(f"credentials_{kind.service}", kind.patterns, limit=kind.limit, seal=True, raw=True) for kind in KINDS
)

#: Who may read them.
LISTING = Listing("credential_files", tuple(dict.fromkeys(pattern for kind in KINDS for pattern in kind.patterns)))

#: Credentials of one file and of one host: what a hostile host can make us hold.
MOST_OF_FILE, MOST = 20_000, 100_000


def credentials(evidence: Evidence) -> tuple[list[Credential], list[Problem]]:
    """A host's credentials, and why they are not whole. Never raises; no problem holds any of a file's content."""
    if not any(section.name in evidence.sections for section in SECTIONS):
        return [], [Problem(Status.ABSENT, "the credential files were not asked for")]
    found: list[Credential] = []
    problems: list[Problem] = []
    for kind, section in zip(KINDS, SECTIONS, strict=True):
        if problem := evidence.problem(section):
            problems.append(problem)
        for item in {item.path: item for item in evidence[section.name].files}.values():  # homes may overlap
            held, reason = _read(kind, item, min(MOST_OF_FILE, MOST - len(found)))
            found += held
            if reason:
                problems.append(Problem(Status.FAILED, f"{item.path}: {reason}"))
    return found, problems


def _read(kind: Kind, item: Item, most: int) -> tuple[list[Credential], str]:
    """What one file holds, and why that is not all."""
    found: list[Credential] = []
    cut = item.status not in (Status.OK, Status.EMPTY)
    content = item.data[: item.data.rfind(b"\n") + 1] if cut else item.data  # half a line is no password
    try:
        for credential in kind.read(item.path, content):
            if len(found) >= most:
                return found, "holds too many credentials: the rest of them was not read"
            found.append(credential)
    except UnreadableError as error:
        return found, str(error)
    except Exception as error:  # a reader must not stop a fleet; the error's own words may hold what it read
        return found, f"cannot be parsed ({type(error).__name__})"
    return found, ""
