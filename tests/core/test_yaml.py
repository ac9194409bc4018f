"""Strict YAML: what a scalar looks like is what it is; whatever else is in a file, an error names file and line."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.core import yaml
from secops.core.errors import UsageError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("off", "off"), ("0644", "0644"), ("22:30", "22:30"), ("2026-01-01", "2026-01-01"),
        ("1e3", "1e3"), ("0x1f", "0x1f"), (".5", ".5"), ("=", "="),
        ("true", True), ("null", None), ("~", None), ("-12", -12), ("0.5", 0.5), ('"12"', "12"),
    ],
)  # fmt: skip
def test_plain_scalars(text: str, value: object) -> None:
    loaded = yaml.loads(f"a: {text}\n".encode(), "x.yml")
    assert loaded == {"a": value}
    assert type(loaded["a"]) is type(value)


@pytest.mark.parametrize(
    ("raw", "says", "line"),
    [
        (b"a: 1\nb: 2\na: 3\n", "stands twice", 3),
        (b"a: &x [1]\nb: *x\n", "aliases", 2),
        (b"a: 1\n---\nb: 2\n", "document", 2),
        (b"a: !!python/object:os.system x\n", "tag", 1),
        (b"a: [1, 2\nb: 3\n", "expected", 2),
        (b"a: \x00\n", "is no YAML", 0),
        (b"\xff\xfe\xff", "is no YAML", 0),
        (b"", "is empty", 0),
        (b"# nothing\n", "is empty", 0),
        (b"a: " + b"[" * 33 + b"]" * 33, "nested deeper than 32", 1),
        *((start * 200_000, "nested deeper than 32", 1) for start in (b"[", b"{a: ", b"- ", b"? ")),
        (b"a" * (yaml.MAX_BYTES + 1), "larger than", 0),
    ],
)
def test_what_cannot_be_used_is_an_error_with_its_place(raw: bytes, says: str, line: int) -> None:
    with pytest.raises(UsageError, match=says) as error:
        yaml.loads(raw, "x.yml")
    assert error.value.where == (f"x.yml:{line}" if line else "x.yml")


def test_as_deep_as_allowed() -> None:
    assert yaml.loads(b"[" * 32 + b"]" * 32, "x.yml")


@given(st.binary(max_size=200) | st.text("[]{}:,-?&*!|>'\"%@`#ab1 \n\t", max_size=200).map(str.encode))
def test_no_content_breaks_it(raw: bytes) -> None:
    with suppress(UsageError):
        yaml.loads(raw, "x.yml")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        yaml.load(tmp_path / "none.yml")
