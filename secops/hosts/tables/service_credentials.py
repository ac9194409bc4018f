"""Passwords and communities in the files of services. Filled when all hosts have answered, see `secops.passwords`."""

from __future__ import annotations

from secops.hosts.evidence import Evidence
from secops.hosts.tables import Built, Column, Table
from secops.hosts.tables._tried import TRIED


def build(evidence: Evidence) -> Built:  # noqa: ARG001 - the rows come from the audit
    """Not whole: what the files hold is no evidence that a table may hold."""
    built = Built()
    built.lack("credentials were not read")
    return built


TABLE = Table(
    name="service_credentials",
    doc="Credentials in files of services: Redis, PostgreSQL, MySQL, .netrc, .env, … Their values are not kept.",
    columns=(
        Column("service", "text", "whose file it is: redis, mysql, netrc, dotenv, …"),
        Column("path", "text", "the file"),
        Column("line", "integer", "line in the file; NULL where the format has none"),
        Column("account", "text", "the name it logs in with, else the setting that holds it"),
        Column(
            "form",
            "text",
            "plain; obfuscated (anyone can turn it back); hash; empty (the service asks for no password)",
        ),
        Column("mode", "integer", "permission bits of the file; NULL when it was not listed"),
        Column("uid", "integer", "owner of the file"),
        Column("others_read", "boolean", "users beside owner and group may read the file"),
        *TRIED,
    ),
    sections=(),
    parts={"tried": ()},
    build=build,
    late="passwords",
)
