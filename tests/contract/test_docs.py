"""What the documentation says is so: its commands run, its links lead somewhere, its two languages say the same."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from secops.cli._judging import MIN_COVERAGE, exit_code
from secops.cli.main import cli
from secops.core.errors import PRECEDENCE, Exit
from secops.core.store import Store
from tests.contract.documents import CHINESE, README, ROOT, WRITTEN, Command, commands, example
from tests.contract.feeds import feeds
from tests.contract.sandbox import Sandbox

DOCUMENTS = sorted({*WRITTEN, *(ROOT / "docs").glob("*.md"), ROOT / "CHANGELOG.md"})

#: Commands that are not run from here, and why. This table may only shrink.
NOT_RUN = {
    "make scan": "sets up an environment: test_make_scan_works_in_a_fresh_copy does that (slow)",
    "make test": "would run this test again",
}

#: Lines that the document tells to run on another host.
ON_HOST = {"sh collect.sh > web1.evidence"}

#: The first pattern that matches a command says how it ends. The hosts and images of the sandbox have findings.
ENDS = [
    (r"citywall scan( --rules .*)?$", {Exit.CLEAN, Exit.FINDINGS, Exit.INCOMPLETE}),  # whatever this machine is
    (r"citywall scan .* --only patches", {Exit.FINDINGS, Exit.INCOMPLETE}),
    (r"citywall scan --inventory ", {Exit.INCOMPLETE}),  # one of its hosts is asked as a plain user
    (r"citywall fl check", {Exit.CLEAN, Exit.FINDINGS}),
    (r"citywall passwords audit", {Exit.CLEAN, Exit.FINDINGS}),
    (r"citywall privilege review --accounts ", {Exit.INCOMPLETE}),  # a date of the example cannot be read
    (r"citywall privilege paths --from ", {Exit.INCOMPLETE}),  # none is there, and one host was asked as a plain user
    (r"citywall privilege (paths|review)", {Exit.FINDINGS}),
    (r"citywall patches list", {Exit.FINDINGS}),
    (r"citywall (scan|diff) ", {Exit.FINDINGS}),
    (r"(citywall|sh) ", {Exit.CLEAN}),
]

#: What only means something where hosts can be had.
_NEEDS_HOSTS = re.compile(
    r"--(ssh|root|bundle|inventory)\b|citywall (diff|patches list|privilege (?!review --accounts))|^sh "
)


ALL = [command for path in WRITTEN for command in commands(path)]

#: Each command once, in the order of the documents: later lines stand on what earlier ones left.
DISTINCT = [command for number, command in enumerate(ALL) if command.text not in {c.text for c in ALL[:number]}]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("docs")) as made:
        made.write("DIR/lab-account-on-server.yml", example("rules-format.md"))
        made.write("roles.yml", example("roles.md"))
        made.write("portal.yml", example("roles.md", number=1))
        made.write("users.csv", example("roles.md", "csv"))
        made.write("staff.csv", example("roles.md", "csv", 1))
        for name, content in feeds().items():
            (made.folder / "work" / name).write_bytes(content)
        if not made.why_no_hosts:
            made.write("hosts.yml", example("inventory.md"))
            made.run("citywall collect --root /mnt/golden -o bundles/vault.bundle").check_returncode()
        yield made


@pytest.mark.parametrize("command", [c for c in DISTINCT if c.text not in NOT_RUN], ids=lambda c: c.place)
def test_every_command_of_the_documentation_runs(command: Command, sandbox: Sandbox) -> None:
    if sandbox.why_no_hosts and _NEEDS_HOSTS.search(command.text):
        pytest.skip(f"hosts: {sandbox.why_no_hosts}")
    allowed = next((codes for pattern, codes in ENDS if re.match(pattern, command.text)), None)
    assert allowed is not None, f"{command.place}: say in ENDS how this ends: {command.text}"

    done = sandbox.run_on_host(command.text) if command.text in ON_HOST else sandbox.run(command.text)

    told = f"{command.place}: {command.text}\n{done.stdout[-2000:]}{done.stderr}"
    assert done.returncode in allowed, told
    assert "Traceback" not in done.stderr, told
    if command.text.startswith("citywall scan"):
        report = Store.open(sandbox.database).load_report("last")
        assert done.returncode == exit_code(report, "high", MIN_COVERAGE), told
        assert all(not host.unreachable for host in report.hosts), told


def test_commands_that_are_not_run_are_in_the_documentation() -> None:
    assert set(NOT_RUN) <= {command.text for command in ALL}
    assert len(NOT_RUN) <= 2
    assert {command.text for command in ALL} >= ON_HOST


@pytest.mark.parametrize("command", [c for c in DISTINCT if c.words[0] == "make"], ids=lambda c: c.text)
def test_every_target_of_make_is_there(command: Command) -> None:
    done = subprocess.run([*command.words, "-n"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.slow
def test_make_scan_works_in_a_fresh_copy(tmp_path: Path) -> None:
    """The first command of README, as a new user gives it."""
    copy = tmp_path / "citywall"
    leave = shutil.ignore_patterns(".git", ".venv", "build", "dist", "*_cache", "__pycache__", ".hypothesis")
    shutil.copytree(ROOT, copy, ignore=leave)
    done = subprocess.run(["make", "scan"], cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Citywall ")


def _mentioned() -> Iterator[tuple[str, list[str]]]:
    """Commands that stand in a sentence, of a document or of a message: (place, words)."""
    for path in [*WRITTEN, *sorted((ROOT / "secops").rglob("*.py")), *sorted((ROOT / "privacy").rglob("*.py"))]:
        for match in re.finditer(r"`citywall( [^`\n]+)`", path.read_text("utf-8")):
            yield f"{path.relative_to(ROOT)}: {match[0]}", match[1].replace("|", " ").split()


def test_commands_in_sentences_and_hints_exist() -> None:
    wrong = []
    for place, words in _mentioned():
        command: click.Command = cli
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            name = words.pop(0)
            command = command.get_command(click.Context(command), name) or wrong.append(place) or cli
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        if unknown := {word for word in words if re.match(r"--?[a-z]", word)} - known:
            wrong.append(f"{place}: {unknown}")
    assert wrong == []


def test_both_languages_give_the_samecommands() -> None:
    """Word for word, but for the words that a person would write in their own language."""
    english, chinese = ([command.words for command in commands(path)] for path in (README, CHINESE))
    assert len(english) == len(chinese)
    for ours, theirs in zip(english, chinese, strict=True):
        assert len(ours) == len(theirs)
        assert all(a == b or not b.isascii() for a, b in zip(ours, theirs, strict=True)), (ours, theirs)


def _links(path: Path) -> list[str]:
    text = re.sub(r"(?ms)^```.*?^```$", "", path.read_text("utf-8"))
    return re.findall(r"\]\(([^)\s]+)\)", text)


def test_both_languages_have_the_same_sections_and_links() -> None:
    outline = [re.findall(r"(?m)^(#+) ", path.read_text("utf-8")) for path in (README, CHINESE)]
    assert outline[0] == outline[1]
    assert _links(README)[0] == CHINESE.name
    assert _links(CHINESE)[0] == README.name
    assert _links(README)[1:] == [link.replace(".zh.md", ".md") for link in _links(CHINESE)[1:]]
    rows = [re.findall(r"(?m)^\|", path.read_text("utf-8")) for path in (README, CHINESE)]
    assert rows[0] == rows[1]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files_and_headings(path: Path) -> None:
    for link in _links(path):
        target, _, anchor = link.partition("#")
        if "://" in link:
            continue
        file = (path.parent / target) if target else path
        assert file.is_file(), link
        if anchor:
            headings = re.findall(r"(?m)^#+ (.+)$", file.read_text("utf-8"))
            assert anchor in {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in headings}, link


def test_the_exit_codes_are_those_of_the_code() -> None:
    for path in (README, CHINESE):
        told = [int(code) for code in re.findall(r"(?m)^\| (\d+) \|", path.read_text("utf-8"))]
        assert told == list(Exit)
    text = (ROOT / "docs/architecture.md").read_text("utf-8").partition("## Exit codes")[2]
    assert [int(code) for code in re.findall(r"(\d+) [a-z]", text.partition("130")[0])] == list(Exit)
    order = re.search(r"several hold: ([\d, ]+)\.", text)
    assert order
    assert [int(code) for code in order[1].split(", ")] == [*PRECEDENCE[:-1]]


def test_defaults_are_those_of_the_code() -> None:
    from secops.cli.scan import command

    defaults = {parameter.name: parameter.default for parameter in command.params}
    assert f"`--fail-on` ({defaults['fail_on']})" in README.read_text("utf-8")
    assert f"`--min-coverage` ({MIN_COVERAGE} % unless said otherwise)" in (ROOT / "docs/score.md").read_text("utf-8")


def test_generated_pages_are_current() -> None:
    done = subprocess.run(
        [sys.executable, "tools/docs.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_change_log_has_a_place_for_what_comes_next() -> None:
    assert re.search(r"(?m)^## \[Unreleased\]$", (ROOT / "CHANGELOG.md").read_text("utf-8"))


#: What no file may hold: paths of one machine, hosts of package registries, and notes that something is not done.
_UNFIT = re.compile(
    r"(?<![\w.])/(work|tmp/p)/|pypi\.org|pythonhosted\.org|registry\.npmjs|deb\.debian\.org|archive\.ubuntu\.com"
    r"|\b(TOD[O]|FIXM[E]|XX[X])\b|(?i:co-authored-b[y]|signed-off-b[y])"
)


def _files() -> Iterator[Path]:
    for name in ("secops", "privacy", "rules", "docs", "tests", "tools", "benchmarks", ".ci"):
        yield from (path for path in (ROOT / name).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    yield from (path for path in ROOT.iterdir() if path.is_file() and path.name != ".git")


def test_no_file_holds_what_only_its_writers_machine_knows() -> None:
    wrong = []
    for path in _files():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue  # data of a program, not words
        wrong += [f"{path.relative_to(ROOT)}: {match[0]}" for match in _UNFIT.finditer(text)]
    assert wrong == []
