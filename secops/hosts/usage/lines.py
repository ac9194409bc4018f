"""Lines of logs that tell of logins and of rights at work, reduced to who, how and when.

Of a line nothing else leaves its host: no command, no argument, no key. What reduces them is one list of expressions,
read by `sed -E` on a live host and by Python on an image, so that both say the same. The program's tag decides what a
line is, never text inside a message.
"""

from __future__ import annotations

from secops.hosts.section import Rewrite

#: How a line begins: RFC 3164, in sudo's own file also with the year, or RFC 3339 as rsyslog and journalctl write it.
#: One group.
TIME = (
    "([A-Z][a-z][a-z] [ 0-9][0-9] [0-9:]{8} [12][0-9]{3}|[A-Z][a-z][a-z] [ 0-9][0-9] [0-9:]{8}"
    "|[0-9]{4}-[0-9-]{5}T[0-9:.,+Z-]+)"
)

#: What a line of sudo's own file begins with, and what it is here.
OWN = (rf"^{TIME} : ", r"\1 sudo: ")

#: PAM services whose sessions are nobody's login; of sudo other lines tell more.
NO_LOGIN = ("cron", "crond", "atd", "systemd-user", "sudo", "sudo-i", "polkit-1", "runuser", "runuser-l")

#: Only lines that hold one of these are looked at closely, and none of these sessions.
WANTED = (
    r"Accepted |session opened for|; USER=|\(to | ran command |Executing command| auth succeeded| to group | added by "
    r"|members of group|new user: name=|su(\[[0-9]{1,9}\])?: \+ "
)
UNWANTED = rf"pam_unix\(({'|'.join(NO_LOGIN)}):session\)"

#: The same of messages alone, for journalctl: what it must look for in each of them, it finds at their beginning.
SAID = r"^(Accepted |pam_unix|\(to |\+ |add |user |new user|members)|; USER=| ran command |: Executing| auth succeeded"

#: A name may hold blanks. It is bounded, or a hostile line would cost the square of its length.
_NAME = "([^:(\t]{0,99}[^:( \t])"
_OPENED = rf"session\): session opened for user {_NAME}(\([^)]*\))? by "
_SUDO = rf" *{_NAME} : ((HOST|TTY|CHROOT)=[^;]* ; )*PWD="


def _rule(tag: str, message: str, kind: str, user: str, target: str = "", address: str = "") -> tuple[str, str]:
    """`time TAB kind TAB user TAB target TAB address TAB host` of a line. Groups of `message` begin with the sixth.

    The host may be left out, busybox puts `facility.level` before the tag, and gdm writes it with half a bracket.
    """
    line = rf"^{TIME} ([^ ]*[^ :] )?([a-z0-9]+\.[a-z]+ )?({tag})\]?(\[[0-9]+\])?: {message}$"
    return line, f"\\1\t{kind}\t{user}\t{target}\t{address}\t\\2"


#: The first that matches decides; what none matches is no use and no login. Of sudo: what was allowed has no reason
#: before its first field; to list and to validate is no use. Whose rights were taken is not known (`?`) where the name
#: of a folder holds a semicolon, or where doas was told to run something that looks like its own words.
REDUCED: Rewrite = (
    _rule("[^][ :]+", rf"pam_unix\(([^:()]+):{_OPENED}([^ ]*).*", "session", r"\7", r"\4 \6 \9"),
    _rule("sshd|sshd-session", rf"Accepted [^ ]+ for {_NAME} from ([^ ]+) port [0-9]+( .*)?", "ssh", r"\6", "", r"\7"),
    _rule(
        "sudo", rf"{_SUDO}[^;]* ; USER=([^ ;]+) ;( [A-Z]+=[^;]* ;)* COMMAND=(/|sudoedit ).*", "sudo", r"\6", r"\9"
    ),
    (_rule("sudo", rf"{_SUDO}.* ; COMMAND=(list|validate)( .*)?", "", "")[0], ""),
    _rule("sudo", f"{_SUDO}.*", "sudo", r"\6", "?"),
    _rule("su", rf"\(to {_NAME}\) {_NAME} on [^ ]+", "su", r"\7", r"\6"),
    _rule("su", rf"\+ [^ ]+ {_NAME}:{_NAME}", "su", r"\6", r"\7"),
    _rule("doas", rf"{_NAME} ran command .* as [^ ]+ from .* as [^ ]+ from .*", "doas", r"\6", "?"),
    _rule("doas", rf"{_NAME} ran command .* as ([^ ]+) from .*", "doas", r"\6", r"\7"),
    _rule("pkexec", rf"{_NAME}: Executing command \[USER=([^] ]+)\].*", "pkexec", r"\6", r"\7"),
    _rule(
        "dropbear", r"(Password|Pubkey|PAM password) auth succeeded for '([^':]+)' .*from ([^ ]+):[0-9]+",
        "ssh", r"\7", "", r"\8",
    ),
    _rule("useradd", r"new user: name=([^,: ]+),.*", "made", r"\6"),
    _rule("useradd|usermod", r"add '([^':]+)' to group '.*", "granted", r"\6"),
    _rule("gpasswd", rf"user {_NAME} added by .* to group .*", "granted", r"\6"),
    _rule("gpasswd", r"members of group [^ ]+ set by [^ ]+ to .*", "granted", "*"),
)  # fmt: skip
