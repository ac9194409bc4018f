"""docs/walkthrough.md, typed as it stands: every command ends as the page says, and what is said of results is so."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.documents import ROOT, Command, blocks, commands

PAGE = ROOT / "docs/walkthrough.md"
COMMANDS = commands(PAGE)

#: Behind each command: how it ended.
_MARK = re.compile(r"\n@@ (\d+)\n")


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Command, int, str]]:
    """Each command once, with its exit code and all that it printed."""
    folder = tmp_path_factory.mktemp("walk")
    for _, text in blocks(PAGE, "yaml"):
        name = text.partition("\n")[0].removeprefix("# ")
        (folder / name).write_text(text, "utf-8")
    programs = folder / "bin"
    programs.mkdir()
    (programs / "citywall").symlink_to(Path(sys.executable).with_name("citywall"))
    script = "".join(f"{command.text}\nprintf '\\n@@ %s\\n' $?\n" for command in COMMANDS)
    path = f"{programs}:{os.path.dirname(shutil.which('python3') or '')}:{os.environ['PATH']}"
    (folder / "walk.sh").write_text(script, "utf-8")
    done = subprocess.run(
        ["sh", "walk.sh"], cwd=folder, env={"HOME": str(folder), "PATH": path, "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=600,
    )  # fmt: skip
    parts = _MARK.split(done.stdout)
    ends = zip(COMMANDS, map(int, parts[1::2]), parts[::2], strict=False)
    return {command.place: (command, code, said) for command, code, said in ends}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.place)
def test_each_command_ends_as_the_page_says(command: Command, walked: dict[str, tuple[Command, int, str]]) -> None:
    told = re.search(r"exit code (\d)", command.remark)
    _, code, said = walked[command.place]
    assert code == (int(told[1]) if told else 0), f"{command.place}: {command.text}\n{said}"
    assert "Traceback" not in said


def said_by(walked: dict[str, tuple[Command, int, str]], text: str, number: int = 0) -> str:
    return [said for command, _, said in walked.values() if command.text.startswith(text)][number]


def test_what_left_is_what_was_counted(walked: dict[str, tuple[Command, int, str]]) -> None:
    women = sum(1 for n in range(400) if n % 3 == 0)
    by_sex = said_by(walked, "cat exchange/out/medical-institute/r0001")
    assert f"f,{women}\n" in by_sex
    assert f"m,{400 - women}\n" in by_sex
    by_district = said_by(walked, "cat exchange/out/medical-institute/r0002")
    assert re.search(r"^island,redacted$", by_district, re.MULTILINE)
    assert re.search(r"^east,\d+$", by_district, re.MULTILINE)


def test_what_was_refused_says_why(walked: dict[str, tuple[Command, int, str]]) -> None:
    assert "difference-" in said_by(walked, "citywall release request by-sex-short.yml")
    assert "May leave" in said_by(walked, "citywall release check both.yml")
    assert "difference-" in said_by(walked, "citywall release check both.yml", 1)
    assert "difference-" in said_by(walked, "citywall release request both.yml")
    assert "0 of 2" in said_by(walked, "citywall release publish r0001")
    assert "own request" in said_by(walked, "citywall release approve r0001 --key institute.key")


def test_elsewhere_it_is_verified_or_found_out(walked: dict[str, tuple[Command, int, str]]) -> None:
    assert said_by(walked, "python3 -I verify.py export.jsonl").startswith("fine: ")
    assert "REWOUND" in said_by(walked, "python3 -I verify.py shorter.jsonl")
    assert "FORGED" in said_by(walked, "python3 -I verify.py changed.jsonl")


def test_no_passphrase_and_no_value_is_said(walked: dict[str, tuple[Command, int, str]]) -> None:
    everything = "".join(said for _, _, said in walked.values())
    assert "battery staple" not in everything
    assert "Traceback" not in everything
