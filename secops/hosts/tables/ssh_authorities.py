"""Authorities whose certificates sshd takes for any account (TrustedUserCAKeys)."""

from __future__ import annotations

from secops.hosts.evidence import Evidence, Item
from secops.hosts.section import Files
from secops.hosts.tables import Built, Column, Row, Table, derive, sshd_effective
from secops.hosts.tables._files import one_path
from secops.hosts.tables.authorized_keys import AUTHORIZED_KEYS, parse_line

MAX_ROWS = 1_000

#: Where such files usually are. Only public keys leave the host, also where the file holds something else.
SSH_AUTHORITIES = Files(
    "ssh_authorities",
    ("/etc/ssh/*.pub", "/etc/ssh/*[cC][aA]*", "/etc/ssh/*[cC][aA]*/*"),
    rewrite=AUTHORIZED_KEYS.rewrite,
)


def build(evidence: Evidence) -> Built:
    built = Built()
    files = {one_path(item.path): item for item in evidence[SSH_AUTHORITIES.name].files}
    sshd = derive(sshd_effective.TABLE, evidence)
    built.problems += sshd.problems[""]
    named = (row for row in sshd.rows if row["key"] == "trustedusercakeys" and row["value"] not in (None, "none"))
    for path in dict.fromkeys(one_path(row["value"].strip('"')) for row in named):
        if path not in files:
            built.lack(f"sshd trusts authorities in {path}, which is not collected")
        else:
            built.rows += _keys(path, files[path], built)
    if len(built.rows) > MAX_ROWS:
        built.rows = built.rows[:MAX_ROWS]
        built.lack(f"more than {MAX_ROWS} authorities")
    return built


def _keys(path: str, item: Item, built: Built) -> list[Row]:
    found, faults = [], []
    for number, line in enumerate(item.lines, start=1):
        key = parse_line(line) if line.strip(" \t\r") else None
        if key and key.fingerprint:
            found.append(
                {"path": path, "line": number, "key_type": key.type, "fingerprint": key.fingerprint,
                 "key_bits": key.bits, "comment": key.comment}
            )  # fmt: skip
        elif line.strip(" \t\r"):
            faults.append(number)
    if faults:
        built.lack(f"{path}: {len(faults)} lines are not public keys, the first is {faults[0]}")
    return found


TABLE = Table(
    name="ssh_authorities",
    doc="Keys of authorities that sshd trusts (TrustedUserCAKeys), whether for all or behind a Match: whoever holds a "
    "certificate that one signed may log in, as the certificate says. Those of authorized_keys are in that table.",
    columns=(
        Column("path", "text", "file that sshd names"),
        Column("line", "integer", "line in it"),
        Column("key_type", "text", "ssh-ed25519, …"),
        Column("fingerprint", "text", "SHA256:… as ssh-keygen prints it"),
        Column("key_bits", "integer", "size of the key; NULL when its type does not tell", "bits"),
        Column("comment", "text", "what follows the key, usually whose it is; may be empty"),
    ),
    sections=(),
    extra_sections=(SSH_AUTHORITIES, *sshd_effective.TABLE.all_sections),
    build=build,
)
