"""Records of a PostgreSQL table, read by a user who may only read, are those of a file with the same content."""

from __future__ import annotations

from collections.abc import Iterator
from traceback import format_exception
from typing import Any

import numpy as np
import psycopg
import pytest

from privacy.federated.site import data, postgres
from secops.core.errors import UsageError
from tests.privacy.federated import kit
from tests.privacy.federated.site.small import JOB, SITE

SOURCE = "{kind: postgresql, url: VISITS_URL, table: Visits}"
IN_DATABASE = SITE.replace("{kind: file, path: visits.csv}", SOURCE).replace("person: null", "person: who")

TABLE = """
create table "Visits" ("结果" text, sex smallint, temp double precision, glu numeric, n integer, who text, note text);
insert into "Visits" values
  ('Y', 1, 98.6, 90, 3, 'a', 's3cret'), ('N', 2, 108.5, null, 0, 'b', 'x'), ('', 9, -1, 0, 9, 'c', E'l\\nl'),
  ('PAR1', 5, 'NaN', 1e6, 11, E'd"\\n,', null), ('y', 1, 99, 180.156, 9, 'a', null);
create view half as select * from "Visits" where n < 5;
create function shout() returns text language plpgsql as $$ begin raise exception 's3cret'; end $$;
create view broken as select shout() as "结果", 1 as sex, 1 as temp, 1 as glu, 1 as n, 'a' as who;
create sequence counter;
create view writing as select nextval('counter')::text as "结果", 1 as sex, 1 as temp, 1 as glu, 1 as n, 'a' as who;
create table closed as select * from "Visits";
create role reader login;
grant select on "Visits", half, broken, writing to reader;
grant usage on sequence counter to reader;
"""


@pytest.fixture
def visits(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    address = postgres_url.replace("+psycopg", "")
    with psycopg.connect(address) as connection:
        connection.execute(TABLE)
    monkeypatch.setenv("VISITS_URL", address.replace("citywall@", "reader@"))
    yield address
    with psycopg.connect(address) as connection:
        connection.execute("drop owned by reader; drop role reader")


def read(folder, site=IN_DATABASE) -> Any:
    return data.read(kit.job(folder, JOB), kit.site(folder, site), folder)


def test_a_table_is_as_the_file_of_it(tmp_path, visits):
    lines = [
        "结果,sex,temp,glu,n,who",
        "Y,1,98.6,90,3,a",
        "N,2,108.5,,0,b",
        ",9,-1,0,9,c",
        'PAR1,5,NaN,1000000,11,"d""\n,"',
        "y,1,99,180.156,9,a",
    ]
    (tmp_path / "visits.csv").write_text("\n".join(lines), "utf-8")
    found, same = read(tmp_path), read(tmp_path, SITE.replace("person: null", "person: who"))
    np.testing.assert_array_equal(found.values, same.values)
    np.testing.assert_array_equal(found.people, same.people)
    assert np.isinf(found.values[3]).sum() >= 2
    assert np.isnan(found.values[2]).sum() == 4


def test_a_view_and_an_empty_one(tmp_path, visits):
    assert len(read(tmp_path, IN_DATABASE.replace("table: Visits", "table: half")).values) == 2
    with psycopg.connect(visits) as connection:
        connection.execute('delete from "Visits"')
    assert len(read(tmp_path).values) == 0


def test_one_column_with_gaps(visits):
    """Rows that are empty lines are rows."""
    with psycopg.connect(visits) as connection:
        connection.execute("""insert into "Visits" (glu) values (null), (null)""")
    with postgres.source("VISITS_URL", "public", "Visits", ["glu"]).opened() as content:
        assert content.read() == b'"90"\n\n"0"\n"1000000"\n"180.156"\n\n\n'


def test_many_records_come_in_order(tmp_path, visits):
    with psycopg.connect(visits) as connection:
        connection.execute('delete from "Visits"')
        connection.execute(
            'insert into "Visits" select $$Y$$, 1, 98.6, 90, i % 10, i, $$x$$ from generate_series(1, 50000) i'
        )
    found = read(tmp_path)
    place = [column.name for column in found.columns].index("visits")
    np.testing.assert_array_equal(found.values[:, place], np.arange(1, 50001) % 10)
    assert len(set(found.people.tolist())) == 50000


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("closed", "may not be read by this user"),
        ("nothing", "has no such table"),
        ("broken", r"cannot be read from the server \(error P0001\)"),
        ("writing", r"cannot be read from the server \(error 25006\)"),
        ('x"; drop table "Visits', "has no such table"),
    ],
)
def test_what_cannot_be_read_and_nothing_is_written(tmp_path, visits, table, reason):
    made = IN_DATABASE.replace("table: Visits", f"table: '{table}'")
    with pytest.raises(UsageError, match=reason) as caught:
        read(tmp_path, made)
    assert caught.value.where == f"public.{table}"
    assert "s3cret" not in "".join(format_exception(caught.value))
    assert len(read(tmp_path).values) == 5


def test_a_column_that_is_not_there(tmp_path, visits):
    with pytest.raises(UsageError, match="lacks a column that is mapped"):
        read(tmp_path, IN_DATABASE.replace("column: glu", "column: glucose"))


def test_the_address_is_never_told(tmp_path, monkeypatch):
    for address in (f"postgresql://u:s3cret@/x?host={tmp_path}", "s3cret", "host='s3cret"):
        monkeypatch.setenv("VISITS_URL", address)
        with pytest.raises(UsageError, match="the server that VISITS_URL names cannot be reached") as caught:
            read(tmp_path)
        assert "s3cret" not in "".join(format_exception(caught.value))
    monkeypatch.delenv("VISITS_URL")
    with pytest.raises(UsageError, match="the environment variable VISITS_URL is not set"):
        read(tmp_path)
