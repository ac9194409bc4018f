"""What is collected of dnf's indexes: the script and the image see the same, whatever is in them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from secops.hosts.dnf import sections
from secops.hosts.dnf.index_section import INDEXES
from secops.hosts.section import Command
from tests.patches.pending.apt_kit import reasons
from tests.patches.pending.dnf_kit import Advice, Build, DnfRoot, Repo, Rpm

_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
SHELLS = [("dash",), ("bash",), ("busybox", "ash")]


@pytest.fixture
def root(tmp_path: Path) -> DnfRoot:
    return DnfRoot(tmp_path / "root")


def image(root: DnfRoot, section: Command = INDEXES) -> list[bytes]:
    return root.evidence()[section.name].only.data.replace(str(root.path).encode(), b"").split(b"\n")


def live(
    root: DnfRoot, shell: tuple[str, ...] = ("dash",), tools: str = _PATH, section: Command = INDEXES
) -> list[bytes]:
    """What a section's script says of a root, in whose place it is put."""
    script = section.script
    for place in ("/var/cache/", "/var/lib/", "/var/log/", "/usr/lib/sysimage"):
        script = script.replace(place, f"{root.path}{place}")
    script = script.replace(' rpm "$@"', f' {tools.partition(":")[0]}/rpm "$@"')  # busybox's shell prefers its own
    argv = [shutil.which(shell[0]) or shell[0], *shell[1:], "-c", script]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, env={"PATH": tools}, cwd="/", check=True)
    assert done.stderr == b""
    return done.stdout.replace(str(root.path).encode(), b"").split(b"\n")


def tools(folder: Path, names: list[str], *others: str) -> str:
    """A search path of an rpm that only lists names, of busybox's tools and of some others."""
    folder.mkdir()
    listed = "".join(f"{name}\\n" for name in names)
    (folder / "rpm").write_text(f"#!/bin/sh\ncase $* in *-qa*) printf '{listed}' ;; *) echo RPM version 4 ;; esac\n")
    (folder / "rpm").chmod(0o755)
    for name in others:
        (folder / name).symlink_to(shutil.which("busybox") or "")
    return str(folder)


ODD = """<package type="rpm"><name>a</name><arch>x86_64</arch><version ver="3"/></package>
<package type='rpm'><name>a</name><arch>x86	64</arch><version epoch='1' rel='2
3' ver="4&amp;"/><rpm:vendor>v
w</rpm:vendor></package><package><nom>a</nom></package><package><name>b</name></package><name>a</name><!-- --></package>
<package type="rpm"><name>b</name><arch>noarch</arch><version ver='"1' rel="2"/><name>a</name></package>"""

ADVICE = """<update type="security"><id>S-1</id><severity/><pkglist><package name="x" version="1"/></pkglist></update>
<update  type='bugfix'><id>B-1</id><package name="a" version="1" release="2" arch="noarch"><filename>f</filename>
</package><package arch="i686"	name='b'/></update><update></update>
<update type="bugfix"><id>B-2</id><package name="x"/></update>"""

MODULES = """document: modulemd
data:
    name: deep
---
document: modulemd
data:
  name: 'm'
  stream:   "1:2"  
  artifacts:
    rpms:
    - a-0:1-1.x86_64
      - "b-0:1-1.noarch"
    other:
    - a-0:9-9.x86_64
  rpms:
    - a-0:8-8.x86_64
...
--- !x
junk
---
document: other-kind
---
document: modulemd-defaults
data:
  module: m
  stream: '1'
"""  # noqa: W291 - as it may stand there


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_the_script_and_the_image_say_the_same(root: DnfRoot, tmp_path: Path, shell: tuple[str, ...]) -> None:
    a, b = Rpm("a", "1"), Rpm("b", "1", arch="noarch")
    root.install(a, b)
    root.keep(
        Repo("base", [Rpm("a", "2", "3", 1), Rpm("c", "1")], {}, [Advice("A-1", [a, b])], [Build("m", "1", [a])]),
        Repo("odd", packing=""), Repo("short", [a, b], packing=""), Repo("gone", [a]),
    )  # fmt: skip
    (kept,) = root.path.glob("var/cache/dnf/odd-*/repodata")
    for name, text in (("-primary.xml", ODD), ("-updateinfo.xml", ADVICE), ("-modules.yaml", MODULES)):
        path = next(kept.glob(f"*{name}"), kept / f"odd{name}")
        path.write_text(text)
    lines = "".join(f'<data type="{one}"><location href="odd-{one}.{end}"/></data>' for one, end in
                    (("updateinfo", "xml"), ("modules", "yaml"), ("modules_zck", "zck"), ("other", "x")))  # fmt: skip
    repomd = kept / "repomd.xml"
    repomd.write_text(
        repomd.read_text().replace("</repomd>", f'{lines}<data type="primary"><location href="x/.."/></data>')
    )
    (short,) = root.path.glob("var/cache/dnf/short-*/repodata/*-primary.xml")
    short.write_bytes(short.read_bytes()[:-70])
    next(root.path.glob("var/cache/dnf/gone-*/repodata/*-primary.xml.gz")).unlink()
    (root.path / "var/cache/dnf/a\tb/repodata").mkdir(parents=True)
    (root.path / "var/cache/dnf/a\tb/repodata/repomd.xml").touch()
    seen = image(root)
    assert b"p\ta\t1\t2\t3\tx86_64\ta-2-3.src.rpm\tExample" in seen
    assert b"p\ta\t1\t4&amp;\t2 3\tx86 64\t\tv w" in seen
    busybox = ("awk", "head", "stat", "cat", "gzip", "xz", "sh") if shell[0] == "busybox" else ()
    search = tools(tmp_path / "bin", ["a", "b"], *busybox) + ("" if busybox else f":{_PATH}")
    assert live(root, shell, search) == seen


@pytest.mark.parametrize("packing", [".gz", ".xz", ".zst"])
def test_a_file_that_is_cut_off_is_told(root: DnfRoot, tmp_path: Path, packing: str) -> None:
    root.install(Rpm("a", "1"))
    root.keep(Repo("base", [Rpm(f"x{number}", "1") for number in range(99)], packing=packing))
    (path,) = root.path.glob(f"var/cache/dnf/base-*/repodata/*-primary.xml{packing}")
    path.write_bytes(path.read_bytes()[:-40])
    assert image(root).count(b"broken") == 1
    assert live(root, tools=f"{tools(tmp_path / 'bin', ['a'])}:{_PATH}").count(b"broken") == 1


def test_nothing_costs_anything_where_there_is_no_dnf(root: DnfRoot) -> None:
    script = INDEXES.script.replace("/var/", f"{root.path}/var/")
    done = subprocess.run(["dash", "-c", script], stdin=subprocess.DEVNULL, capture_output=True, env={}, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (66, b"", b"")


def test_a_cache_that_may_not_be_read_is_told(root: DnfRoot) -> None:
    root.install(Rpm("a", "1"))
    root.keep(Repo("base", [Rpm("a", "2")]))
    cache = root.path / "var/cache/dnf"
    cache.chmod(0)
    script = INDEXES.script.replace("/var/", f"{root.path}/var/")
    for folder in (root.path, *root.path.parents[:-2]):
        folder.chmod(folder.stat().st_mode | 0o055)
    done = subprocess.run(
        ["dash", "-c", script], stdin=subprocess.DEVNULL, capture_output=True, env={"PATH": _PATH}, check=False,
        user=65534, group=65534, extra_groups=[],
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (65, b"")


LOG = """2024-05-01T08:00:00+0000 INFO --- logging initialized ---
2024-05-01T08:00:01+0000 SUBDEBUG Upgrade: a-2-1.x86_64
2024-05-02T10:00:00+0200 SUBDEBUG Upgrade: b-2-1.x86_64
2024-05-03T10:00:00+0200 SUBDEBUG Installed: c-2-1.x86_64
2024-05-04T10:00:00+0200 SUBDEBUG Upgraded: a-1-1.x86_64
"""


@pytest.mark.parametrize("name", ["dnf.rpm.log", "dnf.rpm.log.2"])
def test_the_last_upgrade_is_that_of_the_newest_log_that_has_one(root: DnfRoot, name: str) -> None:
    root.install(Rpm("a", "1"))
    root.write("var/log/dnf.rpm.log", "2024-06-01T08:00:00+0000 INFO --- logging initialized ---\n")
    root.write("var/log/dnf.rpm.log.3", LOG.replace("2024", "2023"))
    root.write(f"var/log/{name}", LOG)
    assert image(root, sections.HISTORY) == live(root, section=sections.HISTORY)
    assert root.pending()[1].rows[0]["last_upgrade_at"] == 1714636800


def test_secrets_of_repositories_stay_on_the_host(root: DnfRoot) -> None:
    root.install(Rpm("a", "1"))
    root.keep(Repo("base", [Rpm("a", "2")]))
    root.write(
        "etc/yum.repos.d/base.repo",
        "[base] ; s3cret\nenabled = 1\nusername=s3cret\npassword =s3cret\n s3cret\nproxy=http://u:s3cret@p/\n"
        "baseurl=https://u:s3cret@example.org/x\n  https://s3cret/\nmirrorlist = https://example.org/?token=s3cret\n"
        "metalink=https://example.org/?repo=a&key=s3cret\nexcludepkgs = a b\n# s3cret\n;s3cret\ns3cret\n",
    )
    root.write("etc/dnf/vars/stream", "s3cret with blanks\n")
    root.write("etc/dnf/vars/mypass", "s3cret\n")
    root.write("etc/dnf/automatic.conf", "[commands]\napply_updates=yes\n[email]\npassword=s3cret\n")
    evidence = root.evidence()
    for name in (sections.REPOS, sections.VARS, sections.AUTOMATIC, sections.CONF):
        assert not any(b"s3cret" in item.data for item in evidence[name.name].files)
    assert b"excludepkgs= a b" in evidence[sections.REPOS.name].files[0].data
    assert [one for one in reasons(root.pending()[0]) if "base" in one] == []


def test_a_link_is_followed_inside_the_image_only(root: DnfRoot) -> None:
    root.install(Rpm("a", "1"))
    root.keep(Repo("base", [Rpm("a", "2")]))
    (folder,) = root.path.glob("var/cache/dnf/base-*")
    outside = root.path.parent / "outside"
    shutil.move(folder, outside)
    os.symlink(outside, folder)
    assert root.pending()[0].rows == []
