"""Commands run for real: a section's script under each shell of this machine, as this user or as nobody."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from secops.hosts.evidence import Evidence, Item, Problem, SectionEvidence, Status, judge, summarise
from secops.hosts.section import Command, Files, Section

NOBODY = 65534
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Shell:
    """A shell and the tools it finds. `busybox` finds nothing but its own applets."""

    name: str
    argv: tuple[str, ...]
    path: str = _PATH


@cache
def _applets() -> str:
    """A directory, readable by all, that holds links to busybox alone."""
    directory = tempfile.mkdtemp(prefix="applets-")
    atexit.register(shutil.rmtree, directory)
    os.chmod(directory, 0o755)  # noqa: S103 - nobody has to find the applets
    subprocess.run(["busybox", "--install", "-s", directory], check=True)
    return directory


def shells() -> list[Shell]:
    """The shells of this machine: sh, and of dash, bash and busybox those that are installed."""
    found = [Shell(name, (name,)) for name in ("sh", "dash", "bash") if shutil.which(name)]
    busybox = shutil.which("busybox")
    return [*found, Shell("busybox", (busybox, "sh"), _applets())] if busybox else found


def run(script: str, shell: Shell, *, as_nobody: bool = False) -> tuple[bytes, int]:
    """Standard output and exit code. `as_nobody` holds for root; anybody else stays who they are."""
    identity = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if as_nobody and os.geteuid() == 0 else {}
    argv = [shutil.which(shell.argv[0]) or shell.argv[0], *shell.argv[1:], "-c", script]
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, env={"PATH": shell.path}, cwd="/", timeout=60, **identity
    )
    return done.stdout, done.returncode


def collect(*sections: Section, shell: Shell, as_nobody: bool = False) -> Evidence:
    """Evidence of this machine: commands run under `shell`, plain files read, no listings."""
    seen = {section.name: SectionEvidence(Status.ABSENT) for section in sections}
    for section in sections:
        if isinstance(section, Command):
            data, code = run(section.script, shell, as_nobody=as_nobody)
            seen[section.name] = summarise(section, [judge(section, "", data, code)])
        elif isinstance(section, Files):
            items = [Item(path, Path(path).read_bytes()) for path in section.patterns if Path(path).is_file()]
            seen[section.name] = summarise(section, items)
    return Evidence("local", "test", NOBODY if as_nobody else os.geteuid(), seen)


def denied_at_most(problems: Sequence[Problem]) -> bool:
    """Whether nothing went wrong but a lack of privilege: a container may keep processes from root too."""
    return all(problem.status is Status.DENIED for problem in problems)


@contextmanager
def running(*argv: str, **options: object) -> Iterator[subprocess.Popen[str]]:
    """A child that lives as long as the block. It prints a line when it is ready."""
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options) as child:
        try:
            child.stdout.readline()
            yield child
        finally:
            child.kill()
