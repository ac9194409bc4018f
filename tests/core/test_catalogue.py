"""The Chinese catalogue is whole, and what is shipped is what is written. `make catalogue` brings it up to date."""

from __future__ import annotations

from pathlib import Path

from babel.messages.mofile import read_mo

from secops.core.render.words import REASONS
from tools.catalogue import MO, SOURCE, extracted, faults, translated


def test_every_string_is_translated_with_its_placeholders() -> None:
    kept = {message.id: message for message in translated()}
    missing = [message.id for message in extracted() if message.id not in kept]
    wrong = [f"{message.id!r}: {fault}" for message in kept.values() if message.id and (fault := faults(message))]
    assert (missing, wrong) == ([], []), "run `make catalogue`, then translate what it names"


def test_no_translation_outlives_its_string() -> None:
    used = {message.id for message in extracted()}
    assert [message.id for message in translated() if message.id not in used] == []


def test_the_compiled_catalogue_says_what_the_written_one_says() -> None:
    with MO.open("rb") as file:
        compiled = read_mo(file)
    # a plural is a list in one and a tuple in the other
    shipped, written = (
        {tuple(message.id): list(message.string or "") for message in catalog if message.id}
        for catalog in (compiled, translated())
    )
    assert shipped == written


def test_every_reason_we_translate_is_one_that_is_given() -> None:
    sources = [path for path in Path(SOURCE).rglob("*.py") if path.name != "words.py"]
    text = "\n".join(path.read_text("utf-8") for path in sources)
    assert [reason for reason in REASONS if reason.partition("{")[0] not in text] == []
