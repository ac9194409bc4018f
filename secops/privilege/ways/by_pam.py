"""Ways by su where PAM asks for no password: rules that let in by a group, or whoever asks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from secops.core.content import Text
from secops.hosts.tables import Built, Row
from secops.privilege.way import EVERYONE, Kind, View, Way

#: Services of su, with and without a login shell.
_SERVICES = ("su", "su-l")

#: Modules that ask for a proof, or let nobody but root in: failing, they leave what follows to others or end all.
_PROOFS = frozenset({
    "pam_unix", "pam_sss", "pam_ldap", "pam_krb5", "pam_winbind", "pam_u2f", "pam_fprintd", "pam_google_authenticator",
    "pam_oath", "pam_radius_auth", "pam_tcb", "pam_systemd_home", "pam_deny",
})  # fmt: skip
#: Modules that decide by more than is seen here.
_UNKNOWN = frozenset({"pam_listfile", "pam_exec", "pam_script", "pam_python", "pam_ssh_agent_auth", "pam_succeed_if"})
#: Modules that hold nobody back who has a shell.
_HARMLESS = frozenset({
    "pam_env", "pam_faildelay", "pam_faillock", "pam_tally2", "pam_nologin", "pam_group", "pam_cap", "pam_permit",
    "pam_warn", "pam_echo", "pam_rootok", "pam_umask", "pam_localuser",
})  # fmt: skip

#: Controls by which a module that succeeds ends the stack, or passes over what follows.
_ENDS, _JUMPS = re.compile(r"\bsuccess=done\b"), re.compile(r"\bsuccess=[0-9]")

_HOW = Text("su asks for no password", "su 不要求口令")


def find(view: View, built: Built) -> Iterator[Way]:
    rules, told = view.rows("pam_rules"), set()
    for service in _SERVICES:
        stack = [row for row in rules if row["service"] == service and row["type"] == "auth"]
        for way in _of_stack(view, sorted(stack, key=lambda row: row["position"]), built):
            if (way.user, way.source, way.line) not in told:  # one may include the other
                told.add((way.user, way.source, way.line))
                yield way


def _of_stack(view: View, stack: Sequence[Row], built: Built) -> Iterator[Way]:
    """The ways of a stack, down to the rule behind which nobody comes without a proof."""
    certain = True
    for row in stack:
        control = row["control"]
        if control == "sufficient" or _ENDS.search(control):
            for user in _let_in(view, row, built):
                yield _way(view, user, row, certain=certain)
        elif _JUMPS.search(control) and row["module"] not in _PROOFS:
            built.lack(f"{row['source']}:{row['line']}: whom it lets in is not known")
        elif control in ("required", "requisite"):
            if row["module"] in _PROOFS:
                return
            certain = certain and row["module"] in _HARMLESS


def _let_in(view: View, row: Row, built: Built) -> Iterator[str]:
    """Whom a rule that suffices lets in by itself; what is not known of it is told."""
    module, arguments = row["module"], row["arguments"]
    if module in ("pam_permit", "pam_localuser"):
        yield EVERYONE
    elif module == "pam_wheel" and "trust" in arguments and "deny" not in arguments:
        yield from (one.name for one in view.members(_wheel(view, arguments)))
    elif module == "pam_succeed_if" and "use_uid" in arguments and (group := _one_group(arguments)):
        gids = [one["gid"] for one in view.rows("groups") if one["group_name"] == group]
        yield from (one.name for gid in gids[:1] for one in view.members(gid))
    elif module in _UNKNOWN:
        built.lack(f"{row['source']}:{row['line']}: whom it lets in is not known")


def _wheel(view: View, arguments: Sequence[str]) -> int:
    """The group of pam_wheel: the one that it names, else wheel, else root's."""
    named = next((word.partition("=")[2] for word in arguments if word.startswith("group=")), "wheel")
    return next(
        (row["gid"] for row in view.rows("groups") if row["group_name"] == named), -1 if named != "wheel" else 0
    )


def _one_group(arguments: Sequence[str]) -> str:
    """The group that pam_succeed_if asks for, when it asks for no more."""
    asked = [word for word in arguments if word not in ("use_uid", "quiet", "quiet_success", "quiet_fail", "audit")]
    return asked[2] if len(asked) == 3 and asked[:2] == ["user", "ingroup"] else ""


def _way(view: View, user: str, row: Row, *, certain: bool) -> Way:
    thing = f"{row['service']}: {row['module']}.so"
    doubt = "" if certain else ": whom it lets in is not known"
    return Way(
        user,
        view.root.name,
        "pam",
        thing,
        "shell",
        _HOW,
        row["source"],
        row["line"],
        "su",
        certain=certain,
        doubt=doubt,
    )


KIND = Kind("pam", ("pam_rules",), find)
