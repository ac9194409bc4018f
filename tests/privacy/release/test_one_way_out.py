"""Nothing but `release/publish.py` writes a result for outsiders: searched for in the code of the whole half."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MODULES = sorted((ROOT / "privacy").rglob("*.py"))

#: Who writes files at all, and what: none of them has a result in its hands but the first.
WRITERS = {
    "release/publish.py": "results, for those who approve and for the requester",
    "release/exchange.py": "the exchange's own file",
    "release/places.py": "where data is",
    "release/receipts.py": "receipts",
    "release/requests.py": "a job's result, on its way in",
    "disclosure/differencing.py": "the history of releases",
    "disclosure/history.py": "the history, as bytes in memory",
    "disclosure/write.py": "a job's result on its way to the door, as bytes in memory",
    "federated/checkpoint.py": "where a job stands, on the hub's side",
    "federated/labs/lab.py": "labs, whose records are public or made up",
    "federated/dp/budget.py": "budgets, at the sites",
    "ledger/files.py": "the ledger",
    "ledger/log.py": "the ledger and its exports",
    "parties/chain.py": "rosters",
    "parties/keyfile.py": "private keys, encrypted",
    "cli/_outcome.py": "what a job gave, in the folder of its run, on the hub's side",
    "cli/_running.py": "made-up records; predictions, for whoever has the records",
    "cli/party.py": "cards",
    "cli/release.py": "signed requests",
    "cli/ledger.py": "heads of the ledger, and pictures of what is in it",
    "cli/_proofs.py": "receipts and proofs, and the verifier that stands alone",
}

#: What puts bytes somewhere.
_CALLS = {
    "write_whole", "write_bytes", "write_text", "writelines", "savez", "savez_compressed", "tofile", "symlink_to",
    "copyfile", "copy2", "sendall", "urlopen", "open for writing",
}  # fmt: skip

#: Who may look at the bytes of what was cleared, and print a result.
CONTENT = {"disclosure/door.py", "disclosure/result.py", "release/publish.py"}
PRINTERS = {"cli/_shown.py": "release show --content, on the secure side, for those who approve"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT / "privacy").as_posix()


def called(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            target = node.func
            name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
            found.add(name)
            if name == "open" and any(
                isinstance(argument, ast.Constant) and str(argument.value).strip("bt+") in ("w", "a", "x")
                for argument in [*node.args, *(keyword.value for keyword in node.keywords)]
            ):
                found.add("open for writing")
    return found


def test_who_writes_is_on_the_list() -> None:
    wrong = [
        f"{name_of(path)}: {sorted(calls)}"
        for path in MODULES
        if (calls := called(ast.parse(path.read_text("utf-8"))) & _CALLS) and name_of(path) not in WRITERS
    ]
    assert wrong == []


def test_the_bytes_of_what_was_cleared_are_read_in_one_place() -> None:
    """`Cleared` is made by the door and written by `publish`; nobody else names its content."""
    holders = []
    for path in MODULES:
        tree = ast.parse(path.read_text("utf-8"))
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
        attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        if "Cleared" in names | imported and "content" in attributes:
            holders.append(name_of(path))
    assert set(holders) <= CONTENT
    assert "release/publish.py" in holders


def test_only_one_module_prints_bytes() -> None:
    """Texts go through `say` and `show`; a result is bytes."""
    printers = [name_of(path) for path in MODULES if "stdout.buffer" in path.read_text("utf-8")]
    assert set(printers) <= set(PRINTERS)


def test_jobs_do_not_import_the_way_out() -> None:
    wrong = []
    for path in MODULES:
        if name_of(path).partition("/")[0] in ("release", "cli"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("privacy.release"):
                wrong.append(name_of(path))
    assert wrong == []
