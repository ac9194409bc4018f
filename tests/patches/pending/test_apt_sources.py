"""Sources: which lists they stand for, by apt's own word, and what of them counts."""

from __future__ import annotations

import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.apt.names import is_read, list_name, split_uri
from secops.hosts.apt.repository import index_names
from secops.hosts.apt.sections import SOURCES
from secops.hosts.apt.sources import read_sources
from secops.hosts.tables import Built
from tests.hosts.evidence_kit import evidence
from tests.patches.pending.apt_kit import FOREIGN, NATIVE, AptRoot, Deb, Suite, reasons

LIST = """\
# deb http://commented.example.org/debian stable main
deb http://deb.example.org/debian stable main contrib # deb http://after.example.org x y
deb-src http://deb.example.org/debian stable main
deb [arch=i386 signed-by=/a#b.gpg] http://deb.example.org:8080/debian/ stable main
deb [ arch-=i386 lang=none ] https://me:se:cret@private.example.org/d~b stable-security updates/main
deb [trusted=yes] file:/srv/repo ./
deb file:///srv/other /
deb copy:/srv/copied debs/$(ARCH)/
deb cdrom:[Debian GNU/Linux 12.5.0 _Bookworm_ - Official amd64 NETINST 20240210-11:27]/ bookworm main non-free-firmware
  deb\thttp://[2001:db8::1]:81/x   "stable"\tmain
deb mirror+http://mirrors.example.org/list.txt stable main
deb http://deb.example.org/with%20space stable main
deb [arch+=riscv64] tor+http://x@onion.example.org/y{z}|^= stable main
deb [arch-=all] http://all.example.org/ $(ARCH) main
"""
DEB822 = """\
# a comment
Types: deb deb-src
URIs: http://one.example.org/debian
 http://two.example.org/debian
# in the middle
Suites: stable stable-updates
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc=
 -----END PGP PUBLIC KEY BLOCK-----

Enabled: no
Types: deb
URIs: http://off.example.org/debian
Suites: stable
Components: main

types: deb
uris: http://flat.example.org/x
suites: sub/
Architectures: i386

Types: deb
URIs: http://arch.example.org/
Suites: $(ARCH)
Components: main
Architectures-Remove: i386
Enabled: yes
"""


@pytest.mark.skipif(not shutil.which("apt-get"), reason="needs apt")
def test_each_source_stands_for_the_lists_that_apt_names(root: AptRoot) -> None:
    root.write("etc/apt/sources.list", LIST)
    root.write("etc/apt/sources.list.d/new.sources", DEB822)
    root.write("etc/apt/sources.list.d/ignored.list.save", "deb http://saved.example.org/ stable main\n")
    root.write("etc/apt/sources.list.d/not read.list", "deb http://spaced.example.org/ stable main\n")
    out = root.apt("apt-get", "indextargets", "--no-release-info", "--format", "$(FILENAME)", "Created-By: Packages")
    said = {line.rpartition("/lists/")[2] for line in out.splitlines()}
    built = Built()
    sources = read_sources(root.evidence(), SOURCES.name, NATIVE, built)
    ours = {name for source in sources for name in index_names(source, [NATIVE, FOREIGN])}
    assert ours == said
    assert built.problems == []
    assert len(said) > 30


def test_no_password_of_a_source_leaves_the_host(root: AptRoot) -> None:
    root.write(
        "etc/apt/sources.list",
        LIST
        + "deb http://a:one@x.example/ http://b:two@y.example/ http://c:three@z.example/ http://d:four@w.example/\n",
    )
    seen = b"".join(item.data for item in root.evidence()[SOURCES.name].items)
    assert b"private.example.org" in seen
    for secret in (b"se:cret", b"cret@", b"one@", b"two@", b"three@", b"four@", b"me:", b"commented"):
        assert secret not in seen


@pytest.mark.parametrize(
    "line",
    [
        "deb http://x/ stable",
        "deb x stable main",
        "deb http://x/ ./ main",
        "rpm http://x/ stable main",
        "deb",
        "deb [arch=amd64] http://x/",
    ],
)
def test_a_source_that_apt_refuses_is_told(root: AptRoot, line: str) -> None:
    root.write("etc/apt/sources.list", line + "\n")
    assert any(reason.startswith("/etc/apt/sources.list: ") for reason in reasons(root.pending()[0]))
    if shutil.which("apt-get"):
        with pytest.raises(Exception, match=r"E: (Malformed|Type)"):
            root.apt("apt-get", "indextargets")


TINY = {"Origin": "Tiny", "Suite": "stable", "Date": "Sat, 10 Feb 2024 11:27:00 UTC"}


def suite(version: str, *, uri: str = "http://deb.example.org/debian", name: str = "stable", **release: str) -> Suite:
    return Suite(uri, name, "main", [Deb("a", version)], TINY | release)


def test_lists_left_behind_do_not_count(root: AptRoot) -> None:
    root.status(Deb("a", "1.0"))
    root.keep(suite("9.0", uri="http://gone.example.org/debian"), sources=False)
    root.keep(suite("2.0"))
    updates, _ = root.pending()
    assert [(row["candidate"], row["newest"]) for row in updates.rows] == [("2.0", "2.0")]
    assert reasons(updates) == []
    root.keep(suite("9.0", uri="http://gone.example.org/debian"), suite("2.0"))  # the twin: it is configured
    assert [row["candidate"] for row in root.pending()[0].rows] == ["9.0"]


def test_a_source_whose_lists_were_never_fetched_is_told(root: AptRoot) -> None:
    root.status(Deb("a", "1.0"))
    root.keep(suite("2.0"))
    with (root.path / "etc/apt/sources.list").open("a") as file:
        file.write("deb http://never.example.org/ stable main\n")
    updates, state = root.pending()
    told = "/etc/apt/sources.list:2: no index of main/binary-amd64/Packages is kept: apt update has not read it"
    assert reasons(updates) == reasons(state) == [told]
    assert [row["candidate"] for row in updates.rows] == ["2.0"]


def test_what_the_release_file_does_not_list_is_not_missing(root: AptRoot) -> None:
    root.status(Deb("a", "1.0"))
    root.keep(
        suite(
            "2.0", SHA256=f"\n {'0' * 64} 100 main/binary-amd64/Packages\n {'0' * 64} 0 contrib/binary-amd64/Packages"
        )
    )
    listing = root.write("etc/apt/sources.list", "deb http://deb.example.org/debian stable main contrib missing\n")
    (root.path / "var/lib/apt/lists/deb.example.org_debian_dists_stable_main_binary-i386_Packages").unlink()
    assert reasons(root.pending()[0]) == []
    (root.path / "var/lib/apt/lists/deb.example.org_debian_dists_stable_main_binary-amd64_Packages").unlink()
    assert reasons(root.pending()[0]) == [
        "/etc/apt/sources.list:1: no index of main/binary-amd64/Packages is kept: apt update has not read it"
    ]
    listing.unlink()
    assert reasons(root.pending()[0]) == ["no source of packages is configured"]


@pytest.mark.parametrize("option", ["target=Packages", "include=a", "snapshot=20240101T000000Z"])
def test_an_option_that_is_not_followed_is_told(root: AptRoot, option: str) -> None:
    root.keep(suite("2.0"))
    root.write("etc/apt/sources.list", f"deb [{option}] http://deb.example.org/debian stable main\n")
    name = option.partition("=")[0]
    assert reasons(root.pending()[0]) == [f"/etc/apt/sources.list:1: the option {name} is not followed"]


def test_names_that_apt_reads() -> None:
    assert [
        name
        for name in ("a.list", "a.list.save", "a b.list", ".a.list", "a", "A_1-x.sources")
        if is_read(f"/x/{name}", ("list", "sources"))
    ] == [
        "a.list",
        "A_1-x.sources",
    ]
    assert is_read("/x/plain", ("", "pref"))
    assert not is_read("/x/plain.", ("", "pref"))


@given(st.text(max_size=60), st.text(max_size=30))
def test_whatever_stands_in_sources_it_is_read_or_told(text: str, other: str) -> None:
    files = {
        "/etc/apt/sources.list": text,
        "/etc/apt/sources.list.d/x.sources": f"Types: deb\nURIs: {text}\nSuites: {other}",
    }
    found = read_sources(evidence(apt_sources=files), SOURCES.name, NATIVE, Built())
    assert all("/" not in name for source in found for name in index_names(source, [NATIVE]))
    assert "/" not in list_name(text)
    assert len(split_uri(text)) == 3
