"""`citywall waive`: who accepts what, why, and until when."""

import json
import re
import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from secops.core.store import Store
from secops.core.waiver import Waiver
from tests.cli.scan_kit import at_terminal
from tests.cli.store_kit import FIRST, HOSTILE, citywall, fits, is_inert, seed, url
from tests.contract.documents import example

ADD = ["waive", "add", "r1", "--host", "web*", "--reason", "ticket 4711", "--approver", "李伟", "--expires", "90d"]


#: Findings of `FIRST` are of this rule, which is nobody's but ours.
OWN = example("rules-format.md").replace("lab-account-on-server", "r1").replace("key: [user_name]", "key: [user, path]")


def _add(home: Path, *more: str) -> subprocess.CompletedProcess[str]:
    (home / "own").mkdir(exist_ok=True)
    (home / "own/r1.yml").write_text(OWN)
    return citywall(home, *ADD, "--rules", str(home / "own"), *more)


def _kept(home: Path) -> list[Waiver]:
    return Store.open(url(home)).waivers()


def test_a_waiver_is_kept_and_its_id_printed(tmp_path: Path) -> None:
    done = _add(tmp_path, "--key", "user=root", "--key", "path=/a=b")
    assert done.returncode == 0
    assert re.fullmatch(r"w-[0-9a-f]{8}\n", done.stdout)
    assert "next scan" in done.stderr
    today = datetime.now(UTC).date()
    (waiver,) = _kept(tmp_path)
    assert waiver == Waiver(
        id=done.stdout.strip(), rule="r1", host="web*", key={"user": "root", "path": "/a=b"}, reason="ticket 4711",
        approver="李伟", created=waiver.created, expires=waiver.created + timedelta(90),
    )  # fmt: skip
    assert today - timedelta(1) <= waiver.created <= today


def test_it_tells_how_many_findings_it_is_about(tmp_path: Path) -> None:
    seed(tmp_path, FIRST)
    assert "It matches 1 of the last run's findings" in _add(tmp_path).stderr
    assert "It matches no finding of the last run" in _add(tmp_path, "--key", "user=ops").stderr


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--expires", "tomorrow"], "'tomorrow' is no date"),
        (["--expires", "367d"], "it would end on"),
        (["--expires", "9999d"], "it would end on"),
        (["--expires", "2020-01-01"], "it would end on 2020-01-01"),
        (["--key", "user"], "'user' names no value"),
        (["--key", "=root"], "'=root' names no value"),
        (["--key", "user=a", "--key", "user=b"], "'user=b' names no value"),
        (["--reason", "  "], "reason is empty"),
        (["--approver", ""], "approver is empty"),
        (["--host", ""], "host is empty"),
    ],
)
def test_what_makes_no_waiver_is_wrong_usage(tmp_path: Path, wrong: list[str], said: str) -> None:
    done = _add(tmp_path, *wrong)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert not (tmp_path / "citywall.db").exists()


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["sudo-nopasswd-al"], "Did you mean `sudo-nopasswd-all`?"),
        (["nothing-like-it-*"], "`citywall rules list` shows them."),
        (["SUDO-nopasswd-all"], "Did you mean `sudo-nopasswd-all`?"),
        (["account-uid-zero", "--key", "username=toor"], "Did you mean `user_name`?"),
        (["account-uid-*", "--key", "zzz=toor"], "Choose from user_name."),
    ],
    ids=str,
)
def test_a_waiver_that_could_never_match_is_refused(tmp_path: Path, words: list[str], hint: str) -> None:
    rule, *keys = words
    done = citywall(tmp_path, "waive", "add", rule, *keys, *ADD[3:])
    assert (done.returncode, done.stdout) == (2, "")
    assert hint in done.stderr
    assert not (tmp_path / "citywall.db").exists()
    known = citywall(tmp_path, "waive", "add", "account-*", "--key", "user_name=toor", *ADD[3:])
    assert known.returncode == 0, known.stderr


@pytest.mark.parametrize("option", ["--host", "--reason", "--approver", "--expires"])
def test_each_of_these_must_be_said(tmp_path: Path, option: str) -> None:
    at = ADD.index(option)
    done = citywall(tmp_path, *ADD[:at], *ADD[at + 2 :])
    assert done.returncode == 2
    assert option in done.stderr


def test_the_list_fits_a_terminal_is_inert_and_marks_what_has_ended(tmp_path: Path) -> None:
    store = Store.open(url(tmp_path))
    day = date(2026, 1, 1)
    common = {"rule": "r" * 50, "host": HOSTILE, "key": {"user": HOSTILE}, "reason": HOSTILE, "approver": HOSTILE}
    store.add_waiver(Waiver(id="w-00000001", created=day, expires=day + timedelta(9), **common))  # type: ignore[arg-type]
    store.add_waiver(Waiver(id="w-00000002", created=date(9000, 1, 1), expires=date(9000, 2, 2), **common))  # type: ignore[arg-type]
    done = citywall(tmp_path, "waive", "list")
    assert done.returncode == 0
    assert done.stdout.count("expired") == 1
    assert is_inert(done.stdout)
    assert fits(at_terminal(tmp_path, "waive", "list"))
    document = citywall(tmp_path, "waive", "list", "--format", "json").stdout
    assert not set("\x1b\x9b\u202e") & set(document)
    assert [item["reason"] for item in json.loads(document)] == [HOSTILE] * 2
    assert json.loads(document)[0]["expires"] == "2026-01-10"


def test_an_empty_list(tmp_path: Path) -> None:
    done = citywall(tmp_path, "waive", "list")
    assert (done.returncode, done.stdout) == (0, "")
    assert "no waivers" in done.stderr


def test_a_waiver_can_be_removed_once(tmp_path: Path) -> None:
    name = _add(tmp_path).stdout.strip()
    assert citywall(tmp_path, "waive", "remove", name).returncode == 0
    assert _kept(tmp_path) == []
    done = citywall(tmp_path, "waive", "remove", name)
    assert done.returncode == 2
    assert "no such waiver" in done.stderr
    assert "citywall waive list" in done.stderr
