"""`citywall privilege` as a user runs it, on two images whose roots are joined by a key."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.scan_kit import at_terminal
from tests.cli.store_kit import citywall, fits, is_inert
from tests.contract.documents import ROOT, blocks
from tests.hosts.key_kit import made

PASSWD = """root:x:0:0::/root:/bin/bash
alice:x:1001:1001::/home/alice:/bin/bash
bob:x:1002:1002::/home/bob:/bin/bash
"""
GROUP = "root:x:0:\nalice:x:1001:\nbob:x:1002:\n"
OS = 'ID=debian\nVERSION_ID="12"\n'


def image(place: Path, name: str, files: Mapping[str, str | bytes]) -> Path:
    """A Debian with these files below it; every home and /root is there."""
    for folder in ("etc/ssh", "etc/sudoers.d", "root/.ssh", "home/alice", "home/bob", "usr/bin", "usr/sbin"):
        (place / folder).mkdir(parents=True, exist_ok=True)
    common: dict[str, str | bytes] = {
        "etc/passwd": PASSWD, "etc/group": GROUP, "etc/os-release": OS, "etc/hostname": f"{name}\n",
        "etc/nsswitch.conf": "passwd: files\n", "usr/bin/sudo": b"", "usr/sbin/sshd": b"",
        "etc/ssh/sshd_config": "PermitRootLogin prohibit-password\nUsePAM yes\n",
        "etc/shadow": "root:*:19000:0:99999:7:::\nalice:*:19000:0:99999:7:::\nbob:*:19000:0:99999:7:::\n",
        "etc/sudoers": "root ALL=(ALL:ALL) ALL\n",
    }  # fmt: skip
    for path, content in {**common, **files}.items():
        (place / path).write_bytes(content.encode() if isinstance(content, str) else content)
    (place / "root/.ssh").chmod(0o700)
    (place / "etc/shadow").chmod(0o600)
    return place


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of web, where alice has an editor by sudo, db, whose root the key of web's root opens, and vault, whose
    sudoers does not parse in two lines.
    """
    folder = tmp_path_factory.mktemp("privilege")
    key = made()["ed25519-openssh"]
    web = image(
        folder / "web", "web",
        {"etc/sudoers": "root ALL=(ALL:ALL) ALL\nalice ALL=(root) /usr/bin/vim\n", "root/.ssh/id": key.content},
    )  # fmt: skip
    (web / "root/.ssh/id").chmod(0o600)
    db = image(folder / "db", "db", {"root/.ssh/authorized_keys": key.public})
    vault = image(folder / "vault", "vault", {"etc/sudoers": "root ALL=(ALL) ALL\nalice ALL\nbob ALL=(\n"})
    hosts = {"web": web, "db": db, "vault": vault}.items()
    inventory = "hosts:\n" + "".join(f"  - {{name: {name}, root: {place}}}\n" for name, place in hosts)
    (folder / "hosts.yml").write_text(inventory)
    (folder / "roles.yml").write_text(
        "people: [{name: 张伟, level: operator, accounts: [alise, alice], hosts: [web, ved]}]\n"
        "break_glass: [{account: bob@gov, reason: fire}]\n"
    )
    done = citywall(
        folder, "scan", "--inventory", str(folder / "hosts.yml"), "--roles", str(folder / "roles.yml"),
        "--fail-on", "never", "--min-coverage", "0",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (folder / "said.txt").write_text(done.stdout)
    return folder


def test_what_roles_yml_names_and_the_run_does_not_have_is_among_its_notes(home: Path) -> None:
    notes = " ".join((home / "said.txt").read_text().partition("\nNotes\n")[2].split())
    assert "no host of this run is called so: ved (people[0].hosts). Its hosts: web, db, vault" in notes
    assert "bob@gov (host gov, break_glass[0].account)" in notes
    assert "has such an account: alise (people[0].accounts)" in notes
    assert "alice (" not in notes


def test_paths_lists_who_can_become_root(home: Path) -> None:
    done = citywall(home, "privilege", "paths", "--format", "json")
    found = {(path["from"], path["to"]): path for path in json.loads(done.stdout)}
    assert done.returncode == 1
    assert set(found) == {("alice@web", "root@web"), ("root@web", "root@db")}
    (step,) = found["alice@web", "root@web"]["steps"]
    assert (step["way"], step["thing"], step["source"], step["line"]) == ("sudo", "/usr/bin/vim", "/etc/sudoers", 2)


def test_a_path_step_by_step_with_what_cuts_it(home: Path) -> None:
    asked = ("privilege", "paths", "--from", "alice@web", "--to", "root@db")
    path = json.loads(citywall(home, *asked, "--format", "json").stdout)
    fingerprint = made()["ed25519-openssh"].fingerprint
    assert [step["way"] for step in path["steps"]] == ["sudo", "key"]
    assert [cut["thing"] for cut in path["cuts"]] == ["/usr/bin/vim", fingerprint, fingerprint]
    said = citywall(home, *asked)
    assert said.returncode == 1
    assert "alice@web → root@db: 2 steps" in said.stdout
    assert "/etc/sudoers:2" in said.stdout
    assert "/root/.ssh/authorized_keys:1" in said.stdout


def test_who_could_become_an_account_that_root_can(home: Path) -> None:
    found = json.loads(citywall(home, "privilege", "paths", "--to", "bob@db", "--format", "json").stdout)
    assert {(path["from"], path["to"]) for path in found} == {("alice@web", "root@db"), ("root@web", "root@db")}


def test_without_a_path_nothing_is_clean_that_was_not_seen(home: Path) -> None:
    done = citywall(home, "privilege", "paths", "--from", "bob@web", "--to", "root@db")
    assert done.returncode == 3, done.stderr
    assert "No path was found from bob@web to root@db." in done.stdout
    assert "ways may be missing" in done.stderr
    assert all(f"/etc/sudoers:{line}: " in done.stderr for line in (2, 3))


def test_who_tells_of_one_account(home: Path) -> None:
    found = json.loads(citywall(home, "privilege", "who", "root@web", "--format", "json").stdout)
    assert [way["way"] for way in found["ways"]] == ["private_key"]
    assert [path["to"] for path in found["becomes"]] == ["root@db"]
    assert [path["from"] for path in found["becomes_it"]] == ["alice@web"]


def test_review_ranks_what_cuts_the_most(home: Path) -> None:
    done = citywall(home, "privilege", "review", "--format", "json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["pairs"], found["hosts"]) == (1, 3, 3)
    assert [(one["way"], one["pairs"]) for one in found["choke_points"]] == [
        ("private_key", 2),
        ("key", 2),
        ("sudo", 2),
    ]
    assert found["choke_points"][0]["held_by"] == ["root@web"]
    assert found["choke_points"][2]["command"] == "visudo -f /etc/sudoers"
    assert "visudo -f /etc/sudoers" in citywall(home, "privilege", "review").stdout


def test_what_the_documentation_shows_is_printed(home: Path) -> None:
    examples = [text for _, text in blocks(ROOT / "docs/privilege.md", "text")]
    assert len(examples) == 2
    for shown in examples:
        command, _, said = shown.partition("\n")
        printed = citywall(home, *command.removeprefix("$ citywall ").split()).stdout
        # the document's lines are folded, and its key is another one
        assert printed.split() == re.sub(r"SHA256:[\w+/]{43}", made()["ed25519-openssh"].fingerprint, said).split()


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    "args", [["paths"], ["paths", "--from", "alice@web", "--to", "root@db"], ["who", "alice@web"], ["review"]]
)
def test_what_is_shown_fits_a_terminal_in_both_languages(home: Path, args: list[str], lang: str) -> None:
    said = at_terminal(home, "privilege", *args, "--lang", lang)
    assert is_inert(said)
    assert fits(said.replace("     $ ", "")), said
    assert any("一" <= char <= "龥" for char in said) == (lang == "zh")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["paths", "--from", "alice"], "no USER@HOST"),
        (["paths", "--to", "root@dbb"], "Did you mean `db`?"),
        (["who", "alise@web"], "Did you mean `alice`?"),
        (["review", "--run", "20000101"], "20000101"),
    ],
)
def test_what_is_not_there_is_wrong_usage(home: Path, args: list[str], said: str) -> None:
    done = citywall(home, "privilege", *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


APPLICATION = """columns: {account: 登录名, person: 姓名, role: 角色, status: 状态, last_login: 最后登录, created: 创建}
roles: {录入员: {}, 审批员: {}}
conflicts: [[录入员, 审批员]]
people: {file: staff.csv, columns: {person: 姓名}}
"""
EXPORT = """登录名,姓名,角色,状态,最后登录,创建
zhangwei,张伟,录入员,启用,2020-01-01,2019-01-01
zw2,张伟,审批员,停用,2020-01-01,2019-01-01
"""


def application(folder: Path, export: str = EXPORT) -> tuple[str, ...]:
    for name, content in {"portal.yml": APPLICATION, "users.csv": export, "staff.csv": "姓名\n张伟\n"}.items():
        (folder / name).write_text(content)
    return ("privilege", "review", "--accounts", str(folder / "users.csv"), "--roles", str(folder / "portal.yml"))


def test_accounts_of_an_application_are_reviewed(tmp_path: Path) -> None:
    asked = application(tmp_path)
    done = citywall(tmp_path, *asked, "--format", "json")
    found = json.loads(done.stdout)
    assert done.returncode == 1, done.stderr
    assert [(issue["kind"], issue["account"], issue["row"]) for issue in found["issues"]] == [
        ("dormant", "zhangwei", 2), ("disabled", "zw2", 3),
    ]  # fmt: skip
    said = citywall(tmp_path, *asked, LANG="zh_CN.UTF-8")
    assert "长期未用" in said.stdout
    assert "zhangwei" in said.stdout


def test_what_of_an_application_cannot_be_judged_is_not_clean(tmp_path: Path) -> None:
    done = citywall(
        tmp_path, *application(tmp_path, EXPORT.split("\n")[0] + "\nli,张伟,录入员,启用,20年6月,2019-01-01\n")
    )
    assert done.returncode == 3
    assert "row 2" in done.stdout


@pytest.mark.parametrize("left_out", ["--accounts", "--roles"])
def test_an_export_needs_its_mapping(tmp_path: Path, left_out: str) -> None:
    asked = list(application(tmp_path))
    at = asked.index(left_out)
    done = citywall(tmp_path, *asked[:at], *asked[at + 2 :])
    assert (done.returncode, done.stdout) == (2, "")
    assert "together" in done.stderr
