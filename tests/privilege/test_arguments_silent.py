"""Arguments of every day give nothing, and hostile ones break nothing."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from secops.hosts.snapshot import observe
from secops.privilege.files import Ground
from secops.privilege.fits import fits, takes, tries
from secops.privilege.lines import example, is_free, plain
from secops.privilege.techniques import by_program
from secops.privilege.ways import privileges
from tests.privilege.test_arguments import MORE, SAFE, THINGS, entry
from tests.privilege.test_ways import seen
from tests.privilege.whole_kit import looked_at

#: What servers let their operators run: nothing of it is a way, and nothing is in doubt.
ORDINARY = """
systemctl restart nginx; systemctl status app --no-pager; systemctl daemon-reload; systemctl is-active app
apt update; apt-get -y upgrade; dnf -y update; yum install nginx; zypper refresh; snap refresh
pip install -U requests; apt install -y nginx; dpkg -s app; rpm -qa; rpm -q app; npm ls -g; gem list
dpkg-reconfigure -f noninteractive tzdata; reboot; shutdown -h now; service nginx restart; nginx -t; nginx -s reload
apachectl configtest; haproxy -c; docker ps; docker restart app; docker logs app; docker exec app id
docker compose ps; crictl ps; kubectl get pods; git pull; git -C /srv/app fetch; git status
rsync -a /srv/a /backup/a; tar czf /backup/a.tgz /srv/a; tar xzf /srv/a.tgz -C /srv/app; mysqldump --all-databases
mysql -e status; psql -c vacuum; pg_dump -f /backup/a.sql app; iptables -L -n; ip addr; ss -tlnp; tcpdump -i eth0
nmap -sS localhost; dig example.org; curl -o /srv/x example.org; chown -R www-data /var/www; chmod 755 /var/www
chmod -R g+w /srv/app; setfacl -m u:bob:r /srv/app; chgrp app /srv; mount /mnt/usb; mount /dev/sdb1 /mnt
mount -o remount,rw /srv; umount /mnt; ln -sfn /srv/one /srv/current; cp /srv/a /srv/b; cp /etc/app.conf /etc/app.bak
mv /srv/a /srv/b; install -m 755 /srv/a /usr/local/bin/a; tee /var/log/app.log; tee /etc/motd
find /var/log -name core -delete; grep -r error /var/log; cat /etc/motd; tail -f /var/log/syslog; head -n 5 /srv/x
ls /root; bash /opt/x.sh; sh -c /opt/x.sh; python3 /opt/app/manage.py migrate; python3 -I -m app; perl /opt/x.pl
node /opt/app.js; java -jar /opt/app.jar; php /opt/x.php; ruby /opt/x.rb; env LANG=C /opt/app/run
nice -n 10 /opt/app/run; timeout 9 id; flock /run/x /opt/app/run; setsid /opt/app/run; xargs -a /srv/names rm; watch df
strace -p 1; su - app -c /opt/run; id; whoami; runuser -u app -- /opt/app/run; chroot /srv/jail /bin/true
nsenter -t 1 -n ip addr; sudo -l; sudo -u bob id; passwd -l bob; passwd -S bob; usermod -L bob; useradd -m eve
userdel eve; groupadd x; gpasswd -d bob docker; chage -l bob; crontab -l; crontab -u bob -l; at -l; visudo -c
virsh list; certbot renew; puppet agent -t; salt-call state.apply; ansible all -m ping; terraform version
make -C /opt/app all; modprobe br_netfilter; insmod /lib/modules/x.ko; sysctl -p; sysctl -w net.ipv4.ip_forward=1
ldconfig; depmod; lsof -i; smartctl -a /dev/sda; dmesg; fail2ban-client status; tmux ls;
update-alternatives --list editor; openssl x509 -in /etc/ssl/x.pem; gzip /var/log/x
zip -r /srv/a.zip /srv/a; date -s now
"""


def test_what_servers_allow_every_day_is_none() -> None:
    commands = [one.strip() for one in ORDINARY.replace("\n", ";").split(";") if one.strip()]
    assert len(commands) > 120
    written = (re.sub("([,:])", r"\\\1", entry(one)) for one in commands)
    policy = "".join(f"alice ALL=(root) {one}\n" for one in written)
    things = {"trusted_paths": looked_at(THINGS, SAFE + policy)}
    tables = observe(seen(SAFE + policy, passwd=MORE, more=things), "web1", privileges).tables
    found = [(row["line"], row["program"]) for name in ("root_ways", "account_ways") for row in tables[name].rows]
    assert [(commands[line - 2], program) for line, program in found] == []
    assert tables["root_ways"].problems["sudo"] == []
    assert len(tables["sudo_rules"].rows) == len(commands)


_WORDS = "su - -c root bob /etc/passwd /tmp/x/y {user} ... bash env timeout -exec ; é / ../"
_SIGNS = "* ? [ ] [^;]+ [a-z]{1,3} (a|b) ^ $ .* .+ \\"
_PIECES = st.sampled_from([*_WORDS.split(), *_SIGNS.split(), " ", "\x00", "\udcff"])
_TEXTS = st.one_of(*(st.lists(_PIECES, max_size=40).map(part.join) for part in ("", " ")), st.text(max_size=90))


@settings(max_examples=40)
@given(
    st.lists(_PIECES, max_size=40).map("".join) | st.lists(_PIECES, max_size=40).map(" ".join) | st.text(max_size=90)
)
def test_no_arguments_break_it(text: str) -> None:
    for program in ("su", "env", "tee", "cp", "bash", "passwd", "find", "usermod"):
        assert all(fit.gives for fit in fits(program, text, Ground()))
        assert all(fit.gives for _, fit in tries(program, text, Ground(), ["root", "bob"]))
        assert all(takes(one, text) in (True, False) for one in by_program()[program])
    assert is_free(text) in (True, False)
    assert isinstance(example(text), str)
    assert plain(text) is None or isinstance(plain(text), str)


def test_long_arguments_take_no_time() -> None:
    long = "env " * 5_000
    assert list(fits("env", long + "bash", Ground())) == []
    assert list(fits("env", "x " * 1_000 + "bash", Ground())) == []
    assert list(fits("find", "-exec " * 600, Ground())) == []
