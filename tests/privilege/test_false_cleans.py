"""What looked like nothing and is a way, each with its near miss: options that name modes, files and modules."""

from __future__ import annotations

import pytest

from secops.hosts.snapshot import observe
from secops.privilege.files import Ground
from secops.privilege.fits import fits
from secops.privilege.techniques import harmless
from secops.privilege.ways import privileges
from tests.privilege.test_arguments import LOAD, READ, ROOT, SAFE, WRITE, Told, told
from tests.privilege.test_ways import seen

ACCOUNT: Told = {("root", "account", True)}

#: Commands, each with what it gives and the one that is nearly the same and gives nothing.
PAIRS: dict[str, tuple[str, Told]] = {
    "mkdir *": ("rmdir *", WRITE),
    "mkdir /srv/x/*": ("mkdir /srv/x", WRITE),
    "mkdir -p -m 777 /etc/systemd/system/x.service.d": ("mkdir -p -m 755 /etc/systemd/system/x.service.d", WRITE),
    "mkdir --mode=a+w /usr/share/perl5/x.pm": ("mkdir --mode=a+w /srv/x", WRITE),
    "ufw *": ("ufw status", ROOT),
    "ufw --datadir /srv/hers reload": ("ufw --datadir /opt/app reload", ROOT),
    "swapon *": ("swapoff *", READ),
    "swapon /srv/hers.tar": ("swapon /srv/roots", READ),
    "getent *": ("getent passwd ?", LOAD),
    "getent shadow": ("getent passwd", READ),
    "chmod 4755 /usr/bin/dash": ("chmod 755 /usr/bin/dash", ROOT),
    "chmod u+s /usr/bin/bash": ("chmod g+s /usr/bin/bash", ROOT),
    "chmod -v a+xs /usr/bin/tee": ("chmod -v a+xs /opt/app/run", WRITE),
    "chmod ug+s /usr/bin/cat": ("chmod ug+s /usr/bin/rbash", READ),
    "chmod ^u[+]s /usr/bin/[a-z]+$": ("chmod ^u[+]x /usr/bin/[a-z]+$", ROOT),
    "usermod -p * root": ("usermod -L root", ACCOUNT),
    "usermod ^-p [^ ]+ root$": ("usermod ^-p [^ ]+ app$", ACCOUNT),
    "usermod -u 0 -o alice": ("usermod -u 0 -o bob", ACCOUNT),
    "usermod -o -u 0 alice": ("usermod -o -u 1 alice", ACCOUNT),
    "python3 manage.py migrate": ("python3 /opt/app/manage.py migrate", ROOT),
    "bash deploy.sh prod": ("bash /opt/deploy.sh prod", ROOT),
    "perl script.pl --all": ("perl /opt/script.pl --all", ROOT),
    "ruby x.rb run": ("ruby /opt/x.rb run", ROOT),
    "busybox sh x.sh run": ("busybox sh /opt/x.sh run", ROOT),
    "python3 -m json.tool": ("python3 -I -m json.tool", ROOT),
    "python3 -u -m http.server 80": ("python3 -I -m http.server 80", ROOT),
    "perl -MCPAN -e shell": ("perl -MCPAN -e 1", ROOT),
    "mount /srv/hers.tar /mnt": ("mount /srv/roots /mnt", ACCOUNT),
    "mount -t ext4 /srv/hers.tar /mnt": ("mount -t nfs web1\\:/srv /mnt", ACCOUNT),
    "tee /etc/fstab": ("tee /etc/fstab.bak", WRITE),
    "tee /usr/lib/x86_64-linux-gnu/libc.so.6": ("tee /usr/lib/os-release", WRITE),
    "tee /lib/x86_64-linux-gnu/security/pam_unix.so": ("tee /usr/share/doc/x", WRITE),
    "tee /root/.ssh/config": ("tee /root/.ssh/known_hosts", WRITE),
    "tee /etc/ssh/ssh_config": ("tee /etc/ssh/moduli", WRITE),
    "tee /etc/tmpfiles.d/x.conf": ("tee /etc/issue", WRITE),
    "tee /usr/lib/tmpfiles.d/x.conf": ("tee /usr/share/x.conf", WRITE),
    "tee /etc/binfmt.d/x.conf": ("tee /etc/hosts", WRITE),
    "tee /etc/ssl/openssl.cnf": ("tee /etc/ssl/x.pem", WRITE),
    "tee /var/lib/dpkg/info/x.postinst": ("tee /var/lib/dpkg/x", WRITE),
    "tee /usr/lib/apt/methods/http": ("tee /usr/lib/apt/x", WRITE),
    "tee /etc/rsyslog.d/x.conf": ("tee /etc/rsyslog.bak", WRITE),
    "tee /etc/fail2ban/action.d/x.conf": ("tee /etc/fail2ban/x", WRITE),
    "tee /etc/apache2/sites-enabled/x.conf": ("tee /var/www/index.html", WRITE),
    "tee /etc/httpd/conf.d/x.conf": ("tee /etc/httpd/x", WRITE),
    "tee /etc/snmp/snmpd.conf": ("tee /etc/snmp/x", WRITE),
    "tee /etc/audit/plugins.d/x.conf": ("tee /etc/audit/rules.d/x.rules", WRITE),
    "tee /var/spool/cron/crontabs/bob": ("tee /var/spool/cron/crontabs/gone", {("bob", "write", True)}),
}


def written(command: str) -> str:
    return "/usr/bin/" + command.replace("=", "\\=")


@pytest.mark.parametrize("command", PAIRS)
def test_what_is_a_way_is_told_and_its_near_miss_is_silent(command: str) -> None:
    near_miss, gives = PAIRS[command]
    assert told(written(command)) == gives
    assert told(written(near_miss)) == set()


def test_what_a_suid_bit_gives_is_what_the_program_gives() -> None:
    assert "shell" in {fit.gives for fit in fits("chmod", "4755 /usr/bin/bash", Ground())}
    assert list(fits("chmod", "4750 /usr/bin/bash", Ground())) == [], "others may not start it"


def test_programs_whose_options_name_files_are_not_among_the_harmless() -> None:
    named = {"findmnt", "pmap", "tload", "restorecon", "ausearch", "aulast", "lastcomm", "sa"}
    assert not named & harmless()


@pytest.mark.parametrize("program", ["ausearch", "findmnt", "restorecon"])
def test_of_a_program_that_may_write_or_print_a_file_of_choice_it_is_not_known(program: str) -> None:
    def reasons(command: str) -> list[str]:
        facts = observe(seen(f"{SAFE}alice ALL=(root) {command}\n"), "web1", privileges).tables["root_ways"]
        assert facts.rows == []
        return [problem.reason for problem in facts.problems["sudo"]]

    path = f"/usr/sbin/{program}"
    assert reasons(f"{path} *") == [
        f"/etc/sudoers:2: what {path} does with arguments of the caller's choice is not known"
    ]
    assert reasons(f"{path} -x") == []


@pytest.mark.parametrize(
    ("defaults", "tag", "certain"),
    [
        ("passwd_tries=0", "", False),
        ("!passwd_tries", "", True),
        ("passwd_tries=1", "", True),
        ("passwd_tries=0", "NOPASSWD: ", True),
        (":bob passwd_tries=0", "", True),
    ],
)
def test_an_entry_whose_password_nobody_may_enter_is_not_certain(defaults: str, tag: str, certain: bool) -> None:
    joint = "" if defaults.startswith(":") else " "
    policy = f"{SAFE}Defaults{joint}{defaults}\nalice ALL=(root) {tag}ALL\n"
    facts = observe(seen(policy), "web1", privileges).tables["root_ways"]
    assert [(row["thing"], row["certain"]) for row in facts.rows if row["way"] == "sudo"] == [("ALL", certain)]
    told = "/etc/sudoers:3: a password is asked for, and passwd_tries lets nobody enter one"
    assert [problem.reason for problem in facts.problems["sudo"]] == ([] if certain else [told])
