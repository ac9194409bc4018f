"""With which arguments a program still opens something: each that does, and its near miss that does not."""

from __future__ import annotations

import pytest

from secops.hosts.snapshot import observe
from secops.privilege.sudo.probes import ABSENT
from secops.privilege.ways import privileges
from tests.privilege.test_ways import GROUP, PASSWD, seen
from tests.privilege.whole_kit import looked_at

MORE = PASSWD + "daemon:x:1:1::/:/usr/sbin/nologin\ncarol:x:1003:1003::/home/carol:/bin/sh\n"

#: Without it PATH is the caller's to set, which is a way of its own.
SAFE = "Defaults secure_path=/usr/bin\n"

#: (becomes, gives, certain) of what alice may do as root.
Told = set[tuple[str, str, bool]]
ROOT: Told = {("root", "shell", True)}
MAYBE: Told = {("root", "shell", False)}


#: What lies on the host: alice's own, and what is not hers.
THINGS = (
    "d750 1001 /home/alice", "d750 1002 /home/bob", "d755 1001 /srv/hers", "f644 1001 /srv/hers.tar",
    "f664 0:10 /srv/groups.deb", "d1777 0 /srv/all", "d2775 0:10 /srv/shared", "f644 0 /srv/roots", "d755 0 /opt/app",
    "f755 0 /usr/bin/ed", "f755 0 /usr/bin/less", "f755 0 /usr/bin/busybox", "f755 0 /usr/bin/id",
    "l777 0 /usr/bin/editor -> /etc/alternatives/editor", "l777 0 /etc/alternatives/editor -> /usr/bin/ed",
    "l777 0 /opt/lnk -> ../usr/bin/ed", "l777 0 /opt/ls -> /usr/bin/busybox", "l777 0 /opt/who -> /usr/bin/id",
    "l777 0 /opt/show -> /usr/bin/less", "l777 0 /srv/link -> /srv/hers/x",
)  # fmt: skip


def told(entry: str, named: bytes = b"", **more: str) -> Told:
    """What alice, who is in the group 10, may do as root."""
    policy = f"{SAFE}alice ALL=(root) {entry}\n"
    more_ = {"trusted_paths": looked_at(THINGS, policy, named=named), **more}
    evidence = seen(policy, passwd=MORE, group=GROUP, more=more_)
    tables = observe(evidence, "web1", privileges).tables
    rows = [row | {"becomes": "root"} for row in tables["root_ways"].rows] + list(tables["account_ways"].rows)
    return {(row["becomes"], row["gives"], row["certain"]) for row in rows if row["way"] == "sudo"}


#: Commands that open a shell of root with these arguments, each with one that is nearly the same and does not.
ESCAPES = {
    "su -": "su - -c /opt/app/run",
    "su - root": "su root -c id",
    "su root": "su nobody-here",
    "su -s /bin/bash root": "su --version",
    "su -l": "su -c id",
    "su - -c bash": "su - -c /opt/run",
    "bash -l": "bash /opt/x.sh",
    "bash -i": "bash -c id",
    "bash -c vim": "bash -c /opt/x.sh",
    "bash --rcfile /opt/rc -i": "bash -l /opt/x.sh",
    "sh -s arg": "sh /opt/x.sh arg",
    "env bash": "env id",
    "env -i LANG=C /bin/bash": "env -i LANG=C /opt/app/run",
    "env vim /etc/motd": "env LANG=C cat /etc/motd",
    "timeout 10 bash": "timeout 10 bash /opt/x.sh",
    "nice -n 5 vim /etc/motd": "nice -n 5 tar cf /backup.tar /srv",
    "timeout 5 nice su -": "timeout 5 /usr/bin/id mail",
    "sudo -i": "sudo -l",
    "sudo -u root -s": "sudo -u root id",
    "chroot /srv/jail": "chroot /srv/jail /opt/run",
    "nsenter -t 1 -m -u": "nsenter -t 1 -m /opt/run",
    "setpriv --reuid 0 bash": "setpriv --reuid 1001 bash",
    "crontab -e": "crontab -l",
    "systemctl edit app": "systemctl restart app",
    "systemctl edit --full app": "systemctl start app",
    "systemctl link app/a.service": "systemctl enable app",
    "vim /etc/motd": "vim --version",
    "less /var/log/syslog": "head /var/log/syslog",
    "man ls": "man -k ls",
    "nano /etc/motd": "nano --help",
    "more /etc/motd": "cat /etc/motd",
    "python3 -i": "python3 /opt/x.py",
    "python3 -u": "python3 -V",
    "python3 -i /opt/x.py": "python3 -I -m app",
    "python3 x.py": "python3 /opt/app/x.py",
    "perl -d x": "perl -v",
    "node inspect x": "node --version",
    "gdb -p 1": "gdb -batch -ex bt -p 1",
    "ftp host": "lftp -c get",
    "mysql -u root": "mysql -u root -e status",
    "mail root": "mail -V",
    "script -q /dev/null": "script -c /opt/run",
    "ssh -o ProxyCommand=sh x": "ssh web2",
    "find /srv -exec sh ;": "find /srv -exec sh /opt/x.sh {} ;",
    "systemd-run -t bash": "systemd-run bash",
    "tmux attach": "tmux ls",
    "asterisk -rvvv": "asterisk -rx reload",
    "apt changelog vim": "apt update",
    "apt install ./x.deb": "apt install nginx",
    "dpkg -i x.deb": "dpkg -i /srv/x.deb",
    "rpm -Uvh x.rpm": "rpm -qa",
    "make install": "make -C /opt/app install",
    "npm install": "npm --version",
    "pip install .": "pip install requests",
    "ansible-playbook site.yml": "ansible-playbook /opt/site.yml",
    "docker run -it -v /\\:/host debian": "docker run --rm app",
    "docker run -it --privileged x": "docker run --privileged x",
    "virsh edit vm": "virsh start vm",
    "git -C /opt/app log": "git -C /opt/app pull",
    "busybox sh": "busybox ls",
    "journalctl -u app": "journalctl -u app --no-pager",
    "systemctl status app": "systemctl status app --no-pager",
    "systemctl list-units": "systemctl --no-pager list-units",
    "systemctl -l": "systemctl is-active app",
    "loginctl list-sessions": "loginctl terminate-session 1",
    "timedatectl list-timezones": "timedatectl set-ntp true",
    "dmesg -H": "dmesg",
    "at now": "at -l",
    "ip netns exec x bash": "ip netns exec x ping y",
    "machinectl shell root@": "machinectl list",
    "visudo -f /etc/sudoers": "visudo -c",
}
_OTHERWISE = {"visudo -f /etc/sudoers": "account"}


def entry(command: str) -> str:
    program, _, rest = command.partition(" ")
    return f"/usr/bin/{program} {rest}".replace("=", "\\=") if rest else f'/usr/bin/{program} ""'


@pytest.mark.parametrize("command", ESCAPES)
def test_arguments_that_are_the_escape_are_a_way_and_their_near_miss_is_none(command: str) -> None:
    assert told(entry(command)) == {("root", _OTHERWISE.get(command, "shell"), True)}
    assert told(entry(ESCAPES[command])) == set()


#: Arguments that name accounts: whose they give, and how much.
NAMED: dict[str, Told] = {
    "/usr/bin/su - bob": {("bob", "shell", True)},
    "/usr/bin/su bob": {("bob", "shell", True)},
    "/usr/bin/su bob -c *": {("bob", "shell", True)},
    "/usr/bin/su - bob -c /opt/run": set(),
    "/usr/bin/su alice": set(),
    "/usr/bin/su gone": set(),
    "/usr/bin/su - daemon": set(),  # whose shell gives no session
    "/usr/bin/su -s /bin/sh daemon": {("daemon", "shell", True)},
    "/usr/bin/passwd daemon": set(),
    "/usr/bin/crontab -u daemon -e": {("daemon", "shell", True)},
    "/usr/sbin/runuser -u bob bash": {("bob", "shell", True)},
    "/usr/sbin/runuser -u bob -- /opt/run": set(),
    "/usr/sbin/runuser -l bob": {("bob", "shell", True)},
    "/usr/bin/passwd bob": {("bob", "account", True)},
    "/usr/bin/passwd root": {("root", "account", True)},
    '/usr/bin/passwd ""': {("root", "account", True)},
    "/usr/bin/passwd -S bob": set(),
    "/usr/bin/passwd -l bob": set(),
    "/usr/bin/crontab -u bob -e": {("bob", "shell", True)},
    "/usr/bin/crontab -u bob -l": set(),
    "/usr/bin/crontab -u bob *": {("bob", "shell", True)},
    "/usr/bin/sudo -u bob -i": {("bob", "shell", True)},
    "/usr/bin/machinectl shell bob@": {("bob", "shell", True)},
    "/usr/bin/passwd [A-Za-z]*": {("root", "account", True)},
    "/usr/bin/passwd [A-Za-z]*, !/usr/bin/passwd root": {("root", "account", True)},  # by `passwd root -q`
    "/usr/bin/passwd [A-Za-z]*, !/usr/bin/passwd *root*": {("bob", "account", True), ("carol", "account", True)},
    "/usr/bin/passwd b*": {("bob", "account", True)},
    "/usr/bin/passwd ^[a-z]+$, !/usr/bin/passwd root": {("bob", "account", True), ("carol", "account", True)},
    "/usr/bin/su - [bc]*, !/usr/bin/su - carol*": {("bob", "shell", True)},
    "/usr/bin/usermod -aG docker alice": {("root", "account", True)},
    "/usr/bin/usermod -aG docker bob": set(),
    "/usr/bin/usermod -aG audio alice": set(),
    "/usr/bin/gpasswd -a alice docker": {("root", "account", True)},
    "/usr/bin/gpasswd -a alice staff": set(),
}


@pytest.mark.parametrize("command", NAMED)
def test_accounts_that_arguments_name(command: str) -> None:
    assert told(command) == NAMED[command]


WRITE: Told = {("root", "write", True)}
WRITE_MAYBE: Told = {("root", "write", False)}
READ: Told = {("root", "read", True)}
LOAD: Told = {("root", "load", True)}

#: Arguments that name files: of root's that matter, of the caller's, and others.
FILES: dict[str, Told] = {
    "/usr/bin/tee /etc/passwd": WRITE,
    "/usr/bin/tee -a /etc/sudoers.d/x": WRITE,
    "/usr/bin/tee /etc/motd": set(),
    "/usr/bin/tee /var/log/one /etc/crontab": WRITE,
    "/usr/bin/tee /home/alice/x": WRITE,
    "/usr/bin/tee /home/bob/x": set(),
    "/usr/bin/tee /home/alice": set(),
    "/usr/bin/tee /tmp/x/y": WRITE,
    "/usr/bin/tee notes": WRITE,
    "CWD=/opt /usr/bin/tee notes": set(),
    "/usr/bin/tee /var/log/../../etc/passwd": WRITE,
    "/usr/bin/cat /etc/shadow": READ,
    "/usr/bin/cat /var/log/syslog": set(),
    "/usr/bin/tail -n 50 /etc/shadow": READ,
    "/usr/bin/tail -f /var/log/syslog": set(),
    "/usr/bin/cp /tmp/x /etc/cron.d/x": WRITE,
    "/usr/bin/cp /opt/x /etc/cron.d/x": set(),
    "/usr/bin/cp /tmp/x /etc/cron.d/": WRITE,
    "/usr/bin/cp /tmp/x /srv/x": set(),
    "/usr/bin/cp a b": WRITE,
    "/usr/bin/mv a b": set(),  # a link there is replaced, not followed
    "/usr/bin/mv a /etc/cron.d/b": WRITE,
    "/usr/bin/install -m 644 /tmp/x /etc/sudoers.d/x": WRITE,
    "/usr/bin/dd of\\=/etc/passwd": WRITE,
    "/usr/bin/dd if\\=/opt/image of\\=/etc/passwd": set(),
    "/usr/bin/dd if\\=/dev/sda": READ,
    "/usr/sbin/insmod /home/alice/x.ko": LOAD,
    "/usr/sbin/insmod /tmp/x.ko": LOAD,
    "/usr/sbin/insmod /lib/modules/x.ko": set(),
    "/usr/bin/dpkg -i /home/alice/x.deb": ROOT,
    "/usr/bin/dpkg -i /srv/x.deb": set(),
    "/usr/bin/rpm -i /home/alice/x.rpm": ROOT,
    "/usr/bin/make -C /home/alice/src install": ROOT,
    "/usr/bin/make -C /usr/src/app install": set(),
    "CWD=/opt/app /usr/bin/make install": set(),
    "/usr/bin/ansible-playbook /home/alice/x.yml": ROOT,
    "/usr/bin/ansible-playbook /opt/x.yml": set(),
    "/usr/bin/crontab /home/alice/tab": ROOT,
    "/usr/bin/crontab /opt/tab": set(),
    "/usr/bin/chown alice /etc/shadow": {("root", "account", True)},
    "/usr/bin/chown bob /etc/shadow": set(),
    "/usr/bin/chown -R alice /home/alice": set(),
    "/usr/bin/chmod 666 /etc/passwd": {("root", "account", True)},
    "/usr/bin/chmod 644 /etc/motd": set(),
    "/usr/bin/curl -o /etc/cron.d/x https\\://x": WRITE,
    "/usr/bin/curl -o /srv/x https\\://x": set(),
}  # fmt: skip


@pytest.mark.parametrize("command", FILES)
def test_files_that_arguments_name(command: str) -> None:
    assert told(command) == FILES[command]


#: Patterns of arguments, free or not.
PATTERNS: dict[str, Told] = {
    "/usr/bin/find ^.+$": ROOT,
    "/usr/bin/find ^[^;]+$": ROOT,
    "/usr/bin/find ^/srv .{1,99}$": ROOT,
    "/usr/bin/find ^/srv -name [a-z]+$": set(),
    "/usr/bin/find ^[^ ]+$": set(),
    "/usr/bin/tee ^[a-z/]+$": WRITE,
    "/usr/bin/tee ^/var/log/[a-z./]+$": WRITE,  # /var/log/../../etc/…
    "/usr/bin/tee ^/var/log/[a-z]+$": set(),
    "/usr/bin/tee /etc/passw?": WRITE,
    "/usr/bin/tee /etc/sudoers.d/[ab][cd]": WRITE,
    "/usr/bin/tee /etc/mot?": set(),
    "/usr/bin/cat /etc/shado[wx]": READ,
    "/usr/bin/cat /etc/mot[de]": set(),
    "/usr/bin/bash ^[a-z/]+$": ROOT,
    "/usr/bin/bash ^-[il]$": ROOT,
    "/usr/bin/bash ^-c [a-z]+$": ROOT,
    "/usr/bin/bash ^-c /opt/[a-z]+$": set(),
    "/usr/bin/bash ^/opt/[a-z]+[.]sh$": set(),
    "/usr/bin/su ^- (root|bob)$": ROOT,
    "/usr/bin/su ^- (bob|gone)$": {("bob", "shell", True)},
    "/usr/bin/systemctl ^restart [a-z]+$": set(),
    "/usr/bin/systemctl ^(edit|restart) [a-z0-9]+$": ROOT,
    "/usr/bin/systemctl ^re[a-z]+$": set(),
}


@pytest.mark.parametrize("command", PATTERNS)
def test_patterns_of_arguments(command: str) -> None:
    assert told(command) == PATTERNS[command]


#: A star beside words with which a program does one thing and ends: where it is code, and where it is not.
STARS = {
    "python3 -c *": "python3 -I -m http.server *",
    "bash -c *": "bash /opt/x.sh *",
    "sh -c /opt/x.sh *": "sh -e /opt/x.sh *",  # sudo compares all arguments as one text: `sh -c "/opt/x.sh; id"`
    "perl -e *": "perl -v *",
    "ruby -e *": "ruby -h *",
    "node -e *": "node --check *",
    "php -r *": "php -h *",
    "lua -e *": "lua --version *",
    "R --slave *": "R --version *",
    "su -c *": "su -c id root",
    "psql -c *": "psql -l *",
    "mysql --execute=*": "mysql -V *",
    "gdb -batch *": "gdb -v *",
    "emacs --batch *": "emacs --help *",
    "vim -es *": "vim -h *",
    "screen -dm *": "screen -ls *",
    "script -c *": "script -V *",
    "service * restart": "service app *",
    "journalctl * --no-pager": "journalctl --no-pager *",
    "systemctl * app": "systemctl restart *",
    "nano * -R": "nano -V *",
    "docker *": "docker logs *",
}


@pytest.mark.parametrize("command", STARS)
def test_a_star_beside_words_that_end_a_program(command: str) -> None:
    assert told(entry(command)) == ROOT
    assert told(entry(STARS[command])) == set()


@pytest.mark.parametrize(("value", "wanted"), [("1", set()), ("0", WRITE), ("", WRITE_MAYBE)])
def test_a_link_in_a_directory_of_all_counts_where_the_kernel_follows_it(value: str, wanted: Told) -> None:
    more = {"sysctl_running": f"fs/protected_symlinks:{value}\n"} if value else {}
    assert told("/usr/bin/tee /tmp/x", **more) == wanted


@pytest.mark.parametrize(
    ("command", "packages", "wanted"),
    [
        ("/usr/bin/", "", ("sh", True)),
        ("/bin/*", "", ("sh", True)),
        ("/usr/local/bin/", "", (None, False)),
        ("/usr/local/bin/*", "", (None, False)),
        ("/usr/bin/vi*", "", (None, False)),
        ("/usr/bin/vi*", "vim", ("vim", True)),
    ],
)
def test_a_program_is_named_that_is_there(command: str, packages: str, wanted: tuple[object, ...]) -> None:
    status = f"Package: {packages}\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n"
    more = {"dpkg_status": {"/var/lib/dpkg/status": status}} if packages else {}
    facts = observe(seen(f"{SAFE}alice ALL=(root) {command}\n", more=more), "web1", privileges).tables["root_ways"]
    assert [(row["program"], row["certain"]) for row in facts.rows] == [wanted]
    reasons = [problem.reason for problem in facts.problems["sudo"]]
    assert reasons == ([] if wanted[1] else [f"/etc/sudoers:2{ABSENT.en}"])


def test_doubt_about_a_file_is_told_as_one() -> None:
    """What is in the directory was not listed: a file there may be hers."""
    entry = "alice ALL=(root) /usr/bin/dpkg -i /srv/app/x.deb\n"
    more = {"trusted_paths": looked_at(["d755 0 /srv/app"])}
    facts = observe(seen(entry, more=more), "web1", privileges).tables["root_ways"]
    assert [(row["gives"], row["certain"]) for row in facts.rows] == [("shell", False)]
    assert [problem.reason for problem in facts.problems["sudo"]] == [
        "/etc/sudoers:1: whether the caller may write there is not known"
    ]


def test_how_fits_the_entry() -> None:
    def how(command: str) -> list[str]:
        facts = observe(seen(f"alice ALL=(root) {command}\n"), "web1", privileges).tables["root_ways"]
        return [row["how_en"] for row in facts.rows]

    assert how("/usr/bin/passwd [A-Za-z]*, !/usr/bin/passwd root") == [
        "sets the password of the account named, without asking for the old one"
    ]
    assert how('/usr/bin/passwd ""') == [
        "without arguments it sets root's own password, without asking for the old one"
    ]
    assert how("/usr/bin/env vim /etc/motd") == ["`:!sh` in the editor"]
    assert how("/usr/bin/tee /etc/passwd") == [
        "`/etc/passwd`: a second account with UID 0, root's password, or a group"
    ]
