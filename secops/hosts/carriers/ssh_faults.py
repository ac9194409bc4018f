"""Why a host sent no evidence: read from the client's exit code and OpenSSH's and sudo's messages (C locale)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from secops.core.errors import IncompleteError
from secops.core.i18n import N_, _
from secops.core.inert import printable
from secops.hosts.carriers.process import Answer


@dataclass(frozen=True)
class Fault:
    """A message by which a failure is known, and what to say about it."""

    pattern: str
    what: str
    hint: str


#: The client's own failures (exit code 255), the gravest first.
_CLIENT: tuple[Fault, ...] = (
    Fault(
        r"REMOTE HOST IDENTIFICATION HAS CHANGED|REVOKED HOST KEY",
        N_("THE HOST KEY HAS CHANGED: this may be another machine in between, or the host was installed anew"),
        N_(
            "Nothing was sent to it. Ask the host's owner for its key's fingerprint ({detail}); only if it is the same,"
            " remove the old key: ssh-keygen -R {host}"
        ),
    ),
    Fault(
        r"Host key verification failed|No \S+ host key is known",
        N_("the host key is not known"),
        N_("Connect once by hand (ssh {target}) and compare the fingerprint, or add the key to known_hosts."),
    ),
    Fault(
        r"Could not resolve hostname|Name or service not known",
        N_("there is no host of that name"),
        N_("Check the spelling; a port is written ssh://user@host:port."),
    ),
    Fault(
        r"Permission denied \(|Too many authentication failures|No more authentication methods",
        N_("authentication failed"),
        N_("This must work without a question: ssh -o BatchMode=yes {target} true. Is the key loaded (ssh-add -l)?"),
    ),
    Fault(r"Connection refused", N_("connection refused"), N_("Does sshd run there, and on that port?")),
    Fault(
        r"[Tt]imed out|Timeout, server",
        N_("no answer in time"),
        N_("Is the host up, and does a firewall let port 22 through?"),
    ),
    Fault(
        r"No route to host|Network is unreachable",
        N_("the network does not reach it"),
        N_("Check the route to it, and the VPN."),
    ),
    Fault(
        r"Unable to negotiate",
        N_("client and host have no algorithm in common"),
        N_("An old host may need HostKeyAlgorithms or KexAlgorithms in your ssh_config: ssh -v {target}"),
    ),
    Fault(
        r"[Bb]ad configuration option|Bad owner or permissions|bad configuration options",
        N_("your ssh configuration is not accepted"),
        N_("Check it: ssh -G {target}"),
    ),
    Fault(
        r"kex_exchange_identification|Connection (closed|reset|to \S+ closed)|Broken pipe|disconnect",
        N_("connection lost"),
        N_("Try again; the host's sshd log tells why it ended the connection."),
    ),
)

#: Failures on the host.
_HOST: tuple[Fault, ...] = (
    Fault(
        r"sudo: (a password is required|a terminal is required|sorry, you must have a tty|interactive auth)"
        r"|[Ss]orry, user \S+ (is not allowed|may not run)|is not in the sudoers file",
        N_("sudo does not let this account collect without a password"),
        N_(
            "Give it the fixed collector: citywall collect --print-sudoers --for USER; then use --collector. If that is"
            " done already, the installed file is not the pinned one."
        ),
    ),
    Fault(
        r"sudo: \S+: command not found|citywall-collect: (command )?not found",
        N_("the collector is not installed there"),
        N_("Install it: citywall collect --print-sudoers tells how."),
    ),
    Fault(
        r"sudo\S*: (command )?not found|sudo\S*: No such file",
        N_("sudo is not installed there"),
        N_("Log in as root, or leave --sudo out and see less."),
    ),
    Fault(
        r"\bsh: (command )?not found|\bsh\S*: No such file",
        N_("there is no sh on the host"),
        N_("Mount its file system elsewhere and use --root DIR."),
    ),
)

_ELSE = Fault("", N_("it sent no evidence"), N_("Its answer was: {detail}"))
_NO_PROC = Fault("", N_("/proc is not mounted there"), N_("The collector needs it. Mount it, or use --root DIR."))

#: Exit code of the collector when the kernel gives it no random bits.
_CODE_NO_PROC = 70


def explain(answer: Answer, target: str, become: str) -> IncompleteError:
    """The error for an answer without evidence."""
    fault = _fault(answer, become)
    said = last_line(answer.complaint)
    if answer.cut:
        return IncompleteError(printable(answer.cut), where=target, hint=_("Is the host very slow, or a shell stuck?"))
    what = _(fault.what)
    if said:
        what += f" ({said})"
    host = target.removeprefix("ssh://").rpartition("@")[2]
    return IncompleteError(
        what, where=target, hint=_(fault.hint).format(target=target, host=host, detail=_detail(fault, answer))
    )


def _fault(answer: Answer, become: str) -> Fault:
    if answer.code == _CODE_NO_PROC:
        return _NO_PROC
    known = _CLIENT if answer.code == 255 else _HOST
    if answer.code != 255 and become == "none":
        known = _HOST[-1:]
    return next((fault for fault in known if re.search(fault.pattern, answer.complaint)), _ELSE)


def _detail(fault: Fault, answer: Answer) -> str:
    if fault is _ELSE:
        return printable(answer.stream[:200].decode("utf-8", "backslashreplace")).strip() or _("(nothing)")
    prints = re.search(r"(SHA256:[A-Za-z0-9+/]{20,50})", answer.complaint)
    return prints.group(1) if prints else ""


def last_line(complaint: str) -> str:
    """The last line of diagnostics, short and inert."""
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    return printable(lines[-1])[:200] if lines else ""
