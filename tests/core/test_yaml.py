"""Strict YAML: what a scalar looks like is what it is; whatever else is in a file, an error names file and line."""

from __future__ import annotations

import os
import subprocess
import sys
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
        ("true", True), ("null", None), ("~", None), ("-12", -12), ("0.5", 0.5), ('"12"', "12"), ("", None),
        ("!!str 12", "12"), ("! 12", "12"), ("!!int 12", 12), ("!!seq [1]", [1]), ("&x 1", 1), ("<<", "<<"),
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
        *(
            (b"a: 1\nb: " + odd, "tag", 2)
            for odd in (b"!!int 0644", b"!!int ''", b"!!set {x}", b"!!map x", b"!!binary x")
        ),
        (b"a: 1\n? [x]\n: 1\n", "no plain text", 2),
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


def outcome(raw: bytes) -> tuple[object, str]:
    """The document, and where it is wrong."""
    try:
        return yaml.loads(raw, "x.yml"), ""
    except UsageError as error:
        return None, error.where


@given(st.binary(max_size=200) | st.text("[]{}:,-?&*!|>'\"%@`#ab1 \n\t", max_size=200).map(str.encode))
def test_any_content_is_a_plain_document_or_wrong_somewhere(raw: bytes) -> None:
    document, where = outcome(raw)
    assert where.startswith("x.yml") or not where
    assert isinstance(document, dict | list | str | int | float | bool | None)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        yaml.load(tmp_path / "none.yml")


@pytest.mark.parametrize("kind", ["device", "pipe", "folder"])
def test_what_has_no_end_or_no_content_is_not_read(tmp_path: Path, kind: str) -> None:
    """Directly, and through a link: a device would fill the memory, a pipe would wait for ever."""
    place = tmp_path / "place"
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    link = tmp_path / "link.yml"
    link.symlink_to("/dev/zero" if kind == "device" else place)
    for path in (link, Path("/dev/zero") if kind == "device" else place):
        code = f"from pathlib import Path; from secops.core import yaml; yaml.load(Path({str(path)!r}))"
        command = ["sh", "-c", 'ulimit -v 2000000; exec "$@"', "sh", sys.executable, "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        assert f"UsageError: {path}: not a regular file" in done.stderr


def test_a_link_to_a_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a: 1")
    (tmp_path / "b").symlink_to("a")
    assert yaml.load(tmp_path / "b") == {"a": 1}


def test_of_a_large_file_only_the_beginning_is_read(tmp_path: Path) -> None:
    """A sparse terabyte"""
    with open(tmp_path / "large.yml", "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UsageError, match="larger than 1 MiB"):
        yaml.load(tmp_path / "large.yml")
