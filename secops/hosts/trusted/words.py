"""A line of shell with every word masked that is no path: what may leave a host. Data for awk and for Python alike.

A masked line is tokens: `/path` or `/directory/` (of a path that goes on with a variable or a wildcard), `;` between
commands, `"` and `'`, `-c`, `-exec`, `-u` (an account), `-` (any other option), `9` (a number), `=` (an assignment),
words of `KEPT`, `~name` (an account, behind a program of `SWITCHES`), `*/directory/` (a wildcard there,
behind a program of `TRICKED`), and `?` for all the rest. `@/path` and `@program` are candidates:
paths that a word may mean, which stay if something is there. `#!` begins what runs a script.
"""

from __future__ import annotations

from secops.hosts.trusted.places import DEFAULT_PATH

#: Extended regular expressions, as awk and Python both read them, and what takes the place of each match, in order.
#: Octal escapes: the script stands in single quotes.
CUTS = (
    (r"[<>]+&?[ \t]*(\042[^\042]*\042|\047[^\047]*\047|[^ \t;&|()<>\042\047]*)", " "),
    (r"[;&|()`]+", " ; "),
    (r"\042", r" \042 "),
    (r"\047", r" \047 "),
    (r"[ \t\013-\015]+", " "),
)

OPTION_EXEC = r"^--?(exec|ok|startas)"
#: The same of start-stop-daemon alone; and what names an account, behind programs of `SWITCHES`.
OPTION_X = r"^-[A-Zbomqtv]*[xa]$"
OPTION_USER = r"^--(chuid|user)(=|$)"
OPTION_C = r"^-[a-z]*c$"
NUMBER = r"^[0-9][0-9.,:]*[smhd]?$"
ASSIGNMENT = r"^[A-Za-z_][A-Za-z0-9_]*="
OWN_HOME = r"^(\$HOME|\$[{]HOME[}]|~)/"
RELATIVE = r"^[A-Za-z0-9_.][A-Za-z0-9_.+@/-]*$"
BARE = r"^[A-Za-z0-9_.+-]+$"
#: The first line of a script that a program of the system runs: whether others can change those is asked anyhow.
ORDINARY = r"^#![ \t]*/(usr/)?s?bin/[^/]*$"
#: Where a path goes on with what only a shell knows.
OPEN = r"[]*?[$%{}\\]"

#: What begins or separates commands, and builtins that decide what a path means.
KEPT = frozenset({
    ".", "source", "cd", "daemon", "pushd", "exec", "eval", "command", "builtin", "then", "do", "else", "elif", "if",
    "while", "until", "!", "{", "}", "[", "[[", "test",
})  # fmt: skip

#: Programs and keywords behind which, options and numbers aside, another command stands.
LEADS = frozenset({
    "exec", "eval", "command", "builtin", "then", "do", "else", "elif", "if", "while", "until", "!", "{", "}",
    "time", "nohup", "setsid", "chronic", "nice", "ionice", "timeout", "taskset", "chrt", "stdbuf", "env", "xargs",
    "tcpd", "unbuffer", "systemd-inhibit", "caffeinate", "flock",
})  # fmt: skip

#: Programs that run another as somebody else, and those that may, of start scripts.
STARTERS = frozenset({"daemon", "start-stop-daemon"})
SWITCHES = frozenset({"su", "sudo", "runuser", "doas"}) | STARTERS

#: Programs and builtins that read a script as shell; programs that take the names of files for options.
SHELLS = frozenset({".", "source", "sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "rbash"})
TRICKED = frozenset({"tar", "rsync", "zip", "chown", "chmod", "chgrp", "7z", "7za", "7zr"})

#: Scripts that scripts run are read this deep, and so many of a host.
MAX_LEVEL, MAX_SCRIPTS = 3, 2_000

#: Where programs without a directory are looked for.
SEARCHED = DEFAULT_PATH

#: Variables whose value is a file, or a list of files or directories, that programs of the account trust.
VARIABLES = ("PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "PYTHONPATH", "PERL5LIB", "BASH_ENV", "ENV", "SHELL")

#: Paths looked at for one file, for one of sudoers, and for a host: nobody names more in good faith.
MAX_OF_FILE, MAX_OF_POLICY, MAX_OF_HOST = 3_000, 100_000, 200_000

#: Bytes of a file that is read, of one of sudoers, and of a path in it; lines that are one by backslashes; bytes that
#: are read of what is larger.
MAX_SIZE, MAX_POLICY, MAX_PATH, MAX_JOINED, MAX_HEAD = 1 << 20, 8 << 20, 1024, 1_000, 128

#: Settings of units that matter, by their beginning, and those by which a unit is enabled.
UNIT = (
    "^[ \t]*(Exec|User|DynamicUser|EnvironmentFile|Root|BusName|Unit|Service|WantedBy|RequiredBy|UpheldBy|Alias|Also)"
)
INSTALL = "^(WantedBy|RequiredBy|UpheldBy|Alias|Also)$"

#: In which lines of udev's rules and of sshd_config files are named that are run or read.
RULES = "RUN|PROGRAM|program"
SSHD = "(trustedusercakeys|include|subsystem)"
SSHD_COMMANDS = "(forcecommand|authorizedkeyscommand|authorizedprincipalscommand)"

#: Settings of apt and dpkg whose value is commands.
HOOK = "[Ii]nvoke[A-Za-z-]*|Pre-Install-Pkgs"

#: The beginning of the value of one of `VARIABLES`.
VARIABLE = r"(^|[ \t;\042\047])(" + "|".join(VARIABLES) + r")[ \t]*="
