"""Why a file is trusted: what runs or reads it, with the manual page that says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from secops.core.content import Text

#: What who may change such a file gets.
Gives = Literal["shell", "account", "write", "read"]

#: What refuses a file that another than its account owns, and but for busybox' cron one that others may write.
#: sudo, of its policy, lets root's own group write it.
Guard = Literal["", "cron", "sshd", "sudo", "strict"]


@dataclass(frozen=True)
class Role:
    """What is done with a file. `doing` is a sentence about it."""

    name: str
    doing: Text
    source: str  # where to check it
    gives: Gives = "shell"
    guard: Guard = ""
    readable: bool = False  # who may read it has power by that alone


def _role(name: str, en: str, zh: str, source: str, gives: Gives = "shell", guard: Guard = "") -> Role:
    return Role(name, Text(en, zh), source, gives, guard, readable=name == "hashes")


CRON_TABLE = _role("cron_table", "cron runs its jobs", "cron 执行其中的任务", "crontab(5)", guard="cron")
CRON_SPOOL = _role("cron_spool", "it is the account's crontab", "是该账户的 crontab", "crontab(1)", guard="cron")
ANACRONTAB = _role("anacrontab", "anacron runs its jobs", "anacron 执行其中的任务", "anacrontab(5)")
CRON_SCRIPT = _role("cron_script", "cron runs the scripts of its directory", "cron 执行该目录中的脚本", "cron(8)")
CRON_JOB = _role("cron_job", "a cron job runs it", "由 cron 任务执行", "crontab(5)")
CRON_DAEMON = _role("cron_daemon", "it is the cron daemon", "是 cron 守护进程", "cron(8)")
UNIT = _role("unit", "systemd starts what it says", "systemd 按其内容启动程序", "systemd.unit(5)")
UNIT_PROGRAM = _role("unit_program", "a systemd unit runs it", "由 systemd 单元执行", "systemd.service(5)")
UNIT_ENVIRONMENT = _role(
    "unit_environment", "a systemd unit's environment comes from it", "systemd 单元从中读取环境变量", "systemd.exec(5)"
)
GENERATOR = _role("generator", "systemd runs it by itself", "systemd 会自动执行", "systemd.generator(7)")
BOOT_SCRIPT = _role("boot_script", "it is run or read at start", "系统启动时执行或读取", "rc.local(8), inittab(5)")
BOOT_PROGRAM = _role("boot_program", "a start script runs or reads it", "由启动脚本执行或读取", "rc.local(8)")
LOGIN_SCRIPT = _role("login_script", "the shells of all logins read it", "所有登录的 shell 都会读取", "bash(1)")
LOGIN_PROGRAM = _role(
    "login_program", "a start file of shells runs or reads it", "由 shell 启动文件执行或读取", "bash(1)"
)
ENVIRONMENT = _role("environment", "logins take their environment from it", "登录时从中读取环境变量", "pam_env(8)")
HOME = _role("home", "shells look for start files in it", "shell 在其中查找启动文件", "bash(1)")
START_FILE = _role("start_file", "the account's shell reads it", "该账户的 shell 会读取", "bash(1)")
SSH_HOME = _role("ssh_home", "sshd runs the file rc in it", "sshd 执行其中的 rc 文件", "sshd(8)")
AUTHORIZED_KEYS = _role("authorized_keys", "its keys may log in", "其中的密钥可登录", "sshd(8)", guard="sshd")
MOTD = _role("motd", "root runs it at every login", "每次登录时以 root 执行", "update-motd(5)")
LOADER = _role("loader", "the dynamic linker reads it", "动态链接器会读取", "ld.so(8), ldconfig(8)")
LIBRARY = _role("library", "programs load it", "程序会加载", "ld.so(8)")
LIBRARY_SETTING = _role("library_setting", "OpenSSL loads what it says", "OpenSSL 按其内容加载模块", "config(5)")
LIBRARY_DIRECTORY = _role("library_directory", "programs load libraries from it", "程序从中加载动态库", "ldconfig(8)")
PAM = _role("pam", "it decides who may log in", "决定谁可登录", "pam.conf(5)")
PAM_MODULE = _role("pam_module", "logins load or run it", "登录时加载或执行", "pam.conf(5)")
PAM_SETTING = _role(
    "pam_setting",
    "a module of PAM reads it at logins",
    "登录时由 PAM 模块读取",
    "pam_env(8), pam_listfile(8)",
    "account",
)
SUDOERS = _role(
    "sudoers", "it says who may run what as root", "规定谁可以 root 执行命令", "sudoers(5)", "account", "sudo"
)
DOAS = _role(
    "doas", "it says who may run what as root", "规定谁可以 root 执行命令", "doas.conf(5)", "account", "strict"
)
SUDO_PLUGIN = _role("sudo_plugin", "sudo reads or loads it", "sudo 会读取或加载", "sudo.conf(5)", guard="strict")
SUDO_ENVIRONMENT = _role(
    "sudo_environment", "sudo takes the environment of commands from it", "sudo 从中读取命令的环境变量", "sudoers(5)"
)
SUDO_TARGET = _role("sudo_target", "sudo or doas runs it", "由 sudo 或 doas 执行", "sudoers(5), doas.conf(5)")
POLKIT = _role("polkit", "polkit grants rights by it", "polkit 据此授权", "polkit(8)")
POLKIT_DAEMON = _role("polkit_daemon", "it is the daemon of polkit", "是 polkit 守护进程", "polkit(8)")
ACCOUNTS = _role("accounts", "it says who is root", "规定谁是 root", "passwd(5), group(5)", "account")
HASHES = _role("hashes", "it holds the password hashes", "保存口令哈希", "shadow(5), gshadow(5)", "account")
NSSWITCH = _role(
    "nsswitch", "it says where accounts are looked up", "规定从何处查询账户", "nsswitch.conf(5)", "account"
)
SSHD = _role("sshd", "sshd reads or runs it", "sshd 会读取或执行", "sshd_config(5)")
SSH_CLIENT = _role("ssh_client", "ssh of root reads or runs it", "root 的 ssh 会读取或执行", "ssh_config(5)")
UDEV = _role("udev", "udev runs what it says", "udev 按其内容执行程序", "udev(7)")
UDEV_PROGRAM = _role("udev_program", "a udev rule runs it", "由 udev 规则执行", "udev(7)")
KERNEL_MODULE = _role("kernel_module", "kernel modules are loaded by it", "据此加载内核模块", "modprobe.d(5)")
KERNEL = _role("kernel", "the machine starts from it", "系统从中启动", "boot(7), grub-mkconfig(8)")
MOUNTS = _role("mounts", "root mounts what it says", "root 按其内容挂载", "fstab(5)")
SETTING = _role("setting", "root applies it at start", "系统启动时由 root 应用", "sysctl.d(5), tmpfiles.d(5)")
LOGROTATE = _role("logrotate", "logrotate runs its scripts", "logrotate 执行其中的脚本", "logrotate(8)", guard="strict")
LOGROTATE_PROGRAM = _role("logrotate_program", "a script of logrotate runs it", "由 logrotate 脚本执行", "logrotate(8)")
DISPATCHER = _role(
    "dispatcher", "NetworkManager runs it", "由 NetworkManager 执行", "NetworkManager-dispatcher(8)", guard="strict"
)
HOOK_PROGRAM = _role(
    "hook_program", "a script of root's hooks runs or reads it", "由 root 的钩子脚本执行或读取", "hier(7)"
)
NETWORK = _role("network", "it runs when the network changes", "网络变化时执行", "interfaces(5), dhclient-script(8)")
PACKAGES = _role("packages", "the package manager reads or runs it", "包管理器会读取或执行", "apt.conf(5), dnf.conf(5)")
PACKAGE_HOOK = _role("package_hook", "the package manager runs it", "由包管理器执行", "apt.conf(5), dpkg.cfg(5)")
FORCED_COMMAND = _role("forced_command", "sshd runs it at logins", "sshd 在登录时执行", "sshd_config(5)")
KEYS_COMMAND = _role(
    "keys_command", "sshd asks it who may log in", "sshd 用它决定谁可登录", "sshd_config(5)", guard="strict"
)
_GONE_WILD = "Unix Wildcards Gone Wild (DefenseCode, 2014)"
OPTION_NAMES = _role(
    "option_names", "names of files in it become options that run a command", "其中的文件名会成为执行命令的选项",
    f"tar(1) --checkpoint-action, rsync(1) --rsh, zip(1) --unzip-command; {_GONE_WILD}",
)  # fmt: skip
OWNER_NAMES = _role(
    "owner_names", "names of files in it become options that say whose files become",
    "其中的文件名会成为决定文件归属与权限的选项", f"chown(1), chgrp(1), chmod(1) --reference; {_GONE_WILD}", "write",
)  # fmt: skip
LIST_NAMES = _role(
    "list_names", "names of files in it become lists of files to pack", "其中的文件名会成为待打包文件的列表",
    f"7z: @listfile; {_GONE_WILD}", "read",
)  # fmt: skip
PATH_DIRECTORY = _role("path_directory", "programs are looked for in it", "在其中查找程序", "environ(7)")
PROGRAM = _role(
    "program", "root runs or loads it by its name", "root 按名称执行或加载", "environ(7), python(1), perlrun(1)"
)

BY_NAME = {role.name: role for role in list(globals().values()) if isinstance(role, Role)}
