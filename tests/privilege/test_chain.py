"""A chain over two hosts: it is printed, it is gone for real by the user it is printed for, and one change ends it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.privilege.chain_kit import FIRST, PROOF, SCRIPT, SECOND, Chain, laid

ALICE, ROOT = f"alice@{FIRST}", f"root@{FIRST}"
DEPLOY, GUEST, TARGET = f"deploy@{SECOND}", f"guest@{SECOND}", f"root@{SECOND}"


@pytest.fixture(scope="module")
def chain(test_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    with laid(tmp_path_factory.mktemp("chain")) as chain:
        chain.scan()
        yield chain


def test_it_is_printed_step_by_step(chain: Chain) -> None:
    code, path = chain.ask("paths", "--from", ALICE, "--to", TARGET)
    key = chain.first.run(["ssh-keygen", "-lf", "/root/.ssh/id_ed25519"], check=True).stdout.decode().split()[1]
    assert (code, path["certain"]) == (1, True)
    assert [(step["host"], step["way"], step["thing"], step["becomes"]) for step in path["steps"]] == [
        (FIRST, "sudo", "/usr/bin/ed", "root"),
        (SECOND, "key", key, "deploy"),
        (SECOND, "file", SCRIPT, "root"),
    ]
    assert [(step["source"], step["line"]) for step in path["steps"]] == [
        ("/etc/sudoers.d/site", 1), ("/home/deploy/.ssh/authorized_keys", 1), ("/etc/cron.d/cleanup", 1),
    ]  # fmt: skip
    assert [node for node in path["path"] if "@" in node] == [ALICE, ROOT, DEPLOY, TARGET]


def test_nobody_else_has_a_path(chain: Chain) -> None:
    code, paths = chain.ask("paths")
    assert code == 1
    assert {(path["from"], path["to"]) for path in paths} == {(ALICE, ROOT), (ROOT, TARGET), (DEPLOY, TARGET)}
    assert chain.ask("paths", "--from", GUEST, "--to", TARGET) == (0, None)


def test_what_is_reported_as_impossible_is_refused(chain: Chain) -> None:
    tried = chain.by_env()
    assert (tried.returncode, tried.stdout) == (126, b""), "bob's env may start nothing"
    assert chain.by_key("auditor", "touch /tmp/mine; echo done") == "auditor", "the key's own command alone is run"
    assert not chain.second.at("/tmp/mine").exists()
    assert chain.by_key("guest", "id -un") == "guest"
    assert "Permission denied" in chain.by_key("guest", f"echo id >>{SCRIPT}")
    assert "refused" not in chain.by_key("deploy", f"test -w {SCRIPT} || echo refused"), "the way that there is"


def test_it_is_gone_for_real_until_the_top_choke_point_is_closed(chain: Chain) -> None:
    """The one test that changes the hosts: it comes last."""
    assert chain.by_editor("id -un") == "root"
    assert chain.by_key("deploy", "id -un") == "deploy"
    before = chain.second.at(SCRIPT).read_bytes()
    assert chain.by_key("deploy", f"echo 'id -un >{PROOF}' >>{SCRIPT}") == ""
    assert chain.cron(20)
    proof = chain.second.at(PROOF)
    assert (proof.read_text(), proof.stat().st_uid) == ("root\n", 0)

    code, review = chain.ask("review")
    assert (code, review["pairs"]) == (1, 4)
    top, *others = review["choke_points"]
    assert (top["host"], top["way"], top["thing"], top["pairs"]) == (SECOND, "file", SCRIPT, 3)
    assert top["fix"]["en"] == f"Let nobody change {SCRIPT} but the account that runs or reads it."
    assert {(one["way"], one["pairs"]) for one in others} == {("private_key", 2), ("key", 2), ("sudo", 2)}
    proof.unlink()
    chain.second.write(top["thing"], before, 0o755)  # as `fix` says: root's, and nobody else's to change

    chain.scan()
    assert chain.ask("paths", "--from", ALICE, "--to", TARGET) == (0, None)
    assert [one["thing"] for one in chain.ask("review")[1]["choke_points"]] == ["/usr/bin/ed"]
    assert chain.by_key("deploy", "id -un") == "deploy"
    assert "Permission denied" in chain.by_key("deploy", f"echo 'id -un >{PROOF}' >>{SCRIPT}")
    assert not chain.cron(1)
