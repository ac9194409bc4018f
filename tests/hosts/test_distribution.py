"""Distribution and release, in the words of feeds: what tells them apart, and what is left open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.distribution import release_of
from secops.hosts.tables.hosts import TABLE
from tests.hosts.evidence_kit import Content, derive, evidence


@pytest.mark.parametrize(
    ("told", "release"),
    [
        ({"ID": "debian", "VERSION_ID": "12"}, ("debian", "12")),
        ({"ID": "debian", "PRETTY_NAME": "Debian GNU/Linux forky/sid"}, ("debian", "sid")),
        ({"ID": "ubuntu", "VERSION_ID": "22.04"}, ("ubuntu", "22.04")),
        ({"ID": "almalinux", "VERSION_ID": "9.4"}, ("almalinux", "9")),
        ({"ID": "rhel", "VERSION_ID": "8.10"}, ("rhel", "8")),
        ({"ID": "centos", "NAME": "CentOS Linux", "VERSION_ID": "8"}, ("centos", "8")),
        ({"ID": "centos", "NAME": "CentOS Stream", "VERSION_ID": "8"}, ("centos", "8-stream")),
        ({"ID": "fedora", "VERSION_ID": "40"}, ("fedora", "40")),
        ({"ID": "alpine", "VERSION_ID": "3.19.1"}, ("alpine", "3.19")),
        ({"ID": "alpine", "VERSION_ID": "3.21_alpha20240807"}, ("alpine", "edge")),
        ({"ID": "sles", "VERSION_ID": "15.5", "VERSION": "15-SP5"}, ("sles", "15.5")),
        ({"ID": "opensuse-leap", "VERSION_ID": "15.6"}, ("opensuse-leap", "15.6")),
        ({"ID": "opensuse", "VERSION_ID": "42.3"}, ("opensuse-leap", "42.3")),
        ({"ID": "openEuler", "VERSION_ID": "22.03", "VERSION": "22.03 (LTS-SP3)"}, ("openeuler", "22.03-LTS-SP3")),
        ({"ID": "openEuler", "VERSION_ID": "20.03", "VERSION": "20.03 (LTS)"}, ("openeuler", "20.03-LTS")),
        ({"ID": "openEuler", "VERSION_ID": "23.09", "VERSION": "23.09"}, ("openeuler", "23.09")),
        ({"ID": "euleros", "VERSION_ID": "2.0", "VERSION": "2.0 (SP8)"}, ("euleros", "2.0-SP8")),
        ({"ID": "anolis", "VERSION_ID": "8.8"}, ("anolis", "8")),
        ({"ID": "anolis", "VERSION_ID": "23.1"}, ("anolis", "23")),
        ({"ID": "alinux", "VERSION_ID": "2.1903"}, ("alinux", "2")),
        ({"ID": "kylin", "VERSION_ID": "V10", "VERSION": "V10 (Tercel)"}, ("kylin", "V10-SP1")),
        ({"ID": "kylin", "VERSION_ID": "V10", "VERSION": "V10 (Lance)"}, ("kylin", "V10-SP3")),
        ({"ID": "kylin", "VERSION_ID": "v10", "VERSION": "V10 (SP1)"}, ("kylin", "V10-SP1")),
        ({"ID": "kylin", "VERSION_ID": "V10", "VERSION": "V10 (Unheard)"}, ("kylin", "V10")),
        ({"ID": "kylin", "VERSION_ID": "V11", "VERSION": "V11 (Lance)"}, ("kylin", "V11")),
        ({"ID": "uos", "VERSION_ID": "20"}, ("uos", "20")),
        ({"ID": "unheard", "VERSION_ID": ""}, ("unheard", "")),
        ({"ID": "a b", "VERSION_ID": "1"}, ("", "")),
        ({}, ("", "")),
    ],
)
def test_the_release_in_the_words_of_feeds(told: dict[str, str], release: tuple[str, str]) -> None:
    assert release_of(told) == release


@pytest.mark.parametrize(
    ("name", "version", "path", "text", "release"),
    [
        ("kylin", "V10", "/etc/.productinfo", "Kylin Linux Advanced Server\nrelease V10 (SP2) /(Sword)-x86_64\n",
         "V10-SP2"),
        ("kylin", "V10", "/etc/.productinfo", "Kylin Linux Advanced Server\nrelease V10 SP3 2403/(Halberd)-x86_64\n",
         "V10-SP3-2403"),
        ("uos", "20", "/etc/os-version", "[Version]\nMajorVersion=20\nMinorVersion=1060\nEditionName=a\n", "20-1060a"),
        ("debian", "12", "/etc/os-version", "[Version]\nMajorVersion=20\nMinorVersion=1060\nEditionName=a\n", "12"),
    ],
)  # fmt: skip
def test_the_vendors_own_files_tell_the_service_pack(
    name: str, version: str, path: str, text: str, release: str
) -> None:
    os_release: Content = {"/etc/os-release": f'ID={name}\nVERSION_ID="{version}"\n'}
    (row,) = derive(TABLE, evidence(os_release=os_release, product={path: text})).rows
    assert (row["ecosystem"], row["release"]) == (name, release)


@given(
    st.dictionaries(st.sampled_from(["ID", "VERSION", "VERSION_ID", "NAME"]), st.text(max_size=60)),
    st.sampled_from(["", "kylin", "uos", "openEuler", "alpine", "centos"]),
    st.text(max_size=200),
)
def test_any_text_gives_words_of_moderate_length(told: dict[str, str], name: str, product: str) -> None:
    ecosystem, release = release_of(told | ({"ID": name} if name else {}), product)
    assert len(ecosystem) <= 32
    assert len(release) <= 60
