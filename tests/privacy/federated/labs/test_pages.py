"""The commands of the labs' pages, run one after the other as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from privacy.federated.labs import lab
from secops.core.errors import Exit
from tests.privacy.federated import kit as beside

ROOT = Path(__file__).resolve().parents[4]

#: The first pattern that a command matches says how it ends.
ENDS = (
    (r"citywall fl run .* --sites heart/sites-strict +# refused", Exit.REFUSED),
    (r"citywall fl check heart/", Exit.FINDINGS),
    (r"", Exit.CLEAN),
)


def _commands(name: str) -> list[str]:
    page = (lab.content(name) / "README.md").read_text("utf-8")
    return [line for block in re.findall(r"```sh\n(.*?)```", page, re.S) for line in block.splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("name", lab.LABS)
def test_the_page_of_a_lab_can_be_followed(name, tmp_path):
    if name == "heart":
        (tmp_path / "heart-disease").symlink_to(beside.heart())
    shim = tmp_path / "bin" / "citywall"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m secops "$@"\n')
    shim.chmod(0o755)
    paths = {"PATH": f"{shim.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "CITYWALL_HOME": str(tmp_path)}
    for command in _commands(name):
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=tmp_path,
            env={**os.environ, **paths},
            capture_output=True,
            text=True,
            check=False,
        )
        expected = next(code for pattern, code in ENDS if re.match(pattern, command))
        assert done.returncode == expected, f"{command}\n{done.stdout}{done.stderr}"
