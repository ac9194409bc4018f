"""The table of planted ways: by user, see `planted_kit.Case`."""

from __future__ import annotations

from secops.privilege.way import EVERYONE
from tests.privilege.planted_kit import OTHER, Case, Row

_EXEC = "org.freedesktop.policykit.exec"
_RULE = """cat >/etc/polkit-1/rules.d/40-$u.rules <<END
polkit.addRule(function(action, subject) {{
    if (action.id == "{action}" && subject.user == "$u") {{ return polkit.Result.{result}; }}
}});
END"""


def _group(user: str, thing: str, plant: str, twin: str) -> dict[str, Case]:
    return {user: Case(Row(user, "group", thing), plant, twin)}


def _sudo(user: str, thing: str, plant: str, twin: str, becomes: str = "root") -> dict[str, Case]:
    return {user: Case(Row(user, "sudo", thing, becomes), f"may '{plant}'", f"may '{twin}'")}


def _doas(user: str, plant: str, twin: str, becomes: str = "root") -> dict[str, Case]:
    command = "echo '{}' >>/etc/doas.conf; chmod 600 /etc/doas.conf"
    return {user: Case(Row(user, "doas", plant, becomes), command.format(plant), command.format(twin))}


def _file(user: str, thing: str, plant: str, twin: str, becomes: str = "root") -> dict[str, Case]:
    return {user: Case(Row(user, "file", thing, becomes), plant, twin)}


ACCOUNTS = {
    "toor": Case(
        Row("toor", "uid0", "0"), "sed -i -E 's/^(toor:x):[0-9]+/\\1:0/' /etc/passwd", "usermod -g root toor"
    ),
    **_group("dock", "docker", "groupadd docker; usermod -aG docker $u", "groupadd dockers; usermod -aG dockers $u"),
    **_group("lxdd", "lxd", "groupadd lxd; usermod -g lxd $u", "groupadd lxd; usermod -aG audio $u"),
    **_group("disk-user", "disk", "usermod -aG disk $u", "usermod -aG cdrom $u"),
    **_group("shady", "shadow", "usermod -aG shadow $u", "usermod -aG adm $u"),
    **_group(
        "same-number", "incus-admin", "groupadd -g 1900 incus-admin; groupadd -o -g 1900 box; usermod -aG box $u",
        "groupadd -g 1900 incus-admin; groupadd -g 1901 box; usermod -aG box $u",
    ),
}  # fmt: skip

POLICIES = {
    **_sudo("all", "ALL", "all ALL=(ALL) ALL", "all elsewhere=(ALL) ALL"),
    **_sudo("unasked", "ALL", "unasked ALL=(ALL) NOPASSWD: ALL", "unasked ALL=(ALL) NOPASSWD: /usr/bin/id"),
    **_sudo("editor", "/usr/bin/ed", "editor ALL=(root) /usr/bin/ed", "editor ALL=(editor) /usr/bin/ed"),
    **_sudo("runner", "/usr/bin/env", "runner ALL=(root) /usr/bin/env", "runner ALL=(root) NOEXEC: /usr/bin/env"),
    **_sudo(
        "star", "/usr/bin/tee", "star ALL=(root) /usr/bin/tee /var/log/*", "star ALL=(root) /usr/bin/tee /var/log/one"
    ),
    **_sudo(
        "excepted", "ALL", "excepted ALL=(ALL) ALL, !/usr/bin/su, !/bin/bash", "excepted ALL=(ALL) ALL, !ALL"
    ),
    **_sudo("numbered", "ALL", "%#4242 ALL=(ALL) ALL", "%#4200 ALL=(ALL) ALL"),
    **_sudo(
        "aliased", "/usr/bin/ed",
        "User_Alias WHO = aliased\nCmnd_Alias EDIT = /usr/bin/ed\nWHO ALL=(root) EDIT",
        "User_Alias WHO = aliased, !aliased\nCmnd_Alias EDIT = /usr/bin/ed\nWHO ALL=(root) EDIT",
    ),
    **_sudo(
        "switches", "/usr/bin/su", "switches ALL=(root) /usr/bin/su -", "switches ALL=(root) /usr/bin/su - -c /bin/id"
    ),
    **_sudo(
        "wraps", "/usr/bin/timeout", "wraps ALL=(root) /usr/bin/timeout 9 nice bash -l",
        "wraps ALL=(root) /usr/bin/timeout 9 nice bash -n",
    ),
    **_sudo(
        "sets-other", "/usr/bin/passwd", f"sets-other ALL=(root) /usr/bin/passwd {OTHER}",
        f"sets-other ALL=(root) /usr/bin/passwd -S {OTHER}", OTHER,
    ),
    **_sudo(
        "prints", "/usr/bin/cat", "prints ALL=(root) /usr/bin/cat /etc/shadow",
        "prints ALL=(root) /usr/bin/cat /etc/passwd",
    ),
    **_sudo(
        "pattern", "/usr/bin/dd", "pattern ALL=(root) /usr/bin/dd ^of=[a-z/]+$",
        "pattern ALL=(root) /usr/bin/dd ^of=/srv/[a-z]+$",
    ),
    **_sudo("edits", "sudoedit", "edits ALL=(root) sudoedit", "edits ALL=(root) sudoedit /etc/motd"),
    **_sudo("as-other", "ALL", f"as-other ALL=({OTHER}) ALL", f"as-other ALL=({OTHER}) /usr/bin/id", OTHER),
    **_sudo("setter", "/usr/bin/id", "setter ALL=(root) SETENV: /usr/bin/id",
            "setter ALL=(root) NOSETENV: /usr/bin/id"),
    **_sudo(
        "keeper", "Defaults env_keep",
        "Defaults:keeper env_keep += LD_PRELOAD\nkeeper ALL=(root) /usr/bin/who, /usr/bin/id",
        "Defaults:keeper env_keep += LD_PRELOAD, env_keep -= LD_PRELOAD\nkeeper ALL=(root) /usr/bin/who, /usr/bin/id",
    ),
    **_sudo(
        "setter-other", "/usr/bin/whoami",
        f"setter-other ALL=({OTHER}) SETENV: /usr/bin/whoami", f"setter-other ALL=({OTHER}) /usr/bin/whoami", OTHER,
    ),
    **_sudo("rooted", "/usr/bin/nproc", "rooted ALL=(root) CHROOT=* /usr/bin/nproc",
            "rooted ALL=(root) CWD=* /usr/bin/nproc"),
    **_doas("finder", "permit nopass finder cmd find", "permit nopass finder cmd find args -maxdepth 0"),
    **_doas("acting", f"permit acting as {OTHER}", f"permit acting as {OTHER} cmd id", OTHER),
    **_doas("switching", "permit switching cmd su args -", "permit switching cmd su args - -c id"),
    **_doas("names-other", f"permit names-other cmd su args {OTHER}", f"permit names-other cmd id args {OTHER}", OTHER),
    "polite": Case(
        Row("polite", "polkit", _EXEC),
        _RULE.format(action=_EXEC, result="YES"), _RULE.format(action=_EXEC, result="NO"),
    ),
}  # fmt: skip

PROGRAMS = {
    "suid-shell": Case(
        Row(EVERYONE, "suid", "/usr/local/bin/.sh"),
        "cp /usr/bin/dash /usr/local/bin/.sh; chmod 4755 /usr/local/bin/.sh",
        "cp /usr/bin/dash /usr/local/bin/.sh; chmod 4744 /usr/local/bin/.sh",
    ),
    "suid-group": Case(
        Row("suid-group", "suid", "/usr/local/bin/search"),
        "cp /usr/bin/find /usr/local/bin/search; chgrp $u /usr/local/bin/search; chmod 4750 /usr/local/bin/search",
        "cp /usr/bin/find /usr/local/bin/search; chgrp $u /usr/local/bin/search; chmod 4740 /usr/local/bin/search",
    ),
    "suid-other": Case(
        Row(EVERYONE, "suid", "/usr/local/bin/as-svc", OTHER),
        f"cd /usr/local/bin; cp /usr/bin/dash as-svc; chown {OTHER} as-svc; chmod 4755 as-svc",
        "cd /usr/local/bin; cp /usr/bin/dash as-svc; chmod 4755 as-svc; chown root as-svc",  # which ends the bit
    ),
    "suid-strange": Case(
        Row(EVERYONE, "suid", "/usr/local/bin/tool", certain=False),
        "cp /usr/bin/true /usr/local/bin/tool; chmod 4755 /usr/local/bin/tool",
        "chmod 4755 /usr/bin/true",
    ),
    "sgid-shadow": Case(
        Row(EVERYONE, "sgid", "/usr/local/bin/first"),
        "cp /usr/bin/head /usr/local/bin/first; chgrp shadow /usr/local/bin/first; chmod 2755 /usr/local/bin/first",
        "cp /usr/bin/head /usr/local/bin/first; chgrp games /usr/local/bin/first; chmod 2755 /usr/local/bin/first",
    ),
    "capable": Case(
        Row(EVERYONE, "capability", "/usr/local/bin/p"),
        "cp /usr/bin/perl /usr/local/bin/p; setcap cap_setuid=ep /usr/local/bin/p",
        "cp /usr/bin/perl /usr/local/bin/p; setcap cap_net_bind_service=ep /usr/local/bin/p",
    ),
    "socket-group": Case(
        Row("socket-group", "socket", "/run/containerd/containerd.sock"),
        "listen /run/containerd/containerd.sock; chgrp $u /run/containerd/containerd.sock;"
        " chmod 660 /run/containerd/containerd.sock",
        "listen /run/containerd/containerd.sock; chgrp $u /run/containerd/containerd.sock;"
        " chmod 640 /run/containerd/containerd.sock",
    ),
    "socket-open": Case(
        Row(EVERYONE, "socket", "/run/fail2ban/fail2ban.sock"),
        "listen /run/fail2ban/fail2ban.sock; chmod 666 /run/fail2ban/fail2ban.sock",
        "listen /run/fail2ban/fail2ban.sock; chmod 666 /run/fail2ban/fail2ban.sock; chmod 700 /run/fail2ban",
    ),
}  # fmt: skip

FILES = {
    **_file("cron-job", "/srv/cron-job/job", "job; chown $u /srv/$u/job; cron \"root /srv/$u/job\"",
            "job; chown $u /srv/$u/job; cron \"$u /srv/$u/job\""),
    **_file("cron-dir", "/srv/cron-dir", "mkdir /srv/$u; chown $u /srv/$u; cron \"root /srv/$u/later\"",
            "job; chmod 1777 /srv/$u; cron \"root /srv/$u/job\""),
    **_file("daily", "/etc/cron.daily/daily", "job; cp -p /srv/$u/job /etc/cron.daily/$u; chown $u /etc/cron.daily/$u",
            "job; cp -p /srv/$u/job /etc/cron.daily/$u; chgrp $u /etc/cron.daily/$u"),
    **_file("served", "/srv/served/job", "job; chown $u /srv/$u/job; unit",
            "job; chown $u /srv/$u/job; unit \"User=$u\\n\""),
    **_file("units", "/etc/systemd/system/units.service", "job; unit; chown $u /etc/systemd/system/$u.service",
            "job; unit; chgrp $u /etc/systemd/system/$u.service"),
    **_file("profile", "/etc/profile.d/profile.sh", "echo : >/etc/profile.d/$u.sh; chown $u /etc/profile.d/$u.sh",
            "echo : >/etc/profile.d/$u.txt; chown $u /etc/profile.d/$u.txt"),
    **_file("path", "/srv/path", "install -d -o $u /srv/$u; echo 'PATH=$PATH:/srv/path' >/etc/profile.d/path.sh",
            "install -d -o $u /srv/$u; echo 'PATH=$PATH:/srv/path' >/home/$u/.profile; chown $u /home/$u/.profile"),
    **_file("preload", "/etc/ld.so.preload", ": >/etc/ld.so.preload; chown $u /etc/ld.so.preload",
            ": >/etc/ld.so.preload; chgrp $u /etc/ld.so.preload"),
    **_file("target", "/srv/target/job", "job; chown $u /srv/$u/job; may \"$u ALL=(root) /srv/$u/job\"",
            "job; chown $u /srv/$u/job; may \"$u ALL=($u) /srv/$u/job\""),
    **_file("keys", "/etc/ssh/authorized_keys/root",
            "own_keys root; echo StrictModes no >/etc/ssh/sshd_config.d/lax.conf",
            "own_keys root"),
    **_file("other-keys", f"/etc/ssh/authorized_keys/{OTHER}", f"own_keys {OTHER}", f"own_keys {OTHER}", OTHER),
    **_file("home", "/root", "chown $u /root", "chgrp $u /root; chmod 750 /root"),
    **_file("pam", "/etc/pam.d/su", "setfacl -m u:$u:rw /etc/pam.d/su", "setfacl -m u:$u:rw,m::r /etc/pam.d/su"),
    **_file("spread", "/opt/spread/mine/run", "job; install -D -o $u /srv/$u/job /opt/$u/mine/run;"
            " may \"$u ALL=(root) /opt/$u/*/run\"",
            "job; install -D -o $u /srv/$u/job /opt/$u/mine/run; may \"$u ALL=(root) /opt/$u/*/*/run \\\"\\\"\""),
    **_file("matched", "/opt/matched/a/run", "job; install -D -o $u /srv/$u/job /opt/$u/a/run;"
            " may \"$u ALL=(root) ^/opt/$u/(a|b)/run$\"",
            "job; install -D -o $u /srv/$u/job /opt/$u/c/run; may \"$u ALL=(root) ^/opt/$u/(a|b)/run$ \\\"\\\"\""),
    **_file("agent", "/srv/agent/job", "job; chown $u /srv/$u/job; echo /srv/$u/job start >/etc/init.d/$u;"
            " ln -s ../init.d/$u /etc/rc2.d/S01$u",
            "job; chown $u /srv/$u/job; echo \"su $u -c '/srv/$u/job start'\" >/etc/init.d/$u;"
            " ln -s ../init.d/$u /etc/rc2.d/S01$u"),
    **_file("inner", "/srv/inner/job", "job; chown $u /srv/$u/job; echo \". /srv/$u/job\" >/opt/$u.sh;"
            " cron \"root sh /opt/$u.sh\"",
            "job; chown $u /srv/$u/job; echo \". /srv/$u/job\" >/opt/$u.sh; cron \"$u sh /opt/$u.sh\""),
    **_file("starred", "/srv/starred", "install -d -o $u /srv/$u; cron \"root cd /srv/$u; tar czf /root/x.tgz *\"",
            "install -d -o $u /srv/$u; cron \"root cd /srv/$u; tar czf /root/x.tgz ./*\""),
    **_file("bin", "/usr/bin/logger", "chown $u /usr/bin/logger", "chgrp $u /usr/bin/logger"),
    **_file("module", "/usr/local/lib/python3.11/dist-packages",
            "install -d -o $u /usr/local/lib/python3.11/dist-packages",
            "install -d -g $u -m 755 /usr/local/lib/python3.11/dist-packages"),
    **_file("hook", "/srv/hook/job",
            "job; chown $u /srv/$u/job; echo \"session optional pam_exec.so seteuid /srv/$u/job\" >/etc/pam.d/$u",
            "job; chown $u /srv/$u/job; echo \"#session optional pam_exec.so seteuid /srv/$u/job\" >/etc/pam.d/$u"),
    **_file("policy", "/etc/sudoers.d/policy", "may '# none'; setfacl -m u:$u:rw /etc/sudoers.d/$u",
            "may '# none'; chmod 640 /etc/sudoers.d/$u; chown $u /etc/sudoers.d/$u"),
    **_file("dotted", f"/home/{OTHER}/.bashrc", f": >/home/{OTHER}/.bashrc; chown $u /home/{OTHER}/.bashrc",
            f": >/home/{OTHER}/.bash; chown $u /home/{OTHER}/.bash", OTHER),
}  # fmt: skip

_OPENS = """new_key; echo '{}'"$(cat /home/$u/.ssh/id.pub)" >>/etc/ssh/authorized_keys/{}"""
_LENT = f"""new_key '{{}}'; chown {OTHER}:$u /home/$u/.ssh/id; chmod 640 /home/$u/.ssh/id
install -D -o {OTHER} /home/$u/.ssh/id.pub /home/{OTHER}/.ssh/authorized_keys"""

KEYS = {
    "keyed": Case(
        Row("keyed", "key", "/etc/ssh/authorized_keys/root"),
        _OPENS.format("", "root"), _OPENS.format('command="false" ', "root"),
    ),
    "reader": Case(
        Row("reader", "key", f"/home/{OTHER}/.ssh/authorized_keys", OTHER),
        _LENT.format(""), _LENT.format("a-phrase"),
    ),
}  # fmt: skip

CASES = {**ACCOUNTS, **POLICIES, **PROGRAMS, **FILES, **KEYS}
