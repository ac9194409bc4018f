"""The wire format: what a host sends is read exactly, and what it damages or forges is never whole."""

from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.core.errors import IncompleteError
from secops.hosts.evidence import Evidence, Status, decode
from secops.hosts.section import Command, Files

NONCE = "0123456789abcdef0123456789abcdef"
FILE = Files("passwd", ("/etc/passwd",), required=True, limit=1000)
DROP_INS = Files("drop_ins", ("/etc/x.d/*",))
OUTPUT = Command("sockets", "true", limit=100)
MANIFEST = (FILE, DROP_INS, OUTPUT)


def frame(section: str, status: str, payload: bytes = b"") -> bytes:
    text = base64.encodebytes(payload).rstrip(b"\n")
    return f"{NONCE} {section} {status} {len(text)}\n".encode() + text + b"\n"


def content(path: str, data: bytes, code: int = 0) -> bytes:
    return path.encode() + b"\0" + data + f"\0{NONCE}:{code}".encode()


HEADER = f"CITYWALL-EVIDENCE 1 {NONCE} 0 base64\n".encode()
PASSWD = frame("passwd", "file", content("/etc/passwd", b"root:x:0:0::/root:/bin/sh\n")) + frame("passwd", "done")
REST = frame("drop_ins", "done") + frame("sockets", "output", content("", b"x\n")) + frame("sockets", "done")
END = frame("end", "done")
WHOLE = HEADER + PASSWD + REST + END


def read(stream: bytes, cut: str = "") -> Evidence:
    return decode(stream, MANIFEST, carrier="local", label="test", cut=cut)


def test_a_whole_stream_is_read() -> None:
    seen = read(WHOLE)
    assert seen.uid == 0
    assert seen["passwd"].only.text == "root:x:0:0::/root:/bin/sh\n"
    assert {name: section.status for name, section in seen.sections.items()} == {
        "passwd": Status.OK, "drop_ins": Status.ABSENT, "sockets": Status.OK,
    }  # fmt: skip
    assert [seen.problem(section) for section in MANIFEST] == [None, None, None]


def test_noise_before_the_header_is_passed_over() -> None:
    assert read(b"Welcome to web1!\n\x1b[1m" + b"\n" + WHOLE)["passwd"].status is Status.OK


def test_no_evidence_at_all_is_an_error_that_shows_the_answer() -> None:
    with pytest.raises(IncompleteError) as error:
        read(b"sh: command not found\n")
    assert "command not found" in error.value.hint


@pytest.mark.parametrize(
    ("frames", "status"),
    [
        (frame("passwd", "file", content("/etc/passwd", b"")) + frame("passwd", "done"), Status.EMPTY),
        (frame("passwd", "denied", b"/etc/passwd\0") + frame("passwd", "done"), Status.DENIED),
        (frame("passwd", "special", b"/etc/passwd\0") + frame("passwd", "done"), Status.FAILED),
        (frame("passwd", "done"), Status.ABSENT),
        (frame("passwd", "file", content("/etc/passwd", b"x", 124)) + frame("passwd", "done"), Status.TIMEOUT),
        (frame("passwd", "file", content("/etc/passwd", b"x", 1)) + frame("passwd", "done"), Status.FAILED),
        (frame("passwd", "file", content("/etc/passwd", b"x" * 1001)) + frame("passwd", "done"), Status.TRUNCATED),
        (frame("passwd", "file", b"/etc/passwd\0cut off") + frame("passwd", "done"), Status.TRUNCATED),
        (frame("passwd", "file", content("/etc/passwd", b"root")), Status.FAILED),  # no `done`
        (frame("passwd", "nonsense", b"?") + frame("passwd", "done"), Status.FAILED),
        (b"", Status.FAILED),
    ],
)
def test_every_way_a_required_section_can_be_lost_is_a_problem(frames: bytes, status: Status) -> None:
    seen = read(HEADER + frames + REST + END)
    assert seen["passwd"].status is status
    assert seen.problem(FILE) is not None
    assert seen.problem(OUTPUT) is None


def test_a_frame_after_done_cannot_change_a_section() -> None:
    late = frame("passwd", "file", content("/etc/passwd", b"evil:x:0:0::/:/bin/sh\n"))
    assert "evil" not in read(HEADER + PASSWD + late + REST + END)["passwd"].only.text


def test_content_that_looks_like_frames_stays_content() -> None:
    forged = PASSWD.replace(NONCE.encode(), b"f" * 32) + WHOLE
    stream = (
        HEADER + frame("passwd", "file", content("/etc/passwd", forged[:900])) + frame("passwd", "done") + REST + END
    )
    assert read(stream)["passwd"].only.data == forged[:900]


def test_only_a_bundle_holds_items_and_sections_with_their_own_word() -> None:
    """They say themselves how whole they are, and are held to no limit: an answer of a host may not."""
    item = frame("passwd", "item", b"/etc/passwd\0ok\0\0" + b"x" * 2000) + frame("passwd", "done")
    word = frame("passwd", "denied", b"/etc/passwd\0") + frame("passwd", "done", b"ok\0")
    image = frame("image", "done")
    for frames in (item, word):
        stream = HEADER + image + frames + REST + END
        assert decode(stream, MANIFEST, carrier="bundle", label="test")["passwd"].status is Status.OK
        for carrier in ("local", "ssh"):
            seen = decode(stream, MANIFEST, carrier=carrier, label="test")
            assert seen.problem(FILE) is not None
            assert seen.carrier == carrier


@given(st.integers(0, len(WHOLE) - 1), st.booleans())
def test_a_stream_cut_anywhere_keeps_what_was_closed_and_nothing_else(at: int, timed_out: bool) -> None:
    try:
        seen = read(WHOLE[:at], cut="time-out after 9 s" if timed_out else "connection lost")
    except IncompleteError:
        assert at < len(HEADER)
        return
    for section, closed in ((FILE, len(HEADER + PASSWD)), (OUTPUT, len(HEADER + PASSWD + REST))):
        assert (seen.problem(section) is None) == (at >= closed)


@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=40))
def test_damage_anywhere_never_raises(at: int, noise: bytes) -> None:
    with suppress(IncompleteError):
        read(WHOLE[:at] + noise + WHOLE[at + len(noise) :])


@given(st.binary(max_size=300))
def test_any_answer_after_a_header_never_raises_and_is_never_whole(answer: bytes) -> None:
    seen = read(HEADER + answer)
    assert seen.problem(FILE) is not None
