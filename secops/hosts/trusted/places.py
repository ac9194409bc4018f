"""The fixed list of places that root or an account trusts. What files there name is found in their content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from secops.hosts.trusted import roles
from secops.hosts.trusted.roles import Role
from secops.hosts.units import DIRECTORIES

#: How the paths are found that a file names; see `grammars`. Of sudo and doas the policy says what they are.
Grammar = Literal[
    "", "cron", "tab", "anacron", "unit", "shell", "script", "rc", "words", "variables", "rotation", "rules", "sshd",
    "sudo", "inetd", "xinetd", "apt", "commands", "pam",
]  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Paths with one role: patterns as in `section.Files`. `names` is the role of what the files name."""

    role: Role
    patterns: tuple[str, ...]
    grammar: Grammar = ""
    names: Role | None = None
    executed: bool = False  # only where its mode says that it may be
    changeable: bool = False  # of directories and what is in them, only what others than root own or may write


def _folders(*paths: str) -> tuple[str, ...]:
    """Directories, and what is in them."""
    return tuple(pattern for path in paths for pattern in (path, f"{path}/*"))


#: The daemon that the rules of polkit are for.
POLKITD = (
    "/usr/lib/polkit-1/polkitd", "/usr/libexec/polkitd", "/usr/libexec/polkit-1/polkitd",
    "/usr/lib/policykit-1/polkitd",
)  # fmt: skip

#: What reads the completions of bash for programs.
COMPLETION = ("/usr/share/bash-completion/bash_completion", "/etc/bash_completion")

#: Directories of the root that are links into /usr nearly everywhere.
TOPS = ("/bin", "/lib", "/lib64", "/sbin")

#: Where programs are looked for that are named without a directory.
DEFAULT_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")

_PERIODS = ("hourly", "daily", "weekly", "monthly", "yearly")
_PERIODIC = _folders(*(f"/etc/cron.{period}" for period in _PERIODS), "/etc/periodic/*")
_LIBRARIES = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/lib/*-linux-gnu*", "/lib/*-linux-gnu*")
_USER_UNITS = ("/etc/systemd/user", "/usr/lib/systemd/user", "/run/systemd/generator")
_SPOOLS = ("/var/spool/cron/crontabs", "/var/spool/cron/tabs", "/etc/crontabs", "/var/spool/cron")
_GENERATORS = tuple(
    f"{top}/systemd/{kind}"
    for top in ("/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib")
    for kind in ("system-generators", "system-environment-generators", "user-environment-generators")
)
_SLEEP = ("/usr/lib/systemd/system-sleep", "/usr/lib/systemd/system-shutdown", "/etc/systemd/system-sleep")
_RC_LOCAL = ("/etc/rc.local", "/etc/rc.d/rc.local", "/etc/local.d/*")
_BOOT = (
    *_folders("/etc/rc.d", "/etc/rc.d/init.d", "/etc/default", "/etc/sysconfig", "/etc/conf.d"),
    "/etc/init.d", "/etc/xinetd.d", "/etc/rc[S0-6].d", "/etc/rc.d/rc[0-6].d", "/etc/local.d", "/etc/runlevels/*",
    "/etc/inittab", "/etc/rc.conf",
)  # fmt: skip
_LOGIN = (
    "/etc/profile", "/etc/profile.d/*.sh", "/etc/profile.d/*.csh", "/etc/profile.d/*.local", "/etc/bash.bashrc",
    "/etc/bashrc", "/etc/zshenv", "/etc/zshrc", "/etc/zprofile",
    "/etc/zsh/*", "/etc/csh.login", "/etc/csh.cshrc", "/etc/fish/config.fish", "/etc/fish/conf.d/*",
)  # fmt: skip
_LOGIN_FOLDERS = ("/etc/profile.d", "/etc/zsh", "/etc/fish/conf.d", *_folders("/etc/bash_completion.d"))
_START_FILES = (
    "~/.bashrc", "~/.bash_profile", "~/.bash_login", "~/.profile", "~/.bash_logout", "~/.zshrc", "~/.zshenv",
    "~/.zprofile", "~/.zlogin", "~/.zlogout", "~/.kshrc", "~/.mkshrc", "~/.cshrc", "~/.tcshrc", "~/.login", "~/.logout",
)  # fmt: skip
_OTHER_START_FILES = (
    "~/.pam_environment", "~/.config/fish", "~/.config/fish/config.fish", "~/.config/fish/conf.d",
    "~/.config/fish/conf.d/*",
)  # fmt: skip
_STACKS = ("/etc/pam.d/*", "/usr/lib/pam.d/*", "/usr/etc/pam.d/*", "/etc/pam.conf")
_PAM = (
    "/etc/pam.d", "/usr/lib/pam.d", "/etc/security", "/etc/security/pam_env.conf", "/etc/security/namespace.*",
    "/etc/security/group.conf", "/etc/security/access.conf", "/etc/security/sepermit.conf",
)  # fmt: skip
_POLKIT = (
    *_folders("/etc/polkit-1/rules.d", "/usr/local/share/polkit-1/rules.d", "/usr/share/polkit-1/rules.d"),
    *_folders("/run/polkit-1/rules.d", "/etc/polkit-1/localauthority/*.d", "/var/lib/polkit-1/localauthority/*.d"),
    "/usr/share/polkit-1/actions", "/etc/polkit-1/actions",
)  # fmt: skip
_MODULES = (
    "/etc/modprobe.d", *_folders("/etc/modules-load.d", "/lib/modules", "/usr/lib/modules"), "/etc/modules",
    "/usr/lib/modprobe.d",
)  # fmt: skip
_KERNEL = (*_folders("/boot", "/etc/initramfs-tools", "/etc/dracut.conf.d"), "/boot/grub*/grub.cfg")
_KERNEL_HOOKS = _folders(
    "/etc/grub.d", "/etc/kernel/*.d", "/etc/initramfs-tools/hooks", "/etc/initramfs-tools/scripts/*",
    "/etc/initramfs/post-update.d",
)  # fmt: skip
_SYSCTL = ("/etc/sysctl.conf", "/etc/sysctl.d/*")
_SETTINGS = ("/etc/sysctl.d", *_folders("/etc/tmpfiles.d", "/etc/sysusers.d", "/etc/binfmt.d"))
_DISPATCHERS = tuple(
    f"{top}/NetworkManager/dispatcher.d{inside}" for top in ("/etc", "/usr/lib") for inside in ("", "/*.d")
)
_INTERFACES = ("/etc/network/interfaces", "/etc/network/interfaces.d/*")
_NETWORK_HOOKS = (
    *_folders(*(f"/etc/network/if-{when}.d" for when in ("pre-up", "up", "down", "post-down")), "/etc/udhcpc"),
    *_folders("/etc/networkd-dispatcher/*.d", "/etc/ppp/*.d"), "/etc/ppp/ip-up", "/etc/ppp/ip-down",
    "/etc/ppp/ip-pre-up",
)  # fmt: skip
_NETWORK_SOURCED = (
    *_folders("/etc/dhcp/dhclient-enter-hooks.d", "/etc/dhcp/dhclient-exit-hooks.d", "/etc/sysconfig/network-scripts"),
    "/etc/dhcp/dhclient-enter-hooks", "/etc/dhcp/dhclient-exit-hooks",
)  # fmt: skip
_NETWORK = (*_folders("/etc/dhcp", "/etc/ppp"), "/etc/network/interfaces.d")
_HOOKS = ("/etc/apt/apt.conf", "/etc/apt/apt.conf.d/*", "/etc/dpkg/dpkg.cfg", "/etc/dpkg/dpkg.cfg.d/*")
_PACKAGES = (
    *_folders("/etc/apt/sources.list.d", "/etc/apt/trusted.gpg.d", "/etc/apt/keyrings"),
    *_folders("/etc/yum.repos.d", "/etc/yum/pluginconf.d", "/etc/dnf/plugins", "/etc/dnf", "/usr/lib/yum-plugins"),
    *_folders("/etc/apk"), "/etc/dpkg/dpkg.cfg.d", "/etc/apt", "/etc/apt/apt.conf.d", "/etc/apt/sources.list",
    "/etc/yum.conf", "/var/lib/dpkg/info", "/usr/lib/apt/methods",
    "/usr/lib/python3*/site-packages/dnf-plugins", "/etc/pki/rpm-gpg",
)  # fmt: skip

#: Where dpkg has the scripts of packages, and apt its programs.
_PACKAGE_SCRIPTS = ("/var/lib/dpkg/info", "/usr/lib/apt/methods")
_CLIENT = ("/etc/ssh/ssh_config", "/etc/ssh/ssh_config.d/*")
_OPENSSL = ("/etc/ssl/openssl.cnf", "/etc/pki/tls/openssl.cnf")

_LIBS = ("lib", "lib64", "local/lib", "local/lib64")
#: Where scripts of root load modules from by themselves, and the directories above.
_MODULE_FOLDERS = (
    *(f"/usr/{top}/python3*" for top in _LIBS),
    *(f"/usr/{top}/python3*/{kind}-packages" for top in _LIBS for kind in ("dist", "site")),
    "/etc/perl", "/usr/share/perl5", "/usr/share/perl", "/usr/share/perl/5*", "/usr/lib64/perl5", "/usr/lib/*/perl*",
    "/usr/lib/*/perl/5*", "/usr/local/share/perl*", "/usr/local/share/perl/5*", "/usr/local/lib*/perl5",
    "/usr/local/lib/*/perl", "/usr/local/lib/*/perl/5*",
)  # fmt: skip

PLACES: tuple[Place, ...] = (
    # cron
    Place(roles.CRON_TABLE, ("/etc/crontab", "/etc/cron.d/*"), "cron", roles.CRON_JOB),
    Place(roles.CRON_TABLE, ("/etc/cron.d", *_SPOOLS)),
    Place(roles.CRON_SPOOL, tuple(f"{spool}/*" for spool in _SPOOLS), "tab", roles.CRON_JOB),
    Place(roles.ANACRONTAB, ("/etc/anacrontab",), "anacron", roles.CRON_JOB),
    Place(
        roles.CRON_SCRIPT,
        _folders(*(f"/etc/cron.{period}" for period in _PERIODS)),
        "shell",
        roles.CRON_JOB,
        executed=True,
    ),
    Place(roles.CRON_SCRIPT, _folders("/etc/periodic/*"), "shell", roles.CRON_JOB, executed=True),
    Place(roles.CRON_DAEMON, ("/usr/sbin/cron", "/usr/sbin/crond")),
    # what the start runs
    Place(roles.UNIT, (*DIRECTORIES, *_folders(*_USER_UNITS))),
    Place(roles.UNIT, tuple(f"{path}/{inside}" for path in DIRECTORIES for inside in ("*", "*.d/*.conf")), "unit"),
    Place(roles.UNIT, ("/etc/systemd", "/etc/systemd/*.conf", *_folders("/etc/systemd/system.conf.d"))),
    Place(roles.GENERATOR, _folders(*_GENERATORS, *_SLEEP), "script", roles.HOOK_PROGRAM, executed=True),
    Place(roles.BOOT_SCRIPT, _RC_LOCAL, "shell", roles.BOOT_PROGRAM, executed=True),
    Place(roles.BOOT_SCRIPT, ("/etc/init.d/*",), "script", roles.BOOT_PROGRAM),
    Place(roles.BOOT_SCRIPT, ("/etc/inetd.conf",), "inetd", roles.BOOT_PROGRAM),
    Place(roles.BOOT_SCRIPT, ("/etc/xinetd.conf", "/etc/xinetd.d/*"), "xinetd", roles.BOOT_PROGRAM),
    Place(roles.BOOT_SCRIPT, _BOOT),
    # what logins read
    Place(roles.LOGIN_SCRIPT, _LOGIN, "shell", roles.LOGIN_PROGRAM),
    Place(roles.LOGIN_SCRIPT, (*_LOGIN_FOLDERS, *COMPLETION)),
    Place(roles.ENVIRONMENT, ("/etc/environment", "/etc/login.defs"), "variables", roles.LOGIN_PROGRAM),
    Place(roles.ENVIRONMENT, _folders("/etc/environment.d")),
    Place(roles.HOME, ("~/",)),
    Place(roles.START_FILE, _START_FILES, "rc", roles.LOGIN_PROGRAM),
    Place(roles.START_FILE, _OTHER_START_FILES),
    Place(roles.SSH_HOME, ("~/.ssh", "~/.ssh/rc", "~/.ssh/environment")),
    Place(roles.AUTHORIZED_KEYS, ("~/.ssh/authorized_keys", "~/.ssh/authorized_keys2")),
    Place(roles.MOTD, _folders("/etc/update-motd.d"), "shell", roles.LOGIN_PROGRAM, executed=True),
    # the dynamic linker
    Place(roles.LOADER, ("/etc/ld.so.preload",), "words", roles.LIBRARY),
    Place(roles.LOADER, ("/etc/ld.so.conf", "/etc/ld.so.conf.d/*"), "words", roles.LIBRARY_DIRECTORY),
    Place(roles.LOADER, ("/etc/ld.so.conf.d", "/etc/ld.so.cache", "/etc/ld-musl-*.path")),
    Place(roles.LIBRARY_DIRECTORY, (*_LIBRARIES, "/usr/local/lib", "/usr/local/lib64")),
    Place(roles.LIBRARY, tuple(f"{top}/*.so*" for top in (*_LIBRARIES, "/usr/local/lib*")), changeable=True),
    Place(roles.LIBRARY_SETTING, _OPENSSL, "commands", roles.LIBRARY_SETTING),
    # who may log in, and as whom
    Place(roles.PAM, _STACKS, "pam", roles.PAM_MODULE),
    Place(roles.PAM, _PAM),
    Place(roles.PAM_MODULE, _folders(*(f"{top}/security" for top in _LIBRARIES))),
    Place(roles.SUDOERS, ("/etc/sudoers", "/usr/etc/sudoers", "/etc/sudoers.d/*", "/usr/etc/sudoers.d/*"), "sudo"),
    Place(roles.SUDOERS, ("/etc/sudoers.d", "/usr/etc/sudoers.d")),
    Place(roles.DOAS, ("/etc/doas.conf", "/etc/doas.d/*"), "words"),
    Place(roles.SUDO_PLUGIN, ("/etc/sudo.conf",), "words", roles.SUDO_PLUGIN),
    Place(roles.SUDO_PLUGIN, _folders("/usr/libexec/sudo", "/usr/lib/sudo")),
    Place(roles.POLKIT, _POLKIT),
    Place(roles.POLKIT_DAEMON, POLKITD),
    Place(roles.ACCOUNTS, ("/etc", "/etc/passwd", "/etc/group")),
    Place(roles.HASHES, ("/etc/shadow", "/etc/gshadow", "/etc/shadow-", "/etc/gshadow-")),
    Place(roles.NSSWITCH, ("/etc/nsswitch.conf",)),
    Place(roles.SSHD, ("/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/*"), "sshd", roles.SSHD),
    Place(roles.SSHD, ("/etc/ssh", "/etc/ssh/sshd_config.d", "/etc/ssh/sshrc")),
    Place(roles.SSH_CLIENT, _CLIENT, "commands", roles.SSH_CLIENT),
    Place(roles.SSH_CLIENT, ("/etc/ssh/ssh_config.d",)),
    Place(roles.AUTHORIZED_KEYS, _folders("/etc/ssh/authorized_keys", "/etc/ssh/authorized_keys.d")),
    # devices, the kernel
    Place(roles.UDEV, ("/etc/udev/rules.d/*", "/run/udev/rules.d/*"), "rules", roles.UDEV_PROGRAM),
    Place(roles.UDEV, ("/etc/udev/rules.d", "/run/udev/rules.d", "/usr/lib/udev", "/usr/lib/udev/rules.d")),
    Place(roles.KERNEL_MODULE, ("/etc/modprobe.d/*",), "commands", roles.HOOK_PROGRAM),
    Place(roles.KERNEL_MODULE, _MODULES),
    Place(roles.KERNEL, _KERNEL_HOOKS, "script", roles.HOOK_PROGRAM, executed=True),
    Place(roles.KERNEL, _KERNEL),
    Place(roles.SETTING, _SYSCTL, "commands", roles.HOOK_PROGRAM),
    Place(roles.SETTING, _SETTINGS),
    Place(roles.MOUNTS, ("/etc/fstab",)),
    # other programs that root runs by themselves
    Place(roles.LOGROTATE, ("/etc/logrotate.conf", "/etc/logrotate.d/*"), "rotation", roles.LOGROTATE_PROGRAM),
    Place(roles.LOGROTATE, ("/etc/logrotate.d",)),
    Place(roles.DISPATCHER, _folders(*_DISPATCHERS), "script", roles.HOOK_PROGRAM, executed=True),
    Place(roles.NETWORK, _INTERFACES, "commands", roles.HOOK_PROGRAM),
    Place(roles.NETWORK, _NETWORK_HOOKS, "script", roles.HOOK_PROGRAM, executed=True),
    Place(roles.NETWORK, _NETWORK_SOURCED, "script", roles.HOOK_PROGRAM),
    Place(roles.NETWORK, _NETWORK),
    Place(roles.PACKAGES, _HOOKS, "apt", roles.PACKAGE_HOOK),
    Place(roles.PACKAGES, _PACKAGES),
    Place(roles.PACKAGES, _PACKAGE_SCRIPTS, changeable=True),
    Place(roles.PATH_DIRECTORY, DEFAULT_PATH),
    Place(roles.PROGRAM, (*DEFAULT_PATH, *_MODULE_FOLDERS), changeable=True),
)

#: Who has the power of a file already, by its role: polkit's own account owns its rules, and decides what root does.
KEEPERS = {roles.POLKIT.name: "polkitd"}
