"""From files in an image to credentials, through the carrier; and that nothing leaves a host unless it is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from secops.hosts.carriers.root import Root
from secops.hosts.credentials import LISTING, SECTIONS, credentials
from secops.hosts.evidence import Status, decode
from secops.hosts.listing import parse_listing
from secops.hosts.manifest import manifest
from secops.hosts.script import generate
from tests.hosts.credentials import test_applications as applications
from tests.hosts.credentials import test_services as services
from tests.testroot import TestHost

FILES = {
    "/etc/passwd": b"root:x:0:0::/root:/bin/sh\nops:x:1000:1000::/home/ops:/bin/sh\nsvc:x:9:9::/opt/shop:/bin/sh\n",
    "/etc/redis/redis.conf": services.REDIS.encode(),
    "/home/ops/.pgpass": b"*:*:*:app:pw\n",
    "/etc/my.cnf": services.MY_CNF.encode(),
    "/etc/mosquitto/passwd": b"alice:plain\n",
    "/etc/nginx/conf.d/.htpasswd": services.HTPASSWD.encode(),
    "/etc/snmp/snmpd.conf": services.SNMPD.encode(),
    "/opt/apache-tomcat-9/conf/tomcat-users.xml": services.TOMCAT.encode(),
    "/home/ops/.vnc/passwd": bytes.fromhex("fbdb22fbbb554c21"),
    "/root/.netrc": services.NETRC.encode(),
    "/etc/NetworkManager/system-connections/办公室.nmconnection": services.NETWORK.encode(),
    "/etc/rsyncd.secrets": b"backup:pw\n",
    "/var/lib/cloud/instances/i-1/user-data.txt": services.CLOUD.encode(),
    "/opt/shop/.env": applications.ENV.encode(),  # also the home of svc: read once
    "/opt/shop/config/application.yml": applications.YAML.encode(),
}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        path = tmp_path / name[1:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "var/lib/cloud/instance").symlink_to("/var/lib/cloud/instances/i-1")
    (tmp_path / "opt/shop/.env").chmod(0o644)
    return tmp_path


def test_every_service_is_found_in_an_image(image: Path) -> None:
    evidence = Root(str(image), hashes=True).collect()
    found, problems = credentials(evidence)
    assert problems == []
    assert {f"credentials_{each.service}" for each in found} == {section.name for section in SECTIONS}
    assert {each.path.replace("/instance/", "/instances/i-1/") for each in found} == FILES.keys() - {"/etc/passwd"}
    values = [(each.path, each.account) for each in found]
    assert values.count(("/opt/shop/.env", "DB_PASSWORD")) == 1
    assert next(each.value.reveal() for each in found if each.service == "vnc") == b"Abc1"
    assert "Abc1" not in repr(found)
    assert "Abc1" not in repr([*found, *problems])
    modes = {entry.path: entry.mode for entry in parse_listing(b"".join(i.data for i in evidence[LISTING.name].files))}
    assert modes["/opt/shop/.env"] == 0o644
    assert FILES.keys() - {"/etc/passwd"} <= {path.replace("/instance/", "/instances/i-1/") for path in modes}


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox ash"])
def test_the_script_finds_in_homes_what_the_image_carrier_finds(test_host: TestHost, shell: str) -> None:
    """Among homes that patterns need not go through: without a directory, with none but itself (as /bin/X11)."""
    for home, folder in (("deep", "site/"), ("flat", ""), ("own", "")):
        with test_host.at("/etc/passwd").open("a") as passwd:
            passwd.write(f"{home}:x:9000:9000::/people/{home}:/bin/sh\n")
        test_host.at(f"/people/{home}/{folder}").mkdir(parents=True)
        test_host.write(f"/people/{home}/{folder}.env", "A=1\n")
        test_host.write(f"/people/{home}/application.yml", "a: 1\n")
    test_host.at("/people/own/itself").symlink_to(".")
    sections = manifest("clear")
    stream = test_host.run(shell.split(), generate(sections).encode(), check=True).stdout
    live = decode(stream, sections, carrier="local", label="test")
    image = Root(str(test_host.root), hashes=True).collect()
    wanted = {"/people/deep/site/.env", "/people/flat/.env", "/people/own/.env"}
    wanted |= {f"/people/{home}/application.yml" for home in ("deep", "flat", "own")}
    for evidence in (live, image):
        read = {item.path for section in SECTIONS for item in evidence[section.name].files}
        listed = {entry.path for item in evidence[LISTING.name].items for entry in parse_listing(item.data)}
        for found in (read, listed):
            assert {path.replace("itself/", "") for path in found if path.startswith("/people")} == wanted


def test_a_faulty_file_is_a_problem_and_the_others_count(image: Path) -> None:
    (image / "home/ops/.vnc/passwd").write_bytes(b"Hidden-1")
    (image / "opt/apache-tomcat-9/conf/tomcat-users.xml").write_bytes(b"<!DOCTYPE Hidden-1><a/>")
    (image / "etc/rsyncd.secrets").unlink()
    (image / "etc/rsyncd.secrets").symlink_to("/nowhere")
    (image / "root/.netrc").write_bytes(b"Hidden-1\0")
    found, problems = credentials(Root(str(image), hashes=True).collect())
    assert len({each.service for each in found}) == len(SECTIONS) - 3
    assert [problem.reason.partition(":")[0] for problem in problems] == [
        "/root/.netrc",
        "/opt/apache-tomcat-9/conf/tomcat-users.xml",
    ]
    assert "Hidden-1" not in repr(problems)


def test_nothing_is_read_unless_hashes_are_asked_for(image: Path) -> None:
    evidence = Root(str(image)).collect()
    assert not any(section.name in evidence.sections for section in SECTIONS)
    found, problems = credentials(evidence)
    assert (found, [problem.status for problem in problems]) == ([], [Status.ABSENT])
    script = generate(manifest("sealed"))
    assert all(section.name not in script for section in SECTIONS)
    assert {section.seal for section in manifest("sealed") if section.name.startswith("credentials_")} == {True}
