"""The Chinese catalogue is whole, and what is shipped is what is written. `make catalogue` brings it up to date."""

from __future__ import annotations

import ast

from babel.messages.mofile import read_mo

from tools.catalogue import MO, ROOT, extracted, faults, translated


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


def test_no_marked_string_is_out_of_reach_of_the_extraction() -> None:
    """babel does not look inside f-strings."""
    known = {text for message in extracted() for text in ((message.id,) if isinstance(message.id, str) else message.id)}
    missed = []
    for path in sorted([*(ROOT / "secops").rglob("*.py"), *(ROOT / "privacy").rglob("*.py")]):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("_", "N_", "ngettext"):
                texts = [argument.value for argument in node.args[:2] if isinstance(argument, ast.Constant)]
                missed += [f"{path.name}:{node.lineno}: {text!r}" for text in texts if text not in known]
    assert missed == []
