"""What trying likely passwords said of each account. Filled when all hosts have answered, see `secops.passwords`."""

from __future__ import annotations

from secops.hosts.evidence import Evidence
from secops.hosts.tables import Built, Column, Table


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
        Column(
            "result",
            "text",
            "guessed; not_guessed (none of the `tried` words fits); not_tried (the time was up); unknown (`reason`)",
        ),
        Column("tried", "integer", "words tried on the hash, the likeliest first, with those of earlier runs", "words"),
        Column("because", "text", "the group of words that the guessed password is in, such as user-year"),
        Column("because_en", "text", "that group in English"),
        Column("because_zh", "text", "that group in Chinese"),
        Column("reason", "text", "why no words could be tried on this hash"),
        Column("same_hash", "text[]", "other accounts (user@host) of this run with the same hash: a copied password"),
        Column("same_password", "text[]", "other accounts of this run with the same password, where both were guessed"),
    ),
    sections=(),
    parts={"tried": ()},
    build=build,
    late=True,
)
