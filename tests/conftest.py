"""Fixtures for tests that need a host: see `tests/testroot.py`. Where they cannot run they are skipped, and say why.

With CITYWALL_NO_SKIPS=1 or CI=true a skip that is not listed in `tests/allowed-skips` fails the run. Tests marked slow
run only when `-m` asks for them.

`make test` runs several files at once, each in one process. So a test keeps to folders and mounts of its own and takes
no fixed port; of the Debian root there is one for all.
"""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from secops.core import i18n
from tests import testroot

# tests assert results, not times: a busy machine must not fail them
settings.register_profile("citywall", deadline=None)
settings.load_profile("citywall")


def pytest_configure(config: pytest.Config) -> None:
    config.option.markexpr = config.option.markexpr or "not slow"
    for sign in (signal.SIGINT, signal.SIGHUP):  # nohup, or a shell's `&`: ignored by us, it would be by what we start
        if signal.getsignal(sign) is signal.SIG_IGN:
            signal.signal(sign, lambda *_: None)


@pytest.fixture(autouse=True)
def _own_language(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that was run with --lang leaves no language behind."""
    monkeypatch.setattr(i18n, "_chosen", i18n._chosen)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Each process must give a test the same name; what gzip packs holds the time."""
    return "gzip" if isinstance(val, bytes) and val.startswith(b"\x1f\x8b\x08") else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that need hosts come first: they take longest, and a long one at the end would leave cores idle."""
    long = {item.path for item in items if "test_root" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: item.path not in long)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.exitstatus == pytest.ExitCode.OK and _unlisted_skips(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if unlisted := _unlisted_skips(config):
        terminalreporter.section("skipped, and not listed in tests/allowed-skips", red=True)
        for line in unlisted:
            terminalreporter.line(line)


def _unlisted_skips(config: pytest.Config) -> list[str]:
    """Skips of this run that may not be, as `test | reason`."""
    if os.environ.get("CITYWALL_NO_SKIPS") != "1" and os.environ.get("CI") != "true":
        return []
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    skips = reporter.stats.get("skipped", []) if reporter else []
    lines = [f"{skip.nodeid} | {skip.longrepr[2].removeprefix('Skipped: ')}" for skip in skips]
    allowed = _allowed_skips(config.rootpath / "tests/allowed-skips")
    return [line for line in lines if not any(pattern.fullmatch(line) for pattern in allowed)]


def _allowed_skips(path: Path) -> list[re.Pattern[str]]:
    """The lines `test | reason`, with `*` for anything; `#` begins a remark."""
    lines = [line for line in path.read_text("utf-8").split("\n") if line and not line.startswith("#")]
    for line in lines:
        if not line.rpartition(" | ")[2].strip(" *"):
            raise pytest.UsageError(f"{path}: give the reason: {line}")
    return [re.compile(".*".join(map(re.escape, line.split("*"))), re.DOTALL) for line in lines]


@pytest.fixture(scope="session")
def test_root() -> Path:
    """The cached Debian root; read only, by agreement."""
    if why := testroot.obstacle():
        pytest.skip(f"test root: {why}")
    return testroot.base()


@pytest.fixture
def root_copy(test_root: Path) -> Iterator[Path]:
    """A private copy of the root, not running."""
    with testroot.copy() as root:
        yield root


@pytest.fixture
def test_host(test_root: Path) -> Iterator[testroot.TestHost]:
    """A private copy of the root, running as a host."""
    with testroot.host() as host:
        yield host
