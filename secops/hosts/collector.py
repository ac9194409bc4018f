"""The fixed collector: one root-owned file on a target, so that the tool needs no sudo rule for a shell."""

from __future__ import annotations

import hashlib
import re
from shlex import quote

from secops import __version__
from secops.core.errors import UsageError
from secops.core.i18n import _

#: Where the collector is installed on a target.
COLLECTOR = "/usr/local/sbin/citywall-collect"

# an upper-case user name would be an alias in sudoers, and ALL everybody
_WHO = re.compile(r"(?:%|(?![A-Z0-9_]+\Z))[A-Za-z_][A-Za-z0-9_.-]{0,63}")

_SUDOERS = f"""\
# Citywall @VERSION@: lets @WHO@ run the fixed collector as root, and nothing else.
#
# 1. Write the collector:
#      citywall collect --print-script@SEAL@ >citywall-collect
#    Its SHA-256 must be
#      @DIGEST@
# 2. On each host, as root:
#      install -o root -g root -m 0755 citywall-collect {COLLECTOR}
#      sha256sum {COLLECTOR}
# 3. Save this text there as citywall.sudoers, check it, and put it in its place:
#      visudo -c -f citywall.sudoers
#      install -o root -g root -m 0440 citywall.sudoers /etc/sudoers.d/citywall
# 4. Collect:
#      citywall scan --collector --ssh @USER@@HOST
#
# sudo compares the digest at each call (since 1.8.7): a changed file is not run. A new version of Citywall has
# another collector, so repeat the steps after an upgrade.
#
# A key that can do only this, on top of it: one line in ~@USER@/.ssh/authorized_keys, in front of the key
#   command="sudo -n {COLLECTOR}",restrict ssh-ed25519 AAAA...

@WHO@ ALL=(root) NOPASSWD: sha256:@DIGEST@ {COLLECTOR} ""
"""


def digest(script: str) -> str:
    """The SHA-256 of the collector, in hex."""
    return hashlib.sha256(script.encode()).hexdigest()


def sudoers(script: str, who: str, *, seal: str = "") -> str:
    """A sudoers file for `who` (a user, or a group as `%name`) that pins `script`, with the way to install it.

    `seal` is the certificate file that the script was made with. Raises `UsageError` for a name that would mean
    something else in sudoers.
    """
    if not _WHO.fullmatch(who):
        what = _("{who!r} is no user or %group").format(who=who)
        raise UsageError(what, where="--for", hint=_("For example --for ops or --for %ops."))
    if not seal.isprintable():
        raise UsageError(
            _("a file name of this kind cannot stand in the text"), where="--seal-to", hint=_("Rename the file.")
        )
    fields = {
        "@VERSION@": __version__,
        "@WHO@": who,
        "@USER@": "USER" if who.startswith("%") else who,
        "@SEAL@": f" --seal-to {quote(seal)}" if seal else "",
        "@DIGEST@": digest(script),
    }
    text = _SUDOERS
    for field, value in fields.items():
        text = text.replace(field, value)
    return text
