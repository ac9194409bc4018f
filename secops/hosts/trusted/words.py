"""A line of shell with every word masked that is no path: what may leave a host. Data for awk and for Python alike.

A masked line is tokens: `/path` or `/directory/` (of a path that goes on with a variable or a wildcard), `;` between
commands, `"` and `'`, `-c`, `-exec`, `-u` (an account), `-` (any other option), `9` (a number), `=` (an assignment),
words of `KEPT`, `~name` (an account, behind a program of `SWITCHES`), `-f` and `-C` (behind one of `GIVEN`),
`*/directory/` (a wildcard there, behind a program of `TRICKED`), and `?` for all the rest. `@/path` and `@program` are
candidates: paths that a word may mean, which stay if something is there. `#!` begins what runs a script.
"""

from __future__ import annotations

from secops.hosts.trusted.places import DEFAULT_PATH

#: A value in quotes, which runs nothing.
_VALUE = r"(\042([^\042`$]|[$][^(\042`])*\042|\047[^\047]*\047)"

#: Extended regular expressions, as awk and Python both read them, and what takes the place of each match, in order.
#: Octal escapes: the script stands in single quotes.
CUTS = (
    (rf"^[ \t]*[A-Za-z_][A-Za-z0-9_]*={_VALUE}", " A=1"),
    (rf"[;&|(][ \t]*[A-Za-z_][A-Za-z0-9_]*={_VALUE}", " ; A=1"),
    (rf"[A-Z0-9_]={_VALUE}", "_=1"),
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
#: A file of commands, behind programs of `GIVEN`, and the directory of make.
OPTION_F = r"^(-[A-Za-z]*f|--(file|makefile))$"
OPTION_AT = r"^(-C|--directory)$"
NUMBER = r"^([0-9][0-9.,:-]*[smhd]?|0x[0-9a-fA-F]+)$"
ASSIGNMENT = r"^[A-Za-z_][A-Za-z0-9_]*="
#: A line that gives a variable a path, a directory of its own before it; and a word that begins with a variable.
CONSTANT = (
    r"^[ \t]*((readonly|export|local)[ \t]+)?[A-Za-z_][A-Za-z0-9_]*="
    r"(\042/[^] \t\042\047`$;&|()<>*?{}[\\]*\042|\047/[^] \t\042\047`$;&|()<>*?{}[\\]*\047"
    r"|/[^] \t\042\047`$;&|()<>*?{}[\\]*)[ \t\r]*($|[;&#])"
)
CONSTANT_HEAD = r"^[ \t]*((readonly|export|local)[ \t]+)?"
CONSTANT_USE = r"^[$]([A-Za-z_][A-Za-z0-9_]*|[{][A-Za-z_][A-Za-z0-9_]*[}])"
OWN_HOME = r"^(\$HOME|\$[{]HOME[}]|~)/"
HOME_OF = r"^~[A-Za-z_][A-Za-z0-9_.-]*/"
NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
RELATIVE = r"^[A-Za-z0-9_.][A-Za-z0-9_.+@/-]*$"
#: A program of the directory that a line is in; a wildcard there.
OWN_PROGRAM = r"^[.][.]?/"
OWN_WILDCARD = r"^[A-Za-z0-9_.][A-Za-z0-9_.+@/-]*/[A-Za-z0-9_.+@-]*[*?][A-Za-z0-9_.+@*?-]*$"
#: Where it is not looked at what a wildcard matches: there is much, and it is asked elsewhere.
FULL = r"^/(usr/(bin|sbin|lib|lib64|share|libexec)|bin|sbin|lib|lib64|dev)/"
BARE = r"^[A-Za-z0-9_.+-]+$"
#: The first line of a script that a program of the system runs: whether others can change those is asked anyhow.
ORDINARY = r"^#![ \t]*/(usr/)?s?bin/[^/]*$"
#: Where a path goes on with what only a shell knows.
OPEN = r"[]*?[$%{}\\]"

#: What begins or separates commands, and builtins that decide what a path means.
KEPT = frozenset({
    ".", "source", "cd", "for", "in", "daemon", "pushd", "exec", "eval", "command", "builtin", "then", "do", "else",
    "elif", "if", "while", "until", "!", "{", "}", "[", "[[", "test", "trap",
})  # fmt: skip

#: Programs and keywords behind which, options and numbers aside, another command stands.
LEADS = frozenset({
    "exec", "eval", "command", "builtin", "then", "do", "else", "elif", "if", "while", "until", "!", "{", "}",
    "time", "nohup", "setsid", "chronic", "nice", "ionice", "timeout", "taskset", "chrt", "stdbuf", "env", "xargs",
    "tcpd", "unbuffer", "systemd-inhibit", "caffeinate", "flock", "setpriv", "systemd-run", "systemd-cat", "numactl",
    "watch", "strace", "ltrace", "parallel", "prlimit", "unshare", "cgexec", "chroot", "busybox", "dumb-init", "tini",
    "trap", "nsenter",
})  # fmt: skip

#: Of these the options that take the next word for their value, and those whose value is the account that it runs as.
_VALUED = {
    "cgexec": "-g", "env": "-u -C --unset --chdir", "exec": "-a", "flock": "-w -E --timeout --conflict-exit-code",
    "ionice": "-c -n --class --classdata", "ltrace": "-o -e -s -n -a -A -l -x -u -F", "nice": "-n --adjustment",
    "nsenter": "-t -S -G --target --setuid --setgid",
    "numactl": "-i -N -m -C -p -P -w", "parallel": "-j -a -d -N -n -S -C --jobs --arg-file --joblog --timeout",
    "setpriv": "--ruid --regid --rgid --egid --groups --inh-caps --ambient-caps --bounding-set --securebits "
    "--pdeathsig --selinux-label --apparmor-profile",
    "stdbuf": "-i -o -e", "strace": "-o -e -p -P -s -E -a -b -I -O -S -X", "systemd-cat": "-t -p",
    "systemd-run": "-p -u -E -G -M -H --property --unit --setenv --slice --description --gid --on-calendar --on-boot "
    "--on-active --working-directory",
    "taskset": "-c --cpu-list", "timeout": "-k -s --kill-after --signal", "unshare": "-S -G -w", "watch": "-n",
    "xargs": "-a -d -E -I -L -n -P -s --arg-file --delimiter --max-args --max-procs --replace",
}  # fmt: skip
VALUED = frozenset(f"{program}:{option}" for program, options in _VALUED.items() for option in options.split())
AS_USER = frozenset({"setpriv:--reuid", "setpriv:--euid", "systemd-run:--uid", "strace:-u"})
#: Options with the account behind `=`, and the programs that have them.
USER_VALUE = r"^((-p|--property=)?User|--(reuid|euid|uid|userspec))="
AS_OTHERS = frozenset({"setpriv", "systemd-run", "chroot"})

#: Programs that run another as somebody else, and those that may, of start scripts.
STARTERS = frozenset({"daemon", "start-stop-daemon"})
SWITCHES = frozenset({"su", "sudo", "runuser", "doas"}) | STARTERS

#: Programs and builtins that read a script as shell; programs that are given a file of commands, and where make looks
#: for one; programs that take the names of files for options.
SHELLS = frozenset({".", "source", "sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "rbash"})
GIVEN = frozenset({"make", "gmake", "awk", "gawk", "mawk", "nawk", "sed", "psql"})
MAKES, MAKEFILES = frozenset({"make", "gmake"}), ("GNUmakefile", "makefile", "Makefile")
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
    "^[ \t]*(Exec|User|DynamicUser|Environment|Root|BusName|Unit|Service|WantedBy|RequiredBy|UpheldBy|Alias|Also"
    "|WorkingDirectory|PermissionsStartOnly|Wants|Requires|BindsTo|Upholds|OnFailure|OnSuccess)"
)
#: Those that name units which it pulls in, and what such a name is.
PULLS = "^(Wants|Requires|BindsTo|Upholds|OnFailure|OnSuccess)$"
PULLED = r"^[A-Za-z0-9:_.@\\-]+[.](service|socket|timer|path|target)$"
INSTALL = "^(WantedBy|RequiredBy|UpheldBy|Alias|Also)$"

#: Behind what a command stands, or a module: in interfaces, of modprobe, of sysctl, of OpenSSL, of ssh.
COMMAND = (
    r"^[ \t]*((pre-|post-)?(up|down)[ \t]|(install|remove)[ \t]+[^ \t]+[ \t]"
    r"|-?kernel[./](core_pattern[ \t]*=[ \t]*[|]|(modprobe|hotplug|poweroff_cmd)[ \t]*=)"
    r"|(dynamic_path|SO_PATH|module|[.]include)[ \t=]"
    r"|([Pp]roxy|[Ll]ocal|[Kk]nown[Hh]osts)[Cc]ommand[ \t=]|([Pp][Kk][Cc][Ss]11|[Ss]ecurity[Kk]ey)[Pp]rovider[ \t=]"
    r"|[Ii]nclude[ \t=]|[Mm]atch[ \t](.*[ \t])?[Ee]xec[ \t=])[ \t=]*"
)
#: Arguments of PAM's modules that name a file which they read.
PAM = "^(envfile|conffile|file|accessfile|conf|config|config_file|pwdfile|usersfile|authfile|dir)="

#: In which lines of udev's rules and of sshd_config files are named that are run or read.
RULES = "RUN|PROGRAM|program"
SSHD = "(trustedusercakeys|include|subsystem)"
SSHD_COMMANDS = "(forcecommand|authorizedkeyscommand|authorizedprincipalscommand)"

#: Settings of apt and dpkg whose value is commands.
HOOK = "[Ii]nvoke[A-Za-z-]*|Pre-Install-Pkgs"

#: The beginning of the value of one of `VARIABLES`.
VARIABLE = r"(^|[ \t;\042\047])(" + "|".join(VARIABLES) + r")[ \t]*="
