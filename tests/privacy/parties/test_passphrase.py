"""A passphrase comes from where others cannot read it."""

from __future__ import annotations

import os
import pty
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from privacy.parties.passphrase import obtain
from secops.core.errors import UsageError

WORDS = "twelve words 口令"


def test_from_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "words"
    path.write_text(WORDS + "\nsecond line\n")
    path.chmod(0o600)
    assert obtain(f"file:{path}", new=True).reveal() == WORDS.encode()
    path.chmod(0o640)
    with pytest.raises(UsageError, match="others may read"):
        obtain(f"file:{path}")


def test_from_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o644)
    writer = threading.Thread(target=lambda: pipe.write_text(WORDS + "\n"))
    writer.start()
    assert obtain(f"file:{pipe}").reveal() == WORDS.encode()
    writer.join()


def test_from_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHECKER_WORDS", WORDS)
    assert obtain("env:CHECKER_WORDS").reveal() == WORDS.encode()


def _typed(*lines: str) -> str:
    """What a process shows on a terminal of its own where these lines are typed, each when it is asked for."""
    code = (
        "from privacy.parties.passphrase import obtain\n"
        "try: print('GOT', len(obtain('prompt', new=True).reveal()))\n"
        "except Exception as error: print('FAILED', error)"
    )
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-c", code])  # noqa: S606 - Python itself
    shown = b""
    with os.fdopen(terminal, "r+b", buffering=0) as file, suppress(OSError):  # EIO: the other end is closed
        for line in (*lines, ""):
            while part := file.read(1000):
                shown += part
                if line and shown.endswith(b": "):
                    file.write(f"{line}\n".encode())
                    break
    os.waitpid(child, 0)
    return shown.decode()


def test_from_a_prompt() -> None:
    shown = _typed(WORDS, WORDS)
    assert f"GOT {len(WORDS.encode())}" in shown
    assert WORDS not in shown
    shown = _typed(WORDS, WORDS + "!")
    assert "FAILED the two passphrases differ" in shown
    assert WORDS not in shown


def test_nobody_can_be_asked_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    with open(os.devnull) as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        with pytest.raises(UsageError, match="no terminal"):
            obtain("prompt")


@pytest.mark.parametrize("source", ["", "hunter2-hunter2", "file:", "env:", "pass:hunter2-hunter2"])
def test_the_passphrase_itself_is_no_source_and_is_not_shown(source: str) -> None:
    with pytest.raises(UsageError) as caught:
        obtain(source)
    assert "hunter2" not in f"{caught.value!r} {caught.value} {caught.value.hint}"


@pytest.mark.parametrize("length", [0, 11, 12, 1024, 1025])
def test_lengths(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORDS", "口" * length if length < 100 else "x" * length)
    if 12 <= length <= 1024:
        assert obtain("env:WORDS", new=True).reveal()
    else:
        with pytest.raises(UsageError):
            obtain("env:WORDS", new=True)
    if length == 11:
        assert obtain("env:WORDS").reveal()  # one that is there already


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        obtain(f"file:{tmp_path}/no")
