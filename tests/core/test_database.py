"""When the store cannot be used: one error that says what, where, and what to do; and nothing half-written."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from secops.core import schema
from secops.core.database import Database, StoreError
from secops.core.errors import CitywallError, Exit, UsageError
from secops.core.store import Store
from tests.core.report_kit import finding, report

ROOT = Path(__file__).resolve().parents[2]


# which database


@pytest.mark.parametrize(
    "url",
    [
        "nonsense", "/srv/citywall.db", "mysql://user:s3cret@db/x", "postgresql+psycopg2://user:s3cret@db/x",
        "sqlite://", "sqlite:///:memory:", "sqlite:////tmp/x.db?mode=ro&uri=true", "postgresql://user:s3cret@db:port/x",
    ],
)  # fmt: skip
def test_a_url_that_cannot_be_used_is_wrong_usage_and_keeps_its_password(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        Store.open(url)
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"
    assert "sqlite:////srv/citywall.db" in caught.value.hint


def test_without_its_driver_postgresql_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from secops.core.errors import UsageError\n"
        "from secops.core.store import Store\n"
        "try: Store.open('postgresql://user:s3cret@db/x')\n"
        "except UsageError as error: print(error, error.hint)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "PostgreSQL needs the driver psycopg" in done.stdout
    assert "pip install" in done.stdout
    assert "s3cret" not in done.stdout


def test_a_server_that_does_not_answer_is_named_without_the_password(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError, match="cannot be used") as caught:
        Store.open(f"postgresql+psycopg://user:s3cret@/x?host={tmp_path}")
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"
    assert caught.value.exit_code is Exit.INTERNAL


def test_both_names_of_postgresql_mean_the_same(postgres_url: str) -> None:
    Store.open(postgres_url.replace("+psycopg", "")).save_report(report(1))
    assert Store.open(postgres_url).load_report("last") == report(1)


# SQLite's file


def test_a_new_store_is_its_owners_alone_and_lets_readers_read_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    before = os.umask(0)
    try:
        database = Database(f"sqlite:///{path}")
        with database.write() as writer:
            writer.execute(text("insert into schema_steps values ('x')"))
            with database.read() as reader:
                assert reader.scalar(text("select count(*) from schema_steps")) == 1 + len(schema.STEPS)
            modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == {0o600}


def test_a_place_that_is_no_file_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path, tmp_path / "none" / "store.db", tmp_path / "file" / "store.db"):
        with pytest.raises(StoreError) as caught:
            Store.open(f"sqlite:///{place}")
        assert caught.value.where == str(place)
        assert caught.value.hint
        assert caught.value.exit_code is Exit.INTERNAL


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(b"not a database at all\n" * 400)
    with pytest.raises(StoreError, match="is damaged, or no store"):
        Store.open(f"sqlite:///{path}")
    assert path.read_bytes() == b"not a database at all\n" * 400


def test_a_damaged_database(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = Store.open(f"sqlite:///{path}")
    store.save_report(report(1, [finding(key={"user": str(number)}) for number in range(2000)]))
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))
    with pytest.raises(StoreError, match="is damaged") as caught:
        Store.open(f"sqlite:///{path}").load_report("last")
    assert caught.value.where == str(path)


def test_a_damaged_report_leaves_the_other_runs_alone(sqlite_url: str) -> None:
    store = Store.open(sqlite_url)
    for number in range(1, 5):
        store.save_report(report(number))
    damages = ("x''", "x'789c'", "zeroblob(99)")
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as con:
        for number, damage in enumerate(damages, start=1):
            con.execute(f"update runs set report = {damage} where number = {number}")  # noqa: S608
    con.close()
    for number in (1, 2, 3):
        with pytest.raises(StoreError, match="its report is damaged"):
            store.load_report(report(number).run.id)
    assert store.load_report("last") == report(4)


def test_another_writer_is_waited_for_but_not_for_ever(sqlite_url: str) -> None:
    store = Store.open(f"{sqlite_url}?timeout=0.3")
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(StoreError, match="another program"):
        store.save_report(report(1))
    assert store.list_runs(9) == []  # reading goes on
    other.execute("rollback")
    other.close()
    store.save_report(report(1))


_FULL = """
import os, sys
from secops.core.errors import CitywallError
from secops.core.store import Store
from tests.core.report_kit import finding, report
place = sys.argv[1]
store = Store.open(f"sqlite:///{place}/store.db")
store.save_report(report(1, [finding()]))
for kilobytes in map(int, sys.argv[2:]):  # the space that is left
    space = os.statvfs(place).f_bavail * os.statvfs(place).f_bsize - (kilobytes << 10)
    with open(f"{place}/filler", "wb") as file:
        file.write(bytes(max(space, 0)))
    try:
        large = [finding(key={"user": str(number)}, evidence={"x": os.urandom(99).hex()}) for number in range(4000)]
        Store.open(f"sqlite:///{place}/store.db").save_report(report(2, large))
    except CitywallError as error:
        print(int(error.exit_code), error)
    os.unlink(f"{place}/filler")
    assert store.load_report("last") == report(1, [finding()])
    assert store.first_seen([finding().identity])
store.save_report(report(2))
"""


def test_a_full_disk_loses_nothing_that_was_there(tmp_path: Path) -> None:
    flags = "-m" if os.geteuid() == 0 else "-rm"
    if not shutil.which("unshare") or subprocess.run(["unshare", flags, "true"], check=False).returncode:
        pytest.skip("no mount namespaces here")
    script = 'mount -t tmpfs -o size=1m none "$1" && exec "$0" -c "$2" "$1" 0 4 16 48 100 400'
    done = subprocess.run(
        ["unshare", flags, "sh", "-c", script, sys.executable, str(tmp_path), _FULL],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"5 {tmp_path}/store.db: the disk is full or failing; nothing was changed"] * 6


# the schema and its steps


def _add_note(con: Connection) -> None:
    con.execute(text("alter table runs add column note text not null default ''"))


def _break(con: Connection) -> None:
    con.execute(text("create table half (x int)"))
    con.execute(text("select * from nowhere"))


def _columns(con: Connection) -> set[str]:
    return {column["name"] for column in schema.inspect(con).get_columns("runs")}


def _tables(database: Database) -> list[str]:
    with database.read() as con:
        return schema.inspect(con).get_table_names()


def test_an_older_store_runs_the_steps_it_lacks_once(url: str) -> None:
    Store.open(url).save_report(report(1))
    database = Database(url)
    steps = [*schema.STEPS, ("a note", _add_note)]
    for lacking in (["a note"], []):
        with database.write() as con:
            assert schema.missing(con, steps) == lacking
            schema.migrate(con, steps)
            assert "note" in _columns(con)
    with database.read() as con:
        assert set(con.scalars(text("select name from schema_steps"))) == {schema.FIRST, *(name for name, _ in steps)}
        assert con.scalar(text("select count(*) from runs")) == 1


def test_a_step_that_fails_leaves_the_store_as_it_was(url: str) -> None:
    database = Database(url)
    with pytest.raises(StoreError), database.write() as con:
        schema.migrate(con, [*schema.STEPS, ("a note", _add_note), ("broken", _break)])
    with database.read() as con:
        assert "note" not in _columns(con)
        assert schema.missing(con, [*schema.STEPS, ("a note", _add_note)]) == ["a note"]
    assert "half" not in _tables(database)


def test_a_store_of_a_newer_citywall_is_refused(url: str) -> None:
    with Database(url).write() as con:
        schema.migrate(con, [*schema.STEPS, ("from the future", _add_note)])
    with pytest.raises(CitywallError, match=r"newer Citywall .from the future.") as caught:
        Store.open(url)
    assert caught.value.where
    assert caught.value.exit_code is Exit.INTERNAL


def test_tables_of_others_are_not_touched(url: str) -> None:
    """A name that is taken is an error; half of our tables beside it would be worse."""
    from sqlalchemy import create_engine

    engine = create_engine(url)
    with engine.begin() as con:
        con.execute(text("create table findings (theirs int)"))
    with pytest.raises(StoreError, match="findings"):
        Store.open(url)
    with engine.begin() as con:
        assert schema.inspect(con).get_table_names() == ["findings"]


def test_a_store_from_before_the_audit_of_passwords_gets_its_table(url: str) -> None:
    database = Database(url)
    with database.write() as con:
        con.execute(text("drop table password_trials"))
        con.execute(text("delete from schema_steps where name = 'password trials'"))
    assert "password_trials" in _tables(Database(url))
