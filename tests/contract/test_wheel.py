"""A wheel, installed elsewhere, carries the same rules, tables and texts as the checkout."""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _json(command: list[str], cwd: Path, home: Path) -> object:
    env = {"PATH": os.environ["PATH"], "CITYWALL_HOME": str(home)}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_an_installed_wheel_lists_the_same_rules(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path / "dist"), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")

    venv.create(tmp_path / "venv", with_pip=False)
    site = next((tmp_path / "venv/lib").glob("python*")) / "site-packages"
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        "--target",
        str(site),
        str(wheel),
    ]
    subprocess.run(install, check=True, capture_output=True)
    # the libraries are those of this environment; the package itself is only in the new one
    libraries = next(Path(path) for path in sys.path if path.endswith("site-packages"))
    run = [str(tmp_path / "venv/bin/python"), "-c",
           f"import sys; sys.path.append({str(libraries)!r}); from secops.cli.main import main; main()"]  # fmt: skip

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    listed = ["rules", "list", "--format", "json", "--lang", "zh"]
    installed = _json([*run, *listed], elsewhere, tmp_path / "home")
    checkout = _json([sys.executable, "-m", "secops", *listed], ROOT, tmp_path / "home")
    assert installed == checkout
    assert len(installed) >= 30
    where = [
        *run[:2],
        run[2].replace("from secops.cli.main import main; main()", "import secops; print(secops.__file__)"),
    ]
    assert str(site) in subprocess.run(where, cwd=elsewhere, capture_output=True, text=True, check=True).stdout
