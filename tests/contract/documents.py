"""What the documents hold: their commands and their examples."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README, CHINESE = ROOT / "README.md", ROOT / "README.zh.md"

#: Pages whose commands stand on each other, each with a test of its own.
WALKS = [ROOT / "docs/walkthrough.md"]

#: The pages that people write; docs/cli.md is generated.
WRITTEN = [
    README,
    CHINESE,
    *sorted(path for path in (ROOT / "docs").glob("*.md") if path.name != "cli.md" and path not in WALKS),
]


@dataclass(frozen=True)
class Command:
    """One command of a document, continued lines joined, without its remark."""

    text: str
    place: str
    remark: str = ""

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text)


def blocks(path: Path, language: str) -> Iterator[tuple[int, str]]:
    """Line number and text of every fenced block of a language."""
    text = path.read_text("utf-8")
    for block in re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield text.count("\n", 0, block.start()) + 2, block[1]


def commands(path: Path) -> list[Command]:
    found = []
    for start, block in blocks(path, "sh"):
        number = start
        for line in block.replace("\\\n", "\0").split("\n"):
            text, _, remark = re.sub(r"^#.*", "", re.sub(r"\0\s*", "", line)).partition(" # ")
            if text.strip():
                found.append(Command(text.strip(), f"{path.relative_to(ROOT)}:{number}", remark))
            number += 1 + line.count("\0")
    return found


def example(document: str, language: str = "yaml", number: int = 0) -> str:
    """A block of a document: the first YAML one, or another by its language and number."""
    return [text for _, text in blocks(ROOT / "docs" / document, language)][number]
