"""What sets Citywall up says what is missing, and leaves nothing half-made."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.documents import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of a checkout as setting up reads."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    return tmp_path


@pytest.mark.parametrize("python", ["/bin/false", "/no/such/python"])
@pytest.mark.parametrize("target", ["scan", "test"])
def test_a_python_that_will_not_do_is_named(checkout: Path, target: str, python: str) -> None:
    command = ["make", target, f"PYTHON={python}"]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("Citywall needs Python 3.11 or later.")
    assert "PYTHON=" in done.stderr.split("\n")[0]
    assert not (checkout / ".venv").exists()


def test_a_python_without_venv_says_which_package_has_it(checkout: Path) -> None:
    """On a machine that has nothing to install it with."""
    tools = checkout / "bin"
    tools.mkdir()
    for name in ("sh", "id"):
        (tools / name).symlink_to(str(shutil.which(name)))
    (tools / "python3").write_text(
        f'#!{tools}/sh\ncase "$*" in *ensurepip*) exit 1 ;; esac\nexec {os.path.realpath(sys.executable)} "$@"\n'
    )
    (tools / "python3").chmod(0o755)
    done = subprocess.run(
        ["sh", "tools/environment.sh", "."], cwd=checkout, env={"PATH": str(tools)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert f"apt-get install python3.{sys.version_info.minor}-venv" in done.stderr
    assert not (checkout / ".venv").exists()
