"""What programs give: the content is whole, in both languages, and says each thing once."""

from __future__ import annotations

import re

from secops.privilege.fits import takes
from secops.privilege.lines import SLOTS, line
from secops.privilege.techniques import by_group, by_program

#: Met in sudoers everywhere, and a way to root by each manual.
KNOWN = """
    vim vi nano ed emacs less more man bash sh dash zsh su sudo busybox python3 perl ruby lua php node expect find awk
    gawk xargs env nice timeout stdbuf taskset ionice flock watch time script strace nmap tcpdump chroot unshare
    nsenter capsh ssh scp rsync git make tar zip docker podman crictl nerdctl ctr kubectl systemctl systemd-run
    crontab at apt apt-get yum dnf rpm dpkg zypper apk snap pip npm gem cpan ansible-playbook mysql psql sqlite3 ip
    insmod modprobe mount cp mv dd tee sed install ln chmod chown chgrp setfacl setcap cpio unzip curl wget patch
    visudo vipw passwd chpasswd usermod useradd gpasswd debugfs sudoedit screen tmux gdb
"""


def test_programs_that_everyone_knows_are_there() -> None:
    assert [name for name in KNOWN.split() if name not in by_program()] == []


def test_every_technique_is_told_once_in_both_languages_with_its_source() -> None:
    seen = set()
    for program, techniques in by_program().items():
        assert re.fullmatch(r"[\w.+-]+", program), program
        for one in techniques:
            what = (program, one.gives, one.when, one.exec)
            assert what not in seen
            seen.add(what)
            assert re.search(r"[\u4e00-\u9fff]", one.how.zh), what
            assert not re.search(r"[{}]", one.how.en + one.how.zh), what
            assert all((one.how.en, one.source)), what
    for name, group in by_group().items():
        assert re.search(r"[\u4e00-\u9fff]", group.how.zh), name
        assert group.source, name


def test_fixed_arguments_leave_only_what_works_from_inside() -> None:
    (find,) = [one for one in by_program()["find"] if one.gives == "shell"]
    assert [find.fits(given) for given in (None, "/srv -name x", "")] == [True, False, False]
    assert [takes(find, pattern) for pattern in ("/srv *", "^-name .*$", "^-name [a-z]*$")] == [True, True, False]
    (psql,) = [one for one in by_program()["psql"] if one.gives == "shell"]
    assert [psql.fits(given) for given in (None, "-U app", "", "-U app -c vacuum", "--command=x")] == [
        True, True, True, False, False,
    ]  # fmt: skip
    (bash,) = [one for one in by_program()["bash"] if one.gives == "shell"]
    assert [bash.fits(given) for given in (None, "", "-l", "/opt/x.sh")] == [True, True, True, False]


def test_lines_of_arguments_are_written_well() -> None:
    """What is made of a line is of that line, and no slot is unknown."""
    given = dict.fromkeys(SLOTS, ("/x/y",)) | {
        "group": ("disk",),
        "user": ("bob",),
        "login": ("bob",),
        "me": ("bob",),
        "shell": ("sh",),
        "armed": ("4755",),
        "open": ("777",),
    }
    for program, techniques in by_program().items():
        for one in techniques:
            assert len(one.opens) == len(set(one.opens)), program
            for text in one.opens:
                assert set(line(text).slots) <= set(SLOTS), text
                assert [made for made, _ in line(text).examples(given) if line(text).fill(made) is None] == [], text
