"""The store's databases: SQLite files, and a PostgreSQL server of our own, on a socket only."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
_names = (f"store{number}" for number in count())


def _as_postgres() -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"] if os.geteuid() == 0 else []


@pytest.fixture(scope="session")
def postgres() -> Iterator[Path]:
    """The socket folder of a running server; its superuser `citywall` needs no password."""
    if not _PROGRAMS:
        pytest.skip("no PostgreSQL server on this machine")
    with tempfile.TemporaryDirectory(prefix="citywall-pg-", dir="/tmp") as name, _server(Path(name)):
        yield Path(name)


@contextmanager
def _server(place: Path) -> Iterator[None]:
    if os.geteuid() == 0:
        shutil.chown(place, "postgres", "postgres")
    data = str(place / "data")
    init = [*_as_postgres(), str(_PROGRAMS[-1] / "initdb"), "-D", data, "-U", "citywall", "-A", "trust", "--no-sync"]
    subprocess.run([*init, "-E", "UTF8", "--locale=C"], check=True, capture_output=True, cwd=place)
    run = [*_as_postgres(), str(_PROGRAMS[-1] / "postgres"), "-D", data, "-k", str(place)]
    with open(place / "log", "wb") as log:
        server = subprocess.Popen([*run, "-c", "listen_addresses=", "-c", "fsync=off"], stderr=log, cwd=place)
    try:
        _wait(place)
        yield
    finally:
        server.send_signal(signal.SIGINT)  # do not wait for clients
        server.wait(30)


def _wait(place: Path) -> None:
    ready = [str(_PROGRAMS[-1] / "pg_isready"), "-q", "-h", str(place)]
    deadline = time.monotonic() + 30
    while subprocess.run(ready, check=False).returncode:
        if time.monotonic() > deadline:
            raise TimeoutError((place / "log").read_text())
        time.sleep(0.05)


@pytest.fixture
def postgres_url(postgres: Path) -> str:
    """A new, empty database."""
    name = next(_names)
    subprocess.run([str(_PROGRAMS[-1] / "createdb"), "-h", str(postgres), "-U", "citywall", name], check=True)
    return f"postgresql+psycopg://citywall@/{name}?host={postgres}"


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/store.db"


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def url(request: pytest.FixtureRequest) -> str:
    """Each kind of store in turn."""
    value: str = request.getfixturevalue(request.param)
    return value
