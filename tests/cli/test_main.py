"""How every command ends: help with examples that parse, a hint for what is wrong, an exit code that is kept."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from secops.cli.main import cli
from secops.core.errors import PRECEDENCE, Exit, worst
from tests.cli.scan_kit import ROOT, environment, image, into, nobody_reads
from tests.cli.store_kit import citywall


def _all(command: click.Command, *path: str) -> Iterator[tuple[str, ...]]:
    """Every command and sub-command, as its words."""
    yield path
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            sub = command.get_command(click.Context(command), name)
            assert sub
            yield from _all(sub, *path, name)


COMMANDS = list(_all(cli))
GROUPS = [(), ("rules",), ("waive",)]


def _help(*words: str) -> str:
    command, ctx = cli, click.Context(cli, info_name="citywall", max_content_width=80, terminal_width=80)
    for word in words:
        assert isinstance(command, click.Group)
        command = command.get_command(ctx, word)  # type: ignore[assignment]
        ctx = click.Context(command, info_name=word, parent=ctx)
    return command.get_help(ctx)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_has_examples_and_fits_a_terminal(words: tuple[str, ...]) -> None:
    text = _help(*words)
    assert re.search(rf"\n +{' '.join(['citywall', *words])}\b", text)
    assert "\b" not in text
    assert "\\b" not in text
    assert max(map(len, text.split("\n"))) <= 80


def _examples() -> Iterator[list[str]]:
    for words in COMMANDS:
        for line in re.findall(r"(?m)^ +(citywall .*)$", _help(*words).replace("\\\n", " ")):
            yield shlex.split(re.split(r" {2,}(?=\w+ \w)| >", re.sub(r"  +(?=--)", " ", line))[0])


@pytest.mark.parametrize("words", list(_examples()), ids=" ".join)
def test_the_examples_of_help_are_accepted(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every word of an example is an option or argument that its command takes."""
    monkeypatch.setenv("CITYWALL_EXCHANGE", "exchange")  # as who uses one has it
    with cli.make_context("citywall", words[1:]) as ctx:
        command: click.Command = cli
        while isinstance(command, click.Group):
            name, found, rest = command.resolve_command(ctx, [*ctx._protected_args, *ctx.args])
            assert found
            command, ctx = found, found.make_context(name, rest, parent=ctx)


@pytest.mark.parametrize("words", GROUPS, ids=" ".join)
def test_a_group_alone_shows_its_help(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = citywall(tmp_path, *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: {' '.join(['citywall', *words])} ")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["scna"], "Did you mean `scan`?"),
        (["zzz"], "`citywall --help` lists the commands"),
        (["rules", "lst"], "citywall rules --help"),
        (["--nope"], "citywall --help"),
        (["scan", "--nope"], "citywall scan --help"),
        (["rules", "show"], "citywall rules show --help"),
        (["sql"], "Give a SELECT"),
        (["scan", "--fail-on", "HIGH"], "'critical', 'high', 'medium', 'low', 'info', 'never'"),
        (["scan", "--min-coverage", "101"], "0<=x<=100"),
    ],
    ids=str,
)
def test_what_is_not_understood_is_wrong_usage_with_a_hint(tmp_path: Path, words: list[str], hint: str) -> None:
    done = citywall(tmp_path, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert hint in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_one_failure_is_never_confused_with_another() -> None:
    assert [int(code) for code in PRECEDENCE] == [5, 4, 2, 3, 1, 0]
    for at, code in enumerate(PRECEDENCE):
        assert worst(*PRECEDENCE[at:]) is worst(*reversed(PRECEDENCE[at:])) is code
    assert worst() is Exit.CLEAN


#: A command of its own that fails in a way that no command should.
BROKEN = """
import sys, types, click
from secops.cli.main import COMMANDS, main
from secops.core.lazy import Entry

@click.command()
def command():
    raise {error}

sys.modules["broken"] = types.SimpleNamespace(command=command)
COMMANDS["broken"] = Entry("broken", "fails", "Look")
main()
"""


def _broken(home: Path, error: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BROKEN.format(error=error), *options, "broken"]
    return subprocess.run(command, cwd=ROOT, env=environment(home), capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        ("RuntimeError('\\x1b]0;owned\\x07')", 5, "citywall: internal error: RuntimeError: \\x1b]0;owned\\x07\n"),
        ("BrokenPipeError(32, 'of another process')", 5, "internal error: BrokenPipeError"),
        ("KeyboardInterrupt()", 130, "Interrupted"),
        ("click.exceptions.Abort()", 130, "Interrupted"),
    ],
)
def test_what_goes_wrong_inside_is_one_message(tmp_path: Path, error: str, code: int, said: str) -> None:
    done = _broken(tmp_path, error)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interrupt_waits_for_no_thread(tmp_path: Path) -> None:
    """One may read a large image, or wait for a host that never answers."""
    thread = "__import__('concurrent.futures').futures.ThreadPoolExecutor().submit(__import__('time').sleep, 60)"
    started = time.monotonic()
    done = _broken(tmp_path, f"KeyboardInterrupt() if {thread} else None")
    assert (done.returncode, time.monotonic() - started < 30) == (130, True)


def test_a_signal_that_the_caller_ignores_stays_ignored(tmp_path: Path) -> None:
    """nohup"""
    hangs_up = "SystemExit(9) if not __import__('os').kill(__import__('os').getpid(), 1) else None"
    command = ["nohup", sys.executable, "-c", BROKEN.format(error=hangs_up), "broken"]
    done = subprocess.run(command, cwd=ROOT, env=environment(tmp_path), capture_output=True, check=False)
    assert done.returncode == 9
    assert _broken(tmp_path, hangs_up).returncode == 129


def test_a_full_disk_behind_stderr_does_not_change_the_exit_code(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-c", BROKEN.format(error="RuntimeError()"), "broken"]
        done = subprocess.run(command, cwd=ROOT, env=environment(tmp_path), stderr=full, check=False)
    assert done.returncode == Exit.INTERNAL


def test_debug_shows_where_and_keeps_the_exit_code(tmp_path: Path) -> None:
    done = _broken(tmp_path, "RuntimeError('\\x1b')", "--debug")
    assert done.returncode == 5
    assert "Traceback" in done.stderr
    assert "\x1b" not in done.stderr
    for args, env in ((("--debug", "sql", "select 1"), {}), (("sql", "select 1"), {"CITYWALL_DEBUG": "1"})):
        done = citywall(tmp_path, *args, **env)
        assert done.returncode == 2
        assert "Traceback" in done.stderr
        assert "there is no such run" in done.stderr.split("\n")[-3]


@pytest.mark.parametrize(
    "words", [["--help"], ["rules", "list"], *(["rules", "list", "--format", fmt] for fmt in ("json", "csv"))], ids=str
)
def test_a_reader_that_leaves_is_no_error(tmp_path: Path, words: list[str]) -> None:
    done = into(nobody_reads(), tmp_path, *words)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["rules", "test", "--rules", "{own}"], Exit.USAGE),
        (["rules", "list", "--rules", "{own}/none"], Exit.USAGE),
        (["scan", "--root", "{own}"], Exit.INCOMPLETE),
        (["scan", "--root", "{own}", "--format", "json"], Exit.INCOMPLETE),
        (["collect", "--ssh", "nobody@127.0.0.1", "--ssh-config", "/dev/null/no", "-o", "{own}/b"], Exit.INCOMPLETE),
    ],
    ids=str,
)
def test_readers_that_leave_do_not_change_the_exit_code(tmp_path: Path, words: list[str], code: int) -> None:
    """Neither the one of standard output nor the one of both: `| head`, `2>&1 | head`."""
    own = tmp_path / "own"
    own.mkdir()
    good = (ROOT / "rules/posture/accounts/account-uid-zero.yml").read_text()
    (own / "bad.yml").write_text(good.replace("id: account-uid-zero", "id: bad").replace("select", "selekt"))
    command = [sys.executable, "-m", "secops", *(word.format(own=own) for word in words)]
    for both in (False, True):
        out = nobody_reads()
        error = out if both else subprocess.PIPE
        env = environment(tmp_path / "home")
        done = subprocess.run(command, cwd=ROOT, env=env, stdout=out, stderr=error, text=True, check=False)
        os.close(out)
        assert done.returncode == code
        assert "internal error" not in (done.stderr or "")


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one run, of the image in it."""
    home = tmp_path_factory.mktemp("scanned")
    never = ("--min-coverage", "0", "--fail-on", "never")
    assert citywall(home, "scan", "--root", image(home / "image"), *never).returncode == 0
    return home


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["rules", "list"],
        ["rules", "show", "account-uid-zero"],
        ["history"],
        ["report"],
        ["diff", "last", "last"],
        ["sql", "--tables"],
        *(["sql", "select host from users", "--format", fmt] for fmt in ("text", "json", "csv")),
        *(["scan", "--root", "{image}", "--format", fmt] for fmt in ("text", "json")),
    ],
    ids=str,
)
def test_a_full_disk_behind_standard_output_is_an_error(scanned: Path, words: list[str]) -> None:
    told = [word.format(image=scanned / "image") for word in words]
    done = into(os.open("/dev/full", os.O_WRONLY), scanned, *told)
    assert done.returncode == Exit.INTERNAL
    assert done.stderr.endswith("citywall: standard output: No space left on device\n")
    assert "internal error" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize("entry", [["-m", "secops"], ["-c", "from secops.__main__ import main; main()"]], ids=str)
def test_an_interrupt_before_anything_has_begun_is_quiet(tmp_path: Path, entry: list[str]) -> None:
    """Ctrl-C while the libraries are loaded, of which click is the first."""
    (tmp_path / "click.py").write_text("import os, time\nos.kill(os.getpid(), 2)\ntime.sleep(9)\n")
    env = environment(tmp_path, PYTHONPATH=f"{tmp_path}:{ROOT}")
    done = subprocess.run([sys.executable, *entry], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


def test_a_terminal_without_chinese_gets_escapes(tmp_path: Path) -> None:
    done = citywall(tmp_path, "rules", "list", "--lang", "zh", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert "\\u" in done.stdout
