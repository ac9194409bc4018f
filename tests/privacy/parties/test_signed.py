"""A signed document reads back as it was, belongs to what it was signed for, and nothing else is one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy import canonical
from privacy.parties.approval import Approval
from privacy.parties.keys import Signer
from privacy.parties.roster import Card
from privacy.parties.signed import Signed, dump, parse, plain, read, sign
from secops.core.errors import UsageError
from tests.privacy.parties.kit import card

KEY = Signer.new()
CARD = card("ann", KEY)


def test_reads_back() -> None:
    again = parse(dump(CARD), Card, "ann.card")
    assert again == CARD
    assert again.is_by(KEY.public_key)
    assert not again.is_by(Signer.new().public_key)
    assert again.digest == canonical.digest(plain(CARD)["body"])


def test_the_digest_is_that_of_the_body_alone() -> None:
    assert sign(CARD.body, Signer.new()).digest == CARD.digest
    assert card("bo", KEY).digest != CARD.digest


def test_a_signature_moved_to_another_document_is_false() -> None:
    other = card("bo", KEY).body
    assert not Signed(other, CARD.key_id, CARD.signature).is_by(KEY.public_key)


def test_a_document_of_another_kind_is_refused() -> None:
    with pytest.raises(UsageError, match=r"citywall-card/1, not citywall-approval/1"):
        parse(dump(CARD), Approval, "ann.card")


def test_the_context_is_signed() -> None:
    class Other(Card, frozen=True):
        CONTEXT = "citywall-other/1"

    other = Other(CARD.body.id, CARD.body.name, CARD.body.public_key, CARD.body.issued)
    assert not Signed(other, CARD.key_id, CARD.signature).is_by(KEY.public_key)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "Ann"), ("id", "../ann"), ("id", "ann\n"), ("id", ""), ("id", "a" * 65), ("name", ""), ("name", 7),
        ("issued", "2026-11-30"), ("issued", "2026-02-30T00:00:00Z"), ("issued", "2026-11-30T12:00:00+00:00"),
        ("issued", "2026-11-30T12:00:00Z\n"), ("public_key", "AAAA"), ("kinds", ["owner"]),
    ],
)  # fmt: skip
def test_every_field_is_checked(field: str, value: object) -> None:
    document = plain(CARD)
    document["body"][field] = value
    with pytest.raises(UsageError, match=r"^ann\.card: is no document"):
        parse(canonical.encode(document), Card, "ann.card")


@pytest.mark.parametrize("change", [lambda raw: raw + b"\n", lambda raw: raw[:-1], lambda raw: b" " + raw])
def test_other_bytes_are_refused(change: Any) -> None:
    with pytest.raises(UsageError):
        parse(change(dump(CARD)), Card, "ann.card")
    pretty = json.dumps(plain(CARD), indent=1).encode()
    with pytest.raises(UsageError):
        parse(pretty, Card, "ann.card")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@settings(max_examples=50)
@given(value=_JSON, key=st.sampled_from([*plain(CARD), "more"]), raw=st.binary(max_size=50))
def test_anything_else_is_a_usage_error(value: object, key: str, raw: bytes) -> None:
    documents = [raw, json.dumps(value).encode(), json.dumps({**plain(CARD), key: value}).encode()]
    for document in documents:
        try:
            signed = parse(document, Card, "x")
        except UsageError:
            continue
        assert signed.is_by(KEY.public_key) == (key == "key_id" or value == CARD.signature)


@given(signature=st.text(max_size=100))
def test_any_text_as_a_signature(signature: str) -> None:
    assert Signed(CARD.body, CARD.key_id, signature).is_by(KEY.public_key) == (signature == CARD.signature)


def test_files(tmp_path: Path) -> None:
    (tmp_path / "ann.card").write_bytes(dump(CARD))
    assert read(tmp_path / "ann.card", Card) == CARD
    (tmp_path / "large").write_bytes(b" " * ((4 << 20) + 1))
    for name, reason in (("no", "cannot be read"), ("large", "larger"), (".", "cannot be read")):
        with pytest.raises(UsageError, match=reason):
            read(tmp_path / name, Card)
