"""Where a report goes: standard output as it is, or a file, whole or not at all."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import stat
import struct
import subprocess
import sys
import termios
from pathlib import Path

import msgspec
import pytest
from rich.cells import cell_len

from secops.core.errors import CitywallError, Exit, UsageError
from secops.core.i18n import language
from secops.core.render import emit
from secops.core.report import Report
from tests.core.sample_report import sample_report

ROOT = Path(__file__).resolve().parents[2]
EMIT = (
    "import sys; from tests.core.sample_report import sample_report; from secops.core.render import emit;"
    "emit(sample_report(sys.argv[2]), sys.argv[1], sys.argv[2], None)"
)
ANSI = re.compile(r"\x1b\[([0-9;]*)m")


def _env(**env: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "TERM": "xterm", "PYTHONUTF8": "1"} | env


def _piped(fmt: str, lang: str = "en", **env: str) -> bytes:
    command = [sys.executable, "-c", EMIT, fmt, lang]
    return subprocess.run(command, cwd=ROOT, env=_env(**env), capture_output=True, check=True).stdout


def _on_terminal(columns: int, lang: str = "en", **env: str) -> str:
    """What a terminal of that width is sent."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-c", EMIT, "text", lang], cwd=ROOT, env=_env(**env), stdout=theirs
    ) as child:
        os.close(theirs)
        sent = b""
        try:
            while part := os.read(ours, 1 << 16):
                sent += part
        except OSError:  # Linux says EIO when the other end is closed
            pass
        os.close(ours)
    assert child.returncode == 0
    return sent.decode().replace("\r\n", "\n")


def _widest(text: str) -> int:
    return max(cell_len(line) for line in ANSI.sub("", text).split("\n"))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_without_a_terminal_80_columns_and_no_colour(lang: str) -> None:
    page = _piped("text", lang, COLUMNS="200").decode()
    assert "\x1b" not in page
    assert _widest(page) <= 80
    assert page == (ROOT / f"tests/golden/report.{lang}.txt").read_text("utf-8")


@pytest.mark.parametrize(("columns", "least", "most"), [(200, 90, 100), (90, 82, 90), (60, 50, 60)])
def test_a_terminal_gives_its_width_up_to_a_limit(columns: int, least: int, most: int) -> None:
    assert least <= _widest(_on_terminal(columns)) <= most


def test_colour_says_severity() -> None:
    page = _on_terminal(80)
    assert "\x1b[1;31mCRITICAL" in page
    assert "\x1b[33mMEDIUM" in page
    coloured = re.findall(r"\x1b\[(?:1;)?3\dm([^\x1b]*)", page)
    assert {word.strip().split(" ")[0].lower() for word in coloured} == {"critical", "high", "medium", "low"}


def test_no_color_is_honoured() -> None:
    assert set(ANSI.findall(_on_terminal(80, NO_COLOR="1"))) <= {"0", "1"}
    assert "\x1b" not in _on_terminal(80, TERM="dumb")


def test_force_color_is_honoured() -> None:
    page = _piped("text", FORCE_COLOR="1").decode()
    assert "\x1b[1;31mCRITICAL" in page
    assert _widest(page) <= 80


def test_a_terminal_that_speaks_no_utf8_gets_escapes_not_an_error() -> None:
    page = _piped("text", "zh", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert page.isascii()
    assert rb"\u4e25\u91cd" in page


def test_json_is_utf8_whatever_the_terminal_speaks() -> None:
    document = _piped("json", "zh", PYTHONUTF8="0", PYTHONIOENCODING="ascii", FORCE_COLOR="1")
    assert msgspec.json.decode(document, type=Report) == sample_report("zh")


def test_the_language_is_given_back() -> None:
    before = language()
    emit(sample_report("zh"), "json", "zh", None)
    assert language() == before


def test_an_unknown_format_names_those_there_are() -> None:
    with pytest.raises(UsageError) as caught:
        emit(sample_report(), "pdf", "en", None)
    assert "text, json" in caught.value.hint


@pytest.mark.parametrize("fmt", ["text", "json"])
def test_a_file_is_written_whole_for_its_owner_only(
    fmt: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"{'报告' * 30}.out"
    path.write_text("an older report")
    emit(sample_report("zh"), fmt, "zh", path)
    assert "账户口令为弱口令" in path.read_text("utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == [path.name]
    assert capfd.readouterr() == ("", "")


def test_colour_never_goes_to_a_file(tmp_path: Path) -> None:
    code = EMIT.replace("None)", "__import__('pathlib').Path(sys.argv[3]))")
    command = [sys.executable, "-c", code, "text", "en", str(tmp_path / "report")]
    subprocess.run(command, cwd=ROOT, env=_env(FORCE_COLOR="1"), check=True)
    assert "\x1b" not in (tmp_path / "report").read_text("utf-8")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        emit(sample_report(), "json", "en", tmp_path / "no" / "report.json")
    assert caught.value.where == str(tmp_path / "no" / "report.json")
    assert "folder" in caught.value.hint
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("kind", ["folder", "link", "pipe", "device"])
def test_only_a_regular_file_is_replaced(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "place"
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        (tmp_path / "target").write_text("keep")
        path.symlink_to(tmp_path / "target")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path = Path("/dev/null")
    before = path.lstat()
    with pytest.raises(UsageError, match="regular"):
        emit(sample_report(), "json", "en", path)
    assert path.lstat() == before
    assert kind != "link" or (tmp_path / "target").read_text() == "keep"


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")
    code = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); {EMIT}"
    code = code.replace("None)", "__import__('pathlib').Path(sys.argv[3]))")
    command = [sys.executable, "-B", "-c", code, "json", "en", str(path)]
    done = subprocess.run(command, cwd=ROOT, env=_env(), capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "CitywallError" in done.stderr
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["report.json"]
    assert CitywallError("").exit_code is Exit.INTERNAL
