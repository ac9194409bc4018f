"""Where things live: the two variables, the defaults, and what is said when a folder cannot be used."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

_ASK = """
import json
from secops.core import config
from secops.core.errors import CitywallError
try:
    print(json.dumps([str(config.home()), config.database_url(), str(config.runs_dir())]))
except CitywallError as error:
    print(json.dumps([str(error), error.hint, int(error.exit_code)]))
"""


def _ask(cwd: Path, **env: str) -> list[str]:
    """What config says in a process of this environment."""
    path = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        [sys.executable, "-c", _ASK],
        env={"PYTHONPATH": path, **env},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=True,
    )
    answer: list[str] = json.loads(done.stdout)
    return answer


def test_citywall_home_is_first(tmp_path: Path) -> None:
    own = tmp_path / "own"
    answer = _ask(tmp_path, CITYWALL_HOME=str(own), XDG_DATA_HOME=str(tmp_path / "xdg"), HOME=str(tmp_path))
    assert answer == [str(own), f"sqlite:///{own}/citywall.db", f"{own}/runs"]
    assert stat.S_IMODE(own.stat().st_mode) == 0o700
    assert not (tmp_path / "xdg").exists()


def test_a_relative_home_is_below_the_working_directory(tmp_path: Path) -> None:
    assert _ask(tmp_path, CITYWALL_HOME="own", HOME="/")[0] == str(tmp_path / "own")


def test_then_the_folders_of_the_desktop_specification(tmp_path: Path) -> None:
    assert _ask(tmp_path, CITYWALL_HOME="", XDG_DATA_HOME=f"{tmp_path}/xdg", HOME="/")[0] == f"{tmp_path}/xdg/citywall"
    home = f"{tmp_path}/.local/share/citywall"
    assert _ask(tmp_path, HOME=str(tmp_path))[0] == home
    assert _ask(tmp_path, XDG_DATA_HOME="relative", HOME=str(tmp_path))[0] == home
    assert stat.S_IMODE(os.stat(home).st_mode) == 0o700


def test_the_database_may_be_elsewhere(tmp_path: Path) -> None:
    url = "postgresql+psycopg://citywall@db/citywall"
    assert _ask(tmp_path, CITYWALL_HOME=str(tmp_path), CITYWALL_DATABASE=url)[1] == url


def test_a_home_of_any_name_works(tmp_path: Path) -> None:
    odd = tmp_path / "城垣 ?a=b#c%41"
    code = "from secops.core.store import Store; Store.open()"
    env = {"PYTHONPATH": str(Path(__file__).resolve().parents[2]), "CITYWALL_HOME": str(odd)}
    subprocess.run([sys.executable, "-c", code], env=env, check=True)
    assert [path.name for path in odd.iterdir()] == ["citywall.db"]
    assert [path.name for path in tmp_path.iterdir()] == [odd.name]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in ("file", "file/below"):
        what, hint, code = _ask(tmp_path, CITYWALL_HOME=str(tmp_path / place))
        assert what.startswith(f"{tmp_path / place}: cannot be Citywall's folder: ")
        assert "CITYWALL_HOME" in hint
        assert code == 2


def test_it_is_light() -> None:
    code = "import sys, secops.core.config; sys.exit(bool({'sqlalchemy', 'msgspec', 'rich'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
