"""Which key on which account opens which account, over all hosts of a run. Worked out by `secops.privilege`."""

from __future__ import annotations

from secops.hosts.ssh_files import SSH_FILES
from secops.hosts.tables import (
    Column,
    Table,
    authorized_keys,
    host_addresses,
    hosts,
    shadow_meta,
    ssh_authorities,
    ssh_logins,
)
from secops.hosts.tables._ways import elsewhere
from secops.hosts.tables.authorized_keys import AUTHORIZED_KEYS
from secops.hosts.tables.groups import GROUP
from secops.hosts.tables.users import PASSWD

_READ = (
    authorized_keys.TABLE, ssh_authorities.TABLE, ssh_logins.TABLE, shadow_meta.TABLE, hosts.TABLE,
    host_addresses.TABLE,
)  # fmt: skip
_HOLDERS = ("holders",)

TABLE = Table(
    name="key_trust",
    doc="SSH keys that open accounts of the host, and where on the hosts of the run the private keys lie: one row for "
    "each line of authorized_keys and each account that may read the private key; one without a holder when it was "
    "seen nowhere. An authority that sshd trusts by itself (TrustedUserCAKeys) has one for each account that keys may "
    "open. Who holds a key hangs on all hosts of the run. A session counts that some address may have.",
    columns=(
        Column("user_name", "text", "account that is opened"),
        Column("path", "text", "file of the line, or of the authority's key"),
        Column("line", "integer", "line in it"),
        Column("key_type", "text", "ssh-ed25519, …"),
        Column("fingerprint", "text", "SHA256:… as ssh-keygen prints it; NULL for certificates"),
        Column("comment", "text", "what follows the key, usually whose it is; may be empty"),
        Column("opens", "boolean", "gives a session with commands of one's own choice; NULL when not known: see why"),
        Column(
            "why",
            "text",
            "why not: not_read (sshd does not read the file), options (it refuses those of the line), strict_modes (it "
            "refuses the file: others may write it), login_refused, account_locked, account_expired, expired, "
            "earlier_line (has the same key), forced_command (of the line), sshd_command (of sshd); or what is not "
            "known, and also certificate, key_type (needs to be allowed), revoked_keys (are not read)",
        ),
        Column("from_restricted", "boolean", "from= limits the addresses"),
        Column("from_text", "text", "the patterns of from="),
        Column("from_names", "boolean", "names of hosts count in them: sshd looks them up (UseDNS)"),
        Column("from_fits", "boolean", "they let the holder's host in; NULL when not known", parts=_HOLDERS),
        Column("forced_command", "boolean", "command= is run whatever the user asks"),
        Column("restrict", "boolean", "restrict turns forwarding, terminal and rc file off"),
        Column("cert_authority", "boolean", "the key signs certificates: whoever holds one may log in"),
        Column("agent_forwarding", "boolean", "the client's agent can be had in the session: line and sshd allow it"),
        Column("accounts_opened", "integer", "accounts of all hosts that this key is authorised for"),
        Column("hosts_opened", "integer", "hosts of these accounts"),
        Column(
            "holders", "integer", "files with the private key, on all hosts: more than one are copies", "", _HOLDERS
        ),
        Column("holder_known", "boolean", "the private key was seen on a host of this run", parts=_HOLDERS),
        Column("holder_host", "text", "host that the private key lies on", parts=_HOLDERS),
        Column("holder_user", "text", "account there that may read it; * for every one", parts=_HOLDERS),
        Column("holder_path", "text", "its file there", parts=_HOLDERS),
        Column("holder_certain", "boolean", "false when only the public file beside it says so", parts=_HOLDERS),
        Column("encrypted", "boolean", "asks for a passphrase; NULL when not known", parts=_HOLDERS),
        Column("forwards_agent", "boolean", "the holder's ssh client forwards its agent to every host", parts=_HOLDERS),
        Column("left_out", "integer", "holders that have no row of this line: too many", parts=_HOLDERS),
    ),
    sections=(AUTHORIZED_KEYS, PASSWD),
    parts={"holders": (SSH_FILES, GROUP)},
    extra_sections=tuple(section for table in _READ for section in table.all_sections),
    build=elsewhere,
    late="privilege",
)
