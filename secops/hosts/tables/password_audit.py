"""What trying likely passwords said of each account. Filled when all hosts have answered, see `secops.passwords`."""

from __future__ import annotations

from secops.hosts.evidence import Evidence
from secops.hosts.tables import Built, Column, Table
from secops.hosts.tables._tried import TRIED


def build(evidence: Evidence) -> Built:  # noqa: ARG001 - the rows come from the audit
    """Not whole: the hashes themselves are no evidence that a table may hold."""
    built = Built()
    built.lack("passwords were not tried")
    return built


TABLE = Table(
    name="password_audit",
    doc="Accounts with a password hash, tried with likely passwords. Neither hash nor password is kept anywhere.",
    columns=(
        Column("user_name", "text", "login name"),
        *TRIED,
        Column("same_hash", "text[]", "other accounts (user@host) of this run with the same hash: a copied password"),
        Column("same_password", "text[]", "other accounts of this run with the same password, where both were guessed"),
    ),
    sections=(),
    parts={"tried": ()},
    build=build,
    late="passwords",
)
