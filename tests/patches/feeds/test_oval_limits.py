"""OVAL: documents that are none, that are hostile, and that are large."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.patches.feeds import oval, oval_document
from secops.patches.feeds.oval import FORMAT
from tests.patches.feeds.oval_kit import Oval, both, defined, either
from tests.patches.feeds.reading import peak, refused, rejects, stands


def test_criteria_that_explode_are_rejects() -> None:
    document = Oval()
    many = either(*(document.earlier(f"p{number}", "1-1") for number in range(50)))
    raw = defined(document, both(document.release("Anolis OS 23"), *[many] * 20))
    assert rejects(FORMAT, raw) == [("doc: def:1", f"its criteria come to more than {oval.MOST_CASES} cases")]
    document = Oval()
    deep = "<criteria>" * 60 + document.earlier("a", "1-1") + "</criteria>" * 60
    assert rejects(FORMAT, defined(document, both(document.release("Anolis OS 23"), deep)))


def valid() -> bytes:
    document = Oval()
    held = document.package("a is signed", "a", "<signature_keyid>1</signature_keyid>")
    names = document.release("Red Hat Enterprise Linux 8", "^8"), document.other("Module a:1 is enabled", "uname")
    return defined(document, both(*names, held, document.earlier("a", "1-1", "<arch>x86_64|i686</arch>")))


BOMB = b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "raw",
    [
        b"", valid()[:-30], b"<oval_definitions/>", b"<a/>", b"<oval_definitions><definitions>",
        valid().replace(b"<oval_def", BOMB + b"<oval_def", 1),
        valid().replace(b"<oval_def", b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><oval_def', 1),
    ],
)  # fmt: skip
def test_what_is_no_oval_is_refused(raw: bytes) -> None:
    assert refused(FORMAT, raw)


def test_a_document_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oval_document, "MOST", 5)
    assert refused(FORMAT, valid()) == "more than 5 definitions, tests, objects and states"
    monkeypatch.setattr(oval_document, "MOST", 500)
    monkeypatch.setattr(oval_document, "MOST_CRITERIA", 3)
    assert refused(FORMAT, valid()) == "more than 3 criteria"


@pytest.mark.parametrize("raw", [b"<cvrfdoc>", b'{"oval_definitions": 1}', b"<oval_definitions_x>"])
def test_other_documents_are_not_recognised(raw: bytes) -> None:
    assert not FORMAT.recognises(raw)


SEED = valid()


@settings(max_examples=300)
@given(st.integers(0, len(SEED)), st.integers(0, 40), st.binary(max_size=6) | st.sampled_from([b"<", b"&amp;", b'"']))
def test_no_document_harms_it(at: int, cut: int, noise: bytes) -> None:
    stands(FORMAT, SEED[:at] + noise + SEED[at + cut :])


_CHILD = """
import sys
from secops.patches.feeds.oval import FORMAT
with open(sys.argv[1], "rb") as stream:
    assert sum(1 for _ in FORMAT.read(stream, "doc")) == 4001
"""


def test_memory_holds_what_is_told_and_no_prose(tmp_path: Path) -> None:
    document = Oval()
    prose = f"<description>{'d' * 40_000}</description>"
    release = document.release("Red Hat Enterprise Linux 9")
    for number in range(400):
        packages = (document.earlier(f"p{number}-{part}", f"0:{number}-{part}.el9") for part in range(10))
        document.define(both(release, either(*packages)), advisory=prose, key=f"def:{number}")
    path = tmp_path / "large.xml"
    path.write_bytes(bytes(document))
    assert path.stat().st_size > 16 << 20
    assert peak(_CHILD, path) < 50 * 1024
