"""Whatever the code says to a user has Chinese: errors where they are raised, reasons where they are shown."""

from __future__ import annotations

import re

from secops.core.i18n import speaking
from secops.core.render.phrases import REASONS
from secops.core.render.reasons import reason
from tests.contract.said import everything

_HAN = re.compile(r"[\u4e00-\u9fff]")

#: Only values filled in, and what no catalogue can hold: that the catalogue itself is gone.
_BARE = ("the catalogue is missing", "Reinstall Citywall.", "citywall: 9", "query: 9", "/etc/shadow: 9", "sha256:9")


def test_every_error_hint_and_reason_has_chinese() -> None:
    said = list(everything())
    assert len(said) > 100
    with speaking("zh"):
        lacking = [
            f"{text.place}: {text.text!r}"
            for text in said
            if re.search(r"[a-z]{3}", re.sub(r"`\S+`", "", text.text))
            and text.text not in _BARE
            and not _HAN.search(reason(text.text))
        ]
    assert lacking == [], "write `_()` around an error; add a reason to secops/core/render/phrases"


def test_every_reason_that_has_chinese_is_given_somewhere() -> None:
    """A phrase whose text nobody gives any more would hide that its successor has no Chinese."""
    import ast

    from tests.contract.said import ROOT

    packages = (ROOT / "secops", ROOT / "privacy")
    kept = {path for package in packages for path in package.rglob("*.py") if path.parent.name != "phrases"}
    texts = []
    for path in kept:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
    texts += [path.read_text("utf-8") for path in (ROOT / "rules").rglob("*.yml")]  # what a rule is not sure of
    everywhere = "\0".join(texts)
    pieces = {phrase: [piece for piece in re.split(r"\{\w+\}", phrase) if piece.strip(" :(),")] for phrase in REASONS}
    assert [phrase for phrase, parts in pieces.items() if not all(part in everywhere for part in parts)] == []
