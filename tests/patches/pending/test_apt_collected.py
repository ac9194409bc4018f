"""What is collected of apt's lists: the script, the image and apt itself see the same."""

from __future__ import annotations

import gzip
import lzma
import os
import re
import shutil
import subprocess
from pathlib import Path

import lz4.frame
import pytest
import zstandard

from secops.hosts.apt import sections
from secops.hosts.evidence import decode
from secops.hosts.script import generate
from tests.patches.pending.apt_kit import AptRoot, Deb, only, pending_sections, reasons, secure, stable, work_out

PACKED = {
    "lz4": lz4.frame.compress,
    "gz": gzip.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor().compress,
}
INDEX = "var/lib/apt/lists/deb.example.org_debian_dists_stable_main_binary-amd64_Packages"


@pytest.mark.parametrize("ending", PACKED)
def test_packed_lists_are_read(root: AptRoot, ending: str) -> None:
    root.status(Deb("a", "1.0"))
    root.keep(stable(*(Deb(f"x{number}", "1.0") for number in range(3000)), Deb("a", "2.0")))
    plain = root.path / INDEX
    packed = PACKED[ending](plain.read_bytes())
    plain.unlink()
    root.write(f"{INDEX}.{ending}", packed)
    assert only(root)["candidate"] == "2.0"
    assert live(root) == image(root)
    root.write(f"{INDEX}.{ending}", packed[: len(packed) // 2])
    assert any(reason.endswith("_Packages: cannot be unpacked to its end") for reason in reasons(root.pending()[0]))


def image(root: AptRoot) -> list[bytes]:
    return root.evidence()[sections.INDEXES.name].only.data.split(b"\n")


def live(root: AptRoot, shell: tuple[str, ...] = ("sh",), path: str = "/usr/sbin:/usr/bin:/sbin:/bin") -> list[bytes]:
    """What the section's script says of a root, in whose place it is put."""
    script = sections.INDEXES.script.replace("/var/lib/", f"{root.path}/var/lib/")
    argv = [shutil.which(shell[0]) or shell[0], *shell[1:], "-c", script]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, env={"PATH": path}, cwd="/", check=True)
    return done.stdout.split(b"\n")


def test_the_script_and_the_image_say_the_same_whatever_is_in_the_lists(root: AptRoot, tmp_path: Path) -> None:
    root.status(Deb("a", "1.0"), Deb("b", "1.0", state="config-files"), Deb("c", "1.0"))
    root.keep(stable(Deb("a", "2.0", source="s (1:2)", phased=10), Deb("b", "2.0"), Deb("c", "3.0")), secure())
    lists = root.path / "var/lib/apt/lists"
    with (root.path / INDEX).open("ab") as file:
        file.write(
            b"\n\n\nArchitecture: amd64\nPackage: c\nVersion: 8\n\nVersion: 9\n\n"
            b"Package: c\nVersion: \xff\t1\n tail\nVersion : 3\n\n\nPackage: a"
        )
    head = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nOrigin:  Tiny \tx\nSuite: s\nCodename:\nSHA256:\n"
    sums = b"".join(
        b" 0abc %d %b\n" % (size, name)
        for size, name in (
            (5, b"main/binary-amd64/Packages"),
            (0, b"x/binary-all/Packages.gz"),
            (0, b"x/binary-all/Packages"),
            (7, b"Packages.xz"),
            (3, b"main/debian-installer/binary-amd64/Packages"),
            (1, b"main/Contents"),
        )
    )
    (lists / "x_InRelease").write_bytes(
        head + sums + b"-----BEGIN PGP SIGNATURE-----\n\nOrigin: forged\n=a\n-----END PGP SIGNATURE-----\n"
    )
    (lists / "list forged").write_bytes(b"")
    (lists / "odd\nname_Packages").write_bytes(b"Package: a\nVersion: 7\n")
    (lists / "x_Packages.unknown").write_bytes(b"Package: a\nVersion: 7\n")
    (lists / "dir_Packages").mkdir()
    os.symlink("nowhere", lists / "link_Packages")
    said = image(root)
    assert b"p\ta\t2.0\tamd64\ts (1:2)\t10" in said
    assert b"odd\t1" in said
    assert b"p\tc\t8\tamd64\t\t" in said
    assert b"i\tx/binary-all/\t0" in said
    assert not [
        line for line in said if line.startswith(b"p\tb") or b"\t9" in line or b"forged" in line or b"\t7\t" in line
    ]
    for shell, tools in shells(tmp_path):
        assert live(root, shell, tools) == said, (shell, tools)


def shells(folder: Path) -> list[tuple[tuple[str, ...], str]]:
    """Shells of this machine, and awks."""
    found = [((name,), "/usr/sbin:/usr/bin:/sbin:/bin") for name in ("dash", "bash") if shutil.which(name)]
    for name in ("mawk", "gawk", "busybox"):
        if path := shutil.which(name):
            (folder / name).mkdir()
            (folder / name / "awk").symlink_to(path)
            shell = ("busybox", "sh") if name == "busybox" else ("sh",)
            found.append((shell, f"{folder / name}:/usr/sbin:/usr/bin:/sbin:/bin"))
    return found


@pytest.mark.skipif(not shutil.which("apt-get"), reason="needs apt")
def test_what_apt_itself_fetches_is_read(root: AptRoot) -> None:
    """Repositories in folders, as apt-get update keeps them: linked, copied, packed, flat."""
    root.status(Deb("a", "1.0"), Deb("b", "1.0"), Deb("c", "1.0"))
    repo = root.path / "repo"
    for folder, version in (("dists/stable/main/binary-amd64", "2.0"), ("flat", "3.0")):
        root.write(f"repo/{folder}/Packages", "\n".join(Deb(name, version).entry() for name in ("a", "b")))
        root.write(f"repo/{folder}/Packages.gz", gzip.compress((repo / folder / "Packages").read_bytes()))
    root.write("repo/dists/stable/Release", "Origin: Tiny\nSuite: stable\nArchitectures: amd64\nComponents: main\n")
    root.write("etc/apt/apt.conf.d/50gzip", 'Acquire::GzipIndexes "true"; Acquire::Languages "none";')
    root.write(
        "etc/apt/sources.list",
        f"deb [trusted=yes allow-insecure=yes arch=amd64] file:{repo} stable main\n"
        f"deb [trusted=yes] copy:{repo} flat/\n",
    )
    root.apt("apt-get", "update")
    updates, _ = root.pending()
    said = root.policy("a", "b", "c")
    candidates = {row["package"]: row["candidate"] for row in updates.rows}
    assert candidates == {name: said[name].candidate for name in ("a", "b")} == {"a": "3.0", "b": "3.0"}


@pytest.mark.skipif(not shutil.which("apt"), reason="needs apt")
def test_this_machine_has_the_updates_that_apt_lists() -> None:
    asked = [section for section in pending_sections() if section.live]
    script = generate(asked).encode()
    answer = subprocess.run(["sh"], input=script, capture_output=True, check=True).stdout
    updates, state = work_out(decode(answer, asked, carrier="local", label="test"))
    command = ["apt", "list", "--upgradable"]
    listed = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"PATH": "/usr/bin", "LC_ALL": "C"}
    )
    said = re.findall(r"^(\S+)/\S* (\S+) (\S+) \[upgradable from: (\S+)\]", listed.stdout, re.MULTILINE)
    rows = [row for row in updates.rows if row["candidate"]]
    assert {(row["package"], row["candidate"], row["installed"]) for row in rows} == {
        (name, candidate, installed) for name, candidate, _, installed in said
    }
    assert len(state.rows) == 1
