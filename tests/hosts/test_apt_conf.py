"""apt.conf, against apt-config itself where it is there."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.apt.conf import ConfError, Settings, dumped, read_conf

WRITTEN = r"""
// APT::Default-Release "commented";
# APT::Periodic::Enable "0";
/* APT::Periodic::Enable "2"; */ APT::Periodic::Enable "3"; /* more
APT::Periodic::Enable "4"; */
APT
{
  Default-Release "stable"; // not testing
  Periodic { Update-Package-Lists "1"; Unattended-Upgrade "7d"; };
};
apt::periodic::enable "5";
Unattended-Upgrade::Allowed-Origins { "Debian:stable"; "a # b // c"; };
Unattended-Upgrade::Allowed-Origins:: "more";
Unattended-Upgrade::Origins-Pattern { "one"; };
#clear Unattended-Upgrade::Origins-Pattern;
Unattended-Upgrade::Origins-Pattern
  { "origin=Debian,codename=${distro_codename}"
  ; };
Acquire::http::Proxy "http://me:secret@proxy/"; Plain value;
"""


def read(*texts: str) -> Settings:
    settings = Settings()
    for text in texts:
        read_conf(settings, text)
    return settings


def test_what_is_written_is_what_counts() -> None:
    settings = read(WRITTEN)
    assert settings.find("APT::Default-Release") == "stable"
    assert settings.find("APT::Periodic::Enable") == "5"
    assert settings.find("APT::Periodic::Unattended-Upgrade") == "7d"
    assert settings.values("unattended-upgrade::allowed-origins") == ["Debian:stable", "a # b // c", "more"]
    assert settings.values("Unattended-Upgrade::Origins-Pattern") == ["origin=Debian,codename=${distro_codename}"]


def test_a_later_file_overrides_an_earlier_one_and_adds_to_its_lists() -> None:
    settings = read('A::B "1"; L { "x"; };', 'A::B "2"; L { "y"; };')
    assert (settings.find("A::B"), settings.values("L")) == ("2", ["x", "y"])


@pytest.mark.parametrize("text", ["{ A 1; };", "A 1", 'A "1" "2" x y;', '#include "/etc/other";', "A { #clear B; };"])
def test_what_apt_refuses_or_is_not_followed_is_told(text: str) -> None:
    with pytest.raises(ConfError):
        read(text)


def test_a_dump_is_read_back() -> None:
    lines = [
        'APT "";',
        'APT::Default-Release "a "b";',
        'L "";',
        'L:: "one";',
        "no setting",
        'L::x "two";',
        'L::x::y "deep";',
    ]
    settings = dumped(lines)
    assert settings.find("apt::default-release") == 'a "b'
    assert settings.values("L") == ["one", "two"]


WORDS = ['"1"', '"a b"', "word", '"x" "y"', '"//"', '"#"', '""', '"{;}"']
NAMES = ["A", "A::B", "b", "List", "List::", "a::b", "C::D::e"]


def statement(rng: random.Random, depth: int = 0) -> str:
    name, kind = rng.choice(NAMES), rng.random()
    if kind < 0.25 and depth < 3 and not name.endswith("::"):
        inside = rng.choice([" ", "\n\t", " // {\n", " /* ; */ "]).join(
            statement(rng, depth + 1) if rng.random() < 0.7 else f"{rng.choice(WORDS)};"
            for _ in range(rng.randint(0, 3))
        )
        return f"{name}\n{{ {inside} }};"
    if kind < 0.35 and not depth:
        return f"#clear {name.removesuffix('::')};\n"
    return rng.choice(
        [
            f"{name} {rng.choice(WORDS)};",
            f"{name}\n  {rng.choice(WORDS)} ;",
            f"/* x */ {name} {rng.choice(WORDS)};\n# end\n",
        ]
    )


@pytest.mark.skipif(not shutil.which("apt-config"), reason="needs apt")
@pytest.mark.parametrize("seed", range(25))
def test_generated_files_say_what_apt_config_says(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - the same files every time
    text = "\n".join(statement(rng) for _ in range(12))
    path = tmp_path / "conf"
    path.write_text(text)
    done = subprocess.run(
        ["apt-config", "dump"],
        env={"APT_CONFIG": str(path), "PATH": "/usr/bin", "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
    )
    said, ours = dumped(done.stdout.splitlines()), read(text)
    for name in ("A", "A::B", "b", "C::D::e", "A::A", "A::b", "b::List", "List::A"):
        assert ours.find(name) == said.find(name), (name, text)
        assert sorted(ours.values(name)) == sorted(said.values(name)), (name, text)
    assert sorted(ours.values("List")) == sorted(said.values("List")), text


@given(st.text(alphabet='aA:;{}"#/* \n\t\\cler=', max_size=60) | st.text(max_size=40))
def test_whatever_is_in_a_file_it_is_read_or_refused(text: str) -> None:
    settings = Settings()
    try:
        read_conf(settings, text)
    except ConfError:
        return
    assert all(isinstance(value, str) for _, value in settings.pairs)
