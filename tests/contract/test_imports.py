"""Who may import whom (docs/architecture.md), and that light things stay light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from secops.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[2]

#: room → rooms it may import. What is not listed may import nothing of ours.
ALLOWED = {
    "core": set(),
    "hosts": {"core"},
    "passwords": {"hosts", "core"},
    "patches": {"hosts", "core"},
    "privilege": {"hosts", "core"},
    "posture": {"patches", "privilege", "passwords", "hosts", "core"},
    "cli": {"posture", "patches", "privilege", "passwords", "hosts", "core"},
}

#: The same of the privacy half; of secops it may import the core alone.
PRIVATE = {
    "canonical": set(),
    "guard": set(),
    "labels": set(),
    "reason": set(),
    "ledger": {"canonical"},
    "parties": {"canonical", "reason"},
    "data": {"canonical", "labels"},
    "disclosure": {"canonical", "guard", "labels", "reason"},
    "federated": {"canonical", "guard", "labels", "data", "disclosure", "parties", "reason"},
    "query": {"guard", "labels", "data", "disclosure"},
    "release": {"canonical", "reason", "data", "disclosure", "ledger", "parties", "query"},
    "cli": {"canonical", "reason", "data", "disclosure", "federated", "ledger", "parties", "query", "release"},
}

#: Modules that judge: no carrier, no process, no store in them.
PURE = ("evaluate", "query", "score", "findings", "waivers", "compare", "cases", "lint")

HEAVY = {"duckdb", "pyarrow", "numpy", "flwr", "tenseal", "scapy", "sigma", "sqlalchemy", "rich", "asyncio", "msgspec"}


def _imports(path: Path) -> list[tuple[int, str]]:
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
    return found


def _modules() -> list[Path]:
    return sorted((ROOT / "secops").rglob("*.py"))


def test_rooms_import_only_what_lies_below_them() -> None:
    wrong = []
    for path in _modules():
        room = path.relative_to(ROOT / "secops").parts[0]
        for line, name in _imports(path):
            target = name.split(".")[1] if name.startswith("secops.") else ""
            if room in ALLOWED and target in ALLOWED and target != room and target not in ALLOWED[room]:
                wrong.append(f"{path.relative_to(ROOT)}:{line}: {room} may not import {target}")
    assert wrong == []


def test_the_privacy_half_imports_the_core_and_what_lies_below() -> None:
    wrong = []
    for path in sorted((ROOT / "privacy").rglob("*.py")):
        place = path.relative_to(ROOT / "privacy")
        room = place.parts[0].removesuffix(".py")
        for line, name in _imports(path):
            package, _, rest = name.partition(".")
            target = rest.partition(".")[0]
            if package == "secops" and target != "core":
                wrong.append(f"{path}:{line}: {name}")
            if package == "privacy" and room in PRIVATE and target not in PRIVATE[room] | {room}:
                wrong.append(f"{path}:{line}: {name}")
    assert wrong == []


def test_every_room_is_in_the_table() -> None:
    rooms = {path.name for path in (ROOT / "secops").iterdir() if (path / "__init__.py").is_file()}
    assert rooms == set(ALLOWED)


def test_pure_modules_touch_no_carrier_process_or_store() -> None:
    wrong = []
    for name in PURE:
        path = ROOT / "secops/posture" / f"{name}.py"
        for line, module in _imports(path):
            if module.startswith(("secops.hosts.carriers", "secops.core.store", "subprocess", "socket", "os.")):
                wrong.append(f"{path.name}:{line}: {module}")
    assert wrong == []


def test_only_the_judging_process_loads_duckdb_at_import() -> None:
    code = (
        "import sys, secops.posture.scan, secops.posture.isolation, secops.hosts.snapshot;"
        "sys.exit('duckdb' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "args", [["--help"], ["--version"], ["no-such-command"], *([name, "--help"] for name in COMMANDS)]
)
def test_help_and_errors_load_nothing_heavy(args: list[str]) -> None:
    code = (
        "import sys; from secops.cli.main import run; code = run(sys.argv[1:]);"
        f"print('LOADED', sorted(sys.modules.keys() & {HEAVY!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "LOADED []", done.stdout + done.stderr
