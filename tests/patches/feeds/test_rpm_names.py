"""Builds of rpm packages as feeds write them, and the releases they are for."""

from __future__ import annotations

import pytest

from secops.patches.feeds.platforms import of_cpe
from secops.patches.feeds.rpm_names import Build, module_of_purl, of_file, of_purl


@pytest.mark.parametrize(
    ("name", "build"),
    [
        ("vim-9.0-33.oe2203sp3.src.rpm", Build("vim", "9.0-33.oe2203sp3", "src")),
        ("vim-X11-9.0-33.oe2203sp3.x86_64", Build("vim-X11", "9.0-33.oe2203sp3", "x86_64")),
        ("openssl-1:3.0.7-27.el9.aarch64", Build("openssl", "1:3.0.7-27.el9", "aarch64")),
        ("tar-0:1.30-6.el8.noarch", Build("tar", "1.30-6.el8", "noarch")),
        ("vim-9.0-33.oe2203sp3", None),
        ("vim.x86_64.rpm", None),
        ("vim-9.0.x86_64.rpm", None),
        ("-9.0-1.x86_64", None),
        ("a-" * 5000 + "1-1.x86_64", None),
    ],
)
def test_file_names(name: str, build: Build | None) -> None:
    assert of_file(name) == build


@pytest.mark.parametrize(
    ("purl", "build"),
    [
        ("pkg:rpm/redhat/vim@9.0-1.el9?arch=x86_64", Build("vim", "9.0-1.el9", "x86_64")),
        ("pkg:rpm/redhat/vim@9.0-1.el9?arch=x86_64&epoch=2", Build("vim", "2:9.0-1.el9", "x86_64")),
        ("pkg:rpm/redhat/libstdc%2B%2B@9-1?arch=x86_64", Build("libstdc++", "9-1", "x86_64")),
        ("pkg:rpm/redhat/libstdc++@9-1.module+el8?arch=x86_64", Build("libstdc++", "9-1.module+el8", "x86_64")),
        ("pkg:rpm/redhat/kernel?arch=src", Build("kernel", "", "src")),
        ("pkg:rpm/redhat/kernel", Build("kernel", "", "src")),
        ("pkg:rpm/redhat/npm@9-1?arch=x86_64&rpmmod=nodejs:18:90:ad", Build("npm", "9-1", "x86_64", "nodejs:18")),
        ("pkg:rpmmod/redhat/nodejs:18/npm", Build("npm", "", "src", "nodejs:18")),
        ("pkg:rpmmod/redhat/nodejs@18%3A90%3Aad", None),
        ("pkg:oci/ubi9@sha256%3Aaa?arch=amd64", None),
        ("pkg:deb/debian/vim@9.0-1", None),
        ("npm:rpm/redhat/vim@9.0-1", None),
        ("pkg:rpm/", None),
        ("", None),
    ],
)
def test_package_urls(purl: str, build: Build | None) -> None:
    assert of_purl(purl) == build


@pytest.mark.parametrize(
    ("purl", "module"),
    [
        ("pkg:rpmmod/redhat/nodejs@18%3A8060020220810162001%3Aad008a3a", "nodejs:18"),
        ("pkg:rpmmod/redhat/postgresql@9.2:80:ad", "postgresql:9.2"),
        ("pkg:rpmmod/redhat/nodejs", ""),
        ("pkg:rpm/redhat/nodejs@18-1", ""),
    ],
)
def test_modules(purl: str, module: str) -> None:
    assert module_of_purl(purl) == module


@pytest.mark.parametrize(
    ("cpe", "release"),
    [
        ("cpe:/a:redhat:enterprise_linux:9::appstream", ("rhel", "9")),
        ("cpe:/o:redhat:enterprise_linux:10.0", ("rhel", "10")),
        ("cpe:2.3:o:redhat:enterprise_linux:8:*:*:*:*:*:*:*", ("rhel", "8")),
        ("cpe:/o:redhat:rhel_els:7", ("rhel", "7")),
        ("cpe:/a:redhat:rhel_eus:8.8::appstream", ("rhel", "8.8")),
        ("cpe:/a:redhat:enterprise_linux_eus:10.0", ("rhel", "10.0")),
        ("cpe:/a:redhat:rhel_eus:8", None),
        ("cpe:/a:redhat:openstack:17.1::el9", None),
        ("cpe:/a:openEuler:openEuler:22.03-LTS-SP3", ("openeuler", "22.03-LTS-SP3")),
        ("cpe:/a:openEuler:openEuler:24.09", ("openeuler", "24.09")),
        ("cpe:/a:openEuler:openEuler:22.03-LTS-SP", None),
        ("cpe:/a:acme:enterprise_linux:9", None),
        ("", None),
    ],
)
def test_releases_by_cpe_name(cpe: str, release: tuple[str, str] | None) -> None:
    assert of_cpe(cpe) == release
