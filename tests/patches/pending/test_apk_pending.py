"""Pending updates of apk's packages. No apk was at hand: the expected answers are those of its manual pages."""

from __future__ import annotations

import gzip
import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.hosts.apk.sections import INDEXES, REPOSITORIES
from secops.patches.pending.apk import Constraint, index_digest, read_indexes
from tests.patches.pending.apt_kit import collected, reasons, work_out

MAIN, EDGE = "https://example.org/alpine/v3.19/main", "https://example.org/alpine/edge/main"
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


class ApkRoot:
    """A root in which apk is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.write("etc/os-release", "ID=alpine\nVERSION_ID=3.19.1\n")
        self.write("etc/apk/world", "a\nb\n")

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def install(self, **versions: str) -> None:
        self.write("lib/apk/db/installed", entries(versions))

    def keep(self, *indexes: tuple[str, dict[str, str]]) -> None:
        """Indexes by the lines of the list of repositories."""
        self.write("etc/apk/repositories", "# all\n" + "".join(f"{line}\n" for line, _ in indexes))
        for line, versions in indexes:
            name = f"APKINDEX.{index_digest(line.rpartition(' ')[2])}.tar.gz"
            self.write(f"var/cache/apk/{name}", packed(entries(versions)))

    def rows(self) -> dict[str, tuple[str | None, str | None, str]]:
        updates, _ = work_out(collected(self.path))
        assert reasons(updates) == []
        return {row["package"]: (row["candidate"], row["pinned"], row["newest"]) for row in updates.rows}


def entries(versions: dict[str, str]) -> str:
    return "".join(
        f"C:Q1x=\nP:{name}\nV:{version}\nA:x86_64\nT:a thing\no:src-{name}\nt:1700000000\nD:so:libc\n\n"
        for name, version in versions.items()
    )


def packed(text: str) -> bytes:
    """As apk has it: an archive of the signature without an end, then one of the index, each packed by itself."""
    out = b""
    for name, content in ((".SIGN.RSA.key", b"x" * 256), ("APKINDEX", text.encode())):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for one, data in ((name, content), *([("DESCRIPTION", b"v3")] if name == "APKINDEX" else [])):
                member = tarfile.TarInfo(one)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
            used = archive.offset
        out += gzip.compress(file.getvalue()[:used] if name != "APKINDEX" else file.getvalue())
    return out


@pytest.fixture
def root(tmp_path: Path) -> ApkRoot:
    return ApkRoot(tmp_path / "root")


@pytest.mark.parametrize(
    ("address", "digest"),
    [
        ("http://dl-cdn.alpinelinux.org/alpine/v3.6/main", "84815163"),
        ("http://dl-cdn.alpinelinux.org/alpine/v3.6/community", "24d64ab1"),
        ("http://dl-cdn.alpinelinux.org/alpine/v3.11/main", "70f61090"),
        ("http://mirrors.aliyun.com/alpine/v3.11/main", "811644a4"),
    ],
)
def test_the_name_of_an_index_is_that_which_apk_gives_it(address: str, digest: str) -> None:
    """Names from warnings of apk that its users have reported."""
    assert index_digest(address) == digest


def test_a_newer_version_is_pending(root: ApkRoot) -> None:
    root.install(a="1.2.3-r0", b="1.2.3-r10", c="1.0_rc1-r0")
    root.keep((MAIN, {"a": "1.2.3-r1", "b": "1.2.3-r9", "c": "1.0-r0", "d": "9"}))
    assert root.rows() == {"a": ("1.2.3-r1", None, "1.2.3-r1"), "c": ("1.0-r0", None, "1.0-r0")}
    state = work_out(collected(root.path))[1].rows[0]
    assert (state["kind"], state["indexes_made_at"], state["automatic"]) == ("apk", 1_700_000_000, False)


def test_a_tagged_repository_counts_where_the_world_names_it(root: ApkRoot) -> None:
    root.install(a="1-r0", b="1-r0")
    root.keep((MAIN, {"a": "2-r0", "b": "2-r0"}), (f"@edge {EDGE}", {"a": "3-r0", "b": "3-r0"}))
    root.write("etc/apk/world", "a@edge\nb\n")
    assert root.rows() == {"a": ("3-r0", None, "3-r0"), "b": ("2-r0", None, "2-r0")}


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("a", "2.0-r0"), ("a=1.9-r0", "1.9-r0"), ("a=1.0-r0", None), ("a<2", "1.9-r0"), ("a<1.9", None),
        ("a>1", "2.0-r0"), ("a>=1.9-r0", "2.0-r0"), ("a~1", "1.9-r0"), ("a~1.9", "1.9-r0"), ("a=~1.9", "1.9-r0"),
        ("a~2.0", "2.0-r0"), ("!b", "2.0-r0"),
    ],
)  # fmt: skip
def test_what_the_world_asks_holds(root: ApkRoot, asked: str, wanted: str | None) -> None:
    root.install(a="1.0-r0")
    root.keep((MAIN, {"a": "2.0-r0"}), (EDGE, {"a": "1.9-r0"}))
    root.write("etc/apk/world", f"{asked}\n")
    pinned = None if wanted == "2.0-r0" else f"world: {asked}"
    assert root.rows() == {"a": (wanted, pinned, "2.0-r0")}


def test_a_prefix_ends_where_a_number_does() -> None:
    about = Constraint("a~1.2", "", "~", "1.2")
    assert [about.admits(text) for text in ("1.2", "1.2.5-r1", "1.2-r0", "1.2a", "1.20", "1.3")] == [
        True, True, True, True, False, False,
    ]  # fmt: skip


def test_what_is_not_known_is_told(root: ApkRoot) -> None:
    root.install(a="1-r0")
    root.keep((MAIN, {"a": "2-r0"}))
    path = root.path / f"var/cache/apk/APKINDEX.{index_digest(MAIN)}.tar.gz"
    whole = path.read_bytes()
    root.write("etc/apk/repositories", f"{MAIN}\nhttps://u:s3cret@example.org/x\n/media/cdrom/apks\n")
    root.write("etc/apk/world", "a\nb><Q1xyz=\n")
    evidence = collected(root.path)
    assert b"s3cret" not in evidence[REPOSITORIES.name].files[0].data
    assert reasons(work_out(evidence)[0]) == [
        "no index of the repository ? is kept",
        "no index of the repository /media/cdrom/apks is kept",
        "'b><Q1xyz=' in the world of apk is not understood",
    ]
    root.write("etc/apk/repositories", f"{MAIN}\n")
    root.write("etc/apk/world", "a\n")
    path.write_bytes(whole[:-60])
    assert reasons(work_out(collected(root.path))[0]) == [
        f"the index of the repository {MAIN}: cannot be read to its end"
    ]
    shutil.rmtree(root.path / "var/cache")
    assert "apk keeps no indexes" in reasons(work_out(collected(root.path))[0])


@pytest.mark.parametrize("shell", [("dash",), ("bash",), ("busybox", "ash")], ids=" ".join)
def test_the_script_and_the_image_say_the_same(root: ApkRoot, tmp_path: Path, shell: tuple[str, ...]) -> None:
    root.install(a="1-r0", b="1-r0")
    root.keep((MAIN, {"a": "2-r0", "c": "3-r0"}), (EDGE, {"b": "2\t-r0"}), ("/x", {}))
    root.write("var/cache/apk/APKINDEX.0.tar.gz", packed("P:a\n\nV:1\nP:b\nt:17\n\n\n\nP:b\nV:\x7f3\no:s\nt:99x\n"))
    root.write("var/cache/apk/APKINDEX.1.tar.gz", b"junk")
    root.write("var/cache/apk/APKINDEX.a b.tar.gz", packed(entries({"a": "9"})))
    script = INDEXES.script
    for place in ("/etc/apk/", "/var/cache/", "/lib/apk", "/usr/lib/apk"):
        script = script.replace(f" {place}", f" {root.path}{place}")
    path = _PATH
    if shell[0] == "busybox":
        path = str(tmp_path / "bin")
        Path(path).mkdir()
        for name in ("awk", "stat", "sed", "tar", "gzip"):
            Path(path, name).symlink_to(shutil.which("busybox") or "")
    argv = [shutil.which(shell[0]) or "", *shell[1:], "-c", script]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, env={"PATH": path}, cwd="/", check=True)
    assert done.stderr == b""
    assert done.stdout.split(b"\n") == collected(root.path)[INDEXES.name].only.data.split(b"\n")
    assert b"p\tb\t2 -r0\tsrc-b" in done.stdout


def test_nothing_costs_anything_where_there_is_no_apk(root: ApkRoot) -> None:
    script = INDEXES.script.replace("/lib/apk", f"{root.path}/none")
    done = subprocess.run(["dash", "-c", script], stdin=subprocess.DEVNULL, capture_output=True, env={}, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (66, b"", b"")


@given(st.binary(max_size=300), st.integers(0, 400))
@settings(max_examples=60, deadline=None)
def test_any_index_is_read_or_told(tmp_path_factory: pytest.TempPathFactory, content: bytes, at: int) -> None:
    root = ApkRoot(tmp_path_factory.mktemp("apk"))
    root.install(a="1-r0")
    root.keep((MAIN, {"a": "2-r0"}))
    path = root.path / f"var/cache/apk/APKINDEX.{index_digest(MAIN)}.tar.gz"
    whole = path.read_bytes()
    path.write_bytes(whole[:at] + content)
    updates, _ = work_out(collected(root.path))
    assert reasons(updates) in ([], [f"the index of the repository {MAIN}: cannot be read to its end"])
    assert reasons(updates) or updates.rows


@given(st.lists(st.text("indexpmadbroken\t019", max_size=14), max_size=10))
def test_any_records_are_read_or_not_whole(lines: list[str]) -> None:
    found, whole = read_indexes(lines)
    assert not whole or "end" in lines
    assert len(found) <= len(lines)
