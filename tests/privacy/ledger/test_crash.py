"""A crash at any write, or a disk that fills, leaves the batch whole in the log or not at all."""

from __future__ import annotations

import errno
import io
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from privacy.ledger import files
from privacy.ledger.log import Ledger
from privacy.ledger.verify import verify
from secops.core.errors import CitywallError, RefusedError
from tests.privacy.ledger.kit import KEYS, Key, entry, ledger

_OWNER = Key("owner")


def in_child(work: Callable[[], object]) -> int:
    """Do something in a child process; how that ended."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def dying(at: int, whole: bool) -> Callable[[io.FileIO, bytes], None]:
    """A write that ends the process at the `at`-th call, having written nothing but half, or all."""
    calls = iter(range(at + 1))
    plain = files._write

    def write(file: io.FileIO, content: bytes) -> None:
        if next(calls) < at:
            return plain(file, content)
        plain(file, content if whole else content[: len(content) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
        return None

    return write


@pytest.mark.parametrize("whole", [False, True])
def test_killed_at_any_write(tmp_path: Path, whole: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for at in range(8):
        log = ledger(tmp_path / str(at), [3, 2])
        with monkeypatch.context() as patch:
            patch.setattr(files, "_write", dying(at, whole))
            ended = in_child(lambda log=log: log.append([entry(5), entry(6), entry(7)]))  # type: ignore[misc]
        written = 8 if ended == 0 or (at == 6 and whole) else 5  # the seventh write is the head's
        assert ended == (-signal.SIGKILL if at < 7 else 0)
        assert log.head().size == written
        assert list(log.entries()) == [entry(n) for n in range(written)]
        assert verify(log.folder, [], [], KEYS) == []
        known = log.head()
        log.append([entry(99)])
        assert list(log.entries()) == [*(entry(n) for n in range(written)), entry(99)]
        assert verify(log.folder, [known], [log.receipt(written)], KEYS) == []


def test_killed_while_it_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_write", dying(2, False))
    assert in_child(lambda: ledger(tmp_path / "l")) == -signal.SIGKILL
    monkeypatch.undo()
    assert not (tmp_path / "l").exists()
    assert ledger(tmp_path / "l", [1]).head().size == 1


_WRITER = """
import itertools, sys
from pathlib import Path
from privacy.ledger.log import Ledger
from tests.privacy.ledger.kit import Key, entry
log = Ledger.open(Path(sys.argv[1]), Key("owner"))
for n in itertools.count():
    print(log.append([entry(n)] * 7).size, flush=True)
"""


def test_killed_from_outside(tmp_path: Path) -> None:
    log = Ledger.create(tmp_path / "l", "office", "sha256", _OWNER)
    known = [log.head()]
    for batches in (1, 4, 9):
        with subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(log.folder)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout
            told = [int(next(writer.stdout)) for _ in range(batches)]
            writer.kill()
        assert log.head().size >= told[-1]
        assert log.head().size % 7 == 0
        assert verify(log.folder, known, [], KEYS) == []
        known.append(log.head())


def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    log = ledger(tmp_path / "l", [3, 2])
    before = log.head()

    def fill(room: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))  # ends a write half-way
        with pytest.raises(CitywallError, match="cannot be written") as caught:
            log.append([{**entry(5), "more": "secret" * 1000}] * 2)
        assert "secret" not in str(caught.value)

    for room in (300, 4000, 6000, 12000):
        assert in_child(lambda room=room: fill(room)) == 0  # type: ignore[misc]
        assert log.head() == before
        assert log.files.entries.stat().st_size == log.files.end(5)  # what was written is given back
    log.append([entry(5)])
    assert verify(log.folder, [before], [], KEYS) == []


_FULL = """
import os, sys
from pathlib import Path
from privacy.ledger.verify import verify
from secops.core.errors import CitywallError
from tests.privacy.ledger.kit import KEYS, WITNESS, entry, ledger

def told(work):
    try:
        return work() and ""
    except CitywallError as error:
        return f"{int(error.exit_code)} {error.what}"

place = Path(sys.argv[1])
log = ledger(place / "l", [3, 2])
for bytes_left in map(int, sys.argv[2:]):
    known, ballast = log.head(), place / "ballast"
    space = os.statvfs(place).f_bavail * os.statvfs(place).f_bsize
    ballast.write_bytes(bytes(max(space - bytes_left, 0)))
    batch = [{**entry(n), "more": "m" * 1000} for n in range(3)]
    said = next(filter(None, (told(lambda: log.append(batch)) for _ in range(100))))
    print(said, "|", told(lambda: ledger(place / "m", [1])), "|", told(lambda: log.cosign(log.head(), WITNESS)))
    print((log.head().size - 5) % 3, verify(log.folder, [known], [], KEYS), sorted(os.listdir(place)))
    ballast.unlink()
print(log.append(batch).size > 5, verify(log.folder, [known], [], KEYS))
"""


def test_a_full_disk(tmp_path: Path) -> None:
    flags = "-m" if os.geteuid() == 0 else "-rm"
    if not shutil.which("unshare") or subprocess.run(["unshare", flags, "true"], check=False).returncode:
        pytest.skip("no mount namespaces here")
    script = 'mount -t tmpfs -o size=256k none "$1" && exec "$0" -c "$2" "$1" 0 4096 40000'
    done = subprocess.run(
        ["unshare", flags, "sh", "-c", script, sys.executable, str(tmp_path), _FULL],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    full = "4 the disk is full; nothing was appended"
    assert done.stdout.splitlines() == [f"{full} | {full} | {full}", "0 [] ['ballast', 'l']"] * 3 + ["True []"], done


def name_of(descriptor: int) -> str:
    return Path(os.readlink(f"/proc/self/fd/{descriptor}")).name


def test_a_disk_that_is_full_for_the_head_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = ledger(tmp_path / "l", [3])
    before, plain = log.files.heads.read_bytes(), os.fdatasync

    def fail(descriptor: int) -> None:
        if name_of(descriptor) == "heads.jsonl":
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
        plain(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fail)
        with pytest.raises(RefusedError, match=r"heads\.jsonl: the disk is full; nothing was appended"):
            log.append([entry(3)])
    assert log.files.heads.read_bytes() == before
    assert log.append([entry(3)]).size == 4
    assert verify(log.folder, [], [], KEYS) == []


def test_nothing_is_told_before_it_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = ledger(tmp_path / "l", [4])
    done: list[str] = []
    plain, plain_write = os.fdatasync, files._write

    def sync(descriptor: int) -> None:
        done.append(name_of(descriptor))
        plain(descriptor)

    def write(file: io.FileIO, content: bytes) -> None:
        done.append("write " + name_of(file.fileno()))
        plain_write(file, content)

    monkeypatch.setattr(os, "fdatasync", sync)
    monkeypatch.setattr(files, "_write", write)
    log.append([entry(4), entry(5)])
    names = {"entries.jsonl", "ends", "nodes-00", "nodes-01"}
    assert [set(done[:4]), set(done[4:8])] == [{"write " + name for name in names}, names]
    assert done[8:] == ["write heads.jsonl", "heads.jsonl"]
