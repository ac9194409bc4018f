"""The settings of dnf and zypper that are asked of a host, and when it last upgraded.

`HISTORY` gives `upgrade TIME` of the last one that dnf's log of transactions knows, in the log's own writing.
"""

from __future__ import annotations

from secops.hosts.section import Command, Files, Listing
from secops.hosts.shell import BLOCKED

#: Settings that are read. No other leaves the host: repositories have passwords.
_KEYS = (
    "enabled|exclude|excludepkgs|excludes|includepkgs|priority|module_hotfixes|disable_excludes|cachedir|reposdir|"
    "varsdir|plugins|pluginconfpath|pluginpath"
)
_QUERY = "(repo|arch|release|country|infra|proto|protocol|cc|path)=[A-Za-z0-9._,${}-]*"
_SETTINGS = (
    (r"^[ \t]*([#;].*)?$", ""),
    (r"^(\[[^]]*\])[ \t]*([#;].*)?$", r"\1"),
    (rf"^({_KEYS})[ \t]*=(.*)$", r"\1=\2"),
    (rf"^(baseurl|mirrorlist|metalink)[ \t]*=[ \t]*([a-z]+://[^@?, \t]*(\?{_QUERY}(&{_QUERY})*)?)[ \t]*$", r"\1=\2"),
    (r"^(baseurl|mirrorlist|metalink)[ \t]*=.*$", r"\1=?"),
    (r"^[ \t].*$", " ?"),  # goes on with a value: of which setting is not known here
    (r"^.*$", "?"),
)

CONF = Files(
    "dnf_conf", ("/etc/dnf/dnf.conf", "/etc/yum.conf", "/etc/dnf/libdnf5.conf.d/*.conf"), rewrite=_SETTINGS
)  # fmt: skip

#: The folders of zypper's and of dnf's repositories; those that dnf5 is told to see differently come last.
ZYPP_REPOS = "/etc/zypp/repos.d"
REPOS = Files(
    "dnf_repos",
    (
        f"{ZYPP_REPOS}/*.repo", "/etc/yum.repos.d/*.repo", "/etc/yum/repos.d/*.repo", "/etc/distro.repos.d/*.repo",
        "/etc/dnf/repos.override.d/*.repo",
    ),
    rewrite=_SETTINGS,
)  # fmt: skip

#: Variables in addresses that distributions set. Others may hold what is nobody's business.
VARS = Files(
    "dnf_vars",
    tuple(
        f"/etc/{tool}/vars/{name}"
        for tool in ("yum", "dnf")
        for name in ("contentdir", "infra", "rltype", "sigcontentdir", "stream", "releasever", "basearch", "arch")
    ),
    rewrite=(("^([A-Za-z0-9._/-]{1,64})$", r"\1"), ("^.*$", "?")),
)

MODULES = Files(
    "dnf_modules",
    ("/etc/dnf/modules.d/*.module",),
    rewrite=((r"^(\[[^]]*\])[ \t]*$", r"\1"), (r"^(stream|state)[ \t]*=[ \t]*(.*)$", r"\1=\2")),
)

ZYPP_LOCKS = "/etc/zypp/locks"
LOCKS = Files(
    "dnf_locks",
    (
        "/etc/dnf/plugins/versionlock.list", "/etc/dnf/plugins/versionlock.conf",
        "/etc/yum/pluginconf.d/versionlock.list", "/etc/yum/pluginconf.d/versionlock.conf", ZYPP_LOCKS,
    ),
    rewrite=(("^[ \t]*#.*$", ""), ("^(.*)$", r"\1")),
)  # fmt: skip

VERSIONLOCK_OF_DNF5 = "/etc/dnf/versionlock.toml"
MODULES_OF_DNF5 = "/usr/lib/sysimage/libdnf5/modules.toml"
MODULE_DEFAULTS = "/etc/dnf/modules.defaults.d/"

#: What tells how far the settings are all there is.
PARTS = Listing(
    "dnf_parts",
    (
        "/usr/lib/python*/site-packages/dnf-plugins/versionlock.py", "/usr/lib/yum-plugins/versionlock.py",
        "/usr/lib/python*/dist-packages/dnf-plugins/versionlock.py",
        VERSIONLOCK_OF_DNF5, MODULES_OF_DNF5, f"{MODULE_DEFAULTS}*.yaml",
    ),
)  # fmt: skip

AUTOMATIC_CONF = "/etc/dnf/automatic.conf"
YUM_CRON_CONF = "/etc/yum/yum-cron.conf"
AUTOMATIC = Files(
    "dnf_automatic",
    (AUTOMATIC_CONF, YUM_CRON_CONF),
    rewrite=(
        (r"^(\[[^]]*\])[ \t]*$", r"\1"),
        (r"^(apply_updates|download_updates|upgrade_type|update_cmd)[ \t]*=[ \t]*(.*)$", r"\1=\2"),
    ),
)

#: dnf's logs of transactions, the newest first.
LOGS = tuple(f"/var/log/dnf.rpm.log{rotated}" for rotated in ("", ".1", ".2", ".3", ".4"))

HISTORY = Command(
    "dnf_history",
    r"""LC_ALL=C; export LC_ALL
@BLOCKED@
for f in @LOGS@; do
  if ! [ -r "$f" ]; then
    if [ -f "$f" ] || blocked "$f"; then exit 65; fi
    continue
  fi
  awk '$2 == "SUBDEBUG" && $3 == "Upgrade:" { last = $1 }
    END { if (last == "") exit 1; print "upgrade\t" last }' "$f" && exit 0
done
exit 0""".replace("@BLOCKED@", BLOCKED).replace("@LOGS@", " ".join(LOGS)),
    required=False,
    image=True,
)
