"""`citywall sql`: one SELECT over the tables of a run; what hosts say stays text in every format."""

import csv
import json
import shutil
from io import StringIO
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.cli.scan_kit import at_terminal, image, into, nobody_reads
from tests.cli.store_kit import citywall, fits, is_inert

#: Names that a user's line of /etc/passwd may hold: what a terminal, a spreadsheet or a browser would obey.
HOSTILE = (
    "\x1b]0;owned\x07", "[bold red]x[/]", "\u202egnp", "$(touch x)", "<script>alert(1)</script>", "{{7*7}}",
    "=1+1", "@SUM(1)", " =1", "＝1+1", "\u0085x", "\x7f", "\U000e0041",
)  # fmt: skip
NAMES = "select user_name as name from users where uid >= 1000 order by uid"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one run, of an image with hostile names."""
    folder = tmp_path_factory.mktemp("sql")
    lines = [f"{name}:x:{1000 + number}:1000::/:/bin/sh\n" for number, name in enumerate(HOSTILE)]
    target = image(folder / "image", "root:x:0:0::/root:/bin/sh\n" + "".join(lines))
    done = citywall(folder, "scan", "--root", target, "--only", "accounts", "--fail-on", "never")
    assert done.returncode == 0, done.stderr
    return folder


def test_text_is_inert_and_fits_a_terminal(home: Path) -> None:
    query = "select user_name, home, shell, repeat('x', 200) as long from users"
    said = at_terminal(home, "sql", query)
    assert is_inert(said)
    assert fits(said)
    assert "[bold red]x[/]" in said
    wide = at_terminal(home, "sql", query, COLUMNS="300")
    assert "x" * 200 in wide
    assert len(wide.split("\n")) == len(HOSTILE) + 4  # root, the heading, its line, and the end


def test_a_row_is_one_whole_line_where_there_is_no_terminal(home: Path) -> None:
    query = "select user_name, repeat('口令', 100) as long, 'a\nb' as two from users order by uid"
    done = citywall(home, "sql", query)
    assert (done.returncode, done.stderr) == (0, "")
    assert is_inert(done.stdout)
    heading, *rows, end = done.stdout.split("\n")
    assert (heading.split(), end) == (["user_name", "long", "two"], "")
    assert len(rows) == len(HOSTILE) + 1
    assert all("口令" * 100 in row and row.endswith("a\\x0ab") for row in rows)
    assert len({cell_len(row) for row in rows}) == 1


def test_json_is_whole_and_safe_to_look_at(home: Path) -> None:
    done = citywall(home, "sql", "--format", "json", NAMES)
    assert [row["name"] for row in json.loads(done.stdout)] == list(HOSTILE)
    assert not set("\x1b\x07\x7f\u202e\u0085\U000e0041") & set(done.stdout)
    assert "\\u001b]0;owned\\u0007" in done.stdout


def test_csv_has_no_formula_and_nothing_that_a_terminal_obeys(home: Path) -> None:
    done = citywall(home, "sql", "--format", "csv", NAMES)
    header, *rows = csv.reader(StringIO(done.stdout))
    assert header == ["name"]
    assert len(rows) == len(HOSTILE)
    for (cell,) in rows:
        assert not cell.strip().startswith(("=", "+", "-", "@", "＝"))
    assert ["'=1+1"] in rows
    assert ["\\x1b]0;owned\\x07"] in rows
    assert not set("\x1b\x07\x7f\u202e\u0085") & set(done.stdout)


def test_values_keep_their_meaning(home: Path) -> None:
    query = "select -1 as n, true as yes, null as nothing, ['a', 'b'] as list, '-x' as \"=x\", '+x' as n, 1.5 as half"
    assert json.loads(citywall(home, "sql", "--format", "json", query).stdout) == [
        {"n": -1, "yes": True, "nothing": None, "list": ["a", "b"], "=x": "-x", "n_2": "+x", "half": "1.5"}
    ]
    rows = list(csv.reader(StringIO(citywall(home, "sql", "--format", "csv", query).stdout)))
    assert rows == [["n", "yes", "nothing", "list", "'=x", "n", "half"], ["-1", "true", "", "a b", "'-x", "'+x", "1.5"]]


def test_an_empty_answer_is_an_answer(home: Path) -> None:
    assert citywall(home, "sql", "--format", "json", "select host from users where false").stdout == "[]\n"


def test_every_run_can_be_asked(home: Path) -> None:
    run = json.loads(citywall(home, "history", "--format", "json").stdout)[0]["id"]
    done = citywall(home, "sql", "--run", run, "--format", "csv", "select uid from users where user_name = 'root'")
    assert done.stdout == "uid\n0\n"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select * from no_such_table", "no_such_table"),
        ("select no_such_column from users", "no_such_column"),
        ("select 1; drop table users", "not 2 statements"),
        ("copy users to 'users.csv'", "must be a SELECT"),
        ("", "Give a SELECT"),
        ("select * from read_text('/etc/passwd')", "may not call the table function 'read_text'"),
        ("select * from '/etc/passwd'", "there is no table '/etc/passwd'"),
        ("select * from duckdb_settings()", "may not call the table function"),
        ("select * from information_schema.tables", "there is no table 'tables'"),
        ("describe users", "must be a SELECT"),
        ("show tables", "must be a SELECT"),
        ("summarize users", "must be a SELECT"),
        ("select * from (describe users)", "must be a SELECT"),
        ("explain select 1", "must be a SELECT"),
        ("select st_point(1, 2)", "uses what is not here"),
        ("select excel_text(1, 'h')", "uses what is not here"),
        ("select nope(1)", 'Did you mean "now"?\nLINE 1: select nope(1)\n               ^'),
        ("select user_nam from users", 'Candidate bindings: "user_name"'),
        ("select 'SET x'::integer", "Could not convert string 'SET x' to INT32"),
        ("select repeat('x', 4000000000), repeat('y', 4000000000)", "needs too much memory"),
        ("select uid from users where uid =", "syntax error at or near"),
    ],
)
def test_what_is_no_select_over_the_tables_is_wrong_usage(home: Path, query: str, said: str) -> None:
    done = citywall(home, "sql", query)
    assert (done.returncode, done.stdout) == (2, "")
    assert said.lower() in done.stderr.lower()
    for insides in ("Traceback", " Error:", "INSTALL", "LOAD", "SET ", "extension", "configuration", "catalog"):
        assert insides not in done.stderr.replace(query, "").replace(said, "")


def test_a_run_that_is_not_there_or_has_lost_its_tables(home: Path, tmp_path: Path) -> None:
    done = citywall(home, "sql", "--run", "20000101T000000Z", "select 1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "citywall history" in done.stderr
    assert citywall(tmp_path, "sql", "select 1").returncode == 2

    (home / "runs").rename(home / "moved")
    try:
        done = citywall(home, "sql", "select 1")
    finally:
        (home / "moved").rename(home / "runs")
    assert (done.returncode, done.stdout) == (2, "")
    assert "the tables of this run are not here" in done.stderr


def test_tables_and_their_columns_are_listed_without_a_run(tmp_path: Path) -> None:
    tables = json.loads(citywall(tmp_path, "sql", "--tables", "--format", "json").stdout)
    assert {"users", "hosts", "packages"} <= {row["table"] for row in tables}
    columns = json.loads(citywall(tmp_path, "sql", "--tables", "users", "--format", "json").stdout)
    assert {"column": "uid", "type": "integer"}.items() <= next(c for c in columns if c["column"] == "uid").items()
    done = citywall(tmp_path, "sql", "--tables", "usrs")
    assert done.returncode == 2
    assert "citywall sql --tables" in done.stderr


def test_a_reader_that_leaves_is_no_error(home: Path) -> None:
    done = into(nobody_reads(), home, "sql", "select range from range(5000)")
    assert (done.returncode, done.stderr) == (0, "")


def test_an_answer_from_tables_that_were_not_seen_whole_says_so(tmp_path: Path) -> None:
    """An empty answer must not look like all is well."""
    whole, part = image(tmp_path / "whole"), image(tmp_path / "part")
    (Path(part) / "etc/passwd").unlink()
    roots = ("--root", whole, "--root", part)
    assert citywall(tmp_path, "scan", *roots, "--only", "accounts", "--fail-on", "never").returncode in (0, 3)
    query = f"select user_name from users where host = 'root:{part}'"  # noqa: S608 - a path of ours
    done = citywall(tmp_path, "sql", query)
    assert (done.returncode, done.stdout) == (0, "user_name\n")
    assert "users: not seen whole on 1 of 2 hosts" in done.stderr
    assert "shadow_meta" not in done.stderr
    hint = done.stderr.split('citywall sql "')[1].partition('"')[0]
    assert "users" in citywall(tmp_path, "sql", hint).stdout
    assert citywall(tmp_path, "sql", "select host, name from hosts").stderr == ""


def damage(path: Path, how: str) -> None:
    whole = path.read_bytes()
    broken = {"cut": whole[:-40], "empty": b"", "inside": whole[:4] + b"\xa5" * (len(whole) - 300) + whole[-296:]}
    path.write_bytes(broken[how])


@pytest.mark.parametrize("how", ["cut", "empty", "inside"])
def test_a_damaged_table_is_named_and_written_anew(home: Path, tmp_path: Path, how: str) -> None:
    shutil.copytree(home, tmp_path, dirs_exist_ok=True)
    (path,) = (tmp_path / "runs").glob("*/users.parquet")
    damage(path, how)
    done = citywall(tmp_path, "sql", "select user_name from users")
    assert (done.returncode in (2, 5), done.stdout) == (True, "")
    assert str(path) in done.stderr
    assert "damaged" in done.stderr
    assert "memory" not in done.stderr
    if how == "inside":  # found only when it is read
        assert "Move it away" in done.stderr
        path.unlink()
    scan = ("scan", "--root", str(home / "image"), "--only", "accounts", "--fail-on", "never")
    assert citywall(tmp_path, *scan).returncode == 0
    assert "$(touch x)" in citywall(tmp_path, "sql", "select user_name from users").stdout
