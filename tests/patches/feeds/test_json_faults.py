"""What is wrong with a document in JSON is said, whatever its format; and nothing ends the process."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO

import pytest

from secops.patches.feeds import recognise
from secops.patches.feeds.format import HEAD, FeedError

FAULTS = {
    b'"x": ' + b"[" * 3000 + b"]" * 3000: "is nested too deeply",
    b'"x": 1, "x": 2': "has the key x twice",
    b'"x": NaN': "holds a number that is none",
    b'"x": 1e999': "holds a number that is too large",
    b'"x": ' + b"9" * 5000: "holds a number that is too large",
    b'"x": "\xff"': "is not in UTF-8",
    b"\"x\": 'y'": "is not JSON",
    rb'"x": "\ud800"': "holds half a character",
}
OSV = b'{"id": "A-1", "modified": "2026-01-01T00:00:00Z", "affected": [], %s}'
CSAF = b'{"document": {"csaf_version": "2.0", "tracking": {"id": "x"}, %s}, "vulnerabilities": []}'
KEV = (
    b'{"title": "x", "catalogVersion": "x", "dateReleased": "2026-01-01T00:00:00Z", "count": 1, '
    b'"vulnerabilities": [{"cveID": "CVE-2020-1", "dateAdded": "2026-01-01", %s}]}'
)


def said(raw: bytes) -> str:
    """Why a document is refused; "" when it is not."""
    try:
        list(recognise(raw[:HEAD], "doc").read(BytesIO(raw), "doc"))
    except FeedError as error:
        return error.what
    return ""


@pytest.mark.parametrize("document", [OSV, b"[" + OSV + b"]", CSAF, KEV], ids=["osv", "list", "csaf", "kev"])
@pytest.mark.parametrize("fault", FAULTS, ids=list(FAULTS.values()))
def test_what_is_wrong_is_said(document: bytes, fault: bytes) -> None:
    whole = document in (OSV, CSAF)  # texts that are passed over in pieces are not looked at
    assert said(document.replace(b"%s", fault)) == (FAULTS[fault] if whole or b"ud800" not in fault else "")
    assert said(document.replace(b"%s", b'"x": 1')) == ""


@pytest.mark.parametrize("document", [OSV, b"[" + OSV + b"]", CSAF, KEV], ids=["osv", "list", "csaf", "kev"])
def test_where_a_document_ends_is_said(document: bytes) -> None:
    whole = document.replace(b"%s", b'"x": 1')
    assert said(whole[:-2]) == "is cut off"
    assert said(whole + b" {}") == "goes on after its end"
    assert said(whole + b"\n") == ""


def test_a_number_of_thousands_of_digits_in_a_head_does_not_end_the_process() -> None:
    """In a process of its own: ijson ended it, though not the first time."""
    program = (
        "from secops.patches.feeds.strict_json import top_keys\n"
        "for at in range(200):\n"
        "    top_keys(b'{\"a\": {\"b\": ' + b'9' * (5000 + at) + b'}, \"v\": []}')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_what_is_in_utf_16_is_told_from_what_is_no_feed(encoding: str) -> None:
    table = "\ufeffadvisory,system,release,package,fixed\n"
    raw = table.encode(encoding).removeprefix(b"\xff\xfe" if encoding == "utf-16" else b"")
    with pytest.raises(FeedError) as caught:
        recognise(raw, "doc")
    assert (caught.value.what, caught.value.hint) == ("is in UTF-16", "Save it as UTF-8.")
    with pytest.raises(FeedError, match="is of no format that is known here"):
        recognise(b"\xffadvisory", "doc")
